"""What a page costs to parse, told from its bytes in linear time, before any parser sees them.

An HTML parser searches all open elements at each new one, all attributes of an element at each
new one, and repeats every unclosed formatting element in each new block: all quadratic, so a page
of some kilobytes can take minutes or gigabytes. Tags are counted as the parser counts them (HTML
Standard, section 13.2.5): what stands in comments, attributes, scripts and text areas opens and
closes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

MAX_BYTES = 20_000_000
"""Longer bodies are not read."""

_FEW_TAGS = 500
_FEW_ATTRIBUTES = 12_000
_SMALL = 1_500_000
# Below these limits a page takes less than 30 MB and a tenth of a second.
_CHEAP_TAGS = 5_000
_CHEAP_COPIES = 100_000

_MAX_CHEAP_TAGS = 2_000  # so few are cheap in any arrangement
_MAX_DEPTH = 5_000
_MAX_COPIES = 2_000_000
_FILES = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MAX_PREAMBLE = 64


_TEXT_ELEMENTS = ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"]


@cache
def _markup_pattern() -> re.Pattern[str]:
    value = r"""=\s*(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?"""
    attributes = rf"(?:[^>=]++|{value})*+"
    texts = "|".join(
        rf"{name}(?=[\s/>]){attributes}(?:>.*?(?:</{name}|\Z))?" for name in _TEXT_ELEMENTS
    )
    return re.compile(
        rf"<(?:!--(?:-?>|.*?(?:--!?>|\Z))|{texts}|(/?[a-z][^\s/>]*){attributes})",
        # ASCII: ſ is no s in a name of HTML.
        re.DOTALL | re.IGNORECASE | re.ASCII,
    )


_NEVER_OPEN_NAMES = """
area base br col embed hr img input link meta source track wbr p li dt dd option tr td th
tbody thead tfoot
"""
_FORMATTING_NAMES = "a b big code em font i nobr s small strike strong tt u"
_NEVER_OPEN = frozenset(_NEVER_OPEN_NAMES.split())
_FORMATTING = frozenset(_FORMATTING_NAMES.split())
_FORMATTING_TAGS = _FORMATTING | {f"/{name}" for name in _FORMATTING}


@dataclass(frozen=True, slots=True)
class MarkupCost:
    """What decides the cost of parsing a page.

    ``tags`` counts all elements, ``depth`` the most that are open at once; ``formatting`` the most
    formatting elements that are; each of them may be repeated in each block of ``blocks``.
    """

    tags: int
    depth: int
    formatting: int
    blocks: int


def markup_cost(markup: str) -> MarkupCost:
    """Count the elements of a page as a parser opens and closes them."""
    still_open: dict[str, int] = {}
    tags = depth = deepest = formatting = most_formatting = blocks = 0
    for written in _written_tags(markup):
        closes = written[0] == "/"
        name = written[closes:].lower()
        tags += not closes
        if name in _NEVER_OPEN:
            blocks += 1
            continue
        opened = still_open.get(name, 0)
        if closes and not opened:
            continue
        step = -1 if closes else 1
        still_open[name] = opened + step
        depth += step
        if name in _FORMATTING:
            formatting += step
            most_formatting = max(most_formatting, formatting)
        else:
            blocks += 1
        deepest = max(deepest, depth)
    return MarkupCost(tags, deepest, most_formatting, blocks)


def _written_tags(markup: str) -> list[str]:
    """The names of the tags as a page writes them, those of end tags with their slash."""
    # Of a comment, or an element whose content is text, none is found.
    return [written for written in _markup_pattern().findall(markup) if written]


def _may_copy_much(markup: str) -> bool:
    """Whether formatting elements may be repeated more often than is cheap.

    Only they are looked at closely: every other tag counts as a block, whether it opens one or not.
    """
    written = _written_tags(markup)
    still_open: dict[str, int] = {}
    formatting = most = 0
    for tag in filter(_FORMATTING_TAGS.__contains__, map(str.lower, written)):
        if tag[0] != "/":
            still_open[tag] = still_open.get(tag, 0) + 1
            formatting += 1
            most = max(most, formatting)
        elif still_open.get(tag[1:]):
            still_open[tag[1:]] -= 1
            formatting -= 1
    return most * len(written) > _CHEAP_COPIES


def too_expensive(markup: str) -> str:
    """Why parsing this markup would be too expensive, or an empty string if it would not."""
    if markup.count("<") - markup.count("</") <= _MAX_CHEAP_TAGS:
        return ""
    cost = markup_cost(markup)
    if cost.depth > _MAX_DEPTH:
        return f"{cost.depth} elements are nested in one another"
    if cost.formatting * cost.blocks > _MAX_COPIES and cost.formatting > 200:
        return f"{cost.formatting} formatting elements are left open"
    return ""


def needs_process(body: bytes) -> bool:
    """Whether bytes are to be parsed in a process of their own, with limits.

    Files of other programs always; pages that are larger than an ordinary one, or whose elements
    are so many or so arranged that they could cost memory or time.
    """
    if any(mark in body[:_MAX_PREAMBLE] for mark in _FILES):
        return True
    if len(body) > _SMALL or body.count(b"=") > _FEW_ATTRIBUTES:
        return True
    tags = body.count(b"<") - body.count(b"</")
    if tags <= _FEW_TAGS:
        return False
    # Two bytes a character or one: the tags are the same without the zeros.
    markup = body.replace(b"\x00", b"").decode("latin-1")
    if tags <= _CHEAP_TAGS and not _may_copy_much(markup):
        return False
    cost = markup_cost(markup)
    return cost.tags > _CHEAP_TAGS or cost.formatting * cost.blocks > _CHEAP_COPIES

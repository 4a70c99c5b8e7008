"""Converts a tree of elements to lines of text, one line a paragraph; limits the cost of parsing.

An HTML parser searches all open elements at each new one and repeats every unclosed formatting
element in each new block. Both are quadratic: a few hundred kilobytes can take gigabytes of
memory. So tags are counted in linear time before any parsing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from selectolax.lexbor import LexborNode

MAX_BYTES = 20_000_000
"""Longer bodies are not read."""

LABEL_GAP = r"\s{0,80}(?:<[^<>]{0,200}>\s{0,80}){0,4}"
"""Regex of the tags between a label (来源：) and its value; every repetition is bounded."""

_MAX_CHEAP_TAGS = 2_000  # so few are cheap in any arrangement
_MAX_DEPTH = 5_000
_MAX_COPIES = 2_000_000


@cache
def _tag_pattern() -> re.Pattern[str]:
    return re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")


_NEVER_OPEN_NAMES = """
area base br col embed hr img input link meta source track wbr p li dt dd option tr td th
tbody thead tfoot
"""
_FORMATTING_NAMES = "a b big code em font i nobr s small strike strong tt u"
_NEVER_OPEN = frozenset(_NEVER_OPEN_NAMES.split())
_FORMATTING = frozenset(_FORMATTING_NAMES.split())


def too_expensive(markup: str) -> str:
    """Why parsing this markup would be too expensive, or an empty string if it would not."""
    if markup.count("<") - markup.count("</") <= _MAX_CHEAP_TAGS:
        return ""
    still_open: Counter[str] = Counter()
    depth = deepest = formatting = most_formatting = blocks = 0
    for match in _tag_pattern().finditer(markup):
        name = match.group(2).lower()
        if name in _NEVER_OPEN:
            blocks += 1
            continue
        step = 1
        if match.group(1):
            if not still_open[name]:
                continue
            step = -1
        still_open[name] += step
        depth += step
        if name in _FORMATTING:
            formatting += step
            most_formatting = max(most_formatting, formatting)
        else:
            blocks += 1
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        return f"{deepest} elements are nested in one another"
    if most_formatting * blocks > _MAX_COPIES and most_formatting > 200:
        return f"{most_formatting} formatting elements are left open"
    return ""


_BLOCK_NAMES = """
address article aside blockquote body br center dd details dialog div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hr li main menu nav ol p pre section summary table
tbody tfoot thead tr ul caption founder-content ucapcontent
"""
_INVISIBLE_NAMES = """
script style noscript template iframe object embed svg math canvas audio video select option
textarea button head title meta link map
"""
_BLOCK_ELEMENTS = frozenset(_BLOCK_NAMES.split())
_CELLS = frozenset({"td", "th"})
INVISIBLE_ELEMENTS = frozenset(_INVISIBLE_NAMES.split())
"""Elements whose text a reader of the page does not see."""


@cache
def _hidden_style_pattern() -> re.Pattern[str]:
    return re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


@cache
def _space_pattern() -> re.Pattern[str]:
    # Every space except the ideographic one.
    return re.compile(r"[^\S\u3000]+")


@cache
def _invisible_character_pattern() -> re.Pattern[str]:
    return re.compile(
        "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
    )


@cache
def _cms_mark_pattern() -> re.Pattern[str]:
    return re.compile(r"<\$\[[^\]<>]{0,40}\]>(?:begin|end)")


_CHINESE = r"\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”‘’—…"


@cache
def _wrapped_line_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<=[{_CHINESE}])[ \t]*[\r\n][ \t\r\n]*(?=[{_CHINESE}])")


def walk(top: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below ``top`` in document order, without recursion: first False, at its end True.

    Nodes below an invisible element are skipped.
    """
    node = top.first_child
    while node is not None:
        yield node, False
        below = node.first_child if node.is_element_node and not is_invisible(node) else None
        if below is not None:
            node = below
            continue
        yield node, True
        while node is not None and node.next is None:
            node = node.parent
            if node is None or node.mem_id == top.mem_id:
                return
            yield node, True
        node = node.next if node is not None else None


def is_invisible(node: LexborNode) -> bool:
    """Whether a reader of the page does not see the text of the element."""
    if node.tag in INVISIBLE_ELEMENTS:
        return True
    style = node.attrs.get("style")
    return bool(style) and _hidden_style_pattern().search(str(style)[:500]) is not None


def lines_of(top: LexborNode) -> list[str]:
    """The lines of text below ``top``, stripped, without empty ones.

    Spaces collapse as in a browser; a line break of the source between two Chinese characters
    leaves no space. Ideographic spaces are kept within a line and stripped at its ends.
    """
    lines: list[str] = []
    parts: list[str] = []
    preformatted = int(top.tag == "pre")  # open elements whose line breaks count

    def flush() -> None:
        if parts:
            line = clean_line("".join(parts))
            if line:
                lines.append(line)
            parts.clear()

    for node, left in walk(top):
        if node.is_text_node:
            text = "" if left else node.text_content or ""
            if preformatted and "\n" in text:
                first, *others = text.split("\n")
                parts.append(first)
                for other in others:
                    flush()
                    parts.append(other)
            else:
                parts.append(text)
        elif node.tag in _BLOCK_ELEMENTS:
            flush()
            preformatted += (node.tag == "pre") * (-1 if left else 1)
        elif left and node.tag in _CELLS:
            parts.append(" ")
    flush()
    return lines


def clean_line(text: str) -> str:
    """One line without invisible characters, with single spaces, stripped."""
    text = _cms_mark_pattern().sub("", _invisible_character_pattern().sub("", text))
    return _space_pattern().sub(" ", _wrapped_line_pattern().sub("", text)).strip()

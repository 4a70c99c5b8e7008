"""XML from strangers: read from its root element on, so that no DTD and no entity reaches us.

What stands before the root (declaration, comments, a DTD with its entities) is cut off before
the parser sees anything. There is then nothing to expand and nothing to load: the bombs and the
outside files that XML is known for are words without a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import httpx

from monitor.urls import resolve

if TYPE_CHECKING:
    from lxml import etree

_MAX_DEPTH = 60
_MAX_ELEMENTS = 1_000_000
_MAX_PROLOGUE = 20_000
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,30}:)?(rss|feed|RDF|urlset|sitemapindex)(?=[\s>/])")
# A bare ampersand, or a name that only HTML knows, would end the text it stands in.
_STRAY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")
_BASE = "{http://www.w3.org/XML/1998/namespace}base"


@dataclass(frozen=True, slots=True)
class Part:
    """One element that was asked for, whole: its name without namespace, and what it holds.

    ``base`` is the address its references are relative to. ``fields`` are its children and
    theirs in order: name, attributes and text of each.
    """

    name: str
    base: str
    fields: tuple[tuple[str, dict[str, str], str], ...]

    def text(self, *names: str) -> str:
        """The text of the first field of one of these names that has any, names in order."""
        for wanted in names:
            for name, _, content in self.fields:
                if name == wanted and content:
                    return content
        return ""


def root_name(markup: str) -> str | None:
    """The name of a feed's or a sitemap's root element, or None if it is something else."""
    place = _root_place(markup)
    return None if place is None else place[1]


def parts(markup: str, base: str, names: Collection[str]) -> Iterator[Part]:
    """The elements of those names, in order; a broken document gives what came before the break.

    Args:
        markup: the document, decoded.
        base: its address, over which an ``xml:base`` to the same host goes.
        names: of elements, without namespace.
    """
    place = _root_place(markup)
    if place is None:
        return
    source = BytesIO(_STRAY.sub("&amp;", markup[place[0] :]).encode("utf-8", "replace"))
    # Several megabytes that most lists never need.
    from lxml import etree

    events = etree.iterparse(
        source,
        events=("start", "end"),
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        yield from _walk(events, base, names)
    except etree.XMLSyntaxError:
        return


def _walk(
    events: Iterator[tuple[str, etree._Element]], base: str, names: Collection[str]
) -> Iterator[Part]:
    bases = [base]
    inside = 0
    for count, (event, element) in enumerate(events):
        if count > _MAX_ELEMENTS or len(bases) > _MAX_DEPTH:
            return
        name = _name(element)
        if event == "start":
            bases.append(_based(bases[-1], element.get(_BASE)))
            inside += name in names
            continue
        here = bases.pop()
        if name in names:
            inside -= 1
            if not inside:
                yield Part(name, here, tuple(_fields(element)))
        if not inside:
            # What was read is let go, or a long document would stand in memory twice.
            element.clear(keep_tail=False)
            above = element.getparent()
            while above is not None and element.getprevious() is not None:
                del above[0]


def _fields(element: etree._Element) -> Iterator[tuple[str, dict[str, str], str]]:
    for child in element.iterdescendants():
        if isinstance(child.tag, str):
            attributes = {str(name): str(value) for name, value in child.attrib.items()}
            yield _name(child), attributes, (child.text or "").strip()


def _name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def _based(base: str, told: str | None) -> str:
    """The base an element sets, if it stays on the host; one to elsewhere is not followed."""
    found = resolve(base, told) if told else None
    return found if found and httpx.URL(found).host == httpx.URL(base).host else base


def _root_place(markup: str) -> tuple[int, str] | None:
    """Where the root element begins, and its name: nothing but a prologue may stand before it."""
    at, end = 0, min(len(markup), _MAX_PROLOGUE)
    while at < end:
        if markup[at] in "\ufeff \t\r\n\x00":
            at += 1
            continue
        for begin, close in (("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", None)):
            if markup.startswith(begin, at):
                after = _doctype_end(markup, at) if close is None else markup.find(close, at)
                if after < 0:
                    return None
                at = after + len(close or ">")
                break
        else:
            found = _ROOT.match(markup, at)
            return None if found is None else (at, found.group(1))
    return None


def _doctype_end(markup: str, at: int) -> int:
    """Where the doctype ends, its own declarations included."""
    subset = markup.find("[", at, at + _MAX_PROLOGUE)
    close = markup.find(">", at)
    if 0 <= subset < close:
        inner = re.compile(r"\]\s*>").search(markup, subset, subset + _MAX_PROLOGUE)
        return -1 if inner is None else inner.end() - 1
    return close

"""The links of feeds (RSS 0.9 to 2.0, RDF and Atom), of sitemaps and of sitemap indexes.

The XML is untrusted and parsed from its root element on. Everything before the root (declaration,
comments, DTD) is removed before parsing, so there is nothing to expand and nothing to load: entity
bombs and external entities have no effect.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import httpx

from monitor.urls import resolve_url

if TYPE_CHECKING:
    from lxml import etree
import html
from datetime import date
from itertools import islice

from monitor.discovery.html_links import ListLink
from monitor.documents.dates import day_in_china
from monitor.documents.html_text import clean_line

_MAX_DEPTH = 60
_MAX_ELEMENTS = 1_000_000
_MAX_PROLOGUE = 20_000


@cache
def _root_element_pattern() -> re.Pattern[str]:
    return re.compile(r"<(?:[A-Za-z_][\w.-]{0,30}:)?(rss|feed|RDF|urlset|sitemapindex)(?=[\s>/])")


@cache
def _stray_ampersand_pattern() -> re.Pattern[str]:
    # A bare ampersand or an entity of HTML would end the text of its element.
    return re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")


_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"


@dataclass(frozen=True, slots=True)
class XmlElement:
    """A complete element: its name without namespace, and its descendants.

    ``base`` is the URL that its references are relative to. ``fields`` are its descendants in
    order: name, attributes and text of each.
    """

    name: str
    base: str
    fields: tuple[tuple[str, dict[str, str], str], ...]

    def text(self, *names: str) -> str:
        """The first text of a field of these names; the order of the names decides."""
        for wanted in names:
            for name, _, content in self.fields:
                if name == wanted and content:
                    return content
        return ""


def root_name(markup: str) -> str | None:
    """The name of the root element of a feed or sitemap, or None if it is neither."""
    place = _find_root(markup)
    return None if place is None else place[1]


def iter_elements(markup: str, base: str, names: Collection[str]) -> Iterator[XmlElement]:
    """The elements of these names in order; of a broken document, those before the error.

    Args:
        markup: the document, decoded.
        base: its URL; an ``xml:base`` on the same host takes precedence.
        names: of elements, without namespace.
    """
    place = _find_root(markup)
    if place is None:
        return
    source = BytesIO(
        _stray_ampersand_pattern().sub("&amp;", markup[place[0] :]).encode("utf-8", "replace")
    )
    # lxml takes several megabytes and few lists need it.
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
) -> Iterator[XmlElement]:
    bases = [base]
    inside = 0
    for count, (event, element) in enumerate(events):
        if count > _MAX_ELEMENTS or len(bases) > _MAX_DEPTH:
            return
        name = _name(element)
        if event == "start":
            bases.append(_element_base(bases[-1], element.get(_XML_BASE)))
            inside += name in names
            continue
        element_base = bases.pop()
        if name in names:
            inside -= 1
            if not inside:
                yield XmlElement(name, element_base, tuple(_fields(element)))
        if not inside:
            # Processed elements are freed; otherwise a long document would be in memory twice.
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


def _element_base(base: str, declared: str | None) -> str:
    """The ``xml:base`` of an element if it is on the same host, else the inherited base."""
    found = resolve_url(base, declared) if declared else None
    return found if found and httpx.URL(found).host == httpx.URL(base).host else base


def _find_root(markup: str) -> tuple[int, str] | None:
    """The position and name of the root element; only a prologue may precede it."""
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
            found = _root_element_pattern().match(markup, at)
            return None if found is None else (at, found.group(1))
    return None


def _doctype_end(markup: str, at: int) -> int:
    """The position of the end of the doctype, including its internal subset."""
    subset = markup.find("[", at, at + _MAX_PROLOGUE)
    close = markup.find(">", at)
    if 0 <= subset < close:
        inner = re.compile(r"\]\s*>").search(markup, subset, subset + _MAX_PROLOGUE)
        return -1 if inner is None else inner.end() - 1
    return close


FEED_ROOTS = frozenset({"rss", "feed", "RDF"})
"""Root elements of feeds."""

_MAX_ITEMS = 10_000
_MAX_TITLE = 300


@cache
def _tag_pattern() -> re.Pattern[str]:
    return re.compile(r"<[^<>]{0,500}>")


_DATE_FIELDS = ("pubDate", "published", "issued", "date", "created", "updated", "modified")


def feed_links(markup: str, base: str) -> Iterator[ListLink]:
    """The items of a feed in its order, without those that have no usable link."""
    for item in islice(iter_elements(markup, base, {"item", "entry"}), _MAX_ITEMS):
        url = resolve_url(item.base, _link(item))
        if url is not None:
            yield ListLink(url, _title(item), day_in_china(item.text(*_DATE_FIELDS)))


def _link(item: XmlElement) -> str:
    """The link of an item: ``href`` in Atom, text in RSS, or only the guid in some RSS."""
    written = item.text("link")
    if written:
        return written.replace("&amp;", "&")
    for name, attributes, _ in item.fields:
        if name == "link" and attributes.get("href") and _is_alternate(attributes):
            return attributes["href"]
    for name, attributes, content in item.fields:
        if name == "guid" and attributes.get("isPermaLink", "true").lower() == "true":
            return content if content.startswith(("http://", "https://")) else ""
    return ""


def _is_alternate(attributes: dict[str, str]) -> bool:
    return attributes.get("rel", "alternate") == "alternate"


def _title(item: XmlElement) -> str:
    """The title as a line of text; some feeds escape tags and references twice."""
    written = item.text("title")[: _MAX_TITLE * 4]
    return clean_line(html.unescape(_tag_pattern().sub("", html.unescape(written))))[:_MAX_TITLE]


def plain_sitemap(markup: str) -> list[ListLink]:
    """The links of a sitemap in plain text, one URL a line; none if it holds anything else."""
    lines = markup.lstrip("\ufeff").split()
    if not lines or not all(line.startswith(("http://", "https://")) for line in lines):
        return []
    urls = (resolve_url(line, line) for line in lines[:_MAX_URLS])
    return [ListLink(url, "", None) for url in urls if url is not None]


SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
"""Root elements of sitemaps."""

_MAX_URLS = 50_000  # the limit of the protocol for one file
_MAX_SITEMAPS = 1_000


def sitemap_links(markup: str, base: str) -> list[ListLink]:
    """The links of a sitemap, the latest change first.

    A plain sitemap has neither an order nor titles; a news sitemap has titles and dates.
    """
    rows = []
    for entry in islice(iter_elements(markup, base, {"url"}), _MAX_URLS):
        url = resolve_url(entry.base, entry.text("loc"))
        if url is not None:
            published = day_in_china(entry.text("publication_date"))
            title = clean_line(entry.text("title"))[:300]
            rows.append(ListLink(url, title, published, day_in_china(entry.text("lastmod"))))
    return sorted(
        rows, key=lambda row: row.published or row.last_modified or date.min, reverse=True
    )


def indexed_sitemaps(markup: str, base: str) -> tuple[tuple[str, ...], bool]:
    """The sitemaps of an index, the latest change first, and whether all of them have dates.

    One without a date counts as new.
    """
    found: dict[str, date | None] = {}
    for entry in islice(iter_elements(markup, base, {"sitemap"}), _MAX_SITEMAPS):
        url = resolve_url(entry.base, entry.text("loc"))
        if url is not None:
            found.setdefault(url, day_in_china(entry.text("lastmod")))
    newest = sorted(found, key=lambda url: found[url] or date.max, reverse=True)
    return tuple(newest), all(found.values())

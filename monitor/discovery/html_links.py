"""List pages to rows: what a link is called, where it leads, which day stands beside it.

Portals hide links from a plain reader in two ways, both met here: 大汉 JCMS keeps the rows of a
list as CDATA in a script, and some TRS sites put the address into ``onclick``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.documents.dates import find_date
from monitor.documents.html_text import clean
from monitor.documents.markup_limits import too_dear
from monitor.urls import resolve

_MAX_LINKS = 50_000
_UP = 5
_ROW_TEXT = 400
_MAX_TITLE = 300
_MAX_REFERENCE = 3_000
_MAX_TEXT = 20_000_000

_DATASTORE = re.compile(r"<datastore\b", re.IGNORECASE)
_RECORD = re.compile(r"<record>\s*<!\[CDATA\[(.*?)\]\]>", re.DOTALL | re.IGNORECASE)
_NEXT_GROUP = re.compile(r"<nextgroup>\s*<!\[CDATA\[(.*?)\]\]>", re.DOTALL | re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']([^"'<>\s]{1,1000})["']""", re.IGNORECASE)
_QUOTED = re.compile(r"""['"]([^'"\s<>]{1,1000}\.(?:s?html?|jsp|pdf)(?:\?[^'"\s<>]{0,500})?)['"]""")
_NO_ADDRESS = re.compile(r"^\s*(?:javascript:|#|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A link as the list shows it; ``url`` is absolute.

    ``changed`` is the day a sitemap gives its page: of its last change, which may be any.
    """

    url: str
    title: str
    listed: date | None
    changed: date | None = None


def rows_of(markup: str, base: str) -> Iterator[Row]:
    """All links of a list page, in its order: those of its scripts' records first."""
    if too_dear(markup):
        return
    records = _records(markup)
    if records:
        # One parse for all records: each is a few hundred bytes.
        yield from _links(LexborHTMLParser(f"<ul>{''.join(records)}</ul>"), base)
        if _DATASTORE.match(markup.lstrip()[:200]):
            return
    tree = LexborHTMLParser(markup)
    yield from _links(tree, _base(tree, base))


def next_groups(markup: str, base: str) -> tuple[str, ...]:
    """Where a JCMS list says that its further rows come from."""
    found = (_HREF.search(group) for group in _NEXT_GROUP.findall(markup))
    addresses = (resolve(base, match.group(1).replace("&amp;", "&")) for match in found if match)
    return tuple(dict.fromkeys(address for address in addresses if address))


def _records(markup: str) -> list[str]:
    if not _DATASTORE.search(markup):
        return []
    return [match.group(1) for match in _RECORD.finditer(markup)][:_MAX_LINKS]


def _base(tree: LexborHTMLParser, address: str) -> str:
    """The page's ``<base>`` if it stays on the page's host; a base to elsewhere is not followed."""
    node = tree.css_first("base[href]")
    told = resolve(address, node.attributes.get("href") or "") if node is not None else None
    if told is not None and httpx.URL(told).host == httpx.URL(address).host:
        return told
    return address


def _links(tree: LexborHTMLParser, base: str) -> Iterator[Row]:
    nodes: list[tuple[LexborNode, str]] = []
    resolved: dict[str, str | None] = {}
    for node in tree.css("a, area, [onclick]")[:_MAX_LINKS]:
        reference = _reference(node)
        if reference not in resolved:
            resolved[reference] = resolve(base, reference)
        address = resolved[reference]
        if address is not None:
            nodes.append((node, address))
    # An element belongs to one link's row as long as it holds no other address.
    first: dict[int, str] = {}
    crowded: set[int] = set()
    for node, address in nodes:
        for above in _ancestors(node):
            if first.setdefault(above.mem_id, address) != address:
                crowded.add(above.mem_id)
    beside: dict[int, str] = {}
    spent = 0
    for node, address in nodes:
        row = node
        for above in _ancestors(node):
            if above.mem_id in crowded or above.tag in {"body", "html"}:
                break
            row = above
        shown = node.text(deep=True)
        if row.mem_id not in beside:
            beside[row.mem_id] = clean(row.text(deep=True, separator=" ")[: _ROW_TEXT * 4])
        # Elements that hold one another would have their text copied again and again.
        spent += len(shown)
        if spent > _MAX_TEXT:
            return
        yield Row(address, _title(node, shown), _day(shown, beside[row.mem_id]))


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    for _ in range(_UP):
        if above is None:
            return
        yield above
        above = above.parent


def _reference(node: LexborNode) -> str:
    """What the element leads to, as written; empty if it leads nowhere."""
    attributes = node.attributes
    href = attributes.get("href") or ""
    if not _NO_ADDRESS.match(href):
        return href[:_MAX_REFERENCE]
    for script in (attributes.get("onclick") or "", href):
        match = _QUOTED.search(script[:_MAX_REFERENCE])
        if match is not None:
            return match.group(1)
    return ""


def _title(node: LexborNode, text: str) -> str:
    """The link's text, or its ``title`` where the text is cut short or missing."""
    shown = clean(text[: _MAX_TITLE * 4])[:_MAX_TITLE]
    whole = clean((node.attributes.get("title") or "")[: _MAX_TITLE * 4])[:_MAX_TITLE]
    stem = shown.rstrip(".…· ")
    cut = shown != stem and shown.endswith(("…", ".."))
    if whole and (not shown or cut or (len(whole) > len(shown) and whole.startswith(stem))):
        return whole
    return shown


def _day(shown: str, beside: str) -> date | None:
    """The day beside a link: in its row, but not in its title, which may speak of another day."""
    title = clean(shown[: _ROW_TEXT * 4])
    if title and title in beside:
        beside = beside.replace(title, " ", 1)
    return find_date(beside[:_ROW_TEXT])

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

from monitor.crawl.address import resolve
from monitor.documents import clean, find_date, too_dear

_MAX_LINKS = 50_000
_UP = 5
_ROW_TEXT = 400
_MAX_TITLE = 300

_DATASTORE = re.compile(r"<datastore\b", re.IGNORECASE)
_RECORD = re.compile(r"<record>\s*<!\[CDATA\[(.*?)\]\]>", re.DOTALL | re.IGNORECASE)
_NEXT_GROUP = re.compile(r"<nextgroup>\s*<!\[CDATA\[(.*?)\]\]>", re.DOTALL | re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']([^"'<>\s]{1,1000})["']""", re.IGNORECASE)
_QUOTED = re.compile(r"""['"]([^'"\s<>]{1,1000}\.(?:s?html?|jsp|pdf)(?:\?[^'"\s<>]{0,500})?)['"]""")
_NO_ADDRESS = re.compile(r"^\s*(?:javascript:|#|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A link as the list shows it; ``url`` is absolute."""

    url: str
    title: str
    listed: date | None


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
    for node in tree.css("a, area, [onclick]")[:_MAX_LINKS]:
        address = _address(node, base)
        if address is not None:
            nodes.append((node, address))
    # An element belongs to one link's row as long as it holds no other address.
    first: dict[int, str] = {}
    crowded: set[int] = set()
    for node, address in nodes:
        for above in _ancestors(node):
            if first.setdefault(above.mem_id, address) != address:
                crowded.add(above.mem_id)
    for node, address in nodes:
        row = node
        for above in _ancestors(node):
            if above.mem_id in crowded or above.tag in {"body", "html"}:
                break
            row = above
        yield Row(address, _title(node), _day(node, row))


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    for _ in range(_UP):
        if above is None:
            return
        yield above
        above = above.parent


def _address(node: LexborNode, base: str) -> str | None:
    attributes = node.attributes
    href = attributes.get("href") or ""
    if not _NO_ADDRESS.match(href):
        return resolve(base, href)
    for script in (attributes.get("onclick") or "", href):
        match = _QUOTED.search(script[:3_000])
        if match is not None:
            return resolve(base, match.group(1))
    return None


def _title(node: LexborNode) -> str:
    """The link's text, or its ``title`` where the text is cut short or missing."""
    shown = clean(node.text(deep=True))[:_MAX_TITLE]
    whole = clean(node.attributes.get("title") or "")[:_MAX_TITLE]
    stem = shown.rstrip(".…· ")
    cut = shown != stem and (shown.endswith(("…", "..")))
    if whole and (not shown or cut or (len(whole) > len(shown) and whole.startswith(stem))):
        return whole
    return shown


def _day(node: LexborNode, row: LexborNode) -> date | None:
    """The day beside a link: in its row, but not in its title, which may speak of another day."""
    beside = row.text(deep=True, separator=" ")[: _ROW_TEXT * 4]
    title = node.text(deep=True)
    text = clean(beside)
    shown = clean(title)
    if shown and shown in text:
        text = text.replace(shown, " ", 1)
    return find_date(text[:_ROW_TEXT])

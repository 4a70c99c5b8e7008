"""A list page to the articles it names, and to the further pages of the list. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx

from monitor.catalogue import Source
from monitor.crawl.address import canonical, resolve, same_site
from monitor.crawl.jsonlist import json_rows, looks_like_json
from monitor.crawl.rows import Row, next_groups, rows_of
from monitor.documents import date_in_address, decode
from monitor.model import Fetched, Link

_PAGE_COUNT = re.compile(r"createPageHTML\s*\(\s*(\d{1,5})")
_ISSUE_PAGE = re.compile(r"/\d{6}/\d{2}/node_\d+\.html?$")
_PROXY_PAGE = re.compile(r"([?&]page=)\d+")
# Without a pattern, what is plainly a way to other pages is no article.
_DOOR = re.compile(r"(?:/|/(?:index|default|list)(?:_\d+)?\.\w+|\.(?:css|js|jpe?g|png|gif|ico))$")
_MAX_FURTHER = 100


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a list page led to: articles in its order, and list pages to fetch next.

    ``seen`` is how many links the page has at all, ``alike`` how many addresses among them are
    like an article's, whatever their titles: many seen and none alike means that the page or the
    pattern has changed, none seen that there is no list.
    """

    links: tuple[Link, ...] = ()
    further: tuple[str, ...] = ()
    seen: int = 0
    alike: int = 0


def discover(source: Source, fetched: Fetched) -> Discovery:
    """Find the articles on a fetched list page, issue index, page of an issue or JSON list.

    A link passes if its address has the source's link pattern and its title the title pattern
    (each if there is one) and not the pattern of titles to skip, and if it stays on the list's
    host, goes to one of the source's hosts, or the link pattern itself spells out a host.
    Addresses are brought to one form and named once; at most ``max_links`` pass.
    """
    markup, _ = decode(fetched.body, fetched.content_type, source.encoding)
    base = fetched.final_url
    is_json = looks_like_json(markup)
    rows = list(json_rows(markup, base) if is_json else rows_of(markup, base))
    alike = _alike(source, rows, base)
    links = tuple(link for link in alike if _is_wanted(source, link.title))[: source.max_links]
    further = () if is_json else tuple(_further(source, fetched, markup, rows))
    return Discovery(links, tuple(dict.fromkeys(further))[:_MAX_FURTHER], len(rows), len(alike))


def _alike(source: Source, rows: Iterable[Row], base: str) -> list[Link]:
    """The links whose addresses are like an article's, each once."""
    here = canonical(base)
    found: dict[str, Link] = {}
    judged: dict[str, str | None] = {}
    for row in rows:
        if row.url not in judged:
            one = canonical(row.url)
            judged[row.url] = one if one != here and _passes(source, one, base) else None
        url = judged[row.url]
        if url is None:
            continue
        before = found.get(url)
        if before is None:
            found[url] = Link(url, row.title, row.listed or date_in_address(url))
        elif not before.title and row.title:
            # A picture and a headline lead to one article; the picture has no words.
            found[url] = Link(url, row.title, before.published or row.listed)
    return list(found.values())


def _is_wanted(source: Source, title: str) -> bool:
    if source.title_pattern is not None and not source.title_pattern.search(title):
        return False
    return source.title_skip is None or not source.title_skip.search(title)


def _passes(source: Source, url: str, base: str) -> bool:
    host = httpx.URL(url).host
    pattern = source.link_pattern
    spelled_out = pattern is not None and "://" in pattern.pattern
    at_home = same_site(host, httpx.URL(base).host) or host in source.hosts
    if not at_home and not spelled_out:
        return False
    return bool(pattern.search(url)) if pattern is not None else not _DOOR.search(url)


def _further(source: Source, fetched: Fetched, markup: str, rows: Iterable[Row]) -> Iterator[str]:
    """The pages that belong to this list: only its first page leads on, so depth is bounded."""
    if source.family == "founder_epaper":
        yield from _issue_pages(fetched, rows)
        return
    if fetched.url not in source.lists or source.list_pages < 2:
        return
    wanted = source.list_pages - 1
    if source.family == "jcms":
        for address in next_groups(markup, fetched.final_url)[:1]:
            for number in range(1, wanted + 1):
                yield _PROXY_PAGE.sub(rf"\g<1>{number}", address)
        return
    if source.paging is None:
        return
    count = _PAGE_COUNT.search(markup)
    if count is not None:
        wanted = min(wanted, int(count.group(1)) - 1)
    for number in range(source.paging_from, source.paging_from + wanted):
        following = resolve(fetched.final_url, source.paging.replace("{n}", str(number)))
        if following is not None:
            yield following


def _issue_pages(fetched: Fetched, rows: Iterable[Row]) -> Iterator[str]:
    """The pages of the newest issue an e-paper's index names; a page of an issue leads nowhere."""
    if _ISSUE_PAGE.search(httpx.URL(fetched.url).path):
        return
    host = httpx.URL(fetched.final_url).host
    pages = [
        row.url
        for row in rows
        if _ISSUE_PAGE.search(httpx.URL(row.url).path) and httpx.URL(row.url).host == host
    ]
    if pages:
        newest = max(page.rsplit("/", 1)[0] for page in pages)
        yield from (page for page in pages if page.rsplit("/", 1)[0] == newest)

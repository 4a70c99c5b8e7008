"""A list page to the articles it names, and to the further pages of the list. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import httpx

from monitor.catalogue.model import Source
from monitor.discovery.epaper import earlier_issues, issue_day, issues
from monitor.discovery.feeds import FEEDS, feed_rows
from monitor.discovery.html_links import Row, next_groups, rows_of
from monitor.discovery.json_lists import json_rows, looks_like_json
from monitor.discovery.sitemaps import SITEMAPS, maps_of_index, sitemap_rows
from monitor.discovery.xml import root_name
from monitor.documents.charset import decode
from monitor.documents.dates import date_in_address
from monitor.errors import DecodeError, TooLarge
from monitor.fetching.decompress import Decompressor
from monitor.model.documents import Fetched, Link
from monitor.urls import canonical, identity, resolve, same_site

_PAGE_COUNT = re.compile(r"createPageHTML\s*\(\s*(\d{1,5})")
_PROXY_PAGE = re.compile(r"([?&]page=)(\d{1,6})")
_NEXT = re.compile(r"^[\s>»›]*(?:下一页|下页|后一页|next(?: page)?)[\s>»›]*$", re.IGNORECASE)
# Without a pattern, what is plainly a way to other pages is no article.
_DOOR = re.compile(r"(?:/|/(?:index|default|list)(?:_\d+)?\.\w+|\.(?:css|js|jpe?g|png|gif|ico))$")
_GZIP = b"\x1f\x8b"
_MAX_DECOMPRESSED = 20_000_000
_MAX_FURTHER = 100
_MAX_SHOWN = 2_000
_FEWEST_MAPS = 10


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a list page led to: articles in its order, and list pages to fetch next.

    ``beyond`` are list pages to go on to one by one until something known is met: further pages
    of the list, or an e-paper's earlier issues. ``shown`` are the identities of all links whose
    address is an article's, whatever their titles, by which the page is known again. ``seen`` is
    how many links the page has at all: many seen and none passed means that the page or the
    pattern has changed, none seen that there is no list. ``form`` is what the list is: html,
    json, feed, sitemap or sitemaps (an index of them). ``silent``: the page stays the same
    though what it leads to changes.
    """

    links: tuple[Link, ...] = ()
    further: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    seen: int = 0
    form: str = "html"
    silent: bool = False
    reason: str = ""


def discover(source: Source, fetched: Fetched) -> Discovery:
    """Find the articles on a fetched list page: HTML, JSON, a feed, a sitemap, an e-paper's issue.

    What it is, its bytes say. A link passes if its address has the source's link pattern and its
    title the title pattern (each if there is one) and not the pattern of titles to skip, and if
    it stays on the list's host, goes to one of the source's hosts, or the link pattern itself
    spells out a host. Addresses are brought to one form and named once; at most ``max_links``
    pass.
    """
    try:
        body = _decompressed(fetched)
    except (DecodeError, TooLarge) as error:
        return Discovery(reason=f"the packed list cannot be read: {error}")
    markup, _ = decode(body, fetched.content_type, source.encoding)
    base = fetched.final_url
    root = root_name(markup)
    if root == "sitemapindex":
        return _of_index(source, fetched, markup)
    if root in SITEMAPS:
        form, rows = "sitemap", sitemap_rows(markup, base)
    elif root in FEEDS:
        form, rows = "feed", list(feed_rows(markup, base))
    elif looks_like_json(markup):
        form, rows = "json", list(json_rows(markup, base))
    else:
        form, rows = "html", list(rows_of(markup, base))
    articles = _articles(source, rows, base)
    links = tuple(_wanted(source, articles.values()))[: source.max_links]
    further, beyond = (
        _leads(source, fetched, markup, rows) if form in {"html", "json"} else ((), ())
    )
    return Discovery(
        links, further, beyond, tuple(articles)[:_MAX_SHOWN], seen=len(rows), form=form
    )


def _decompressed(fetched: Fetched) -> bytes:
    """The body, unpacked if it is a ``.gz`` file: that is no encoding of the transport."""
    if not fetched.body.startswith(_GZIP):
        return fetched.body
    decompressor = Decompressor("gzip", limit=_MAX_DECOMPRESSED, url=fetched.url)
    decompressor.feed(fetched.body)
    return decompressor.body()


def _of_index(source: Source, fetched: Fetched, markup: str) -> Discovery:
    """The newest sitemaps of an index that is itself a list; one below another leads nowhere."""
    maps, dated = maps_of_index(markup, fetched.final_url)
    here = httpx.URL(fetched.final_url).host
    ours = [
        one
        for one in maps
        if same_site(host := httpx.URL(one).host, here) or host in source.route.hosts
    ]
    further = ours[: max(source.list_pages, _FEWEST_MAPS)] if fetched.url in source.lists else ()
    return Discovery(further=tuple(further), seen=len(maps), form="sitemaps", silent=not dated)


def _articles(source: Source, rows: Iterable[Row], base: str) -> dict[str, Link]:
    """The links whose address is an article's, each once, by identity."""
    here = identity(base)
    found: dict[str, Link] = {}
    judged: dict[str, tuple[str, str] | None] = {}
    for row in rows:
        if row.url not in judged:
            one, key = canonical(row.url), identity(row.url)
            judged[row.url] = (one, key) if key != here and _passes(source, one, base) else None
        passed = judged[row.url]
        if passed is None:
            continue
        url, key = passed
        before = found.get(key)
        if before is None:
            listed = row.listed or date_in_address(url) or row.changed
            found[key] = Link(url, row.title, listed)
        elif not before.title and row.title:
            # A picture and a headline lead to one article; the picture has no words.
            found[key] = Link(before.url, row.title, before.published or row.listed)
    return found


def _wanted(source: Source, links: Iterable[Link]) -> Iterator[Link]:
    """Those of the links whose titles are the source's."""
    for link in links:
        if source.title_pattern is not None and not source.title_pattern.search(link.title):
            continue
        if source.title_skip is not None and source.title_skip.search(link.title):
            continue
        yield link


def _passes(source: Source, url: str, base: str) -> bool:
    host = httpx.URL(url).host
    pattern = source.link_pattern
    spelled_out = pattern is not None and "://" in pattern.pattern
    at_home = same_site(host, httpx.URL(base).host) or host in source.route.hosts
    if not at_home and not spelled_out:
        return False
    return bool(pattern.search(url)) if pattern is not None else not _DOOR.search(url)


def _leads(
    source: Source, fetched: Fetched, markup: str, rows: Sequence[Row]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The pages that belong to this list, and those to go on to while nothing known is met."""
    if source.family == "founder_epaper":
        return _leads_of_issue(source, fetched, rows)
    following = tuple(dict.fromkeys(_following(source, fetched, markup, rows)))
    if fetched.url not in source.lists:
        # Only a page that names the next one itself leads on from there.
        return (), following[:1] if source.paging is None else ()
    always = source.list_pages - 1
    return following[:always], following[always : always + source.catch_up]


def _following(source: Source, fetched: Fetched, markup: str, rows: Sequence[Row]) -> Iterator[str]:
    """The second page of a list, the third, and so on, as many as there are or may be wanted."""
    wanted = min(source.list_pages - 1 + source.catch_up, _MAX_FURTHER)
    if looks_like_json(markup):
        numbered = _PROXY_PAGE.search(fetched.url)
        first = int(numbered[2]) + 1 if numbered is not None else 0
        for number in range(first, first + wanted) if first else ():
            yield _PROXY_PAGE.sub(rf"\g<1>{number}", fetched.url)
        return
    if source.family == "jcms":
        for address in next_groups(markup, fetched.final_url)[:1]:
            for number in range(1, wanted + 1):
                yield _PROXY_PAGE.sub(rf"\g<1>{number}", address)
        return
    if source.paging is None:
        host = httpx.URL(fetched.final_url).host
        named = (row.url for row in rows if _NEXT.match(row.title))
        yield from (url for url in named if httpx.URL(url).host == host)
        return
    count = _PAGE_COUNT.search(markup)
    if count is not None:
        wanted = min(wanted, int(count.group(1)) - 1)
    for number in range(source.paging_from, source.paging_from + wanted):
        following = resolve(fetched.final_url, source.paging.replace("{n}", str(number)))
        if following is not None:
            yield following


def _leads_of_issue(
    source: Source, fetched: Fetched, rows: Sequence[Row]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """An index leads to its newest issue and to those before; a page to its own issue only."""
    named = issues(fetched.final_url, (row.url for row in rows))
    day = issue_day(fetched.url)
    if day is not None:
        return named.get(day, ())[:_MAX_FURTHER], ()
    newest = next(iter(named.values()), ())
    return newest[:_MAX_FURTHER], earlier_issues(named, source.catch_up)

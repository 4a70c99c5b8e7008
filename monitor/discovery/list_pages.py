"""The articles and the further pages that a list page links to. Pure.

Of JSON lists, such as those of gov.cn and gkmlpt, no exact schema is assumed: any object that has a
URL and a title under one of the usual keys is a link, at any depth, and HTML is read as HTML.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any

import httpx

from monitor.catalogue.model import Source
from monitor.discovery.epaper import earlier_issues, group_issues, issue_date
from monitor.discovery.feeds import (
    FEED_ROOTS,
    SITEMAP_ROOTS,
    feed_links,
    indexed_sitemaps,
    root_name,
    sitemap_links,
)
from monitor.discovery.html_links import ListLink, html_links, jcms_next_urls
from monitor.discovery.jpaas import is_first_page, is_unit, unit_page_url, unit_url
from monitor.discovery.list_finder import find_list, next_pages
from monitor.documents.charset import decode
from monitor.documents.dates import CHINA, date_in_url, find_date
from monitor.documents.html_text import clean_line
from monitor.documents.pagers import page_call
from monitor.errors import DecodeError, TooLarge
from monitor.fetching.decompress import Decompressor
from monitor.model.documents import Fetched, Link
from monitor.urls import canonical_url, is_named_port, is_within, resolve_url, url_identity

_URL_KEYS = (
    *(
        "url",
        "link",
        "href",
        "puburl",
        "docpuburl",
        "docurl",
        "linkurl",
        "weburl",
        "pageurl",
        "articleurl",
    ),
    *("detailurl", "arturl", "infourl", "path"),
)
_TITLE_KEYS = (
    *("title", "doctitle", "headline", "name", "subject", "infotitle", "articletitle", "topic"),
    *("maintitle", "showtitle"),
)
_DATE_KEYS = (
    *(
        "docrelpubtime",
        "docdate",
        "pubdate",
        "publishdate",
        "pubtime",
        "publishtime",
        "publish_time",
    ),
    *(
        "publishedat",
        "pub_date",
        "releasetime",
        "releasedate",
        "publishedtime",
        "showtime",
        "deploytime",
    ),
    *("displaytime", "date", "ptime", "time", "focus_date", "inputtime", "createtime"),
)
# Seconds and milliseconds since 1970; smaller numbers are years or counts.
_FIRST_SECOND, _MILLISECONDS = 600_000_000, 10_000_000_000
_MAX_VALUES = 500_000
_MAX_HELD, _MAX_HELD_SIZE, _MIN_HELD_ROWS, _MIN_HEADLINE = 20, 1_000_000, 3, 6


def looks_like_json(markup: str) -> bool:
    """Whether the text is JSON rather than HTML, perhaps within a call or an assignment."""
    start = markup.lstrip("\ufeff \t\r\n")[:200]
    return start[:1] in {"{", "["} or _wrapper_pattern().match(start) is not None


def json_links(markup: str, base: str) -> Iterator[ListLink]:
    """The links of a JSON list in its order; none if it is no JSON."""
    root = _json_value(markup)
    pending: list[Any] = [root]
    seen = 0
    while pending and seen < _MAX_VALUES:
        value = pending.pop()
        seen += 1
        if isinstance(value, Mapping):
            row = _list_link(value, base)
            if row is not None:
                yield row
            fragment = value.get("html")
            if isinstance(fragment, str) and "<a" in fragment:
                yield from html_links(fragment, base)
            pending.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            pending.extend(reversed(value))


@cache
def _wrapper_pattern() -> re.Pattern[str]:
    # callback({…}), /**/cb([…]) and var list = [{…}];
    return re.compile(
        r"(?:/\*.{0,40}?\*/\s*)?(?:(?:var|let|const|window\.)\s*)?[A-Za-z_$][\w$.]{0,80}\s*(?:\(|=)\s*(?=[\[{])"
    )


def _json_value(markup: str) -> Any:
    """The value of a JSON text, of the argument of a call or of an assignment, or None."""
    text = markup.lstrip("\ufeff \t\r\n")
    found = _wrapper_pattern().match(text)
    try:
        return json.JSONDecoder().raw_decode(text, found.end() if found is not None else 0)[0]
    except (ValueError, RecursionError):
        return None


@cache
def _held_list_pattern() -> re.Pattern[str]:
    # The data of a page: a script of JSON, or what a script gives a name.
    return re.compile(
        r"<script[^<>]{0,200}json[\"'][^<>]{0,200}>\s*(?=[\[{])"
        r"|\b[A-Za-z_$][\w$.]{0,80}\s{0,4}=\s{0,4}(?=[\[{]\s*[\[{\"])"
    )


def _script_rows(markup: str, base: str) -> tuple[ListLink, ...]:
    """The rows of a list that a page holds as JSON in its scripts; none if they are few."""
    best: dict[str, ListLink] = {}
    if "<script" not in markup or not any(f'{key}"' in markup.lower() for key in _TITLE_KEYS):
        return ()
    for match in islice(_held_list_pattern().finditer(markup), _MAX_HELD):
        links: dict[str, ListLink] = {}
        for one in json_links(markup[match.end() : match.end() + _MAX_HELD_SIZE], base):
            if len(one.title) >= _MIN_HEADLINE:
                links.setdefault(one.url, one)
        if len(links) > len(best):
            best = links
    return tuple(best.values()) if len(best) >= _MIN_HELD_ROWS else ()


@cache
def _title_tag_pattern() -> re.Pattern[str]:
    return re.compile(r"</?[A-Za-z][^<>]{0,200}>")


def _plain_title(title: str) -> str:
    """A title without the tags that a search puts around its words."""
    return clean_line(html.unescape(_title_tag_pattern().sub("", html.unescape(title))))[:300]


def _list_link(value: Mapping[str, Any], base: str) -> ListLink | None:
    fields = {str(key).lower(): content for key, content in value.items()}
    address, title = _first_text(fields, _URL_KEYS), _first_text(fields, _TITLE_KEYS)
    url = resolve_url(base, address) if address and title else None
    if url is None:
        return None
    return ListLink(url, _plain_title(title), _date(fields))


def _date(fields: Mapping[str, Any]) -> date | None:
    for name in _DATE_KEYS:
        content = fields.get(name)
        found = find_date(content) if isinstance(content, str) else None
        seconds = content if isinstance(content, int) and not isinstance(content, bool) else 0
        if isinstance(content, str) and content.isdigit() and len(content) in {10, 13}:
            seconds = int(content)
        if seconds > _MILLISECONDS:
            seconds //= 1000
        if found is None and _FIRST_SECOND <= seconds < _MILLISECONDS:
            found = datetime.fromtimestamp(seconds, CHINA).date()
        if found is not None:
            return found
    return None


def _first_text(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        content = fields.get(name)
        if isinstance(content, str) and content.strip():
            # JSON may hold half an emoji, which no UTF-8 has.
            return content.encode("utf-8", "ignore").decode().strip()
    return ""


@cache
def _page_count_pattern() -> re.Pattern[str]:
    return re.compile(r"createPageHTML\s*\(\s*(\d{1,5})")


@cache
def _page_parameter_pattern() -> re.Pattern[str]:
    return re.compile(r"([?&](?:page|p)=)(\d{1,6})")


@cache
def _next_link_pattern() -> re.Pattern[str]:
    return re.compile(r"^[\s>»›]*(?:下一页|下页|后一页|next(?: page)?)[\s>»›]*$", re.IGNORECASE)


@cache
def _non_article_pattern() -> re.Pattern[str]:
    # Without a link pattern, home pages, index pages and assets are no articles.
    return re.compile(
        r"(?:/|/(?:index|default|list)(?:_\d+)?\.\w+|/(?:node|nbs)[\w.-]*\.s?html?"
        r"|\.(?:css|js|jpe?g|png|gif|ico))$"
    )


_GZIP = b"\x1f\x8b"
_MAX_DECOMPRESSED = 20_000_000
_MAX_LIST_PAGES = 100
_MAX_IDENTITIES = 2_000
_MIN_SITEMAPS = 10


class ListFormat(StrEnum):
    """What a list is, by its bytes."""

    HTML = "html"
    JSON = "json"
    FEED = "feed"
    SITEMAP = "sitemap"
    SITEMAP_INDEX = "sitemaps"


@dataclass(frozen=True, slots=True)
class Discovery:
    """The articles that a list page links to, in its order, and the list pages to fetch next.

    ``next_pages`` belong to the list. ``backfill_pages`` are fetched one by one until a known
    article is met: further pages of the list or earlier issues of an e-paper. ``identities`` are
    those of all article links, whatever their titles; the next visit compares them.
    ``link_count`` counts all links of the page: many and no article means that page or pattern
    have changed, none means that there is no list. ``undated_index``: a sitemap index without
    dates, which may stay unchanged while its sitemaps change. ``rows_url``: where a script of the
    page gets the rows of the list, which the page itself lacks. ``refused`` are the reasons why
    links were not taken, each with their number; ``is_scripted``: a script may write the list.
    """

    links: tuple[Link, ...] = ()
    next_pages: tuple[str, ...] = ()
    backfill_pages: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    link_count: int = 0
    format: ListFormat = ListFormat.HTML
    undated_index: bool = False
    reason: str = ""
    rows_url: str = ""
    evidence: tuple[str, ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
    is_scripted: bool = False


def discover(source: Source, fetched: Fetched) -> Discovery:
    """Find the articles on a fetched list page: HTML, JSON, feed, sitemap or e-paper issue.

    The bytes decide the format. A link passes if its URL matches the link pattern and its title
    the title pattern (each if there is one) and not the pattern of titles to skip, and if it
    stays on the host of the list, leads to a host of the route, or the link pattern spells out a
    host. URLs are normalised and returned once; at most ``max_links`` pass.
    """
    try:
        body = _decompressed(fetched)
    except (DecodeError, TooLarge) as error:
        return Discovery(reason=f"the packed list cannot be read: {error}")
    markup, _ = decode(body, fetched.content_type, source.encoding)
    base = fetched.final_url
    root = root_name(markup)
    refused: Counter[str] = Counter()
    if root == "sitemapindex":
        return _discover_in_index(source, fetched, markup)
    if root in SITEMAP_ROOTS:
        list_format, rows = ListFormat.SITEMAP, sitemap_links(markup, base)
    elif root in FEED_ROOTS:
        list_format, rows = ListFormat.FEED, list(feed_links(markup, base))
    elif looks_like_json(markup):
        list_format, rows = ListFormat.JSON, list(json_links(markup, base))
    else:
        list_format, rows = ListFormat.HTML, list(html_links(markup, base, refused))
    articles = _article_links(source, rows, base, refused)
    wanted = tuple(_with_title(source, articles.values()))
    refused["a title that is not wanted"] += len(articles) - len(wanted)
    links = wanted[: source.max_links]
    refused["more than max_links"] += len(wanted) - len(links)
    has_pages = list_format in {ListFormat.HTML, ListFormat.JSON}
    rows_url = ""
    if list_format is ListFormat.HTML and (not articles or source.family == "jpaas"):
        rows_url = unit_url(markup, base) or ""
    next_pages, backfill_pages = (
        _list_pages(source, fetched, markup, rows) if has_pages and not rows_url else ((), ())
    )
    return Discovery(
        links,
        next_pages,
        backfill_pages,
        tuple(articles)[:_MAX_IDENTITIES],
        link_count=len(rows),
        format=list_format,
        rows_url=rows_url,
        refused=_counted(refused),
        is_scripted=list_format is ListFormat.HTML and not articles and is_scripted(markup),
    )


def _counted(refused: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple((reason, count) for reason, count in refused.most_common() if count)


@cache
def _script_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\$\.(?:ajax|get|post|getJSON)\b|\baxios\b|\bfetch\s*\(|XMLHttpRequest|\bnew Vue\b"
        r"|createApp\(|id=[\"']?(?:app|root|__next|__nuxt)\b|\bv-for=|\bng-repeat=|dataproxy|webpackJsonp",
    )


def is_scripted(markup: str) -> bool:
    """Whether the scripts of a page fetch or write what it shows."""
    return "<script" in markup and _script_pattern().search(markup) is not None


def discover_any(fetched: Fetched) -> Discovery:
    """Find the articles on a list page that no source describes."""
    try:
        body = _decompressed(fetched)
    except (DecodeError, TooLarge) as error:
        return Discovery(reason=f"the packed list cannot be read: {error}")
    markup, _ = decode(body, fetched.content_type, None)
    base = fetched.final_url
    root = root_name(markup)
    rows: tuple[ListLink, ...]
    following: tuple[str, ...] = ()
    refused: Counter[str] = Counter()
    if root == "sitemapindex":
        maps, _ = indexed_sitemaps(markup, base)
        return Discovery(next_pages=maps, format=ListFormat.SITEMAP_INDEX)
    if root in SITEMAP_ROOTS:
        list_format, rows = ListFormat.SITEMAP, tuple(sitemap_links(markup, base))
    elif root in FEED_ROOTS:
        list_format, rows = ListFormat.FEED, tuple(feed_links(markup, base))
    elif looks_like_json(markup):
        list_format, rows = ListFormat.JSON, tuple(json_links(markup, base))
    else:
        list_format = ListFormat.HTML
        rows = find_list(markup, base, refused) or _script_rows(markup, base)
        following = next_pages(markup, base)
    links = tuple(Link(row.url, row.title, row.published or row.last_modified) for row in rows)
    return Discovery(
        links,
        next_pages=following,
        link_count=len(rows),
        format=list_format,
        reason="" if links else _no_list(markup, list_format),
        refused=_counted(refused),
    )


def _no_list(markup: str, form: ListFormat) -> str:
    if form is ListFormat.HTML and is_scripted(markup):
        return "no list was found on this page; its scripts may write one from a file they load"
    return "no list was found on this page"


def _decompressed(fetched: Fetched) -> bytes:
    """The body, decompressed if it is a ``.gz`` file, which is no Content-Encoding."""
    if not fetched.body.startswith(_GZIP):
        return fetched.body
    decompressor = Decompressor("gzip", limit=_MAX_DECOMPRESSED, url=fetched.url)
    decompressor.feed(fetched.body)
    return decompressor.body()


def _discover_in_index(source: Source, fetched: Fetched, markup: str) -> Discovery:
    """The newest sitemaps of an index that is a list itself; a nested index is not followed."""
    maps, dated = indexed_sitemaps(markup, fetched.final_url)
    ours = [one for one in maps if is_within(one, fetched.final_url, source.route.hosts)]
    newest = ours[: max(source.list_pages, _MIN_SITEMAPS)] if fetched.url in source.lists else ()
    return Discovery(
        next_pages=tuple(newest),
        link_count=len(maps),
        format=ListFormat.SITEMAP_INDEX,
        undated_index=not dated,
    )


def _article_links(
    source: Source, rows: Iterable[ListLink], base: str, refused: Counter[str]
) -> dict[str, Link]:
    """The links to articles, each once, by identity; others are counted in ``refused``."""
    base_identity = url_identity(base)
    found: dict[str, Link] = {}
    judged: dict[str, tuple[str, str] | None] = {}
    for row in rows:
        if row.url not in judged:
            one, key = canonical_url(row.url), url_identity(row.url)
            why = "the list itself" if key == base_identity else _refusal(source, one, base)
            judged[row.url] = None if why else (one, key)
            refused[why] += bool(why)
        passed = judged[row.url]
        if passed is None:
            continue
        url, key = passed
        before = found.get(key)
        if before is None:
            published = row.published or date_in_url(url) or row.last_modified
            found[key] = Link(url, row.title, published)
        elif not before.title and row.title:
            # A picture and a headline may link to one article; the picture has no title.
            found[key] = Link(before.url, row.title, before.published or row.published)
    return found


def _with_title(source: Source, links: Iterable[Link]) -> Iterator[Link]:
    """The links whose titles pass the patterns of the source."""
    for link in links:
        if source.title_pattern is not None and not source.title_pattern.search(link.title):
            continue
        if source.title_skip is not None and source.title_skip.search(link.title):
            continue
        yield link


def _refusal(source: Source, url: str, base: str) -> str:
    """Why a link is none of an article of the source; empty if it is one."""
    pattern = source.link_pattern
    spelled_out = (
        pattern is not None
        and "://" in pattern.pattern
        and is_named_port(url, base, source.route.hosts)
    )
    if not spelled_out and not is_within(url, base, source.route.hosts):
        return "another site"
    if pattern is not None:
        return "" if pattern.search(url) else "not an article's address"
    return "not an article's address" if _non_article_pattern().search(url) else ""


def _list_pages(
    source: Source, fetched: Fetched, markup: str, rows: Sequence[ListLink]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``next_pages`` and ``backfill_pages`` of a list page."""
    if source.family == "founder_epaper":
        return _issue_pages(source, fetched, rows)
    following = tuple(dict.fromkeys(_next_page_urls(source, fetched, markup, rows)))
    if fetched.url not in source.lists and not is_first_page(fetched.url):
        # Without a paging pattern a further page names the one after it.
        return (), following[:1] if source.paging is None else ()
    always = source.list_pages - 1
    return following[:always], following[always : always + source.max_backfill_pages]


def _next_page_urls(
    source: Source, fetched: Fetched, markup: str, rows: Sequence[ListLink]
) -> Iterator[str]:
    """The second page of a list, the third and so on, as many as may be needed."""
    wanted = min(source.list_pages - 1 + source.max_backfill_pages, _MAX_LIST_PAGES)
    if is_unit(fetched.url):
        yield from _unit_page_urls(source, fetched, rows, wanted)
        return
    if looks_like_json(markup):
        numbered = _page_parameter_pattern().search(fetched.url)
        first = int(numbered[2]) + 1 if numbered is not None else 0
        for number in range(first, first + wanted) if first else ():
            yield _page_parameter_pattern().sub(rf"\g<1>{number}", fetched.url)
        return
    if source.family == "jcms":
        for address in jcms_next_urls(markup, fetched.final_url)[:1]:
            for number in range(1, wanted + 1):
                yield _page_parameter_pattern().sub(rf"\g<1>{number}", address)
        return
    if source.paging is None:
        host = httpx.URL(fetched.final_url).host
        named = (row.url for row in rows if _next_link_pattern().match(row.title))
        yield from (url for url in named if httpx.URL(url).host == host)
        return
    paging, call = source.paging, page_call(markup)
    count = _page_count_pattern().search(markup)
    if call is not None:
        wanted = min(wanted, call.count - 1)
        # The script knows whether its pages end in .html or .shtml.
        paging = re.sub(r"\.s?html?$", f".{call.extension}", paging)
    elif count is not None:
        wanted = min(wanted, int(count[1]) - 1)
    for number in range(source.paging_from, source.paging_from + wanted):
        following = resolve_url(fetched.final_url, paging.replace("{n}", str(number)))
        if following is not None:
            yield following


def _unit_page_urls(
    source: Source, fetched: Fetched, rows: Iterable[ListLink], wanted: int
) -> Iterator[str]:
    """The pages of a unit after its first, which has as many rows as its site likes."""
    size = len({row.url for row in rows if not _refusal(source, row.url, fetched.url)})
    for number in range(2, 2 + wanted) if size else ():
        yield unit_page_url(fetched.url, number, size)


def _issue_pages(
    source: Source, fetched: Fetched, rows: Sequence[ListLink]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """An index leads to its newest issue and to earlier ones, a page to its own issue only."""
    named = group_issues(fetched.final_url, (row.url for row in rows))
    day = issue_date(fetched.url)
    if day is not None:
        return named.get(day, ())[:_MAX_LIST_PAGES], ()
    newest = next(iter(named.values()), ())
    return newest[:_MAX_LIST_PAGES], earlier_issues(named, source.max_backfill_pages)

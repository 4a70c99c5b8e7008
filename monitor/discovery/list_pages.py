"""The articles and the further pages that a list page links to. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache

from monitor.catalogue.model import Source
from monitor.discovery.epaper import earlier_issues, group_issues, issue_date
from monitor.discovery.feeds import (
    FEED_ROOTS,
    SITEMAP_ROOTS,
    feed_links,
    indexed_sitemaps,
    plain_sitemap,
    root_name,
    sitemap_links,
)
from monitor.discovery.html_links import ListLink, html_links, jcms_next_urls
from monitor.discovery.jpaas import is_first_page, is_unit, unit_page_url, unit_url
from monitor.discovery.json_lists import (
    is_last_page,
    json_links,
    looks_like_json,
    page_number,
    script_rows,
    with_page_number,
    written_markup,
)
from monitor.discovery.list_finder import (
    find_list,
    is_further_page,
    next_list_page,
    next_pages,
    numbered_pages,
)
from monitor.discovery.row_days import complete_days
from monitor.documents.charset import decode
from monitor.documents.dates import date_in_url
from monitor.documents.pagers import page_call
from monitor.errors import DecodeError, TooLarge
from monitor.fetching.decompress import Decompressor
from monitor.model.documents import Fetched, Link
from monitor.urls import canonical_url, is_named_port, is_within, resolve_url, url_identity


@cache
def _page_count_pattern() -> re.Pattern[str]:
    return re.compile(r"createPageHTML\s*\(\s*(\d{1,5})")


@cache
def _non_article_pattern() -> re.Pattern[str]:
    # Without a link pattern, home pages, index pages and assets are no articles.
    return re.compile(
        r"(?:/|/(?:index|default|list)(?:_\d+)?\.\w+|/(?:node|nbs)[\w.-]*\.s?html?"
        r"|\.(?:css|js|jpe?g|png|gif|ico))$"
    )


@cache
def _site_label_pattern() -> re.Pattern[str]:
    # What stands at the head and foot of every page of a site.
    return re.compile(
        r"[\s\[【(（|·]*(?:(?:返回)?(?:网站)?(?:首页|主页)|设为首页|(?:加入)?收藏(?:本站)?|(?:网站|站点)地图"
        r"|(?:联系|关于)(?:我们|本站)|(?:法律|版权|免责|隐私|网站|服务)(?:声明|政策|条款|说明|保护)"
        r"|无障碍(?:浏览|阅读|模式)?|长者(?:模式|版|专区)|使用帮助|帮助(?:中心)?|登录|注册|投稿|广告服务"
        r"|招聘信息|诚聘英才|我要(?:写信|留言)|网站(?:纠错|支持IPv6)|手机版|客户端|繁体(?:版|中文)?|English"
        r"|Home|About us|Contact us|Sitemap|Privacy(?: policy)?"
        r"|\S{0,20}(?:ICP备|网安备)\S{0,20}.{0,12})"
        r"[\s\]】)）|·]*",
        re.IGNORECASE,
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
        list_format, rows = ListFormat.JSON, json_links(markup, base)
    elif plain := plain_sitemap(markup):
        list_format, rows = ListFormat.SITEMAP, plain
    else:
        list_format, rows = ListFormat.HTML, list(html_links(markup, base, refused))
    articles = _article_links(source, rows, fetched, refused)
    if list_format is ListFormat.HTML and not articles:
        held = links_in_scripts(markup, base)
        articles = _article_links(source, held, fetched, Counter())
        rows = [*rows, *held]
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


def links_in_scripts(markup: str, base: str) -> tuple[ListLink, ...]:
    """The links that the scripts of a page hold as data or write as HTML."""
    return script_rows(markup, base) or tuple(html_links(written_markup(markup), base))


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
        number = page_number(base)
        if rows and number is not None and not is_last_page(markup, number):
            following = (with_page_number(base, number + 1),)
    elif plain := plain_sitemap(markup):
        list_format, rows = ListFormat.SITEMAP, tuple(plain)
    else:
        list_format = ListFormat.HTML
        rows = find_list(markup, base, refused)
        if not any(row.published or row.loose_day for row in rows):
            rows = _rows_of_scripts(markup, base, rows)
        following = next_pages(markup, base)
    days = _completed(rows, fetched)
    links = tuple(
        Link(row.url, row.title, row.published or date_in_url(row.url) or row.last_modified or day)
        for row, day in zip(rows, days, strict=True)
    )
    return Discovery(
        links,
        next_pages=following,
        link_count=len(rows),
        format=list_format,
        reason="" if links else _no_list(markup, list_format),
        refused=_counted(refused),
    )


def _rows_of_scripts(markup: str, base: str, shown: tuple[ListLink, ...]) -> tuple[ListLink, ...]:
    """The rows that scripts hold or write, if the page shows none or these have days."""
    held = script_rows(markup, base) or find_list(written_markup(markup), base)
    return held if held and (not shown or any(row.published for row in held)) else shown


def _completed(rows: Sequence[ListLink], fetched: Fetched) -> list[date | None]:
    """The days that only the time of the visit completes."""
    if not any(row.loose_day for row in rows):
        return [None] * len(rows)
    written = [(row.loose_day, row.title) for row in rows]
    return complete_days(written, fetched.fetched_at, not is_further_page(fetched.final_url))


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
    source: Source, rows: Iterable[ListLink], fetched: Fetched, refused: Counter[str]
) -> dict[str, Link]:
    """The links to articles, each once, by identity; others are counted in ``refused``."""
    base = fetched.final_url
    base_identity = url_identity(base)
    found: dict[str, Link] = {}
    loose: dict[str, ListLink] = {}
    judged: dict[str, tuple[str, str] | None] = {}
    for row in rows:
        if source.link_pattern is None and _site_label_pattern().fullmatch(row.title) is not None:
            refused["a label of the site"] += 1
            continue
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
        if row.loose_day and found[key].published is None:
            loose.setdefault(key, row)
    days = _completed(list(loose.values()), fetched)
    for key, day in zip(loose, days, strict=True):
        found[key] = replace(found[key], published=found[key].published or day)
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
        shown = page_number(fetched.url)
        for number in range(shown + 1, shown + 1 + wanted) if shown is not None else ():
            yield with_page_number(fetched.url, number)
        return
    if source.family == "jcms":
        for address in jcms_next_urls(markup, fetched.final_url)[:1]:
            for number in range(1, wanted + 1):
                yield with_page_number(address, number)
        return
    if source.paging is not None:
        yield from _pages_by_template(source.paging, source, fetched, markup, wanted)
        return
    following = next_list_page(markup, fetched.final_url) if wanted else None
    if following is not None:
        yield following


def _pages_by_template(
    paging: str, source: Source, fetched: Fetched, markup: str, wanted: int
) -> Iterator[str]:
    """The URLs of the further pages by the template of the source."""
    call = page_call(markup)
    second = paging.replace("{n}", str(source.paging_from))
    if call is None and second not in markup:
        named = next_list_page(markup, fetched.final_url)
        if named is not None:
            # The pager of the page knows better what its pages are called.
            yield from numbered_pages(named, wanted)
            return
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

"""Check the lists and pages of a source: request each once, write nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.catalogue.model import Source
from monitor.discovery.list_pages import Discovery, ListFormat, discover
from monitor.discovery.suggest import suggest_body_selector, suggest_pattern
from monitor.documents.attachments import READABLE, extension_of
from monitor.documents.gaps import belonging
from monitor.documents.multipart import find_missing_parts
from monitor.extraction.extract import extract
from monitor.extraction.topics import Topics
from monitor.fetching.fetcher import COOKIE_CHECK, Fetcher
from monitor.ingest.pages import provenance_of
from monitor.model.documents import Document, DocumentKind, Fetched, Link, Outcome

_SHORT, _SHOWN = 200, 3
_SAME_DAYS = timedelta(days=3)
# Places whose day is of filing or of signing as often as of issue.
_WEAK = frozenset({"address", "date line", "script"})
# A column that shows nothing newer has probably moved; reports come once a year.
_STALE = {
    DocumentKind.REPORT: timedelta(days=430),
    DocumentKind.NEWS: timedelta(days=30),
    DocumentKind.PLAN: timedelta(days=180),
    DocumentKind.PAGE: timedelta(days=180),
}
_ADDRESS = {
    Outcome.BLOCKED: "the site refuses us: watch another column or site that has the same texts",
    Outcome.GONE: "the address is gone: look for the list on the site's home page",
    Outcome.MOVED: "the address leads elsewhere: name where it leads, or add the host to hosts",
    Outcome.EMPTY: "nothing comes back: try the address in a browser",
    Outcome.ERROR: "no answer: try http:// for https:// or the other way round",
}


def address_hint(outcome: Outcome, reason: str, *, is_article: bool = False) -> str:
    """What to do about an address that did not answer well.

    Args:
        outcome: how it answered.
        reason: the fetcher's line.
        is_article: whether it is the newest article of a list that did answer.
    """
    if reason == COOKIE_CHECK:
        return "it wants its cookie back: watch another column or site that has the same texts"
    if is_article:
        return "the list answers, its newest article does not: is its address right?"
    if "not resolve" in reason:
        return "is the name right, and is there a network?"
    if "cookie" in reason:
        return (
            "the site wants a cookie that only its script can set: watch another column or site "
            "that has the same texts"
        )
    return _ADDRESS.get(outcome, "try again later")


def list_hint(
    source: Source,
    *,
    form: str,
    seen: int,
    articles: int,
    links: int,
    alike: tuple[int, str] | None,
    newest: date | None,
    today: date,
    is_scripted: bool = False,
) -> tuple[bool, str]:
    """Whether a list works, and what to do about it or to know of it.

    Args:
        source: whose list it is.
        form: what it is: html, json, feed, sitemap, or sitemaps for an index of them.
        seen: links on the page.
        articles: those whose address is an article's.
        links: those of them whose title passes too.
        alike: how many links look like the articles of one list, and an expression for them.
        newest: the day of the newest one that is wanted.
        today: the day of the check.
        is_scripted: whether scripts of the page may write the list.
    """
    if not articles:
        return False, _no_articles_hint(form, seen, alike, is_scripted=is_scripted)
    if newest is not None and today - newest > _STALE[source.document_kind]:
        return True, f"nothing newer than {newest}: the column may have moved"
    if not links:
        return True, f"{articles} articles, none with a title that is wanted now"
    return True, ""


def _no_articles_hint(
    form: str, seen: int, alike: tuple[int, str] | None, *, is_scripted: bool
) -> str:
    if form != "html":
        said = f"none of {seen} links passes: is the link pattern right for it?"
        return f"nothing in this {form}" if not seen else said
    if not seen:
        return "no link on the page: a script makes the list; look for the JSON it loads"
    if alike is None and is_scripted:
        return (
            f"none of {seen} links looks like an article, and scripts load more: a script makes "
            "the list; look for the JSON it loads"
        )
    if alike is None:
        return f"none of {seen} links looks like an article: is this a list?"
    count, pattern = alike
    return (
        f"the link pattern finds nothing; {count} links look like articles: "
        f"try link_pattern: '{pattern}'"
    )


def article_hint(document: Document, *, listed: date | None, body: str | None) -> tuple[bool, str]:
    """Whether an article is read well, and what to do about it.

    Args:
        document: the article, without its further pages and attachments.
        listed: the day that the list gives it.
        body: a selector that finds more, if the source's does not serve.
    """
    length = len(document.text)
    parts, is_readable = _parts_hint(document)
    if length < _SHORT and parts:
        return is_readable, parts
    if length < _SHORT:
        if body is not None:
            return False, f"the newest article is read short: try selectors: {{body: '{body}'}}"
        return False, f"the newest article has {length} characters: set selectors.body"
    if body is not None:
        return True, f"the body selector finds nothing: try selectors: {{body: '{body}'}}"
    return True, parts or _doubt_hint(document) or _day_hint(document, listed)


def _parts_hint(document: Document) -> tuple[str, bool]:
    """What to know of the further pages and files of an article, and whether they can be read."""
    missing = find_missing_parts(document)
    if missing.attachment:
        return f"a visit reads its attachment too: {missing.attachment}", True
    if missing.further:
        return f"a visit reads its {len(missing.further)} further pages too", True
    unread = [one for one in belonging(document) if extension_of(one) not in READABLE]
    if not unread:
        return "", True
    names = ", ".join(one.name for one in unread[:_SHOWN])
    hint = f"files that cannot be read hold more of it: {names}; is there a page or a PDF of them?"
    return hint, False


def _doubt_hint(document: Document) -> str:
    is_partial = document.outcome is Outcome.PARTIAL
    return "it is not sure which text is the article: set selectors.body" if is_partial else ""


def _day_hint(document: Document, listed: date | None) -> str:
    """What to do about a day of issue that is missing or doubtful."""
    day, found_in = document.published, document.published_from
    if day is None and listed is None:
        return "the newest article has no day: set selectors.published"
    if day is not None and listed is not None and abs(day - listed) > _SAME_DAYS:
        return f"its day is in doubt: {day} by its {found_in}, {listed} by the list"
    if found_in in _WEAK and listed is None:
        return f"its day is in doubt: {day} only by its {found_in}; set selectors.published"
    return ""


_DEEPEST = 2


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """The check of one address of a source, and a suggestion what to do about it.

    ``links`` of ``seen`` links on a list are articles that are wanted, ``articles`` have an
    article's address. ``length`` is in characters, ``seconds`` how long the address took.
    ``refused`` says how many links were not taken, and why; ``taken`` is the share of the
    article's prose that was read. ``next_page`` says whether a further page of the list brought
    articles; None if there is none.
    """

    id: str
    address: str
    works: bool
    outcome: Outcome
    reason: str = ""
    status: int | None = None
    seconds: float = 0.0
    form: str = ""
    seen: int | None = None
    articles: int | None = None
    links: int | None = None
    newest: date | None = None
    newest_title: str = ""
    article: str = ""
    title: str = ""
    length: int | None = None
    published: date | None = None
    published_from: str = ""
    taken: float | None = None
    statements: int | None = None
    next_page: bool | None = None
    refused: str = ""
    exceptions: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The context of a check: network, topics, wall clock, and a monotonic clock in seconds."""

    fetcher: Fetcher
    topics: Topics
    now: Callable[[], datetime]
    clock: Callable[[], float]


async def check_source(source: Source, context: CheckContext) -> list[SourceCheck]:
    """Request every list of a source, or every page of one without lists, once."""
    if source.lists:
        return [await _check_list(source, url, context) for url in source.lists]
    return [await _check_page(source, Link(url), context, url) for url in source.pages]


async def fetch_unconditionally(source: Source, url: str, context: CheckContext) -> Fetched:
    """Fetch a page as the crawl would, without validators of earlier visits."""
    return await context.fetcher.fetch(url, route=source.route)


async def find_articles(
    source: Source, fetched: Fetched, context: CheckContext
) -> tuple[Discovery, Fetched]:
    """What a list links to; if those are only lists (an issue, an index), what one of them does.

    Of a list whose rows are elsewhere, what is found there.
    """
    discovery = discover(source, fetched)
    for _ in range(_DEEPEST):
        following = (discovery.rows_url, *discovery.next_pages)[not discovery.rows_url :]
        if not following or (discovery.identities and not discovery.rows_url):
            break
        below = await fetch_unconditionally(source, following[0], context)
        if below.outcome is not Outcome.OK:
            break
        fetched, discovery = below, discover(source, below)
    return discovery, fetched


async def _check_list(source: Source, url: str, context: CheckContext) -> SourceCheck:
    start = context.clock()
    fetched = await fetch_unconditionally(source, url, context)
    seconds = round(context.clock() - start, 2)
    if fetched.outcome is not Outcome.OK:
        return _failed(source, url, fetched, seconds)
    top = discover(source, fetched)
    found, page = await find_articles(source, fetched, context)
    newest = newest_link(found.links)
    articles = len(found.identities)
    works, suggestion = list_hint(
        source,
        form=found.format,
        seen=found.link_count,
        articles=articles,
        links=len(found.links),
        alike=suggest_pattern(page) if found.format is ListFormat.HTML and not articles else None,
        newest=newest.published if newest else None,
        today=context.now().date(),
        is_scripted=found.is_scripted,
    )
    read = None if newest is None else await _check_page(source, newest, context, url)
    if read is not None and works:
        works = read.works
        suggestion = "; ".join(filter(None, (suggestion if works else "", read.suggestion)))
    return SourceCheck(
        id=source.id,
        address=url,
        works=works,
        outcome=Outcome.PARTIAL
        if read is not None and read.outcome is Outcome.PARTIAL
        else fetched.outcome,
        reason=found.reason or _reason_of(read),
        status=fetched.status,
        seconds=seconds,
        form=found.format if found is top or top.format is ListFormat.HTML else top.format,
        seen=found.link_count,
        articles=articles,
        links=len(found.links),
        newest=newest.published if newest else None,
        newest_title=newest.title if newest else "",
        article=read.article if read else "",
        title=read.title if read else "",
        length=read.length if read else None,
        published=read.published if read else None,
        published_from=read.published_from if read else "",
        taken=read.taken if read else None,
        refused=", ".join(f"{count} {reason}" for reason, count in found.refused),
        statements=read.statements if read else None,
        next_page=await _has_next_page(source, top, found, context),
        exceptions=_exceptions(source, url),
        suggestion=suggestion,
    )


def _reason_of(read: SourceCheck | None) -> str:
    """What was wrong with the newest article of a list."""
    if read is None or (read.works and read.outcome is not Outcome.PARTIAL):
        return ""
    return read.reason


async def _check_page(
    source: Source, link: Link, context: CheckContext, address: str
) -> SourceCheck:
    """Fetch and read one article or fixed page."""
    start = context.clock()
    fetched = await fetch_unconditionally(source, link.url, context)
    seconds = round(context.clock() - start, 2)
    if fetched.outcome is not Outcome.OK:
        return _failed(source, address, fetched, seconds)
    body, document = suggest_body_selector(fetched, source.selectors)
    works, suggestion = article_hint(document, listed=link.published, body=body)
    provenance = provenance_of(
        source, document, title=link.title, listed=link.published, url=link.url
    )
    return SourceCheck(
        id=source.id,
        address=address,
        works=works and (document.has_text or bool(find_missing_parts(document).urls)),
        outcome=document.outcome,
        reason=document.reason,
        status=fetched.status,
        seconds=seconds,
        form="page",
        article=link.url,
        title=document.title or link.title,
        length=len(document.text),
        published=document.published or link.published,
        published_from=document.published_from or ("list" if link.published else ""),
        taken=round(document.taken, 3),
        statements=len(extract(document.text, provenance, context.topics)),
        exceptions=_exceptions(source, address),
        suggestion=suggestion,
    )


async def _has_next_page(
    source: Source, top: Discovery, found: Discovery, context: CheckContext
) -> bool | None:
    if source.family == "founder_epaper" or (
        found is not top and top.format is not ListFormat.HTML
    ):
        return None
    first = found if top.rows_url else top
    following = (*first.next_pages, *first.backfill_pages)
    if not following:
        return None
    fetched = await fetch_unconditionally(source, following[0], context)
    if fetched.outcome is not Outcome.OK:
        return False
    return bool(set(discover(source, fetched).identities) - set(first.identities))


def newest_link(links: tuple[Link, ...]) -> Link | None:
    """The link with the latest day; of several and of undated ones the first."""
    return max(links, key=lambda link: link.published or date.min, default=None)


def _failed(source: Source, address: str, fetched: Fetched, seconds: float) -> SourceCheck:
    return SourceCheck(
        id=source.id,
        address=address,
        works=False,
        outcome=fetched.outcome,
        reason=fetched.reason,
        status=fetched.status,
        seconds=seconds,
        article="" if fetched.url == address else fetched.url,
        exceptions=_exceptions(source, address),
        suggestion=address_hint(
            fetched.outcome, fetched.reason, is_article=fetched.url not in {address, *source.lists}
        ),
    )


def _exceptions(source: Source, address: str) -> str:
    """The safety measures that the operator switched off for this source."""
    found = ["private hosts allowed"] if source.route.allow_private else []
    if address.startswith("http://"):
        found.append("not encrypted")
    return ", ".join(found)

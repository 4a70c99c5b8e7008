"""Crawl the lists of a source: their pages, what was missed since the last visit, new links."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from monitor.catalogue.model import Source
from monitor.discovery.epaper import issue_date
from monitor.errors import VisitLost
from monitor.ingest.context import HEALTHY, VisitContext, VisitReport
from monitor.ingest.schedule import needs_body
from monitor.model.documents import UNKNOWN_PAGE, Fetched, KnownPage, Link, Outcome, sha256_hex
from monitor.parser_process import ParserError
from monitor.storage.base import storable
from monitor.storage.engine import Database, is_passing, is_too_slow
from monitor.storage.frontier import (
    FoundLink,
    ListPageState,
    add_entries,
    entries_without_identity,
    known_identities,
    known_urls,
    link_mark,
    list_page_states,
    record_list,
    update_entries,
)
from monitor.storage.locks import lock_frontier
from monitor.urls import url_identity

if TYPE_CHECKING:
    from monitor.discovery.list_pages import Discovery

log = logging.getLogger(__name__)

_BATCH = 1_000
_NOTHING_THERE = frozenset({Outcome.GONE, Outcome.MOVED, Outcome.EMPTY})


async def read_lists(source: Source, context: VisitContext, report: VisitReport) -> None:
    """Crawl every list of a source and add new links to the frontier."""
    states = await asyncio.to_thread(_states, source, context)
    failures: list[Fetched] = []
    for url in source.lists:
        crawl = ListCrawl(source, context, states, url)
        try:
            await crawl.run()
            report.add_answers(crawl.responses)
            report.new_addresses += await asyncio.to_thread(_record, crawl)
        except VisitLost:
            raise
        except Exception as error:
            if is_passing(error) and not is_too_slow(error):
                raise
            # What one list holds must not keep the others and the known pages from being read.
            log.exception("list.failed", extra={"source": source.id, "url": url})
            report.add_fault(error, url)
            continue
        root = crawl.responses[0]
        if root.outcome not in HEALTHY:
            failures.append(root)
            report.retry_after = max(report.retry_after or 0.0, root.retry_after or 0.0) or None
    if source.pages and not await asyncio.to_thread(_knows_pages, source, context):
        report.new_addresses += await asyncio.to_thread(_record_pages, source, context)
    if failures and len(failures) == len(source.lists):
        report.outcome = failures[0].outcome
        report.reason = failures[0].reason


def identify_addresses(database: Database) -> None:
    """Compute missing identities of frontier entries, so that no address is visited again."""
    while True:
        with database.write() as connection:
            rows = entries_without_identity(connection, _BATCH)
            update_entries(
                connection, [(row, {"identity": url_identity(url)}) for row, url in rows]
            )
        if len(rows) < _BATCH:
            return


@dataclass(slots=True)
class ListCrawl:
    """One visit to a list and its further pages.

    Attributes:
        source: whose list it is.
        context: network, database, clock.
        states: what earlier visits kept of the source's list pages, by URL.
        url: the list.
        responses: the answers in order; the first is the list's own.
        links: the links that were found, in the order of the pages.
        visited: the URLs that were requested.
        root: what the list links to; None if it is unchanged or could not be read.
        has_rows_elsewhere: the list page only says where its rows are.
        complete: nothing has to be tried again.
        link_count: all links of the pages that were read.
        article_count: those that look like articles.
        has_unchanged: some page is as it was at an earlier visit, and was not read again.
    """

    source: Source
    context: VisitContext
    states: Mapping[str, ListPageState]
    url: str
    responses: list[Fetched] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    root: Discovery | None = None
    has_rows_elsewhere: bool = False
    complete: bool = True
    link_count: int = 0
    article_count: int = 0
    has_unchanged: bool = False

    @property
    def is_first(self) -> bool:
        """Whether no earlier visit could read the list."""
        state = self.states.get(self.url)
        return state is None or not state.read_before

    async def run(self) -> None:
        """Read the list page and the pages that belong to it; then go back for what was missed.

        After the first good visit, a list that shows nothing known is followed page by page until
        something known is found, and the issues of an e-paper day by day until one is found that
        was read: at most ``max_backfill_pages`` of them. Pages of an issue that were read are not
        read again; those that failed are.
        """
        self.visited.add(self.url)
        self.root = await self._read(self.url)
        if self.root is not None and self.root.rows_url:
            self.root = await self._read_rows(self.root.rows_url)
        if self.root is not None:
            await self._read_further(self.root)
        list_page = self.responses[0]
        if list_page.outcome is Outcome.OK and not self.article_count and not self.has_unchanged:
            self.responses[0] = await asyncio.to_thread(
                self.context.parser.call,
                [list_page.body],
                _without_articles,
                list_page,
                self.link_count,
            )

    async def _read_rows(self, url: str) -> Discovery | None:
        """Read the rows of a list whose page lacks them; if that fails, so does the list."""
        self.has_rows_elsewhere = True
        self.visited.add(url)
        rows = await self._read(url)
        answer = self.responses[-1]
        if answer.outcome not in HEALTHY:
            self.responses[0] = replace(
                self.responses[0], outcome=answer.outcome, reason=f"its rows: {answer.reason}"
            )
        return rows

    async def _read_further(self, root: Discovery) -> None:
        reached = self.is_first or await self._reaches_known(root)
        for page in await self._read_all(root.next_pages):
            reached = reached or await self._reaches_known(page)
        if self.source.family == "founder_epaper":
            if not self.is_first:
                await self._backfill_issues(root)
        elif not reached:
            await self._backfill_pages(root)

    async def _read(self, url: str) -> Discovery | None:
        """Read one list page; None if it is unchanged or could not be fetched."""
        state = self.states.get(url)
        known = self._validators(state)
        fetched = await self.context.fetcher.fetch(url, route=self.source.route, known=known)
        is_list_page = not self.responses
        self.responses.append(fetched)
        if fetched.outcome not in HEALTHY:
            # A further page or an issue that does not exist is a valid answer.
            is_absent = fetched.outcome in _NOTHING_THERE
            self.complete = self.complete and not is_list_page and is_absent
        if fetched.outcome is not Outcome.OK:
            self.has_unchanged = self.has_unchanged or fetched.outcome in HEALTHY
            return None
        if state is not None and state.body_hash == sha256_hex(fetched.body):
            self.has_unchanged = True
            return None
        # Loaded for the first list that is new.
        from monitor.discovery.list_pages import discover

        try:
            discovery = await asyncio.to_thread(
                self.context.parser.call, [fetched.body], discover, self.source, fetched
            )
        except ParserError as error:
            self.responses[-1] = replace(fetched, outcome=Outcome.EMPTY, reason=str(error))
            return None
        self.link_count += discovery.link_count
        self.article_count += len(discovery.identities)
        self.links.extend(discovery.links)
        return discovery

    def _validators(self, state: ListPageState | None) -> KnownPage:
        """The validators of the last answer, unless the body itself is to be seen again."""
        now, interval = self.context.now(), self.context.revalidation.lists
        if state is None or needs_body(state.body_read_at, now=now, interval=interval):
            return UNKNOWN_PAGE
        return KnownPage(etag=state.etag, last_modified=state.last_modified)

    async def _read_all(self, urls: Iterable[str]) -> list[Discovery]:
        """Read pages and, of an issue's, those they link to."""
        found: list[Discovery] = []
        waiting = list(urls)
        while waiting:
            url = waiting.pop(0)
            if self._is_settled(url):
                self.has_unchanged = True
                continue
            if url in self.visited or len(self.visited) >= self.source.max_links:
                continue
            self.visited.add(url)
            discovery = await self._read(url)
            if discovery is not None:
                found.append(discovery)
                waiting.extend(discovery.next_pages)
        return found

    async def _backfill_pages(self, root: Discovery) -> None:
        """Follow a list until something known is found."""
        waiting, left = list(root.backfill_pages), self.source.max_backfill_pages
        while waiting and left > 0:
            url, left = waiting.pop(0), left - 1
            found = await self._read_all((url,))
            if not found or await self._reaches_known(found[0]):
                return
            waiting.extend(found[0].backfill_pages)

    async def _backfill_issues(self, root: Discovery) -> None:
        """Read the issues between the newest and the last one that was read, and failed ones."""
        read_days = {issue_date(url) for url, state in self.states.items() if state.read_before}
        # When the newest issue was read, so were those before it.
        is_new = not any(issue_date(url) in read_days for url in root.next_pages)
        for url in root.backfill_pages if is_new else ():
            if issue_date(url) in read_days:
                break
            await self._read_all((url,))
        days = [day for url in self.visited if (day := issue_date(url))]
        oldest = max(days, default=date.max) - timedelta(days=self.source.max_backfill_pages)
        await self._read_all(
            [url for url in self.states if (day := issue_date(url)) and day >= oldest]
        )

    async def _reaches_known(self, page: Discovery) -> bool:
        """Whether a page of the list shows links that an earlier visit saw.

        Only its lower half counts: a headline pinned to the top is known for ever.
        """
        lower = page.identities[len(page.identities) // 2 :]
        state = self.states.get(self.url)
        if not lower:
            return True
        if state is not None and state.shown is not None:
            return any(link_mark(key) in state.shown for key in lower)
        if self.source.title_pattern is not None:
            # Visits of an older release kept only links with a wanted title.
            return True
        return await asyncio.to_thread(self._is_any_known, lower)

    def _is_any_known(self, identities: tuple[str, ...]) -> bool:
        with self.context.database.read() as connection:
            return bool(known_identities(connection, identities))

    def _is_settled(self, url: str) -> bool:
        """Whether a page of an issue was read or does not exist; neither will change."""
        state = self.states.get(url)
        if state is None or issue_date(url) is None:
            return False
        return state.read_before or state.outcome in _NOTHING_THERE


def _states(source: Source, context: VisitContext) -> dict[str, ListPageState]:
    with context.database.read() as connection:
        return list_page_states(connection, source.id)


def _knows_pages(source: Source, context: VisitContext) -> bool:
    """Whether the frontier has all pages that the catalogue names."""
    with context.database.read() as connection:
        known = known_urls(connection, source.pages)
        # Most stand there as they are written here, and to compute identities takes longer.
        wanted = [url_identity(url) for url in source.pages if url not in known]
        return not wanted or known_identities(connection, wanted).issuperset(wanted)


def _record(crawl: ListCrawl) -> int:
    """Write validators and links in one transaction; returns how many links are new.

    A list counts as read only together with all that it links to.
    """
    source, context, root = crawl.source, crawl.context, crawl.root
    now = context.now()
    baseline = source.baseline and crawl.is_first
    # Lists show the newest first; reports are read oldest first, so that each finds the one before.
    found = [
        FoundLink(replace(link, title=storable(link.title)), baseline, url_identity(link.url))
        for link in reversed(crawl.links)
    ]
    # A sitemap index without dates, and a page without rows, may stay unchanged while what they
    # lead to changes.
    must_refetch = crawl.has_rows_elsewhere or (root is not None and root.undated_index)
    with context.write() as connection:
        lock_frontier(connection)
        for position, fetched in enumerate(crawl.responses):
            is_list_page = position == 0
            record_list(
                connection,
                source.id,
                fetched,
                body_hash=sha256_hex(fetched.body) if fetched.outcome is Outcome.OK else None,
                complete=crawl.complete and not (must_refetch and is_list_page),
                now=now,
                shown=root.identities if root is not None and is_list_page else (),
            )
        return add_entries(connection, source.id, found, now)


def _record_pages(source: Source, context: VisitContext) -> int:
    """Add the pages that the catalogue names to the frontier; returns how many are new."""
    found = [
        FoundLink(Link(url), source.baseline, url_identity(url)) for url in reversed(source.pages)
    ]
    with context.write() as connection:
        lock_frontier(connection)
        return add_entries(connection, source.id, found, context.now())


def _without_articles(fetched: Fetched, link_count: int) -> Fetched:
    """The answer of a page that has no link like an article's: a block page, or an empty list."""
    from monitor.documents.reader import read_document

    document = read_document(fetched.body, content_type=fetched.content_type, url=fetched.final_url)
    outcome = Outcome.EMPTY
    reason = f"no article on the list; none of {link_count} links is like one"
    if document.outcome in {Outcome.BLOCKED, Outcome.GONE}:
        outcome, reason = document.outcome, document.reason
    body = fetched.body if outcome is Outcome.BLOCKED else b""
    return replace(
        fetched, outcome=outcome, reason=reason, body=body, etag=None, last_modified=None
    )

"""Read the older documents that a source's lists name, as history without alerts.

A visit reads a list's first page; what stands on its further pages is of no interest to it. Here
they are followed until everything on a page is older than wanted, and what they link to is read
oldest first, so that each report finds the one of the year before. Nothing of it raises an alert.
What is stored already is not requested again, so that a run which was stopped goes on.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

from monitor.catalogue.model import Source
from monitor.discovery.list_pages import Discovery, discover
from monitor.ingest.context import HEALTHY, VisitContext, VisitReport
from monitor.ingest.entries import read_entry
from monitor.model.documents import Link, Origin, Outcome
from monitor.parser_process import ParserError
from monitor.rules.matcher import RuleSet
from monitor.storage.base import storable
from monitor.storage.frontier import (
    FoundLink,
    FrontierEntry,
    add_entries,
    entries_of,
    source_added_at,
    update_entries,
)
from monitor.storage.locks import lock_frontier
from monitor.urls import url_identity

log = logging.getLogger(__name__)

MAX_LIST_PAGES = 60
"""List pages of one list that are followed at most."""


@dataclass(slots=True)
class BackfillReport:
    """What became of one source.

    Attributes:
        source_id: which one.
        listed: documents that its lists name within the years wanted.
        known: those that were stored already.
        left: those published since the source is watched, which are the daemon's to find.
        visits: how the pages went that were read, and the changes they brought.
        reason: why a list could not be read; empty if all could.
    """

    source_id: str
    listed: int = 0
    known: int = 0
    left: int = 0
    visits: VisitReport = field(init=False)
    reason: str = ""

    def __post_init__(self) -> None:
        """Begin to count."""
        self.visits = VisitReport(self.source_id)

    @property
    def read(self) -> int:
        """How many pages were read."""
        return sum(count for outcome, count in self.visits.pages.items() if outcome in HEALTHY)

    @property
    def failed(self) -> int:
        """How many pages could not be read."""
        return self.visits.pages.total() - self.read


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """Told of the pages to read, and of each that was read; ``stop`` ends it between two pages."""

    add_pages: Callable[[int], None] = lambda _count: None
    done: Callable[[], None] = lambda: None
    stop: Callable[[], bool] = lambda: False


def as_history(context: VisitContext) -> VisitContext:
    """A context in which everything that is read is history and alerts nobody."""
    return replace(context, rules=lambda: RuleSet(()), origin=Origin.BACKFILL, wake=lambda: None)


async def backfill(
    source: Source, context: VisitContext, *, since: date, progress: BackfillProgress
) -> BackfillReport:
    """Read what a source's lists name that was published since a day.

    Args:
        source: with at least one list; it must be in the database.
        context: of ``as_history``.
        since: how far back.
        progress: told how it goes.
    """
    report = BackfillReport(source.id)
    links: dict[str, Link] = {}
    for url in source.lists:
        for link in await _older_links(source, context, url, since, report):
            links.setdefault(url_identity(link.url), link)
        if progress.stop():
            return report
    waiting = await asyncio.to_thread(_waiting, source, context, list(links.values()), report)
    progress.add_pages(len(waiting))
    for entry in waiting:
        if progress.stop():
            break
        values = await read_entry(source, context, entry, context.now(), report.visits)
        if values is not None:
            await asyncio.to_thread(_update, context, entry, values)
        progress.done()
    return report


async def _older_links(
    source: Source, context: VisitContext, url: str, since: date, report: BackfillReport
) -> list[Link]:
    """The links of a list and its further pages, down to a page that is older than wanted."""
    found: list[Link] = []
    seen: set[str] = set()
    waiting, visited = [url], set[str]()
    while waiting and len(visited) < MAX_LIST_PAGES:
        page_url = waiting.pop(0)
        if page_url in visited:
            continue
        visited.add(page_url)
        page = await _read_list(source, context, page_url, report, is_first=len(visited) == 1)
        if page is None:
            break
        if page.rows_url and page.rows_url not in visited:
            waiting.insert(0, page.rows_url)
        new = [link for link in page.links if link.url not in seen]
        days = [day for link in page.links if (day := _day_of(link)) is not None]
        is_old = bool(days) and max(days) < since
        # A site that answers any page number with its last page would never end.
        if is_old or (page.identities and seen.issuperset(page.identities)):
            break
        seen.update(link.url for link in new)
        seen.update(page.identities)
        found += [link for link in new if (day := _day_of(link)) is None or day >= since]
        waiting += [*page.next_pages, *page.backfill_pages]
    return found


async def _read_list(
    source: Source, context: VisitContext, url: str, report: BackfillReport, *, is_first: bool
) -> Discovery | None:
    fetched = await context.fetcher.fetch(url, route=source.route)
    reason = fetched.reason or fetched.outcome.value
    if fetched.outcome is Outcome.OK:
        try:
            return await asyncio.to_thread(
                context.parser.call, [fetched.body], discover, _deep(source), fetched
            )
        except ParserError as error:
            reason = str(error)
    # A further page that does not exist is the end of the list.
    if is_first or fetched.outcome not in {Outcome.GONE, Outcome.MOVED, Outcome.EMPTY}:
        report.reason = report.reason or f"{url}: {reason}"
    return None


def _deep(source: Source) -> Source:
    """The source with as many further pages as are followed here."""
    return replace(source, max_backfill_pages=MAX_LIST_PAGES)


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile("(?:19|20)[0-9]{2}(?=年)")


def _day_of(link: Link) -> date | None:
    """When a link was published as far as its list says; the last day of a year in its title."""
    if link.published is not None:
        return link.published
    year = _year_pattern().search(link.title)
    return None if year is None else date(int(year[0]), 12, 31)


def _waiting(
    source: Source, context: VisitContext, links: Sequence[Link], report: BackfillReport
) -> list[FrontierEntry]:
    """Add links to the frontier; those that were never read, the oldest first."""
    now = context.now()
    with context.database.write() as connection:
        added = source_added_at(connection, source.id, now).astimezone(context.zone).date()
        # What is published from now on is news, and the daemon's.
        older = [link for link in links if link.published is None or link.published <= added]
        report.listed, report.left = len(older), len(links) - len(older)
        older.reverse()  # lists show the newest first
        older.sort(key=lambda link: _day_of(link) or date.max)
        found = [
            FoundLink(replace(link, title=storable(link.title)), True, url_identity(link.url))
            for link in older
        ]
        lock_frontier(connection)
        add_entries(connection, source.id, found, now)
        known = entries_of(connection, source.id, [one.identity for one in found])
    unread = [
        known[one.identity]
        for one in found
        if one.identity in known and known[one.identity].document_id is None
    ]
    report.known = len(older) - len(unread)
    return unread


def _update(context: VisitContext, entry: FrontierEntry, values: dict[str, object]) -> None:
    with context.database.write() as connection:
        update_entries(connection, [(entry.id, values)])

"""Visit the frontier entries of a source that are due: fetch, and read what is new."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.catalogue.model import Source
from monitor.errors import VisitLost
from monitor.ingest.context import HEALTHY, VisitContext, VisitReport
from monitor.ingest.schedule import longest_page_wait, needs_body, next_page_visit
from monitor.model.documents import Fetched, KnownPage, Outcome
from monitor.retry import CLOCK_SKEW
from monitor.storage.engine import is_passing, is_too_slow
from monitor.storage.frontier import (
    GONE,
    NOT_SUSPECT,
    FrontierEntry,
    due_entries,
    source_added_at,
    update_entries,
)
from monitor.urls import same_site

if TYPE_CHECKING:
    from monitor.ingest.plan import IngestResult

log = logging.getLogger(__name__)

_BATCH = 100
_WAKE_INTERVAL = timedelta(seconds=1)
_NOT_MODIFIED_STATUS = 304

_Values = dict[str, object]
"""Columns of a frontier entry."""


async def read_pages(source: Source, context: VisitContext, report: VisitReport) -> None:
    """Visit every frontier entry of a source that is due now, one after the other."""
    start = context.now()
    woken, told = start - _WAKE_INTERVAL, report.alerts
    while True:
        added_at, due = await asyncio.to_thread(_due, source, context, start)
        unchanged: list[tuple[int, _Values]] = []
        for entry in due:
            values = await read_entry(source, context, entry, added_at, report)
            if report.alerts > told and context.now() - woken >= _WAKE_INTERVAL:
                # No alert waits for all the pages after its own.
                woken, told = context.now(), report.alerts
                context.wake()
            if values is not None:
                unchanged.append((entry.id, values))
        if unchanged:
            await asyncio.to_thread(_update_all, context, unchanged)
        if len(due) < _BATCH:
            return


async def read_entry(
    source: Source,
    context: VisitContext,
    entry: FrontierEntry,
    added_at: datetime,
    report: VisitReport,
) -> dict[str, object] | None:
    """Visit a frontier entry; an exception that its page raises is an outcome of it.

    Returns:
        Columns of the entry that are still to be written.
    """
    try:
        return await _visit_entry(source, context, entry, added_at, report)
    except VisitLost:
        raise
    except Exception as error:
        # A statement that takes too long for one page does so each time. If the whole server is
        # busy, the end of the visit is not written either, and the source is due as before.
        if is_passing(error) and not is_too_slow(error):
            raise
        # A page that the program cannot read must not keep those after it from their turn.
        log.exception("page.failed", extra={"source": source.id, "url": entry.url})
        report.pages[Outcome.ERROR] += 1
        report.add_fault(error, entry.url)
        return _fault_values(source, context, entry, error)


async def _visit_entry(
    source: Source,
    context: VisitContext,
    entry: FrontierEntry,
    added_at: datetime,
    report: VisitReport,
) -> _Values | None:
    """Fetch a page and ingest it if it is new; the columns that are still to be written."""
    fetched = await _fetch(source, context, entry)
    report.add_answers((fetched,))
    if fetched.outcome is Outcome.OK:
        return await _read_new(source, context, entry, fetched, added_at=added_at, report=report)
    report.pages[fetched.outcome] += 1
    values = _visit_values(source, entry, fetched, fetched.outcome, context.now())
    if fetched.outcome in HEALTHY and fetched.status != _NOT_MODIFIED_STATUS:
        # The same bytes, or the same text in other bytes, received again.
        values |= {
            "etag": fetched.etag,
            "last_modified": fetched.last_modified,
            "body_read_at": context.now(),
        }
    if _is_gone(fetched) and entry.document_id is not None:
        from monitor.ingest.pages import ingest_gone_page

        gone = await asyncio.to_thread(ingest_gone_page, source, context, entry, fetched, values)
        report.add_result(gone)
        return None
    if fetched.outcome in HEALTHY and entry.withdrawn:
        report.add_result(await _read_again(source, context, entry, fetched))
    if fetched.outcome in HEALTHY and entry.suspect_hash == GONE:
        values |= NOT_SUSPECT
    return values


async def _read_new(
    source: Source,
    context: VisitContext,
    entry: FrontierEntry,
    fetched: Fetched,
    *,
    added_at: datetime,
    report: VisitReport,
) -> _Values | None:
    """Read and ingest a page whose bytes are new; the columns that are still to be written."""
    # The reading half is loaded for the first page that is new; most visits find none.
    from monitor.ingest.pages import Page, ingest_page, read_whole
    from monitor.ingest.plan import NO_COMMITMENT

    reading = await read_whole(source, context, fetched, listed=entry.listed)
    visited = _visit_values(source, entry, fetched, reading.document.outcome, context.now())
    page = Page(entry, fetched, reading, added_at, visited)
    result, same_text = await asyncio.to_thread(ingest_page, source, context, page)
    report.pages[result.outcome] += 1
    report.add_result(result)
    if result.outcome is Outcome.PARTIAL and not report.reason:
        report.reason = f"{entry.url}: partial: {result.reason}"
    elif result.reason == NO_COMMITMENT and not report.reason:
        report.reason = f"{entry.url}: {result.reason}"
    if same_text and entry.withdrawn:
        report.add_result(await _read_again(source, context, entry, fetched))
    return same_text


async def _read_again(
    source: Source, context: VisitContext, entry: FrontierEntry, fetched: Fetched
) -> IngestResult:
    """Log that a withdrawn document is back, unchanged."""
    from monitor.ingest.pages import ingest_returned_page

    return await asyncio.to_thread(ingest_returned_page, source, context, entry, fetched)


async def _fetch(source: Source, context: VisitContext, entry: FrontierEntry) -> Fetched:
    """Fetch a page, with validators unless its body is to be seen again."""
    conditional = not needs_body(
        entry.body_read_at, now=context.now(), interval=context.revalidation.pages
    )
    known = KnownPage(
        etag=entry.etag if conditional else None,
        last_modified=entry.last_modified if conditional else None,
        body_hash=entry.body_hash,
        fingerprint=entry.page_fingerprint,
    )
    return await context.fetcher.fetch(entry.url, route=source.route, known=known)


def _is_gone(fetched: Fetched) -> bool:
    """Whether an answer says that a page is not there: a status, or the site's home page."""
    if fetched.outcome is Outcome.MOVED:
        # The other way to move, to another site, says where the page is.
        old, new = urlsplit(fetched.url).hostname, urlsplit(fetched.final_url).hostname
        return same_site(old or "", new or "")
    return fetched.outcome is Outcome.GONE


def _due(
    source: Source, context: VisitContext, start: datetime
) -> tuple[datetime, list[FrontierEntry]]:
    """When the source was added to the catalogue, and its entries that are due."""
    longest = longest_page_wait(source.page_interval, source.document_kind)
    now = context.now()
    latest = now + longest + CLOCK_SKEW
    with context.database.read() as connection:
        added_at = source_added_at(connection, source.id, now)
        return added_at, due_entries(connection, source.id, start, _BATCH, latest=latest)


def _update_all(context: VisitContext, updates: list[tuple[int, _Values]]) -> None:
    with context.write() as connection:
        update_entries(connection, updates)


def _visit_values(
    source: Source, entry: FrontierEntry, fetched: Fetched, outcome: Outcome, now: datetime
) -> _Values:
    """How a visit went, and when the next one is due."""
    return {
        "last_visit_at": now,
        "last_outcome": outcome,
        "last_status": fetched.status,
        "last_reason": fetched.reason or None,
        "failures": 0 if outcome in HEALTHY else entry.failures + 1,
        "next_visit_at": next_page_visit(
            outcome,
            now=now,
            page_interval=source.page_interval,
            kind=source.document_kind,
            age=now - _published_at(entry),
            failures=entry.failures,
            retry_after=fetched.retry_after,
        ),
    }


def _fault_values(
    source: Source, context: VisitContext, entry: FrontierEntry, error: Exception
) -> _Values:
    """The visit of a page that ended with an exception: it is retried like one that failed."""
    now = context.now()
    reason = f"{type(error).__name__}: the page could not be read"
    if is_too_slow(error):
        reason = "its statements take the database longer than statement_timeout allows"
    failed = Fetched(entry.url, entry.url, Outcome.ERROR, None, now, reason=reason)
    return _visit_values(source, entry, failed, Outcome.ERROR, now)


def _published_at(entry: FrontierEntry) -> datetime:
    """When the page was published as far as its list says, else when it was found."""
    if entry.listed is None:
        return entry.first_seen_at
    return min(entry.first_seen_at, datetime.combine(entry.listed, time(), UTC))

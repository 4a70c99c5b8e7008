"""Visit a source: discover, fetch, read, extract, compare, match, enqueue.

The network is awaited here; everything that computes or writes runs in a worker thread, so that
one slow page delays no other source. Delivery is another loop (``monitor.outbox``) that reads what
was written.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.catalogue.model import Source
from monitor.errors import VisitLost
from monitor.ingest.context import HEALTHY, VisitContext, VisitReport, next_health
from monitor.ingest.entries import read_pages
from monitor.ingest.list_pages import read_lists
from monitor.ingest.schedule import next_list_visit, retry_list_visit
from monitor.model.documents import Outcome
from monitor.storage.engine import is_passing
from monitor.storage.frontier import (
    close_visit,
    correct_future_times,
    earliest_due,
    has_future_times,
)
from monitor.storage.reference_day import set_reference_day
from monitor.storage.source_health import record_transition, share_with_news, source_state

log = logging.getLogger(__name__)

_MANY_PAGES = 3


async def visit(source: Source, context: VisitContext) -> VisitReport:
    """Crawl the lists of a source, then every frontier entry of it that is due.

    Whatever fails is an outcome, written to the database. An exception that leaves a list, a page
    or the visit counts as a failure of the source.

    Raises:
        SQLAlchemyError: the database does not take the outcome, or could not serve just now (see
            ``is_passing``): nothing says that the source was visited, and it is still due.
        VisitLost: another process has taken over.
    """
    report = VisitReport(source.id)
    try:
        await asyncio.to_thread(_begin, source, context)
        await read_lists(source, context, report)
        await read_pages(source, context, report)
    except VisitLost:
        raise
    except Exception as error:
        if is_passing(error):
            # A lock, a restart of the server: no failure of the source, which is still due.
            raise
        log.exception("visit.failed", extra={"source": source.id})
        report.add_fault(error)
    if report.fault:
        report.outcome, report.reason = Outcome.ERROR, report.fault
    elif not HEALTHY & report.pages.keys() and (
        (report.pages and not source.lists) or report.pages.total() >= _MANY_PAGES
    ):
        # The list may answer and every page behind it may be blocked.
        report.outcome = report.pages.most_common(1)[0][0]
        report.reason = report.reason or f"none of {report.pages.total()} pages could be read"
    await asyncio.to_thread(_close, source, context, report)
    report.closed = True
    if report.is_quiet:
        # ``visits.done`` counts it with the others of its round.
        log.debug("visit.unchanged", extra={"source": source.id, "outcome": report.outcome.value})
    elif report.outcome in HEALTHY:
        log.info(
            "visit.done",
            extra={
                "source": source.id,
                "outcome": report.outcome.value,
                "reason": report.reason,
            },
        )
    else:
        # It is told once, with the others of its round: ``visits.failed``.
        log.debug(
            "visit.unsuccessful",
            extra={
                "source": source.id,
                "outcome": report.outcome.value,
                "reason": report.reason,
            },
        )
    if report.alerts or report.transition:
        context.wake()
    return report


def _begin(source: Source, context: VisitContext) -> None:
    """Correct the times of visits that were made while the clock was ahead."""
    now = context.now()
    with context.database.read() as connection:
        if not has_future_times(connection, source.id, now):
            return
    log.warning("visit.clock_corrected", extra={"source": source.id})
    with context.write() as connection:
        correct_future_times(connection, source.id, now)


def _close(source: Source, context: VisitContext, report: VisitReport) -> None:
    now = context.now()
    lists = next_list_visit(
        now, list_interval=source.list_interval, season=source.season, zone=context.zone
    )
    with context.write() as connection:
        if report.outcome not in HEALTHY:
            lists = retry_list_visit(
                lists,
                now=now,
                failures=source_state(connection, source.id).failures,
                is_fault=bool(report.fault),
                retry_after=report.retry_after,
            )
        set_reference_day(connection, now.date())
        _update_health(connection, source, context, report, now)
        close_visit(
            connection,
            source.id,
            outcome=report.outcome,
            reason=report.reason,
            now=now,
            next_visit_at=earliest_due(
                connection, source.id, before=max(lists - now, timedelta(seconds=1)), now=now
            ),
        )


def _update_health(
    connection: Connection,
    source: Source,
    context: VisitContext,
    report: VisitReport,
    now: datetime,
) -> None:
    state, policy = source_state(connection, source.id), context.health
    healthy = report.outcome in HEALTHY
    health = next_health(
        state.health,
        healthy=healthy,
        failures=0 if healthy else state.failures + 1,
        last_new_at=state.last_new_at,
        now=now,
        policy=policy,
        share_with_news=lambda: share_with_news(
            connection, source.id, within=policy.quiet, now=now
        ),
    )
    if health is not state.health:
        record_transition(
            connection,
            source.id,
            health,
            outcome=report.outcome,
            reason=report.reason,
            operators=policy.operators,
            now=now,
        )
        report.transition = health

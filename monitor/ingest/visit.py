"""The way a page goes: catalogue → discover → fetch → read → extract → compare → match → outbox.

``visit`` walks it from left to right for one source. The network is awaited here; everything
that computes or writes runs in a worker thread, so that one slow page holds up nobody. Delivery
is another loop (``monitor.outbox``) that reads what was written.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from monitor.catalogue.model import Source
from monitor.ingest.context import HEALTHY, VisitContext, VisitReport
from monitor.ingest.list_pages import read_lists
from monitor.ingest.pages import read_pages
from monitor.ingest.schedule import next_list_visit
from monitor.ingest.source_health import health_after
from monitor.storage.frontier import close_visit, earliest_due
from monitor.storage.source_health import record_transition, share_with_news, source_state

log = logging.getLogger(__name__)

_MANY_PAGES = 3


async def visit(source: Source, tools: VisitContext) -> VisitReport:
    """Visit a source: read its lists, then every address of it that is due.

    Trouble with a page or a list is an outcome, noted in the database; what is raised is a
    fault of the program or of the database.
    """
    report = VisitReport(source.id)
    await read_lists(source, tools, report)
    await read_pages(source, tools, report)
    if not HEALTHY & report.pages.keys() and (
        (report.pages and not source.lists) or report.pages.total() >= _MANY_PAGES
    ):
        # The list may be open and every page behind it closed.
        report.outcome = report.pages.most_common(1)[0][0]
        report.reason = report.reason or f"none of {report.pages.total()} pages could be read"
    await asyncio.to_thread(_close, source, tools, report)
    log.info(
        "visit.done",
        extra={"source": source.id, "outcome": report.outcome.value, "reason": report.reason},
    )
    if report.alerts or report.turned:
        tools.wake()
    return report


def _close(source: Source, tools: VisitContext, report: VisitReport) -> None:
    now = tools.now()
    lists = next_list_visit(
        now, list_interval=source.list_interval, season=source.season, zone=tools.zone
    )
    with tools.database.write() as session:
        _judge_health(session, source, tools, report, now)
        close_visit(
            session,
            source.id,
            outcome=report.outcome,
            reason=report.reason,
            now=now,
            next_visit_at=earliest_due(
                session, source.id, before=max(lists - now, timedelta(seconds=1)), now=now
            ),
        )


def _judge_health(
    session: Session, source: Source, tools: VisitContext, report: VisitReport, now: datetime
) -> None:
    state = source_state(session, source.id)
    healthy = report.outcome in HEALTHY
    health = health_after(
        state.health,
        healthy=healthy,
        failures=0 if healthy else state.failures + 1,
        last_new_at=state.last_new_at,
        now=now,
        watch=tools.watch,
        others=lambda: share_with_news(session, source.id, within=tools.watch.quiet, now=now),
    )
    if health is not state.health:
        record_transition(
            session,
            source.id,
            health,
            outcome=report.outcome,
            reason=report.reason,
            operators=tools.watch.operators,
            now=now,
        )
        report.turned = health

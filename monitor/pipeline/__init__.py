"""The way a page goes: catalogue → discover → fetch → read → extract → compare → match → outbox.

``visit`` walks it from left to right for one source. The network is awaited here; everything
that computes or writes runs in a worker thread, so that one slow page holds up nobody. Delivery
is another loop (``monitor.alerts``) that reads what was written.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from monitor.catalogue import Source
from monitor.pipeline.arrival import Arrival, Doubt, Interest, Taken
from monitor.pipeline.intake import take_in
from monitor.pipeline.lists import read_lists
from monitor.pipeline.pages import provenance_of, read_pages
from monitor.pipeline.robots import StoredRobots
from monitor.pipeline.tools import HEALTHY, Tools, VisitReport
from monitor.storage.visits import close_visit, earliest_due

__all__ = [
    "Arrival",
    "Doubt",
    "Interest",
    "StoredRobots",
    "Taken",
    "Tools",
    "VisitReport",
    "provenance_of",
    "take_in",
    "visit",
]

log = logging.getLogger(__name__)


async def visit(source: Source, tools: Tools) -> VisitReport:
    """Visit a source: read its lists, then every address of it that is due.

    Trouble with a page or a list is an outcome, noted in the database; what is raised is a
    fault of the program or of the database.
    """
    report = VisitReport(source.id)
    await read_lists(source, tools, report)
    await read_pages(source, tools, report)
    if not source.lists and report.pages and not HEALTHY & report.pages.keys():
        report.outcome = report.pages.most_common(1)[0][0]
    await asyncio.to_thread(_close, source, tools, report)
    log.info(
        "visit.done",
        extra={"source": source.id, "outcome": report.outcome.value, "reason": report.reason},
    )
    if report.alerts:
        tools.wake()
    return report


def _close(source: Source, tools: Tools, report: VisitReport) -> None:
    now = tools.now()
    with tools.database.write() as session:
        close_visit(
            session,
            source.id,
            outcome=report.outcome,
            reason=report.reason,
            now=now,
            next_visit_at=earliest_due(
                session, source.id, before=max(source.every, timedelta(seconds=1)), now=now
            ),
        )

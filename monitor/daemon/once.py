"""One round of visits, without what the daemon has beside it: loops, probes, the site, the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from monitor.app import App, outbox_worker
from monitor.daemon.due import due_sources, is_due
from monitor.daemon.heartbeats import forget_heartbeats
from monitor.daemon.visits import visit_safely
from monitor.ingest.context import VisitReport
from monitor.outbox.worker import deliver_due, delivery_loop


async def run_once(
    app: App, *, done: Callable[[VisitReport], None] = lambda _: None
) -> list[VisitReport]:
    """Visit every source that is due, deliver the alerts meanwhile, and return.

    Args:
        app: the open application.
        done: called with the report of each visit as it ends.
    """
    await asyncio.to_thread(forget_heartbeats, app)
    waiting = iter(await asyncio.to_thread(due_sources, app))
    reports: list[VisitReport] = []

    async def work() -> None:
        for source in waiting:
            if not await asyncio.to_thread(is_due, app, source):
                continue
            report = await visit_safely(source, app)
            done(report)
            reports.append(report)

    worker = outbox_worker(app)
    delivery = asyncio.create_task(delivery_loop(worker, wake=app.wake))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(app.settings.crawl.concurrency):
                group.create_task(work())
        worker.stop.set()
        await delivery
        # What failed meanwhile may be due again, and a fault of the database is raised.
        worker.stop.clear()
        await deliver_due(worker)
    finally:
        delivery.cancel()
        await worker.abandon()
    return reports

"""The run: schedule, visits, delivery and the bot in one asyncio loop, or one round of visits.

A visit that is under way when the run ends is finished up to its next request. What it has
not written yet is seen again at the next start, because pages, changes and alerts are written
together.
"""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from monitor.app import App, outbox_worker, serve_bot
from monitor.daemon.due import due_sources, next_visit
from monitor.daemon.heartbeats import HeartbeatWriter, forget_heartbeats
from monitor.daemon.jobs import advance_jobs, schedule
from monitor.daemon.probes import serve_probes
from monitor.daemon.visits import DueVisits, visit_safely
from monitor.ingest.context import VisitReport
from monitor.model.status import Loop
from monitor.outbox.worker import deliver_due, delivery_loop

log = logging.getLogger(__name__)

_CLOCK_INTERVAL = timedelta(minutes=1)


async def run_once(
    app: App, *, done: Callable[[VisitReport], None] = lambda _: None
) -> list[VisitReport]:
    """Visit every source that is due, deliver the alerts, and return.

    Args:
        app: the open application.
        done: called with the report of each visit as it ends.
    """
    await asyncio.to_thread(forget_heartbeats, app)
    waiting = iter(await asyncio.to_thread(due_sources, app))
    reports: list[VisitReport] = []

    async def work() -> None:
        for source in waiting:
            report = await visit_safely(source, app)
            done(report)
            reports.append(report)

    async with asyncio.TaskGroup() as group:
        for _ in range(app.settings.crawl.concurrency):
            group.create_task(work())
    await deliver_due(outbox_worker(app))
    return reports


async def run_forever(app: App, stop: asyncio.Event) -> None:
    """Visit each source on its schedule, deliver, and answer the bot's chats, until ``stop``."""
    await asyncio.to_thread(forget_heartbeats, app, host=platform.node())
    loops = (Loop.SCHEDULER, Loop.DELIVERY, Loop.BOT)
    beats = {loop: HeartbeatWriter(app, loop, app.context.now()) for loop in loops}
    async with serve_probes(app, beats), serve_bot(app, beat=beats[Loop.BOT].beat):
        worker = outbox_worker(app, stop, beat=beats[Loop.DELIVERY].beat)
        delivery = asyncio.create_task(delivery_loop(worker, wake=app.wake))
        visits = DueVisits(app)
        scheduler = schedule(app, visits, beat=beats[Loop.SCHEDULER].beat)
        scheduler.start()
        log.info(
            "daemon.started",
            extra={
                "sources": len(app.sources),
                "due": len(await asyncio.to_thread(due_sources, app)),
                "next_visit": await asyncio.to_thread(next_visit, app),
            },
        )
        try:
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _CLOCK_INTERVAL.total_seconds())
                advance_jobs(scheduler)
        finally:
            scheduler.shutdown(wait=False)
            await visits.cancel()
            app.wake.set()
            await delivery
            log.info("daemon.stopped")

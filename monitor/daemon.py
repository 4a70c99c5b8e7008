"""The daemon: schedule, visits, delivery and the bot in one asyncio loop; signals end it cleanly.

A visit that is under way when the signal comes is finished up to its next request. What it has
not written yet is seen again at the next start, because pages, changes and alerts are written
together.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor.app import App, outbox_worker, refresh_rules, serve_bot
from monitor.catalogue.model import Source
from monitor.ingest.context import VisitReport
from monitor.ingest.schedule import next_list_visit
from monitor.ingest.visit import visit
from monitor.model.documents import Outcome
from monitor.outbox.worker import deliver_due, delivery_loop
from monitor.storage.frontier import next_visits
from monitor.storage.provenance import delete_raw_bytes

log = logging.getLogger(__name__)

_JITTER = 0.1
_START_INTERVAL = timedelta(seconds=0.5)
_RULES_INTERVAL_SECONDS = 15


async def run_once(
    app: App, *, done: Callable[[VisitReport], None] = lambda _: None
) -> list[VisitReport]:
    """Visit every source that is due, deliver the alerts, and return.

    Args:
        app: the open application.
        done: called with the report of each visit as it ends.
    """
    waiting = iter(await asyncio.to_thread(due_sources, app))
    reports: list[VisitReport] = []

    async def work() -> None:
        for source in waiting:
            report = await _visit_safely(source, app)
            done(report)
            reports.append(report)

    async with asyncio.TaskGroup() as group:
        for _ in range(app.settings.crawl.concurrency):
            group.create_task(work())
    await deliver_due(outbox_worker(app))
    return reports


def due_sources(app: App) -> list[Source]:
    """The sources that are due for a visit."""
    with app.context.database.read() as session:
        due = next_visits(session)
    now = app.context.now()
    return [s for s in app.sources if (when := due.get(s.id)) is None or when <= now]


async def run_forever(app: App, stop: asyncio.Event) -> None:
    """Visit each source on its schedule, deliver, and answer the bot's chats, until ``stop``."""
    scheduler = schedule(app)
    async with serve_bot(app):
        delivery = asyncio.create_task(delivery_loop(outbox_worker(app, stop), wake=app.wake))
        scheduler.start()
        log.info("daemon.started", extra={"sources": len(app.sources)})
        try:
            await stop.wait()
        finally:
            scheduler.shutdown(wait=False)
            app.wake.set()
            await delivery
            log.info("daemon.stopped")


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C set ``stop``; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def request_stop(number: signal.Signals) -> None:
        log.info("daemon.stopping", extra={"signal": number.name})
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, request_stop, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _VisitTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires when the lists or the pages of a source are due, and a little later."""

    def __init__(self, source: Source, zone: ZoneInfo) -> None:
        self._source = source
        self._zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """When to visit again after the visit that was due at ``previous_fire_time``."""
        last, source = previous_fire_time or now, self._source
        due = min(
            next_list_visit(
                last, list_interval=source.list_interval, season=source.season, zone=self._zone
            ),
            last + source.page_interval,
        )
        due = max(due, last + timedelta(seconds=1))
        later: datetime = self._apply_jitter(due, (due - last).total_seconds() * _JITTER, now)
        return later


def schedule(app: App) -> AsyncIOScheduler:
    """A job for every source, not started yet."""
    scheduler = AsyncIOScheduler(
        timezone=app.settings.timezone,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    limit = asyncio.Semaphore(app.settings.crawl.concurrency)

    async def visit_source(source: Source) -> None:
        async with limit:
            await _visit_safely(source, app)

    with app.context.database.read() as session:
        due = next_visits(session)
    now = app.context.now()
    for position, source in enumerate(app.sources):
        # Sources that are due at the start begin one after the other, not all at once.
        first = now + _START_INTERVAL * position
        scheduler.add_job(
            visit_source,
            _VisitTrigger(source, app.context.zone),
            args=[source],
            id=source.id,
            next_run_time=max(due.get(source.id) or first, first),
        )
    scheduler.add_job(
        refresh_rules,
        IntervalTrigger(seconds=_RULES_INTERVAL_SECONDS, timezone=app.settings.timezone),
        args=[app],
        id="rules",
    )
    if app.settings.raw_retention_days is not None:
        scheduler.add_job(
            _delete_raw_bytes,
            IntervalTrigger(days=1, timezone=app.settings.timezone),
            args=[app, timedelta(days=app.settings.raw_retention_days)],
            id="raw-retention",
            next_run_time=now + _START_INTERVAL * len(app.sources),
        )
    return scheduler


async def _delete_raw_bytes(app: App, age: timedelta) -> None:
    before = app.context.now() - age

    def delete() -> int:
        with app.context.database.write() as session:
            return delete_raw_bytes(session, before)

    log.info("retention.done", extra={"pages": await asyncio.to_thread(delete)})


async def _visit_safely(source: Source, app: App) -> VisitReport:
    """Visit a source; an error is logged and ends this visit alone."""
    try:
        return await visit(source, app.context)
    except Exception as error:
        log.exception("visit.failed", extra={"source": source.id})
        reason = f"{type(error).__name__}: {error}"
        return VisitReport(source.id, Outcome.ERROR, reason)

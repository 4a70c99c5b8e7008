"""The daemon: schedule, visits, delivery and the bot in one asyncio loop; signals end it cleanly.

A visit that is under way when the signal comes is finished up to its next request. What it has
not written yet is seen again at the next start, because pages, changes and alerts are written
together.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.app import App, outbox_worker, refresh_rules, serve_bot
from monitor.catalogue.model import Source
from monitor.ingest.context import VisitReport
from monitor.ingest.schedule import next_start, spread
from monitor.ingest.visit import visit
from monitor.model.documents import Outcome
from monitor.outbox.worker import deliver_due, delivery_loop
from monitor.retry import Backoff
from monitor.storage.frontier import visit_times
from monitor.storage.provenance import delete_raw_bytes, has_snapshot_between

log = logging.getLogger(__name__)

_VISITS_INTERVAL = timedelta(seconds=15)
_RULES_INTERVAL = timedelta(seconds=15)
_RETENTION_INTERVAL = timedelta(days=1)
_RECENTLY = timedelta(days=30)
_CLOCK_INTERVAL = timedelta(minutes=1)
_START_INTERVAL = 0.5
_UNWRITTEN_BACKOFF = Backoff(initial=60.0, maximum=3600.0)


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


def due_sources(app: App, *, spread_out: bool = False) -> list[Source]:
    """The sources that are due for a visit.

    Args:
        app: the open application.
        spread_out: put them off by up to a tenth of their interval, see ``spread``.
    """
    with app.context.database.read() as session:
        known = visit_times(session)
    now = app.context.now()

    def is_due(source: Source) -> bool:
        times = known.get(source.id)
        start = next_start(times, source, now=now)
        # What is due because its time is not believed is not put off.
        put_off = spread_out and start != now
        return start + (spread(times, source) if put_off else timedelta(0)) <= now

    return [source for source in app.sources if is_due(source)]


async def run_forever(app: App, stop: asyncio.Event) -> None:
    """Visit each source on its schedule, deliver, and answer the bot's chats, until ``stop``."""
    async with serve_bot(app):
        delivery = asyncio.create_task(delivery_loop(outbox_worker(app, stop), wake=app.wake))
        visits = DueVisits(app)
        scheduler = schedule(app, visits)
        scheduler.start()
        log.info("daemon.started", extra={"sources": len(app.sources)})
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


class Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires an interval after it fired last.

    APScheduler's own trigger counts each time that a clock passed: a jump of a year is two million.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, _previous_fire_time: datetime | None, now: datetime) -> datetime:
        """When to fire again."""
        return now + self.interval


def schedule(app: App, visits: DueVisits) -> AsyncIOScheduler:
    """The recurring jobs, not started yet.

    No job waits for the time of a visit: times are in the database, and a job looks at them.
    """
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )

    def add(name: str, interval: timedelta, job: Callable[[], Awaitable[None]]) -> None:
        scheduler.add_job(
            _run_job,
            Every(interval),
            args=[name, job],
            id=name,
            next_run_time=datetime.now(UTC),
        )

    add("visits", _VISITS_INTERVAL, visits.start)
    add("rules", _RULES_INTERVAL, lambda: refresh_rules(app))
    if app.settings.raw_retention_days is not None:
        age = timedelta(days=app.settings.raw_retention_days)
        add("raw-retention", _RETENTION_INTERVAL, lambda: delete_old_bytes(app, age))
    return scheduler


def advance_jobs(scheduler: AsyncIOScheduler) -> None:
    """Run the jobs that would wait longer than their interval: the clock was set back."""
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time > now + job.trigger.interval:
            job.modify(next_run_time=now)


async def _run_job(name: str, job: Callable[[], Awaitable[None]]) -> None:
    try:
        await job()
    except asyncio.CancelledError:
        log.debug("daemon.job_cancelled", extra={"job": name})
    except Exception:
        # For example a locked database. What is due stays due.
        log.exception("daemon.job_failed", extra={"job": name})


@dataclass(slots=True)
class DueVisits:
    """Starts the visits that the database says are due, one of a source at a time.

    The due times are stored with each visit, so that a retry comes when it was promised, whatever
    else happened.

    Attributes:
        app: the open application.
        clock: monotonic seconds.
        sleep: waits for so many seconds.
    """

    app: App
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _held_until: dict[str, float] = field(default_factory=dict)
    _unwritten: Counter[str] = field(default_factory=Counter)
    _limit: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Make the limit of visits at the same time."""
        self._limit = asyncio.Semaphore(self.app.settings.crawl.concurrency)

    async def start(self) -> None:
        """Start what is due and not under way."""
        due = await asyncio.to_thread(due_sources, self.app, spread_out=True)
        clock = self.clock()
        free = [s for s in due if self._held_until.get(s.id, clock) <= clock]
        for position, source in enumerate(s for s in free if s.id not in self._tasks):
            # Sources that are due together begin one after the other.
            task = asyncio.create_task(self._visit(source, _START_INTERVAL * position))
            self._tasks[source.id] = task
            task.add_done_callback(partial(self._forget, source.id))

    async def finish(self) -> None:
        """Wait for the visits that are under way."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def cancel(self) -> None:
        """End the visits that are under way."""
        while self._tasks:
            for task in self._tasks.values():
                task.cancel()
            await self.finish()

    def _forget(self, source_id: str, _task: asyncio.Task[None]) -> None:
        del self._tasks[source_id]

    async def _visit(self, source: Source, delay: float) -> None:
        await self.sleep(delay)
        async with self._limit:
            report = await _visit_safely(source, self.app)
        if report.closed:
            self._unwritten.pop(source.id, None)
            self._held_until.pop(source.id, None)
            return
        # Nothing of the visit is in the database, where the source is still due.
        self._unwritten[source.id] += 1
        pause = _UNWRITTEN_BACKOFF.delay(self._unwritten[source.id])
        self._held_until[source.id] = self.clock() + pause


async def delete_old_bytes(app: App, age: timedelta) -> None:
    """Delete raw bytes that are older than ``age``, unless the clock may be ahead.

    A clock that is a year ahead would delete everything. It is believed where something was also
    stored between a day and a month ago.
    """
    now = app.context.now()

    def is_clock_believed() -> bool:
        with app.context.database.read() as session:
            return has_snapshot_between(session, now - _RECENTLY, now - _RETENTION_INTERVAL)

    def delete() -> int:
        with app.context.database.write() as session:
            return delete_raw_bytes(session, now - age)

    if not await asyncio.to_thread(is_clock_believed):
        log.warning("retention.refused")
        return
    log.info("retention.done", extra={"pages": await asyncio.to_thread(delete)})


async def _visit_safely(source: Source, app: App) -> VisitReport:
    """Visit a source; an error is logged and ends this visit alone."""
    try:
        return await visit(source, app.context)
    except Exception as error:
        log.exception("visit.failed", extra={"source": source.id})
        report = VisitReport(source.id, Outcome.ERROR)
        report.add_fault(error)
        report.reason = report.fault
        return report

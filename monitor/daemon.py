"""The daemon: schedule, visits, delivery and the bot in one asyncio loop; signals end it cleanly.

A visit that is under way when the signal comes is finished up to its next request. What it has
not written yet is seen again at the next start, because pages, changes and alerts are written
together.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor import __version__
from monitor.app import (
    App,
    outbox_worker,
    refresh_rules,
    report_refused_token,
    serve_bot,
    token_setting,
)
from monitor.catalogue.model import Source
from monitor.http_server import listening
from monitor.ingest.context import HEALTHY, VisitReport
from monitor.ingest.rounds import (
    Reachability,
    failed_visits,
    failure_counts,
    failure_details,
    hosts_of,
)
from monitor.ingest.schedule import next_start, spread
from monitor.ingest.visit import visit
from monitor.model.documents import Outcome
from monitor.model.status import Heartbeat, Loop
from monitor.outbox.worker import deliver_due, delivery_loop
from monitor.probes import ProbeEndpoint
from monitor.retry import Backoff
from monitor.storage.engine import newest_revision
from monitor.storage.frontier import visit_times
from monitor.storage.heartbeats import delete_heartbeats, write_heartbeat
from monitor.storage.provenance import has_snapshot_between
from monitor.storage.raw_bytes import delete_raw_bytes

log = logging.getLogger(__name__)

_VISITS_INTERVAL = timedelta(seconds=15)
_RULES_INTERVAL = timedelta(seconds=15)
_RETENTION_INTERVAL = timedelta(days=1)
_RECENTLY = timedelta(days=30)
_CLOCK_INTERVAL = timedelta(minutes=1)
_TOKEN_INTERVAL = timedelta(minutes=10)
_HEARTBEAT_INTERVAL = timedelta(minutes=1)
_DEAD_INTERVAL = timedelta(days=1)
_SILENT_SECONDS = 600.0
_START_INTERVAL = 0.5
_STOP_SECONDS = 8.0
_PROGRESS_SECONDS = 15.0
_PROBED_HOSTS = 3
_MAX_AGAIN = 3
_SILENT_HOSTS = 4
_NETWORK_BACKOFF = Backoff(initial=120.0, maximum=1800.0)
_PAUSED_HOST_SECONDS = 600.0
_UNWRITTEN_BACKOFF = Backoff(initial=60.0, maximum=3600.0)


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


def next_visit(app: App) -> str:
    """When the next source is due, in the time zone of the settings; empty without sources."""
    with app.context.database.read() as session:
        known = visit_times(session)
    now = app.context.now()
    times = (known.get(source.id) for source in app.sources)
    due = [
        next_start(at, source, now=now) + spread(at, source)
        for source, at in zip(app.sources, times, strict=True)
    ]
    return shown_time(app, min(due)) if due else ""


def shown_time(app: App, at: datetime) -> str:
    """A time with its zone, as people read it."""
    return f"{at.astimezone(app.context.zone):%Y-%m-%d %H:%M %Z}"


def log_failures(reports: Sequence[VisitReport]) -> None:
    """Log the failed visits of a round in one line."""
    failed = failed_visits(reports)
    if failed:
        log.warning(
            "visits.failed",
            extra={
                "failed": f"{len(failed)} of {len(reports)}",
                "outcomes": failure_counts(failed),
                "reasons": failure_details(failed),
            },
        )


async def run_forever(app: App, stop: asyncio.Event) -> None:
    """Visit each source on its schedule, deliver, and answer the bot's chats, until ``stop``."""
    await asyncio.to_thread(forget_heartbeats, app, host=platform.node())
    beats = {loop: HeartbeatWriter(app, loop, app.context.now()) for loop in Loop}
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


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C set ``stop``; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def request_stop(number: signal.Signals) -> None:
        log.info("daemon.stopping", extra={"signal": number.name})
        stop.set()
        _end_late()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, request_stop, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _end_late() -> None:
    """End the process if it does not end by itself: a thread that asks a resolver cannot be."""

    def end() -> None:
        log.warning("daemon.forced", extra={"seconds": _STOP_SECONDS})
        sys.stdout.flush()
        os._exit(0)

    timer = threading.Timer(_STOP_SECONDS, end)
    timer.daemon = True
    timer.start()


class Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires an interval after it fired last.

    APScheduler's own trigger counts each time that a clock passed: a jump of a year is two million.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, _previous_fire_time: datetime | None, now: datetime) -> datetime:
        """When to fire again."""
        return now + self.interval


def schedule(
    app: App, visits: DueVisits, *, beat: Callable[[], Awaitable[None]] | None = None
) -> AsyncIOScheduler:
    """The recurring jobs, not started yet; ``beat`` is called after each look for due visits.

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

    async def start_visits() -> None:
        await visits.start()
        if beat is not None:
            await beat()

    add("visits", _VISITS_INTERVAL, start_visits)
    add("rules", _RULES_INTERVAL, lambda: refresh_rules(app))
    if app.is_token_refused is not None:
        add("token", _TOKEN_INTERVAL, TokenWatch(app).look)
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
class HeartbeatWriter:
    """Stores that a loop is working, once a minute at most.

    Attributes:
        app: the open application.
        loop: which loop.
        started_at: when the process started.
        clock: monotonic seconds.
    """

    app: App
    loop: Loop
    started_at: datetime
    clock: Callable[[], float] = time.monotonic
    _beat_at: datetime | None = None
    _heard: float = field(init=False)

    def __post_init__(self) -> None:
        """Count from the start."""
        self._heard = self.clock()

    @property
    def is_silent(self) -> bool:
        """Whether the loop was not working of late, whatever the database took."""
        return self.clock() - self._heard > _SILENT_SECONDS

    async def beat(self) -> None:
        """Store a heartbeat if it is time; that this fails does not stop the loop."""
        self._heard = self.clock()
        now, last = self.app.context.now(), self._beat_at
        # A last one that lies ahead is of a clock that was set back.
        if last is not None and last <= now < last + _HEARTBEAT_INTERVAL:
            return
        self._beat_at = now
        try:
            await asyncio.to_thread(self._write, now)
        except Exception:
            log.exception("heartbeat.failed", extra={"loop": self.loop.value})

    def _write(self, now: datetime) -> None:
        beat = Heartbeat(self.loop, platform.node(), os.getpid(), __version__, self.started_at, now)
        with self.app.context.database.write() as session:
            write_heartbeat(session, beat)


@asynccontextmanager
async def serve_probes(app: App, beats: Mapping[Loop, HeartbeatWriter]) -> AsyncIterator[None]:
    """Answer ``/healthz`` and ``/readyz`` while the block runs, if the settings name a port."""
    http = app.settings.http
    if http.port is None:
        yield
        return
    host = f"[{http.host}]" if ":" in http.host else http.host
    endpoint = ProbeEndpoint(
        {"/healthz": partial(silent_loops, beats), "/readyz": partial(unready, app)}
    )
    async with listening(endpoint, f"{host}:{http.port}", setting="http.port") as port:
        log.info("http.started", extra={"address": f"{host}:{port}"})
        yield


async def silent_loops(beats: Mapping[Loop, HeartbeatWriter]) -> str:
    """The loops that do not work any more; a bot is silent while Telegram is away, and no fault."""
    silent = [loop.value for loop in (Loop.SCHEDULER, Loop.DELIVERY) if beats[loop].is_silent]
    return f"silent: {', '.join(silent)}" if silent else ""


async def unready(app: App) -> str:
    """Why the database cannot be used; empty if it can."""
    found, expected = await asyncio.to_thread(app.context.database.revision), newest_revision()
    return "" if found == expected else f"schema {found}, this version has {expected}"


def forget_heartbeats(app: App, *, host: str | None = None) -> None:
    """Delete what daemons that ended left: those of this host, and all that are a day old.

    Otherwise ``monitor status`` would miss a bot that is no longer configured, and the daemon
    of those who now run ``monitor run --once``.
    """
    with app.context.database.write() as session:
        delete_heartbeats(session, host=host, before=app.context.now() - _DEAD_INTERVAL)


@dataclass(slots=True)
class TokenWatch:
    """Says once that Telegram refuses the token: in the log, and to the other channels."""

    app: App
    refused: bool = False

    async def look(self) -> None:
        """Ask Telegram."""
        ask = self.app.is_token_refused
        was, self.refused = self.refused, ask is not None and await ask()
        if self.refused and not was:
            log.error(
                "telegram.token_refused",
                extra={"setting": token_setting(self.app.settings), "what": "alerts are kept"},
            )
            await asyncio.to_thread(report_refused_token, self.app)
        elif was and not self.refused:
            log.info("telegram.token_accepted")


@dataclass(slots=True)
class _Round:
    """The visits since none was under way: how many there are, and how those that ended went.

    ``baseline`` are those of a source that was not visited before; ``answered``: some host gave an
    answer; ``doubted``: other hosts were asked whether there is a network.
    """

    told_at: float
    size: int = 0
    baseline: int = 0
    answered: bool = False
    doubted: bool = False
    reports: list[VisitReport] = field(default_factory=list)


@dataclass(slots=True)
class _Outage:
    """No host answers: since when, how often was looked, and when to look again (monotonic)."""

    since: datetime
    looks: int = 0
    next_look: float = 0.0


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
    _round: _Round = field(init=False)
    _network: Reachability = field(default_factory=Reachability)
    _outage: _Outage | None = None
    _again: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the limit of visits at the same time."""
        self._limit = asyncio.Semaphore(self.app.settings.crawl.concurrency)
        self._round = _Round(self.clock())

    async def start(self) -> None:
        """Start what is due and not under way; without a network nothing but a look for it."""
        if self._outage is not None and not await self._is_over(self._outage):
            return
        due = await asyncio.to_thread(due_sources, self.app, spread_out=True)
        ids = {source.id for source in due}
        due += [s for s in self.app.sources if s.id in self._again and s.id not in ids]
        clock = self.clock()
        free = [s for s in due if self._held_until.get(s.id, clock) <= clock]
        starting = [s for s in free if s.id not in self._tasks]
        self._round.size += len(starting)
        self._round.baseline += await asyncio.to_thread(_first_visits, self.app, starting)
        for position, source in enumerate(starting):
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
        self._network.note(report, source)
        self._hold_unreachable(source, report)
        await self._tell(report)
        if report.closed:
            self._unwritten.pop(source.id, None)
            self._held_until.pop(source.id, None)
            return
        # Nothing of the visit is in the database, where the source is still due.
        self._unwritten[source.id] += 1
        pause = _UNWRITTEN_BACKOFF.delay(self._unwritten[source.id])
        self._held_until[source.id] = self.clock() + pause

    def _hold_unreachable(self, source: Source, report: VisitReport) -> None:
        """Forget that a source waits for the network, or let a host that is still paused be."""
        left = self._again.pop(source.id, 0)
        if left and not report.answered:
            self._again[source.id] = left - 1
            self._held_until[source.id] = self.clock() + _PAUSED_HOST_SECONDS
            if left == 1:
                del self._again[source.id]

    async def _tell(self, report: VisitReport) -> None:
        """Log the progress of a long round, and its end."""
        current = self._round
        current.reports.append(report)
        current.answered = current.answered or report.answered
        if len(current.reports) >= current.size:
            self._round = _Round(self.clock())
            await self._tell_end(current)
        elif not current.doubted and len(self._network.hosts) >= _SILENT_HOSTS:
            current.doubted = True
            if await self._is_cut_off(current):
                self._give_up_round(current)
        elif self.clock() - current.told_at >= _PROGRESS_SECONDS:
            current.told_at = self.clock()
            read = f"{len(current.reports)} of {current.size} sources"
            is_baseline = 2 * current.baseline > current.size
            documents, changes, alerts = _totals(current.reports)
            log.info(
                "visits.progress",
                extra={
                    "baseline": read if is_baseline else "",
                    "visited": "" if is_baseline else read,
                    "documents": documents,
                    "changes": changes,
                    "alerts": alerts,
                },
            )

    async def _is_cut_off(self, current: _Round) -> bool:
        """Whether there is no network: several hosts are away, and others do not answer either."""
        if current.answered or not self._network.is_offline:
            return False
        # The last ones: no visit is at them yet, whose requests would go first.
        current.answered = await self._any_answers(self._other_hosts()[-_PROBED_HOSTS:])
        return not current.answered

    def _other_hosts(self) -> list[str]:
        """The hosts of all sources but those that are known to be away."""
        silent = set(self._network.hosts)
        hosts = dict.fromkeys(host for source in self.app.sources for host in hosts_of(source))
        return [host for host in hosts if host not in silent]

    async def _any_answers(self, hosts: Sequence[str]) -> bool:
        """Whether one of the hosts answers."""
        if not any(await asyncio.gather(*map(self._answers, hosts))):
            return False
        self._network.silent.clear()
        return True

    def _give_up_round(self, current: _Round) -> None:
        """End a round without a network before each of its sources has found that out."""
        if self._round is not current:
            return
        self._round = _Round(self.clock())
        for task in self._tasks.values():
            if task is not asyncio.current_task():
                task.cancel()
        self._begin_outage(current.reports[-1].reason)

    async def _tell_end(self, current: _Round) -> None:
        reports = current.reports
        if self._outage is not None:
            return
        if await self._is_cut_off(current):
            self._begin_outage(reports[-1].reason)
            return
        log_failures(reports)
        documents, changes, alerts = _totals(reports)
        log.info(
            "visits.done",
            extra={
                "visited": len(reports),
                "documents": documents,
                "changes": changes,
                "alerts": alerts,
                "next_visit": await asyncio.to_thread(next_visit, self.app),
            },
        )

    def _begin_outage(self, reason: str) -> None:
        self._outage = _Outage(self.app.context.now())
        seconds = self._look_later(self._outage)
        sources, hosts = len(self._network.silent), len(self._network.hosts)
        log.warning(
            "network.down",
            extra={
                "what": f"no network: {sources} sources of {hosts} hosts cannot be reached",
                "waiting": len(self.app.sources) - sources or None,
                "reason": reason,
                "next_try": shown_time(
                    self.app, self.app.context.now() + timedelta(seconds=seconds)
                ),
            },
        )

    def _look_later(self, outage: _Outage) -> float:
        outage.looks += 1
        seconds = _NETWORK_BACKOFF.delay(outage.looks)
        outage.next_look = self.clock() + seconds
        return seconds

    async def _is_over(self, outage: _Outage) -> bool:
        """Look whether some host answers again; then what failed for it is visited at once."""
        if self.clock() < outage.next_look:
            return False
        away = list(self._network.silent)
        hosts = [*self._other_hosts(), *self._network.hosts]
        first = outage.looks * _PROBED_HOSTS % len(hosts)
        if not await self._any_answers((hosts[first:] + hosts[:first])[:_PROBED_HOSTS]):
            seconds = self._look_later(outage)
            log.debug("network.still_down", extra={"seconds": seconds})
            return False
        log.info(
            "network.up",
            extra={
                "what": f"the network is back; {len(away)} sources are visited now",
                "since": shown_time(self.app, outage.since),
            },
        )
        self._again = dict.fromkeys(away, _MAX_AGAIN)
        self._outage = None
        return True

    async def _answers(self, host: str) -> bool:
        """Whether a host of a source answers; its robots.txt may be requested at any time."""
        source = next(s for s in self.app.sources if host in hosts_of(s))
        address = next(a for a in (*source.lists, *source.pages) if f"//{host}" in a)
        scheme, _, rest = address.partition("://")
        url = f"{scheme}://{rest.partition('/')[0]}/robots.txt"
        route = replace(source.route, robots=False)
        fetched = await self.app.context.fetcher.fetch(url, route=route)
        return fetched.status is not None


def _first_visits(app: App, sources: Sequence[Source]) -> int:
    """How many of the sources were not visited before."""
    if not sources:
        return 0
    with app.context.database.read() as session:
        known = visit_times(session)
    times = (known.get(source.id) for source in sources)
    return sum(one is None or one.last_visit_at is None for one in times)


def _totals(reports: Sequence[VisitReport]) -> tuple[int, int, int]:
    """What visits brought together: documents, changes, alerts."""
    return (
        sum(report.pages[outcome] for report in reports for outcome in HEALTHY),
        sum(len(report.changes) for report in reports),
        sum(report.alerts for report in reports),
    )


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

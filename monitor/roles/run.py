"""``monitor run --role``: one of several processes, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from monitor.app import App, outbox_worker, refresh_rules, schema_mismatch
from monitor.daemon.heartbeats import HeartbeatWriter, forget_heartbeats
from monitor.daemon.jobs import TokenWatch, advance_jobs, schedule
from monitor.daemon.lease import HeldLease
from monitor.daemon.metrics import with_metrics
from monitor.daemon.probes import serve_probes
from monitor.daemon.reporting import is_well, open_ping, reporting
from monitor.daemon.run import answer_chats, supervise
from monitor.daemon.signals import end_late
from monitor.daemon.systemd import notify
from monitor.errors import StorageError, UserError
from monitor.model.processes import Loop, Role
from monitor.outbox.queue import expire_leases
from monitor.outbox.worker import OutboxWorker, delivery_loop
from monitor.roles.crawl import JobVisits
from monitor.roles.network import NetworkWatch
from monitor.roles.queue import (
    QUEUE_FAULTS,
    JobQueue,
    create_tables,
    open_queue,
    tables_mismatch,
)
from monitor.roles.schedule import DueJobs
from monitor.storage.heartbeats import delete_heartbeat

log = logging.getLogger(__name__)

_LOOPS = {
    Role.SCHEDULE: Loop.SCHEDULER,
    Role.CRAWL: Loop.CRAWL,
    Role.DELIVER: Loop.DELIVERY,
    Role.BOT: Loop.BOT,
}
_CLOCK_SECONDS = 60.0
_BEAT_SECONDS = 15.0
_RULES_SECONDS = 15.0
_SCHEMA_SECONDS = 15.0
_TOKEN_SECONDS = 600.0
_TABLES_SECONDS = 60
_OUTBOX_SECONDS = 2.0
_RESTART_SECONDS = 5.0
_STOP_SECONDS = 6.0

Job = Callable[[], Awaitable[None]]
Ready = Callable[[], None]


@dataclass(slots=True)
class _Process:
    """A process with a role: what it has open, and why it must end, if it must."""

    app: App
    stop: asyncio.Event
    beat: HeartbeatWriter
    lease: HeldLease | None = None
    reason: str | None = None

    @property
    def ends_by_itself(self) -> bool:
        """Whether no signal asked it to."""
        return self.reason is not None or (self.lease is not None and self.lease.lost.is_set())

    def end(self, reason: str) -> None:
        """Stop because of something that a person has to change."""
        self.reason = self.reason or reason
        self.stop.set()

    @asynccontextmanager
    async def beside(self, *jobs: tuple[float, Job]) -> AsyncIterator[None]:
        """Call jobs every so many seconds while the block runs."""
        tasks = [asyncio.create_task(self._every(seconds, job)) for seconds, job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _every(self, seconds: float, job: Job) -> None:
        while True:
            try:
                await job()
            except Exception:
                # For example a database that is restarted.
                log.exception("role.job_failed", extra={"role": self.app.role})
            await asyncio.sleep(seconds)

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the process runs."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def watch_database(self) -> None:
        """End when the schema is no longer this version's, or another process has the lease."""
        if self.lease is not None and self.lease.lost.is_set():
            self.stop.set()
        wrong = await asyncio.to_thread(schema_mismatch, self.app.context.database)
        if wrong is not None:
            self.end(wrong)


async def run_role(app: App, stop: asyncio.Event, *, lease: HeldLease | None = None) -> None:
    """Do what the role of the application says, until ``stop``.

    Args:
        app: the open application.
        stop: ends the run; it is also set when the run ends by itself.
        lease: ends the run when it is lost.

    Raises:
        StorageError: the schema is not this version's, or another process took over.
        LoopFailed: the role's loop does not work, and restarts did not help.
        UserError: the role needs what the settings lack.
    """
    app = with_metrics(app)
    if app.role is None:
        raise ValueError("a process without a role does everything")
    beat = HeartbeatWriter(app, _LOOPS[app.role], app.context.now())
    if app.role is Role.CRAWL:
        # There may be several on one machine.
        beat.host = _worker_name()
    process = _Process(app, stop, beat, lease)
    beats = {beat.loop: beat}
    supervisor = supervise(app, stop, beats, {beat.loop: partial(_ROLES[app.role], process)})[0]
    log.info("role.started", extra={"role": app.role.value, "sources": len(app.sources)})
    async with (
        serve_probes(app, beats),
        open_ping(app.settings, partial(is_well, app, beats)) as ping,
        reporting(beats, ping),
        process.beside((_SCHEMA_SECONDS, process.watch_database)),
    ):
        notify(f"READY=1\nSTATUS={app.role.value}")
        try:
            await supervisor.run()
        finally:
            notify("STOPPING=1")
            if not stop.is_set() or process.ends_by_itself:
                stop.set()
                end_late(1)
            with suppress(Exception):
                await asyncio.to_thread(_forget, beat)
    log.info("role.stopped", extra={"role": app.role.value})
    if lease is not None:
        lease.raise_if_lost()
    if process.reason is not None:
        raise StorageError(process.reason)


def _worker_name() -> str:
    return f"{platform.node()}#{os.getpid()}"


def _forget(beat: HeartbeatWriter) -> None:
    """Delete the heartbeat of a process that ends by itself: nobody is to miss it."""
    with beat.app.context.database.write() as connection:
        delete_heartbeat(connection, beat.loop, beat.host, os.getpid())


async def _schedule(process: _Process, ready: Ready) -> None:
    app, stop = process.app, process.stop
    await asyncio.to_thread(forget_heartbeats, app)
    if await asyncio.to_thread(create_tables, app.context.database):
        log.info("jobs.tables_created")
    async with open_queue(app.context.database) as queue:
        scheduler = schedule(app, DueJobs(app, queue), beat=process.beat.beat)
        scheduler.start()
        ready()
        try:
            while not stop.is_set():
                await process.pause(_CLOCK_SECONDS)
                advance_jobs(scheduler)
        finally:
            scheduler.shutdown(wait=False)


async def _crawl(process: _Process, ready: Ready) -> None:
    app, stop = process.app, process.stop
    await _wait_for_tables(process)
    network = NetworkWatch(app)
    visits = JobVisits(app, done=network.note, stop=process.end)
    async with (
        open_queue(app.context.database, visits.make) as queue,
        process.beside(
            (_BEAT_SECONDS, process.beat.beat), (_RULES_SECONDS, lambda: refresh_rules(app))
        ),
    ):
        ready()
        while not stop.is_set():
            await _work(process, queue, network)
            if network.suspected.is_set():
                await network.wait_for_answer(stop)


async def _work(process: _Process, queue: JobQueue, network: NetworkWatch) -> None:
    """Make visits until the process is stopped or there may be no network.

    Errors of the queue are logged, and it goes on after a pause: the database is restarted, or
    this worker was taken for dead.
    """
    work = asyncio.create_task(
        queue.work(
            name=_worker_name(),
            concurrency=process.app.settings.crawl.concurrency,
            patience=_STOP_SECONDS,
        )
    )
    ends = [asyncio.create_task(event.wait()) for event in (process.stop, network.suspected)]
    try:
        await asyncio.wait({work, *ends}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (work, *ends):
            task.cancel()
        failed, *_ = await asyncio.gather(work, *ends, return_exceptions=True)
    if isinstance(failed, QUEUE_FAULTS):
        log.warning("jobs.failed", extra={"reason": str(failed) or type(failed).__name__})
        if (wrong := await asyncio.to_thread(_tables_mismatch, process)) is not None:
            process.end(wrong)
        await process.pause(_RESTART_SECONDS)
    elif isinstance(failed, Exception):
        raise failed


def _tables_mismatch(process: _Process) -> str | None:
    """How the tables of the queue differ; None as well while the database cannot be asked."""
    try:
        return tables_mismatch(process.app.context.database)
    except Exception:  # noqa: BLE001 - the fault that led here is logged
        return None


async def _wait_for_tables(process: _Process) -> None:
    """Wait until the process that schedules has made the tables of the queue."""
    for _ in range(_TABLES_SECONDS):
        wrong = await asyncio.to_thread(tables_mismatch, process.app.context.database)
        if wrong is None or process.stop.is_set():
            return
        await process.pause(1.0)
    process.end(f"{wrong}; no process with the role schedule has made them")


async def _deliver(process: _Process, ready: Ready) -> None:
    app = process.app
    if app.token is None:
        log.warning("role.no_token", extra={"what": "alerts of Telegram chats wait"})
    if process.lease is not None:
        await asyncio.to_thread(_expire_leases, app)
    worker = outbox_worker(app, process.stop, beat=process.beat.beat)
    jobs: list[tuple[float, Job]] = [
        (_OUTBOX_SECONDS, lambda: _wake_if_due(app, worker)),
        (_RULES_SECONDS, lambda: refresh_rules(app)),
    ]
    if app.is_token_refused is not None:
        jobs.append((_TOKEN_SECONDS, TokenWatch(app).look))
    async with process.beside(*jobs):
        ready()
        try:
            await delivery_loop(worker, wake=app.wake)
        finally:
            await worker.abandon()


def _expire_leases(app: App) -> None:
    """Take over at once what the deliverer before this one has left; there is one at a time."""
    with app.context.database.write() as connection:
        expire_leases(connection, now=app.context.now())


async def _wake_if_due(app: App, worker: OutboxWorker) -> None:
    """Wake the worker for what other processes have put into the outbox."""
    due = await worker.next_due()
    if due is not None and due <= app.context.now():
        app.wake.set()


async def _bot(process: _Process, ready: Ready) -> None:
    app = process.app
    if app.token is None:
        raise UserError(
            "the role bot needs a token", hint="set MONITOR_TELEGRAM__TOKEN or telegram.token_file"
        )
    async with process.beside((_RULES_SECONDS, lambda: refresh_rules(app))):
        await answer_chats(app, process.stop, process.beat.beat, ready)


_ROLES: Mapping[Role, Callable[[_Process, Ready], Awaitable[None]]] = {
    Role.SCHEDULE: _schedule,
    Role.CRAWL: _crawl,
    Role.DELIVER: _deliver,
    Role.BOT: _bot,
}

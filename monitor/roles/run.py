"""``monitor run --role``: one of several processes, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from monitor.app import App, outbox_worker, refresh_rules, schema_mismatch, serve_bot
from monitor.daemon.heartbeats import HeartbeatWriter, forget_heartbeats
from monitor.daemon.jobs import TokenWatch, advance_jobs, schedule
from monitor.daemon.probes import serve_probes
from monitor.errors import StorageError, UserError
from monitor.model.status import Loop, Role
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
_OFFLINE_SECONDS = 120.0


@dataclass(slots=True)
class _Process:
    """A process with a role: what it has open, and why it must end, if it must."""

    app: App
    stop: asyncio.Event
    beat: HeartbeatWriter
    reason: str | None = None

    def end(self, reason: str) -> None:
        """Stop because of something that a person has to change."""
        self.reason = self.reason or reason
        self.stop.set()

    async def every(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        """Call a job again and again; what it raises is logged."""
        while not self.stop.is_set():
            try:
                await job()
            except Exception:
                # For example a database that is restarted.
                log.exception("role.job_failed", extra={"role": self.app.role})
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), seconds)

    async def watch_schema(self) -> None:
        """End when the schema is no longer this version's: another process was upgraded."""
        wrong = await asyncio.to_thread(schema_mismatch, self.app.context.database)
        if wrong is not None:
            self.end(wrong)


async def run_role(app: App, stop: asyncio.Event) -> None:
    """Do what the role of the application says, until ``stop``.

    Raises:
        StorageError: the schema is not this version's.
        UserError: the role needs what the settings lack.
    """
    if app.role is None:
        raise ValueError("a process without a role does everything")
    beat = HeartbeatWriter(app, _LOOPS[app.role], app.context.now())
    if app.role is Role.CRAWL:
        # There may be several on one machine.
        beat.host = _worker_name()
    process = _Process(app, stop, beat)
    log.info("role.started", extra={"role": app.role.value, "sources": len(app.sources)})
    async with serve_probes(app, {beat.loop: beat}):
        watch = asyncio.create_task(process.every(_SCHEMA_SECONDS, process.watch_schema))
        try:
            await _ROLES[app.role](process)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            with suppress(Exception):
                await asyncio.to_thread(_forget, beat)
    log.info("role.stopped", extra={"role": app.role.value})
    if process.reason is not None:
        raise StorageError(process.reason)


def _worker_name() -> str:
    return f"{platform.node()}#{os.getpid()}"


def _forget(beat: HeartbeatWriter) -> None:
    """Delete the heartbeat of a process that ends by itself: nobody is to miss it."""
    with beat.app.context.database.write() as session:
        delete_heartbeat(session, beat.loop, beat.host, os.getpid())


async def _schedule(process: _Process) -> None:
    app, stop = process.app, process.stop
    await asyncio.to_thread(forget_heartbeats, app)
    if await asyncio.to_thread(create_tables, app.context.database):
        log.info("jobs.tables_created")
    async with open_queue(app.context.database) as queue:
        scheduler = schedule(app, DueJobs(app, queue), beat=process.beat.beat)
        scheduler.start()
        try:
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _CLOCK_SECONDS)
                advance_jobs(scheduler)
        finally:
            scheduler.shutdown(wait=False)


async def _crawl(process: _Process) -> None:
    app, stop = process.app, process.stop
    await _wait_for_tables(process)
    network = NetworkWatch(app)
    visits = JobVisits(app, done=network.note, stop=process.end)
    async with open_queue(app.context.database, visits.make) as queue:
        sides = [
            asyncio.create_task(process.every(_BEAT_SECONDS, process.beat.beat)),
            asyncio.create_task(process.every(_RULES_SECONDS, lambda: refresh_rules(app))),
        ]
        while not stop.is_set():
            await _work(process, queue, network)
            if network.suspected.is_set():
                await network.wait_for_answer(stop)
        await asyncio.gather(*sides)


async def _work(process: _Process, queue: JobQueue, network: NetworkWatch) -> None:
    """Make visits until the process is stopped or there may be no network.

    Errors of the queue are logged, and it goes on after a pause: the database is restarted, or
    this worker was taken for dead.
    """
    app = process.app
    patience = _STOP_SECONDS
    work = asyncio.create_task(
        queue.work(
            name=_worker_name(),
            concurrency=app.settings.crawl.concurrency,
            patience=patience,
        )
    )
    ends = [asyncio.create_task(event.wait()) for event in (process.stop, network.suspected)]
    try:
        await asyncio.wait({work, *ends}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (work, *ends):
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        failed = (await asyncio.gather(work, return_exceptions=True))[0]
    if isinstance(failed, QUEUE_FAULTS):
        log.warning("jobs.failed", extra={"reason": str(failed) or type(failed).__name__})
        if (wrong := await asyncio.to_thread(_tables_mismatch, process)) is not None:
            process.end(wrong)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.stop.wait(), _RESTART_SECONDS)
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
        with suppress(TimeoutError):
            await asyncio.wait_for(process.stop.wait(), 1.0)
    process.end(f"{wrong}; no process with the role schedule has made them")


async def _deliver(process: _Process) -> None:
    app, stop = process.app, process.stop
    if app.token is None:
        log.warning("role.no_token", extra={"what": "alerts of Telegram chats wait"})
    worker = outbox_worker(app, stop, beat=process.beat.beat)
    sides = [
        asyncio.create_task(process.every(seconds, job))
        for seconds, job in (
            (_OUTBOX_SECONDS, lambda: _wake_if_due(app, worker)),
            (_RULES_SECONDS, lambda: refresh_rules(app)),
            *([(_TOKEN_SECONDS, TokenWatch(app).look)] if app.is_token_refused else []),
        )
    ]
    try:
        await delivery_loop(worker, wake=app.wake)
    finally:
        stop.set()
        await asyncio.gather(*sides)


async def _wake_if_due(app: App, worker: OutboxWorker) -> None:
    """Wake the worker for what other processes have put into the outbox."""
    due = await worker.next_due()
    if due is not None and due <= app.context.now():
        app.wake.set()


async def _bot(process: _Process) -> None:
    app = process.app
    if app.token is None:
        raise UserError(
            "the role bot needs a token", hint="set MONITOR_TELEGRAM__TOKEN or telegram.token_file"
        )
    async with serve_bot(app, beat=process.beat.beat):
        await process.every(_RULES_SECONDS, lambda: refresh_rules(app))


_ROLES: Mapping[Role, Callable[[_Process], Awaitable[None]]] = {
    Role.SCHEDULE: _schedule,
    Role.CRAWL: _crawl,
    Role.DELIVER: _deliver,
    Role.BOT: _bot,
}

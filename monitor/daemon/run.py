"""The run: schedule, visits, delivery and the bot in one asyncio loop.

A visit that is under way when the run ends is finished up to its next request. What it has
not written yet is seen again at the next start, because pages, changes and alerts are written
together.
"""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from typing import Any

from monitor.app import App, outbox_worker, report_failed_loop, serve_bot
from monitor.daemon.due import due_sources, next_visit
from monitor.daemon.heartbeats import HeartbeatWriter, forget_heartbeats
from monitor.daemon.lease import HeldLease
from monitor.daemon.metrics import with_metrics
from monitor.daemon.probes import serve_probes, unready
from monitor.daemon.reporting import is_well, open_ping, reporting
from monitor.daemon.signals import end_late
from monitor.daemon.site import with_site
from monitor.daemon.supervisor import Service, Supervisor
from monitor.daemon.systemd import notify
from monitor.daemon.visits import DueVisits
from monitor.errors import MonitorError
from monitor.model.processes import Loop
from monitor.outbox.worker import delivery_loop

log = logging.getLogger(__name__)

_CLOCK_INTERVAL = timedelta(minutes=1)
_LOOPS = (Loop.SCHEDULER, Loop.DELIVERY, Loop.BOT)

Beat = Callable[[], Awaitable[None]]


async def run_forever(app: App, stop: asyncio.Event, *, lease: HeldLease | None = None) -> None:
    """Visit each source on its schedule, deliver, and answer the bot's chats, until ``stop``.

    A loop that fails is started again; see ``supervisor``.

    Args:
        app: the open application.
        stop: ends the run; it is also set when the run ends by itself.
        lease: ends the run when it is lost.

    Raises:
        LoopFailed: a loop does not work, and restarts did not help.
        LeaseLost: another process works on the database.
        UserError: the settings name an address that cannot be listened on.
    """
    app = with_metrics(app)
    await asyncio.to_thread(forget_heartbeats, app, host=platform.node())
    beats = {loop: HeartbeatWriter(app, loop, app.context.now()) for loop in _LOOPS}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serve_probes(app, beats))
        await stack.enter_async_context(with_site(app))
        is_healthy = partial(is_well, app, beats)
        ping = await stack.enter_async_context(open_ping(app.settings, is_healthy))
        supervisors = supervise(app, stop, beats, daemon_services(app, stop, beats))
        runs = [asyncio.create_task(one.run()) for one in supervisors]
        endings: list[Awaitable[object]] = [asyncio.wait(runs)]
        try:
            await _started(app, supervisors, runs, stop)
            async with reporting(beats, ping):
                await _first_done(stop, runs, lease)
        except MonitorError:
            if ping is not None:
                endings.append(ping.fail())
            raise
        finally:
            notify("STOPPING=1")
            if not stop.is_set():
                stop.set()
                end_late(1)
            await asyncio.gather(*endings)
            log.info("daemon.stopped")


def daemon_services(
    app: App, stop: asyncio.Event, beats: Mapping[Loop, HeartbeatWriter]
) -> dict[Loop, Service]:
    """The loops of the daemon; without a token there is no bot."""
    services: dict[Loop, Service] = {
        Loop.SCHEDULER: partial(_schedule_visits, app, stop, beats[Loop.SCHEDULER].beat),
        Loop.DELIVERY: partial(_deliver, app, stop, beats[Loop.DELIVERY].beat),
    }
    if app.token is not None:
        services[Loop.BOT] = partial(answer_chats, app, stop, beats[Loop.BOT].beat)
    return services


def supervise(
    app: App,
    stop: asyncio.Event,
    beats: Mapping[Loop, HeartbeatWriter],
    services: Mapping[Loop, Service],
) -> list[Supervisor]:
    """What runs the loops of a process and starts them again."""

    async def report(reason: str) -> None:
        try:
            await asyncio.to_thread(report_failed_loop, app, reason)
        except Exception:
            log.exception("loop.not_reported")

    async def has_database() -> bool:
        try:
            return not await unready(app)
        except Exception:  # noqa: BLE001 - whatever a driver raises
            return False

    return [
        Supervisor(loop, service, beats[loop], stop, report, has_database)
        for loop, service in services.items()
    ]


async def _schedule_visits(
    app: App, stop: asyncio.Event, beat: Beat, ready: Callable[[], None]
) -> None:
    # A round needs no scheduler.
    from monitor.daemon.jobs import advance_jobs, schedule

    visits = DueVisits(app)
    scheduler = schedule(app, visits, beat=beat)
    scheduler.start()
    ready()
    try:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _CLOCK_INTERVAL.total_seconds())
            advance_jobs(scheduler)
    finally:
        scheduler.shutdown(wait=False)
        await visits.cancel()


async def _deliver(app: App, stop: asyncio.Event, beat: Beat, ready: Callable[[], None]) -> None:
    worker = outbox_worker(app, stop, beat=beat)
    ready()
    try:
        await delivery_loop(worker, wake=app.wake)
    finally:
        await worker.abandon()


async def answer_chats(
    app: App, stop: asyncio.Event, beat: Beat, ready: Callable[[], None]
) -> None:
    """Answer the bot's chats until ``stop``, or until Telegram refuses the token."""
    async with serve_bot(app, beat=beat) as ended:
        ready()
        waiter = asyncio.create_task(stop.wait())
        first: set[asyncio.Future[Any]] = {waiter, ended}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()


async def _started(
    app: App,
    supervisors: Sequence[Supervisor],
    runs: Sequence[asyncio.Task[None]],
    stop: asyncio.Event,
) -> None:
    """Wait until each loop is ready, and say so; a failure before that ends the run."""
    ready = asyncio.gather(*(one.ready.wait() for one in supervisors))
    stopping = asyncio.create_task(stop.wait())
    first: set[asyncio.Future[Any]] = {ready, stopping, *runs}
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not ready.done():
        ready.cancel()
        return
    following = await asyncio.to_thread(next_visit, app)
    log.info(
        "daemon.started",
        extra={
            "sources": len(app.sources),
            "due": len(await asyncio.to_thread(due_sources, app)),
            "next_visit": following,
        },
    )
    notify(f"READY=1\nSTATUS=sources: {len(app.sources)}")


async def _first_done(
    stop: asyncio.Event, runs: Sequence[asyncio.Task[None]], lease: HeldLease | None
) -> None:
    """Wait for the end of the run, and raise why it ends by itself."""
    waiters: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
    if lease is not None:
        waiters.append(asyncio.create_task(lease.lost.wait()))
    try:
        await asyncio.wait({*waiters, *runs}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
    for run in runs:
        if run.done():
            run.result()
    if lease is not None:
        lease.raise_if_lost()

"""``monitor run``: the daemon, or one round of it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from monitor.app import App, check_token, open_app
from monitor.catalogue.model import Source
from monitor.cli.options import ConfigOption, DatabaseOption
from monitor.cli.output import counted, print_status, progress_of
from monitor.config.settings import Settings, load_settings
from monitor.daemon.due import due_sources, next_visit
from monitor.daemon.lease import DAEMON, HeldLease, hold_lease
from monitor.daemon.memory import share_memory_of_threads
from monitor.daemon.once import run_once
from monitor.daemon.signals import stop_on_signals
from monitor.daemon.visits import log_failures
from monitor.errors import MonitorError, UserError
from monitor.ingest.context import VisitReport
from monitor.ingest.rounds import Reachability, failure_counts
from monitor.logs import start_logging
from monitor.model.documents import Outcome
from monitor.model.log import LogLevel
from monitor.model.processes import Role
from monitor.storage.engine import Database


def run(
    once: Annotated[
        bool, typer.Option("--once", help="Visit everything that is due, deliver, and exit.")
    ] = False,
    role: Annotated[
        Role | None,
        typer.Option(help="What this one of several processes on one PostgreSQL does."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Watch all sources, log what changes, and alert. Ctrl-C or SIGTERM ends it cleanly.

    One at a time works on a database; a second one is refused.
    """
    share_memory_of_threads()
    gc.disable()  # until all is loaded
    try:
        settings = load_settings(config, database=database)
        if role is not None:
            _check_role(settings, once=once)
        level = LogLevel.DEBUG if verbose else settings.log.level
        start_logging(form=settings.log.format, level=level)
        asyncio.run(_run(settings, once=once) if role is None else _run_role(settings, role))
    finally:
        gc.enable()


def _check_role(settings: Settings, *, once: bool) -> None:
    if once:
        raise UserError("--once is for a process that does everything", hint="leave out --role")
    store = Database(settings.database)
    store.close()
    if store.is_sqlite:
        raise UserError(
            f"--role needs PostgreSQL: {store.shown} serves one process",
            hint="monitor run without --role does everything; docs/how-to/several-machines.md",
        )
    if find_spec("procrastinate") is None:
        raise UserError(
            "the task queue procrastinate is not installed",
            hint="pip install 'policy-monitor[postgres]'",
        )


async def _run_role(settings: Settings, role: Role) -> None:
    # Loaded for several processes alone, with the library of the queue.
    from monitor.roles.run import run_role

    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        leases = stack.enter_context(closing(Database(settings.database)))
        lease: HeldLease | None = None
        if role is Role.SCHEDULE:
            # Before the schema is upgraded. A process that does everything has the same lease.
            lease = await _hold(leases, stack, stop)
        app = await stack.enter_async_context(open_app(settings, role=role))
        if role in {Role.DELIVER, Role.BOT}:
            lease = await _hold(leases, stack, stop, role.value)
        if stop.is_set():
            return
        if lease is not None:
            app.context.database.fence = lease.check
        await check_token(app)
        _collect_from_here(at_once=True)
        await run_role(app, stop, lease=lease)


async def _run(settings: Settings, *, once: bool) -> None:
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        leases = stack.enter_context(closing(Database(settings.database)))
        lease = await _hold(leases, stack, stop)
        if stop.is_set():
            return
        app = await stack.enter_async_context(open_app(settings))
        if lease is not None:
            app.context.database.fence = lease.check
        await check_token(app)
        if app.token is None:
            print_status(
                "no Telegram token: alerts are printed here, as Telegram would show them "
                "(set MONITOR_TELEGRAM__TOKEN to send them)"
            )
        if not once:
            # One round needs no loops, probes and site.
            from monitor.daemon.run import run_forever

            _collect_from_here(at_once=True)
            await run_forever(app, stop, lease=lease)
            return
        _collect_from_here(at_once=False)
        reports = await _round(app, stop, lease)
        if reports is None:
            return
        log_failures(reports)
        print_status(_summary(reports, await asyncio.to_thread(next_visit, app)))
    if reports and all(report.outcome is Outcome.ERROR for report in reports):
        raise MonitorError(_why_nothing(reports, app.sources))


def _collect_from_here(*, at_once: bool) -> None:
    """Let the collector run, and never walk what is loaded by now, which stays to the end.

    What loading left behind would stay, too, unless it is collected ``at_once``: 2 MB for 0.1 s,
    which pay in a process that stays.
    """
    if at_once:
        gc.collect()
    gc.freeze()
    gc.enable()


async def _hold(
    database: Database, stack: AsyncExitStack, stop: asyncio.Event, name: str = DAEMON
) -> HeldLease | None:
    """Hold a lease of the database; None for one in memory, and if a signal ended the wait."""
    if database.is_sqlite and database.file is None:
        return None
    taking = asyncio.ensure_future(stack.enter_async_context(hold_lease(database, name)))
    return taking.result() if await _finishes(taking, stop) else None


async def _round(
    app: App, stop: asyncio.Event, lease: HeldLease | None
) -> list[VisitReport] | None:
    """One round of visits with a progress bar; None if a signal or a lost lease ended it."""
    done: list[VisitReport] = []
    due = len(due_sources(app))
    with progress_of("visiting", due) as advance:

        def count(report: VisitReport) -> None:
            done.append(report)
            advance()

        work = asyncio.create_task(run_once(app, done=count))
        if await _finishes(work, stop, *(() if lease is None else (lease.lost,))):
            return await work
    print_status(f"stopped: {len(done)} of {counted(due, 'source')} visited")
    if lease is not None:
        lease.raise_if_lost()
    return None


async def _finishes(work: asyncio.Future[Any], *events: asyncio.Event) -> bool:
    """Whether ``work`` is done before one of the events is set; otherwise it is cancelled."""
    waiters = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait({work, *waiters}, return_when=asyncio.FIRST_COMPLETED)
    for waiter in waiters:
        waiter.cancel()
    if work.done():
        return True
    work.cancel()
    await asyncio.wait({work})
    return False


def _why_nothing(reports: Sequence[VisitReport], sources: Sequence[Source]) -> str:
    """Why no source could be visited: there is no network, or what the first visit said."""
    network = Reachability()
    by_id = {source.id: source for source in sources}
    for report in reports:
        network.note(report, by_id[report.source_id])
    first = f"the first said: {reports[0].reason}"
    if network.is_offline and len(network.silent) == len(reports):
        return (
            f"no network: {counted(len(reports), 'source')} of "
            f"{counted(len(network.hosts), 'host')} cannot be reached; {first}"
        )
    return f"no source could be visited; {first}"


def _summary(reports: Sequence[VisitReport], following: str) -> str:
    """What a round brought, in one line."""
    failed = failure_counts(reports)
    parts = [
        f"{counted(len(reports), 'source')} visited" + (f" ({failed})" if failed else ""),
        counted(sum(r.new_addresses for r in reports), "new address", "new addresses"),
        counted(sum(len(r.changes) for r in reports), "change"),
        counted(sum(r.alerts for r in reports), "alert"),
    ]
    return ", ".join(parts) + (f"; next visit due {following}" if following else "")

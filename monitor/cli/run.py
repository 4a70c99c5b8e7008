"""``monitor run``: the daemon, or one round of it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from monitor.app import open_app
from monitor.cli.options import ConfigOption, DatabaseOption
from monitor.cli.output import print_status, progress
from monitor.config.settings import Settings, load_settings
from monitor.daemon import due_sources, run_forever, run_once, stop_on_signals
from monitor.errors import MonitorError
from monitor.ingest.context import VisitReport
from monitor.logs import start_logging
from monitor.model.documents import Outcome


def run(
    once: Annotated[
        bool, typer.Option("--once", help="Visit everything that is due, deliver, and exit.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Watch all sources, log what changes, and alert. Ctrl-C or SIGTERM ends it cleanly."""
    settings = load_settings(config, database=database)
    start_logging(verbose=verbose)
    reports = asyncio.run(_run(settings, once=once))
    if reports and all(report.outcome is Outcome.ERROR for report in reports):
        raise MonitorError(f"no source could be visited; the first said: {reports[0].reason}")


async def _run(settings: Settings, *, once: bool) -> list[VisitReport]:
    stop = asyncio.Event()
    async with open_app(settings, console=Console()) as app:
        if app.token is None:
            print_status(
                "no Telegram token: alerts are printed here, as Telegram would show them "
                "(set MONITOR_TELEGRAM__TOKEN to send them)"
            )
        with stop_on_signals(stop):
            if not once:
                await run_forever(app, stop)
                return []
            with progress() as bar:
                task = bar.add_task("visiting", total=len(due_sources(app)))
                work = asyncio.create_task(run_once(app, done=lambda _: bar.advance(task)))
                waiter = asyncio.create_task(stop.wait())
                await asyncio.wait({work, waiter}, return_when=asyncio.FIRST_COMPLETED)
                waiter.cancel()
                if not work.done():
                    work.cancel()
                    await asyncio.wait({work})
                    return []
            reports = await work
    total = sum(len(report.changes) for report in reports)
    print_status(
        f"{len(reports)} sources visited, {sum(r.new_addresses for r in reports)} new addresses, "
        f"{total} changes, {sum(r.alerts for r in reports)} alerts"
    )
    return reports

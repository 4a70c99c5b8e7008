"""``monitor demo``: two rounds of the product on the sample site, which is edited between."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text
from sqlalchemy import text

from monitor.app import App, open_app
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon import run_once
from monitor.demo.site import SampleSite, write_files
from monitor.ingest.context import VisitReport
from monitor.model.documents import Outcome
from monitor.storage.changes import list_changes
from monitor.table import print_table

# The demo's clock: the pages are dated, so the two rounds are too.
_ROUNDS = (datetime(2026, 1, 30, 9, 0, tzinfo=UTC), datetime(2026, 2, 12, 9, 0, tzinfo=UTC))
_NEXT = """\
monitor init          write monitor.toml and example rules into this folder
monitor rules check   check them
monitor sources list  the real catalogue: 31 provinces, State Council, ministries, press
monitor run           watch it; without a Telegram token alerts are printed
monitor changes       the change log; in SQL it is the view change_log
"""


def run_demo(keep: Path | None = None, console: Console | None = None) -> None:
    """Run the demo on the terminal.

    Args:
        keep: a folder for the demo's database and files; None leaves nothing behind.
        console: where to print.
    """
    with ExitStack() as stack:
        if keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-demo-")))
        else:
            folder = keep
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in folder.glob("demo.db*"):
                old.unlink()
        asyncio.run(_run(folder, console or Console(), kept=keep is not None))


async def _run(folder: Path, console: Console, *, kept: bool) -> None:
    async with SampleSite() as site:
        files = write_files(folder, site.base_url)
        # Built without the environment: a token of the user must not send the demo to Telegram.
        settings = Settings.model_construct(
            database=f"sqlite:///{folder / 'demo.db'}",
            catalogue=(files.catalogue,),
            rules=(files.rules,),
            crawl=CrawlSettings(min_delay=0.0),
            telegram=TelegramSettings(),
        )
        clock = list(_ROUNDS)
        async with open_app(settings, console=console, now=lambda: clock[0]) as app:
            console.print(f"A sample site listens at {site.base_url} (loopback only).\n")
            console.rule(f"[bold]Round 1 · {clock[0]:%Y-%m-%d} · the first visit is a baseline")
            reports = await run_once(app)
            _show_visits(console, reports)
            _show_counts(console, app)
            site.round = 2
            clock.pop(0)
            console.print()
            console.rule(f"[bold]Round 2 · {clock[0]:%Y-%m-%d} · the site has changed")
            console.print(
                "Since then: Guizhou's 2026 report came out; Gansu's page got other numbers and\n"
                "another layout; a ministry issued a plan; the press and its e-paper have a new\n"
                "article each; one page was only redrawn; one answers with a firewall's page.\n\n"
                "Alerts, as Telegram would show them (none for the last two):\n"
            )
            reports = await run_once(app)
            console.print()
            _show_visits(console, reports)
            _show_log(console, app)
    console.rule("[bold]What to do next")
    console.print(Text(_NEXT))
    if kept:
        console.print(Text(f"The demo's database is {folder / 'demo.db'}; open it with any tool."))


def _show_visits(console: Console, reports: list[VisitReport]) -> None:
    for report in reports:
        pages = ", ".join(f"{n} {outcome}" for outcome, n in sorted(report.pages.items()))
        unread = [o for o in report.pages if o not in {Outcome.OK, Outcome.NOT_MODIFIED}]
        console.print(
            Text(
                f"  {report.source_id:<13} {report.new_addresses} new; pages: {pages or 'none'}; "
                f"{len(report.changes)} changes, {report.alerts} alerts"
                + (" (not compared)" if unread else ""),
                style="yellow" if unread else "",
            )
        )


def _show_counts(console: Console, app: App) -> None:
    with app.context.database.read() as session:
        documents = session.execute(text("SELECT COUNT(*) FROM document")).scalar_one()
        commitments = session.execute(text("SELECT COUNT(*) FROM commitments_current")).scalar_one()
    console.print(f"  {documents} documents, {commitments} commitments: a baseline; no alerts.")


def _show_log(console: Console, app: App) -> None:
    with app.context.database.read() as session:
        log = list_changes(session, limit=100)
    console.print("\nThe change log (monitor changes)")
    print_table(
        console,
        ("kind", "region", "numbers", "text"),
        [
            (item.change.kind, item.change.region, item.summary, item.change.statement.text)
            for item in reversed(log)
        ],
    )

"""``monitor demo``: the real pipeline over the sample site, twice, with an edit in between."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.crawl import HttpFetcher
from monitor.daemon import Daemon, open_daemon, run_once
from monitor.demo.files import write_files
from monitor.demo.site import SampleSite
from monitor.errors import UserError
from monitor.fetching import fetcher_settings
from monitor.model import Label
from monitor.pipeline import VisitReport
from monitor.settings import CrawlSettings, Settings
from monitor.storage.queries import LoggedChange, list_changes

ZONE = ZoneInfo("Asia/Shanghai")
# The sample site's second edition is of 2 and 3 February 2026. What appears long after it was
# published is history to the monitor, so the demo's clock stands where the story happens.
FIRST_VISIT = datetime(2026, 2, 1, 9, 0, tzinfo=ZONE)
SECOND_VISIT = datetime(2026, 2, 3, 18, 0, tzinfo=ZONE)

EDITS = (
    "贵州: this year's report appears in the column; last year's is drawn anew, with a counter",
    "甘肃: the page gets a new layout, and in the same hour two numbers in it change",
    "四川: a firewall answers instead of the page",
    "the trade paper: a new article with two governments, a ministry, delegates, an expert, a firm",
    "the e-paper: a new issue",
)

_SETTINGS = """\
# Left by monitor demo: the history of the sample site, to look around in.
database = "sqlite:///monitor.db"
rules = ["rules.yaml"]
catalogue = ["sources.yaml"]
"""


@dataclass
class _Clock:
    """The demo's time; it stands still but for the leap between the visits."""

    time: datetime

    def now(self) -> datetime:
        return self.time.astimezone(UTC)


def run_demo(*, keep: Path | None = None, console: Console | None = None) -> None:
    """Show the whole way on a sample site of our own; nothing leaves this machine.

    Args:
        keep: a new folder for the demo's database, rules and settings, to query later; without
            it they are gone at the end.
        console: where to show it; standard output if not named.

    Raises:
        UserError: ``keep`` is there already and not empty.
    """
    with _folder(keep) as folder:
        asyncio.run(_show(folder, console or Console(), keep))


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="monitor-demo-") as name:
            yield Path(name)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise UserError("is there already", file=keep, hint="name a new folder")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


async def _show(folder: Path, console: Console, keep: Path | None) -> None:
    clock = _Clock(FIRST_VISIT)
    async with SampleSite() as site:
        files = write_files(folder, site.base_url)
        # Built without the environment: a demo must never write to the user's own database or
        # speak to the user's own chats.
        settings = Settings.model_construct(
            database=f"sqlite:///{folder / 'monitor.db'}",
            rules=(files.rules,),
            catalogue=(files.catalogue,),
            crawl=CrawlSettings(pace=0.0),
        )
        (folder / "monitor.toml").write_text(_SETTINGS, encoding="utf-8")
        _title(console, f"A sample site stands at {site.base_url}, on this machine only.")
        async with (
            HttpFetcher(fetcher_settings(settings), now=clock.now) as fetcher,
            open_daemon(settings, console=console, fetcher=fetcher, now=clock.now) as daemon,
        ):
            _title(console, "First visit: what stands there is the baseline and alerts nobody.")
            _visits(console, clock, await run_once(daemon), site)
            _title(console, "Two days later, the site has been edited:")
            for edit in EDITS:
                console.print(Text(f"  • {edit}"))
            site.round, clock.time = 2, SECOND_VISIT
            _title(console, "Second visit. Alerts, as Telegram would show them:")
            reports = await run_once(daemon)
            _title(console, "How the visits went:")
            _visits(console, clock, reports, site)
            _title(console, "The change log (monitor changes, or SQL on the view change_log):")
            _log(console, _changes(daemon))
    _next_steps(console, keep)


def _changes(daemon: Daemon) -> list[LoggedChange]:
    with daemon.tools.database.read() as session:
        return list_changes(session, since=SECOND_VISIT.astimezone(UTC), label=Label.COMMITMENT)


def _title(console: Console, words: str) -> None:
    console.print()
    console.print(Text(words, style="bold"))


def _visits(console: Console, clock: _Clock, reports: list[VisitReport], site: SampleSite) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
    for column in ("source", "pages", "changes", "alerts"):
        table.add_column(column, justify="left" if column in {"source", "pages"} else "right")
    for report in reports:
        pages = ", ".join(f"{count} {outcome.value}" for outcome, count in report.pages.items())
        table.add_row(report.source_id, pages or "–", str(len(report.changes)), str(report.alerts))
    console.print(table)
    answers = Counter(line.rpartition(" ")[2] for line in site.requests)
    site.requests.clear()
    told = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
    console.print(Text(f"  {clock.time:%Y-%m-%d %H:%M}; the site answered {told}", style="dim"))


def _log(console: Console, changes: list[LoggedChange]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
    for column in ("kind", "region", "change"):
        table.add_column(column, overflow="fold")
    for change in reversed(changes):
        table.add_row(
            change.change.kind.value,
            change.change.region or "–",
            Text(change.summary or change.change.statement.text),
        )
    console.print(table)


def _next_steps(console: Console, keep: Path | None) -> None:
    _title(console, "What next:")
    steps = (
        [("look around in what the demo left", f"cd {keep} && monitor changes --region 贵州")]
        if keep
        else [("keep the demo's database to query it", "monitor demo --keep demo")]
    )
    steps += [
        ("start a folder of your own", "monitor init watch && cd watch"),
        ("say which changes interest you", "edit rules/, then monitor rules check"),
        ("visit the real sources once", "monitor run --once"),
        ("get alerts in Telegram", "export MONITOR_TELEGRAM__TOKEN=… && monitor run"),
    ]
    for what, how in steps:
        console.print(Text(f"  {what + ':':<38}{how}"))

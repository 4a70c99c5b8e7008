"""A month of the daemon's work in minutes: what should stay flat, stays flat.

    python benchmarks/soak.py [--sources 5000] [--days 30] [--edits 100] [--minutes MINUTES]

One process, a clock that is driven, a site without a network, everything else real: visits, SQLite,
outbox, retention of raw bytes (a week). Each source has a list and an article on a host of its own.
Every day each list is visited, and each article that is due (the older it is the less often);
``--edits`` articles have a number changed that day, and as many sources list a new article. Each
change goes to a chat.

It prints, day by day, memory, open files, threads, and the median CPU time of a visit: of one that
finds nothing to read, and of one that finds something new. The exit code is 1 when, from the second
third of the days to the last one,

- a visit takes more than TIMES as long, or
- memory grows by more than MEMORY, or files or threads by more than a few, or
- a table grows that should not: a row for each source, list or address, or bytes kept beyond the
  retention.

Visits of the first day are history and are not compared. With ``--minutes`` no day begins after so
many minutes: the days until then are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from disk import invented_article
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import text as sql

from monitor.app import App, open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.daemon.retention import apply_retention
from monitor.extraction.regions import region_names
from monitor.fetching.fake import FakeFetcher, FakePage
from monitor.ingest.context import VisitReport
from monitor.model.documents import Fetched
from monitor.storage.retention import RetentionPeriods

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
RETENTION = timedelta(days=7)
TIMES = 1.35
MEMORY = 1.10
FEW = 3
FLAT = (
    *("source", "list_page", "base_page", "robots", "host_pause", "heartbeat", "switch"),
    "recipient",
)
REGIONS = [name for name in region_names() if name.endswith(("省", "自治区"))][:27]


@dataclass
class World(FakeFetcher):
    """The hosts of all sources. A page is made when it is asked for, of its source's text."""

    day: int = 0
    edits: int = 100
    sources: int = 1
    texts: dict[int, bytes] = field(default_factory=dict)

    async def fetch(self, url: str, **options: Any) -> Fetched:
        """See ``Fetcher.fetch``."""
        self.pages = {url: self._page(url)}
        try:
            return await super().fetch(url, **options)
        finally:
            self.asked.clear()

    def changed(self, source: int, day: int) -> bool:
        """Whether the article of a source is edited on a day."""
        return (source - day * self.edits) % self.sources < self.edits

    def _page(self, url: str) -> FakePage:
        if not url.endswith(".html"):
            number = int(url.split("/")[3])
            return FakePage(_listing(number, self._newest(number)).encode(), headers=_HTML)
        source, article = map(int, url.removesuffix(".html").split("/")[3:5])
        known = source * 100 + article
        if known not in self.texts:
            self.texts[known] = invented_article(known)
        edit = sum(self.changed(source, day) for day in range(1, self.day + 1))
        body = self.texts[known].replace("‹edit›".encode(), b"%d" % (1000 + edit))
        return FakePage(body, headers={**_HTML, "etag": f'"{known}-{edit}"'})

    def _newest(self, source: int) -> int:
        """The articles of a source: it lists a new one on the day after an edit."""
        return sum(self.changed(source, day - 1) for day in range(2, self.day + 1))


_HTML = {"content-type": "text/html; charset=utf-8"}


def _listing(source: int, newest: int) -> str:
    rows = "".join(
        f'<li><a href="/{source}/{article}.html">第{source}网第{article}篇文章</a></li>'
        for article in range(newest, -1, -1)
    )
    return f"<html><meta charset=utf-8><ul>{rows}</ul></html>"


def _settings(folder: Path, sources: int) -> Settings:
    lines = ["builtin: false", "sources:"]
    for number in range(sources):
        host = f"http://127.{1 + number // 62_500}.{number // 250}.{1 + number % 250}:1"
        lines.append(
            f"  - {{id: s{number}, name: 第{number}网, region: {REGIONS[number % len(REGIONS)]}, "
            f"document_kind: page, lists: ['{host}/{number}/'], link_pattern: '[.]html$', "
            "list_interval: 12h, page_interval: 12h, allow_private: true}"
        )
    (folder / "c.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rule = "rules:\n  - {id: all, name: 全部, then: {chats: [7]}}\n"
    (folder / "r.yaml").write_text(rule, encoding="utf-8")
    return Settings.model_construct(
        database=f"sqlite:///{folder / 'm.db'}",
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
        topics=(),
        crawl=CrawlSettings(min_delay=0.0, concurrency=1),
        telegram=TelegramSettings(token=SecretStr("1:never-used")),
    )


@dataclass(frozen=True)
class Day:
    """What a day cost, and what the process held at its end."""

    quiet: float  # CPU milliseconds of the median visit that reads nothing
    busy: float  # and of one with a change
    visits: int
    pages: int
    changes: int
    memory: float  # MB, with what the invented site takes
    site: float
    files: int
    threads: int
    size: int
    rows: dict[str, int]


@dataclass
class _Meter:
    """CPU milliseconds between the ends of visits, which come one after another.

    Visits that read more than one page are left out: how many there are changes with the days.
    """

    quiet: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    begin: float = field(default_factory=time.process_time)

    def done(self, report: VisitReport) -> None:
        """A visit ended."""
        now = time.process_time()
        spent, self.begin = (now - self.begin) * 1e3, now
        if report.changes and report.pages.total() == 1:
            self.busy.append(spent)
        elif not report.pages:
            self.quiet.append(spent)


def _memory() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _rows(app: App) -> dict[str, int]:
    database = app.context.database
    with database.read() as connection:
        names = connection.scalars(
            sql(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                " AND name NOT LIKE 'statement_words%'"
            )
        ).all()
        rows = {
            name: int(connection.scalar(sql(f'SELECT COUNT(*) FROM "{name}"')) or 0)  # noqa: S608
            for name in names
        }
        kept = sql("SELECT COUNT(*) FROM blob WHERE codec <> 'gone'")
        return {**rows, "kept bytes": int(connection.scalar(kept) or 0)}


async def soak(
    folder: Path, sources: int, days: int, edits: int, *, minutes: float = math.inf
) -> list[Day]:
    """The days, the first of them with the first visits; none begins after so many minutes."""
    last = time.monotonic() + minutes * 60
    clock = [START]
    world = World(now=lambda: clock[0], edits=edits, sources=sources)
    channel = FakeChannel()
    found: list[Day] = []
    async with open_app(
        _settings(folder, sources),
        console=Console(quiet=True),
        fetcher=world,
        channel=channel,
        now=lambda: clock[0],
    ) as app:
        for day in range(days):
            if time.monotonic() > last:
                break
            world.day = day
            meter = _Meter()
            reports = await run_once(app, done=meter.done)
            await apply_retention(app, RetentionPeriods(raw_bytes=RETENTION))
            changes = sum(len(report.changes) for report in reports)
            assert bool(channel.sent) == bool(changes), (len(channel.sent), changes)
            channel.sent.clear()
            found.append(
                Day(
                    quiet=statistics.median(meter.quiet or [0.0]),
                    busy=statistics.median(meter.busy or [0.0]),
                    visits=len(reports),
                    pages=sum(report.pages.total() for report in reports),
                    changes=changes,
                    memory=_memory(),
                    site=sum(map(sys.getsizeof, world.texts.values())) / 1e6,
                    files=_files(),
                    threads=threading.active_count(),
                    size=app.context.database.size() or 0,
                    rows=_rows(app),
                )
            )
            _print_day(day, found[-1])
            clock[0] += DAY
    return found


def _print_day(number: int, day: Day) -> None:
    print(
        f"day {number + 1:3}: {day.visits} lists, {day.pages} pages, {day.changes} changes; "
        f"a visit that reads nothing {day.quiet:.2f} ms CPU, one with a change {day.busy:.1f} ms; "
        f"{day.memory:.0f} MB, {day.files} files, {day.threads} threads, "
        f"database {day.size / 1e6:.1f} MB",
        flush=True,
    )


def _middle_and_last(days: Sequence[Day]) -> tuple[Sequence[Day], Sequence[Day]]:
    """The second third of the days, and the last."""
    third = max(len(days) // 3, 1)
    return days[third : 2 * third] or days, days[-third:]


def slower(days: Sequence[Day]) -> list[str]:
    """Visits that take longer in the last third of the days than in the second."""
    found = []
    for name in ("quiet", "busy"):
        before, after = (
            statistics.median([getattr(day, name) for day in some if getattr(day, name)] or [0.0])
            for some in _middle_and_last(days)
        )
        if before and after > before * TIMES:
            found.append(f"a {name} visit takes {after:.2f} ms, {before:.2f} before")
    return found


def leaks(days: Sequence[Day]) -> list[str]:
    """What grew from the end of the second third of the days to the end, and should not."""
    middle, last = (some[-1] for some in _middle_and_last(days))
    found = []
    if last.memory > middle.memory * MEMORY:
        found.append(f"memory grows from {middle.memory:.0f} to {last.memory:.0f} MB")
    for name in ("files", "threads"):
        before, after = getattr(middle, name), getattr(last, name)
        if after > before + FEW:
            found.append(f"{name} grow from {before} to {after}")
    for table in (*FLAT, "kept bytes"):
        before, after = middle.rows.get(table, 0), last.rows.get(table, 0)
        if after > before * 1.2 + FEW:
            found.append(f"{table} grows from {before} to {after} rows")
    return found


def main() -> int:
    """Print the days; 1 if something grew that should be flat."""
    parser = argparse.ArgumentParser(description="A month of work in minutes.")
    parser.add_argument("--sources", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=math.inf)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # the first days have nothing to delete
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="monitor-soak-") as folder:
        days = asyncio.run(
            soak(
                Path(folder),
                options.sources,
                options.days,
                options.edits,
                minutes=options.minutes,
            )
        )
    first, middle, last = days[0], days[len(days) // 2], days[-1]
    print(f"{'rows':24} {'first day':>10} {'middle':>10} {'last':>10}")
    for table in sorted(last.rows, key=lambda name: -last.rows[name]):
        if last.rows[table]:
            print(
                f"{table:24} {first.rows[table]:10} {middle.rows[table]:10} {last.rows[table]:10}"
            )
    print(
        f"memory {first.memory:.0f}, {middle.memory:.0f}, {last.memory:.0f} MB, "
        f"with {last.site:.1f} MB of the invented site; "
        f"{options.sources} sources, {len(days)} days, {options.edits} edits a day, "
        f"in {(time.perf_counter() - begin) / 60:.1f} minutes"
    )
    found = slower(days) + leaks(days)
    print("grew: " + ("; ".join(found) or "nothing"))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

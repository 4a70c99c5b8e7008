"""``monitor demo``: two rounds of the product on the sample site, which is edited between."""

from __future__ import annotations

import asyncio
import errno
import shlex
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from monitor.app import App, open_app
from monitor.clock import utc_now
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.daemon.signals import stop_on_signals
from monitor.daemon.site import require_starlette, serve_site, site_address
from monitor.demo.site import SampleSite, write_files
from monitor.errors import MonitorError, StorageError, UserError
from monitor.ingest.context import VisitReport
from monitor.messages.change_text import format_deltas
from monitor.messages.i18n import alert_texts
from monitor.model.documents import Outcome
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.engine import Database
from monitor.table import print_table

# The demo's clock: the pages are dated, so the two rounds are too.
ROUNDS = (datetime(2026, 1, 30, 9, 0, tzinfo=UTC), datetime(2026, 2, 12, 9, 0, tzinfo=UTC))
_NEXT = """\
monitor init          write monitor.toml and example rules into this folder
monitor rules check   check them
monitor sources list  the real catalogue: provinces, ministries, press
monitor run           watch it; without a Telegram token alerts are printed
monitor changes       the change log; in SQL it is the view change_log
monitor demo --web    look at this history in a browser; --keep demo.db keeps it
monitor web           look at your own history
"""
_KEPT = """\
The database of the demo is {path}. Try:

monitor changes --database {url}
monitor fulfilment --region 贵州 --database {url}
monitor history --region 贵州 --metric 算力 --database {url}

or once for all: export MONITOR_DATABASE={url}
"""
_SITE = """\
The history of the demo is at {address} – open it in a browser; Ctrl-C ends it.
"""
_DATABASE = "demo.db"
_FILES = ("sources.yaml", "rules.yaml")
_PARTS = ("", "-wal", "-shm")
_DISK_FAILURES = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO}


def run_demo(
    keep: Path | None = None, console: Console | None = None, *, web_port: int | None = None
) -> None:
    """Run the demo on the terminal.

    Args:
        keep: a database file, such as demo.db, or a folder for the database, the catalogue and the
            rules of the demo; None leaves nothing behind.
        console: where to print.
        web_port: serve the site over the demo's history on this port, 0 for a free one, until
            Ctrl-C; None does not.

    Raises:
        UserError: something else is there, which is not overwritten; or the site cannot be served.
        StorageError: the disk is full or read-only; what was written is removed.
    """
    if web_port is not None:
        require_starlette()
    with ExitStack() as stack:
        if keep is not None and _is_folder(keep):
            folder, database = keep, keep / _DATABASE
            _make_room(database, [folder / name for name in _FILES])
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-demo-")))
            database = folder / _DATABASE if keep is None else keep
            _make_room(database, [])
        console = console or Console()
        written = [database, *(folder / name for name in _FILES)] if keep is not None else []
        try:
            settings = asyncio.run(_run(folder, database, console))
        except DBAPIError as error:
            _remove(written)
            raise StorageError(f"{database}: {error.orig}") from None
        except BaseException:
            # Half a demo is none, and the next one is not to stumble over it.
            _remove(written)
            raise
        if keep is not None:
            url = shlex.quote(f"sqlite:///{database.absolute()}")
            # Commands are copied: no line of theirs is broken.
            console.print(Text(_KEPT.format(path=database, url=url)), soft_wrap=True)
        if web_port is not None:
            asyncio.run(_serve(settings, web_port, console))


def _is_folder(path: Path) -> bool:
    """A name without an ending is a folder, unless there is a file of that name."""
    return path.is_dir() or not (path.suffix or path.is_file())


def _make_room(database: Path, files: Sequence[Path]) -> None:
    """Make the folder of a database, and remove what an earlier demo left there.

    Raises:
        UserError: there is something that no demo has written, or the folder cannot be made.
        StorageError: the disk is full or read-only.
    """
    there = [path for path in (database, *files) if path.exists()]
    if there and not (database.is_file() and is_demo_database(database)):
        raise UserError(
            "this was not written by a demo, and is not overwritten",
            file=there[0],
            hint="name another file or folder with --keep",
        )
    try:
        if not database.parent.is_dir():
            database.parent.mkdir(mode=0o700, parents=True)
        for suffix in _PARTS:
            database.with_name(database.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        if error.errno in _DISK_FAILURES:
            raise StorageError(f"{database}: {error.strerror}") from None
        raise UserError(error.strerror or str(error), file=database) from None


def _remove(written: Sequence[Path]) -> None:
    """Remove a database and files as far as they are there, also on a disk that is failing."""
    for path in written:
        for suffix in _PARTS:
            with suppress(OSError):
                path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_demo_database(path: Path) -> bool:
    """Whether a file is a database that watches nothing but the sample site."""
    database = Database(f"sqlite:///{path}")
    try:
        with database.read() as connection:
            sources = connection.scalars(text("SELECT id FROM source")).all()
    except (SQLAlchemyError, MonitorError):
        return False
    finally:
        database.close()
    return bool(sources) and all(str(source).startswith("demo-") for source in sources)


async def _serve(settings: Settings, port: int, console: Console) -> None:
    """Serve the site until Ctrl-C, as of the day of the second round."""
    database, stop = Database(settings.database), asyncio.Event()
    try:
        with stop_on_signals(stop):
            async with serve_site(settings, database, port, now=clock_from(ROUNDS[-1])) as taken:
                address = site_address(settings, taken)
                console.print(Text(_SITE.format(address=address)), soft_wrap=True)
                await stop.wait()
    finally:
        database.close()


def clock_from(start: datetime) -> Callable[[], datetime]:
    """A clock that shows ``start`` now, and goes on from there."""
    begun = utc_now()
    return lambda: start + (utc_now() - begun)


async def _run(folder: Path, database: Path, console: Console) -> Settings:
    async with SampleSite() as site:
        files = write_files(folder, site.base_url)
        # Built without the environment: a token of the user must not send the demo to Telegram.
        settings = Settings.model_construct(
            database=f"sqlite:///{database}",
            catalogue=(files.catalogue,),
            rules=(files.rules,),
            crawl=CrawlSettings(min_delay=0.0),
            telegram=TelegramSettings(),
        )
        clock = list(ROUNDS)
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
    return settings


def _show_visits(console: Console, reports: list[VisitReport]) -> None:
    for report in reports:
        pages = ", ".join(f"{n} {outcome}" for outcome, n in sorted(report.pages.items()))
        unread = [o for o in report.pages if o not in {Outcome.OK, Outcome.NOT_MODIFIED}]
        console.print(
            Text(
                f"  {report.source_id:<13} {report.new_addresses} new; pages: {pages or 'none'}; "
                f"{_counted(len(report.changes), 'change')}, {_counted(report.alerts, 'alert')}"
                + (" (not compared)" if unread else ""),
                style="yellow" if unread else "",
            )
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


def _show_counts(console: Console, app: App) -> None:
    with app.context.database.read() as connection:
        documents = connection.execute(text("SELECT COUNT(*) FROM document")).scalar_one()
        commitments = connection.execute(
            text("SELECT COUNT(*) FROM commitments_current")
        ).scalar_one()
    console.print(f"  {documents} documents, {commitments} commitments: a baseline; no alerts.")


def _show_log(console: Console, app: App) -> None:
    with app.context.database.read() as connection:
        log = list_changes(connection, ChangeConditions(since=ROUNDS[-1]), limit=100)
    console.print("\nThe change log since then (monitor changes)")
    print_table(
        console,
        ("kind", "region", "numbers", "text"),
        [
            (
                item.change.kind,
                item.change.region,
                format_deltas(item.change.deltas, alert_texts("zh")),
                item.change.statement.text,
            )
            for item in reversed(log)
        ],
    )

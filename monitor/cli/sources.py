"""``monitor sources``: lists, checks, adds, visits and pauses sources."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.atomic_file import read_if_there, replace_text
from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import Catalogue, Source
from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    RegionOption,
    date_of,
    open_database,
    region_of,
)
from monitor.cli.output import Format, counted, print_status, progress, write_rows, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings, load_settings
from monitor.errors import MonitorError, RefusedAddress, UserError
from monitor.model.documents import Outcome
from monitor.public_hosts import check_name
from monitor.retry import CLOCK_SKEW
from monitor.suggestion import did_you_mean
from monitor.urls import parse_url, resolve_url, url_identity

if TYPE_CHECKING:
    # `sources list` shows the catalogue and needs neither network nor extraction.
    from monitor.fetching.fetcher import Fetcher
    from monitor.ingest.context import VisitReport
    from monitor.ingest.source_check import CheckContext, SourceCheck
    from monitor.ingest.suggest import EntrySuggestion
    from monitor.storage.engine import Database
    from monitor.storage.sources import SourceOverview

sources_app = typer.Typer(help="Sources: the places that are watched.", no_args_is_help=True)
_FEW = 3
_SHOWN_CHANGES = 20
# A worker of another machine takes what is due within the skew of the clocks.
_CLAIMED_FOR = CLOCK_SKEW + timedelta(minutes=3)
_CLAIM_INTERVAL = timedelta(minutes=1)


@sources_app.command("list")
def list_sources(
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print the sources: the built-in ones, changed and extended by your files, and how they are.

    Health, visits and pauses are those in the database, if there is one yet.
    """
    settings = load_settings(config, database=database)
    sources = load_catalogue(settings.existing_paths("catalogue")).sources
    now = utc_now()
    known = {} if _is_missing(settings.database) else _overviews(config, database, now)
    zone = ZoneInfo(settings.timezone)
    empty = "the catalogue has no source: see monitor init, and docs/how-to/add-a-source.md"
    if form is Format.TABLE:
        write_rows(
            form,
            ("id", "name", "region", "health", "last visit", "outcome", "next visit", "exceptions"),
            [_cells(source, known.get(source.id), now, zone) for source in sources],
            spare=("exceptions",),
            empty=empty,
        )
        if known:
            print_status(f"times as in {settings.timezone}")
        return
    write_rows(
        form,
        (*_CATALOGUE_COLUMNS, *_STATE_COLUMNS),
        ((*_catalogue_row(one), *_state_row(known.get(one.id), zone)) for one in sources),
    )


@sources_app.command()
def check(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Sources; all enabled ones if none.")
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
) -> None:
    """Request each list of a source once, read its newest article, and print what works.

    Nothing is stored. The last column says what to do; jsonl has more fields.
    """
    settings = load_settings(config)
    catalogue = load_catalogue(settings.existing_paths("catalogue"))
    chosen = [_known(catalogue, source_id) for source_id in ids or ()] or catalogue.enabled
    found = asyncio.run(_check_all(chosen, settings))
    rows = [_row(one) for one in found]
    write_rows(
        form,
        (
            "id",
            "address",
            "outcome",
            "seconds",
            "links",
            "newest",
            "characters",
            "published",
            "next",
            "what",
        ),
        rows,
        objects=(_object(one) for one in found),
        leave_out=() if len(chosen) <= _FEW else ("seconds", "characters", "published", "next"),
    )
    wrong = sum(not one.works for one in found)
    if wrong:
        verb = "does" if wrong == 1 else "do"
        raise MonitorError(
            f"{wrong} of {counted(len(found), 'address', 'addresses')} {verb} not work"
        )


def _refuse_private(address: str) -> None:
    try:
        check_name(parse_url(address).host, address)
    except RefusedAddress as error:
        raise UserError(
            f"{address}: {error.reason}, to which no request is sent",
            hint="add --allow-private if the site is in your own network",
        ) from None


@sources_app.command()
def add(
    url: Annotated[str, typer.Argument(help="A list, a feed, a sitemap, an e-paper or one page.")],
    source_id: Annotated[
        str | None, typer.Option("--id", help="The source's id; made of the address if not given.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its name; the page's if not given.")] = None,
    region: RegionOption = None,
    file: Annotated[
        Path | None,
        typer.Option(help="The catalogue file to add to; the settings' first if not given."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be added; write nothing.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The source is on a private host.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Fetch a page, suggest an entry for it, and add the entry to your catalogue file.

    The rest of the file stays unchanged, comments too.
    """
    from monitor.catalogue.append import with_source

    wanted = resolve_url(url, url)
    if wanted is None:
        raise UserError(f"{url!r} is no address", hint="write one that begins with http(s)://")
    if not allow_private:
        _refuse_private(wanted)
    settings = load_settings(config)
    path = file or next(iter(settings.catalogue), None)
    if path is None and not dry_run:
        raise UserError("no catalogue file", hint="name one with --file, and in the settings")
    own = () if file is None or not file.exists() or file in settings.catalogue else (file,)
    # The file that is named may be the one to begin.
    there = [one for one in settings.catalogue if one != path or one.exists()]
    catalogue = load_catalogue((*there, *own))
    _refuse_known(catalogue, source_id, url, wanted)
    given = {"id": source_id, "name": name, "region": region_of(region)}
    suggestion = asyncio.run(
        _suggest(url, settings, catalogue, {**given, "allow_private": allow_private})
    )
    write_rows(
        Format.TABLE,
        ("key", "value", "confidence", "why"),
        [
            (one.key, one.value, "seen" if one.sure else "a guess", one.why)
            for one in suggestion.keys
        ],
    )
    text = read_if_there(path) if path is not None else ""
    after = with_source(
        text, path or Path("new"), suggestion.values, "added by monitor sources add"
    )
    if dry_run or path is None:
        write_text(after[len(text) :] if after.startswith(text) else after)
        return
    replace_text(path, after)
    print_status(f"{suggestion.values['id']} was added to {path}; next: monitor sources check")
    if path not in settings.catalogue:
        print_status(f"the settings do not list {path} under catalogue yet")


@sources_app.command("visit")
def visit_now(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="An enabled source.")],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Visit a source now, in this process, and print what came.

    Its lists and those of its pages that are due are read, and pages that the catalogue names in
    any case. Alerts are queued for the daemon. A source that is paused is visited and stays paused.
    """
    logging.getLogger("monitor").addHandler(logging.NullHandler())
    settings = load_settings(config, database=database)
    source = _watched(load_catalogue(settings.existing_paths("catalogue")), source_id)
    report, due = asyncio.run(_visit(settings, source))
    write_text("\n".join(visit_lines(report, due)))
    from monitor.ingest.context import HEALTHY

    if report.outcome not in HEALTHY:
        raise MonitorError(f"{source.id}: the visit ended with the outcome {report.outcome}")


@sources_app.command("pause")
def pause(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="An enabled source.")],
    until: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD", help="It is visited again from this day on; else until resume."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Shown in lists.")] = "",
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Keep the daemon from visiting a source. A visit that is under way ends.

    A paused source counts as neither failing nor quiet. Nothing is lost: what its lists still show
    when it is resumed is read then.
    """
    from monitor.storage.sources import pause_source

    day = date_of(until, "--until")
    now = utc_now()
    with _stored_source(source_id, config, database) as (settings, store):
        zone = ZoneInfo(settings.timezone)
        end = None if day is None else datetime.combine(day, time.min, zone).astimezone(UTC)
        if end is not None and end <= now:
            raise UserError(f"--until: {day} is not in the future")
        with store.write() as connection:
            pause_source(connection, source_id, until=end, reason=reason.strip(), now=now)
    ends = "resume it with: monitor sources resume " + source_id
    if end is not None:
        ends = f"until {end.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    print_status(f"{source_id} is paused; {ends}")


@sources_app.command("resume")
def resume(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="A source that is paused.")],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Let the daemon visit a source again; it does at once if a visit was due meanwhile."""
    from monitor.storage.sources import resume_source

    with (
        _stored_source(source_id, config, database, existing=True) as (_, store),
        store.write() as connection,
    ):
        was = resume_source(connection, source_id, now=utc_now())
    print_status(f"{source_id} is resumed" if was else f"{source_id} was not paused")


def _known(catalogue: Catalogue, source_id: str) -> Source:
    source = catalogue.get(source_id)
    if source is None:
        known = [item.id for item in catalogue.sources]
        named = [
            item.id
            for item in catalogue.sources
            if source_id and (source_id in item.name or source_id in (item.region or ""))
        ]
        hint = f"did you mean {named[0]}?" if named else did_you_mean(source_id, known)
        raise UserError(f"unknown source {source_id!r}", hint=hint or "see monitor sources list")
    return source


def _refuse_known(catalogue: Catalogue, source_id: str | None, url: str, wanted: str) -> None:
    if source_id is not None and source_id in catalogue:
        raise UserError(f"there is a source {source_id!r} already", hint="give it another id")
    for source in catalogue:
        if url_identity(wanted) in map(url_identity, (*source.lists, *source.pages)):
            raise UserError(f"{url} is watched already: {source.id}")


def _is_missing(address: str) -> bool:
    """Whether there is surely no database; asked without what opens databases, which is slow."""
    kind, _, path = address.partition(":///")
    return kind == "sqlite" and bool(path) and not Path(path).exists()


def _overviews(
    config: Path | None, database: str | None, now: datetime
) -> Mapping[str, SourceOverview]:
    from monitor.storage.sources import source_overviews

    with open_database(config, database, existing=True) as (_, store), store.read() as connection:
        return source_overviews(connection, now=now)


_CATALOGUE_COLUMNS = (
    *("id", "name", "region", "kind", "family", "enabled", "list_interval", "confidence"),
    *("exceptions", "seen", "lists"),
)
_STATE_COLUMNS = (
    *("health", "last_visit", "outcome", "reason", "next_visit", "paused", "paused_until"),
    "pause_reason",
)


def _catalogue_row(source: Source) -> tuple[object, ...]:
    return (
        source.id,
        source.name,
        source.region,
        source.document_kind,
        source.family,
        source.enabled,
        str(source.list_interval),
        source.confidence,
        ", ".join(source.exceptions),
        " ".join(source.seen),
        " ".join(source.lists or source.pages),
    )


def _state_row(found: SourceOverview | None, zone: ZoneInfo) -> tuple[object, ...]:
    if found is None:
        return (None,) * len(_STATE_COLUMNS)
    pause = found.pause

    def shown(at: datetime | None) -> str | None:
        return None if at is None else at.astimezone(zone).isoformat(timespec="minutes")

    return (
        found.health.value,
        shown(found.last_visit_at),
        found.outcome,
        found.reason,
        shown(found.next_visit_at),
        shown(None if pause is None else pause.since),
        shown(None if pause is None else pause.until),
        None if pause is None else pause.reason,
    )


def _cells(
    source: Source, found: SourceOverview | None, now: datetime, zone: ZoneInfo
) -> tuple[object, ...]:
    """A row for people: one word for how the source is, and short times."""
    named = (source.id, source.name, source.region)
    exceptions = ", ".join(source.exceptions)
    if found is None:
        return (*named, "" if source.enabled else "disabled", "", "", "", exceptions)
    due = found.next_visit_at
    pause = found.pause
    if not source.enabled:
        health, following = "disabled", ""
    elif pause is not None:
        health = "paused"
        following = "" if pause.until is None else _minute(pause.until, zone)
    else:
        health = found.health.value
        following = "due" if due is None or due <= now else _minute(due, zone)
    last = found.last_visit_at
    visited = "never" if last is None else _minute(last, zone)
    return (*named, health, visited, found.outcome, following, exceptions)


def _minute(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _watched(catalogue: Catalogue, source_id: str) -> Source:
    """A source that the daemon visits.

    Raises:
        UserError: it is unknown or not enabled.
    """
    source = _known(catalogue, source_id)
    if not source.enabled:
        raise UserError(
            f"source {source_id!r} is disabled", hint="set enabled: true in your catalogue file"
        )
    return source


@contextmanager
def _stored_source(
    source_id: str, config: Path | None, database: str | None, *, existing: bool = False
) -> Iterator[tuple[Settings, Database]]:
    """The database, which has a source of the catalogue; it is made unless it is to exist."""
    from monitor.app import watched_source
    from monitor.storage.frontier import add_sources

    with open_database(config, database, existing=existing) as (settings, store):
        catalogue = load_catalogue(settings.existing_paths("catalogue"))
        source = _watched(catalogue, source_id)
        with store.write() as connection:
            add_sources(connection, [watched_source(source)], utc_now())
        yield settings, store


async def _visit(settings: Settings, source: Source) -> tuple[VisitReport, str]:
    """Visit a source; how it went, and when it is due again."""
    from rich.console import Console

    from monitor.app import open_app
    from monitor.ingest.visit import visit
    from monitor.storage.frontier import visit_times

    async with open_app(settings, console=Console(stderr=True), only=source) as app:
        store = app.context.database
        with store.faults_told():
            async with _claimed(source, store, app.context.now):
                report = await visit(source, app.context)
            with store.read() as connection:
                due = visit_times(connection)[source.id].next_visit_at
        return (
            report,
            "" if due is None else f"{due.astimezone(app.context.zone):%Y-%m-%d %H:%M %Z}",
        )


@asynccontextmanager
async def _claimed(
    source: Source, store: Database, now: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Keep the daemon from visiting a source while the block visits it.

    The claim is short and renewed: that of a process that was killed ends by itself. After a visit
    that was stopped the source is due when it was before.
    """
    from monitor.storage.engine import DATABASE_FAULTS
    from monitor.storage.sources import claim_visit, replace_claim

    begun = now()
    claimed_until: datetime | None = begun + _CLAIMED_FOR
    replacing = Lock()  # a renewal may be under way in its thread when the visit is stopped
    pages = list(map(url_identity, source.pages))
    with store.write() as connection:
        due = claim_visit(connection, source.id, pages, now=begun, until=begun + _CLAIMED_FOR)

    def replace(new: datetime | None) -> None:
        nonlocal claimed_until
        # If the database fails, the next renewal is early enough, or the claim ends by itself.
        with replacing, suppress(*DATABASE_FAULTS):
            with store.write() as connection:
                replace_claim(connection, source.id, claimed_until, new)
            claimed_until = new

    async def renew() -> None:
        while True:
            await asyncio.sleep(_CLAIM_INTERVAL.total_seconds())
            await asyncio.to_thread(replace, now() + _CLAIMED_FOR)

    renewal = asyncio.create_task(renew())
    try:
        yield
    except BaseException:
        replace(due)
        raise
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)


def visit_lines(report: VisitReport, due: str) -> list[str]:
    """What a visit brought."""
    from monitor.storage.mappers import summary

    pages = ", ".join(f"{count} {outcome}" for outcome, count in report.pages.most_common())
    reason = f": {report.reason}" if report.reason else ""
    changes = [
        " ".join(filter(None, (f"  {one.kind}", one.region, summary(one), one.statement.text)))
        for one in report.changes[:_SHOWN_CHANGES]
    ]
    if len(report.changes) > _SHOWN_CHANGES:
        changes.append(f"  and {len(report.changes) - _SHOWN_CHANGES} more: monitor changes")
    transition = [] if report.transition is None else [f"health     {report.transition}"]
    queued = " queued; monitor run sends them" if report.alerts else " queued"
    return [
        f"outcome    {report.outcome}{reason}",
        *transition,
        f"addresses  {report.new_addresses} new",
        f"documents  {report.pages.total()} requested" + (f": {pages}" if pages else ""),
        f"changes    {len(report.changes)}",
        *changes,
        f"alerts     {report.alerts}{queued}",
        f"next visit {due}",
    ]


async def _check_all(sources: Sequence[Source], settings: Settings) -> list[SourceCheck]:
    from monitor.app import fetcher_settings
    from monitor.fetching.fetcher import HttpFetcher
    from monitor.ingest.source_check import check_source

    limit = asyncio.Semaphore(settings.crawl.concurrency)
    async with HttpFetcher(fetcher_settings(settings)) as fetcher:
        with progress() as bar:
            task = bar.add_task("asking", total=len(sources))
            context = _check_context(fetcher, settings)

            async def one(source: Source) -> list[SourceCheck]:
                async with limit:
                    found = await check_source(source, context)
                bar.advance(task)
                return found

            found = await asyncio.gather(*map(one, sources))
    return [one for checks in found for one in checks]


async def _suggest(
    url: str, settings: Settings, catalogue: Catalogue, given: Mapping[str, object]
) -> EntrySuggestion:
    from monitor.app import fetcher_settings
    from monitor.fetching.fetcher import HttpFetcher
    from monitor.ingest.suggest import suggest_entry

    async with HttpFetcher(fetcher_settings(settings)) as fetcher:
        return await suggest_entry(url, _check_context(fetcher, settings), catalogue, given)


def _check_context(fetcher: Fetcher, settings: Settings) -> CheckContext:
    from monitor.extraction.topics import load_topics
    from monitor.ingest.source_check import CheckContext

    return CheckContext(
        fetcher, load_topics(settings.existing_paths("topics")), utc_now, perf_counter
    )


def _row(one: SourceCheck) -> tuple[object, ...]:
    newest = " ".join(filter(None, (str(one.newest or ""), one.newest_title)))
    following = {True: "yes", False: "no", None: ""}[one.next_page]
    what = "; ".join(filter(None, (one.reason, one.suggestion)))
    outcome = one.outcome if one.works or one.outcome is not Outcome.OK else "fails"
    asked = (one.id, one.address, outcome, one.seconds)
    return (*asked, one.links, newest, one.length, one.published, following, what)


def _object(one: SourceCheck) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(one).items()
    }

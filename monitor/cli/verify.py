"""``monitor verify``: the log recomputed from the stored bytes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.catalogue.loader import load_catalogue
from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    date_of,
    open_database,
)
from monitor.cli.output import Format, counted, print_status, progress, write_rows
from monitor.cli.reading import parser_process
from monitor.clock import utc_now
from monitor.errors import UserError
from monitor.extraction.topics import load_topics
from monitor.ingest.audit import verify_snapshot
from monitor.storage.provenance import snapshots_between

DayOption = Annotated[
    str | None, typer.Argument(metavar="[DAY]", help="YYYY-MM-DD; today if not given.")
]


def verify(
    day: DayOption = None,
    until: Annotated[
        str | None, typer.Option(help="The last day, when it is more than one.")
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Recompute a day from the stored bytes; print what in the log does not follow from them.

    The exit code is 1 for findings. Statements also differ when the extractor, a topic or the
    selectors of a source have changed since that day.
    """
    begin, end = date_of(day, "DAY"), date_of(until, "--until")
    with open_database(config, database, existing=True) as (settings, store):
        zone = ZoneInfo(settings.timezone)
        first = begin or utc_now().astimezone(zone).date()
        last = end or first
        _refuse_days(first, last, today=utc_now().astimezone(zone).date())
        sources = {
            source.id: source
            for source in load_catalogue(settings.existing_paths("catalogue")).sources
        }
        topics = load_topics(settings.existing_paths("topics"))
        with store.read() as connection:
            ids = snapshots_between(
                connection, _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
            )
            findings = []
            with parser_process() as parser, progress() as bar:
                for snapshot_id in bar.track(ids, description="verifying"):
                    findings += verify_snapshot(
                        connection, snapshot_id, sources=sources, topics=topics, parser=parser
                    )
    write_rows(
        form,
        ("snapshot", "url", "step", "what"),
        ((item.snapshot_id, item.url, item.step, item.what) for item in findings),
        empty=_nothing_found(len(ids), first, last),
    )
    if findings or form is not Format.TABLE:
        print_status(
            f"{counted(len(ids), 'snapshot')} verified, {counted(len(findings), 'finding')}"
        )
    if findings:
        raise typer.Exit(1)


def _refuse_days(first: date, last: date, *, today: date) -> None:
    if last < first:
        raise UserError(f"--until: {last} is before {first}", hint="the first day goes first")
    if first > today:
        raise UserError(f"DAY: {first} is in the future", hint=f"today is {today}")


def _nothing_found(number: int, first: date, last: date) -> str:
    """How much was verified without a finding; if nothing, of which days."""
    if number:
        return f"{counted(number, 'snapshot')} verified, 0 findings"
    days = f"{first}" if first == last else f"{first} to {last}"
    return f"no snapshot of {days}: name a day on which sources were visited"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)

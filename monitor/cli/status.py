"""``monitor status``: the whole monitor on one screen, and an exit code for a checker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor import __version__
from monitor.cli.options import ConfigOption, DatabaseOption
from monitor.cli.output import counted, write_jsonl, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings, load_settings
from monitor.errors import UserError
from monitor.model.status import (
    PausedSource,
    StatusFacts,
    StatusLimits,
    shown_heartbeats,
    span,
)
from monitor.status import Status, read_status
from monitor.storage.engine import Database
from monitor.storage.status import UnhealthySource

_SHOWN_SOURCES = 10
_SHOWN_REASON = 160
_KIB = 1024
_LIMITS = StatusLimits()


class StatusFormat(StrEnum):
    """What ``--format`` of this command takes."""

    TABLE = "table"
    JSON = "json"


def status(
    failing: Annotated[
        int | None,
        typer.Option(
            "--max-failing",
            min=0,
            show_default=False,
            help="More failing sources than this are wrong; if left out, a fifth of all.",
        ),
    ] = None,
    outbox_minutes: Annotated[
        int, typer.Option(min=1, help="An alert that is due for longer is wrong.")
    ] = _LIMITS.outbox // timedelta(minutes=1),
    visit_hours: Annotated[
        int, typer.Option(min=1, help="No visit for longer is wrong, if a source is due.")
    ] = _LIMITS.silence // timedelta(hours=1),
    heartbeat_minutes: Annotated[
        int, typer.Option(min=2, help="An older heartbeat of a loop of the daemon is wrong.")
    ] = _LIMITS.heartbeat // timedelta(minutes=1),
    form: Annotated[
        StatusFormat, typer.Option("--format", "-f", help="How to print.")
    ] = StatusFormat.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print how the monitor is; exit code 1 if something is wrong.

    The database is only read, and not upgraded.
    """
    limits = StatusLimits(
        failing=failing,
        outbox=timedelta(minutes=outbox_minutes),
        silence=timedelta(hours=visit_hours),
        heartbeat=timedelta(minutes=heartbeat_minutes),
    )
    settings = load_settings(config, database=database)
    found = _read_status(settings, limits, utc_now())
    if form is StatusFormat.JSON:
        write_jsonl([_object(found)])
    else:
        write_text("\n".join(_screen(found, ZoneInfo(settings.timezone))))
    if found.problems:
        raise typer.Exit(1)


def _read_status(settings: Settings, limits: StatusLimits, now: datetime) -> Status:
    store = Database(settings.database)
    try:
        if not store.exists:
            raise UserError(
                "there is no database here yet",
                file=store.url.database,
                hint="monitor run makes one; --database names another",
            )
        store.refuse_foreign()
        with store.faults_told():
            return read_status(store, limits=limits, now=now, bot=settings.token() is not None)
    finally:
        store.close()


def _screen(found: Status, zone: ZoneInfo) -> list[str]:
    """The lines of the screen, what is wrong first."""
    facts = found.facts
    problems = [f"WRONG      {problem.text}" for problem in found.problems] or ["all is well"]
    lines = [
        *problems,
        "",
        f"version    {__version__}",
        f"database   {found.address}, {_size(found.size)}, schema {facts.schema or 'none'}",
    ]
    if facts.schema != facts.expected_schema:
        return lines
    return [
        *lines,
        *_source_lines(facts, zone),
        *_outbox_lines(facts, zone),
        *_loop_lines(facts),
        f"chats      {found.chats.active} active, {found.chats.gone} gone, "
        f"{found.chats.asked} asking for access",
        *(
            f"channel    {one.name}: {counted(one.waiting, 'alert')} waiting"
            + ("" if one.active else ", no longer in the settings")
            for one in found.channels
        ),
        *_unhealthy_lines(found.unhealthy, zone),
        *_paused_lines(facts.sources.paused, zone),
    ]


def _source_lines(facts: StatusFacts, zone: ZoneInfo) -> list[str]:
    sources = facts.sources
    health = ", ".join(f"{number} {kind}" for kind, number in sources.health.items())
    if sources.paused:
        health += f", {len(sources.paused)} paused"
    never = f", {sources.never_visited} never visited" if sources.never_visited else ""
    lag = f"{sources.due} due, the longest for {span(sources.lag)}" if sources.due else "none due"
    return [
        f"sources    {sources.total}: {health}{never}",
        f"visits     last {_time(sources.last_visit_at, zone)}, "
        f"next {_time(sources.next_visit_at, zone)}; {lag}",
    ]


def _outbox_lines(facts: StatusFacts, zone: ZoneInfo) -> list[str]:
    outbox = facts.outbox
    waits = "" if outbox.due_since is None else f", due since {_time(outbox.due_since, zone)}"
    lines = [
        f"outbox     {outbox.pending} pending{waits}, {outbox.scheduled} for digests, "
        f"{outbox.sent} sent in the last day, {outbox.dead} dead"
    ]
    if outbox.paused_since is not None:
        lines.append(f"           paused since {_time(outbox.paused_since, zone)}")
    return lines


def _loop_lines(facts: StatusFacts) -> list[str]:
    beats = shown_heartbeats(facts, _LIMITS.heartbeat)
    if not beats:
        return ["loops      no heartbeat: monitor run has not run here yet"]
    return [
        f"loop       {beat.loop}: {span(facts.now - beat.at)} ago, process {beat.process_id} on "
        f"{beat.host}, up {span(beat.at - beat.started_at)}, version {beat.version}"
        for beat in beats
    ]


def _unhealthy_lines(sources: Sequence[UnhealthySource], zone: ZoneInfo) -> list[str]:
    lines = []
    for source in sources[:_SHOWN_SOURCES]:
        reason = " ".join(source.reason.split())[:_SHOWN_REASON]
        what = ": ".join(part for part in (source.outcome or "", reason) if part)
        lines.append(f"{source.health:10} {source.id} since {_time(source.since, zone)}: {what}")
    if len(sources) > _SHOWN_SOURCES:
        lines.append(f"           and {len(sources) - _SHOWN_SOURCES} more: monitor status -f json")
    return lines


def _paused_lines(sources: Sequence[PausedSource], zone: ZoneInfo) -> list[str]:
    lines = []
    for source in sources[:_SHOWN_SOURCES]:
        until = "" if source.until is None else f" until {_time(source.until, zone)}"
        reason = f": {' '.join(source.reason.split())[:_SHOWN_REASON]}" if source.reason else ""
        lines.append(f"paused     {source.id} since {_time(source.since, zone)}{until}{reason}")
    if len(sources) > _SHOWN_SOURCES:
        lines.append(f"           and {len(sources) - _SHOWN_SOURCES} more: monitor sources list")
    return lines


def _time(at: datetime | None, zone: ZoneInfo) -> str:
    return "never" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _size(size: int | None) -> str:
    if size is None:
        return "in memory"
    shown = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if shown < _KIB:
            return f"{shown:.0f} {unit}"
        shown /= _KIB
    return f"{shown:.1f} GiB"


def _object(found: Status) -> dict[str, Any]:
    """The status as ``--format json`` prints it; see docs/reference/json.md."""
    facts = found.facts
    sources, outbox = facts.sources, facts.outbox
    plain: dict[str, Any] = _plain(
        {
            "at": facts.now,
            "ok": not found.problems,
            "problems": [asdict(problem) for problem in found.problems],
            "version": __version__,
            "database": {
                "address": found.address,
                "size": found.size,
                "schema": facts.schema,
                "expected_schema": facts.expected_schema,
            },
            "sources": {
                **asdict(sources),
                "unhealthy": [asdict(source) for source in found.unhealthy],
            },
            "outbox": asdict(outbox),
            "heartbeats": [asdict(beat) for beat in shown_heartbeats(facts, _LIMITS.heartbeat)],
            "chats": asdict(found.chats),
            "channels": [asdict(channel) for channel in found.channels],
        }
    )
    return plain


def _plain(value: Any) -> Any:
    """Times in UTC and lengths in seconds, as JSON can have them."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case timedelta():
            return int(value.total_seconds())
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value

"""Commands over the change log: ``changes`` prints it, ``show`` one change with both texts."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    RegionOption,
    date_of,
    open_database,
    region_of,
)
from monitor.cli.output import Format, print_status, write_jsonl, write_rows
from monitor.errors import UserError
from monitor.json_contract import logged_json
from monitor.model.changes import Basis, Kind
from monitor.model.statements import Label
from monitor.storage.changes import find_change, list_changes

if TYPE_CHECKING:
    from monitor.messages.richtext import Span
    from monitor.model.changes import Change, LoggedChange
    from monitor.model.statements import Statement

_MAX_CHARACTERS_COMPARED = 20_000


def changes(
    form: FormatOption = Format.TABLE,
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Detected on this day or later.")
    ] = None,
    region: RegionOption = None,
    theme: Annotated[str | None, typer.Option(help="One theme, such as compute.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="One kind of change.")] = None,
    basis: Annotated[
        Basis | None, typer.Option(help="What was compared, or that a page is gone or back.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Words in the sentence, of two characters or more: 算力.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most.")] = 50,
    everything: Annotated[
        bool, typer.Option("--all", help="Proposals and opinions too, not commitments alone.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print the change log, newest first."""
    from monitor.messages.change_text import kind_name, unsure_note
    from monitor.messages.i18n import alert_texts

    texts = alert_texts("en")
    name = region_of(region)
    day = date_of(since, "--since")
    with open_database(config, database) as (settings, store):
        zone = ZoneInfo(settings.timezone)
        start = None if day is None else datetime.combine(day, time.min, zone).astimezone(UTC)
        with store.read() as session:
            found = list_changes(
                session,
                since=start,
                region=name,
                theme=theme,
                kind=kind,
                basis=basis,
                label=None if everything else Label.COMMITMENT,
                text=text,
                limit=limit,
            )
    notes = [
        kind_name(item.change, texts)
        if item.change.basis is Basis.WITHDRAWAL
        else unsure_note(item.change, texts)
        for item in found
    ]
    write_rows(
        form,
        ("id", "detected", "kind", "region", "change", "text", "note", "document"),
        (
            (
                item.id,
                item.detected_at.astimezone(zone).date(),
                item.change.kind,
                item.change.region,
                item.summary,
                item.change.statement.text,
                note,
                item.document_title,
            )
            for item, note in zip(found, notes, strict=True)
        ),
        objects=map(logged_json, found),
        leave_out=("document",) if any(notes) else ("document", "note"),
    )
    if form is Format.TABLE and found:
        print_status(f"days as in {settings.timezone}")


def show(
    change_id: Annotated[int, typer.Argument(metavar="ID", help="As `monitor changes` prints it.")],
    as_json: Annotated[bool, typer.Option("--json", help="The change as a JSON object.")] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print one change of the log: both sentences, and what differs between them."""
    with open_database(config, database) as (settings, store), store.read() as session:
        found = find_change(session, change_id)
        if found is None:
            raise UserError(f"the log has no change {change_id}", hint="see monitor changes")
    if as_json:
        write_jsonl([logged_json(found)])
        return
    from rich.console import Console
    from rich.text import Text

    from monitor.channels.terminal import as_text
    from monitor.messages.richtext import Message

    console = Console(soft_wrap=True, highlight=False)
    for name, spans in _lines(found, ZoneInfo(settings.timezone)):
        line = as_text(Message(spans), styles=console.is_terminal)
        console.print(Text(f"{name:<11}", style="dim"), line, sep="", end="\n")


def _lines(found: LoggedChange, zone: ZoneInfo) -> list[tuple[str, tuple[Span, ...]]]:
    from monitor.messages.change_text import headline, inline_diff
    from monitor.messages.richtext import Span

    change = found.change
    before = change.before.text.strip() if change.before else ""
    after = change.after.text.strip() if change.after else ""
    difference = (
        inline_diff(before, after, limit=_MAX_CHARACTERS_COMPARED) if before and after else None
    )
    lines = [
        ("change", (Span(headline(change), bold=True),)),
        ("kind", (Span(f"{change.kind} ({change.basis})"),)),
        ("before", (Span(before or "–"),)),
        ("after", (Span(after or "–"),)),
        ("difference", difference or (Span("–"),)),
        *([] if change.nearest_text is None else [("nearest", (Span(_nearest(change)),))]),
        ("said by", (Span(_said_by(change.statement)),)),
        ("section", (Span(change.statement.section or "–"),)),
        ("document", (Span(f"{found.document_title} {found.published or ''}"),)),
        ("address", (Span(found.url or "–"),)),
        ("detected", (Span(f"{found.detected_at.astimezone(zone):%Y-%m-%d %H:%M %Z}"),)),
    ]
    return [(name, spans) for name, spans in lines]


def _said_by(statement: Statement) -> str:
    said = f"{statement.speaker}, {statement.region or '?'}"
    return f"{said}: {statement.source_line}" if statement.source_line else said


def _nearest(change: Change) -> str:
    """The nearest sentence of the other report, its score, and whether the change is sure."""
    score = "" if change.score is None else f"{change.score:.2f}, "
    return f"{change.nearest_text} ({score}{change.certainty})"

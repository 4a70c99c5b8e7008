"""Commands over the change log: ``changes`` prints it, ``show`` one change with both texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.amounts import deltas_cell
from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    LimitOption,
    RegionOption,
    SinceOption,
    limit_of,
    open_database,
    region_of,
    stated,
    theme_of,
)
from monitor.cli.output import Format, print_more, print_status, write_csv, write_jsonl, write_rows
from monitor.clock import utc_now
from monitor.errors import UserError
from monitor.json_contract import logged_json
from monitor.model.changes import Basis, Kind
from monitor.model.statements import Label
from monitor.periods import start_of
from monitor.storage.changes import ChangeConditions, find_change, list_changes
from monitor.storage.feedback import feedback_summary

if TYPE_CHECKING:
    from monitor.messages.richtext import Span
    from monitor.model.changes import Change, LoggedChange
    from monitor.model.statements import Statement
    from monitor.storage.engine import Transaction

_COLUMNS = ("id", "detected", "kind", "region", "change", "text", "note", "document")
_IN_TABLE = 50
_PAGE = 500
_MAX_CHARACTERS_COMPARED = 20_000
_LABEL = 11


def changes(
    form: FormatOption = Format.TABLE,
    since: SinceOption = None,
    region: RegionOption = None,
    theme: Annotated[str | None, typer.Option(help="One theme, such as compute.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="One kind of change.")] = None,
    basis: Annotated[
        Basis | None, typer.Option(help="What was compared, or that a page is gone or back.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Words in the sentence, of two characters or more: 算力.")
    ] = None,
    limit: LimitOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Proposals and opinions too, not commitments alone.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print the change log, newest first: a table of 50, or all of it as csv or jsonl."""
    name = region_of(region)
    text = stated(text, "--text")
    most = limit_of(limit, form, _IN_TABLE)
    with open_database(config, database, existing=True) as (settings, store):
        zone = ZoneInfo(settings.timezone)
        wanted = ChangeConditions(
            since=None if since is None else start_of(since, "--since", zone, utc_now()),
            region=name,
            theme=theme_of(theme, settings),
            kinds=() if kind is None else (kind,),
            basis=basis,
            label=None if everything else Label.COMMITMENT,
            words=() if text is None else (text,),
        )
        with store.read() as connection:
            if form is Format.JSONL:
                write_jsonl(map(logged_json, _walk(connection, most, wanted)))
            elif form is Format.CSV:
                rows = (_row(form, item, zone) for item in _walk(connection, most, wanted))
                write_csv(_COLUMNS, rows)
            else:
                found = list_changes(connection, wanted, limit=most + 1)
                asked_for = (("region", name), ("kind", kind))
                write_rows(
                    form,
                    _COLUMNS,
                    [_row(form, item, zone) for item in found[:most]],
                    leave_out=(
                        "change",
                        "document",
                        *(column for column, asked in asked_for if asked),
                    ),
                    empty=_nothing_found(theme, text, name, kind, basis, since),
                )
                if found:
                    print_status(f"days as in {settings.timezone}")
                if len(found) > most:
                    print_more("newest", most)


def _walk(connection: Transaction, limit: int, wanted: ChangeConditions) -> Iterator[LoggedChange]:
    """The changes that fit, newest first, a page of them in memory at a time."""
    while limit > 0:
        size = min(limit, _PAGE)
        page = list_changes(connection, wanted, limit=size)
        yield from page
        if len(page) < size:
            return
        limit -= size
        wanted = replace(wanted, before=page[-1].id)


def _row(form: Format, item: LoggedChange, zone: ZoneInfo) -> tuple[object, ...]:
    from monitor.messages.change_text import kind_name, unsure_note
    from monitor.messages.i18n import alert_texts

    texts = alert_texts("en")
    withdrawn = item.change.basis is Basis.WITHDRAWAL
    deltas, text = deltas_cell(item.change.deltas), item.change.statement.text
    if form is Format.TABLE and deltas:
        # In one column: two texts beside each other fit into no usual terminal.
        text = f"{deltas}\n{text.strip()}"
    return (
        item.id,
        item.detected_at.astimezone(zone).date(),
        item.change.kind,
        item.change.region,
        deltas if form is Format.TABLE else item.summary,
        text,
        kind_name(item.change, texts) if withdrawn else unsure_note(item.change, texts),
        item.document_title,
    )


def _nothing_found(
    theme: str | None,
    text: str | None,
    region: str | None,
    kind: Kind | None,
    basis: Basis | None,
    since: str | None,
) -> str:
    """What was looked for in the log without success, and what to try."""
    asked = [
        f"{name} {value}"
        for name, value in (
            ("region", region),
            ("theme", theme),
            ("kind", kind),
            ("basis", basis),
            ("text", text),
            ("since", since),
        )
        if value is not None
    ]
    if not asked:
        return (
            "the change log is empty: monitor run fills it, monitor ingest imports older "
            "reports; --all shows proposals and opinions too"
        )
    return f"no change with {', '.join(asked)}: leave a condition out, or add --all"


def show(
    change_id: Annotated[int, typer.Argument(metavar="ID", help="As `monitor changes` prints it.")],
    as_json: Annotated[bool, typer.Option("--json", help="The change as a JSON object.")] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print one change of the log: both sentences, and what differs between them."""
    with (
        open_database(config, database, existing=True) as (settings, store),
        store.read() as connection,
    ):
        found = find_change(connection, change_id)
        if found is None:
            raise UserError(f"the log has no change {change_id}", hint="see monitor changes")
        corrected = feedback_summary(connection, change_id)
    if as_json:
        write_jsonl([logged_json(found)])
        return
    from rich.console import Console
    from rich.text import Text

    from monitor.channels.terminal import as_text, text_lines
    from monitor.messages.richtext import Message, Span

    console = Console(highlight=False)
    lines = _lines(found, ZoneInfo(settings.timezone))
    if corrected.correction is not None:
        note = f"{corrected.correction} {corrected.note or ''}".strip()
        lines.insert(1, ("corrected", (Span(note),)))
    for name, spans in lines:
        text = as_text(Message(spans), styles=console.is_terminal)
        # An address stays in one line, to be copied.
        width = console.width - _LABEL if name != "address" else len(text) + 1
        label = name
        for line in text_lines(text, max(width, _LABEL)):
            console.print(Text(f"{label:<{_LABEL}}", style="dim") + line, soft_wrap=True)
            label = ""


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
    source, region = statement.source_line, statement.region or "?"
    if source.startswith(region):
        return f"{statement.speaker}: {source}"
    said = f"{statement.speaker}, {region}"
    return f"{said}: {source}" if source else said


def _nearest(change: Change) -> str:
    """The nearest sentence of the other report, its score, and whether the change is sure."""
    score = "" if change.score is None else f"{change.score:.2f}, "
    return f"{change.nearest_text} ({score}{change.certainty})"

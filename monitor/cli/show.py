"""``monitor show``: one change of the log, both texts with what differs."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from monitor.channels.terminal import as_text
from monitor.cli.options import ConfigOption, DatabaseOption, open_database
from monitor.cli.output import write_jsonl
from monitor.errors import UserError
from monitor.json_contract import logged_json
from monitor.messages.change_text import headline
from monitor.messages.richtext import Message, Span
from monitor.messages.text_diff import inline_diff
from monitor.model.changes import LoggedChange
from monitor.storage.changes import find_change

_WHOLE = 20_000


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
    console = Console(soft_wrap=True, highlight=False)
    for name, spans in _lines(found, ZoneInfo(settings.timezone)):
        line = as_text(Message(spans), styles=console.is_terminal)
        console.print(Text(f"{name:<11}", style="dim"), line, sep="", end="\n")


def _lines(found: LoggedChange, zone: ZoneInfo) -> list[tuple[str, tuple[Span, ...]]]:
    change = found.change
    before = change.before.text.strip() if change.before else ""
    after = change.after.text.strip() if change.after else ""
    difference = inline_diff(before, after, limit=_WHOLE) if before and after else None
    lines = [
        ("change", (Span(headline(change), bold=True),)),
        ("kind", (Span(f"{change.kind} ({change.basis})"),)),
        ("before", (Span(before or "–"),)),
        ("after", (Span(after or "–"),)),
        ("difference", difference or (Span("–"),)),
        ("said by", (Span(f"{change.statement.speaker}, {change.statement.region or '?'}"),)),
        ("section", (Span(change.statement.section or "–"),)),
        ("document", (Span(f"{found.document_title} {found.published or ''}"),)),
        ("address", (Span(found.url or "–"),)),
        ("detected", (Span(f"{found.detected_at.astimezone(zone):%Y-%m-%d %H:%M %Z}"),)),
    ]
    return [(name, spans) for name, spans in lines]

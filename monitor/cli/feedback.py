"""``monitor feedback``: what people say is wrong with changes, and deciding about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import ConfigOption, DatabaseOption, FormatOption, open_database
from monitor.cli.output import Format, print_status, write_rows
from monitor.clock import utc_now
from monitor.errors import UserError
from monitor.model.feedback import FeedbackKind, FeedbackState
from monitor.outbox.corrections import decide, recipients_of_change
from monitor.storage.changes import find_change
from monitor.storage.feedback import feedback_summary, list_feedback

if TYPE_CHECKING:
    from monitor.config.settings import Settings

feedback_app = typer.Typer(help="Changes that people call wrong.", no_args_is_help=True)

_OPERATOR = "cli"

ChangeArgument = Annotated[
    int, typer.Argument(metavar="CHANGE", help="The number of a change, as in feedback list.")
]
NoteOption = Annotated[
    str, typer.Option("--note", help="Why; those who are told of a correction read it.")
]


@feedback_app.command("list")
def list_(
    state: Annotated[FeedbackState | None, typer.Option(help="Only those in this state.")] = None,
    change: Annotated[
        int | None, typer.Option(help="Only those on the change with this number.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most.")] = 50,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print what people said is wrong, newest first."""
    _check_number(change)
    with open_database(config, database, existing=True) as (settings, store):
        zone = ZoneInfo(settings.timezone)
        with store.read() as connection:
            found = list_feedback(connection, state=state, change_id=change, limit=limit)
    write_rows(
        form,
        ("change", "given", "kind", "state", "text", "chat", "person", "operator", "note"),
        (
            (
                item.change_id,
                item.at.astimezone(zone).isoformat(timespec="minutes"),
                item.kind,
                item.state,
                item.after_text or item.before_text,
                item.recipient_id,
                item.person,
                item.operator,
                item.note,
            )
            for item in found
        ),
        leave_out=("chat", "person", "operator"),
        empty="nothing is said to be wrong",
    )


@feedback_app.command()
def confirm(
    change: ChangeArgument,
    kind: Annotated[
        FeedbackKind | None,
        typer.Option(help="What is wrong; needed where people say different things."),
    ] = None,
    note: NoteOption = "",
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Confirm that a change is wrong. Those who were sent it are told once; the log is marked."""
    _check_number(change)
    with open_database(config, database, existing=True) as (settings, store):
        named = _chats_of_rules(settings)
        with store.write() as connection:
            counts = dict(feedback_summary(connection, change).counts)
            _check(counts, change, known=find_change(connection, change) is not None)
            if kind is None and len(counts) > 1:
                raise UserError(
                    f"change {change}: people say different things: {', '.join(counts)}",
                    hint="name one with --kind",
                )
            chosen = kind or next(iter(counts))
            if chosen not in counts:
                raise UserError(
                    f"change {change}: nobody says {chosen}", hint=f"they say {', '.join(counts)}"
                )
            decide(
                connection,
                change,
                chosen,
                operator=_OPERATOR,
                now=utc_now(),
                named=named,
                note=note,
            )
            told = len(recipients_of_change(connection, change, named))
    recipients = "1 recipient" if told == 1 else f"{told} recipients"
    print_status(f"change {change} is marked as {chosen}; {recipients} will be told")


@feedback_app.command()
def reject(
    change: ChangeArgument,
    note: NoteOption = "",
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Reject all that people say is wrong with a change; nobody is told."""
    _check_number(change)
    with open_database(config, database, existing=True) as (_, store), store.write() as connection:
        counts = dict(feedback_summary(connection, change).counts)
        _check(counts, change, known=find_change(connection, change) is not None)
        decided = decide(connection, change, None, operator=_OPERATOR, now=utc_now(), note=note)
    people = "1 person" if decided == 1 else f"{decided} people"
    print_status(f"change {change} stays as it is; it was called wrong by {people}")


def _check_number(change: int | None) -> None:
    if change is not None and not 0 < change < 1 << 63:
        raise UserError(f"the log has no change {change}", hint="see monitor changes")


def _check(counts: dict[FeedbackKind, int], change: int, *, known: bool) -> None:
    if not known:
        raise UserError(f"the log has no change {change}", hint="see monitor changes")
    if not counts:
        raise UserError(
            f"change {change}: nothing waits for a decision",
            hint="see monitor feedback list --state open",
        )


def _chats_of_rules(settings: Settings) -> list[int]:
    """The chats that rule files name."""
    from monitor.catalogue.loader import load_catalogue
    from monitor.extraction.topics import load_topics
    from monitor.ingest.rule_vocabulary import rule_vocabulary
    from monitor.rules.loader import load_rules

    topics, catalogue = (
        load_topics(settings.existing_paths("topics")),
        load_catalogue(settings.existing_paths("catalogue")),
    )
    rules = load_rules(
        settings.existing_paths("rules"), rule_vocabulary(topics, catalogue, settings.channels)
    ).rules
    return [to.chat_id for rule in rules for to in rule.recipients]

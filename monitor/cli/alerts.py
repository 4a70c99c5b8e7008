"""``monitor alerts``: what waits for the chats, what was given up, and another try for it."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import ConfigOption, DatabaseOption, FormatOption, open_database
from monitor.cli.output import Format, print_status, write_rows
from monitor.clock import utc_now
from monitor.errors import UserError
from monitor.model.alerts import AlertState
from monitor.outbox.admin import drop_alerts, exhausted_alerts, list_alerts, retry_alerts
from monitor.outbox.worker import MAX_ATTEMPTS

alerts_app = typer.Typer(help="What is on its way to the chats.", no_args_is_help=True)


IdsArgument = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]…", help="Numbers of alerts.")
]


@alerts_app.command("list")
def list_(
    state: Annotated[AlertState | None, typer.Option(help="Only those in this state.")] = None,
    chat: Annotated[int | None, typer.Option(help="Only those of this chat.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most.")] = 50,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print alerts, newest first: dead ones with the reason why they were given up."""
    with open_database(config, database) as (settings, store):
        zone = ZoneInfo(settings.timezone)
        with store.read() as session:
            found = list_alerts(session, state=state, recipient_id=chat, limit=limit)
    write_rows(
        form,
        ("id", "chat", "state", "created", "not_before", "attempts", "changes", "title", "error"),
        (
            (
                item.id,
                item.recipient_id,
                item.state,
                item.created_at.astimezone(zone).isoformat(timespec="minutes"),
                item.not_before.astimezone(zone).isoformat(timespec="minutes"),
                item.attempts,
                item.changes,
                item.title,
                item.error or item.waiting_for,
            )
            for item in found
        ),
        leave_out=("not_before",),
    )


@alerts_app.command()
def retry(
    ids: IdsArgument = None,
    all_given_up: Annotated[
        bool, typer.Option("--given-up", help="Every alert that was refused too often.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Send alerts that were given up after all, or that wait at once."""
    if bool(ids) == all_given_up:
        raise UserError("which alerts?", hint="name numbers of monitor alerts list, or --given-up")
    with open_database(config, database) as (_, store), store.write() as session:
        # What a chat withdrew by /stop is dead too, and not to be sent.
        chosen = exhausted_alerts(session, MAX_ATTEMPTS) if all_given_up else ids or []
        done = retry_alerts(session, chosen, now=utc_now())
    _tell(ids, done, "will be sent")


@alerts_app.command()
def drop(
    ids: IdsArgument = None,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Give up alerts that wait. The log keeps them, and so does alerts list."""
    if not ids:
        raise UserError("which alerts?", hint="name numbers of monitor alerts list")
    with open_database(config, database) as (_, store), store.write() as session:
        done = drop_alerts(session, ids, reason="dropped by the operator")
    _tell(ids, done, "given up")


def _tell(ids: list[int] | None, done: list[int], what: str) -> None:
    for alert_id in sorted(set(ids or ()) - set(done)):
        print_status(f"{alert_id}: left alone; it was sent, is being sent, or is not there")
    print_status(f"{len(done)} alerts {what}")

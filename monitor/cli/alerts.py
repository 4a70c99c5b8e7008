"""``monitor alerts``: the outbox, and retrying or dropping what is in it."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    LimitOption,
    ids_of,
    limit_of,
    open_database,
)
from monitor.cli.output import Format, counted, print_more, print_status, write_rows
from monitor.clock import utc_now
from monitor.errors import UserError
from monitor.model.alerts import AlertState
from monitor.outbox.admin import drop_alerts, exhausted_alerts, list_alerts, retry_alerts
from monitor.outbox.worker import MAX_ATTEMPTS

alerts_app = typer.Typer(help="Alerts in the outbox.", no_args_is_help=True)


IdsArgument = Annotated[list[int] | None, typer.Argument(metavar="[ID]…", help="Ids of alerts.")]
_IN_TABLE = 50
# Bot API: ids of chats have at most 52 significant bits.
_MAX_CHAT = 1 << 52


@alerts_app.command("list")
def list_(
    state: Annotated[AlertState | None, typer.Option(help="Only those in this state.")] = None,
    chat: Annotated[
        int | None,
        typer.Option(
            min=-_MAX_CHAT, max=_MAX_CHAT, help="Only those of this chat: its id, -100123456."
        ),
    ] = None,
    limit: LimitOption = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print alerts, newest first; dead ones with their reason."""
    most = limit_of(limit, form, _IN_TABLE)
    with open_database(config, database, existing=True) as (settings, store):
        zone = ZoneInfo(settings.timezone)
        with store.read() as connection:
            found = list_alerts(connection, state=state, recipient_id=chat, limit=most + 1)
    more = len(found) > most
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
            for item in found[:most]
        ),
        leave_out=(
            "not_before",
            *(() if state is None else ("state",)),
            *(() if chat is None else ("chat",)),
            *(() if any(item.attempts > 1 for item in found) else ("attempts",)),
        ),
        empty=_nothing_found(state, chat),
    )
    if more:
        print_more("newest", most)


@alerts_app.command()
def retry(
    ids: IdsArgument = None,
    all_given_up: Annotated[
        bool, typer.Option("--given-up", help="All alerts that were refused too often.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Send dead alerts again, or waiting ones at once."""
    if bool(ids) == all_given_up:
        raise UserError("no alert is named", hint="ids are in monitor alerts list; or --given-up")
    ids_of(ids, "an alert")
    with open_database(config, database, existing=True) as (_, store), store.write() as connection:
        # Alerts that a chat withdrew by /stop are dead too, and must not be sent.
        chosen = exhausted_alerts(connection, MAX_ATTEMPTS) if all_given_up else ids or []
        done = retry_alerts(connection, chosen, now=utc_now())
    _report(ids, done, "will be sent")


@alerts_app.command()
def drop(
    ids: IdsArgument = None,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Drop waiting alerts. The change log and alerts list keep them."""
    if not ids:
        raise UserError("no alert is named", hint="ids are in monitor alerts list")
    ids_of(ids, "an alert")
    with open_database(config, database, existing=True) as (_, store), store.write() as connection:
        done = drop_alerts(connection, ids, reason="dropped by the operator")
    _report(ids, done, "given up")


def _report(ids: list[int] | None, done: list[int], what: str) -> None:
    for alert_id in sorted(set(ids or ()) - set(done)):
        print_status(f"{alert_id}: unchanged: it was sent, is in flight, or does not exist")
    print_status(f"{counted(len(done), 'alert')} {what}")
    if ids and not done:
        raise typer.Exit(1)


def _nothing_found(state: AlertState | None, chat: int | None) -> str:
    """Which alerts were looked for without success, and what to try."""
    what = " ".join(
        ["no", *([] if state is None else [state.replace("_", " ")]), "alert"]
        + ([] if chat is None else [f"of chat {chat}"])
    )
    if state is None and chat is None:
        return f"{what} in the outbox yet: monitor run fills it, by the rules (monitor rules test)"
    return f"{what} in the outbox: leave out {'--state' if chat is None else '--chat'}"

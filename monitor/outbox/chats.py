"""What becomes of a chat's alerts when it moves, ends, or may not use the bot any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, exists, or_, select, update

from monitor.model.alerts import Access, AccessMode, AlertState, RecipientKind
from monitor.outbox.queue import ERROR_LIMIT
from monitor.storage.base import get_row, update_row
from monitor.storage.engine import Database
from monitor.storage.recipients import is_known, restore_access, save_chat
from monitor.storage.recipients import revoke_access as revoke_chats
from monitor.storage.subscriptions import delete_unused_rules, rules_of
from monitor.storage.tables import alert_table, mute_table, recipient_table, subscription_table

ACCESS_REVOKED = "the chat may not use the bot any more"
UNSENT = (AlertState.PENDING, AlertState.SCHEDULED, AlertState.LEASED)
"""Alerts that may still be sent."""


def forget_chat(connection: Connection, recipient_id: int) -> None:
    """Delete all that is stored of a chat: title, settings, subscriptions, mutes."""
    wanted = rules_of(connection, recipient_id)
    connection.execute(
        delete(subscription_table).where(subscription_table.c.recipient_id == recipient_id)
    )
    delete_unused_rules(connection, wanted)
    connection.execute(delete(mute_table).where(mute_table.c.recipient_id == recipient_id))
    connection.execute(delete(recipient_table).where(recipient_table.c.id == recipient_id))


_SETTINGS = ("language", "access", "digest", "quiet_hours", "timezone", "muted_until")


def move_chat(connection: Connection, old_id: int, new_id: int, *, now: datetime) -> None:
    """Move a chat's settings and subscriptions to another id.

    Telegram gives a group a new id when it becomes a supergroup. A closed topic moves to its
    forum.
    """
    old = get_row(connection, recipient_table, old_id)
    if old is None or old_id == new_id:
        return
    if old.thread_id is None:
        connection.execute(
            update(recipient_table)
            .where(
                recipient_table.c.telegram_id == old_id, recipient_table.c.thread_id.is_not(None)
            )
            .values(telegram_id=new_id)
        )
    if not is_known(connection, new_id):
        save_chat(connection, new_id, title=old.title, now=now, kind=RecipientKind.SUPERGROUP)
        settings = {name: getattr(old, name) for name in _SETTINGS}
        update_row(connection, recipient_table, new_id, **settings)
    is_active = recipient_table.c.access != Access.DENIED
    update_row(connection, recipient_table, new_id, active=is_active)
    for table in (subscription_table, mute_table):
        columns = table.c
        there = select(columns.rule_id).where(columns.recipient_id == new_id)
        connection.execute(
            update(table)
            .where(columns.recipient_id == old_id, columns.rule_id.not_in(there))
            .values(recipient_id=new_id)
        )
    # What the chat said of changes is loaded with the tables of these.
    from monitor.storage.feedback import move_feedback

    move_feedback(connection, old_id, new_id)
    forget_chat(connection, old_id)


def withdraw_alerts(connection: Connection, recipient_id: int, *, reason: str) -> int:
    """Give up all waiting alerts of a chat; the number of them.

    An alert in flight may still arrive; one that is only leased does not.
    """
    waiting = alert_table.c.state.in_(UNSENT)
    withdrawn = connection.scalars(
        update(alert_table)
        .where(alert_table.c.recipient_id == recipient_id, waiting)
        .values(
            state=AlertState.DEAD, error=reason[:ERROR_LIMIT], leased_by=None, leased_until=None
        )
        .returning(alert_table.c.id)
    )
    return len(withdrawn.all())


def move_alerts(connection: Connection, old_id: int, new_id: int) -> None:
    """Move waiting and sent alerts to the new id of a chat; by sent ones it hears of corrections.

    If the new id already has an alert of the same snapshot, source event or notice, the old one
    is given up.
    """
    mine = alert_table.c.recipient_id == old_id
    waiting = (mine, alert_table.c.state.in_(UNSENT))
    other = alert_table.alias().c
    same = or_(
        other.snapshot_id == alert_table.c.snapshot_id,
        other.event_id == alert_table.c.event_id,
        other.notice_id == alert_table.c.notice_id,
    )
    connection.execute(
        update(alert_table)
        .where(
            mine,
            alert_table.c.state.in_((*UNSENT, AlertState.SENT)),
            ~exists().where(other.recipient_id == new_id, same),
        )
        .values(recipient_id=new_id)
    )
    connection.execute(
        update(alert_table)
        .where(*waiting)
        .values(
            state=AlertState.DEAD,
            leased_by=None,
            leased_until=None,
            error=f"already sent to the new id {new_id}",
        )
    )


def revoke_access(
    database: Database, *, access: AccessMode, allowed: Collection[int], named: Collection[int]
) -> list[int]:
    """Deactivate the chats that the settings no longer allow, and restore those they do.

    The alerts that wait for a deactivated chat are withdrawn.

    Args:
        database: holds the chats.
        access: who may use the bot.
        allowed: chats that may use the bot, operators among them.
        named: chats that rule files name; they receive the alerts of these rules.

    Returns:
        The ids of the deactivated chats.
    """
    keep = None if access is AccessMode.OPEN else {*allowed, *named}
    with database.write() as connection:
        # A chat that was left out of the settings by mistake need not subscribe again.
        restore_access(connection, keep)
        if keep is None:
            return []
        revoked = revoke_chats(connection, keep=keep, granted_too=access is AccessMode.APPROVAL)
        for chat_id in revoked:
            withdraw_alerts(connection, chat_id, reason=ACCESS_REVOKED)
    return revoked

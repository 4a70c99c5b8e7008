"""What becomes of a chat's alerts when it moves, ends, or may not use the bot any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from monitor.model.alerts import Access, AccessMode, AlertState, RecipientKind
from monitor.outbox.queue import ERROR_LIMIT
from monitor.storage.engine import Database
from monitor.storage.recipients import restore_access, save_chat
from monitor.storage.recipients import revoke_access as revoke_chats
from monitor.storage.subscriptions import delete_unused_rules, rules_of
from monitor.storage.tables import AlertRow, MuteRow, RecipientRow, SubscriptionRow

ACCESS_REVOKED = "the chat may not use the bot any more"
UNSENT = (AlertState.PENDING, AlertState.SCHEDULED, AlertState.LEASED)
"""Alerts that may still be sent."""


def forget_chat(session: Session, recipient_id: int) -> None:
    """Delete all that is stored of a chat: title, settings, subscriptions, mutes."""
    wanted = rules_of(session, recipient_id)
    session.execute(delete(SubscriptionRow).where(SubscriptionRow.recipient_id == recipient_id))
    delete_unused_rules(session, wanted)
    session.execute(delete(MuteRow).where(MuteRow.recipient_id == recipient_id))
    session.execute(delete(RecipientRow).where(RecipientRow.id == recipient_id))


def move_chat(session: Session, old_id: int, new_id: int, *, now: datetime) -> None:
    """Move a chat's settings and subscriptions to another id.

    Telegram gives a group a new id when it becomes a supergroup. A closed topic moves to its
    forum.
    """
    old = session.get(RecipientRow, old_id)
    if old is None or old_id == new_id:
        return
    if old.thread_id is None:
        session.execute(
            update(RecipientRow)
            .where(RecipientRow.telegram_id == old_id, RecipientRow.thread_id.is_not(None))
            .values(telegram_id=new_id)
        )
    new = session.get(RecipientRow, new_id)
    if new is None:
        save_chat(session, new_id, title=old.title, now=now, kind=RecipientKind.SUPERGROUP)
        new = session.get_one(RecipientRow, new_id)
        for setting in ("language", "access", "digest", "quiet_hours", "timezone", "muted_until"):
            setattr(new, setting, getattr(old, setting))
    new.active = new.access != Access.DENIED
    session.flush()
    for table in (SubscriptionRow, MuteRow):
        there = select(table.rule_id).where(table.recipient_id == new_id)
        session.execute(
            update(table)
            .where(table.recipient_id == old_id, table.rule_id.not_in(there))
            .values(recipient_id=new_id)
            .execution_options(synchronize_session=False)
        )
    # What the chat said of changes is loaded with the tables of these.
    from monitor.storage.feedback import move_feedback

    move_feedback(session, old_id, new_id)
    session.expire_all()
    forget_chat(session, old_id)


def withdraw_alerts(session: Session, recipient_id: int, *, reason: str) -> int:
    """Give up all waiting alerts of a chat; the number of them.

    An alert in flight may still arrive; one that is only leased does not.
    """
    waiting = AlertRow.state.in_(UNSENT)
    withdrawn = session.scalars(
        update(AlertRow)
        .where(AlertRow.recipient_id == recipient_id, waiting)
        .values(
            state=AlertState.DEAD, error=reason[:ERROR_LIMIT], leased_by=None, leased_until=None
        )
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(withdrawn.all())


def move_alerts(session: Session, old_id: int, new_id: int) -> None:
    """Move waiting and sent alerts to the new id of a chat; by sent ones it hears of corrections.

    If the new id already has an alert of the same snapshot, source event or notice, the old one
    is given up.
    """
    mine = AlertRow.recipient_id == old_id
    waiting = (mine, AlertRow.state.in_(UNSENT))
    other = aliased(AlertRow)
    same = or_(
        other.snapshot_id == AlertRow.snapshot_id,
        other.event_id == AlertRow.event_id,
        other.notice_id == AlertRow.notice_id,
    )
    session.execute(
        update(AlertRow)
        .where(
            mine,
            AlertRow.state.in_((*UNSENT, AlertState.SENT)),
            ~exists().where(other.recipient_id == new_id, same),
        )
        .values(recipient_id=new_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(AlertRow)
        .where(*waiting)
        .values(
            state=AlertState.DEAD,
            leased_by=None,
            leased_until=None,
            error=f"already sent to the new id {new_id}",
        )
        .execution_options(synchronize_session=False)
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
    with database.write() as session:
        # A chat that was left out of the settings by mistake need not subscribe again.
        restore_access(session, keep)
        if keep is None:
            return []
        revoked = revoke_chats(session, keep=keep, granted_too=access is AccessMode.APPROVAL)
        for chat_id in revoked:
            withdraw_alerts(session, chat_id, reason=ACCESS_REVOKED)
    return revoked

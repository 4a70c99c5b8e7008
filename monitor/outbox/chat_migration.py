"""What waits for a chat that is gone, or goes on under another number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from monitor.outbox.queue import DEAD, ERROR_LIMIT, HELD, LEASED
from monitor.storage.recipients import REFUSED, remember_chat
from monitor.storage.source_health import PENDING
from monitor.storage.subscriptions import drop_unwanted, rules_of
from monitor.storage.tables import AlertRow, ChatRow, MuteRow, SubscriptionRow


def forget_chat(session: Session, chat_id: int) -> None:
    """Delete all a chat ever told us: its name, its language, its subscriptions, its mutes."""
    wanted = rules_of(session, chat_id)
    session.execute(delete(SubscriptionRow).where(SubscriptionRow.chat_id == chat_id))
    drop_unwanted(session, wanted)
    session.execute(delete(MuteRow).where(MuteRow.chat_id == chat_id))
    session.execute(delete(ChatRow).where(ChatRow.id == chat_id))


def move_chat(session: Session, old_id: int, new_id: int, *, now: datetime) -> None:
    """A group became a supergroup, or a topic is no more: its choices go to the other number."""
    old = session.get(ChatRow, old_id)
    if old is None or old_id == new_id:
        return
    if old.thread_id is None:
        session.execute(
            update(ChatRow)
            .where(ChatRow.telegram_id == old_id, ChatRow.thread_id.is_not(None))
            .values(telegram_id=new_id)
        )
    new = session.get(ChatRow, new_id)
    if new is None:
        remember_chat(
            session,
            new_id,
            title=old.title,
            now=now,
            kind="supergroup",
        )
        new = session.get_one(ChatRow, new_id)
        for choice in ("language", "access", "digest", "quiet", "timezone", "muted_until"):
            setattr(new, choice, getattr(old, choice))
    new.active = new.access != REFUSED
    _hand_over(session, old_id, new_id)
    forget_chat(session, old_id)


def _hand_over(session: Session, old_id: int, new_id: int) -> None:
    session.flush()
    for table in (SubscriptionRow, MuteRow):
        there = select(table.rule_id).where(table.chat_id == new_id)
        session.execute(
            update(table)
            .where(table.chat_id == old_id, table.rule_id.not_in(there))
            .values(chat_id=new_id)
            .execution_options(synchronize_session=False)
        )
    session.expire_all()


def withdraw_alerts(session: Session, chat_id: int, *, reason: str) -> int:
    """Give up all that waits for a chat that wants nothing more; returns how many that was.

    What is on its way this very moment may still arrive; what a sender only holds does not.
    """
    waiting = AlertRow.state.in_((PENDING, HELD, LEASED))
    withdrawn = session.scalars(
        update(AlertRow)
        .where(AlertRow.chat_id == chat_id, waiting)
        .values(state=DEAD, error=reason[:ERROR_LIMIT], lease=None, lease_until=None)
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(withdrawn.all())


def move_alerts(session: Session, old_id: int, new_id: int) -> None:
    """Readdress what still waits for a chat that got a new id.

    What the new id is told of the same snapshot, turn or notice already ends here.
    """
    waiting = (AlertRow.chat_id == old_id, AlertRow.state.in_((PENDING, LEASED, HELD)))
    other = aliased(AlertRow)
    told = or_(
        other.snapshot_id == AlertRow.snapshot_id,
        other.event_id == AlertRow.event_id,
        other.notice_id == AlertRow.notice_id,
    )
    session.execute(
        update(AlertRow)
        .where(*waiting, ~exists().where(other.chat_id == new_id, told))
        .values(chat_id=new_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(AlertRow)
        .where(*waiting)
        .values(state=DEAD, lease=None, lease_until=None, error=f"told under the new id {new_id}")
        .execution_options(synchronize_session=False)
    )

"""The chats that talk with the bot, and which rules each of them wants to hear of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from monitor.storage.outbox_tables import ChatRow, SubscriptionRow

LANGUAGES = ("zh", "en")
"""Languages a chat may choose; the first is the default."""

_TITLE_LIMIT = 256
# SQLite takes 32,766 variables in a statement; far fewer plan faster.
_BATCH = 500


def remember_chat(session: Session, chat_id: int, *, title: str, now: datetime) -> None:
    """Keep a chat that speaks to the bot; one that was given up on is active again."""
    title = title[:_TITLE_LIMIT]
    row = session.get(ChatRow, chat_id)
    if row is None:
        session.add(ChatRow(id=chat_id, title=title, added_at=now))
        session.flush()
        return
    row.title = title or row.title
    row.active = True


def subscribe(session: Session, chat_id: int, rule_id: str, *, now: datetime) -> bool:
    """Let a remembered chat hear of a rule; False when it does already."""
    if session.get(SubscriptionRow, (chat_id, rule_id)) is not None:
        return False
    session.add(SubscriptionRow(chat_id=chat_id, rule_id=rule_id, since=now))
    session.flush()
    return True


def unsubscribe(session: Session, chat_id: int, rule_id: str) -> bool:
    """End a subscription; False when there was none."""
    row = session.get(SubscriptionRow, (chat_id, rule_id))
    if row is None:
        return False
    session.delete(row)
    session.flush()
    return True


def rules_of(session: Session, chat_id: int) -> tuple[str, ...]:
    """The rules a chat hears of, longest standing first."""
    query = (
        select(SubscriptionRow.rule_id)
        .where(SubscriptionRow.chat_id == chat_id)
        .order_by(SubscriptionRow.since, SubscriptionRow.rule_id)
    )
    return tuple(session.scalars(query))


def chats_of_rules(session: Session, rule_ids: Collection[str]) -> dict[str, tuple[int, ...]]:
    """The active chats that subscribed to each rule; a rule nobody wants is left out."""
    wanted = sorted(set(rule_ids))
    found: defaultdict[str, list[int]] = defaultdict(list)
    for start in range(0, len(wanted), _BATCH):
        query = (
            select(SubscriptionRow.rule_id, SubscriptionRow.chat_id)
            .join(ChatRow, ChatRow.id == SubscriptionRow.chat_id)
            .where(
                ChatRow.active.is_(True),
                SubscriptionRow.rule_id.in_(wanted[start : start + _BATCH]),
            )
            .order_by(SubscriptionRow.since, SubscriptionRow.chat_id)
        )
        for rule_id, chat_id in session.execute(query):
            found[rule_id].append(chat_id)
    return {rule_id: tuple(chats) for rule_id, chats in found.items()}


def language_of(session: Session, chat_id: int) -> str:
    """The language a chat chose; Chinese for one we do not know."""
    row = session.get(ChatRow, chat_id)
    return LANGUAGES[0] if row is None or row.language not in LANGUAGES else row.language


def set_language(session: Session, chat_id: int, language: str) -> None:
    """Keep the language of a remembered chat.

    Raises:
        ValueError: it is none of ``LANGUAGES``.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    session.get_one(ChatRow, chat_id).language = language


def deactivate_chat(session: Session, chat_id: int) -> None:
    """Send a chat nothing more until it speaks to the bot again; its choices are kept."""
    row = session.get(ChatRow, chat_id)
    if row is not None:
        row.active = False


def forget_chat(session: Session, chat_id: int) -> None:
    """Delete all a chat ever told us: its name, its language, its subscriptions."""
    session.execute(delete(SubscriptionRow).where(SubscriptionRow.chat_id == chat_id))
    session.execute(delete(ChatRow).where(ChatRow.id == chat_id))


def move_chat(session: Session, old_id: int, new_id: int, *, now: datetime) -> None:
    """A group became a supergroup: its choices go with it to the new id."""
    old = session.get(ChatRow, old_id)
    if old is None or old_id == new_id:
        return
    new = session.get(ChatRow, new_id)
    if new is None:
        new = ChatRow(id=new_id, title=old.title, language=old.language, added_at=now)
        session.add(new)
        session.flush()
    new.active = True
    for rule_id in rules_of(session, old_id):
        subscribe(session, new_id, rule_id, now=now)
    forget_chat(session, old_id)

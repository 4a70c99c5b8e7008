"""Which rules each chat wants to hear of: the rules of the files, and its custom rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from monitor.model.alerts import CUSTOM_RULE_PREFIX
from monitor.storage.base import batches, insert_into, table_of
from monitor.storage.engine import Database
from monitor.storage.tables import CustomRuleRow, MuteRow, RecipientRow, SubscriptionRow


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule that a chat made for itself.

    ``body`` is the rule as JSON, without its id; chats that want the same share one rule.
    """

    id: str
    name: str
    body: str


def subscribe(session: Session, recipient_id: int, rule_id: str, *, now: datetime) -> bool:
    """Let a remembered chat hear of a rule; False when it does already."""
    if session.get(SubscriptionRow, (recipient_id, rule_id)) is not None:
        return False
    session.add(SubscriptionRow(recipient_id=recipient_id, rule_id=rule_id, since=now))
    session.flush()
    return True


def unsubscribe(session: Session, recipient_id: int, rule_id: str) -> bool:
    """End a subscription; False when there was none.

    A custom rule without subscribers is deleted.
    """
    row = session.get(SubscriptionRow, (recipient_id, rule_id))
    if row is None:
        return False
    session.delete(row)
    session.flush()
    unmute(session, recipient_id, rule_id)
    delete_unused_rules(session, (rule_id,))
    return True


def rules_of(session: Session, recipient_id: int) -> tuple[str, ...]:
    """The rules a chat hears of, longest standing first."""
    query = (
        select(SubscriptionRow.rule_id)
        .where(SubscriptionRow.recipient_id == recipient_id)
        .order_by(SubscriptionRow.since, SubscriptionRow.rule_id)
    )
    return tuple(session.scalars(query))


def subscribers_of_rules(session: Session, rule_ids: Collection[str]) -> dict[str, tuple[int, ...]]:
    """The active chats that subscribed to each rule; a rule nobody wants is left out."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for some in batches(rule_ids):
        query = (
            select(SubscriptionRow.rule_id, SubscriptionRow.recipient_id)
            .join(RecipientRow, RecipientRow.id == SubscriptionRow.recipient_id)
            .where(
                RecipientRow.active.is_(True),
                SubscriptionRow.rule_id.in_(some),
            )
            .order_by(SubscriptionRow.since, SubscriptionRow.recipient_id)
        )
        for rule_id, recipient_id in session.execute(query):
            found[rule_id].append(recipient_id)
    return {rule_id: tuple(chats) for rule_id, chats in found.items()}


def save_custom_rule(session: Session, rule: CustomRule, *, now: datetime) -> None:
    """Write a custom rule unless it is there; it stays locked until the transaction ends.

    So whoever drops rules that nobody wants cannot overlook the subscription that follows.
    """
    session.execute(
        insert_into(session, CustomRuleRow)
        .values(id=rule.id, name=rule.name, body=rule.body, created_at=now)
        .on_conflict_do_update(index_elements=[CustomRuleRow.id], set_={"body": rule.body})
    )


def delete_unused_rules(session: Session, rule_ids: Iterable[str]) -> None:
    """Delete those of the custom rules that have no subscriber."""
    own = sorted(rule_id for rule_id in set(rule_ids) if rule_id.startswith(CUSTOM_RULE_PREFIX))
    if not own:
        return
    # First the lock, then the look: a subscription that was just being made is seen.
    session.execute(select(CustomRuleRow.id).where(CustomRuleRow.id.in_(own)).with_for_update())
    session.execute(
        delete(CustomRuleRow)
        .where(
            CustomRuleRow.id.in_(own), ~exists().where(SubscriptionRow.rule_id == CustomRuleRow.id)
        )
        .execution_options(synchronize_session=False)
    )


def custom_rules(session: Session, rule_ids: Collection[str] | None = None) -> list[CustomRule]:
    """All custom rules, or those with these ids."""
    query = select(CustomRuleRow.id, CustomRuleRow.name, CustomRuleRow.body).order_by(
        CustomRuleRow.id
    )
    if rule_ids is not None:
        query = query.where(
            CustomRuleRow.id.in_([i for i in rule_ids if i.startswith(CUSTOM_RULE_PREFIX)])
        )
    return [CustomRule(*row) for row in session.execute(query)]


def custom_rules_version(session: Session) -> tuple[int, datetime | None]:
    """A value that differs whenever the set of custom rules does."""
    row = session.execute(_version_query()).one()
    return row[0], row[1]


@cache
def _version_query() -> Select[int, datetime | None]:
    # Each new page asks, and to build it takes longer than to run it.
    columns = table_of(CustomRuleRow).c
    return select(func.count(columns.id), func.max(columns.created_at))


def custom_rules_reader(
    database: Database,
) -> Callable[[object], tuple[object, list[CustomRule] | None]]:
    """Reads the custom rules, unless they are those of the version that was read last."""

    def read(version: object) -> tuple[object, list[CustomRule] | None]:
        with database.read() as session:
            current = custom_rules_version(session)
            return current, None if current == version else custom_rules(session)

    return read


def mute(session: Session, recipient_id: int, rule_id: str, *, until: datetime | None) -> None:
    """Tell a chat nothing of a rule until then, or until it says so; what comes is not kept."""
    row = session.get(MuteRow, (recipient_id, rule_id))
    if row is None:
        session.add(MuteRow(recipient_id=recipient_id, rule_id=rule_id, until=until))
    else:
        row.until = until
    session.flush()


def unmute(session: Session, recipient_id: int, rule_id: str | None = None) -> int:
    """Hear of a rule again, or of all; returns how many were muted."""
    command = delete(MuteRow).where(MuteRow.recipient_id == recipient_id)
    if rule_id is not None:
        command = command.where(MuteRow.rule_id == rule_id)
    return len(session.scalars(command.returning(MuteRow.rule_id)).all())


def muted_rules(
    session: Session, recipient_id: int, *, now: datetime
) -> dict[str, datetime | None]:
    """The rules a chat has muted, and until when."""
    query = select(MuteRow.rule_id, MuteRow.until).where(
        MuteRow.recipient_id == recipient_id, _lasts(now)
    )
    return dict(session.execute(query).all())


def muted(
    session: Session, rule_ids: Collection[str], *, now: datetime
) -> frozenset[tuple[int, str]]:
    """Pairs of chat and rule that are muted, of these rules."""
    found: set[tuple[int, str]] = set()
    for some in batches(rule_ids):
        query = select(MuteRow.recipient_id, MuteRow.rule_id)
        query = query.where(MuteRow.rule_id.in_(some), _lasts(now))
        found.update((recipient_id, rule_id) for recipient_id, rule_id in session.execute(query))
    return frozenset(found)


def inactive(session: Session, chat_ids: Collection[int]) -> frozenset[int]:
    """Those of some chats that are sent nothing: gone, refused, or removed the bot."""
    gone = select(RecipientRow.id).where(RecipientRow.active.is_(False))
    return frozenset(
        recipient_id
        for some in batches(chat_ids)
        for recipient_id in session.scalars(gone.where(RecipientRow.id.in_(some)))
    )


def _lasts(now: datetime) -> ColumnElement[bool]:
    return or_(MuteRow.until.is_(None), MuteRow.until > now)

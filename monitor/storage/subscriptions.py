"""Which rules each chat wants to hear of: the rules of the files, and its custom rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, insert, or_, select

from monitor.model.alerts import CUSTOM_RULE_PREFIX
from monitor.storage.base import batches, get_row, insert_into
from monitor.storage.engine import Database
from monitor.storage.tables import (
    custom_rule_table,
    mute_table,
    recipient_table,
    subscription_table,
)


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule that a chat made for itself.

    ``body`` is the rule as JSON, without its id; chats that want the same share one rule.
    """

    id: str
    name: str
    body: str


def subscribe(connection: Connection, recipient_id: int, rule_id: str, *, now: datetime) -> bool:
    """Let a remembered chat hear of a rule; False when it does already."""
    if get_row(connection, subscription_table, recipient_id, rule_id) is not None:
        return False
    connection.execute(
        insert(subscription_table).values(recipient_id=recipient_id, rule_id=rule_id, since=now)
    )
    return True


def unsubscribe(connection: Connection, recipient_id: int, rule_id: str) -> bool:
    """End a subscription; False when there was none.

    A custom rule without subscribers is deleted.
    """
    mine = subscription_table.c
    ended = connection.execute(
        delete(subscription_table)
        .where(mine.recipient_id == recipient_id, mine.rule_id == rule_id)
        .returning(mine.rule_id)
    )
    if ended.first() is None:
        return False
    unmute(connection, recipient_id, rule_id)
    delete_unused_rules(connection, (rule_id,))
    return True


def rules_of(connection: Connection, recipient_id: int) -> tuple[str, ...]:
    """The rules a chat hears of, longest standing first."""
    query = (
        select(subscription_table.c.rule_id)
        .where(subscription_table.c.recipient_id == recipient_id)
        .order_by(subscription_table.c.since, subscription_table.c.rule_id)
    )
    return tuple(connection.scalars(query))


def subscribers_of_rules(
    connection: Connection, rule_ids: Collection[str]
) -> dict[str, tuple[int, ...]]:
    """The active chats that subscribed to each rule; a rule nobody wants is left out."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for some in batches(rule_ids):
        query = (
            select(subscription_table.c.rule_id, subscription_table.c.recipient_id)
            .join(recipient_table, recipient_table.c.id == subscription_table.c.recipient_id)
            .where(
                recipient_table.c.active.is_(True),
                subscription_table.c.rule_id.in_(some),
            )
            .order_by(subscription_table.c.since, subscription_table.c.recipient_id)
        )
        for rule_id, recipient_id in connection.execute(query):
            found[rule_id].append(recipient_id)
    return {rule_id: tuple(chats) for rule_id, chats in found.items()}


def save_custom_rule(connection: Connection, rule: CustomRule, *, now: datetime) -> None:
    """Write a custom rule unless it is there; it stays locked until the transaction ends.

    So whoever drops rules that nobody wants cannot overlook the subscription that follows.
    """
    connection.execute(
        insert_into(connection, custom_rule_table)
        .values(id=rule.id, name=rule.name, body=rule.body, created_at=now)
        .on_conflict_do_update(index_elements=[custom_rule_table.c.id], set_={"body": rule.body})
    )


def delete_unused_rules(connection: Connection, rule_ids: Iterable[str]) -> None:
    """Delete those of the custom rules that have no subscriber."""
    own = sorted(rule_id for rule_id in set(rule_ids) if rule_id.startswith(CUSTOM_RULE_PREFIX))
    if not own:
        return
    # First the lock, then the look: a subscription that was just being made is seen.
    connection.execute(
        select(custom_rule_table.c.id).where(custom_rule_table.c.id.in_(own)).with_for_update()
    )
    connection.execute(
        delete(custom_rule_table).where(
            custom_rule_table.c.id.in_(own),
            ~exists().where(subscription_table.c.rule_id == custom_rule_table.c.id),
        )
    )


def custom_rules(
    connection: Connection, rule_ids: Collection[str] | None = None
) -> list[CustomRule]:
    """All custom rules, or those with these ids."""
    query = select(
        custom_rule_table.c.id, custom_rule_table.c.name, custom_rule_table.c.body
    ).order_by(custom_rule_table.c.id)
    if rule_ids is not None:
        query = query.where(
            custom_rule_table.c.id.in_([i for i in rule_ids if i.startswith(CUSTOM_RULE_PREFIX)])
        )
    return [CustomRule(*row) for row in connection.execute(query)]


def custom_rules_version(connection: Connection) -> tuple[int, datetime | None]:
    """A value that differs whenever the set of custom rules does."""
    row = connection.execute(_version_query()).one()
    return row[0], row[1]


@cache
def _version_query() -> Select[int, datetime | None]:
    # Each new page asks, and to build it takes longer than to run it.
    columns = custom_rule_table.c
    return select(func.count(columns.id), func.max(columns.created_at))


def custom_rules_reader(
    database: Database,
) -> Callable[[object], tuple[object, list[CustomRule] | None]]:
    """Reads the custom rules, unless they are those of the version that was read last."""

    def read(version: object) -> tuple[object, list[CustomRule] | None]:
        with database.read() as connection:
            current = custom_rules_version(connection)
            return current, None if current == version else custom_rules(connection)

    return read


def mute(
    connection: Connection, recipient_id: int, rule_id: str, *, until: datetime | None
) -> None:
    """Tell a chat nothing of a rule until then, or until it says so; what comes is not kept."""
    connection.execute(
        insert_into(connection, mute_table)
        .values(recipient_id=recipient_id, rule_id=rule_id, until=until)
        .on_conflict_do_update(
            index_elements=[mute_table.c.recipient_id, mute_table.c.rule_id],
            set_={"until": until},
        )
    )


def unmute(connection: Connection, recipient_id: int, rule_id: str | None = None) -> int:
    """Hear of a rule again, or of all; returns how many were muted."""
    command = delete(mute_table).where(mute_table.c.recipient_id == recipient_id)
    if rule_id is not None:
        command = command.where(mute_table.c.rule_id == rule_id)
    return len(connection.scalars(command.returning(mute_table.c.rule_id)).all())


def muted_rules(
    connection: Connection, recipient_id: int, *, now: datetime
) -> dict[str, datetime | None]:
    """The rules a chat has muted, and until when."""
    query = select(mute_table.c.rule_id, mute_table.c.until).where(
        mute_table.c.recipient_id == recipient_id, _lasts(now)
    )
    return dict(connection.execute(query).all())


def muted(
    connection: Connection, rule_ids: Collection[str], *, now: datetime
) -> frozenset[tuple[int, str]]:
    """Pairs of chat and rule that are muted, of these rules."""
    found: set[tuple[int, str]] = set()
    for some in batches(rule_ids):
        query = select(mute_table.c.recipient_id, mute_table.c.rule_id)
        query = query.where(mute_table.c.rule_id.in_(some), _lasts(now))
        found.update((recipient_id, rule_id) for recipient_id, rule_id in connection.execute(query))
    return frozenset(found)


def inactive(connection: Connection, chat_ids: Collection[int]) -> frozenset[int]:
    """Those of some chats that are sent nothing: gone, refused, or removed the bot."""
    gone = select(recipient_table.c.id).where(recipient_table.c.active.is_(False))
    return frozenset(
        recipient_id
        for some in batches(chat_ids)
        for recipient_id in connection.scalars(gone.where(recipient_table.c.id.in_(some)))
    )


def _lasts(now: datetime) -> ColumnElement[bool]:
    return or_(mute_table.c.until.is_(None), mute_table.c.until > now)

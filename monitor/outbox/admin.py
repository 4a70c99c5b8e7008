"""Administration of the outbox: list, retry, give up and pause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select, update

from monitor.model.alerts import AlertKind, AlertState
from monitor.model.status import OutboxFacts
from monitor.outbox.chats import UNSENT
from monitor.outbox.queue import ERROR_LIMIT, PAUSED, next_due
from monitor.storage.base import batches, insert_into
from monitor.storage.statement_tables import alert_change_table
from monitor.storage.tables import (
    alert_table,
    document_table,
    notice_table,
    source_health_event_table,
    source_table,
    switch_table,
)

_DAY = timedelta(days=1)
# How long before it was sent an alert may have been due, for the index to find it.
_LONGEST_WAIT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert in a list.

    ``title`` is the title of its document, the name of its source, or the text of its notice.
    """

    id: int
    recipient_id: int
    state: str
    created_at: datetime
    not_before: datetime
    attempts: int
    changes: int
    title: str | None
    error: str | None
    waiting_for: str | None


def list_alerts(
    connection: Connection,
    *,
    state: str | None = None,
    recipient_id: int | None = None,
    limit: int = 50,
) -> list[ListedAlert]:
    """Alerts, newest first; of one state or one chat if given."""
    changes = (
        select(func.count(alert_change_table.c.change_id.distinct()))
        .where(alert_change_table.c.alert_id == alert_table.c.id)
        .scalar_subquery()
    )
    query = (
        select(
            alert_table.c.id,
            alert_table.c.recipient_id,
            alert_table.c.state,
            alert_table.c.created_at,
            alert_table.c.not_before,
            alert_table.c.attempts,
            changes,
            func.coalesce(
                document_table.c.title, source_table.c.name, notice_table.c.text, alert_table.c.kind
            ),
            alert_table.c.error,
            alert_table.c.waiting_for,
        )
        .outerjoin(document_table, document_table.c.id == alert_table.c.document_id)
        .outerjoin(
            source_health_event_table, source_health_event_table.c.id == alert_table.c.event_id
        )
        .outerjoin(source_table, source_table.c.id == source_health_event_table.c.source_id)
        .outerjoin(notice_table, notice_table.c.id == alert_table.c.notice_id)
        .order_by(alert_table.c.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(alert_table.c.state == state)
    if recipient_id is not None:
        query = query.where(alert_table.c.recipient_id == recipient_id)
    return [ListedAlert(*row) for row in connection.execute(query)]


def exhausted_alerts(connection: Connection, attempts: int) -> list[int]:
    """Dead alerts with at least so many attempts; those of chats that are gone have fewer."""
    dead = select(alert_table.c.id).where(
        alert_table.c.state == AlertState.DEAD, alert_table.c.attempts >= attempts
    )
    return list(connection.scalars(dead.order_by(alert_table.c.id)))


def retry_alerts(connection: Connection, ids: Sequence[int], *, now: datetime) -> list[int]:
    """Make alerts due now, with all their attempts.

    Args:
        connection: a writing transaction.
        ids: dead, pending or scheduled alerts; a scheduled one is sent without its digest.
        now: the current time.

    Returns:
        The alerts that will be sent: not those that were sent or are leased.
    """
    return _update(
        connection,
        ids,
        (AlertState.DEAD, AlertState.PENDING, AlertState.SCHEDULED),
        {
            "state": AlertState.PENDING,
            "not_before": now,
            "attempts": 0,
            "leased_by": None,
            "leased_until": None,
            "in_flight_since": None,
            "error": None,
            "waiting_for": None,
        },
    )


def drop_alerts(connection: Connection, ids: Sequence[int], *, reason: str) -> list[int]:
    """Give up waiting alerts; those that were waiting."""
    waiting = (AlertState.PENDING, AlertState.SCHEDULED)
    return _update(connection, ids, waiting, {"state": AlertState.DEAD, "error": reason})


def _update(
    connection: Connection,
    ids: Sequence[int],
    states: tuple[AlertState, ...],
    values: dict[str, object],
) -> list[int]:
    done: list[int] = []
    for some in batches(ids):
        command = (
            update(alert_table)
            .where(alert_table.c.state.in_(states), alert_table.c.id.in_(some))
            .values(**values)
            .returning(alert_table.c.id)
        )
        done += connection.scalars(command)
    return done


def pause(connection: Connection, *, by: str, now: datetime) -> None:
    """Stop all delivery, in all processes."""
    made = insert_into(connection, switch_table).values(name=PAUSED, since=now, by=by[:256])
    connection.execute(made.on_conflict_do_nothing())


def resume(connection: Connection) -> None:
    """Deliver again."""
    connection.execute(delete(switch_table).where(switch_table.c.name == PAUSED))


def paused_since(connection: Connection) -> datetime | None:
    """Since when delivery is stopped; None if it is not."""
    return connection.scalar(select(switch_table.c.since).where(switch_table.c.name == PAUSED))


COUNTED = (
    AlertState.PENDING,
    AlertState.LEASED,
    AlertState.SCHEDULED,
    AlertState.SENT,
    AlertState.DEAD,
    "possibly_duplicate",
)
"""What ``count_alerts`` counts and ``/status`` shows."""


def count_alerts(connection: Connection) -> dict[str, int]:
    """The number of alerts in each state, and of those possibly sent twice."""
    counts = dict(
        connection.execute(
            select(alert_table.c.state, func.count()).group_by(alert_table.c.state)
        ).all()
    )
    duplicates = select(func.count()).where(alert_table.c.possibly_duplicate.is_(True))
    return {**counts, "possibly_duplicate": connection.scalar(duplicates) or 0}


def outbox_facts(
    connection: Connection, *, now: datetime, max_attempts: int, bot: bool | None
) -> OutboxFacts:
    """The outbox as ``assess`` wants to know it; what was sent long ago is not read.

    Args:
        connection: a reading transaction.
        now: the current time.
        max_attempts: after which an alert is given up.
        bot: whether there is a bot; see ``queue.lease``.
    """

    def count(state: AlertState, *where: ColumnElement[bool]) -> int:
        query = (
            select(func.count())
            .select_from(alert_table)
            .where(alert_table.c.state == state, *where)
        )
        return connection.scalar(query) or 0

    due = next_due(connection, now=now, bot=bot)
    return OutboxFacts(
        pending=count(AlertState.PENDING) + count(AlertState.LEASED),
        scheduled=count(AlertState.SCHEDULED),
        due_since=due if due is not None and due <= now else None,
        sent=count(
            AlertState.SENT,
            alert_table.c.not_before >= now - _DAY - _LONGEST_WAIT,
            alert_table.c.sent_at >= now - _DAY,
        ),
        dead=count(AlertState.DEAD),
        # The last attempt was made when the alert was due for it.
        refused=count(
            AlertState.DEAD,
            alert_table.c.not_before >= now - _DAY,
            alert_table.c.attempts >= max_attempts,
        ),
        paused_since=paused_since(connection),
    )


@dataclass(frozen=True, slots=True)
class WaitingAlerts:
    """What a recipient was not sent: how many alerts wait, and those given up, by their error."""

    waiting: int
    given_up: dict[str, int]


def waiting_alerts(connection: Connection, recipient_id: int, *, since: datetime) -> WaitingAlerts:
    """The alerts of one recipient that were not sent; those given up are of ``since`` or later."""
    mine = alert_table.c.recipient_id == recipient_id
    waiting = connection.scalar(
        select(func.count()).select_from(alert_table).where(mine, alert_table.c.state.in_(UNSENT))
    )
    dead = (
        select(alert_table.c.error, func.count())
        .where(mine, alert_table.c.state == AlertState.DEAD, alert_table.c.created_at >= since)
        .group_by(alert_table.c.error)
    )
    given_up = {error or "": count for error, count in connection.execute(dead)}
    return WaitingAlerts(waiting or 0, given_up)


def withdraw_document(connection: Connection, document_id: int, *, reason: str) -> int:
    """Give up all waiting alerts of a document, and what digests under way tell of it.

    An alert in flight may still arrive. The changes stay in the log.

    Returns:
        How many recipients hear nothing of it.
    """
    digest = alert_table.alias().c
    under_way = select(digest.id).where(digest.kind == AlertKind.DIGEST, digest.state.in_(UNSENT))
    in_digest = and_(
        alert_table.c.state == AlertState.IN_DIGEST,
        alert_table.c.digest_id.in_(under_way.scalar_subquery()),
    )
    rows = connection.execute(
        select(alert_table.c.id, alert_table.c.digest_id, alert_table.c.recipient_id)
        .where(
            alert_table.c.document_id == document_id,
            or_(alert_table.c.state.in_(UNSENT), in_digest),
        )
        .with_for_update()
    ).all()
    digests = {row.digest_id for row in rows if row.digest_id is not None}
    given_up = {
        "state": AlertState.DEAD,
        "error": reason[:ERROR_LIMIT],
        "leased_by": None,
        "leased_until": None,
    }
    apart = {**given_up, "digest_id": None, "waiting_for": None}
    for some in batches(row.id for row in rows):
        connection.execute(update(alert_table).where(alert_table.c.id.in_(some)).values(apart))
    part = alert_table.alias().c
    # A digest that would be empty.
    connection.execute(
        update(alert_table)
        .where(alert_table.c.id.in_(digests), ~exists().where(part.digest_id == alert_table.c.id))
        .values(given_up)
    )
    return len({row.recipient_id for row in rows})

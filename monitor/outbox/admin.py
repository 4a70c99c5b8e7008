"""Administration of the outbox: list, retry, give up and pause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from monitor.model.alerts import AlertKind, AlertState
from monitor.model.status import OutboxFacts
from monitor.outbox.chats import UNSENT
from monitor.outbox.queue import ERROR_LIMIT, PAUSED, next_due
from monitor.storage.base import batches
from monitor.storage.statement_tables import AlertChangeRow
from monitor.storage.tables import (
    AlertRow,
    DocumentRow,
    NoticeRow,
    SourceHealthEventRow,
    SourceRow,
    SwitchRow,
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
    session: Session, *, state: str | None = None, recipient_id: int | None = None, limit: int = 50
) -> list[ListedAlert]:
    """Alerts, newest first; of one state or one chat if given."""
    changes = (
        select(func.count(AlertChangeRow.change_id.distinct()))
        .where(AlertChangeRow.alert_id == AlertRow.id)
        .scalar_subquery()
    )
    query = (
        select(
            AlertRow.id,
            AlertRow.recipient_id,
            AlertRow.state,
            AlertRow.created_at,
            AlertRow.not_before,
            AlertRow.attempts,
            changes,
            func.coalesce(DocumentRow.title, SourceRow.name, NoticeRow.text, AlertRow.kind),
            AlertRow.error,
            AlertRow.waiting_for,
        )
        .outerjoin(DocumentRow, DocumentRow.id == AlertRow.document_id)
        .outerjoin(SourceHealthEventRow, SourceHealthEventRow.id == AlertRow.event_id)
        .outerjoin(SourceRow, SourceRow.id == SourceHealthEventRow.source_id)
        .outerjoin(NoticeRow, NoticeRow.id == AlertRow.notice_id)
        .order_by(AlertRow.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(AlertRow.state == state)
    if recipient_id is not None:
        query = query.where(AlertRow.recipient_id == recipient_id)
    return [ListedAlert(*row) for row in session.execute(query)]


def exhausted_alerts(session: Session, attempts: int) -> list[int]:
    """Dead alerts with at least so many attempts; those of chats that are gone have fewer."""
    dead = select(AlertRow.id).where(
        AlertRow.state == AlertState.DEAD, AlertRow.attempts >= attempts
    )
    return list(session.scalars(dead.order_by(AlertRow.id)))


def retry_alerts(session: Session, ids: Sequence[int], *, now: datetime) -> list[int]:
    """Make alerts due now, with all their attempts.

    Args:
        session: a writing transaction.
        ids: dead, pending or scheduled alerts; a scheduled one is sent without its digest.
        now: the current time.

    Returns:
        The alerts that will be sent: not those that were sent or are leased.
    """
    return _update(
        session,
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


def drop_alerts(session: Session, ids: Sequence[int], *, reason: str) -> list[int]:
    """Give up waiting alerts; those that were waiting."""
    waiting = (AlertState.PENDING, AlertState.SCHEDULED)
    return _update(session, ids, waiting, {"state": AlertState.DEAD, "error": reason})


def _update(
    session: Session,
    ids: Sequence[int],
    states: tuple[AlertState, ...],
    values: dict[str, object],
) -> list[int]:
    done: list[int] = []
    for some in batches(ids):
        command = (
            update(AlertRow)
            .where(AlertRow.state.in_(states), AlertRow.id.in_(some))
            .values(**values)
            .returning(AlertRow.id)
            .execution_options(synchronize_session=False)
        )
        done += session.scalars(command)
    return done


def pause(session: Session, *, by: str, now: datetime) -> None:
    """Stop all delivery, in all processes."""
    if session.get(SwitchRow, PAUSED) is None:
        session.add(SwitchRow(name=PAUSED, since=now, by=by[:256]))
        session.flush()


def resume(session: Session) -> None:
    """Deliver again."""
    row = session.get(SwitchRow, PAUSED)
    if row is not None:
        session.delete(row)
        session.flush()


def paused_since(session: Session) -> datetime | None:
    """Since when delivery is stopped; None if it is not."""
    return session.scalar(select(SwitchRow.since).where(SwitchRow.name == PAUSED))


COUNTED = (
    AlertState.PENDING,
    AlertState.LEASED,
    AlertState.SCHEDULED,
    AlertState.SENT,
    AlertState.DEAD,
    "possibly_duplicate",
)
"""What ``count_alerts`` counts and ``/status`` shows."""


def count_alerts(session: Session) -> dict[str, int]:
    """The number of alerts in each state, and of those possibly sent twice."""
    counts = dict(
        session.execute(select(AlertRow.state, func.count()).group_by(AlertRow.state)).all()
    )
    duplicates = select(func.count()).where(AlertRow.possibly_duplicate.is_(True))
    return {**counts, "possibly_duplicate": session.scalar(duplicates) or 0}


def outbox_facts(
    session: Session, *, now: datetime, max_attempts: int, bot: bool | None
) -> OutboxFacts:
    """The outbox as ``assess`` wants to know it; what was sent long ago is not read.

    Args:
        session: a reading transaction.
        now: the current time.
        max_attempts: after which an alert is given up.
        bot: whether there is a bot; see ``queue.lease``.
    """

    def count(state: AlertState, *where: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(AlertRow).where(AlertRow.state == state, *where)
        return session.scalar(query) or 0

    due = next_due(session, now=now, bot=bot)
    return OutboxFacts(
        pending=count(AlertState.PENDING) + count(AlertState.LEASED),
        scheduled=count(AlertState.SCHEDULED),
        due_since=due if due is not None and due <= now else None,
        sent=count(
            AlertState.SENT,
            AlertRow.not_before >= now - _DAY - _LONGEST_WAIT,
            AlertRow.sent_at >= now - _DAY,
        ),
        dead=count(AlertState.DEAD),
        # The last attempt was made when the alert was due for it.
        refused=count(
            AlertState.DEAD,
            AlertRow.not_before >= now - _DAY,
            AlertRow.attempts >= max_attempts,
        ),
        paused_since=paused_since(session),
    )


@dataclass(frozen=True, slots=True)
class WaitingAlerts:
    """What a recipient was not sent: how many alerts wait, and those given up, by their error."""

    waiting: int
    given_up: dict[str, int]


def waiting_alerts(session: Session, recipient_id: int, *, since: datetime) -> WaitingAlerts:
    """The alerts of one recipient that were not sent; those given up are of ``since`` or later."""
    mine = AlertRow.recipient_id == recipient_id
    waiting = session.scalar(
        select(func.count()).select_from(AlertRow).where(mine, AlertRow.state.in_(UNSENT))
    )
    dead = (
        select(AlertRow.error, func.count())
        .where(mine, AlertRow.state == AlertState.DEAD, AlertRow.created_at >= since)
        .group_by(AlertRow.error)
    )
    given_up = {error or "": count for error, count in session.execute(dead)}
    return WaitingAlerts(waiting or 0, given_up)


def withdraw_document(session: Session, document_id: int, *, reason: str) -> int:
    """Give up all waiting alerts of a document, and what digests under way tell of it.

    An alert in flight may still arrive. The changes stay in the log.

    Returns:
        How many recipients hear nothing of it.
    """
    digest = aliased(AlertRow)
    under_way = select(digest.id).where(digest.kind == AlertKind.DIGEST, digest.state.in_(UNSENT))
    in_digest = and_(
        AlertRow.state == AlertState.IN_DIGEST, AlertRow.digest_id.in_(under_way.scalar_subquery())
    )
    rows = session.scalars(
        select(AlertRow)
        .where(AlertRow.document_id == document_id, or_(AlertRow.state.in_(UNSENT), in_digest))
        .with_for_update()
    ).all()
    digests = {row.digest_id for row in rows if row.digest_id is not None}
    for row in rows:
        row.state, row.error = AlertState.DEAD, reason[:ERROR_LIMIT]
        row.leased_by = row.leased_until = row.digest_id = row.waiting_for = None
    session.flush()
    part = aliased(AlertRow)
    # A digest that would be empty.
    session.execute(
        update(AlertRow)
        .where(AlertRow.id.in_(digests), ~exists().where(part.digest_id == AlertRow.id))
        .values(
            state=AlertState.DEAD, error=reason[:ERROR_LIMIT], leased_by=None, leased_until=None
        )
        .execution_options(synchronize_session="fetch")
    )
    return len({row.recipient_id for row in rows})

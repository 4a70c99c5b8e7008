"""What an operator asks of the outbox: see, try again, give up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from monitor.outbox.queue import DEAD, HELD
from monitor.storage.source_health import PENDING
from monitor.storage.tables import (
    AlertChangeRow,
    AlertRow,
    DocumentRow,
    NoticeRow,
    SourceEventRow,
    SourceRow,
)

_BATCH = 500


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """A line of the outbox.

    ``title`` is the document's, the source's whose turn it tells, or a notice's text.
    """

    id: int
    chat_id: int
    state: str
    created_at: datetime
    not_before: datetime
    attempts: int
    changes: int
    title: str | None
    error: str | None


def list_alerts(
    session: Session, *, state: str | None = None, chat_id: int | None = None, limit: int = 50
) -> list[ListedAlert]:
    """Alerts, newest first, of one state or chat if wanted."""
    changes = (
        select(func.count(AlertChangeRow.change_id.distinct()))
        .where(AlertChangeRow.alert_id == AlertRow.id)
        .scalar_subquery()
    )
    query = (
        select(
            AlertRow.id,
            AlertRow.chat_id,
            AlertRow.state,
            AlertRow.created_at,
            AlertRow.not_before,
            AlertRow.attempts,
            changes,
            func.coalesce(DocumentRow.title, SourceRow.name, NoticeRow.text, AlertRow.kind),
            AlertRow.error,
        )
        .outerjoin(DocumentRow, DocumentRow.id == AlertRow.document_id)
        .outerjoin(SourceEventRow, SourceEventRow.id == AlertRow.event_id)
        .outerjoin(SourceRow, SourceRow.id == SourceEventRow.source_id)
        .outerjoin(NoticeRow, NoticeRow.id == AlertRow.notice_id)
        .order_by(AlertRow.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(AlertRow.state == state)
    if chat_id is not None:
        query = query.where(AlertRow.chat_id == chat_id)
    return [ListedAlert(*row) for row in session.execute(query)]


def given_up(session: Session, attempts: int) -> list[int]:
    """Alerts that died of so many attempts; not those of chats that want nothing more."""
    dead = select(AlertRow.id).where(AlertRow.state == DEAD, AlertRow.attempts >= attempts)
    return list(session.scalars(dead.order_by(AlertRow.id)))


def retry_alerts(session: Session, ids: Sequence[int], *, now: datetime) -> list[int]:
    """Let alerts go out now, with all their attempts anew.

    Args:
        session: a writing transaction.
        ids: dead or waiting ones; what is held for a digest goes alone.
        now: when.

    Returns:
        Those that will be sent. What was sent, or is with a sender just now, is left alone.
    """
    fresh = {"state": PENDING, "not_before": now, "attempts": 0, "lease": None, "begun_at": None}
    return _settle(
        session, ids, (DEAD, PENDING, HELD), {**fresh, "lease_until": None, "error": None}
    )


def drop_alerts(session: Session, ids: Sequence[int], *, reason: str) -> list[int]:
    """Give up alerts that wait; returns those that were waiting."""
    return _settle(session, ids, (PENDING, HELD), {"state": DEAD, "error": reason})


def _settle(
    session: Session,
    ids: Sequence[int],
    states: tuple[str, ...],
    values: dict[str, object],
) -> list[int]:
    done: list[int] = []
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _BATCH):
        some = AlertRow.id.in_(wanted[start : start + _BATCH])
        command = update(AlertRow).where(AlertRow.state.in_(states), some).values(**values)
        done += session.scalars(
            command.returning(AlertRow.id).execution_options(synchronize_session=False)
        )
    return done

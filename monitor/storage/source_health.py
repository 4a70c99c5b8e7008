"""Health of sources, its transitions, and the notices of them to operators.

A turn is written with the visit that brought it, and its messages with it: each operator hears of
it once, as each chat does of a change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.model.alerts import AlertKind, AlertState
from monitor.model.documents import Health, Outcome, SourceHealthEvent
from monitor.storage.tables import AlertRow, SourceHealthEventRow, SourceRow

_URGENT = 1_000


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the last visits left behind.

    ``since`` is when its health began; ``last_new_at`` when something that is no history was
    last found, or when the source was added.
    """

    health: Health
    since: datetime
    failures: int
    last_new_at: datetime


def source_state(session: Session, source_id: str) -> SourceState:
    """The state of a source before the visit that is ending."""
    row = session.get_one(SourceRow, source_id)
    return SourceState(
        Health(row.health),
        row.health_since or row.added_at,
        row.failures,
        row.last_new_at or row.added_at,
    )


def share_with_news(session: Session, source_id: str, *, within: timedelta, now: datetime) -> float:
    """The share of the other watched sources of this kind that found something new of late."""
    kind = select(SourceRow.document_kind).where(SourceRow.id == source_id).scalar_subquery()
    others = select(func.count()).where(
        SourceRow.enabled,
        SourceRow.paused_at.is_(None),
        SourceRow.document_kind == kind,
        SourceRow.id != source_id,
    )
    total = session.scalar(others) or 0
    fresh = session.scalar(others.where(SourceRow.last_new_at > now - within)) or 0
    return fresh / total if total else 0.0


def record_transition(
    session: Session,
    source_id: str,
    health: Health,
    *,
    outcome: Outcome,
    reason: str,
    operators: Iterable[int],
    now: datetime,
) -> None:
    """Record a health transition of a source and notify the operators."""
    row = session.get_one(SourceRow, source_id)
    event = SourceHealthEventRow(
        source_id=source_id,
        at=now,
        health=health,
        was=row.health,
        since=row.health_since or row.added_at,
        outcome=outcome,
        reason=reason,
    )
    session.add(event)
    row.health = health
    row.health_since = now
    session.flush()
    session.add_all(
        AlertRow(
            recipient_id=recipient_id,
            kind=AlertKind.SOURCE,
            event_id=event.id,
            priority=_URGENT,
            state=AlertState.PENDING,
            created_at=now,
            not_before=now,
        )
        for recipient_id in dict.fromkeys(operators)
    )
    session.flush()


def health_transitions(
    session: Session,
    *,
    limit: int,
    since: datetime | None = None,
    source_id: str | None = None,
) -> list[SourceHealthEvent]:
    """The newest turns of all sources, or of one, newest first.

    Args:
        session: a reading transaction.
        limit: how many are looked at.
        since: those before are left out.
        source_id: of this source alone.
    """
    newest = select(SourceHealthEventRow).order_by(SourceHealthEventRow.id.desc()).limit(limit)
    if source_id is not None:
        newest = newest.where(SourceHealthEventRow.source_id == source_id)
    looked_at = newest.subquery()
    shown = looked_at.c
    query = (
        select(looked_at, SourceRow.name)
        .join(SourceRow, SourceRow.id == shown.source_id)
        .order_by(shown.id.desc())
    )
    if since is not None:
        query = query.where(shown.at >= since)
    return [_event(row, row.name) for row in session.execute(query)]


def health_events_by_id(session: Session, ids: set[int]) -> dict[int, SourceHealthEvent]:
    """The turns with these ids."""
    query = (
        select(SourceHealthEventRow, SourceRow.name)
        .join(SourceRow, SourceRow.id == SourceHealthEventRow.source_id)
        .where(SourceHealthEventRow.id.in_(ids))
    )
    return {row.id: _event(row, name) for row, name in session.execute(query)}


def _event(row: Any, name: str) -> SourceHealthEvent:
    return SourceHealthEvent(
        source_id=row.source_id,
        name=name,
        at=row.at,
        health=Health(row.health),
        was=Health(row.was),
        since=row.since,
        outcome=Outcome(row.outcome),
        reason=row.reason,
    )

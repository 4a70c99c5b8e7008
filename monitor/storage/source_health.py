"""Health of sources, its transitions, and the notices of them to operators.

A turn is written with the visit that brought it, and its messages with it: each operator hears of
it once, as each chat does of a change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from monitor.model.alerts import AlertKind, AlertState
from monitor.model.documents import Health, Outcome, SourceHealthEvent
from monitor.storage.base import get_known_row, insert_rows, update_row
from monitor.storage.tables import alert_table, source_health_event_table, source_table

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


def source_state(connection: Connection, source_id: str) -> SourceState:
    """The state of a source before the visit that is ending."""
    row = get_known_row(connection, source_table, source_id)
    return SourceState(
        Health(row.health),
        row.health_since or row.added_at,
        row.failures,
        row.last_new_at or row.added_at,
    )


def share_with_news(
    connection: Connection, source_id: str, *, within: timedelta, now: datetime
) -> float:
    """The share of the other watched sources of this kind that found something new of late."""
    kind = (
        select(source_table.c.document_kind).where(source_table.c.id == source_id).scalar_subquery()
    )
    others = select(func.count()).where(
        source_table.c.enabled,
        source_table.c.paused_at.is_(None),
        source_table.c.document_kind == kind,
        source_table.c.id != source_id,
    )
    total = connection.scalar(others) or 0
    fresh = connection.scalar(others.where(source_table.c.last_new_at > now - within)) or 0
    return fresh / total if total else 0.0


def record_transition(
    connection: Connection,
    source_id: str,
    health: Health,
    *,
    outcome: Outcome,
    reason: str,
    operators: Iterable[int],
    now: datetime,
) -> None:
    """Record a health transition of a source and notify the operators."""
    row = get_known_row(connection, source_table, source_id)
    event = {
        "source_id": source_id,
        "at": now,
        "health": health,
        "was": row.health,
        "since": row.health_since or row.added_at,
        "outcome": outcome,
        "reason": reason,
    }
    (event_id,) = insert_rows(connection, source_health_event_table, [event])
    update_row(connection, source_table, source_id, health=health, health_since=now)
    alerts = [
        {
            "recipient_id": recipient_id,
            "kind": AlertKind.SOURCE,
            "event_id": event_id,
            "priority": _URGENT,
            "state": AlertState.PENDING,
            "created_at": now,
            "not_before": now,
        }
        for recipient_id in dict.fromkeys(operators)
    ]
    insert_rows(connection, alert_table, alerts, wanted=False)


def health_transitions(
    connection: Connection,
    *,
    limit: int,
    since: datetime | None = None,
    source_id: str | None = None,
) -> list[SourceHealthEvent]:
    """The newest turns of all sources, or of one, newest first.

    Args:
        connection: a reading transaction.
        limit: how many are looked at.
        since: those before are left out.
        source_id: of this source alone.
    """
    newest = (
        select(source_health_event_table)
        .order_by(source_health_event_table.c.id.desc())
        .limit(limit)
    )
    if source_id is not None:
        newest = newest.where(source_health_event_table.c.source_id == source_id)
    looked_at = newest.subquery()
    shown = looked_at.c
    query = (
        select(looked_at, source_table.c.name)
        .join(source_table, source_table.c.id == shown.source_id)
        .order_by(shown.id.desc())
    )
    if since is not None:
        query = query.where(shown.at >= since)
    return [_event(row) for row in connection.execute(query)]


def health_events_by_id(connection: Connection, ids: set[int]) -> dict[int, SourceHealthEvent]:
    """The turns with these ids."""
    query = (
        select(source_health_event_table, source_table.c.name)
        .join(source_table, source_table.c.id == source_health_event_table.c.source_id)
        .where(source_health_event_table.c.id.in_(ids))
    )
    return {row.id: _event(row) for row in connection.execute(query)}


def _event(row: Row[Any]) -> SourceHealthEvent:
    return SourceHealthEvent(
        source_id=row.source_id,
        name=row.name,
        at=row.at,
        health=Health(row.health),
        was=Health(row.was),
        since=row.since,
        outcome=Outcome(row.outcome),
        reason=row.reason,
    )

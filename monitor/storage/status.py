"""What an operator wants to know at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.model.alerts import Access, AlertState
from monitor.model.documents import Health
from monitor.storage.tables import AlertRow, ChangeRow, RecipientRow, SourceRow


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts: enabled sources by health, changes, chats; and the oldest alert that waits."""

    health: dict[str, int]
    changes: int
    new_changes: int
    active: int
    gone: int
    asked: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class UnhealthySource:
    """A source that is failing or silent, since when, and what its last visit said."""

    id: str
    name: str
    health: Health
    since: datetime
    outcome: str | None
    reason: str


def overview(session: Session, *, since: datetime) -> Overview:
    """The counts of now; ``new_changes`` are those detected since then."""
    enabled = select(SourceRow.health, func.count()).where(SourceRow.enabled)
    health = dict(session.execute(enabled.group_by(SourceRow.health)).all())
    chat = select(func.count()).select_from(RecipientRow).where(RecipientRow.channel.is_(None))
    changes = select(func.count()).select_from(ChangeRow)
    oldest = select(func.min(AlertRow.created_at)).where(AlertRow.state == AlertState.PENDING)
    return Overview(
        health={kind.value: health.get(kind.value, 0) for kind in Health},
        changes=session.scalar(changes) or 0,
        new_changes=session.scalar(changes.where(ChangeRow.detected_at >= since)) or 0,
        active=session.scalar(
            chat.where(RecipientRow.active, RecipientRow.access != Access.PENDING)
        )
        or 0,
        gone=session.scalar(chat.where(RecipientRow.active.is_(False))) or 0,
        asked=session.scalar(chat.where(RecipientRow.access == Access.PENDING)) or 0,
        oldest=session.scalar(oldest),
    )


def unhealthy_sources(session: Session, *, limit: int = 100) -> list[UnhealthySource]:
    """The enabled sources that are not well, those that are so for longest first."""
    since = func.coalesce(SourceRow.health_since, SourceRow.added_at)
    query = (
        select(SourceRow)
        .where(SourceRow.enabled, SourceRow.health != Health.OK)
        .order_by(since, SourceRow.id)
        .limit(limit)
    )
    return [
        UnhealthySource(
            id=row.id,
            name=row.name,
            health=Health(row.health),
            since=row.health_since or row.added_at,
            outcome=row.last_outcome,
            reason=row.last_reason or "",
        )
        for row in session.scalars(query)
    ]

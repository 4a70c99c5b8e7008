"""Status queries: how many documents and alerts, and how sources, chats and channels are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.model.alerts import Access, AlertState
from monitor.model.documents import Health
from monitor.model.status import PausedSource, SourceFacts
from monitor.retry import CLOCK_SKEW
from monitor.storage.sources import pause_of
from monitor.storage.statement_tables import ChangeRow
from monitor.storage.tables import AlertRow, RecipientRow, SourceRow


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts: sources that are watched by health, changes, chats; the oldest alert that waits."""

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
    enabled = select(SourceRow.health, func.count()).where(
        SourceRow.enabled, SourceRow.paused_at.is_(None)
    )
    health = dict(session.execute(enabled.group_by(SourceRow.health)).all())
    chats = chat_counts(session)
    changes = select(func.count()).select_from(ChangeRow)
    oldest = select(func.min(AlertRow.created_at)).where(AlertRow.state == AlertState.PENDING)
    return Overview(
        health={kind.value: health.get(kind.value, 0) for kind in Health},
        changes=session.scalar(changes) or 0,
        new_changes=session.scalar(changes.where(ChangeRow.detected_at >= since)) or 0,
        active=chats.active,
        gone=chats.gone,
        asked=chats.asked,
        oldest=session.scalar(oldest),
    )


def unhealthy_sources(session: Session, *, limit: int = 100) -> list[UnhealthySource]:
    """The enabled sources that are not well and not paused, those that are so for longest first."""
    since = func.coalesce(SourceRow.health_since, SourceRow.added_at)
    query = (
        select(SourceRow)
        .where(SourceRow.enabled, SourceRow.health != Health.OK, SourceRow.paused_at.is_(None))
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


def source_facts(session: Session, *, now: datetime, put_off: float) -> SourceFacts:
    """The enabled sources as ``assess`` wants to know them.

    Args:
        session: a reading transaction.
        now: the current time.
        put_off: how much later than due a visit may begin, as a share of the wait.
    """
    row = SourceRow
    columns = (
        *(row.health, row.added_at, row.last_visit_at, row.next_visit_at),
        *(row.id, row.paused_at, row.paused_until, row.pause_reason),
    )
    health = dict.fromkeys(Health, 0)
    never, lags = 0, []
    paused: list[PausedSource] = []
    visits: list[datetime] = []
    following: list[datetime] = []
    for one in session.execute(select(*columns).where(row.enabled).order_by(row.id)):
        if (pause := pause_of(one, now=now)) is not None:
            paused.append(pause)
            continue
        kind, added_at, last, due, *_ = one
        health[Health(kind)] += 1
        never += last is None
        if last is not None:
            visits.append(last)
        if due is None or (last is not None and last > now + CLOCK_SKEW):
            # Due at once: it was never visited, or when it was is not believed.
            start = added_at if last is None else now
        else:
            start = due if last is None else due + (due - last) * put_off
        following.append(due or start)
        if start < now:
            lags.append(now - start)
    return SourceFacts(
        health=health,
        paused=tuple(paused),
        never_visited=never,
        last_visit_at=max(visits, default=None),
        next_visit_at=min(following, default=None),
        due=len(lags),
        lag=max(lags, default=timedelta(0)),
    )


@dataclass(frozen=True, slots=True)
class ChatCounts:
    """The bot's chats: those that are served, that left, and that wait for access."""

    active: int
    gone: int
    asked: int


def chat_counts(session: Session) -> ChatCounts:
    """How many chats there are."""
    chat = select(func.count()).select_from(RecipientRow).where(RecipientRow.channel.is_(None))
    served = (RecipientRow.active, RecipientRow.access != Access.PENDING)
    return ChatCounts(
        active=session.scalar(chat.where(*served)) or 0,
        gone=session.scalar(chat.where(RecipientRow.active.is_(False))) or 0,
        asked=session.scalar(chat.where(RecipientRow.access == Access.PENDING)) or 0,
    )


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel beside Telegram: whether the settings still name it, and how many alerts wait."""

    name: str
    active: bool
    waiting: int


def channel_states(session: Session) -> list[ChannelState]:
    """The channels that are or were in the settings, by name."""
    waiting = (
        select(func.count())
        .where(
            AlertRow.recipient_id == RecipientRow.id,
            AlertRow.state.in_((AlertState.PENDING, AlertState.LEASED, AlertState.SCHEDULED)),
        )
        .correlate(RecipientRow)
        .scalar_subquery()
    )
    query = (
        select(RecipientRow.channel, RecipientRow.active, waiting)
        .where(RecipientRow.channel.is_not(None))
        .order_by(RecipientRow.channel)
    )
    return [ChannelState(*row) for row in session.execute(query)]

"""Status queries: how many documents and alerts, and how sources, chats and channels are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from monitor.model.alerts import Access, AlertState
from monitor.model.documents import Health
from monitor.model.status import PausedSource, SourceFacts
from monitor.retry import CLOCK_SKEW
from monitor.storage.sources import pause_of
from monitor.storage.statement_tables import change_table
from monitor.storage.tables import alert_table, recipient_table, source_table


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


def overview(connection: Connection, *, since: datetime) -> Overview:
    """The counts of now; ``new_changes`` are those detected since then."""
    enabled = select(source_table.c.health, func.count()).where(
        source_table.c.enabled, source_table.c.paused_at.is_(None)
    )
    health = dict(connection.execute(enabled.group_by(source_table.c.health)).all())
    chats = chat_counts(connection)
    changes = select(func.count()).select_from(change_table)
    oldest = select(func.min(alert_table.c.created_at)).where(
        alert_table.c.state == AlertState.PENDING
    )
    return Overview(
        health={kind.value: health.get(kind.value, 0) for kind in Health},
        changes=connection.scalar(changes) or 0,
        new_changes=connection.scalar(changes.where(change_table.c.detected_at >= since)) or 0,
        active=chats.active,
        gone=chats.gone,
        asked=chats.asked,
        oldest=connection.scalar(oldest),
    )


def unhealthy_sources(connection: Connection, *, limit: int = 100) -> list[UnhealthySource]:
    """The enabled sources that are not well and not paused, those that are so for longest first."""
    since = func.coalesce(source_table.c.health_since, source_table.c.added_at)
    query = (
        select(source_table)
        .where(
            source_table.c.enabled,
            source_table.c.health != Health.OK,
            source_table.c.paused_at.is_(None),
        )
        .order_by(since, source_table.c.id)
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
        for row in connection.execute(query)
    ]


def source_facts(connection: Connection, *, now: datetime, put_off: float) -> SourceFacts:
    """The enabled sources as ``assess`` wants to know them.

    Args:
        connection: a reading transaction.
        now: the current time.
        put_off: how much later than due a visit may begin, as a share of the wait.
    """
    source = source_table.c
    columns = (
        *(source.health, source.added_at, source.last_visit_at, source.next_visit_at),
        *(source.id, source.paused_at, source.paused_until, source.pause_reason),
    )
    health = dict.fromkeys(Health, 0)
    never, lags = 0, []
    paused: list[PausedSource] = []
    visits: list[datetime] = []
    following: list[datetime] = []
    for one in connection.execute(select(*columns).where(source.enabled).order_by(source.id)):
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


def chat_counts(connection: Connection) -> ChatCounts:
    """How many chats there are."""
    chat = (
        select(func.count()).select_from(recipient_table).where(recipient_table.c.channel.is_(None))
    )
    served = (recipient_table.c.active, recipient_table.c.access != Access.PENDING)
    return ChatCounts(
        active=connection.scalar(chat.where(*served)) or 0,
        gone=connection.scalar(chat.where(recipient_table.c.active.is_(False))) or 0,
        asked=connection.scalar(chat.where(recipient_table.c.access == Access.PENDING)) or 0,
    )


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel beside Telegram: whether the settings still name it, and how many alerts wait."""

    name: str
    active: bool
    waiting: int


def channel_states(connection: Connection) -> list[ChannelState]:
    """The channels that are or were in the settings, by name."""
    waiting = (
        select(func.count())
        .where(
            alert_table.c.recipient_id == recipient_table.c.id,
            alert_table.c.state.in_((AlertState.PENDING, AlertState.LEASED, AlertState.SCHEDULED)),
        )
        .correlate(recipient_table)
        .scalar_subquery()
    )
    query = (
        select(recipient_table.c.channel, recipient_table.c.active, waiting)
        .where(recipient_table.c.channel.is_not(None))
        .order_by(recipient_table.c.channel)
    )
    return [ChannelState(*row) for row in connection.execute(query)]

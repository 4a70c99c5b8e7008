"""When there may be something to send again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import ColumnElement, Table, and_, case, func, insert, or_, select, true, update
from sqlalchemy.orm import Session

from monitor.model.alerts import OutboxAlert, When
from monitor.model.schedule import Digest, zone_of
from monitor.outbox.load import load_alerts
from monitor.storage.base import batches
from monitor.storage.recipients import Chat, chats_by_id
from monitor.storage.source_health import PENDING
from monitor.storage.tables import AlertChangeRow, AlertRow, ChatRow, SwitchRow

LEASED, SENT, DEAD, HELD, BUNDLED = "leased", "sent", "dead", "held", "bundled"
PAUSED = "paused"
"""The switch that keeps everything in the outbox."""

TERMINAL = 0
"""The number of the terminal, which stands for all chats where there is no bot."""

QUIET_HOURS = "quiet hours"
MUTED = "muted"
"""What keeps an alert waiting, as its ``error`` says."""

ERROR_LIMIT = 500
"""Characters of a reason that are kept."""
_ROUNDS = 5
# A digest cannot be part of another.
_MUTED_KINDS = {"changes": HELD, "digest": PENDING}


class Wanted(NamedTuple):
    """A change that somebody is to be told, and the rule that says so."""

    change_id: int
    rule_id: str
    chat_id: int
    priority: int = 0
    when: When | None = None


def enqueue(
    session: Session,
    *,
    snapshot_id: int,
    document_id: int,
    matches: Iterable[Wanted],
    now: datetime,
) -> int:
    """Put matched changes into the outbox, one alert for each chat.

    Call it in the visit's own transaction. What a chat was already told of this snapshot, or is
    being told, is not told again; an alert that still waits takes more changes in.

    Args:
        session: the visit's writing transaction.
        snapshot_id: the snapshot the changes were found in.
        document_id: its document.
        matches: what to tell whom; of several rules the highest priority counts.
        now: when.

    Returns:
        How many alerts are new.
    """
    wanted: defaultdict[int, list[Wanted]] = defaultdict(list)
    for match in matches:
        wanted[match.chat_id].append(match)
    existing = _existing_alerts(session, snapshot_id, wanted)
    chats = chats_by_id(session, wanted.keys() - existing.keys())
    rows = [
        _alert_values(chats[chat_id], wanted[chat_id], snapshot_id, document_id, now)
        for chat_id in sorted(chats)
    ]
    alert_ids = _insert_alerts(session, rows)
    known: set[tuple[int, int, str]] = set()
    open_alerts = {key: row for key, row in existing.items() if row.state in {PENDING, HELD}}
    if open_alerts:
        _raise_priorities(session, open_alerts, wanted)
        alert_ids |= {chat_id: row.id for chat_id, row in open_alerts.items()}
        known = _known_links(session, [row.id for row in open_alerts.values()])
    links = {
        (alert_id, match.change_id, match.rule_id): match.priority
        for chat_id, alert_id in alert_ids.items()
        for match in sorted(wanted[chat_id], key=lambda match: match.priority)
    }
    new = [
        {"alert_id": alert_id, "change_id": change_id, "rule_id": rule_id, "priority": priority}
        for (alert_id, change_id, rule_id), priority in sorted(links.items())
        if (alert_id, change_id, rule_id) not in known
    ]
    if new:
        # The plain table: the unit of work would compile and track each row.
        session.execute(insert(cast("Table", AlertChangeRow.__table__)), new)
    return len(rows)


class _ExistingAlert(NamedTuple):
    """An alert that a chat already has of a snapshot."""

    id: int
    chat_id: int
    state: str
    priority: int


def _existing_alerts(
    session: Session, snapshot_id: int, chat_ids: Iterable[int]
) -> dict[int, _ExistingAlert]:
    """The alerts of a snapshot by chat, locked in the order of the chats' ids."""
    columns = (AlertRow.id, AlertRow.chat_id, AlertRow.state, AlertRow.priority)
    found: dict[int, _ExistingAlert] = {}
    for some in batches(chat_ids):
        query = (
            select(*columns)
            .where(AlertRow.chat_id.in_(some), AlertRow.snapshot_id == snapshot_id)
            .order_by(AlertRow.chat_id)
            .with_for_update()
        )
        found.update((row.chat_id, _ExistingAlert(*row)) for row in session.execute(query))
    return found


def _alert_values(
    chat: Chat, matches: list[Wanted], snapshot_id: int, document_id: int, now: datetime
) -> dict[str, object]:
    digest_at = _digest_at(chat, matches, now)
    return {
        "chat_id": chat.id,
        "document_id": document_id,
        "snapshot_id": snapshot_id,
        "priority": max(match.priority for match in matches),
        "state": PENDING if digest_at is None else HELD,
        "created_at": now,
        "not_before": digest_at or now,
    }


def _insert_alerts(session: Session, rows: list[dict[str, object]]) -> dict[int, int]:
    """Insert alerts; their ids by chat."""
    if not rows:
        return {}
    command = insert(AlertRow).returning(AlertRow.chat_id, AlertRow.id)
    return dict(session.execute(command, rows).all())


def _raise_priorities(
    session: Session,
    alerts: Mapping[int, _ExistingAlert],
    wanted: Mapping[int, list[Wanted]],
) -> None:
    highest = {chat_id: max(match.priority for match in wanted[chat_id]) for chat_id in alerts}
    raised = [
        {"id": alert.id, "priority": highest[chat_id]}
        for chat_id, alert in alerts.items()
        if highest[chat_id] > alert.priority
    ]
    if raised:
        session.execute(update(AlertRow), raised)


def _known_links(session: Session, alert_ids: Iterable[int]) -> set[tuple[int, int, str]]:
    """What some alerts already tell: alert, change and rule."""
    columns = (AlertChangeRow.alert_id, AlertChangeRow.change_id, AlertChangeRow.rule_id)
    return {
        (alert_id, change_id, rule_id)
        for some in batches(alert_ids)
        for alert_id, change_id, rule_id in session.execute(
            select(*columns).where(AlertChangeRow.alert_id.in_(some))
        )
    }


def _digest_at(chat: Chat, matches: Iterable[Wanted], now: datetime) -> datetime | None:
    """When the digest goes out that these are for; None when they are told at once.

    A rule may ask for either; else it is as the chat likes it. A chat that is muted hears
    afterwards, in one digest, what it missed.
    """
    wishes = {match.when for match in matches}
    if chat.muted_until is not None and chat.muted_until > now:
        return chat.muted_until
    if When.IMMEDIATE in wishes or (None in wishes and chat.digest is None):
        return None
    return (chat.digest or Digest()).next_after(now, zone_of(chat.timezone))


def lease(
    session: Session,
    *,
    now: datetime,
    lease_for: timedelta,
    limit: int,
    holder: str = "",
    per_chat: int = 5,
    busy: Collection[int] = (),
    closed: Collection[str] = (),
    bot: bool | None = None,
) -> list[OutboxAlert]:
    """Take alerts that are due, so that no other sender takes them until the lease runs out.

    Highest priority first, then oldest first. Those of chats in their quiet hours are put off.

    Args:
        session: a writing transaction.
        now: when.
        lease_for: how long.
        limit: alerts at most.
        holder: who takes them; what it says of the alert counts as long as the lease is its own.
        per_chat: alerts of one chat at most, so that none keeps the others waiting.
        busy: chats to leave out.
        closed: ways that are closed just now; empty text is Telegram.
        bot: whether there is one. With it nothing reaches the terminal, without it no chat of
            Telegram: what is theirs waits. None: everybody can be reached.
    """
    if session.get(SwitchRow, PAUSED) is not None:
        return []
    due = and_(_due(now), _open(now, busy, closed, bot))
    for _ in range(_ROUNDS):
        place = func.row_number().over(
            partition_by=AlertRow.chat_id,
            order_by=(AlertRow.priority.desc(), AlertRow.created_at, AlertRow.id),
        )
        ranked = (
            select(AlertRow.id, place.label("place"))
            .outerjoin(ChatRow, ChatRow.id == AlertRow.chat_id)
            .where(due)
            .subquery()
        )
        first = select(ranked.c.id).where(ranked.c.place <= per_chat)
        rows = session.scalars(
            select(AlertRow)
            .where(AlertRow.id.in_(first.scalar_subquery()), _due(now))
            .order_by(AlertRow.priority.desc(), AlertRow.created_at, AlertRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        ready = _undisturbed(session, rows, now)
        if ready or not rows:
            break
    for row in ready:
        _take_over(row)
        row.state = LEASED
        row.lease = holder
        row.lease_until = now + lease_for
        row.attempts += 1
    session.flush()
    return load_alerts(session, ready)


def _take_over(row: AlertRow) -> None:
    """Take an alert from a holder that died, if it has one: that was no attempt anybody refused."""
    if row.state == LEASED:
        row.attempts -= 1
        row.doubtful = row.doubtful or row.begun_at is not None
        row.begun_at = None


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(AlertRow.state == PENDING, AlertRow.not_before <= now),
        and_(AlertRow.state == LEASED, AlertRow.lease_until <= now),
    )


def _open(
    now: datetime, busy: Collection[int], closed: Collection[str], bot: bool | None
) -> ColumnElement[bool]:
    """Chats that are neither at work nor held back, whose way is there and open."""
    return and_(
        or_(ChatRow.held_until.is_(None), ChatRow.held_until <= now),
        AlertRow.chat_id.not_in(busy),
        reachable(closed, bot),
    )


def reachable(closed: Collection[str], bot: bool | None) -> ColumnElement[bool]:
    """Chats whose way is there and open; ``closed`` and ``bot`` as for ``lease``."""
    is_open = ~func.coalesce(ChatRow.way, "").in_(closed) if closed else true()
    if bot is None:
        return is_open
    terminal = AlertRow.chat_id == TERMINAL
    return and_(is_open, ~terminal if bot else or_(terminal, ChatRow.way.is_not(None)))


def _undisturbed(session: Session, rows: Iterable[AlertRow], now: datetime) -> list[AlertRow]:
    """The alerts of those who are awake and listen; the others' wait until they are and do."""
    rows = list(rows)
    chats = chats_by_id(session, {row.chat_id for row in rows})
    awake = []
    for row in rows:
        chat = chats[row.chat_id]
        end = None if chat.quiet is None else chat.quiet.ends_after(now, zone_of(chat.timezone))
        state, reason = PENDING, QUIET_HOURS
        # What was under way when the chat was muted, and came back; notices are no alerts to it.
        if chat.muted_until is not None and chat.muted_until > now and row.kind in _MUTED_KINDS:
            state, reason, end = _MUTED_KINDS[row.kind], MUTED, chat.muted_until
        if end is None:
            awake.append(row)
            continue
        _take_over(row)
        row.state, row.not_before, row.error = state, end, reason
        row.lease = row.lease_until = None
    session.flush()
    return awake


def mark_begun(
    session: Session, alert_id: int, *, holder: str, now: datetime, lease_for: timedelta
) -> bool:
    """Note that a message is about to be sent; False when the lease is somebody else's by now."""
    begun = session.scalars(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state == LEASED, AlertRow.lease == holder)
        .values(begun_at=now, lease_until=now + lease_for)
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    return begun.one_or_none() is not None


def mark_sent(session: Session, alert_id: int, *, now: datetime, message_id: int) -> None:
    """Note that Telegram took an alert. It did, whoever holds the lease by now."""
    _settle(session, alert_id, None, state=SENT, sent_at=now, message_id=message_id, error=None)


def mark_retry(
    session: Session,
    alert_id: int,
    *,
    not_before: datetime,
    error: str,
    counted: bool = True,
    holder: str | None = None,
    doubtful: bool = False,
) -> None:
    """Give an alert back until ``not_before``.

    Args:
        session: a writing transaction.
        alert_id: which.
        not_before: when to try again.
        error: why.
        counted: uncounted, the attempt was not its fault.
        holder: who says so; nothing happens when the lease is somebody else's.
        doubtful: it may have arrived all the same.
    """
    attempts = AlertRow.attempts if counted else AlertRow.attempts - 1
    values: dict[str, object] = {"doubtful": True} if doubtful else {}
    _settle(
        session,
        alert_id,
        holder,
        state=PENDING,
        not_before=not_before,
        error=error[:ERROR_LIMIT],
        attempts=attempts,
        **values,
    )


def mark_dead(session: Session, alert_id: int, *, error: str, holder: str | None = None) -> None:
    """Give an alert up. It stays visible in ``alert_log`` with its error."""
    _settle(session, alert_id, holder, state=DEAD, error=error[:ERROR_LIMIT])


def _settle(session: Session, alert_id: int, holder: str | None, **values: object) -> None:
    mine = () if holder is None else (AlertRow.state == LEASED, AlertRow.lease == holder)
    # What was given up while it was on its way has arrived all the same.
    states = (PENDING, LEASED, DEAD) if values["state"] == SENT else (PENDING, LEASED)
    session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state.in_(states), *mine)
        .values(lease=None, lease_until=None, begun_at=None, **values)
        .execution_options(synchronize_session=False)
    )


def next_due(session: Session, *, bot: bool | None = None) -> datetime | None:
    """When the next alert may be sent, digest made or lease taken over; None with nothing there.

    Args:
        session: a reading transaction.
        bot: whether there is one, as for ``lease``.
    """
    if session.get(SwitchRow, PAUSED) is not None:
        return None
    held = ChatRow.held_until
    bundled = session.scalar(select(func.min(AlertRow.not_before)).where(AlertRow.state == HELD))
    there = reachable((), bot)
    mine = select(func.min(AlertRow.lease_until)).outerjoin(ChatRow, ChatRow.id == AlertRow.chat_id)
    leased = session.scalar(mine.where(AlertRow.state == LEASED, there))
    # A hold that is over stays in its column: only one that lasts longer than the alert's wait
    # is waited for.
    may_go = case((held > AlertRow.not_before, held), else_=AlertRow.not_before)
    waiting = select(func.min(may_go)).select_from(AlertRow)
    joined = waiting.outerjoin(ChatRow, ChatRow.id == AlertRow.chat_id)
    free = session.scalar(joined.where(AlertRow.state == PENDING, there))
    moments = [moment for moment in (bundled, leased, free) if moment is not None]
    return min(moments, default=None)

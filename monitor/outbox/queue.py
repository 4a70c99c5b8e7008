"""The outbox queue: alerts (``enqueue.py``) are leased, and marked with the outcome of delivery.

An alert is *pending*, then *leased* to a worker, then *sent* or *dead*. An alert for a digest is
*scheduled* until the digest is due, then *in_digest*. When a lease expires, its worker has died:
another worker takes the alert, and if it was in flight, marks it as possibly delivered. Only
then can a message arrive twice; otherwise the uniqueness of chat and snapshot prevents it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, or_, select, true, update
from sqlalchemy.orm import Session

from monitor.model.alerts import AlertKind, AlertState, NoticeKind, OutboxAlert, WaitReason
from monitor.model.delivery_times import zone_of
from monitor.retry import CLOCK_SKEW
from monitor.storage.recipients import recipients_by_id
from monitor.storage.tables import AlertRow, NoticeRow, RecipientRow, SwitchRow

PAUSED = "paused"
"""The name of the switch that stops all delivery."""

TERMINAL_ID = 0
"""Recipient id 0 is the terminal, which stands for all chats where there is no bot."""

ERROR_LIMIT = 500
"""Characters of a reason that are stored."""

_MAX_ROUNDS = 5
_URGENT = 900
# A digest cannot be part of another digest.
_STATE_WHEN_MUTED = {
    AlertKind.CHANGES: AlertState.SCHEDULED,
    AlertKind.DIGEST: AlertState.PENDING,
}


def enqueue_notice(
    session: Session,
    kind: NoticeKind,
    text: str,
    chats: Iterable[int],
    *,
    now: datetime,
    about: int | None = None,
) -> int:
    """Put a notice into the outbox, one alert a chat.

    Args:
        session: a writing transaction.
        kind: what it is about.
        text: its text or reason. It may come from outside: messages shorten it.
        chats: the recipients.
        now: the time of the alerts.
        about: the chat that it is about.

    Returns:
        The number of recipients.
    """
    recipients = list(dict.fromkeys(chats))
    if not recipients:
        return 0
    notice = NoticeRow(at=now, kind=kind, text=text, about=about)
    session.add(notice)
    session.flush()
    rows = [
        {
            "recipient_id": recipient_id,
            "kind": AlertKind.NOTICE,
            "notice_id": notice.id,
            "priority": 0 if kind is NoticeKind.BROADCAST else _URGENT,
            "state": AlertState.PENDING,
            "created_at": now,
            "not_before": now,
        }
        for recipient_id in recipients
    ]
    session.execute(insert(AlertRow), rows)
    return len(recipients)


def lease(
    session: Session,
    *,
    now: datetime,
    lease_for: timedelta,
    limit: int,
    leased_by: str = "",
    per_chat: int = 5,
    busy: Collection[int] = (),
    stopped: Collection[str] = (),
    bot: bool | None = None,
) -> list[OutboxAlert]:
    """Lease due alerts, so that no other worker takes them until the lease expires.

    The highest priority comes first, then the oldest. Alerts of chats in quiet hours are deferred.

    Args:
        session: a writing transaction.
        now: the current time.
        lease_for: the duration of the lease.
        limit: the maximum number of alerts.
        leased_by: the worker; its outcomes count while it holds the lease.
        per_chat: the maximum number of alerts of one chat, so that it does not delay the others.
        busy: chats to leave out.
        stopped: channels with an open circuit breaker; the empty name is Telegram.
        bot: whether there is a bot. With it the terminal gets nothing, without it Telegram chats
            get nothing: their alerts wait. None: every recipient can be reached.
    """
    if session.get(SwitchRow, PAUSED) is not None:
        return []
    due = and_(_due(now), _available(now, busy, stopped, bot))
    for _ in range(_MAX_ROUNDS):
        place = func.row_number().over(
            partition_by=AlertRow.recipient_id,
            order_by=(AlertRow.priority.desc(), AlertRow.created_at, AlertRow.id),
        )
        ranked = (
            select(AlertRow.id, place.label("place"))
            .outerjoin(RecipientRow, RecipientRow.id == AlertRow.recipient_id)
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
        ready = _defer_quiet(session, rows, now)
        if ready or not rows:
            break
    for row in ready:
        _take_over(row)
        row.state = AlertState.LEASED
        row.leased_by = leased_by
        row.leased_until = now + lease_for
        row.waiting_for = None
        row.attempts += 1
    if not ready:
        return []
    session.flush()
    # Most looks into the outbox find nothing; what an alert tells is loaded for the first one.
    from monitor.outbox.load import load_alerts

    return load_alerts(session, ready)


def expire_leases(session: Session, *, now: datetime) -> None:
    """Let alerts be taken that an earlier worker has leased: it is known to be gone.

    Args:
        session: a writing transaction of the only worker there is.
        now: the current time.
    """
    session.execute(
        update(AlertRow)
        .where(AlertRow.state == AlertState.LEASED, AlertRow.leased_until > now)
        .values(leased_until=now)
    )


def _take_over(row: AlertRow) -> None:
    """Take an alert from a worker that died, if one holds it; its attempt does not count."""
    if row.state == AlertState.LEASED:
        row.attempts -= 1
        row.possibly_duplicate = row.possibly_duplicate or row.in_flight_since is not None
        row.in_flight_since = None


def _due(now: datetime) -> ColumnElement[bool]:
    # What waits for nothing was due when it was made, by the clock of whichever machine made it.
    is_due = or_(AlertRow.not_before <= now, AlertRow.waiting_for.is_(None))
    return or_(
        and_(AlertRow.state == AlertState.PENDING, AlertRow.not_before <= now + CLOCK_SKEW, is_due),
        and_(AlertRow.state == AlertState.LEASED, AlertRow.leased_until <= now),
    )


def _available(
    now: datetime, busy: Collection[int], stopped: Collection[str], bot: bool | None
) -> ColumnElement[bool]:
    """Chats that are neither busy nor deferred, and can be reached."""
    return and_(
        or_(RecipientRow.defer_until.is_(None), RecipientRow.defer_until <= now),
        AlertRow.recipient_id.not_in(busy),
        reachable(stopped, bot),
    )


def reachable(stopped: Collection[str], bot: bool | None) -> ColumnElement[bool]:
    """Chats whose channel exists and is not stopped; ``stopped`` and ``bot`` as for ``lease``."""
    works = ~func.coalesce(RecipientRow.channel, "").in_(stopped) if stopped else true()
    if bot is None:
        return works
    terminal = AlertRow.recipient_id == TERMINAL_ID
    return and_(works, ~terminal if bot else or_(terminal, RecipientRow.channel.is_not(None)))


def _defer_quiet(session: Session, rows: Iterable[AlertRow], now: datetime) -> list[AlertRow]:
    """Defer the alerts of muted chats and of chats in quiet hours; the other alerts."""
    rows = list(rows)
    chats = recipients_by_id(session, {row.recipient_id for row in rows})
    ready = []
    for row in rows:
        chat = chats[row.recipient_id]
        until = None if chat.quiet is None else chat.quiet.ends_after(now, zone_of(chat.timezone))
        state, reason = AlertState.PENDING, WaitReason.QUIET_HOURS
        # An alert that was in flight when the chat was muted may be back. Notices are not muted.
        if chat.muted_until is not None and chat.muted_until > now:
            muted_state = _STATE_WHEN_MUTED.get(AlertKind(row.kind))
            if muted_state is not None:
                state, reason, until = muted_state, WaitReason.MUTED, chat.muted_until
        if until is None:
            ready.append(row)
            continue
        _take_over(row)
        row.state, row.not_before, row.waiting_for = state, until, reason
        row.leased_by = row.leased_until = None
    session.flush()
    return ready


def mark_in_flight(
    session: Session, alert_id: int, *, leased_by: str, now: datetime, lease_for: timedelta
) -> bool:
    """Mark that a message is about to be sent; False if the lease is lost."""
    marked = session.scalars(
        update(AlertRow)
        .where(
            AlertRow.id == alert_id,
            AlertRow.state == AlertState.LEASED,
            AlertRow.leased_by == leased_by,
        )
        .values(in_flight_since=now, leased_until=now + lease_for)
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    return marked.one_or_none() is not None


def mark_sent(
    session: Session, alert_id: int, *, now: datetime, message_id: int, text: str | None = None
) -> None:
    """Mark that the service took an alert. It did, whoever holds the lease by now.

    Args:
        session: a writing transaction.
        alert_id: the alert.
        now: the time.
        message_id: the service's number of the message.
        text: what the recipient was sent, without markup.
    """
    _settle(
        session,
        alert_id,
        None,
        state=AlertState.SENT,
        sent_at=now,
        message_id=message_id,
        error=None,
        text=text,
    )


def mark_retry(
    session: Session,
    alert_id: int,
    *,
    not_before: datetime,
    error: str,
    waiting_for: WaitReason = WaitReason.RETRY,
    counted: bool = True,
    leased_by: str | None = None,
    possibly_delivered: bool = False,
) -> None:
    """Return an alert to the queue until ``not_before``.

    Args:
        session: a writing transaction.
        alert_id: which.
        not_before: when to try again.
        error: why.
        waiting_for: the kind of reason.
        counted: whether the attempt counts.
        leased_by: the worker; nothing happens if another one holds the lease.
        possibly_delivered: the message may have arrived all the same.
    """
    attempts = AlertRow.attempts if counted else AlertRow.attempts - 1
    values: dict[str, object] = {"possibly_duplicate": True} if possibly_delivered else {}
    _settle(
        session,
        alert_id,
        leased_by,
        state=AlertState.PENDING,
        not_before=not_before,
        error=error[:ERROR_LIMIT] or AlertRow.error,
        waiting_for=waiting_for,
        attempts=attempts,
        **values,
    )


def mark_dead(session: Session, alert_id: int, *, error: str, leased_by: str | None = None) -> None:
    """Give an alert up. It stays in the view ``alert_log`` with its error."""
    _settle(session, alert_id, leased_by, state=AlertState.DEAD, error=error[:ERROR_LIMIT])


def _settle(session: Session, alert_id: int, leased_by: str | None, **values: object) -> None:
    mine: tuple[ColumnElement[bool], ...] = ()
    if leased_by is not None:
        mine = (AlertRow.state == AlertState.LEASED, AlertRow.leased_by == leased_by)
    states = [AlertState.PENDING, AlertState.LEASED]
    if values["state"] == AlertState.SENT:
        # An alert that was given up while it was in flight has arrived all the same.
        states.append(AlertState.DEAD)
    session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state.in_(states), *mine)
        .values(leased_by=None, leased_until=None, in_flight_since=None, **values)
        .execution_options(synchronize_session=False)
    )


def next_due(session: Session, *, now: datetime, bot: bool | None = None) -> datetime | None:
    """When the next alert or digest is due, or the next lease expires; None if none waits.

    Args:
        session: a reading transaction.
        now: the current time: what waits for nothing is due then at the latest.
        bot: whether there is a bot; see ``lease``.
    """
    if session.get(SwitchRow, PAUSED) is not None:
        return None
    deferred = RecipientRow.defer_until
    scheduled = session.scalar(
        select(func.min(AlertRow.not_before)).where(AlertRow.state == AlertState.SCHEDULED)
    )
    reached = reachable((), bot)
    mine = select(func.min(AlertRow.leased_until)).outerjoin(
        RecipientRow, RecipientRow.id == AlertRow.recipient_id
    )
    leased = session.scalar(mine.where(AlertRow.state == AlertState.LEASED, reached))
    # The column keeps a time that has passed: it counts only if it is later than ``not_before``.
    is_ahead = and_(
        AlertRow.waiting_for.is_(None), AlertRow.not_before.between(now, now + CLOCK_SKEW)
    )
    due = case((is_ahead, literal(now, AlertRow.not_before.type)), else_=AlertRow.not_before)
    may_go = case((deferred > due, deferred), else_=due)
    waiting = select(func.min(may_go)).select_from(AlertRow)
    joined = waiting.outerjoin(RecipientRow, RecipientRow.id == AlertRow.recipient_id)
    pending = session.scalar(joined.where(AlertRow.state == AlertState.PENDING, reached))
    moments = [moment for moment in (scheduled, leased, pending) if moment is not None]
    return min(moments, default=None)

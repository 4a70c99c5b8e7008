"""The outbox queue: alerts (``enqueue.py``) are leased, and marked with the outcome of delivery.

An alert is *pending*, then *leased* to a worker, then *sent* or *dead*. An alert for a digest is
*scheduled* until the digest is due, then *in_digest*. When a lease expires, its worker has died:
another worker takes the alert, and if it was in flight, marks it as possibly delivered. Only
then can a message arrive twice; otherwise the uniqueness of chat and snapshot prevents it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from monitor.model.alerts import AlertKind, AlertState, NoticeKind, OutboxAlert, WaitReason
from monitor.model.delivery_times import zone_of
from monitor.retry import CLOCK_SKEW
from monitor.storage.base import get_row, insert_rows, update_by_id
from monitor.storage.recipients import recipients_by_id
from monitor.storage.tables import alert_table, notice_table, recipient_table, switch_table

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
    connection: Connection,
    kind: NoticeKind,
    text: str,
    chats: Iterable[int],
    *,
    now: datetime,
    about: int | None = None,
) -> int:
    """Put a notice into the outbox, one alert a chat.

    Args:
        connection: a writing transaction.
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
    notice = {"at": now, "kind": kind, "text": text, "about": about}
    (notice_id,) = insert_rows(connection, notice_table, [notice])
    rows = [
        {
            "recipient_id": recipient_id,
            "kind": AlertKind.NOTICE,
            "notice_id": notice_id,
            "priority": 0 if kind is NoticeKind.BROADCAST else _URGENT,
            "state": AlertState.PENDING,
            "created_at": now,
            "not_before": now,
        }
        for recipient_id in recipients
    ]
    insert_rows(connection, alert_table, rows, wanted=False)
    return len(recipients)


def lease(
    connection: Connection,
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
        connection: a writing transaction.
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
    if get_row(connection, switch_table, PAUSED) is not None:
        return []
    due = and_(_due(now), _available(now, busy, stopped, bot))
    for _ in range(_MAX_ROUNDS):
        place = func.row_number().over(
            partition_by=alert_table.c.recipient_id,
            order_by=(alert_table.c.priority.desc(), alert_table.c.created_at, alert_table.c.id),
        )
        ranked = (
            select(alert_table.c.id, place.label("place"))
            .outerjoin(recipient_table, recipient_table.c.id == alert_table.c.recipient_id)
            .where(due)
            .subquery()
        )
        first = select(ranked.c.id).where(ranked.c.place <= per_chat)
        rows = connection.execute(
            select(alert_table)
            .where(alert_table.c.id.in_(first.scalar_subquery()), _due(now))
            .order_by(alert_table.c.priority.desc(), alert_table.c.created_at, alert_table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        ready = _defer_quiet(connection, rows, now)
        if ready or not rows:
            break
    if not ready:
        return []
    _set_columns(
        connection,
        [
            {
                **taken,
                "state": AlertState.LEASED,
                "leased_by": leased_by,
                "leased_until": now + lease_for,
                "waiting_for": None,
                "attempts": taken["attempts"] + 1,
            }
            for taken in map(_taken_over, ready)
        ],
    )
    # Most looks into the outbox find nothing; what an alert tells is loaded for the first one.
    from monitor.outbox.load import load_alerts

    return load_alerts(connection, [row.id for row in ready])


def expire_leases(connection: Connection, *, now: datetime) -> None:
    """Let alerts be taken that an earlier worker has leased: it is known to be gone.

    Args:
        connection: a writing transaction of the only worker there is.
        now: the current time.
    """
    connection.execute(
        update(alert_table)
        .where(alert_table.c.state == AlertState.LEASED, alert_table.c.leased_until > now)
        .values(leased_until=now)
    )


def _set_columns(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the same columns of some alerts; ``id_of`` says of which."""
    if rows:
        names = tuple(name for name in rows[0] if name != "id_of")
        connection.execute(update_by_id(alert_table, names), rows)


def _taken_over(row: Row[Any]) -> dict[str, Any]:
    """An alert taken from a worker that died, if one holds it; its attempt does not count."""
    is_held = row.state == AlertState.LEASED
    was_sending = row.in_flight_since is not None
    return {
        "id_of": row.id,
        "attempts": row.attempts - is_held,
        "possibly_duplicate": row.possibly_duplicate or (is_held and was_sending),
        "in_flight_since": None if is_held else row.in_flight_since,
    }


def _due(now: datetime) -> ColumnElement[bool]:
    # What waits for nothing was due when it was made, by the clock of whichever machine made it.
    is_due = or_(alert_table.c.not_before <= now, alert_table.c.waiting_for.is_(None))
    return or_(
        and_(
            alert_table.c.state == AlertState.PENDING,
            alert_table.c.not_before <= now + CLOCK_SKEW,
            is_due,
        ),
        and_(alert_table.c.state == AlertState.LEASED, alert_table.c.leased_until <= now),
    )


def _available(
    now: datetime, busy: Collection[int], stopped: Collection[str], bot: bool | None
) -> ColumnElement[bool]:
    """Chats that are neither busy nor deferred, and can be reached."""
    return and_(
        or_(recipient_table.c.defer_until.is_(None), recipient_table.c.defer_until <= now),
        alert_table.c.recipient_id.not_in(busy),
        reachable(stopped, bot),
    )


def reachable(stopped: Collection[str], bot: bool | None) -> ColumnElement[bool]:
    """Chats whose channel exists and is not stopped; ``stopped`` and ``bot`` as for ``lease``."""
    works = ~func.coalesce(recipient_table.c.channel, "").in_(stopped) if stopped else true()
    if bot is None:
        return works
    terminal = alert_table.c.recipient_id == TERMINAL_ID
    return and_(works, ~terminal if bot else or_(terminal, recipient_table.c.channel.is_not(None)))


def _defer_quiet(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[Row[Any]]:
    """Defer the alerts of muted chats and of chats in quiet hours; the other alerts."""
    chats = recipients_by_id(connection, {row.recipient_id for row in rows})
    ready, deferred = [], []
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
        deferred.append(
            {
                **_taken_over(row),
                "state": state,
                "not_before": until,
                "waiting_for": reason,
                "leased_by": None,
                "leased_until": None,
            }
        )
    _set_columns(connection, deferred)
    return ready


def mark_in_flight(
    connection: Connection, alert_id: int, *, leased_by: str, now: datetime, lease_for: timedelta
) -> bool:
    """Mark that a message is about to be sent; False if the lease is lost."""
    marked = connection.scalars(
        update(alert_table)
        .where(
            alert_table.c.id == alert_id,
            alert_table.c.state == AlertState.LEASED,
            alert_table.c.leased_by == leased_by,
        )
        .values(in_flight_since=now, leased_until=now + lease_for)
        .returning(alert_table.c.id)
    )
    return marked.one_or_none() is not None


def mark_sent(
    connection: Connection,
    alert_id: int,
    *,
    now: datetime,
    message_id: int,
    text: str | None = None,
) -> None:
    """Mark that the service took an alert. It did, whoever holds the lease by now.

    Args:
        connection: a writing transaction.
        alert_id: the alert.
        now: the time.
        message_id: the service's number of the message.
        text: what the recipient was sent, without markup.
    """
    _settle(
        connection,
        alert_id,
        None,
        state=AlertState.SENT,
        sent_at=now,
        message_id=message_id,
        error=None,
        text=text,
    )


def mark_retry(
    connection: Connection,
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
        connection: a writing transaction.
        alert_id: which.
        not_before: when to try again.
        error: why.
        waiting_for: the kind of reason.
        counted: whether the attempt counts.
        leased_by: the worker; nothing happens if another one holds the lease.
        possibly_delivered: the message may have arrived all the same.
    """
    attempts = alert_table.c.attempts if counted else alert_table.c.attempts - 1
    values: dict[str, object] = {"possibly_duplicate": True} if possibly_delivered else {}
    _settle(
        connection,
        alert_id,
        leased_by,
        state=AlertState.PENDING,
        not_before=not_before,
        error=error[:ERROR_LIMIT] or alert_table.c.error,
        waiting_for=waiting_for,
        attempts=attempts,
        **values,
    )


def mark_dead(
    connection: Connection, alert_id: int, *, error: str, leased_by: str | None = None
) -> None:
    """Give an alert up. It stays in the view ``alert_log`` with its error."""
    _settle(connection, alert_id, leased_by, state=AlertState.DEAD, error=error[:ERROR_LIMIT])


def _settle(connection: Connection, alert_id: int, leased_by: str | None, **values: object) -> None:
    mine: tuple[ColumnElement[bool], ...] = ()
    if leased_by is not None:
        mine = (alert_table.c.state == AlertState.LEASED, alert_table.c.leased_by == leased_by)
    states = [AlertState.PENDING, AlertState.LEASED]
    if values["state"] == AlertState.SENT:
        # An alert that was given up while it was in flight has arrived all the same.
        states.append(AlertState.DEAD)
    connection.execute(
        update(alert_table)
        .where(alert_table.c.id == alert_id, alert_table.c.state.in_(states), *mine)
        .values(leased_by=None, leased_until=None, in_flight_since=None, **values)
    )


def next_due(connection: Connection, *, now: datetime, bot: bool | None = None) -> datetime | None:
    """When the next alert or digest is due, or the next lease expires; None if none waits.

    Args:
        connection: a reading transaction.
        now: the current time: what waits for nothing is due then at the latest.
        bot: whether there is a bot; see ``lease``.
    """
    if get_row(connection, switch_table, PAUSED) is not None:
        return None
    deferred = recipient_table.c.defer_until
    scheduled = connection.scalar(
        select(func.min(alert_table.c.not_before)).where(
            alert_table.c.state == AlertState.SCHEDULED
        )
    )
    reached = reachable((), bot)
    mine = select(func.min(alert_table.c.leased_until)).outerjoin(
        recipient_table, recipient_table.c.id == alert_table.c.recipient_id
    )
    leased = connection.scalar(mine.where(alert_table.c.state == AlertState.LEASED, reached))
    # The column keeps a time that has passed: it counts only if it is later than ``not_before``.
    is_ahead = and_(
        alert_table.c.waiting_for.is_(None), alert_table.c.not_before.between(now, now + CLOCK_SKEW)
    )
    due = case(
        (is_ahead, literal(now, alert_table.c.not_before.type)), else_=alert_table.c.not_before
    )
    may_go = case((deferred > due, deferred), else_=due)
    waiting = select(func.min(may_go)).select_from(alert_table)
    joined = waiting.outerjoin(recipient_table, recipient_table.c.id == alert_table.c.recipient_id)
    pending = connection.scalar(joined.where(alert_table.c.state == AlertState.PENDING, reached))
    moments = [moment for moment in (scheduled, leased, pending) if moment is not None]
    return min(moments, default=None)

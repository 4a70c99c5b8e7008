"""Times that a wrong clock stored: what they hold back is due.

A time that lies further ahead than anything could have set it was stored while the clock was ahead.
Without a correction, alerts would wait, and chats would stay muted, until it comes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, or_, update

from monitor.model.alerts import AlertState, WaitReason
from monitor.model.delivery_times import MAX_MUTE
from monitor.retry import CLOCK_SKEW
from monitor.storage.tables import alert_table, mute_table, recipient_table

LEASE = timedelta(minutes=5)
"""How long a lease lasts; afterwards another worker may take the alert."""

MAX_RETRY_WAIT = timedelta(days=1)
"""The longest wait after a refusal, or that a service may ask for."""

_DAY = timedelta(days=1)
# A digest comes every week at most; days may have 25 hours.
_LONGEST_WAIT = {
    WaitReason.DIGEST: 8 * _DAY,
    WaitReason.MUTED: MAX_MUTE,
    WaitReason.QUIET_HOURS: 2 * _DAY,
    WaitReason.RATE_LIMIT: MAX_RETRY_WAIT,
    WaitReason.RETRY: MAX_RETRY_WAIT,
    WaitReason.EARLIER_ALERT: MAX_RETRY_WAIT,
}


def forget_future_times(connection: Connection, *, now: datetime) -> None:
    """Make due what waits for a time that nothing until now could have set.

    Args:
        connection: a writing transaction.
        now: the current time.
    """
    ahead = now + CLOCK_SKEW
    not_before, waiting_for = alert_table.c.not_before, alert_table.c.waiting_for
    too_far = or_(
        waiting_for.is_(None),
        *(
            and_(waiting_for == reason, not_before > ahead + longest)
            for reason, longest in _LONGEST_WAIT.items()
        ),
    )
    for command in (
        update(alert_table)
        .where(
            alert_table.c.state.in_((AlertState.PENDING, AlertState.SCHEDULED)),
            not_before > ahead,
            too_far,
        )
        .values(not_before=now),
        update(alert_table)
        .where(alert_table.c.state == AlertState.LEASED, alert_table.c.leased_until > ahead + LEASE)
        .values(leased_until=now),
        update(recipient_table)
        .where(recipient_table.c.defer_until > ahead + MAX_RETRY_WAIT)
        .values(defer_until=None),
        update(recipient_table)
        .where(recipient_table.c.muted_until > ahead + MAX_MUTE)
        .values(muted_until=None),
        delete(mute_table).where(mute_table.c.until > ahead + MAX_MUTE),
    ):
        connection.execute(command)

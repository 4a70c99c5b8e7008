"""Times that a wrong clock stored: what they hold back is due.

A time that lies further ahead than anything could have set it was stored while the clock was ahead.
Without a correction, alerts would wait, and chats would stay muted, until it comes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, or_, update
from sqlalchemy.orm import Session

from monitor.model.alerts import AlertState, WaitReason
from monitor.model.delivery_times import MAX_MUTE
from monitor.retry import CLOCK_SKEW
from monitor.storage.tables import AlertRow, MuteRow, RecipientRow

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


def forget_future_times(session: Session, *, now: datetime) -> None:
    """Make due what waits for a time that nothing until now could have set.

    Args:
        session: a writing transaction.
        now: the current time.
    """
    ahead = now + CLOCK_SKEW
    not_before, waiting_for = AlertRow.not_before, AlertRow.waiting_for
    too_far = or_(
        waiting_for.is_(None),
        *(
            and_(waiting_for == reason, not_before > ahead + longest)
            for reason, longest in _LONGEST_WAIT.items()
        ),
    )
    for command in (
        update(AlertRow)
        .where(
            AlertRow.state.in_((AlertState.PENDING, AlertState.SCHEDULED)),
            not_before > ahead,
            too_far,
        )
        .values(not_before=now),
        update(AlertRow)
        .where(AlertRow.state == AlertState.LEASED, AlertRow.leased_until > ahead + LEASE)
        .values(leased_until=now),
        update(RecipientRow)
        .where(RecipientRow.defer_until > ahead + MAX_RETRY_WAIT)
        .values(defer_until=None),
        update(RecipientRow)
        .where(RecipientRow.muted_until > ahead + MAX_MUTE)
        .values(muted_until=None),
        delete(MuteRow).where(MuteRow.until > ahead + MAX_MUTE),
    ):
        session.execute(command.execution_options(synchronize_session=False))

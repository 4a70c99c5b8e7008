"""When there may be something to send again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from monitor.storage.health import PENDING
from monitor.storage.outbox import HELD, LEASED, PAUSED, reachable
from monitor.storage.outbox_tables import AlertRow, ChatRow, SwitchRow


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

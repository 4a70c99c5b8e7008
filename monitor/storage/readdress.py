"""What waits for a chat that is gone, or goes on under another number."""

from __future__ import annotations

from sqlalchemy import exists, or_, update
from sqlalchemy.orm import Session, aliased

from monitor.storage.health import PENDING
from monitor.storage.outbox import DEAD, ERROR_LIMIT, HELD, LEASED
from monitor.storage.outbox_tables import AlertRow


def withdraw_alerts(session: Session, chat_id: int, *, reason: str) -> int:
    """Give up all that waits for a chat that wants nothing more; returns how many that was.

    What is on its way this very moment may still arrive; what a sender only holds does not.
    """
    waiting = AlertRow.state.in_((PENDING, HELD, LEASED))
    withdrawn = session.scalars(
        update(AlertRow)
        .where(AlertRow.chat_id == chat_id, waiting)
        .values(state=DEAD, error=reason[:ERROR_LIMIT], lease=None, lease_until=None)
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(withdrawn.all())


def move_alerts(session: Session, old_id: int, new_id: int) -> None:
    """Readdress what still waits for a chat that got a new id.

    What the new id is told of the same snapshot, turn or notice already ends here.
    """
    waiting = (AlertRow.chat_id == old_id, AlertRow.state.in_((PENDING, LEASED, HELD)))
    other = aliased(AlertRow)
    told = or_(
        other.snapshot_id == AlertRow.snapshot_id,
        other.event_id == AlertRow.event_id,
        other.notice_id == AlertRow.notice_id,
    )
    session.execute(
        update(AlertRow)
        .where(*waiting, ~exists().where(other.chat_id == new_id, told))
        .values(chat_id=new_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(AlertRow)
        .where(*waiting)
        .values(state=DEAD, lease=None, lease_until=None, error=f"told under the new id {new_id}")
        .execution_options(synchronize_session=False)
    )

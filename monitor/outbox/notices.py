"""What is told that is no change, and what operators switch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.model.alerts import NoticeKind
from monitor.outbox.queue import PAUSED
from monitor.storage.source_health import PENDING
from monitor.storage.tables import AlertRow, NoticeRow, SwitchRow

_URGENT = 900


def notify(
    session: Session,
    kind: NoticeKind,
    text: str,
    chats: Iterable[int],
    *,
    now: datetime,
    about: int | None = None,
) -> int:
    """Put a notice into the outbox of some chats, once for each.

    Args:
        session: a writing transaction.
        kind: the kind of the notice.
        text: what it says, or the reason it gives; from outside, so it is shortened when shown.
        chats: whom to tell.
        now: when.
        about: the chat it is about.

    Returns:
        How many chats.
    """
    told = list(dict.fromkeys(chats))
    if not told:
        return 0
    notice = NoticeRow(at=now, kind=kind, text=text, about=about)
    session.add(notice)
    session.flush()
    session.add_all(
        AlertRow(
            chat_id=chat_id,
            kind="notice",
            notice_id=notice.id,
            priority=0 if kind is NoticeKind.BROADCAST else _URGENT,
            state=PENDING,
            created_at=now,
            not_before=now,
        )
        for chat_id in told
    )
    session.flush()
    return len(told)


def pause(session: Session, *, by: str, now: datetime) -> None:
    """Keep everything in the outbox from now on, in all processes."""
    if session.get(SwitchRow, PAUSED) is None:
        session.add(SwitchRow(name=PAUSED, since=now, by=by[:256]))
        session.flush()


def resume(session: Session) -> None:
    """Send again what waits."""
    row = session.get(SwitchRow, PAUSED)
    if row is not None:
        session.delete(row)
        session.flush()


def paused_since(session: Session) -> datetime | None:
    """Since when everything stays in the outbox; None when it does not."""
    return session.scalar(select(SwitchRow.since).where(SwitchRow.name == PAUSED))


def outbox_counts(session: Session) -> dict[str, int]:
    """How many alerts are in each state, and under ``doubtful`` those that may have come twice."""
    counts = dict(
        session.execute(select(AlertRow.state, func.count()).group_by(AlertRow.state)).all()
    )
    doubtful = select(func.count()).where(AlertRow.doubtful.is_(True))
    return {**counts, "doubtful": session.scalar(doubtful) or 0}

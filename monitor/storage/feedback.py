"""Feedback on changes: stored with the sentence, summed up for operators, decided once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from monitor.model.feedback import (
    Feedback,
    FeedbackKind,
    FeedbackResult,
    FeedbackState,
    FeedbackSummary,
)
from monitor.storage.base import batches, insert_into, storable
from monitor.storage.statement_tables import ChangeRow, FeedbackRow

_MAX_NOTE = 500


def add_feedback(
    session: Session,
    change_id: int,
    kind: FeedbackKind,
    *,
    recipient_id: int,
    person: int,
    now: datetime,
) -> FeedbackResult:
    """Store what a person says is wrong with a change; it replaces what the person said before.

    Args:
        session: a writing transaction.
        change_id: a change of the log.
        kind: what is wrong.
        recipient_id: the chat that was sent the alert.
        person: a Telegram user.
        now: the current time.
    """
    if _correction(session, change_id) is not None:
        return FeedbackResult.CORRECTED
    earlier = session.scalar(
        select(FeedbackRow).where(FeedbackRow.change_id == change_id, FeedbackRow.person == person)
    )
    if (
        earlier is not None
        and earlier.state == FeedbackState.REJECTED
        and earlier.kind == kind.value
    ):
        return FeedbackResult.REJECTED
    waits = earlier is not None and earlier.state == FeedbackState.OPEN
    change = session.get_one(ChangeRow, change_id)
    values = {
        "recipient_id": recipient_id,
        "before_text": None if change.before is None else change.before.text,
        "after_text": None if change.after is None else change.after.text,
        "kind": kind,
        "at": now,
        "state": FeedbackState.OPEN,
        "operator": None,
        "decided_at": None,
        "note": None,
    }
    # Two presses at once, or a decision meanwhile: what was confirmed stays as it is.
    session.execute(
        insert_into(session, FeedbackRow)
        .values(change_id=change_id, person=person, **values)
        .on_conflict_do_update(
            index_elements=[FeedbackRow.change_id, FeedbackRow.person],
            set_=values,
            where=FeedbackRow.state != FeedbackState.CONFIRMED,
        )
    )
    session.expire_all()
    return FeedbackResult.REPLACED if waits else FeedbackResult.STORED


def decide_feedback(
    session: Session,
    change_id: int,
    confirmed: FeedbackKind | None,
    *,
    operator: str,
    now: datetime,
    note: str = "",
) -> int:
    """Decide all open feedback on a change.

    A change is corrected once, whoever comes first: what is given while that is being written
    is decided by the kind that was confirmed.

    Args:
        session: a writing transaction.
        change_id: the change.
        confirmed: the kind that is right; the other kinds are rejected, without it all.
        operator: who decides.
        now: the current time.
        note: for the log, and for those who are told of the correction.

    Returns:
        How many people's feedback was decided; 0 if nothing was open, or none of it is of the
        confirmed kind.
    """
    summary = feedback_summary(session, change_id)
    if summary.correction is not None:
        confirmed = summary.correction
    elif confirmed is not None and confirmed not in dict(summary.counts):
        return 0
    right = FeedbackRow.kind == ("" if confirmed is None else confirmed.value)
    decided = session.scalars(
        update(FeedbackRow)
        .where(FeedbackRow.change_id == change_id, FeedbackRow.state == FeedbackState.OPEN)
        .values(
            state=case((right, FeedbackState.CONFIRMED.value), else_=FeedbackState.REJECTED.value),
            operator=operator,
            decided_at=now,
            note=storable(note)[:_MAX_NOTE] or None,
        )
        .returning(FeedbackRow.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.expire_all()
    return len(decided)


def feedback_summary(session: Session, change_id: int) -> FeedbackSummary:
    """The feedback on one change; an empty one where there is none."""
    found = feedback_summaries(session, [change_id])
    return found.get(change_id) or FeedbackSummary(change_id)


def feedback_summaries(session: Session, change_ids: Collection[int]) -> dict[int, FeedbackSummary]:
    """The feedback on some changes, of those that have any."""
    counts: dict[int, list[tuple[FeedbackKind, int]]] = {}
    confirmed: dict[int, tuple[FeedbackKind, str | None]] = {}
    for some in batches(change_ids):
        query = (
            select(
                FeedbackRow.change_id,
                FeedbackRow.kind,
                FeedbackRow.state,
                func.count(),
                func.max(FeedbackRow.note),
            )
            .where(
                FeedbackRow.change_id.in_(some), FeedbackRow.state != FeedbackState.REJECTED.value
            )
            .group_by(FeedbackRow.change_id, FeedbackRow.kind, FeedbackRow.state)
        )
        for change_id, kind, state, count, note in session.execute(query):
            if state == FeedbackState.CONFIRMED:
                confirmed[change_id] = FeedbackKind(kind), note
            else:
                counts.setdefault(change_id, []).append((FeedbackKind(kind), count))
    return {
        change_id: FeedbackSummary(
            change_id,
            tuple(sorted(counts.get(change_id, ()), key=lambda pair: (-pair[1], pair[0]))),
            *confirmed.get(change_id, (None, None)),
        )
        for change_id in counts.keys() | confirmed.keys()
    }


def count_feedback(session: Session, person: int, *, since: datetime) -> int:
    """On how many changes a person gave feedback since a time."""
    query = select(func.count()).where(FeedbackRow.person == person, FeedbackRow.at >= since)
    return session.scalar(query) or 0


def open_changes(session: Session, *, limit: int) -> list[int]:
    """The changes with open feedback, those that most people call wrong first, then the oldest."""
    query = (
        select(FeedbackRow.change_id)
        .where(FeedbackRow.state == FeedbackState.OPEN)
        .group_by(FeedbackRow.change_id)
        .order_by(func.count().desc(), FeedbackRow.change_id)
        .limit(limit)
    )
    return list(session.scalars(query))


def list_feedback(
    session: Session,
    *,
    state: FeedbackState | None = None,
    change_id: int | None = None,
    limit: int = 50,
) -> list[Feedback]:
    """What people said, newest first; of one state or on one change if given."""
    query = select(FeedbackRow).order_by(FeedbackRow.at.desc(), FeedbackRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(FeedbackRow.state == state)
    if change_id is not None:
        query = query.where(FeedbackRow.change_id == change_id)
    return [
        Feedback(
            id=row.id,
            change_id=row.change_id,
            kind=FeedbackKind(row.kind),
            state=FeedbackState(row.state),
            recipient_id=row.recipient_id,
            person=row.person,
            at=row.at,
            before_text=row.before_text,
            after_text=row.after_text,
            operator=row.operator,
            decided_at=row.decided_at,
            note=row.note,
        )
        for row in session.scalars(query)
    ]


def move_feedback(session: Session, old_id: int, new_id: int) -> None:
    """Move the feedback of a chat to its new id."""
    session.execute(
        update(FeedbackRow)
        .where(FeedbackRow.recipient_id == old_id)
        .values(recipient_id=new_id)
        .execution_options(synchronize_session=False)
    )


def _correction(session: Session, change_id: int) -> FeedbackKind | None:
    return feedback_summary(session, change_id).correction

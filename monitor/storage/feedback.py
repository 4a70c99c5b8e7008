"""Feedback on changes: stored with the sentence, summed up for operators, decided once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, case, func, select, update

from monitor.model.feedback import (
    Feedback,
    FeedbackKind,
    FeedbackResult,
    FeedbackState,
    FeedbackSummary,
)
from monitor.storage.base import batches, insert_into, storable
from monitor.storage.statement_tables import change_table, feedback_table, statement_table

_MAX_NOTE = 500


def add_feedback(
    connection: Connection,
    change_id: int,
    kind: FeedbackKind,
    *,
    recipient_id: int,
    person: int,
    now: datetime,
) -> FeedbackResult:
    """Store what a person says is wrong with a change; it replaces what the person said before.

    Args:
        connection: a writing transaction.
        change_id: a change of the log.
        kind: what is wrong.
        recipient_id: the chat that was sent the alert.
        person: a Telegram user.
        now: the current time.
    """
    if _correction(connection, change_id) is not None:
        return FeedbackResult.CORRECTED
    earlier = connection.execute(
        select(feedback_table).where(
            feedback_table.c.change_id == change_id, feedback_table.c.person == person
        )
    ).first()
    if (
        earlier is not None
        and earlier.state == FeedbackState.REJECTED
        and earlier.kind == kind.value
    ):
        return FeedbackResult.REJECTED
    waits = earlier is not None and earlier.state == FeedbackState.OPEN
    before, after = statement_table.alias("earlier"), statement_table.alias("later")
    said = connection.execute(
        select(before.c.text.label("before_text"), after.c.text.label("after_text"))
        .select_from(change_table)
        .outerjoin(before, before.c.id == change_table.c.before_id)
        .outerjoin(after, after.c.id == change_table.c.after_id)
        .where(change_table.c.id == change_id)
    ).one()
    values = {
        "recipient_id": recipient_id,
        "before_text": said.before_text,
        "after_text": said.after_text,
        "kind": kind,
        "at": now,
        "state": FeedbackState.OPEN,
        "operator": None,
        "decided_at": None,
        "note": None,
    }
    # Two presses at once, or a decision meanwhile: what was confirmed stays as it is.
    connection.execute(
        insert_into(connection, feedback_table)
        .values(change_id=change_id, person=person, **values)
        .on_conflict_do_update(
            index_elements=[feedback_table.c.change_id, feedback_table.c.person],
            set_=values,
            where=feedback_table.c.state != FeedbackState.CONFIRMED,
        )
    )
    return FeedbackResult.REPLACED if waits else FeedbackResult.STORED


def decide_feedback(
    connection: Connection,
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
        connection: a writing transaction.
        change_id: the change.
        confirmed: the kind that is right; the other kinds are rejected, without it all.
        operator: who decides.
        now: the current time.
        note: for the log, and for those who are told of the correction.

    Returns:
        How many people's feedback was decided; 0 if nothing was open, or none of it is of the
        confirmed kind.
    """
    summary = feedback_summary(connection, change_id)
    if summary.correction is not None:
        confirmed = summary.correction
    elif confirmed is not None and confirmed not in dict(summary.counts):
        return 0
    right = feedback_table.c.kind == ("" if confirmed is None else confirmed.value)
    decided = connection.scalars(
        update(feedback_table)
        .where(
            feedback_table.c.change_id == change_id, feedback_table.c.state == FeedbackState.OPEN
        )
        .values(
            state=case((right, FeedbackState.CONFIRMED.value), else_=FeedbackState.REJECTED.value),
            operator=operator,
            decided_at=now,
            note=storable(note)[:_MAX_NOTE] or None,
        )
        .returning(feedback_table.c.id)
    ).all()
    return len(decided)


def feedback_summary(connection: Connection, change_id: int) -> FeedbackSummary:
    """The feedback on one change; an empty one where there is none."""
    found = feedback_summaries(connection, [change_id])
    return found.get(change_id) or FeedbackSummary(change_id)


def feedback_summaries(
    connection: Connection, change_ids: Collection[int]
) -> dict[int, FeedbackSummary]:
    """The feedback on some changes, of those that have any."""
    counts: dict[int, list[tuple[FeedbackKind, int]]] = {}
    confirmed: dict[int, tuple[FeedbackKind, str | None]] = {}
    for some in batches(change_ids):
        query = (
            select(
                feedback_table.c.change_id,
                feedback_table.c.kind,
                feedback_table.c.state,
                func.count(),
                func.max(feedback_table.c.note),
            )
            .where(
                feedback_table.c.change_id.in_(some),
                feedback_table.c.state != FeedbackState.REJECTED.value,
            )
            .group_by(feedback_table.c.change_id, feedback_table.c.kind, feedback_table.c.state)
        )
        for change_id, kind, state, count, note in connection.execute(query):
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


def count_feedback(connection: Connection, person: int, *, since: datetime) -> int:
    """On how many changes a person gave feedback since a time."""
    query = select(func.count()).where(
        feedback_table.c.person == person, feedback_table.c.at >= since
    )
    return connection.scalar(query) or 0


def open_changes(connection: Connection, *, limit: int) -> list[int]:
    """The changes with open feedback, those that most people call wrong first, then the oldest."""
    query = (
        select(feedback_table.c.change_id)
        .where(feedback_table.c.state == FeedbackState.OPEN)
        .group_by(feedback_table.c.change_id)
        .order_by(func.count().desc(), feedback_table.c.change_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def list_feedback(
    connection: Connection,
    *,
    state: FeedbackState | None = None,
    change_id: int | None = None,
    limit: int = 50,
) -> list[Feedback]:
    """What people said, newest first; of one state or on one change if given."""
    query = (
        select(feedback_table)
        .order_by(feedback_table.c.at.desc(), feedback_table.c.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(feedback_table.c.state == state)
    if change_id is not None:
        query = query.where(feedback_table.c.change_id == change_id)
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
        for row in connection.execute(query)
    ]


def move_feedback(connection: Connection, old_id: int, new_id: int) -> None:
    """Move the feedback of a chat to its new id."""
    connection.execute(
        update(feedback_table)
        .where(feedback_table.c.recipient_id == old_id)
        .values(recipient_id=new_id)
    )


def _correction(connection: Connection, change_id: int) -> FeedbackKind | None:
    return feedback_summary(connection, change_id).correction

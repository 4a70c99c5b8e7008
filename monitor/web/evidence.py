"""What a commitment rests on, read from the history: versions, articles, verdicts, alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from monitor.model.statements import Statement
from monitor.storage.feedback import feedback_summaries
from monitor.storage.fulfilment import FulfilmentLine, fulfilments_of
from monitor.storage.mappers import statement_of
from monitor.storage.statement_tables import (
    AlertChangeRow,
    ChangeRow,
    CorroborationRow,
    CurrentStatementRow,
    StatementRow,
)
from monitor.storage.tables import AlertRow, DocumentRow, RecipientRow, SnapshotRow

MAX_ARTICLES = 50


@dataclass(frozen=True, slots=True)
class Version:
    """A sentence as one snapshot has it."""

    statement_id: int
    snapshot_id: int
    visited_at: datetime
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """An article that repeats a commitment."""

    statement_id: int
    document_id: int
    title: str
    published: date | None
    text: str


@dataclass(frozen=True, slots=True)
class AlertCount:
    """How many recipients of a kind have alerts in a state, and when the last was sent."""

    state: str
    recipient_kind: str | None
    recipients: int
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What readers said of one of the changes, and what was decided."""

    change_id: int
    people: int
    corrected: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence of a change stands."""

    snapshot_id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it; ``document_id`` is the document of the statement that is shown."""

    statement_id: int
    statement: Statement
    snapshot_id: int
    document_id: int
    document_title: str
    versions: tuple[Version, ...]
    articles: tuple[Article, ...]
    verdicts: tuple[FulfilmentLine, ...]
    alerts: tuple[AlertCount, ...]
    feedback: tuple[Feedback, ...]
    is_current: bool
    in_force_until: date | None


def load_evidence(
    session: Session, statement_id: int, others: Collection[int] = ()
) -> Evidence | None:
    """What a statement rests on; None if there is none of this number.

    Args:
        session: a reading transaction.
        statement_id: the sentence that is shown.
        others: the sentences of other years that are the same commitment.
    """
    if not 0 < statement_id < 1 << 63:
        return None
    row = session.get(StatementRow, statement_id)
    if row is None:
        return None
    ids = {statement_id, *others}
    versions = _versions(session, row)
    all_ids = ids | {one.statement_id for one in versions}
    current = session.get(CurrentStatementRow, row.id)
    changes = _changes_of(session, all_ids)
    summaries = feedback_summaries(session, list(changes))
    title = session.scalar(select(DocumentRow.title).where(DocumentRow.id == row.document_id))
    return Evidence(
        statement_id=row.id,
        statement=statement_of(row),
        snapshot_id=row.snapshot_id,
        document_id=row.document_id,
        document_title=title or "",
        versions=tuple(versions),
        articles=tuple(_articles(session, all_ids)),
        verdicts=tuple(fulfilments_of(session, all_ids)),
        alerts=tuple(alerts_of_changes(session, list(changes), set(changes.values()))),
        feedback=tuple(
            Feedback(number, one.people, one.correction is not None)
            for number, one in sorted(summaries.items())
        ),
        is_current=current is not None and current.holds_until is not None,
        in_force_until=None if current is None else current.in_force_until,
    )


def _versions(session: Session, row: StatementRow) -> list[Version]:
    first = row.first_version_id or row.id
    query = (
        select(
            StatementRow.id,
            StatementRow.snapshot_id,
            SnapshotRow.visited_at,
            StatementRow.text,
            StatementRow.start_offset,
            StatementRow.end_offset,
        )
        .join(SnapshotRow, SnapshotRow.id == StatementRow.snapshot_id)
        .where(or_(StatementRow.id == first, StatementRow.first_version_id == first))
        .order_by(StatementRow.snapshot_id, StatementRow.id)
    )
    return [Version(*one) for one in session.execute(query)]


def _articles(session: Session, statement_ids: Collection[int]) -> list[Article]:
    said = aliased(StatementRow)
    query = (
        select(said.id, DocumentRow.id, DocumentRow.title, DocumentRow.published, said.text)
        .join(CorroborationRow, CorroborationRow.statement_id == said.id)
        .join(DocumentRow, DocumentRow.id == said.document_id)
        .where(CorroborationRow.commitment_id.in_(statement_ids))
        .order_by(said.id.desc())
        .limit(MAX_ARTICLES)
    )
    return [Article(*one) for one in session.execute(query)]


def places_of_change(session: Session, change_id: int) -> tuple[Place | None, Place | None]:
    """Where the sentence before and the one after stand, of those there are."""
    ids = select(ChangeRow.before_id, ChangeRow.after_id).where(ChangeRow.id == change_id)
    row = session.execute(ids).first()
    before_id, after_id = (None, None) if row is None else row
    query = select(
        StatementRow.id,
        StatementRow.snapshot_id,
        StatementRow.start_offset,
        StatementRow.end_offset,
    ).where(StatementRow.id.in_([one for one in (before_id, after_id) if one is not None]))
    found = {number: Place(*place) for number, *place in session.execute(query)}
    return found.get(before_id or 0), found.get(after_id or 0)


def _changes_of(session: Session, statement_ids: Collection[int]) -> dict[int, int]:
    """The changes of some statements, each with its document."""
    query = select(ChangeRow.id, ChangeRow.document_id).where(
        or_(ChangeRow.before_id.in_(statement_ids), ChangeRow.after_id.in_(statement_ids))
    )
    return {row.id: row.document_id for row in session.execute(query)}


def alerts_of_changes(
    session: Session, change_ids: Sequence[int], document_ids: Collection[int]
) -> list[AlertCount]:
    """The alerts that told some changes, by state and kind of recipient.

    Args:
        session: a reading transaction.
        change_ids: the changes.
        document_ids: their documents, by which the alerts are found.
    """
    if not change_ids:
        return []
    told = (
        select(AlertChangeRow.alert_id)
        .where(
            AlertChangeRow.alert_id == AlertRow.id,
            AlertChangeRow.change_id.in_(change_ids),
        )
        .correlate(AlertRow)
        .exists()
    )
    query = (
        select(
            AlertRow.state,
            RecipientRow.kind,
            func.count(AlertRow.recipient_id.distinct()),
            func.max(AlertRow.sent_at),
        )
        .outerjoin(RecipientRow, RecipientRow.id == AlertRow.recipient_id)
        .where(AlertRow.document_id.in_(document_ids), told)
        .group_by(AlertRow.state, RecipientRow.kind)
        .order_by(AlertRow.state, RecipientRow.kind)
    )
    return [AlertCount(*one) for one in session.execute(query)]

"""What a commitment rests on, read from the history: versions, articles, verdicts, alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from monitor.model.statements import Statement
from monitor.storage.base import get_row
from monitor.storage.change_rows import statements_of
from monitor.storage.feedback import feedback_summaries
from monitor.storage.fulfilment import FulfilmentLine, fulfilments_of
from monitor.storage.statement_tables import (
    alert_change_table,
    change_table,
    corroboration_table,
    current_statement_table,
    statement_table,
)
from monitor.storage.tables import alert_table, document_table, recipient_table, snapshot_table

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
    connection: Connection, statement_id: int, others: Collection[int] = ()
) -> Evidence | None:
    """What a statement rests on; None if there is none of this number.

    Args:
        connection: a reading transaction.
        statement_id: the sentence that is shown.
        others: the sentences of other years that are the same commitment.
    """
    if not 0 < statement_id < 1 << 63:
        return None
    row = get_row(connection, statement_table, statement_id)
    if row is None:
        return None
    ids = {statement_id, *others}
    versions = _versions(connection, row)
    all_ids = ids | {one.statement_id for one in versions}
    current = get_row(connection, current_statement_table, row.id)
    changes = _changes_of(connection, all_ids)
    summaries = feedback_summaries(connection, list(changes))
    title = connection.scalar(
        select(document_table.c.title).where(document_table.c.id == row.document_id)
    )
    return Evidence(
        statement_id=row.id,
        statement=statements_of(connection, [row])[row.id],
        snapshot_id=row.snapshot_id,
        document_id=row.document_id,
        document_title=title or "",
        versions=tuple(versions),
        articles=tuple(_articles(connection, all_ids)),
        verdicts=tuple(fulfilments_of(connection, all_ids)),
        alerts=tuple(alerts_of_changes(connection, list(changes), set(changes.values()))),
        feedback=tuple(
            Feedback(number, one.people, one.correction is not None)
            for number, one in sorted(summaries.items())
        ),
        is_current=current is not None and current.holds_until is not None,
        in_force_until=None if current is None else current.in_force_until,
    )


def _versions(connection: Connection, row: Row[Any]) -> list[Version]:
    first = row.first_version_id or row.id
    query = (
        select(
            statement_table.c.id,
            statement_table.c.snapshot_id,
            snapshot_table.c.visited_at,
            statement_table.c.text,
            statement_table.c.start_offset,
            statement_table.c.end_offset,
        )
        .join(snapshot_table, snapshot_table.c.id == statement_table.c.snapshot_id)
        .where(or_(statement_table.c.id == first, statement_table.c.first_version_id == first))
        .order_by(statement_table.c.snapshot_id, statement_table.c.id)
    )
    return [Version(*one) for one in connection.execute(query)]


def _articles(connection: Connection, statement_ids: Collection[int]) -> list[Article]:
    said = statement_table.alias().c
    query = (
        select(
            said.id,
            document_table.c.id,
            document_table.c.title,
            document_table.c.published,
            said.text,
        )
        .join(corroboration_table, corroboration_table.c.statement_id == said.id)
        .join(document_table, document_table.c.id == said.document_id)
        .where(corroboration_table.c.commitment_id.in_(statement_ids))
        .order_by(said.id.desc())
        .limit(MAX_ARTICLES)
    )
    return [Article(*one) for one in connection.execute(query)]


def places_of_change(connection: Connection, change_id: int) -> tuple[Place | None, Place | None]:
    """Where the sentence before and the one after stand, of those there are."""
    ids = select(change_table.c.before_id, change_table.c.after_id).where(
        change_table.c.id == change_id
    )
    row = connection.execute(ids).first()
    before_id, after_id = (None, None) if row is None else row
    query = select(
        statement_table.c.id,
        statement_table.c.snapshot_id,
        statement_table.c.start_offset,
        statement_table.c.end_offset,
    ).where(statement_table.c.id.in_([one for one in (before_id, after_id) if one is not None]))
    found = {number: Place(*place) for number, *place in connection.execute(query)}
    return found.get(before_id or 0), found.get(after_id or 0)


def _changes_of(connection: Connection, statement_ids: Collection[int]) -> dict[int, int]:
    """The changes of some statements, each with its document."""
    query = select(change_table.c.id, change_table.c.document_id).where(
        or_(change_table.c.before_id.in_(statement_ids), change_table.c.after_id.in_(statement_ids))
    )
    return {row.id: row.document_id for row in connection.execute(query)}


def alerts_of_changes(
    connection: Connection, change_ids: Sequence[int], document_ids: Collection[int]
) -> list[AlertCount]:
    """The alerts that told some changes, by state and kind of recipient.

    Args:
        connection: a reading transaction.
        change_ids: the changes.
        document_ids: their documents, by which the alerts are found.
    """
    if not change_ids:
        return []
    told = (
        select(alert_change_table.c.alert_id)
        .where(
            alert_change_table.c.alert_id == alert_table.c.id,
            alert_change_table.c.change_id.in_(change_ids),
        )
        .correlate(alert_table)
        .exists()
    )
    query = (
        select(
            alert_table.c.state,
            recipient_table.c.kind,
            func.count(alert_table.c.recipient_id.distinct()),
            func.max(alert_table.c.sent_at),
        )
        .outerjoin(recipient_table, recipient_table.c.id == alert_table.c.recipient_id)
        .where(alert_table.c.document_id.in_(document_ids), told)
        .group_by(alert_table.c.state, recipient_table.c.kind)
        .order_by(alert_table.c.state, recipient_table.c.kind)
    )
    return [AlertCount(*one) for one in connection.execute(query)]

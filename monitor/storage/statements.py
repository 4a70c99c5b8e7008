"""Statements in force: what the newest text of each document says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Statement
from monitor.storage.mappers import statement_of
from monitor.storage.tables import (
    CurrentStatementRow,
    DocumentRow,
    ReferenceDayRow,
    StatementRow,
)

_PAGE = 500


@dataclass(frozen=True, slots=True)
class StandingStatement:
    """A statement in force with its document."""

    id: int
    statement: Statement
    document_id: int
    document_title: str
    url: str | None
    published: date | None
    source_id: str | None


def walk_statements(
    session: Session, *, published_since: date | None = None
) -> Iterator[StandingStatement]:
    """The statements in force of all labels, newest first; a page of them is held at a time.

    They are those of ``commitments_current``, of any label: nothing that is superseded or ended,
    and not what an article only repeats.

    Args:
        session: a reading transaction.
        published_since: only of documents that are dated and were published then or later.
    """
    query = (
        select(StatementRow, DocumentRow)
        .join(CurrentStatementRow, CurrentStatementRow.statement_id == StatementRow.id)
        .join(DocumentRow, DocumentRow.id == CurrentStatementRow.document_id)
        .where(
            CurrentStatementRow.holds_until >= select(ReferenceDayRow.day).scalar_subquery(),
        )
        .order_by(StatementRow.id.desc())
        .limit(_PAGE)
    )
    if published_since is not None:
        query = query.where(DocumentRow.published >= published_since)
    last: int | None = None
    while True:
        page = query if last is None else query.where(StatementRow.id < last)
        rows = session.execute(page).all()
        for row, document in rows:
            yield StandingStatement(
                row.id,
                statement_of(row),
                document.id,
                document.title,
                document.url,
                document.published,
                document.source_id,
            )
        if len(rows) < _PAGE:
            return
        last = rows[-1][0].id
        session.expunge_all()


def unlinked_commitments(session: Session, region: str, year: int) -> dict[int, Statement]:
    """What articles and pages say of a region's year and repeat of no document, by row.

    Args:
        session: a reading transaction.
        region: an official name.
        year: the year of the statements.
    """
    query = (
        select(StatementRow)
        .join(CurrentStatementRow, CurrentStatementRow.statement_id == StatementRow.id)
        .where(
            CurrentStatementRow.region == region,
            CurrentStatementRow.superseded_by_id.is_(None),
            CurrentStatementRow.year == year,
            CurrentStatementRow.label == Label.COMMITMENT,
            CurrentStatementRow.document_kind.in_((DocumentKind.NEWS, DocumentKind.PAGE)),
            CurrentStatementRow.repeats_id.is_(None),
        )
        .order_by(StatementRow.id)
    )
    return {row.id: statement_of(row) for row in session.scalars(query)}

"""Statements in force: what the newest text of each document says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from monitor.model.statements import Statement
from monitor.storage.mappers import statement_of
from monitor.storage.tables import CorroborationRow, DocumentRow, StatementRow

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

    They are those of ``commitments_current``: of a report that no later one replaced, and without
    what an article only repeats.

    Args:
        session: a reading transaction.
        published_since: only of documents that are dated and were published then or later.
    """
    query = (
        select(StatementRow, DocumentRow)
        .join(DocumentRow, DocumentRow.snapshot_id == StatementRow.snapshot_id)
        .where(
            DocumentRow.successor_id.is_(None),
            StatementRow.in_scope,
            ~exists().where(CorroborationRow.statement_id == StatementRow.id),
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

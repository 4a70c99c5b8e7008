"""Statements in force: what the newest text of each document says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Statement, Target
from monitor.storage.base import batches, insert_into, table_of
from monitor.storage.mappers import statement_of, stored_statement, stored_target
from monitor.storage.tables import (
    ChangeRow,
    CurrentStatementRow,
    DocumentRow,
    ReferenceDayRow,
    SnapshotRow,
    StatementRow,
    TargetRow,
)

_PAGE = 500
_MAX_LOOKED_THROUGH = 100_000


@dataclass(frozen=True, slots=True)
class StatementInForce:
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
) -> Iterator[StatementInForce]:
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
        .where(_in_force())
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
            yield StatementInForce(
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


def newest_commitments(session: Session, *, limit: int) -> tuple[list[StatementInForce], bool]:
    """The newest commitments in force, as ``walk_statements`` has them, without mapping rows.

    Only the newest 100,000 statements are looked through, so that the time has a bound.

    Returns:
        At most ``limit`` of them, newest first, and whether these are all.
    """
    statement = StatementRow.__table__
    oldest = (session.scalar(select(func.max(StatementRow.id))) or 0) - _MAX_LOOKED_THROUGH
    rows = session.execute(
        select(
            *statement.c,
            DocumentRow.title.label("document_title"),
            DocumentRow.url,
            DocumentRow.published,
            DocumentRow.source_id,
        )
        .select_from(CurrentStatementRow)
        .join(StatementRow, StatementRow.id == CurrentStatementRow.statement_id)
        .join(DocumentRow, DocumentRow.id == CurrentStatementRow.document_id)
        .where(
            CurrentStatementRow.statement_id > oldest,
            CurrentStatementRow.label == Label.COMMITMENT,
            _in_force(),
        )
        .order_by(CurrentStatementRow.statement_id.desc())
        .limit(limit + 1)
    ).all()
    is_all = oldest <= 0 and len(rows) <= limit
    rows = rows[:limit]
    targets: defaultdict[int, list[Target]] = defaultdict(list)
    for some in batches([row.id for row in rows]):
        query = select(TargetRow.__table__).where(TargetRow.statement_id.in_(some))
        for row in session.execute(query.order_by(TargetRow.position)):
            targets[row.statement_id].append(stored_target(row))
    found = [
        StatementInForce(
            row.id,
            stored_statement(cast("Row[Any]", row), tuple(targets[row.id])),
            row.document_id,
            row.document_title,
            row.url,
            row.published,
            row.source_id,
        )
        for row in rows
    ]
    return found, is_all


def commitments_of_region(
    session: Session, region: str, *, limit: int, after: tuple[int, int] | None = None
) -> tuple[list[tuple[int, Statement]], bool]:
    """The commitments in force of a region, those of the newest plan first, with their rows.

    Args:
        session: a reading transaction.
        region: an official name.
        limit: how many at most.
        after: the year (0 for none) and the row after which the list goes on.

    Returns:
        The commitments, and whether there are more.
    """
    number = CurrentStatementRow.statement_id
    # The databases sort a year that is missing to different ends.
    year = func.coalesce(CurrentStatementRow.year, 0)
    newest = (
        select(number)
        .where(
            CurrentStatementRow.label == Label.COMMITMENT,
            CurrentStatementRow.region == region,
            _in_force(),
        )
        .order_by(year.desc(), number)
        .limit(limit + 1)
    )
    if after is not None:
        newest = newest.where(
            or_(year < after[0], and_(year == after[0], number > after[1])),
        )
    ids = list(session.scalars(newest))
    rows = {
        row.id: row
        for some in batches(ids)
        for row in session.scalars(select(StatementRow).where(StatementRow.id.in_(some)))
    }
    return [(one, statement_of(rows[one])) for one in ids[:limit]], len(ids) > limit


def log_version(session: Session) -> tuple[int, ...]:
    """A value that is another one whenever a visit or an ingest has written something."""
    newest = (select(func.max(table.id)).scalar_subquery() for table in _WRITTEN)
    return tuple(one or 0 for one in session.execute(select(*newest)).one())


_WRITTEN = (SnapshotRow, StatementRow, ChangeRow)


def set_reference_day(session: Session, day: date) -> None:
    """Note the day that is today for the views; nothing is written when it is noted already."""
    if session.execute(_reference_day_query()).scalar() == day:
        return
    values = {"day": day}
    session.connection().execute(
        insert_into(session, ReferenceDayRow)
        .values(id=1, **values)
        .on_conflict_do_update(index_elements=[ReferenceDayRow.id], set_=values)
    )


@cache
def _reference_day_query() -> Select[Any]:
    # Each page that is written asks, and to build it takes longer than to run it.
    return select(table_of(ReferenceDayRow).c.day)


def _in_force() -> ColumnElement[bool]:
    day = select(ReferenceDayRow.day).scalar_subquery()
    return CurrentStatementRow.holds_until >= day


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

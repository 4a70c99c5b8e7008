"""Statements in force: what the newest text of each document says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Statement
from monitor.storage.change_rows import DOCUMENT_COLUMNS, statements_by_id, statements_of
from monitor.storage.statement_tables import (
    change_table,
    current_statement_table,
    statement_table,
)
from monitor.storage.tables import document_table, reference_day_table, snapshot_table

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
    connection: Connection, *, published_since: date | None = None
) -> Iterator[StatementInForce]:
    """The statements in force of all labels, newest first; a page of them is held at a time.

    They are those of ``commitments_current``, of any label: nothing that is superseded or ended,
    and not what an article only repeats.

    Args:
        connection: a reading transaction.
        published_since: only of documents that are dated and were published then or later.
    """
    query = (
        select(statement_table, *DOCUMENT_COLUMNS)
        .join(
            current_statement_table, current_statement_table.c.statement_id == statement_table.c.id
        )
        .join(document_table, document_table.c.id == current_statement_table.c.document_id)
        .where(_in_force())
        .order_by(statement_table.c.id.desc())
        .limit(_PAGE)
    )
    if published_since is not None:
        query = query.where(document_table.c.published >= published_since)
    last: int | None = None
    while True:
        page = query if last is None else query.where(statement_table.c.id < last)
        rows = connection.execute(page).all()
        yield from _in_force_of(connection, rows)
        if len(rows) < _PAGE:
            return
        last = rows[-1].id


def _in_force_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[StatementInForce]:
    """The statements of rows with all their columns and those of ``DOCUMENT_COLUMNS``."""
    statements = statements_of(connection, rows)
    return [
        StatementInForce(
            row.id,
            statements[row.id],
            row.document_id,
            row.document_title,
            row.url,
            row.published,
            row.source_id,
        )
        for row in rows
    ]


def newest_commitments(
    connection: Connection, *, limit: int
) -> tuple[list[StatementInForce], bool]:
    """The newest commitments in force, as ``walk_statements`` has them.

    Only the newest 100,000 statements are looked through, so that the time has a bound.

    Returns:
        At most ``limit`` of them, newest first, and whether these are all.
    """
    oldest = (connection.scalar(select(func.max(statement_table.c.id))) or 0) - _MAX_LOOKED_THROUGH
    rows = connection.execute(
        select(statement_table, *DOCUMENT_COLUMNS)
        .select_from(current_statement_table)
        .join(statement_table, statement_table.c.id == current_statement_table.c.statement_id)
        .join(document_table, document_table.c.id == current_statement_table.c.document_id)
        .where(
            current_statement_table.c.statement_id > oldest,
            current_statement_table.c.label == Label.COMMITMENT,
            _in_force(),
        )
        .order_by(current_statement_table.c.statement_id.desc())
        .limit(limit + 1)
    ).all()
    is_all = oldest <= 0 and len(rows) <= limit
    return _in_force_of(connection, rows[:limit]), is_all


def commitments_of_region(
    connection: Connection, region: str, *, limit: int, after: tuple[int, int] | None = None
) -> tuple[list[tuple[int, Statement]], bool]:
    """The commitments in force of a region, those of the newest plan first, with their rows.

    Args:
        connection: a reading transaction.
        region: an official name.
        limit: how many at most.
        after: the year (0 for none) and the row after which the list goes on.

    Returns:
        The commitments, and whether there are more.
    """
    number = current_statement_table.c.statement_id
    # The databases sort a year that is missing to different ends.
    year = func.coalesce(current_statement_table.c.year, 0)
    newest = (
        select(number)
        .where(
            current_statement_table.c.label == Label.COMMITMENT,
            current_statement_table.c.region == region,
            _in_force(),
        )
        .order_by(year.desc(), number)
        .limit(limit + 1)
    )
    if after is not None:
        newest = newest.where(
            or_(year < after[0], and_(year == after[0], number > after[1])),
        )
    ids = list(connection.scalars(newest))
    found = statements_by_id(connection, ids[:limit])
    return [(one, found[one]) for one in ids[:limit]], len(ids) > limit


def log_version(connection: Connection) -> tuple[int, ...]:
    """A value that is another one whenever a visit or an ingest has written something."""
    newest = (select(func.max(table.c.id)).scalar_subquery() for table in _WRITTEN)
    return tuple(one or 0 for one in connection.execute(select(*newest)).one())


_WRITTEN = (snapshot_table, statement_table, change_table)


def _in_force() -> ColumnElement[bool]:
    day = select(reference_day_table.c.day).scalar_subquery()
    return current_statement_table.c.holds_until >= day


def unlinked_commitments(connection: Connection, region: str, year: int) -> dict[int, Statement]:
    """What articles and pages say of a region's year and repeat of no document, by row.

    Args:
        connection: a reading transaction.
        region: an official name.
        year: the year of the statements.
    """
    query = (
        select(statement_table)
        .join(
            current_statement_table, current_statement_table.c.statement_id == statement_table.c.id
        )
        .where(
            current_statement_table.c.region == region,
            current_statement_table.c.superseded_by_id.is_(None),
            current_statement_table.c.year == year,
            current_statement_table.c.label == Label.COMMITMENT,
            current_statement_table.c.document_kind.in_((DocumentKind.NEWS, DocumentKind.PAGE)),
            current_statement_table.c.repeats_id.is_(None),
        )
        .order_by(statement_table.c.id)
    )
    return statements_of(connection, connection.execute(query).all())

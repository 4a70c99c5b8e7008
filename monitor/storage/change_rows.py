"""Statements and changes of their rows, with what other tables hold of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from monitor.model.changes import Change, Delta
from monitor.model.statements import Statement, Target
from monitor.storage.base import batches
from monitor.storage.mappers import stored_change, stored_statement, stored_target
from monitor.storage.statement_tables import delta_table, statement_table, target_table
from monitor.storage.tables import document_table

DOCUMENT_COLUMNS = (
    document_table.c.title.label("document_title"),
    document_table.c.url,
    document_table.c.published,
    document_table.c.source_id,
)
"""What is shown of the document in which a statement or a change stands."""


def statements_of(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, Statement]:
    """The statements of rows that have all columns of ``statement``, by id, in their order."""
    targets: defaultdict[int, list[Target]] = defaultdict(list)
    for some in batches(row.id for row in rows):
        query = select(target_table).where(target_table.c.statement_id.in_(some))
        for one in connection.execute(query.order_by(target_table.c.position)):
            targets[one.statement_id].append(stored_target(one))
    return {row.id: stored_statement(row, tuple(targets[row.id])) for row in rows}


def statements_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Statement]:
    """The statements with these ids; those that are not there are left out."""
    rows: list[Row[Any]] = []
    for some in batches(ids):
        query = select(statement_table).where(statement_table.c.id.in_(some))
        rows += connection.execute(query).all()
    return statements_of(connection, rows)


def changes_of(connection: Connection, rows: Iterable[Row[Any]]) -> dict[int, Change]:
    """The changes of rows that have all columns of ``change``, by id, in their order."""
    rows = list(rows)
    sides = (number for row in rows for number in (row.before_id, row.after_id))
    statements = statements_by_id(connection, {number for number in sides if number is not None})
    deltas: defaultdict[int, list[Delta]] = defaultdict(list)
    for some in batches(row.id for row in rows):
        query = select(delta_table).where(delta_table.c.change_id.in_(some))
        for one in connection.execute(query.order_by(delta_table.c.position)):
            deltas[one.change_id].append(Delta(one.metric, one.unit, one.before, one.after))
    return {
        row.id: stored_change(
            row,
            before=None if row.before_id is None else statements[row.before_id],
            after=None if row.after_id is None else statements[row.after_id],
            deltas=tuple(deltas[row.id]),
        )
        for row in rows
    }

"""Commitments over the years: what each report said of one, and which one a statement is.

Which sentences are one commitment is computed when a report is written, for the sentences that
comparisons of years link with it, and kept in ``commitment_year``; the view
``commitment_history`` only reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    column,
    delete,
    func,
    insert,
    select,
    table,
    text,
)

from monitor.folding import fold
from monitor.model.changes import Basis, CommitmentYear, Kind
from monitor.storage.base import batches
from monitor.storage.statement_tables import change_table, commitment_year_table, statement_table
from monitor.storage.word_index import may_have, statements_with

_QUERY = Path(__file__).with_name("commitment_history.sql")
_NAMES = tuple(one.name for one in fields(CommitmentYear))
_HISTORY = table("commitment_history", *map(column, _NAMES))
_PAGE = 500
_LINES_AT_FIRST = 1000


def commitment_of_statement(connection: Connection, statement_id: int) -> int | None:
    """The id of the commitment that a statement of a report is; any version of it will do.

    Args:
        connection: a reading transaction.
        statement_id: a statement; a commitment's id is one, too.
    """
    if not 0 < statement_id < 1 << 63:
        return None
    query = select(commitment_year_table.c.commitment_id).where(
        commitment_year_table.c.statement_id.in_(_versions(connection, {statement_id}))
    )
    return connection.scalars(query.order_by(commitment_year_table.c.statement_id)).first()


def commitment_of_change(connection: Connection, change_id: int) -> int | None:
    """The id of the commitment that a change of the log is about; None outside of reports."""
    if not 0 < change_id < 1 << 63:
        return None
    row = connection.execute(
        select(change_table.c.after_id, change_table.c.before_id, change_table.c.basis).where(
            change_table.c.id == change_id
        )
    ).first()
    if row is None:
        return None
    verdict = row.basis == Basis.FULFILMENT  # what came after is no promise
    sides = (one for one in (None if verdict else row.after_id, row.before_id) if one is not None)
    found = (commitment_of_statement(connection, one) for one in sides)
    return next((one for one in found if one is not None), None)


def commitment_years(connection: Connection, commitment_id: int) -> list[CommitmentYear]:
    """What each report said of a commitment, oldest first."""
    return _read(connection, {commitment_id}).get(commitment_id, [])


def find_commitments(
    connection: Connection,
    *,
    words: Collection[str] = (),
    regions: Collection[str] | None = None,
    limit: int = 20,
) -> list[list[CommitmentYear]]:
    """The commitments that fit, each with all its years; those promised longest first.

    Args:
        connection: a reading transaction.
        words: each of them stands in a sentence of the commitment, both folded.
        regions: official names, one of which it must be.
        limit: how many at most.
    """
    years = commitment_year_table.c
    query = select(years.commitment_id, years.text).order_by(
        years.last_year.desc(), years.years.desc(), years.commitment_id.desc()
    )
    if regions is not None:
        query = query.where(years.region.in_(regions))
    said = [word for word in map(fold, words) if word]
    found = _first_fits(connection, query, said, limit)
    by_id = _read(connection, found)
    return [by_id[commitment_id] for commitment_id in found]


def _first_fits(
    connection: Connection, query: Select[int, str], said: Collection[str], limit: int
) -> dict[int, None]:
    """The first commitments of a query that have all words in one sentence."""
    few = statements_with(connection, said)
    if few is not None:
        query = query.where(commitment_year_table.c.statement_id.in_(few))
    for word in said:
        query = query.where(may_have(connection, commitment_year_table.c.text, word))
    # Most often the first lines are enough; the planner must know that no more are wanted.
    for most in (_LINES_AT_FIRST, None) if few is None else (None,):
        found = _fits(connection, query.limit(most), said, limit)
        if most is None or len(found) >= limit:
            return found
    return {}


def _fits(
    connection: Connection, query: Select[int, str], said: Collection[str], limit: int
) -> dict[int, None]:
    found: dict[int, None] = {}
    with connection.execute(query.execution_options(yield_per=_PAGE)) as rows:
        for commitment_id, sentence in rows:
            words_of = fold(sentence) if said else ""
            if all(word in words_of for word in said):
                found[commitment_id] = None
                if len(found) >= limit:
                    break
    return found


def write_commitment_years(connection: Connection, document_ids: Collection[int]) -> None:
    """Compute anew what the sentences of some reports are, and all that are linked with them.

    Args:
        connection: a writing transaction in which the reports' statements and changes are written.
        document_ids: documents; those that are no reports of a year have no lines.
    """
    seeds = select(statement_table.c.id).where(statement_table.c.document_id.in_(document_ids))
    statements = sorted(_linked_statements(connection, connection.scalars(seeds)))
    if not statements:
        return
    for some in batches(statements):
        connection.execute(
            delete(commitment_year_table).where(commitment_year_table.c.statement_id.in_(some))
        )
    write_lines(
        connection,
        scope="\n    AND s.id IN :statement_ids",
        # A search in two indexes: of the whole log the planners make a scan.
        changes="(SELECT * FROM change WHERE before_id IN :statement_ids"
        " UNION SELECT * FROM change WHERE after_id IN :statement_ids)",
        statement_ids=statements,
    )


def write_lines(
    connection: Connection, *, scope: str = "", changes: str = "change", **parameters: Any
) -> None:
    """Insert the lines of ``commitment_year``: all, or those of some statements.

    Args:
        connection: a writing transaction.
        scope: a further condition on the statements.
        changes: the changes to follow, as a table or a query.
        parameters: lists, those of ``scope`` and ``changes``.
    """
    sql = _QUERY.read_text(encoding="utf-8").format(scope=scope, changes=changes)
    names = [one.name for one in commitment_year_table.columns]
    lines = (
        text(sql)
        .bindparams(*(bindparam(name, some, expanding=True) for name, some in parameters.items()))
        .columns(*map(column, names))
        .subquery()
    )
    # A circle of links, which no comparison makes, has no first sentence.
    known = select(*(lines.c[name] for name in names)).where(lines.c.commitment_id.is_not(None))
    connection.execute(insert(commitment_year_table).from_select(names, known))


def _versions(connection: Connection, statement_ids: Collection[int]) -> set[int]:
    """All versions of some statements, in whatever snapshot of their documents."""
    found: set[int] = set()
    first: ColumnElement[int] = func.coalesce(
        statement_table.c.first_version_id, statement_table.c.id
    )
    for some in batches(statement_ids):
        versions = connection.scalars(select(first).where(statement_table.c.id.in_(some))).all()
        found.update(versions)
        found.update(
            connection.scalars(
                select(statement_table.c.id).where(statement_table.c.first_version_id.in_(versions))
            )
        )
    return found


def _linked_statements(connection: Connection, statement_ids: Iterable[int]) -> set[int]:
    """The statements that comparisons of years link with some, over all years, and all versions.

    Every step is a search in an index.
    """
    known: set[int] = set()
    new = _versions(connection, set(statement_ids))
    while new:
        known |= new
        linked: set[int] = set()
        for near, far in (
            (change_table.c.before_id, change_table.c.after_id),
            (change_table.c.after_id, change_table.c.before_id),
        ):
            for some in batches(new):
                query = select(far).where(
                    near.in_(some), far.is_not(None), change_table.c.basis == Basis.SUCCESSION
                )
                linked.update(one for one in connection.scalars(query) if one is not None)
        new = _versions(connection, linked - known) - known
    return known


def _read(
    connection: Connection, commitment_ids: Collection[int]
) -> dict[int, list[CommitmentYear]]:
    """What each report said of some commitments, oldest first."""
    found: dict[int, list[CommitmentYear]] = {one: [] for one in commitment_ids}
    for some in batches(commitment_ids):
        query = (
            select(_HISTORY)
            .where(_HISTORY.c.commitment_id.in_(some))
            .order_by(_HISTORY.c.year, _HISTORY.c.statement_id)
        )
        for one in map(_year, connection.execute(query)):
            found[one.commitment_id].append(one)
    return found


def _year(row: Row[Any]) -> CommitmentYear:
    values = row._asdict()
    kind = values["kind"]
    values |= {"kind": kind and Kind(kind), "in_scope": bool(values["in_scope"])}
    return CommitmentYear(**values)

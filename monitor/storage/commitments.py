"""Commitments over the years: what each report said of one, and which one a statement is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import Row, bindparam, column, func, select, table, text
from sqlalchemy.orm import Session

from monitor.folding import fold
from monitor.model.changes import Basis, CommitmentYear, Kind
from monitor.storage.base import batches
from monitor.storage.tables import ChangeRow, StatementRow

# Of some statements; the migration that creates the view has the same text for all of them.
_SCOPED_HISTORY = Path(__file__).with_name("commitment_history.sql")
_NAMES = tuple(one.name for one in fields(CommitmentYear))
_HISTORY = table("commitment_history", *map(column, _NAMES))
_IN_ORDER = (_HISTORY.c.year, _HISTORY.c.statement_id)


def commitment_of_statement(session: Session, statement_id: int) -> int | None:
    """The id of the commitment that a statement of a report is; any version of it will do.

    Args:
        session: a reading transaction.
        statement_id: a statement; a commitment's id is one, too.
    """
    if not 0 < statement_id < 1 << 63:
        return None
    statements = _linked_statements(session, statement_id)
    versions = _versions(session, {statement_id})
    for one in _read_scoped(session, statements):
        if one.statement_id in versions:
            return one.commitment_id
    return None


def commitment_of_change(session: Session, change_id: int) -> int | None:
    """The id of the commitment that a change of the log is about; None outside of reports."""
    if not 0 < change_id < 1 << 63:
        return None
    row = session.execute(
        select(ChangeRow.after_id, ChangeRow.before_id, ChangeRow.basis).where(
            ChangeRow.id == change_id
        )
    ).first()
    if row is None:
        return None
    verdict = row.basis == Basis.FULFILMENT  # what came after is no promise
    sides = (one for one in (None if verdict else row.after_id, row.before_id) if one is not None)
    found = (commitment_of_statement(session, one) for one in sides)
    return next((one for one in found if one is not None), None)


def commitment_years(session: Session, commitment_id: int) -> list[CommitmentYear]:
    """What each report said of a commitment, oldest first."""
    statements = _linked_statements(session, commitment_id)
    return [one for one in _read_scoped(session, statements) if one.commitment_id == commitment_id]


def find_commitments(
    session: Session,
    *,
    words: Collection[str] = (),
    regions: Collection[str] | None = None,
    limit: int = 20,
) -> list[list[CommitmentYear]]:
    """The commitments that fit, each with all its years; those promised longest first.

    Args:
        session: a reading transaction.
        words: each of them stands in a sentence of the commitment, both folded.
        regions: official names, one of which it must be.
        limit: how many at most.
    """
    # Filtered here: the planner of PostgreSQL takes a filter on the view for far too rare.
    said = [fold(word) for word in words]
    by_id: dict[int, list[CommitmentYear]] = {}
    fits: set[int] = set()
    for one in _read(session):
        by_id.setdefault(one.commitment_id, []).append(one)
        words_of = fold(one.text) if said else ""
        if (regions is None or one.region in regions) and all(word in words_of for word in said):
            fits.add(one.commitment_id)
    ranked = sorted(
        (by_id[commitment_id] for commitment_id in fits),
        key=lambda years: (-years[0].last_year, -years[0].years, years[0].commitment_id),
    )
    return ranked[:limit]


def _versions(session: Session, statement_ids: Collection[int]) -> set[int]:
    """All versions of some statements, in whatever snapshot of their documents."""
    found: set[int] = set()
    first = func.coalesce(StatementRow.first_version_id, StatementRow.id)
    for some in batches(statement_ids):
        versions = session.scalars(select(first).where(StatementRow.id.in_(some))).all()
        found.update(versions)
        found.update(
            session.scalars(
                select(StatementRow.id).where(StatementRow.first_version_id.in_(versions))
            )
        )
    return found


def _linked_statements(session: Session, statement_id: int) -> set[int]:
    """The statements that comparisons of years link with one, over all years, and their versions.

    Every step is a search in an index; the view would compute the identity of all commitments.
    """
    known: set[int] = set()
    new = _versions(session, {statement_id})
    while new:
        known |= new
        linked: set[int] = set()
        for near, far in (
            (ChangeRow.before_id, ChangeRow.after_id),
            (ChangeRow.after_id, ChangeRow.before_id),
        ):
            for some in batches(new):
                query = select(far).where(
                    near.in_(some), far.is_not(None), ChangeRow.basis == Basis.SUCCESSION
                )
                linked.update(one for one in session.scalars(query) if one is not None)
        new = _versions(session, linked - known) - known
    return known


def _read_scoped(session: Session, statement_ids: Collection[int]) -> list[CommitmentYear]:
    """The lines of the view that some statements make, all of those that are linked with them."""
    if not statement_ids:
        return []
    sql = _SCOPED_HISTORY.read_text(encoding="utf-8").format(
        scope="\n    AND s.id IN :statement_ids",
        # A search in two indexes: of the whole log the planners make a scan.
        changes="(SELECT * FROM change WHERE before_id IN :statement_ids"
        " UNION SELECT * FROM change WHERE after_id IN :statement_ids)",
    )
    query = (
        text(sql)
        .bindparams(bindparam("statement_ids", sorted(statement_ids), expanding=True))
        .columns(*map(column, _NAMES))
        .subquery()
    )
    rows = session.execute(
        select(*(query.c[name] for name in _NAMES)).order_by(query.c.year, query.c.statement_id)
    )
    return _years(row for row in rows if row.commitment_id is not None)


def _read(session: Session) -> list[CommitmentYear]:
    return _years(session.execute(select(_HISTORY).order_by(*_IN_ORDER)))


def _years(rows: Iterable[Row[Any]]) -> list[CommitmentYear]:
    found = []
    for row in rows:
        values = row._asdict()
        kind = values["kind"]
        values |= {"kind": kind and Kind(kind), "in_scope": bool(values["in_scope"])}
        found.append(CommitmentYear(**values))
    return found

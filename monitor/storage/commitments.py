"""Commitments over the years: what each report said of one, and which one a statement is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields

from sqlalchemy import ColumnElement, Row, column, func, or_, select, table
from sqlalchemy.orm import Session

from monitor.model.changes import Basis, CommitmentYear, Kind
from monitor.storage.tables import ChangeRow, StatementRow

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
    first = func.coalesce(StatementRow.first_version_id, StatementRow.id)
    version = session.scalar(select(first).where(StatementRow.id == statement_id))
    if version is None:
        return None
    versions = select(StatementRow.id).where(
        or_(StatementRow.id == version, StatementRow.first_version_id == version)
    )
    return session.scalar(
        select(_HISTORY.c.commitment_id).where(_HISTORY.c.statement_id.in_(versions)).limit(1)
    )


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
    return _read(session, _HISTORY.c.commitment_id == commitment_id)


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
        words: each of them stands in a sentence of the commitment, wherever a column broke it.
        regions: official names, one of which it must be.
        limit: how many at most.
    """
    # Filtered here: the planner of PostgreSQL takes a filter on the view for far too rare.
    said = ["".join(word.lower().split()) for word in words]
    by_id: dict[int, list[CommitmentYear]] = {}
    fits: set[int] = set()
    for one in _read(session):
        by_id.setdefault(one.commitment_id, []).append(one)
        text = "".join(one.text.lower().split())
        if (regions is None or one.region in regions) and all(word in text for word in said):
            fits.add(one.commitment_id)
    ranked = sorted(
        (by_id[commitment_id] for commitment_id in fits),
        key=lambda years: (-years[0].last_year, -years[0].years, years[0].commitment_id),
    )
    return ranked[:limit]


def _read(session: Session, *wanted: ColumnElement[bool]) -> list[CommitmentYear]:
    rows: Iterable[Row[tuple[object, ...]]] = session.execute(
        select(_HISTORY).where(*wanted).order_by(*_IN_ORDER)
    )
    found = []
    for row in rows:
        values = row._asdict()
        kind = values["kind"]
        values |= {"kind": kind and Kind(kind), "in_scope": bool(values["in_scope"])}
        found.append(CommitmentYear(**values))
    return found

"""Who speaks, by kind of speaker or by office, as conditions on statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)

from monitor.model.statements import Label, Speaker
from monitor.storage.statement_tables import statement_table

MAX_FOUND = 20_000
"""More statements than this are too many to look at one by one."""

# A step of the index for each name: DISTINCT would read a row for each statement.
_NAMES = text(
    """
    WITH RECURSIVE one(name) AS (
      SELECT MIN(source_name) FROM statement WHERE source_name IS NOT NULL
      UNION ALL
      SELECT (SELECT MIN(source_name) FROM statement WHERE source_name > one.name)
      FROM one WHERE one.name IS NOT NULL
    )
    SELECT name FROM one WHERE name IS NOT NULL
    """
)


@dataclass(frozen=True, slots=True)
class WantedSpeakers:
    """Who is wanted: one of these kinds, or one of these offices.

    ``governments_of`` are the regions whose governments are among the offices: what a region
    promises without an office's name is its government's.
    """

    kinds: frozenset[Speaker] = frozenset()
    offices: frozenset[str] = frozenset()
    governments_of: frozenset[str] = frozenset()


def issuer_names(connection: Connection) -> list[str]:
    """All that statements have as ``source_name``: offices, several joined by 、, documents."""
    return list(connection.scalars(_NAMES))


def offices_of(names: Iterable[str]) -> set[str]:
    """The offices, each alone, that some values of ``source_name`` name."""
    return {office for name in names if not name.startswith("《") for office in name.split("、")}


def said_by(wanted: WantedSpeakers, names: Collection[str], statement: Any) -> ColumnElement[bool]:
    """A condition on the columns of a statement: somebody who is wanted says it.

    Args:
        wanted: who is wanted.
        names: those of ``names_with``.
        statement: the columns.
    """
    return or_(*_ways(wanted, names, statement))


def statements_by(
    connection: Connection,
    wanted: WantedSpeakers,
    names: Collection[str],
    label: Label | None = Label.COMMITMENT,
) -> Select[int] | None:
    """A query for the ids of the statements of those who are wanted.

    Args:
        connection: a reading transaction.
        wanted: who is wanted.
        names: those of ``names_with``.
        label: of the statements; None for all.

    Returns:
        None if the index is no help: they have more than ``MAX_FOUND`` statements, or are all
        governments, who have most of them.
    """
    if Speaker.GOVERNMENT in wanted.kinds:
        return None
    ways = _ways(wanted, names, statement_table.c)
    labelled = [] if label is None else [statement_table.c.label == label]
    found = union_all(
        *(select(statement_table.c.id).where(way, *labelled) for way in ways)
    ).subquery()
    some = select(found.c.id).limit(MAX_FOUND + 1).subquery()
    if (connection.scalar(select(func.count()).select_from(some)) or 0) > MAX_FOUND:
        return None
    return select(found.c.id)


def names_with(connection: Connection, offices: frozenset[str]) -> list[str]:
    """The values of ``source_name`` that have one of some offices in them."""
    if not offices:
        return []
    return [name for name in issuer_names(connection) if name in offices or _has(name, offices)]


def _has(name: str, offices: frozenset[str]) -> bool:
    return not name.startswith("《") and not offices.isdisjoint(name.split("、"))


def _ways(
    wanted: WantedSpeakers, names: Collection[str], statement: Any
) -> list[ColumnElement[bool]]:
    ways: list[ColumnElement[bool]] = [statement.source_name.in_(names)]
    if wanted.kinds:
        kinds = statement.speaker.in_(sorted(wanted.kinds))
        ways.append(
            kinds if Speaker.GOVERNMENT in wanted.kinds else and_(kinds, _others(statement))
        )
    if wanted.governments_of:
        nobody = or_(
            statement.source_name.is_(None), statement.source_name.startswith(literal("《"))
        )
        of_government = statement.speaker == Speaker.GOVERNMENT
        regions = statement.region.in_(sorted(wanted.governments_of))
        ways.append(and_(regions, of_government, nobody))
    return ways


def _others(statement: Any) -> ColumnElement[bool]:
    """Written out, as SQLite's index of speakers has it: it serves no query without this."""
    not_government: ColumnElement[bool] = statement.speaker != literal(
        Speaker.GOVERNMENT.value, literal_execute=True
    )
    return not_government

"""Commitments in force that fit a filter, and statements with what holds of them. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, text, tuple_, union_all

from monitor.folding import fold
from monitor.model.statements import Label, Statement
from monitor.storage.change_rows import statements_of
from monitor.storage.speakers import WantedSpeakers, names_with, said_by, statements_by
from monitor.storage.statement_tables import (
    current_statement_table,
    current_target_table,
    metric_year_table,
    statement_table,
)
from monitor.storage.tables import document_table, reference_day_table
from monitor.storage.word_index import may_have, statements_with

_PAGE = 500
# A step of the index for each name: DISTINCT would read a row for each target.
_REGIONS_IN_FORCE = text(
    """
    WITH RECURSIVE one(name) AS (
      SELECT MIN(region) FROM current_target WHERE holds_until IS NOT NULL
      UNION ALL
      SELECT (
        SELECT MIN(region) FROM current_target
        WHERE region > one.name AND holds_until IS NOT NULL
      )
      FROM one WHERE one.name IS NOT NULL
    )
    SELECT name FROM one WHERE name IS NOT NULL
    """
)


@dataclass(frozen=True, slots=True)
class StatementState:
    """A statement, its document, and whether it stands there and holds."""

    id: int
    statement: Statement
    snapshot_id: int
    first_version_id: int
    first_seen_at: datetime | None
    origin: str
    document_id: int
    document_title: str
    url: str | None
    published: date | None
    source_id: str | None
    withdrawn_at: datetime | None
    is_current: bool
    in_force: bool
    in_force_until: date | None
    superseded_by: int | None
    repeats: int | None


def find_in_force(
    connection: Connection,
    *,
    region: str | None = None,
    theme: str | None = None,
    speakers: WantedSpeakers | None = None,
    metric: str | None = None,
    words: Collection[str] = (),
    before: int | None = None,
    limit: int = 50,
) -> list[int]:
    """The ids of the commitments in force that fit, newest first.

    Args:
        connection: a reading transaction.
        region: an official name.
        theme: one theme it must have.
        speakers: who says it.
        metric: the canonical metric of one of its targets.
        words: each stands in the sentence, both folded.
        before: only smaller ids.
        limit: how many at most.
    """
    current = current_statement_table.c
    day = select(reference_day_table.c.day).scalar_subquery()
    # Concatenated, for SQLite would walk all that is in force where a metric names a few.
    label: Any = current.label if metric is None else current.label.concat("")
    conditions: list[ColumnElement[bool]] = [label == Label.COMMITMENT, current.holds_until >= day]
    if region is not None:
        conditions.append(current.region == region)
    if theme is not None:
        conditions.append(("," + current.themes + ",").contains(f",{theme},", autoescape=True))
    if speakers is not None:
        names = names_with(connection, speakers.offices)
        of_speakers = statements_by(connection, speakers, names)
        conditions.append(said_by(speakers, names, current))
        conditions += [] if of_speakers is None else [current.statement_id.in_(of_speakers)]
    if before is not None:
        conditions.append(current.statement_id < before)
    if metric is not None:
        conditions.append(current.statement_id.in_(_with_metric(connection, metric, region)))
    said = [word for word in map(fold, words) if word]
    few = statements_with(connection, said) if said else None
    if few is not None:
        conditions.append(current.statement_id.in_(few))
    # A sum keeps the databases from walking all statements by number where an index finds few.
    given = (region, theme, speakers, metric, before)
    narrow = few is not None or any(one is not None for one in given)
    order: Any = (current.statement_id + 0 if narrow else current.statement_id).desc()
    query = select(current.statement_id).where(*conditions).order_by(order)
    if not said:
        return list(connection.scalars(query.limit(limit)))
    with_text = query.join(statement_table, statement_table.c.id == current.statement_id)
    with_text = with_text.add_columns(statement_table.c.text).where(
        *(may_have(connection, statement_table.c.text, word) for word in said)
    )
    with connection.execute(with_text.execution_options(yield_per=_PAGE)) as found:
        return list(islice(_having(found, said), limit))


def _with_metric(connection: Connection, metric: str, region: str | None) -> Any:
    """A query for the statements in force with a target of a metric.

    A metric has a target of each year, and few of them hold. The index of those that hold begins
    with the region, so that without one it is entered once for each.
    """
    target = current_target_table.c
    day = select(reference_day_table.c.day).scalar_subquery()
    holds = [target.label == Label.COMMITMENT, target.holds_until >= day]
    named = select(target.statement_id).where(target.canonical_metric == metric, *holds)
    if region is not None:
        return named.where(target.region == region)
    # True of each: SQLite takes that index if more of its columns are named.
    named = named.where(target.canonical_unit >= "")
    regions = connection.scalars(_REGIONS_IN_FORCE).all()
    return union_all(named.where(target.region.in_(regions)), named.where(target.region.is_(None)))


def _having(rows: Any, said: Collection[str]) -> Iterator[int]:
    for number, sentence in rows:
        folded = fold(sentence)
        if all(word in folded for word in said):
            yield number


def statement_states(connection: Connection, ids: Collection[int]) -> list[StatementState]:
    """Statements by their ids, in their order; those that are not there are left out."""
    day = connection.scalar(select(reference_day_table.c.day))
    current = current_statement_table.c
    query = (
        select(
            statement_table,
            document_table.c.title,
            document_table.c.url,
            document_table.c.published,
            document_table.c.source_id,
            document_table.c.withdrawn_at,
            current.statement_id.label("current_id"),
            current.holds_until,
            current.in_force_until,
            current.superseded_by_id,
            current.repeats_id,
        )
        .join(document_table, document_table.c.id == statement_table.c.document_id)
        .outerjoin(current_statement_table, current.statement_id == statement_table.c.id)
        .where(statement_table.c.id.in_(ids), statement_table.c.in_scope)
    )
    rows = connection.execute(query).all()
    statements = statements_of(connection, rows)
    found = {}
    for one in rows:
        found[one.id] = StatementState(
            id=one.id,
            statement=statements[one.id],
            snapshot_id=one.snapshot_id,
            first_version_id=one.first_version_id or one.id,
            first_seen_at=one.first_seen_at,
            origin=one.origin,
            document_id=one.document_id,
            document_title=one.title,
            url=one.url,
            published=one.published,
            source_id=one.source_id,
            withdrawn_at=one.withdrawn_at,
            is_current=one.current_id is not None,
            in_force=None not in {day, one.holds_until} and one.holds_until >= day,
            in_force_until=one.in_force_until,
            superseded_by=one.superseded_by_id,
            repeats=one.repeats_id,
        )
    return [found[one] for one in ids if one in found]


def list_metrics(
    connection: Connection, *, part: str = "", after: str | None = None, limit: int = 50
) -> tuple[list[Any], str | None]:
    """The metrics of the series by name, a line for each unit.

    Args:
        connection: a reading transaction.
        part: of the name.
        after: only names that follow.
        limit: how many names at most.

    Returns:
        Lines with metric, unit, regions, first_year and last_year, and the last name if there are
        more.
    """
    metric_year = metric_year_table.c
    names = select(metric_year.metric).distinct().order_by(metric_year.metric)
    if part:
        names = names.where(metric_year.metric.contains(part, autoescape=True))
    if after is not None:
        names = names.where(metric_year.metric > after)
    found = list(connection.scalars(names.limit(limit + 1)))
    shown = found[:limit]
    query = (
        select(
            metric_year.metric,
            metric_year.unit,
            func.count(metric_year.region.distinct()).label("regions"),
            func.min(metric_year.year).label("first_year"),
            func.max(metric_year.year).label("last_year"),
        )
        .where(metric_year.metric.in_(shown))
        .group_by(metric_year.metric, metric_year.unit)
        .order_by(metric_year.metric, metric_year.unit)
    )
    return list(connection.execute(query)), shown[-1] if len(found) > limit else None


def metric_series(
    connection: Connection,
    metric: str,
    *,
    unit: str | None = None,
    regions: Collection[str] = (),
    first: int | None = None,
    last: int | None = None,
    after: tuple[str, str, int] | None = None,
    limit: int = 50,
) -> list[Any]:
    """Lines of ``metric_series``, by region, unit and year.

    Args:
        connection: a reading transaction.
        metric: its canonical name.
        unit: one unit of it.
        regions: official names; all if none is named.
        first: the first year.
        last: the last year.
        after: only what follows this region, unit and year.
        limit: how many at most.
    """
    metric_year = metric_year_table.c
    query = select(
        metric_year.region,
        metric_year.metric,
        metric_year.unit,
        metric_year.year,
        metric_year.promised,
        metric_year.promised_op,
        metric_year.promised_id.label("promised_statement_id"),
        metric_year.reached,
        metric_year.reached_op,
        metric_year.reached_id.label("reached_statement_id"),
    ).where(metric_year.metric == metric)
    conditions: tuple[tuple[Any, Any], ...] = (
        (unit, metric_year.unit.__eq__),
        (regions or None, metric_year.region.in_),
        (first, metric_year.year.__ge__),
        (last, metric_year.year.__le__),
        (
            after,
            lambda key: (
                tuple_(metric_year.region, metric_year.unit, metric_year.year) > tuple_(*key)
            ),
        ),
    )
    query = query.where(*(make(value) for value, make in conditions if value is not None))
    return list(
        connection.execute(
            query.order_by(metric_year.region, metric_year.unit, metric_year.year).limit(limit)
        )
    )

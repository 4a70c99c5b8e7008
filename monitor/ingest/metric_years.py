"""Metric years, a part of the projection: what a region promised and reached of a metric in a year.

Of several numbers one is chosen; the row keeps which statement gives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Delete, Row, Select, bindparam, delete, select

from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Op, Speaker
from monitor.storage.base import batches, insert_rows, is_in
from monitor.storage.statement_tables import current_target_table, metric_year_table

_number = current_target_table.c

_COUNTED_LABELS = (Label.COMMITMENT, Label.ACHIEVEMENT)
_COUNTED_SPEAKERS = (Speaker.GOVERNMENT, Speaker.MINISTRY)
_KIND_RANK = {DocumentKind.REPORT.value: 0, DocumentKind.PLAN.value: 1}

_MetricKey = tuple[str, str, str, int]
_NUMBER_COLUMNS = (
    *("statement_id", "label", "document_kind", "region", "year", "due", "op"),
    *("canonical_metric", "canonical_value", "canonical_unit"),
)


def metric_numbers(connection: Connection, column: Any, values: Collection[Any]) -> list[Any]:
    """The numbers that metric years are chosen from: levels that governments told.

    Args:
        connection: a transaction.
        column: of the projected targets.
        values: that the column has.
    """
    query = _numbers_query(column.name)
    return list(connection.execute(query, {"values": list(values)}))


def _numbers_of_points(connection: Connection, keys: Collection[_MetricKey]) -> list[Any]:
    """The same for some metric years of a region, and some more of that region."""
    return list(connection.execute(_points_query(), _points(keys)))


@cache
def _points_query() -> Select[Any]:
    return _select_numbers().where(
        _number.region == bindparam("region"),
        is_in(_number.canonical_metric, "metrics"),
        is_in(_number.due, "years"),
    )


def _points(keys: Collection[_MetricKey]) -> dict[str, Any]:
    """Metric years of one region as the parameters of a query."""
    return {
        "region": next(iter(keys))[0],
        "metrics": sorted({key[1] for key in keys}),
        "years": sorted({key[3] for key in keys}),
    }


@cache
def _numbers_query(column: str) -> Select[Any]:
    return _select_numbers().where(is_in(_number[column], "values"))


def _select_numbers() -> Select[Any]:
    return select(*(_number[name] for name in _NUMBER_COLUMNS)).where(
        _number.label.in_(_COUNTED_LABELS),
        _number.speaker.in_(_COUNTED_SPEAKERS),
        _number.op != Op.INCREASE_BY.value,
        _number.region.is_not(None),
        _number.due.is_not(None),
        _number.canonical_metric != "",
    )


def _by_key(numbers: Iterable[Any]) -> defaultdict[_MetricKey, list[Any]]:
    found: defaultdict[_MetricKey, list[Any]] = defaultdict(list)
    for row in numbers:
        found[row.region, row.canonical_metric, row.canonical_unit, row.due].append(row)
    return found


def build_metric_years(connection: Connection, region: str) -> None:
    """Make all metric years of a region, which has none."""
    _add_metric_years(connection, _by_key(metric_numbers(connection, _number.region, [region])))


def update_metric_years(
    connection: Connection, before: Sequence[Any], after: Sequence[Any]
) -> None:
    """Follow a change of some documents' numbers.

    A new number is compared with the one that was chosen; all numbers of a metric year are read
    only where the chosen one is gone.
    """
    gone = {row.statement_id for row in before}
    new = _by_key(after)
    known = _known_metric_years(connection, {*_by_key(before), *new})
    lost = {key for key, chosen in known.items() if gone & chosen}
    kept = {one for key in new.keys() - lost for one in known.get(key, ())}
    for some in batches(kept):
        for key, numbers in _by_key(metric_numbers(connection, _number.statement_id, some)).items():
            if key in new:
                new[key] += numbers
    for region in {key[0] for key in lost}:
        here = {key for key in lost if key[0] == region}
        found = _by_key(_numbers_of_points(connection, here))
        new |= {key: found[key] for key in here}
    _delete_metric_years(connection, lost | known.keys() & new.keys())
    _add_metric_years(connection, new)


def _known_metric_years(
    connection: Connection, keys: Collection[_MetricKey]
) -> dict[_MetricKey, set[int]]:
    """The metric years that are known, with the statements that were chosen for them."""
    found: dict[_MetricKey, set[int]] = {}
    for region in {key[0] for key in keys}:
        given = _points([key for key in keys if key[0] == region])
        for some in batches(given["metrics"]):
            rows: Iterable[Any] = connection.execute(_known_query(), {**given, "metrics": some})
            for row in rows:
                chosen = {row.promised_id, row.reached_id} - {None}
                found[row.region, row.metric, row.unit, row.year] = chosen
    return {key: found[key] for key in keys if key in found}


_METRIC_KEY = ("region", "metric", "unit", "year")


@cache
def _known_query() -> Select[Any]:
    columns = metric_year_table.c
    names = (*_METRIC_KEY, "promised_id", "reached_id")
    return select(*(columns[name] for name in names)).where(
        columns.region == bindparam("region"),
        is_in(columns.metric, "metrics"),
        is_in(columns.year, "years"),
    )


def _delete_metric_years(connection: Connection, keys: Collection[_MetricKey]) -> None:
    if not keys:
        return
    given = [dict(zip(_METRIC_KEY, key, strict=True)) for key in keys]
    connection.execute(_delete_query(), given)


@cache
def _delete_query() -> Delete:
    columns = metric_year_table.c
    same = (columns[name] == bindparam(name) for name in _METRIC_KEY)
    return delete(metric_year_table).where(*same)


def _add_metric_years(connection: Connection, found: Mapping[_MetricKey, Sequence[Any]]) -> None:
    rows = [_metric_year(key, numbers) for key, numbers in found.items() if numbers]
    insert_rows(connection, metric_year_table, rows, wanted=False)


def _metric_year(key: _MetricKey, numbers: Iterable[Row[Any]]) -> dict[str, object]:
    """A metric year: of several numbers a report's, of the newest plan, the most."""
    chosen: dict[str, Row[Any]] = {}
    for row in sorted(numbers, key=_rank):
        chosen.setdefault(row.label, row)
    values: dict[str, object] = dict(zip(_METRIC_KEY, key, strict=True))
    for name, label in (("promised", Label.COMMITMENT), ("reached", Label.ACHIEVEMENT)):
        best = chosen.get(label.value)
        values |= {
            name: None if best is None else best.canonical_value,
            f"{name}_op": None if best is None else best.op,
            f"{name}_id": None if best is None else best.statement_id,
        }
    return values


def _rank(row: Row[Any]) -> tuple[int, int, float, int]:
    value = row.canonical_value
    return (
        _KIND_RANK.get(row.document_kind, 2),
        -(row.year or 0),
        value if row.op == Op.AT_MOST else -value,
        row.statement_id,
    )

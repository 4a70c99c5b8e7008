"""The public views, read row by row: what SQL shows, for export and for tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    TableClause,
    and_,
    column,
    func,
    inspect,
    literal,
    or_,
    select,
    table,
)
from sqlalchemy.types import NullType, TypeEngine

from monitor.model.statements import Figure
from monitor.storage.base import UtcDateTime
from monitor.storage.statement_tables import current_target_table, statement_table, target_table
from monitor.storage.tables import document_table
from monitor.table_files import CellType

_BATCH = 1000
_FEW = 200


class View(StrEnum):
    """The public views; docs/reference/sql.md has their columns."""

    CHANGES = "change_log"
    STATEMENTS = "statements"
    COMMITMENTS = "commitments_current"
    COMMITMENT_HISTORY = "commitment_history"
    TARGETS = "targets_current"
    METRIC_SERIES = "metric_series"
    REGIONS = "region_summary"
    FULFILMENT = "target_fulfilment"
    CORROBORATIONS = "corroborations"
    ALERTS = "alert_log"
    SOURCES = "source_health"
    SOURCE_HEALTH_EVENTS = "source_health_events"
    PROVENANCE = "provenance"
    FEEDBACK = "feedback"


PRIVATE_VIEWS = frozenset({View.ALERTS, View.FEEDBACK})
"""Views that name chats and people: for those who can open the database."""

_SINCE = {
    View.CHANGES: "detected_at",
    View.STATEMENTS: "first_seen_at",
    View.CORROBORATIONS: "noted_at",
    View.ALERTS: "created_at",
    View.SOURCE_HEALTH_EVENTS: "at",
    View.FEEDBACK: "given_at",
}
_TIMED = tuple(_SINCE)
_DAYS = ("published", "report_published", "in_force_until")
_TIMES = ("at", "since", "health_since", "not_before", "paused_until")
_FLAGS = ("is_current", "in_force", "in_scope", "enabled", "possibly_duplicate")
_NUMBERS = (
    *("value", "canonical_value", "before_value", "after_value", "similarity", "score", "share"),
    *("promised", "reached", "achieved"),
)
_COUNTS = (
    *("year", "plan_year", "target_year", "report_year", "first_year", "last_year", "years", "due"),
    *("position", "start_offset", "end_offset", "repeats", "superseded_by", "merged_into"),
    *("commitments", "with_numbers", "sources", "failing_sources", "quiet_sources"),
    *("added", "strengthened", "weakened", "dropped", "met", "missed", "not_reported"),
    *("failures", "addresses", "suspect_addresses", "failing_addresses", "documents"),
    *("withdrawn_documents", "partial_documents", "status", "bytes", "attempts", "changes"),
    "person",
)
_TEXT_IDS = ("source_id",)


def columns_of(connection: Connection, view: View) -> tuple[str, ...]:
    """The columns of a view in their order."""
    known = inspect(connection).get_columns(view.value)
    return tuple(column["name"] for column in known)


def read_view(
    connection: Connection, view: View, *, since: datetime | None = None
) -> Iterator[Sequence[object]]:
    """The rows of a view, a batch in memory at a time.

    Args:
        connection: a reading transaction.
        view: which one.
        since: only what came into the log then or later; views without a time of their own
            (see ``has_time``) are given whole.
    """
    shown = _table_of(connection, view)
    query = select(shown)
    if since is not None and view in _SINCE:
        query = query.where(shown.c[_SINCE[view]] >= since)
    rows = connection.execute(query.execution_options(yield_per=_BATCH))
    for row in rows:
        yield tuple(row)


def count_rows(connection: Connection, view: View, *, most: int) -> int:
    """How many rows a view has; one more than ``most`` stands for all that are beyond it."""
    some = select(literal(1)).select_from(table(view.value)).limit(most + 1).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def read_changes(connection: Connection, change_ids: Iterable[int]) -> Iterator[Sequence[object]]:
    """The rows of ``change_log`` of some changes, in their order; a batch is held at a time."""
    shown = _table_of(connection, View.CHANGES)
    number = shown.c.change_id
    rest = iter(change_ids)
    while some := list(islice(rest, _FEW)):
        rows = {
            row.change_id: tuple(row)
            for row in connection.execute(select(shown).where(number.in_(some)))
        }
        yield from (rows[one] for one in some if one in rows)


def read_sources(connection: Connection, *, after: str | None = None, limit: int = 50) -> list[Any]:
    """Lines of ``source_health`` by the id of the source.

    Args:
        connection: a reading transaction.
        after: only ids that follow.
        limit: how many at most: each is counted up from what is known of its pages.
    """
    shown = _table_of(connection, View.SOURCES)
    query = select(shown).order_by(shown.c.source_id).limit(limit)
    if after is not None:
        query = query.where(shown.c.source_id > after)
    return list(connection.execute(query))


def _table_of(connection: Connection, view: View) -> TableClause:
    columns = (column(name, _type_of(name)) for name in columns_of(connection, view))
    return table(view.value, *columns)


def _type_of(name: str) -> TypeEngine[Any]:
    """Views have no types on SQLite; the names of times and days tell them."""
    kind = _cell_type(name, None)
    if kind is CellType.TIME:
        return UtcDateTime()
    return Date() if kind is CellType.DAY else NullType()


def cell_types(columns: Sequence[str], view: View | None = None) -> dict[str, CellType]:
    """What stands in the columns of a view: the same on every database, and in an empty column.

    Args:
        columns: their names.
        view: the view; a person is a number in some, a name in others.
    """
    return {name: _cell_type(name, view) for name in columns}


def _cell_type(name: str, view: View | None) -> CellType:
    if name == "person" and view not in PRIVATE_VIEWS:
        return CellType.TEXT
    if name.endswith("_at") or name in _TIMES:
        return CellType.TIME
    for names, kind in (
        (_DAYS, CellType.DAY),
        (_FLAGS, CellType.BOOLEAN),
        (_NUMBERS, CellType.NUMBER),
        (_COUNTS, CellType.INTEGER),
    ):
        if name in names:
            return kind
    is_number = name.endswith("_id") and name not in _TEXT_IDS
    return CellType.INTEGER if is_number else CellType.TEXT


def has_time(view: View) -> bool:
    """Whether the rows of a view have a time of their own."""
    return view in _TIMED


def figures_of(
    connection: Connection, region: str, *metrics: str, limit: int = 500
) -> list[Figure]:
    """The numbers that a region's reports as they stand gave of a metric, oldest plan first.

    Args:
        connection: a reading transaction.
        region: an official name.
        metrics: pieces of the metric's names, of which one suffices; half and full width and case
            do not matter.
        limit: how many at most.
    """
    query = (
        select(
            document_table.c.year,
            func.coalesce(target_table.c.year, statement_table.c.year),
            statement_table.c.label,
            target_table.c.metric,
            target_table.c.op,
            target_table.c.value,
            target_table.c.unit,
            statement_table.c.text,
            document_table.c.title,
        )
        .select_from(document_table)
        .join(current_target_table, current_target_table.c.document_id == document_table.c.id)
        .join(statement_table, statement_table.c.id == current_target_table.c.statement_id)
        .join(
            target_table,
            and_(
                target_table.c.statement_id == current_target_table.c.statement_id,
                target_table.c.position == current_target_table.c.position,
            ),
        )
        .where(
            current_target_table.c.document_kind == "report",
            current_target_table.c.region == region,
            current_target_table.c.label.in_(("commitment", "achievement")),
            or_(
                *(
                    func.lower(current_target_table.c.metric).contains(
                        metric.lower(), autoescape=True
                    )
                    for metric in metrics
                )
            ),
        )
        .order_by(document_table.c.year, statement_table.c.start_offset, target_table.c.position)
        .limit(limit)
    )
    return [Figure(*row) for row in connection.execute(query)]

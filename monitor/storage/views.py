"""The public views, read row by row: what SQL shows, for export and for tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, and_, column, func, inspect, or_, select, table
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType, TypeEngine

from monitor.model.statements import Figure
from monitor.storage.base import UtcDateTime
from monitor.storage.tables import CurrentTargetRow, DocumentRow, StatementRow, TargetRow

_BATCH = 1000


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


def columns_of(session: Session, view: View) -> tuple[str, ...]:
    """The columns of a view in their order."""
    known = inspect(session.get_bind()).get_columns(view.value)
    return tuple(column["name"] for column in known)


def read_view(
    session: Session, view: View, *, since: datetime | None = None
) -> Iterator[Sequence[object]]:
    """The rows of a view, a batch in memory at a time.

    Args:
        session: a reading transaction.
        view: which one.
        since: only what came into the log then or later; views without a time of their own
            (see ``has_time``) are given whole.
    """
    columns = (column(name, _type_of(name)) for name in columns_of(session, view))
    shown = table(view.value, *columns)
    query = select(shown)
    if since is not None and view in _SINCE:
        query = query.where(shown.c[_SINCE[view]] >= since)
    rows = session.execute(query.execution_options(yield_per=_BATCH))
    for row in rows:
        yield tuple(row)


def _type_of(name: str) -> TypeEngine[Any]:
    """Views have no types on SQLite; the names of times and days tell them."""
    if name.endswith("_at") or name in {"not_before", "paused_until"}:
        return UtcDateTime()
    return Date() if name in _DAYS else NullType()


def has_time(view: View) -> bool:
    """Whether the rows of a view have a time of their own."""
    return view in _TIMED


def figures_of(session: Session, region: str, *metrics: str, limit: int = 500) -> list[Figure]:
    """The numbers that a region's reports as they stand gave of a metric, oldest plan first.

    Args:
        session: a reading transaction.
        region: an official name.
        metrics: pieces of the metric's names, of which one suffices; half and full width and case
            do not matter.
        limit: how many at most.
    """
    query = (
        select(DocumentRow, StatementRow, TargetRow)
        .join(CurrentTargetRow, CurrentTargetRow.document_id == DocumentRow.id)
        .join(StatementRow, StatementRow.id == CurrentTargetRow.statement_id)
        .join(
            TargetRow,
            and_(
                TargetRow.statement_id == CurrentTargetRow.statement_id,
                TargetRow.position == CurrentTargetRow.position,
            ),
        )
        .where(
            CurrentTargetRow.document_kind == "report",
            CurrentTargetRow.region == region,
            CurrentTargetRow.label.in_(("commitment", "achievement")),
            or_(
                *(
                    func.lower(CurrentTargetRow.metric).contains(metric.lower(), autoescape=True)
                    for metric in metrics
                )
            ),
        )
        .order_by(DocumentRow.year, StatementRow.start_offset, TargetRow.position)
        .limit(limit)
    )
    return [
        Figure(
            document.year,
            target.year or statement.year,
            statement.label,
            target.metric,
            target.op,
            target.value,
            target.unit,
            statement.text,
            document.title,
        )
        for document, statement, target in session.execute(query)
    ]

"""The numbers of regions over the years, read from ``metric_year``; and what the map counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, select

from monitor.extraction.regions import gazetteer
from monitor.model.changes import Basis, Kind, Verdict
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label
from monitor.storage.statement_tables import (
    change_table,
    current_statement_table,
    current_target_table,
    metric_year_table,
)
from monitor.storage.tables import document_table

MAX_METRICS = 300
_MAX_ROWS = 3_000


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric in its unit, with how many regions give it a number, and in which years."""

    name: str
    unit: str
    regions: int
    first_year: int
    last_year: int

    @property
    def label(self) -> str:
        """As it stands in addresses."""
        return metric_label(self.name, self.unit)


@dataclass(frozen=True, slots=True)
class MetricYear:
    """What a region promised for a year and what it reached in it."""

    region: str
    metric: str
    unit: str
    year: int
    promised: float | None
    promised_op: str | None
    promised_id: int | None
    reached: float | None
    reached_op: str | None
    reached_id: int | None


def metric_label(name: str, unit: str) -> str:
    """A metric with its unit, which tells it from one of another unit: 算力 (P)."""
    return f"{name} ({unit})" if unit else name


def provinces() -> list[str]:
    """The official names of the 31 provinces whose reports are watched."""
    return [
        region.name
        for region in gazetteer().regions
        if region.level == "province" and region.code[:2] not in {"71", "81", "82"}
    ]


def list_metrics(connection: Connection) -> list[Metric]:
    """The metrics that most regions give, of one unit each."""
    regions = func.count(metric_year_table.c.region.distinct())
    query = (
        select(
            metric_year_table.c.metric,
            metric_year_table.c.unit,
            regions,
            func.min(metric_year_table.c.year),
            func.max(metric_year_table.c.year),
        )
        .group_by(metric_year_table.c.metric, metric_year_table.c.unit)
        .order_by(
            regions.desc(),
            func.count().desc(),
            metric_year_table.c.metric,
            metric_year_table.c.unit,
        )
        .limit(MAX_METRICS)
    )
    return [Metric(*row) for row in connection.execute(query)]


def metric_years(
    connection: Connection,
    *,
    metric: str | None = None,
    unit: str | None = None,
    regions: Collection[str] = (),
    year: int | None = None,
    since: int | None = None,
    until: int | None = None,
) -> list[MetricYear]:
    """The numbers that fit, by region, metric and year.

    Args:
        connection: a reading transaction.
        metric: its canonical name.
        unit: its canonical unit.
        regions: official names; all if none is given.
        year: one year.
        since: the first year.
        until: the last one.
    """
    metric_year = metric_year_table.c
    query = select(*(metric_year[name] for name in MetricYear.__dataclass_fields__))
    for wanted, condition in (
        (metric, metric_year.metric == metric),
        (unit, metric_year.unit == unit),
        (year, metric_year.year == year),
        (since, metric_year.year >= (since or 0)),
        (until, metric_year.year <= (until or 0)),
    ):
        if wanted is not None:
            query = query.where(condition)
    if regions:
        query = query.where(metric_year.region.in_(regions))
    query = query.order_by(
        metric_year.region, metric_year.metric, metric_year.unit, metric_year.year
    ).limit(_MAX_ROWS)
    return [MetricYear(*found) for found in connection.execute(query)]


def report_years(connection: Connection) -> list[int]:
    """The years that a province's report is known of, oldest first."""
    query = (
        select(document_table.c.year)
        .distinct()
        .where(
            document_table.c.kind == DocumentKind.REPORT,
            document_table.c.region.in_(provinces()),
            document_table.c.year.is_not(None),
            document_table.c.removed_at.is_(None),
        )
    )
    return sorted(year for year in connection.scalars(query) if year is not None)


def count_commitments(connection: Connection, year: int) -> dict[str, int]:
    """How many commitments the report of a year has, by province."""
    query = (
        select(document_table.c.region, func.count(current_statement_table.c.statement_id))
        .outerjoin(
            current_statement_table,
            (current_statement_table.c.document_id == document_table.c.id)
            & (current_statement_table.c.label == Label.COMMITMENT),
        )
        .where(*_reports_of(year))
        .group_by(document_table.c.region)
    )
    return {region or "": count for region, count in connection.execute(query)}


def count_changes(connection: Connection, year: int, kind: Kind) -> dict[str, int]:
    """How many changes of a kind the report of a year has against the one before, by province.

    Provinces without an earlier report have nothing to compare with, and are left out.
    """
    earlier = document_table.alias().c
    has_earlier = exists().where(
        earlier.kind == DocumentKind.REPORT,
        earlier.region == document_table.c.region,
        earlier.year < year,
        earlier.removed_at.is_(None),
    )
    query = (
        select(document_table.c.region, func.count(change_table.c.id))
        .outerjoin(
            change_table,
            (change_table.c.document_id == document_table.c.id)
            & (change_table.c.basis == Basis.SUCCESSION)
            & (change_table.c.kind == kind),
        )
        .where(*_reports_of(year), has_earlier)
        .group_by(document_table.c.region)
    )
    return {region or "": count for region, count in connection.execute(query)}


def count_verdicts(connection: Connection, due: int, verdict: Verdict) -> dict[str, int]:
    """How many targets that were due in a year have a verdict, by province; 0 for another one."""
    target = current_target_table.c
    query = (
        select(target.region, target.verdict, func.count())
        .where(target.due == due, target.plan_year.is_not(None), target.region.in_(provinces()))
        .group_by(target.region, target.verdict)
    )
    found: dict[str, int] = {}
    for region, given, count in connection.execute(query):
        found[region or ""] = found.get(region or "", 0) + (count if given == verdict else 0)
    return found


def _reports_of(year: int) -> Sequence[ColumnElement[bool]]:
    return (
        document_table.c.kind == DocumentKind.REPORT,
        document_table.c.region.in_(provinces()),
        document_table.c.year == year,
        document_table.c.removed_at.is_(None),
    )

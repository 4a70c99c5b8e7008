"""The numbers of regions over the years, read from ``metric_year``; and what the map counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from monitor.extraction.regions import gazetteer
from monitor.model.changes import Basis, Kind, Verdict
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label
from monitor.storage.statement_tables import (
    ChangeRow,
    CurrentStatementRow,
    CurrentTargetRow,
    MetricYearRow,
)
from monitor.storage.tables import DocumentRow

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


def list_metrics(session: Session) -> list[Metric]:
    """The metrics that most regions give, of one unit each."""
    regions = func.count(MetricYearRow.region.distinct())
    query = (
        select(
            MetricYearRow.metric,
            MetricYearRow.unit,
            regions,
            func.min(MetricYearRow.year),
            func.max(MetricYearRow.year),
        )
        .group_by(MetricYearRow.metric, MetricYearRow.unit)
        .order_by(regions.desc(), func.count().desc(), MetricYearRow.metric, MetricYearRow.unit)
        .limit(MAX_METRICS)
    )
    return [Metric(*row) for row in session.execute(query)]


def metric_years(
    session: Session,
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
        session: a reading transaction.
        metric: its canonical name.
        unit: its canonical unit.
        regions: official names; all if none is given.
        year: one year.
        since: the first year.
        until: the last one.
    """
    row = MetricYearRow
    query = select(*(getattr(row, name) for name in MetricYear.__dataclass_fields__))
    for wanted, condition in (
        (metric, row.metric == metric),
        (unit, row.unit == unit),
        (year, row.year == year),
        (since, row.year >= (since or 0)),
        (until, row.year <= (until or 0)),
    ):
        if wanted is not None:
            query = query.where(condition)
    if regions:
        query = query.where(row.region.in_(regions))
    query = query.order_by(row.region, row.metric, row.unit, row.year).limit(_MAX_ROWS)
    return [MetricYear(*found) for found in session.execute(query)]


def report_years(session: Session) -> list[int]:
    """The years that a province's report is known of, oldest first."""
    query = (
        select(DocumentRow.year)
        .distinct()
        .where(
            DocumentRow.kind == DocumentKind.REPORT,
            DocumentRow.region.in_(provinces()),
            DocumentRow.year.is_not(None),
            DocumentRow.removed_at.is_(None),
        )
    )
    return sorted(year for year in session.scalars(query) if year is not None)


def count_commitments(session: Session, year: int) -> dict[str, int]:
    """How many commitments the report of a year has, by province."""
    query = (
        select(DocumentRow.region, func.count(CurrentStatementRow.statement_id))
        .outerjoin(
            CurrentStatementRow,
            (CurrentStatementRow.document_id == DocumentRow.id)
            & (CurrentStatementRow.label == Label.COMMITMENT),
        )
        .where(*_reports_of(year))
        .group_by(DocumentRow.region)
    )
    return {region or "": count for region, count in session.execute(query)}


def count_changes(session: Session, year: int, kind: Kind) -> dict[str, int]:
    """How many changes of a kind the report of a year has against the one before, by province.

    Provinces without an earlier report have nothing to compare with, and are left out.
    """
    earlier = aliased(DocumentRow)
    has_earlier = exists().where(
        earlier.kind == DocumentKind.REPORT,
        earlier.region == DocumentRow.region,
        earlier.year < year,
        earlier.removed_at.is_(None),
    )
    query = (
        select(DocumentRow.region, func.count(ChangeRow.id))
        .outerjoin(
            ChangeRow,
            (ChangeRow.document_id == DocumentRow.id)
            & (ChangeRow.basis == Basis.SUCCESSION)
            & (ChangeRow.kind == kind),
        )
        .where(*_reports_of(year), has_earlier)
        .group_by(DocumentRow.region)
    )
    return {region or "": count for region, count in session.execute(query)}


def count_verdicts(session: Session, due: int, verdict: Verdict) -> dict[str, int]:
    """How many targets that were due in a year have a verdict, by province; 0 for another one."""
    row = CurrentTargetRow
    query = (
        select(row.region, row.verdict, func.count())
        .where(row.due == due, row.plan_year.is_not(None), row.region.in_(provinces()))
        .group_by(row.region, row.verdict)
    )
    found: dict[str, int] = {}
    for region, given, count in session.execute(query):
        found[region or ""] = found.get(region or "", 0) + (count if given == verdict else 0)
    return found


def _reports_of(year: int) -> Sequence[ColumnElement[bool]]:
    return (
        DocumentRow.kind == DocumentKind.REPORT,
        DocumentRow.region.in_(provinces()),
        DocumentRow.year == year,
        DocumentRow.removed_at.is_(None),
    )

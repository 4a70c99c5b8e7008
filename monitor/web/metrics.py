"""One metric over the years, of several provinces: promised and reached, with its sentences."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.comparison.targets import delta_direction
from monitor.errors import UserError
from monitor.messages.change_text import format_growth, format_short
from monitor.messages.i18n import AlertTexts, alert_texts, speaker_name
from monitor.model.changes import Delta
from monitor.model.statements import Op
from monitor.storage.base import get_row
from monitor.storage.change_rows import statements_of
from monitor.storage.statement_tables import statement_table
from monitor.storage.tables import document_table
from monitor.table_files import csv_chunks
from monitor.web.charts import Series, plot
from monitor.web.filters import file_name, region_of
from monitor.web.metric_years import Metric, MetricYear, list_metrics, metric_years
from monitor.web.preferences import preferences_of
from monitor.web.province_map import PLACES, chosen_metric, year_of
from monitor.web.region import promised_and_reached, shown
from monitor.web.site import render, site_of
from monitor.web.templates import short_region_name

MAX_REGIONS = 8
_DEFAULT_REGIONS = 5
_OFFERED = 60
_RANKED = 100


@dataclass(frozen=True, slots=True)
class Selection:
    """What is shown; ``regions`` are official names, empty for those with most numbers."""

    metric: Metric | None
    regions: tuple[str, ...]
    since: int | None
    until: int | None

    def parameters(self) -> dict[str, object]:
        """As it stands in an address."""
        return {
            "metric": None if self.metric is None else self.metric.label,
            "region": self.regions,
            "since": self.since,
            "until": self.until,
        }


@dataclass(frozen=True, slots=True)
class RankedRegion:
    """The newest promise of a region, and how it grew since the one before."""

    region: str
    year: int
    promised: str
    promised_id: int | None
    growth: str
    reached: str
    reached_year: int | None
    value: float


def metrics(request: Request) -> Response:
    """The page."""
    site, language = site_of(request), preferences_of(request).language
    words = alert_texts(language)
    with site.database.read() as connection:
        known = list_metrics(connection)
        chosen = selection(request.query_params, known)
        years = (
            []
            if chosen.metric is None
            else metric_years(
                connection,
                metric=chosen.metric.name,
                unit=chosen.metric.unit,
                since=chosen.since,
                until=chosen.until,
            )
        )
    by_region = _by_region(years)
    regions = chosen.regions or _default_regions(by_region)
    offered = sorted(by_region, key=lambda name: (name not in PLACES, name))[:_OFFERED]
    series: list[Series] = []
    for group, name in enumerate(regions):
        numbers = by_region.get(name, [])
        series += promised_and_reached(
            numbers, words, name=short_region_name(name, language), group=group
        )
    unit = "" if chosen.metric is None else chosen.metric.unit
    asked = {
        "metric": None if chosen.metric is None else chosen.metric.name,
        "unit": unit,
        "region": regions,
        "first": chosen.since,
        "last": chosen.until,
    }
    values = {
        "known": known,
        "api": asked,
        "chosen": chosen,
        "parameters": chosen.parameters(),
        "regions": regions,
        "offered": offered,
        "others": [name for name in regions if name not in offered],
        "plot": plot(series, shown=lambda value: format_short(value, words)),
        "ranking": ranking(by_region, unit, words)[:_RANKED],
        "unit": words.units.get(unit, unit),
        "rows": [
            (
                one,
                shown(one.promised, one.promised_op, one.unit, words),
                shown(one.reached, one.reached_op, one.unit, words),
            )
            for name in regions
            for one in by_region.get(name, [])
        ],
        "max_regions": MAX_REGIONS,
        "words": words,
    }
    return render(request, "metrics", values)


def _default_regions(by_region: dict[str, list[MetricYear]]) -> tuple[str, ...]:
    """Provinces with the longest and newest histories."""

    def rank(name: str) -> tuple[bool, int, float, str]:
        numbers = by_region[name]
        return name not in PLACES, -len(numbers), -_newest(numbers), name

    return tuple(sorted(by_region, key=rank)[:_DEFAULT_REGIONS])


def selection(given: QueryParams, known: Sequence[Metric]) -> Selection:
    """What an address asks for.

    Raises:
        UserError: a metric, region or year is none that is known.
    """
    names = [name for one in given.getlist("region") for name in one.replace("，", ",").split(",")]
    regions = tuple(
        dict.fromkeys(found for name in names if (found := region_of(name.strip() or None)))
    )
    if len(regions) > MAX_REGIONS:
        raise UserError(f"region: {len(regions)} are named", hint=f"at most {MAX_REGIONS} at once")
    return Selection(
        chosen_metric(known, given.get("metric", "")),
        regions,
        year_of(given.get("since", "")),
        year_of(given.get("until", "")),
    )


def _by_region(years: Sequence[MetricYear]) -> dict[str, list[MetricYear]]:
    found: dict[str, list[MetricYear]] = {}
    for one in years:
        found.setdefault(one.region, []).append(one)
    return found


def _newest(years: Sequence[MetricYear]) -> float:
    return max((one.promised or one.reached or 0.0 for one in years), default=0.0)


def _direction(before: MetricYear, after: MetricYear, unit: str) -> float:
    """Above 0 for a stronger promise; 0 for ceilings, which may be of costs or of grants."""
    if Op.AT_MOST in {before.promised_op, after.promised_op}:
        return 0.0
    delta = Delta(after.metric, unit, before.promised, after.promised)
    return delta_direction(delta, None, None)


def ranking(
    by_region: dict[str, list[MetricYear]], unit: str, words: AlertTexts
) -> list[RankedRegion]:
    """The newest promise of each region, the largest first."""
    found: list[RankedRegion] = []
    for name, years in by_region.items():
        promised = [one for one in years if one.promised is not None]
        reached = [one for one in years if one.reached is not None]
        if not promised and not reached:
            continue
        last = promised[-1] if promised else reached[-1]
        value = last.promised if promised else last.reached
        before = promised[-2] if len(promised) > 1 else None
        growth = ""
        if before is not None and before.promised is not None and last.promised is not None:
            direction = _direction(before, last, unit)
            growth = format_growth(before.promised, last.promised, unit, words, direction=direction)
        done = reached[-1] if reached else None
        found.append(
            RankedRegion(
                name,
                last.year,
                shown(last.promised, last.promised_op, unit, words),
                last.promised_id,
                growth,
                "" if done is None else shown(done.reached, done.reached_op, unit, words),
                None if done is None else done.year,
                value or 0.0,
            )
        )
    return sorted(found, key=lambda one: (-one.value, one.region))


def sentence(request: Request) -> Response:
    """The sentence that gives a number, as a part of the page."""
    site, language = site_of(request), preferences_of(request).language
    number = request.path_params["id"]
    with site.database.read() as connection:
        row = get_row(connection, statement_table, number) if number < 1 << 63 else None
        if row is None:
            raise HTTPException(404, f"there is no sentence {number}")
        said = statements_of(connection, [row])[number]
        title = connection.scalar(
            select(document_table.c.title).where(document_table.c.id == row.document_id)
        )
        values = {
            "id": number,
            "statement": said,
            "said_by": speaker_name(said, said.region, language),
            "document_id": row.document_id,
            "document": title,
            "snapshot_id": row.snapshot_id,
        }
    return render(request, "metrics", values, fragment="sentence")


def metrics_csv(request: Request) -> Response:
    """What the page shows as CSV; all regions where none is named."""
    site = site_of(request)
    with site.database.read() as connection:
        chosen = selection(request.query_params, list_metrics(connection))
        if chosen.metric is None:
            raise HTTPException(404, "no report gives a number yet")
        years = metric_years(
            connection,
            metric=chosen.metric.name,
            unit=chosen.metric.unit,
            regions=chosen.regions,
            since=chosen.since,
            until=chosen.until,
        )
    names = ("region", "metric", "unit", "year", "promised", "promised_op", "reached", "reached_op")
    rows = ([getattr(one, name) for name in names] for one in years)
    return Response(
        BOM_UTF8 + "".join(csv_chunks(names, rows)).encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"content-disposition": file_name("metrics", chosen.parameters().values(), "csv")},
    )


routes = (
    Route("/metrics", metrics),
    Route("/metrics.csv", metrics_csv),
    Route("/metrics/sentence/{id:int}", sentence),
)

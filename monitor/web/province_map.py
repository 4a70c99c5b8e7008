"""The map of the 31 provinces: a tile for each, coloured by a metric or a count of a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.errors import UserError
from monitor.messages.change_text import format_amount, format_short
from monitor.messages.i18n import AlertTexts, alert_texts, short_region
from monitor.model.changes import Kind, Verdict
from monitor.web.metric_years import (
    Metric,
    count_changes,
    count_commitments,
    count_verdicts,
    list_metrics,
    metric_years,
    report_years,
)
from monitor.web.preferences import preferences_of
from monitor.web.site import render, site_of

STEPS = 5
_CHANGES = (Kind.STRENGTHENED, Kind.WEAKENED, Kind.ADDED, Kind.DROPPED)
_VERDICTS = (Verdict.MET, Verdict.MISSED, Verdict.NOT_REPORTED)
COUNTS = ("commitments", *(kind.value for kind in _CHANGES), *(one.value for one in _VERDICTS))
_SIDES = ("promised", "reached")
_SHOWN_METRICS = 40
_FAVOURITE = ("算力", "智算")

# Each province roughly where it lies; PLACES has its column and row.
_GRID = """\
- - - - - - 黑龙江省
- - - - - - 吉林省
新疆维吾尔自治区 - 宁夏回族自治区 内蒙古自治区 北京市 天津市 辽宁省
青海省 甘肃省 陕西省 山西省 河北省 山东省 -
西藏自治区 四川省 重庆市 河南省 安徽省 江苏省 -
- 云南省 贵州省 湖北省 江西省 浙江省 上海市
- - 广西壮族自治区 湖南省 广东省 福建省 -
- - - 海南省 - - -
"""
PLACES: Mapping[str, tuple[int, int]] = {
    name: (column, row)
    for row, line in enumerate(_GRID.splitlines())
    for column, name in enumerate(line.split())
    if name != "-"
}
TILE = 74


@dataclass(frozen=True, slots=True)
class Tile:
    """A province: ``step`` is 0 for the least numbers, None where nothing is known."""

    region: str
    name: str
    column: int
    row: int
    value: float | None
    short: str
    full: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """A class of the legend, from the least of its values to the greatest."""

    number: int
    label: str


def province_map(request: Request) -> Response:
    """The page; by default the metric of computing that most provinces give, in the newest year."""
    site, language = site_of(request), preferences_of(request).language
    given, words = request.query_params, alert_texts(language)
    show = given.get("show") or "metric"
    if show != "metric" and show not in COUNTS:
        raise UserError(
            f"show: {show[:40]} is unknown", hint=f"metric, or one of {', '.join(COUNTS)}"
        )
    side = given.get("side") or _SIDES[0]
    if side not in _SIDES:
        raise UserError(f"side: {side[:40]} is unknown", hint="promised or reached")
    with site.database.read() as connection:
        metrics = list_metrics(connection)[:_SHOWN_METRICS]
        metric = chosen_metric(metrics, given.get("metric", ""))
        years = report_years(connection)
        newest = years[-1] if years else site.now().year
        if show in {one.value for one in _VERDICTS} and len(years) > 1:
            newest = years[-2]  # what was due in the newest plan's year is not judged yet
        if metric is not None and show == "metric":
            years = sorted({*years, *range(metric.first_year, metric.last_year + 1)})
            newest = min(max(newest, metric.first_year), metric.last_year)
        year = year_of(given.get("year", "")) or newest
        values = _values(connection, show, metric, side, year)
    unit = metric.unit if metric is not None and show == "metric" else ""
    tiles = tiles_of(values, unit, words)
    page = {
        "tiles": tiles,
        "tile": TILE,
        "columns": 1 + max(column for column, _ in PLACES.values()),
        "rows": 1 + max(row for _, row in PLACES.values()),
        "ranked": sorted(
            (one for one in tiles if one.value is not None),
            key=lambda one: (-(one.value or 0), one.region),
        ),
        "silent": [one for one in tiles if one.value is None],
        "legend": legend(tiles, words),
        "metrics": metrics,
        "metric": metric,
        "unit": words.units.get(unit, unit),
        "show": show,
        "side": side,
        "counts": COUNTS,
        "year": year,
        "years": years,
        "first": min([*years, year]),
        "last": max([*years, year]),
        "words": words,
    }
    return render(request, "map", page)


def year_of(text: str) -> int | None:
    """A year of an address; None for none.

    Raises:
        UserError: it is no year.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise UserError("year: four digits are needed")
    return int(text)


def chosen_metric(metrics: Sequence[Metric], wanted: str) -> Metric | None:
    """The metric that an address names: 算力 (P), or 算力 for the unit that most regions use.

    By default one of computing.

    Raises:
        UserError: no region gives it.
    """
    if wanted:
        by_label = {one.label: one for one in metrics}
        named = by_label.get(wanted) or next((one for one in metrics if one.name == wanted), None)
        if named is None:
            raise UserError(f"metric: no region gives a number for {wanted[:60]}")
        return named
    favourites = (one for name in _FAVOURITE for one in metrics if one.name == name)
    most = max(
        favourites, key=lambda one: (one.regions, one.last_year - one.first_year), default=None
    )
    return most or (metrics[0] if metrics else None)


def _values(
    connection: Connection, show: str, metric: Metric | None, side: str, year: int
) -> dict[str, float]:
    if show == "commitments":
        return dict(count_commitments(connection, year))
    if show in {kind.value for kind in _CHANGES}:
        return dict(count_changes(connection, year, Kind(show)))
    if show != "metric":
        return dict(count_verdicts(connection, year, Verdict(show)))
    if metric is None:
        return {}
    found = metric_years(connection, metric=metric.name, unit=metric.unit, year=year)
    values = ((one.region, one.promised if side == "promised" else one.reached) for one in found)
    return {region: value for region, value in values if value is not None}


def tiles_of(values: Mapping[str, float], unit: str, words: AlertTexts) -> list[Tile]:
    """A tile for each province, in steps that hold as many provinces each as can be."""
    known = sorted({value for region, value in values.items() if region in PLACES})
    steps = {value: index * STEPS // len(known) for index, value in enumerate(known)}
    return [
        Tile(
            region,
            short_region(region),
            column,
            row,
            values.get(region),
            "–" if region not in values else format_short(values[region], words),
            "" if region not in values else format_amount(values[region], unit, words),
            None if region not in values else steps[values[region]],
        )
        for region, (column, row) in PLACES.items()
    ]


def legend(tiles: Iterable[Tile], words: AlertTexts) -> list[Step]:
    """The steps that occur, each from its least value to its greatest."""
    found: dict[int, list[float]] = {}
    for tile in tiles:
        if tile.step is not None and tile.value is not None:
            found.setdefault(tile.step, []).append(tile.value)
    shown = []
    for step in sorted(found):
        low, high = (format_short(end, words) for end in (min(found[step]), max(found[step])))
        shown.append(Step(step, low if low == high else f"{low} – {high}"))
    return shown


routes = (Route("/map", province_map),)

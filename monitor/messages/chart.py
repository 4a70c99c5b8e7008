"""The history of a target as a picture: what was promised and what was reached, year by year.

The picture holds digits and Latin letters only, drawn as strokes, so that it needs no font (see
strokes.py). Region, metric and unit are said in its caption, where they can be searched and read
out.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.messages.chart_strokes import drawable, drawn, width_of
from monitor.messages.i18n import short_metric, short_region, words
from monitor.messages.number_format import amount
from monitor.messages.richtext import Message, Span, one_line
from monitor.model.statements import Label, Op
from monitor.storage.views import Figure

MOST_YEARS = 6
"""Years a picture shows, the latest: more cannot be read on a phone."""

_WIDTH, _HEIGHT = 960, 540
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 920, 120, 468
_YEAR_SIZE, _VALUE_SIZE, _SMALLEST = 25.0, 27.0, 11.0
_BAR_MOST = 92.0
_INK, _FAINT, _PAPER = "#1f2933", "#c4ccd6", "#ffffff"
# Hollow and light for what is promised, full and dark for what is there: also without colours.
_PROMISED, _PROMISED_EDGE = "#d6e4fb", "#2563c9"
_REACHED = "#157f4d"
_VALUE_MOST = 1e15  # beyond it, somebody's digits ran together
_HEADER_MOST = 500.0
_NAME = 60


@dataclass(frozen=True, slots=True)
class Point:
    """A number for a year, in the unit of its chart; ``op`` is how it was meant."""

    year: int
    value: float
    op: Op = Op.REACH


@dataclass(frozen=True, slots=True)
class Chart:
    """What was promised and reached of one metric, in one unit, oldest year first."""

    metric: str
    unit: str
    promised: tuple[Point, ...]
    reached: tuple[Point, ...]

    @property
    def years(self) -> tuple[int, ...]:
        """The years that have a point."""
        return tuple(sorted({point.year for point in (*self.promised, *self.reached)}))


def chart_of(figures: Sequence[Figure], *, metric: str, unit: str) -> Chart | None:
    """The chart of a metric, or None where fewer than two of the figures belong in it.

    Of several numbers for a year that of the latest report counts, and of one report the first.
    What is to be added (``increase_by``) is no level and stays out.

    Args:
        figures: of one region.
        metric: its name; 全省算力规模 and 算力规模 are one.
        unit: the unit all points have.
    """
    fitting = [
        figure
        for figure in figures
        if short_metric(figure.metric) == short_metric(metric)
        and figure.unit == unit
        and figure.op != Op.INCREASE_BY
        and abs(figure.value) <= _VALUE_MOST  # false for NaN, too
    ]
    promised = _points(figure for figure in fitting if figure.label == Label.COMMITMENT)
    reached = _points(figure for figure in fitting if figure.label == Label.ACHIEVEMENT)
    shown = sorted(promised.keys() | reached.keys())[-MOST_YEARS:]
    chart = Chart(
        metric,
        unit,
        tuple(promised[year] for year in shown if year in promised),
        tuple(reached[year] for year in shown if year in reached),
    )
    return chart if len(chart.promised) + len(chart.reached) >= 2 else None


def chart_svg(chart: Chart, *, title: str = "", language: str = "zh") -> str:
    """The picture as SVG, 960 × 540.

    Args:
        chart: at least one point.
        title: is shown if it is Latin, and always told to those who cannot see.
        language: of the reader; large numbers are counted in its words, see ``chart_caption``.
    """
    size, named = _scale(chart, language)
    values = [point.value / size for point in (*chart.promised, *chart.reached)]
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    room = _BOTTOM - _TOP - (40 if low < 0 else 0)
    zero = _TOP + room * (high / span if high > low else 1.0)
    slot = (_RIGHT - _LEFT) / len(chart.years)
    parts = [f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{_PAPER}"/>']
    parts += _header(one_line(", ".join(part for part in (title, named) if part), _NAME), named)
    columns = _columns(chart, size, slot)
    text = min((_fitting(label, column) for *_, column, label in columns), default=_VALUE_SIZE)
    for left, value, promised, column, label in columns:
        height = value / span * room
        parts.append(_bar(left, zero, height, column, promised=promised))
        below = height < 0
        y = zero - height + (text + 12 if below else -12)
        colour = _PROMISED_EDGE if promised else _REACHED
        parts.append(drawn(label, left + column / 2, y, text, colour=colour, anchor=0.5))
    parts.append(
        f'<path d="M{_LEFT} {zero:.1f}H{_RIGHT}" stroke="{_INK}" stroke-width="2.5" fill="none"/>'
    )
    for index, year in enumerate(chart.years):
        middle = _LEFT + (index + 0.5) * slot
        parts.append(drawn(str(year), middle, 518, _YEAR_SIZE, colour=_INK, anchor=0.5))
    spoken = html.escape(one_line(title or chart.metric, _NAME))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}"'
        f' viewBox="0 0 {_WIDTH} {_HEIGHT}"><title>{spoken}</title>{"".join(parts)}</svg>'
    )


def chart_png(svg: str) -> bytes:
    """A picture of ``chart_svg`` as PNG."""
    # Here and not above: who asks for no chart should not pay for the renderer.
    import resvg_py

    return resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)


def chart_caption(chart: Chart, region: str | None, language: str = "zh") -> Message:
    """What stands under the picture: region, metric, unit, the colours, and every number.

    It stays far below the 1024 characters a photo's caption may have.
    """
    table = words(language)
    _, named = _scale(chart, language)
    what = (
        f"{short_region(one_line(region, 24))} {one_line(short_metric(chart.metric), 40)}".strip()
    )
    spans = [Span(what, bold=True), Span(f" ({named})" if named else "")]
    kinds = f"\n🟦 {table.labels[Label.COMMITMENT]} 🟩 {table.labels[Label.ACHIEVEMENT]}"
    spans.append(Span(kinds))
    for year in chart.years:
        told = [
            f"{mark} {table.ops[point.op]}{amount(point.value, chart.unit, table)}"
            for mark, points in (("🟦", chart.promised), ("🟩", chart.reached))
            for point in points
            if point.year == year
        ]
        spans.append(Span(f"\n{year} {' '.join(told)}"))
    return Message(tuple(spans))


def _points(figures: Iterable[Figure]) -> dict[int, Point]:
    """By year; of the latest plan."""
    found: dict[int, tuple[int, Point]] = {}
    for figure in figures:
        plan = figure.plan_year or 0
        year = figure.year or figure.plan_year
        if year is None or not 1900 <= year <= 2200:
            continue
        if year not in found or found[year][0] < plan:
            found[year] = plan, Point(year, figure.value, Op(figure.op))
    return {year: point for year, (_, point) in found.items()}


def _scale(chart: Chart, language: str) -> tuple[float, str]:
    """What values are divided by, and the unit they then have: 1e8, 亿元."""
    table = words(language)
    unit = one_line(table.units.get(chart.unit, chart.unit), 24)
    most = max(abs(point.value) for point in (*chart.promised, *chart.reached))
    if chart.unit and not chart.unit.isascii():
        for name, size in table.scales.items():
            if most >= size:
                gap = " " if unit.isascii() else ""
                return size, f"{name}{gap}{unit}".strip()
    return 1.0, unit


def _columns(chart: Chart, size: float, slot: float) -> list[tuple[float, float, bool, float, str]]:
    """Left edge, value, whether promised, width and label of each bar."""
    promised = {point.year: point.value / size for point in chart.promised}
    reached = {point.year: point.value / size for point in chart.reached}
    gap = slot * 0.05
    width = min((slot * 0.9 - gap) / 2, _BAR_MOST)
    columns = []
    for index, year in enumerate(chart.years):
        middle = _LEFT + (index + 0.5) * slot
        both = year in promised and year in reached
        if year in promised:
            left = middle - gap / 2 - width if both else middle - width / 2
            columns.append((left, promised[year], True, width, _written(promised[year])))
        if year in reached:
            left = middle + gap / 2 if both else middle - width / 2
            columns.append((left, reached[year], False, width, _written(reached[year])))
    return columns


def _bar(left: float, zero: float, height: float, width: float, *, promised: bool) -> str:
    top, tall = min(zero, zero - height), max(abs(height), 1.5)
    style = (
        f'fill="{_PROMISED}" stroke="{_PROMISED_EDGE}" stroke-width="3"'
        if promised
        else f'fill="{_REACHED}" stroke="{_REACHED}" stroke-width="3"'
    )
    return (
        f'<rect x="{left + 1.5:.1f}" y="{top:.1f}" width="{width - 3:.1f}" height="{tall:.1f}"'
        f" {style}/>"
    )


def _header(title: str, unit: str) -> list[str]:
    """The title on the left where it can be drawn, and what the bars are on the right."""
    parts = []
    shown = next((text for text in (title, unit) if text and drawable(text)), "")
    if shown:
        size = min(_YEAR_SIZE, _YEAR_SIZE * _HEADER_MOST / max(width_of(shown, _YEAR_SIZE), 1))
        parts.append(drawn(shown, _LEFT, 56, size, colour=_INK))
    at = float(_RIGHT)
    for word, promised in (("reached", False), ("promised", True)):
        at -= width_of(word, 20)
        parts.append(drawn(word, at, 55, 20, colour=_INK))
        at -= 38
        parts.append(_bar(at, 59, 26, 28, promised=promised))
        at -= 34
    return parts


def _fitting(label: str, column: float) -> float:
    """How large a number may be written over a bar without touching its neighbours'."""
    wide = width_of(label, _VALUE_SIZE)
    return max(min(_VALUE_SIZE, _VALUE_SIZE * (column + 2) / max(wide, 1)), _SMALLEST)


def _written(value: float) -> str:
    """A number in five signs or so: 190, 1,250, 12.5K, 3.2M."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= max(size, 1e4):
            return f"{_short(value / size)}{letter}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return _short(value)


def _short(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))) - 1)
    shown = f"{value:.{min(digits, 4)}f}"
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) or "0"

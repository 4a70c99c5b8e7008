"""Where the lines, points and labels of a chart go. Templates draw them as SVG."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, RIGHT_OF_NAMES, TOP, BOTTOM = 64, 32, 110, 28, 32
_LOG_SPAN = 100.0
_TICKS = 5
_MOST_YEARS, _LABELLED_YEARS = 8, 5
_LABEL_HEIGHT = 16
_ABOVE, _BELOW = -11.0, 20.0
MARKERS = ("circle", "square", "diamond", "triangle")


@dataclass(frozen=True, slots=True)
class Value:
    """A number of a year, the statement that gives it, and how it is written."""

    year: int
    value: float
    statement_id: int | None
    shown: str
    short: str


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers over the years, oldest first; ``is_promise`` is drawn dashed and hollow.

    Those of one ``group`` have its colour and marker, and its ``name`` beside the last of them.
    """

    name: str
    values: tuple[Value, ...]
    is_promise: bool = False
    group: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """A number in its place; ``label_y`` is where it is written, None where there is no room."""

    x: float
    y: float
    label_y: float | None
    value: Value


@dataclass(frozen=True, slots=True)
class Line:
    """A series in its place."""

    series: Series
    points: tuple[Point, ...]
    path: str
    marker: str


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a group at the right edge."""

    group: int
    text: str
    marker: str
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart that is ready to be drawn; ``values`` are the marks of the vertical axis."""

    lines: tuple[Line, ...]
    names: tuple[Name, ...]
    years: tuple[Tick, ...]
    values: tuple[Tick, ...]
    is_log: bool
    left: int
    right: int
    bottom: int
    width: int
    height: int


def plot(
    series: Sequence[Series],
    *,
    shown: Callable[[float], str],
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Plot | None:
    """The chart of some series; None without a number.

    The axis is logarithmic where the values are positive and span more than a hundredfold. Groups
    are named where there are several.

    Args:
        series: in the order in which they are drawn.
        shown: writes a number of the axis.
        width: of the whole drawing.
        height: of the whole drawing.
    """
    kept = [
        (each, [one for one in each.values if math.isfinite(one.value)])
        for each in series
        if any(math.isfinite(one.value) for one in each.values)
    ]
    numbers = [one.value for _, values in kept for one in values]
    if not numbers:
        return None
    least, most = min(numbers), max(numbers)
    years = sorted({one.year for _, values in kept for one in values})
    is_log = least > 0 and most / least > _LOG_SPAN
    ticks = log_ticks(least, most) if is_log else round_ticks(least, most)
    has_names = len({each.group for each, _ in kept}) > 1
    right, bottom = (
        width - (_margin(each.name for each, _ in kept) if has_names else RIGHT),
        height - BOTTOM,
    )

    def x_of(year: int) -> float:
        if len(years) == 1:
            return round((LEFT + right) / 2, 1)
        return round(LEFT + (year - years[0]) / (years[-1] - years[0]) * (right - LEFT), 1)

    def y_of(value: float) -> float:
        low, high, at = ticks[0], ticks[-1], value
        if is_log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return round(bottom - (at - low) / (high - low) * (bottom - TOP), 1)

    labels = _label_heights(kept, y_of)
    lines = []
    for index, (each, values) in enumerate(kept):
        points = tuple(
            Point(x_of(one.year), y_of(one.value), labels.get((index, one.year)), one)
            for one in values
        )
        path = " ".join(f"{'L' if at else 'M'}{p.x} {p.y}" for at, p in enumerate(points))
        lines.append(Line(each, points, path, _marker(each.group)))
    every = math.ceil(len(years) / _MOST_YEARS)
    return Plot(
        lines=tuple(lines),
        names=_names(lines, bottom) if has_names else (),
        years=tuple(Tick(x_of(year), str(year)) for year in years[::-1][::every][::-1]),
        values=tuple(Tick(y_of(value), shown(value)) for value in ticks),
        is_log=is_log,
        left=LEFT,
        right=right,
        bottom=bottom,
        width=width,
        height=height,
    )


def _marker(group: int) -> str:
    return MARKERS[group % len(MARKERS)]


def _label_heights(
    kept: Sequence[tuple[Series, Sequence[Value]]], y_of: Callable[[float], float]
) -> dict[tuple[int, int], float]:
    """Where numbers are written: the highest of a year above its point, others below theirs.

    Of many years only the last number of each series has room.
    """
    are_few = len({one.year for _, values in kept for one in values}) <= _LABELLED_YEARS
    by_year: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for index, (_, values) in enumerate(kept):
        for one in values if are_few else values[-1:]:
            by_year[one.year].append((y_of(one.value), index))
    return {
        (index, year): round(y + (_BELOW if place else _ABOVE), 1)
        for year, points in by_year.items()
        for place, (y, index) in enumerate(sorted(points))
    }


def _names(lines: Sequence[Line], bottom: float) -> tuple[Name, ...]:
    """The name of each group, near its last point that is furthest to the right."""
    last: dict[int, tuple[float, float, str]] = {}
    for line in lines:
        point, group = line.points[-1], line.series.group
        if group not in last or last[group][0] < point.x:
            last[group] = (point.x, point.y, line.series.name)
    heights = spread([y for _, y, _ in last.values()], low=TOP, high=bottom)
    return tuple(
        Name(group, name, _marker(group), height)
        for (group, (_, _, name)), height in zip(last.items(), heights, strict=True)
    )


def round_ticks(low: float, high: float) -> list[float]:
    """Round numbers around the values; they begin at 0 unless the values lie close together."""
    if low > 0 and (high - low) > high * 0.25:
        low = 0.0
    if low == high:
        low, high = (0.0, high) if high > 0 else (low, 0.0) if low < 0 else (0.0, 1.0)
    rough = (high - low) / (_TICKS - 1)
    size = 10 ** math.floor(math.log10(rough))
    step = next((factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough), rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [index * step for index in range(first, max(last, first + 1) + 1)]


def _margin(names: Iterable[str]) -> int:
    """The room for names beside the last points: Chinese characters are twice as wide."""
    widths = (sum(14 if one > "⺀" else 8 for one in name) for name in names)
    return max(RIGHT_OF_NAMES, 44 + max(widths, default=0))


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten around the values."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, math.ceil((last - first) / (2 * _TICKS)))
    powers = list(range(first, last + 1, every))
    return [10.0**power for power in powers] + ([] if powers[-1] >= last else [10.0**last])


def spread(wanted: Sequence[float], *, low: float, high: float) -> list[float]:
    """Heights near the wanted ones that leave a label's room between each two.

    Args:
        wanted: of each label.
        low: the least height.
        high: the greatest.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    found = [0.0] * len(wanted)
    last = low - _LABEL_HEIGHT
    for index in order:
        last = found[index] = max(wanted[index], last + _LABEL_HEIGHT)
    beyond = last - high
    if order and beyond > 0:
        limit = high
        for index in reversed(order):
            found[index] = min(found[index], limit)
            limit = found[index] - _LABEL_HEIGHT
    return [round(one, 1) for one in found]

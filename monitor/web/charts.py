"""Where the lines, points and labels of a chart go. Templates draw them as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 96, 16, 32
_LOG_SPAN = 100.0
_TICKS = 5
_LABEL_HEIGHT = 15
MARKERS = ("circle", "square", "diamond", "triangle")


@dataclass(frozen=True, slots=True)
class Value:
    """A number of a year, and the statement that gives it."""

    year: int
    value: float
    statement_id: int | None
    shown: str


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one name, oldest first; ``is_promise`` is drawn dashed and hollow."""

    name: str
    values: tuple[Value, ...]
    is_promise: bool = False
    group: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """A number in its place."""

    x: float
    y: float
    value: Value


@dataclass(frozen=True, slots=True)
class Line:
    """A series in its place; ``label_y`` is where it is named, at its last point."""

    series: Series
    points: tuple[Point, ...]
    path: str
    marker: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart that is ready to be drawn."""

    lines: tuple[Line, ...]
    years: tuple[Tick, ...]
    values: tuple[Tick, ...]
    is_log: bool
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def left(self) -> int:
        """Where the area of the lines begins."""
        return LEFT

    @property
    def right(self) -> int:
        """Where it ends."""
        return self.width - RIGHT

    @property
    def bottom(self) -> int:
        """The height of the axis of years."""
        return self.height - BOTTOM


def plot(series: Sequence[Series], *, width: int = WIDTH, height: int = HEIGHT) -> Plot | None:
    """The chart of some series; None without a number.

    The axis is logarithmic where the values are positive and span more than a hundredfold.

    Args:
        series: in the order of the legend; the first ones are drawn last, on top.
        width: of the whole drawing.
        height: of the whole drawing.
    """
    numbers = [one.value for each in series for one in each.values if math.isfinite(one.value)]
    if not numbers:
        return None
    least, most = min(numbers), max(numbers)
    years = sorted({one.year for each in series for one in each.values})
    is_log = least > 0 and most / least > _LOG_SPAN
    ticks = log_ticks(least, most) if is_log else round_ticks(least, most)
    low, high = ticks[0], ticks[-1]
    right, bottom = width - RIGHT, height - BOTTOM

    def x_of(year: int) -> float:
        if len(years) == 1:
            return round((LEFT + right) / 2, 1)
        return round(LEFT + (year - years[0]) / (years[-1] - years[0]) * (right - LEFT), 1)

    def y_of(value: float) -> float:
        if is_log:
            part = (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))
        else:
            part = (value - low) / (high - low)
        return round(bottom - part * (bottom - TOP), 1)

    placed: list[tuple[Series, tuple[Point, ...]]] = []
    for each in series:
        points = tuple(
            Point(x_of(one.year), y_of(one.value), one)
            for one in each.values
            if math.isfinite(one.value)
        )
        if points:
            placed.append((each, points))
    label_ys = spread([points[-1].y for _, points in placed], low=TOP, high=bottom)
    lines = tuple(
        Line(
            each,
            points,
            " ".join(f"{'M' if not index else 'L'}{p.x} {p.y}" for index, p in enumerate(points)),
            MARKERS[each.group % len(MARKERS)],
            points[-1].x + 10,
            label_y,
        )
        for (each, points), label_y in zip(placed, label_ys, strict=True)
    )
    shown = years if len(years) <= 12 else years[:: math.ceil(len(years) / 12)]
    return Plot(
        lines,
        tuple(Tick(x_of(year), str(year)) for year in shown),
        tuple(Tick(y_of(value), _short(value)) for value in ticks),
        is_log,
        width,
        height,
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


def _short(value: float) -> str:
    for name, size in (("亿", 1e8), ("万", 1e4)):
        if abs(value) >= size:
            return f"{value / size:,.4g}{name}"
    return f"{value:.4g}"

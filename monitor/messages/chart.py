"""The history of a target as a bar chart: what was promised and what was reached, year by year.

pygal lays the chart out, resvg turns its SVG into a PNG. The only font is the one beside this
module, so a chart looks the same on a machine without fonts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.messages.change_text import format_amount, format_short
from monitor.messages.i18n import AlertTexts, alert_texts, short_metric, short_region
from monitor.messages.richtext import Message, Span, one_line
from monitor.model.statements import Figure, Label, Op

if TYPE_CHECKING:
    from pygal.style import Style

MAX_YEARS = 6
"""Years of a chart, the latest: more cannot be read on a phone."""

_FONT = Path(__file__).parent / "fonts" / "NotoSansCJKsc-Regular-subset.otf"
_FONT_FAMILY = "Noto Sans CJK SC"
_WIDTH, _HEIGHT, _MARGIN = 960, 540, 24
_ROOM = _WIDTH - 2 * _MARGIN
_TITLE_SIZE, _SOURCE_SIZE, _LEGEND_SIZE, _YEAR_SIZE, _VALUE_SIZE = 28, 20, 22, 24, 24
_MIN_SIZE = 11
_LATIN_WIDTH = 0.58  # of a Latin letter, in the size of the font; a Chinese sign has 1
_VALUE_PART = 0.52  # of the room of a year, for the number over one of its two bars
_SOURCE_LENGTH = 34
_INK, _PAPER = "#1f2933", "#ffffff"
# Light with an edge for what is promised, solid for what is reached: also without colours.
_PROMISED, _PROMISED_LIGHT, _REACHED = "#2563c9", "#d6e4fb", "#157f4d"
_THINNEST = 0.005  # of the height, so that a zero shows
_VALUE_LIMIT = 1e15  # beyond it, somebody's digits ran together


@dataclass(frozen=True, slots=True)
class Point:
    """A number for a year, in the unit of its chart; ``op`` is how it was meant."""

    year: int
    value: float
    op: Op = Op.REACH


@dataclass(frozen=True, slots=True)
class Chart:
    """What was promised and reached of one metric, in one unit, oldest year first.

    ``sources`` are titles of the documents that the points are from, the latest plan first.
    """

    metric: str
    unit: str
    promised: tuple[Point, ...]
    reached: tuple[Point, ...]
    sources: tuple[str, ...] = ()

    @property
    def years(self) -> tuple[int, ...]:
        """The years that have a point."""
        return tuple(sorted({point.year for point in (*self.promised, *self.reached)}))


def build_chart(figures: Sequence[Figure], *, metric: str, unit: str) -> Chart | None:
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
        and abs(figure.value) <= _VALUE_LIMIT  # false for NaN, too
    ]
    promised = _by_year(figure for figure in fitting if figure.label == Label.COMMITMENT)
    reached = _by_year(figure for figure in fitting if figure.label == Label.ACHIEVEMENT)
    years = sorted(promised.keys() | reached.keys())[-MAX_YEARS:]
    shown = [series[year] for series in (promised, reached) for year in years if year in series]
    if len(shown) < 2:
        return None
    latest_first = sorted(shown, key=lambda figure: figure.plan_year or 0, reverse=True)
    return Chart(
        metric,
        unit,
        _points(promised, years),
        _points(reached, years),
        tuple(dict.fromkeys(f.document_title for f in latest_first if f.document_title.strip())),
    )


def chart_svg(chart: Chart, region: str | None, language: str = "zh") -> str:
    """The chart as SVG, 960 × 540: title with region, metric and unit, bars, source, legend.

    Args:
        chart: at least one point.
        region: its official name.
        language: of the reader, for the legend and the numbers.
    """
    # Loaded with the first chart: pygal takes 8 MB.
    import pygal

    texts = alert_texts(language)
    labels = {
        point: f"{texts.ops[point.op]}{format_short(point.value, texts)}"
        for point in (*chart.promised, *chart.reached)
    }
    room = _ROOM / len(chart.years) * _VALUE_PART
    title, source = _title(chart, region, texts), _source(chart, texts)
    # Values are given as parts of the largest: every bar has its number written over it.
    largest = max(abs(point.value) for point in labels) or 1.0
    parts = [point.value / largest for point in labels]
    style = _style(
        [color for color, points in _colored(chart) if points],
        title=_font_size(title, _TITLE_SIZE, _ROOM),
        value=min(_font_size(label, _VALUE_SIZE, room) for label in labels.values()),
    )
    bars = pygal.Bar(
        width=_WIDTH,
        height=_HEIGHT,
        margin=_MARGIN,
        explicit_size=True,
        disable_xml_declaration=True,
        no_prefix=True,
        js=[],
        css=["file://style.css", "file://graph.css", _css(chart, source, style)],
        style=style,
        title=title,
        x_title=source or None,
        range=(min(0.0, *parts), max(_THINNEST, *parts)),
        y_labels=[0],
        value_formatter=lambda _: "0",
        print_values=True,
        print_values_position="top",
        legend_at_bottom=True,
        legend_at_bottom_columns=sum(1 for _, points in _colored(chart) if points),
        legend_box_size=_LEGEND_SIZE,
        truncate_legend=-1,
    )
    bars.x_labels = [str(year) for year in chart.years]
    for label, points in (
        (Label.COMMITMENT, chart.promised),
        (Label.ACHIEVEMENT, chart.reached),
    ):
        by_year = {point.year: _bar(point.value / largest, labels[point]) for point in points}
        if by_year:
            bars.add(texts.labels[label], [by_year.get(year) for year in chart.years])
    svg: str = bars.render(is_unicode=True)
    return svg


def chart_png(svg: str) -> bytes:
    """A chart of ``chart_svg`` as PNG."""
    # Loaded with the first chart.
    import resvg_py

    return resvg_py.svg_to_bytes(
        svg_string=svg, skip_system_fonts=True, font_files=[str(_FONT)], font_family=_FONT_FAMILY
    )


def chart_caption(chart: Chart, region: str | None, language: str = "zh") -> Message:
    """The text under the chart: region, metric, unit, the legend, and every number.

    It stays far below the 1024 characters a photo's caption may have.
    """
    texts = alert_texts(language)
    unit = _unit(chart, texts)
    spans = [Span(_subject(chart, region), bold=True), Span(f" ({unit})" if unit else "")]
    legend = f"\n🟦 {texts.labels[Label.COMMITMENT]} 🟩 {texts.labels[Label.ACHIEVEMENT]}"
    spans.append(Span(legend))
    for year in chart.years:
        numbers = [
            f"{mark} {texts.ops[point.op]}{format_amount(point.value, chart.unit, texts)}"
            for mark, points in (("🟦", chart.promised), ("🟩", chart.reached))
            for point in points
            if point.year == year
        ]
        spans.append(Span(f"\n{year} {' '.join(numbers)}"))
    return Message(tuple(spans))


def _by_year(figures: Iterable[Figure]) -> dict[int, Figure]:
    """Of each year, the figure of the latest plan."""
    found: dict[int, Figure] = {}
    for figure in figures:
        year = figure.year or figure.plan_year
        if year is None or not 1900 <= year <= 2200:
            continue
        if year not in found or (found[year].plan_year or 0) < (figure.plan_year or 0):
            found[year] = figure
    return found


def _points(figures: dict[int, Figure], years: Iterable[int]) -> tuple[Point, ...]:
    return tuple(
        Point(year, figures[year].value, Op(figures[year].op)) for year in years if year in figures
    )


def _subject(chart: Chart, region: str | None) -> str:
    shown = f"{short_region(one_line(region, 24))} {one_line(short_metric(chart.metric), 40)}"
    return shown.strip()


def _unit(chart: Chart, texts: AlertTexts) -> str:
    return one_line(texts.units.get(chart.unit, chart.unit), 24)


def _title(chart: Chart, region: str | None, texts: AlertTexts) -> str:
    what, unit = _subject(chart, region), _unit(chart, texts)
    return texts.chart_title.format(what=what, unit=unit) if unit else what


def _source(chart: Chart, texts: AlertTexts) -> str:
    if not chart.sources:
        return ""
    count = len(chart.sources)
    wording = texts.chart_source if count == 1 else texts.chart_sources
    title = one_line(chart.sources[0], _SOURCE_LENGTH)
    return wording.format(title=title, count=count, rest=count - 1)


def _bar(part: float, label: str) -> dict[str, object]:
    """A bar with its number; pygal formats each value by a function of its own."""
    formatter: Callable[[float], str] = lambda _: label  # noqa: E731
    return {"value": part if abs(part) > _THINNEST else _THINNEST, "formatter": formatter}


def _font_size(text: str, largest: int, room: float) -> int:
    """The size in which a text fits into its room, estimated by the widths of its signs."""
    width = sum(_LATIN_WIDTH if character.isascii() else 1.0 for character in text)
    return max(_MIN_SIZE, min(largest, int(room / max(width, 1.0))))


def _colored(chart: Chart) -> tuple[tuple[str, tuple[Point, ...]], ...]:
    return (_PROMISED, chart.promised), (_REACHED, chart.reached)


def _style(colors: Sequence[str], *, title: int, value: int) -> Style:
    from pygal.style import Style

    return Style(
        font_family=_FONT_FAMILY,
        background=_PAPER,
        plot_background=_PAPER,
        foreground=_INK,
        foreground_strong=_INK,
        colors=colors,
        value_colors=colors,
        opacity="1",
        stroke_opacity="1",
        title_font_size=title,
        legend_font_size=_LEGEND_SIZE,
        label_font_size=_YEAR_SIZE,
        major_label_font_size=_YEAR_SIZE,
        value_font_size=value,
    )


def _css(chart: Chart, source: str, style: Style) -> str:
    """What pygal has no setting for."""
    rules = [
        ".axis.y .line {stroke-width: 2}",
        # pygal draws the source, its title of the x axis, as large as the title.
        f".title {{font-size: {_font_size(source, _SOURCE_SIZE, _ROOM)}px}}",
        f".plot_title {{font-size: {style.title_font_size}px}}",
    ]
    if chart.promised:
        rules.append(
            f".serie-0 .bar rect, .legend .color-0 {{fill: {_PROMISED_LIGHT}; stroke-width: 3}}"
        )
    return "inline:" + " ".join(rules)

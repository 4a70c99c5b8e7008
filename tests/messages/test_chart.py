"""Charts: every number where it belongs, a font of their own, and no value that breaks them."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.messages.change_text import format_short
from monitor.messages.chart import (
    MAX_YEARS,
    Chart,
    Point,
    build_chart,
    chart_caption,
    chart_png,
    chart_svg,
)
from monitor.messages.i18n import alert_texts
from monitor.messages.richtext import utf16_length
from monitor.model.statements import Figure, Op

CAPTION_LIMIT = 1024
SVG = "{http://www.w3.org/2000/svg}"


def figure(year: int | None, value: float, label: str = "commitment", **other: object) -> Figure:
    fields: dict[str, object] = {
        "plan_year": year,
        "year": year,
        "label": label,
        "metric": "算力规模",
        "op": "reach",
        "value": value,
        "unit": "Eflops",
        "text": "",
        "document_title": "",
    }
    return Figure(**(fields | other))  # type: ignore[arg-type]


GUIZHOU = [figure(2025, 160), figure(2026, 190, op="at_least"), figure(2025, 150, "achievement")]


def chart(figures: list[Figure] = GUIZHOU, unit: str = "Eflops") -> Chart:
    found = build_chart(figures, metric="算力规模", unit=unit)
    assert found is not None
    return found


def bars(svg: str) -> list[tuple[float, float, float, float]]:
    """x, y, width and height of each bar, from the left."""
    found = []
    for plot in ET.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314 - our own
        moved = re.match(r"translate\(([\d.]+), ([\d.]+)\)", plot.get("transform", ""))
        for bar in plot.iter(f"{SVG}rect") if moved and plot.get("class") == "plot" else ():
            if "reactive" in bar.get("class", ""):
                x, y, width, height = (float(bar.get(k, 0)) for k in ("x", "y", "width", "height"))
                found.append((x + float(moved[1]), y + float(moved[2]), width, height))
    return sorted(found)


def texts(svg: str) -> list[str]:
    return [part.text or "" for part in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def test_points_are_what_was_promised_and_reached() -> None:
    found = chart()
    assert found.promised == (Point(2025, 160), Point(2026, 190, Op.AT_LEAST))
    assert found.reached == (Point(2025, 150),)
    assert found.years == (2025, 2026)


@pytest.mark.parametrize(
    "others",
    [
        [],
        [figure(2026, 2, unit="P")],
        [figure(2026, 2, metric="机架")],
        [figure(2026, 2, op="increase_by")],
        [figure(None, 2, plan_year=None)],
        [figure(2026, math.nan), figure(2026, math.inf), figure(2026, 1e300)],
        [figure(20260, 2)],
        [figure(2025, 3)],
    ],
)
def test_one_point_makes_no_chart(others: list[Figure]) -> None:
    assert build_chart([figure(2025, 160), *others], metric="算力规模", unit="Eflops") is None


def test_a_metric_is_known_without_its_region() -> None:
    other = [figure(2025, 1, metric="全省算力规模"), figure(2026, 2)]
    assert len(chart(other).promised) == 2


def test_the_latest_report_counts_and_of_one_report_the_first_number() -> None:
    several = [
        figure(2025, 1, plan_year=2021),
        figure(2025, 2, plan_year=2025),
        figure(2025, 3, plan_year=2025),
        figure(2025, 4, plan_year=2024),
        figure(2026, 5),
    ]
    assert [point.value for point in chart(several).promised] == [2, 5]


def test_only_the_latest_years_are_shown() -> None:
    found = chart([figure(year, year) for year in range(1960, 2030)])
    assert found.years == tuple(range(2030 - MAX_YEARS, 2030))


def test_bars_are_as_high_as_their_numbers() -> None:
    promised, reached, raised = bars(chart_svg(chart(), "贵州省"))
    assert promised[3] / raised[3] == pytest.approx(160 / 190, rel=0.01)
    assert reached[3] / raised[3] == pytest.approx(150 / 190, rel=0.01)
    assert promised[0] + promised[2] < reached[0] < raised[0]


def test_what_is_below_zero_hangs_from_the_line() -> None:
    below, above = bars(chart_svg(chart([figure(2025, -5), figure(2026, 5)]), "贵州省"))
    assert below[1] == pytest.approx(above[1] + above[3], abs=0.2)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (190, "190"),
        (0, "0"),
        (12.75, "12.8"),
        (0.825, "0.825"),
        (1250, "1,250"),
        (9999.6, "10,000"),
        (12_345, "12.3K"),
        (200_000, "200K"),
        (3_200_000, "3.2M"),
        (1e9, "1B"),
        (-2.25, "-2.25"),
        (1e15, "1000T"),
        (1e-9, "0"),
        (100.0, "100"),
    ],
)
def test_numbers_over_bars_are_short(value: float, written: str) -> None:
    assert format_short(value, alert_texts("en")) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(30_000, "3万"), (187_654, "18.8万"), (1.5e11, "1500亿"), (2e12, "2万亿"), (9_999, "9999")],
)
def test_numbers_over_bars_are_chinese_in_chinese(value: float, written: str) -> None:
    assert format_short(value, alert_texts("zh")) == written


def test_the_picture_says_what_where_in_which_unit_and_from_which_report() -> None:
    several = [figure(2025, 30_000, unit="张", document_title="2025年报告")]
    several += [figure(2026, 45_000, unit="张", op="at_least", document_title="<2026> & 年报告")]
    several += [figure(2025, 2_000, "achievement", unit="张", document_title="2025年报告")]
    shown = texts(chart_svg(chart(several, "张"), "贵州省"))
    assert shown[-2:] == ["承诺", "成效"]
    assert {"贵州 算力规模（张）", "来源：<2026> & 年报告等 2 份文件"} <= {*shown}
    assert {"2025", "2026", "3万", "≥4.5万", "2000"} <= {*shown}


def test_the_legend_and_the_source_are_in_the_readers_language() -> None:
    several = [figure(2025, 30_000, unit="张"), figure(2026, 45_000, unit="张", document_title="x")]
    shown = texts(chart_svg(chart(several, "张"), "贵州省", "en"))
    assert {"贵州 算力规模 (cards)", "Source: x", "30K", "45K", "commitment"} <= {*shown}
    assert "achievement" not in shown


def test_the_caption_says_what_the_picture_cannot() -> None:
    text = chart_caption(chart(), "贵州省").text
    assert text.splitlines() == [
        "贵州 算力规模 (Eflops)",
        "🟦 承诺 🟩 成效",
        "2025 🟦 160 Eflops 🟩 150 Eflops",
        "2026 🟦 ≥190 Eflops",
    ]


def test_large_numbers_are_counted_in_the_readers_words() -> None:
    found = chart([figure(2025, 1.5e11, unit="元"), figure(2026, 2e11, unit="元")], "元")
    assert "1500亿元" in chart_caption(found, "贵州省").text
    assert "150 billion yuan" in chart_caption(found, "贵州省", "en").text
    assert {"1500亿", "2000亿"} <= {*texts(chart_svg(found, "贵州省"))}
    assert {"150B", "200B"} <= {*texts(chart_svg(found, "贵州省", "en"))}


def pixels(png: bytes) -> Iterator[bytes]:
    """Rows of a PNG, filtered as they are; enough to see whether something is drawn."""
    raw, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            raw += png[at + 8 : at + 8 + size]
        at += size + 12
    plain = zlib.decompress(raw)
    width = int.from_bytes(png[16:20], "big") * 4 + 1
    for start in range(0, len(plain), width):
        yield plain[start : start + width]


def test_a_picture_is_made_with_its_own_font() -> None:
    png = chart_png(chart_svg(chart(), "贵州省"))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(png[16:20], "big") == 960
    assert int.from_bytes(png[20:24], "big") == 540
    rows = list(pixels(png))
    # Years stand between these rows: more than one sort of byte means that they are drawn.
    assert len(set(b"".join(rows[495:520]))) > 20
    assert len(png) < 100_000


def test_chinese_is_drawn() -> None:
    """A sign that the font does not have would leave the picture empty."""
    with_text = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{}</svg>'
    blank = chart_png(with_text.format(""))
    drawn = {chart_png(with_text.format(f'<text x="2" y="30">{sign}</text>')) for sign in "贵州≥3"}
    assert len(drawn) == 4
    assert blank not in drawn


anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
numbers = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 1e300, -1e15, 0.0, 5e-324])
figures = st.builds(
    figure,
    st.none() | st.integers(1900, 2100) | st.integers(),
    numbers,
    st.sampled_from(["commitment", "achievement"]),
    plan_year=st.none() | st.integers(1900, 2100),
    op=st.sampled_from([op.value for op in Op]),
)


@settings(deadline=None, max_examples=examples(150))
@given(
    st.lists(figures, max_size=120),
    st.sampled_from(["Eflops", "元", "张", "", "%", "x" * 300, "<b>&\x00"]) | anything,
    anything,
    st.sampled_from(["zh", "en"]),
)
def test_no_value_breaks_a_chart(several: list[Figure], unit: str, title: str, lang: str) -> None:
    figures = [Figure(**{**fields_of(item), "unit": unit}) for item in several]
    found = build_chart(figures, metric="算力规模", unit=unit)
    if found is None:
        return
    svg = chart_svg(found, title, lang)
    shown = ET.fromstring(svg)  # noqa: S314 - our own
    written = " ".join(value for part in shown.iter() for value in part.attrib.values())
    assert "nan" not in written
    assert "inf" not in written
    for left, top, width, height in bars(svg):
        assert 0 <= left <= left + width <= 960
        assert 0 < height <= 540
        assert 0 <= top <= top + height <= 540
    assert shown.get("width") == "960"
    caption = chart_caption(found, title, lang)
    assert utf16_length(caption.text) <= CAPTION_LIMIT
    caption.html.encode()


def fields_of(item: Figure) -> dict[str, object]:
    return {name: getattr(item, name) for name in Figure.__slots__}


@settings(deadline=None, max_examples=examples(15))
@given(st.lists(figures, min_size=40, max_size=60), anything)
def test_any_chart_becomes_a_picture(several: list[Figure], title: str) -> None:
    found = build_chart(several, metric="算力规模", unit="Eflops")
    if found is not None:
        assert chart_png(chart_svg(found, title)).startswith(b"\x89PNG")


def test_the_libraries_are_loaded_with_the_first_chart_and_no_earlier() -> None:
    code = (
        "import monitor.messages.chart, sys; sys.exit(bool({'pygal', 'resvg_py'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

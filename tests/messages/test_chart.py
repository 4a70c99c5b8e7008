"""Charts: every number where it belongs, no font needed, and no value that breaks them."""

from __future__ import annotations

import math
import subprocess
import sys
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.messages.chart import (
    MOST_YEARS,
    Chart,
    Point,
    _written,
    chart_caption,
    chart_of,
    chart_png,
    chart_svg,
)
from monitor.messages.chart_strokes import _SIGNS, drawable, drawn, width_of
from monitor.messages.richtext import units
from monitor.model.statements import Op
from monitor.storage.views import Figure

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
    found = chart_of(figures, metric="算力规模", unit=unit)
    assert found is not None
    return found


def bars(svg: str) -> list[tuple[float, float, float, float]]:
    """x, y, width and height of each bar, the paper and the two of the legend left out."""
    found = ET.fromstring(svg).findall(f"{SVG}rect")  # noqa: S314 - our own
    return [tuple(float(bar.get(k, 0)) for k in ("x", "y", "width", "height")) for bar in found][3:]  # type: ignore[misc]


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
    assert chart_of([figure(2025, 160), *others], metric="算力规模", unit="Eflops") is None


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
    assert found.years == tuple(range(2030 - MOST_YEARS, 2030))


def test_bars_are_as_high_as_their_numbers() -> None:
    promised, reached, raised = bars(chart_svg(chart()))
    assert promised[3] / raised[3] == pytest.approx(160 / 190, rel=0.01)
    assert reached[3] / raised[3] == pytest.approx(150 / 190, rel=0.01)
    assert promised[0] + promised[2] < reached[0] < raised[0]


def test_what_is_below_zero_hangs_from_the_line() -> None:
    below, above = bars(chart_svg(chart([figure(2025, -5), figure(2026, 5)])))
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
    assert _written(value) == written


def test_the_picture_has_no_text_but_its_title() -> None:
    shown = ET.fromstring(chart_svg(chart(), title="<贵州> & 'x'"))  # noqa: S314 - our own
    assert [part.text for part in shown.iter(f"{SVG}title")] == ["<贵州> & 'x'"]
    assert list(shown.iter(f"{SVG}text")) == []


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
    assert "(亿元)" in chart_caption(found, "贵州省").text
    assert "(billion yuan)" in chart_caption(found, "贵州省", "en").text
    assert chart_svg(found) != chart_svg(found, language="en")


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


def test_a_picture_is_made_without_any_font() -> None:
    png = chart_png(chart_svg(chart()))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(png[16:20], "big") == 960
    assert int.from_bytes(png[20:24], "big") == 540
    rows = list(pixels(png))
    # Years stand between these rows: more than one sort of byte means that they are drawn.
    assert len(set(b"".join(rows[495:520]))) > 20
    assert len(png) < 100_000


@pytest.mark.parametrize("sign", _SIGNS)
def test_every_sign_can_be_drawn(sign: str) -> None:
    empty = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{}</svg>'
    blank = chart_png(empty.format(""))
    shown = chart_png(empty.format(drawn(sign, 20, 28, 16, colour="black", anchor=0.5)))
    assert (shown == blank) == (sign == " ")
    assert drawable(sign)
    assert width_of(sign, 14) > 0


def test_what_has_no_sign_is_left_out() -> None:
    assert not drawable("算力")
    assert drawn("1算", 0, 0, 14, colour="black") == drawn("1", 0, 0, 14, colour="black")


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


@settings(deadline=None, max_examples=150)
@given(
    st.lists(figures, max_size=120),
    st.sampled_from(["Eflops", "元", "张", "", "%", "x" * 300, "<b>&\x00"]) | anything,
    anything,
    st.sampled_from(["zh", "en"]),
)
def test_no_value_breaks_a_chart(several: list[Figure], unit: str, title: str, lang: str) -> None:
    told = [Figure(**{**fields_of(item), "unit": unit}) for item in several]
    found = chart_of(told, metric="算力规模", unit=unit)
    if found is None:
        return
    svg = chart_svg(found, title=title, language=lang)
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
    assert units(caption.text) <= CAPTION_LIMIT
    caption.html.encode()


def fields_of(item: Figure) -> dict[str, object]:
    return {name: getattr(item, name) for name in Figure.__slots__}


@settings(deadline=None, max_examples=15)
@given(st.lists(figures, min_size=40, max_size=60), anything)
def test_any_chart_becomes_a_picture(several: list[Figure], title: str) -> None:
    found = chart_of(several, metric="算力规模", unit="Eflops")
    if found is not None:
        assert chart_png(chart_svg(found, title=title)).startswith(b"\x89PNG")


def test_the_renderer_is_loaded_with_the_first_chart_and_no_earlier() -> None:
    code = "import monitor.messages.chart, sys; sys.exit('resvg_py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

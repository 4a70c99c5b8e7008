"""Names of one metric, and its history in one unit."""

from __future__ import annotations

import pytest

from monitor.extraction.metric_history import metric_core, metric_history, search_terms
from monitor.model.statements import Figure


def figure(value, unit="P", metric="算力规模", op="reach", year=2025):
    return Figure(year + 1, year, "achievement", metric, op, value, unit, "", "报告")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("全省算力总规模", "算力规模", True),
        ("总算力", "算力", True),
        ("智能算力规模", "智算总规模", True),
        ("规模以上工业增加值", "规上工业增加值", True),
        ("智能算力规模", "算力规模", False),
        ("超算算力", "算力", False),
        ("算力占比", "算力", False),
    ],
)
def test_names_of_one_metric_have_one_core(first, second, same):
    assert (metric_core(first) == metric_core(second)) is same


def test_search_terms_are_pieces_of_every_name():
    for name in ("智能算力规模", "智算总规模", "智能计算规模"):
        assert any(term in name for term in search_terms("全省智算规模"))


def test_a_history_has_one_unit_and_no_growth():
    figures = [
        figure(8, "Eflops", year=2023),
        figure(20, "倍", op="increase_by", year=2023),
        figure(12000, metric="全省算力总规模", year=2024),
        figure(3000, metric="智能算力规模", year=2024),
        figure(130, "%", op="increase_by", year=2024),
        figure(15000),
    ]
    for unit, values in (("P", [8000, 12000, 15000]), ("Eflops", [8, 12, 15])):
        found = metric_history(figures, "算力规模", unit=unit)
        assert [(one.value, one.unit) for one in found] == [(value, unit) for value in values]
    doubled = metric_history(figures, "算力规模", unit="倍")
    assert [one.value for one in doubled] == [8000, 12000, 15000]
    found = metric_history(figures, "算力规模")
    assert [(one.value, one.unit) for one in found] == [
        (8000, "P"),
        (12000, "P"),
        (3000, "P"),
        (15000, "P"),
    ]


def test_a_metric_of_which_only_the_growth_is_given_keeps_it():
    figures = [figure(10, "%", "产业增加值", "increase_by"), figure(3, "亿元", "产业增加值占比")]
    assert metric_history(figures, "产业增加值", unit="%") == figures[:1]

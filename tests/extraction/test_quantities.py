"""Quantity phrases and what each promises; the table is quantities.tsv beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extraction.quantities import comparable, to_base
from monitor.extraction.targets import parse_targets
from monitor.extraction.text import normalize_characters

TABLE = Path(__file__).with_name("quantities.tsv")


def rows():
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            phrase, *fields = line.split("\t")
            yield phrase, [] if fields == ["-"] else [expected(field) for field in fields]


def expected(field):
    metric, op, value, unit, year = field.split("|")
    return metric, op, float(value), unit, int(year) if year else None


def test_the_table_is_long_enough():
    assert len(list(rows())) >= 150


@pytest.mark.parametrize(("phrase", "wanted"), list(rows()))
def test_a_phrase_gives_its_targets(phrase, wanted):
    found = parse_targets(normalize_characters(phrase), this_year=2026)
    assert [(t.metric, t.op.value, t.value, t.unit, t.year) for t in found] == wanted
    assert all(t.raw in normalize_characters(phrase) for t in found)


def test_computing_power_compares_in_all_its_units():
    assert to_base(4000, "P") == (4000, "P")
    assert to_base(190, "Eflops") == (190_000, "P")
    assert to_base(10.36, "Eflops") == (10_360, "P")
    assert comparable("P", "Eflops")
    assert comparable("TB", "PB")
    assert not comparable("P", "张")
    assert not comparable("个", "家")


@given(st.text(), st.integers(1, 10**6), st.sampled_from(["P", "家", "亿元", "%"]))
def test_any_text_around_a_quantity_is_survived(text, number, unit):
    for target in parse_targets(normalize_characters(f"{text}算力达到{number}{unit}")):
        assert target.metric
        assert target.raw

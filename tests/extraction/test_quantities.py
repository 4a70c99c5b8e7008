"""Quantity phrases and what each promises; the table is quantities.tsv beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extraction.numerals import multiplier
from monitor.extraction.quantities import quantities
from monitor.extraction.targets import parse_targets
from monitor.extraction.text import join_lines, normalize_characters
from monitor.extraction.topics import in_scope_hits, load_topics
from monitor.extraction.units import comparable, to_base

TABLE = Path(__file__).with_name("quantities.tsv")
PRESS_TABLE = Path(__file__).with_name("press_quantities.tsv")
TOPICS = load_topics()


def rows(table=TABLE):
    for line in table.read_text(encoding="utf-8").splitlines():
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


@pytest.mark.parametrize(("sentence", "wanted"), list(rows(PRESS_TABLE)))
def test_a_sentence_of_the_press_gives_the_targets_of_its_topic(sentence, wanted):
    text = join_lines(sentence, press=True).text
    spans = [(hit.start, hit.end) for hit in in_scope_hits(text, TOPICS.hits(text))]
    assert spans
    found = parse_targets(text, spans, this_year=2026, mixed=False)
    assert [(t.metric, t.op.value, t.value, t.unit, t.year) for t in found] == wanted


@given(
    st.integers(11, 9999),
    st.sampled_from(["", "万", "亿"]),
    st.sampled_from(["", "多", "余"]),
    st.sampled_from(["家", "个", "款", "项", "台", "名"]),
    st.sampled_from(["", "超过", "约", "不得低于", "最高给予"]),
)
def test_a_number_has_its_value_however_it_is_written(number, scale, more, unit, cue):
    amount = number * multiplier(scale)
    for written in (f"{number}{scale}{more}{unit}", f"{number}{more}{scale}{unit}"):
        (found,) = quantities(f"机器人{cue}{written}")
        assert (found.value, found.unit) == (amount, unit)


@given(st.integers(2, 900), st.integers(1, 900), st.sampled_from(["—", "-", "至", "~", "到"]))
def test_a_range_has_both_ends(low, more, dash):
    found = parse_targets(f"培育{low}{dash}{low + more}家企业")
    assert [target.value for target in found] == [low, low + more]


WORDS = ("算力", "机器人", "超过", "新增", "达到", "每年", "、", "，", "3万P", "20家", "翻番", "双")


@given(*[st.lists(st.sampled_from(WORDS), max_size=6).map("".join)] * 3)
def test_a_quote_is_never_cut_in_two(before, quoted, after):
    for target in parse_targets(f"{before}“{quoted}”{after}", mixed=False):
        assert target.raw.count("“") == target.raw.count("”")
        assert target.metric.count("“") == target.metric.count("”")


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

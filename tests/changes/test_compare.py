"""What is called new, stronger, weaker, reworded, carried on or dropped, by example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.changes import compare
from monitor.model import Basis, Delta, Kind, Label, Op, Speaker, Statement, Target

PROVINCE = "贵州省"


def target(metric="算力规模", op=Op.AT_LEAST, value=160.0, unit="Eflops", year=None):
    return Target(metric, op, value, unit, year, f"{metric}{value}{unit}")


def said(text, *targets, label=Label.COMMITMENT, region=PROVINCE, start=0):
    return Statement(
        text=text,
        start=start,
        end=start + len(text),
        label=label,
        speaker=Speaker.GOVERNMENT,
        region=region,
        year=2026,
        themes=("compute",),
        targets=tuple(targets),
    )


def only(changes):
    assert len(changes) == 1, changes
    return changes[0]


def test_a_raised_number_is_stronger_and_says_by_how_much():
    before = said("全省算力规模突破160Eflops。", target(value=160))
    after = said("全省算力规模突破190Eflops。", target(value=190))
    change = only(compare([before], [after], Basis.REVISION))
    assert change.kind is Kind.STRENGTHENED
    assert change.deltas == (Delta("算力规模", "Eflops", 160, 190),)
    assert change.before is before
    assert change.after is after


def test_units_are_converted_before_numbers_are_compared():
    before = said("智能算力达到12000P。", target("智能算力", Op.REACH, 12000, "P"))
    same = said("智能算力达到12Eflops。", target("智能算力", Op.REACH, 12, "Eflops"))
    more = said("智能算力达到15Eflops。", target("智能算力", Op.REACH, 15, "Eflops"))
    assert only(compare([before], [same], Basis.REVISION)).deltas == ()
    change = only(compare([before], [more], Basis.REVISION))
    assert change.kind is Kind.STRENGTHENED
    assert change.deltas == (Delta("智能算力", "Eflops", 12, 15),)


def test_an_upper_limit_is_judged_the_other_way_round():
    before = said("新建数据中心PUE控制在1.25以下。", target("PUE", Op.AT_MOST, 1.25, ""))
    after = said("新建数据中心PUE控制在1.2以下。", target("PUE", Op.AT_MOST, 1.2, ""))
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.STRENGTHENED
    assert only(compare([after], [before], Basis.REVISION)).kind is Kind.WEAKENED


def test_a_year_that_moves_away_is_weaker():
    before = said("到2027年建成智算中心10个。", target("智算中心", Op.REACH, 10, "个", 2027))
    after = said("到2028年建成智算中心10个。", target("智算中心", Op.REACH, 10, "个", 2028))
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.WEAKENED
    assert only(compare([after], [before], Basis.REVISION)).kind is Kind.STRENGTHENED


def test_a_number_taken_out_of_a_sentence_is_weaker():
    before = said(
        "培育人工智能企业30家，建设创新平台。", target("人工智能企业", Op.REACH, 30, "家")
    )
    after = said("培育人工智能企业，建设创新平台。")
    change = only(compare([before], [after], Basis.REVISION))
    assert change.kind is Kind.WEAKENED
    assert change.deltas == (Delta("人工智能企业", "家", 30, None),)


@pytest.mark.parametrize(
    "cosmetic",
    [
        "全省算力规模突破１６０Ｅflops，建设“智算云”。",
        "全省算力规模突破 160 Eflops, 建设「智算云」.",
        '全省　算力规模突破160Eflops，建设"智算云"',
    ],
)
def test_width_spaces_and_quotes_are_no_change(cosmetic):
    plain = "全省算力规模突破160Eflops，建设“智算云”。"
    change = only(compare([said(plain, target())], [said(cosmetic, target())], Basis.REVISION))
    assert change.kind is Kind.CONTINUED


def test_a_list_numbered_anew_is_no_change():
    before, after = said("（二）加快建设智算中心"), said("（三）加快建设智算中心")
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.CONTINUED


def test_a_sentence_that_moved_in_the_page_is_carried_on():
    first, second = said("建设省级智算中心。"), said("培育大模型企业。", start=50)
    moved = said("建设省级智算中心。", start=90)
    changes = compare([first, second], [second, moved], Basis.REVISION)
    assert {change.kind for change in changes} == {Kind.CONTINUED}


def test_a_new_sentence_is_added_and_a_missing_one_dropped():
    old = said("支持兰州新区建设人工智能训练基地。")
    new = said("开展机器人进车间行动，推广工业智能体。")
    changes = compare([old], [new], Basis.REVISION)
    assert [(c.kind, c.before, c.after) for c in changes] == [
        (Kind.ADDED, None, new),
        (Kind.DROPPED, old, None),
    ]


def test_the_same_words_under_another_label_are_neither_dropped_nor_added():
    plan = said("建设省级智算中心。")
    other = said("建设省级智算中心。", label=Label.ACHIEVEMENT)
    assert compare([plan], [other], Basis.REVISION) == ()
    assert compare([other], [plan], Basis.REVISION) == ()


def test_a_year_later_the_same_promise_in_other_words_is_no_news():
    before = said("加快建设全国一体化算力网络国家枢纽节点，推动贵安集群扩容。")
    after = said("加快全国一体化算力网络国家枢纽节点建设，推动贵安集群扩容。")
    assert only(compare([before], [after], Basis.SUCCESSION)).kind is Kind.CONTINUED
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.REWORDED


def test_a_name_finds_its_sentence_among_others_like_it():
    before = [said("推进“云上梅岭”智算中心建设。"), said("推进“天路算谷”智算中心建设。")]
    after = [said("加快“天路算谷”二期工程。"), said("加快“云上梅岭”二期工程。")]
    pairs = {
        (c.before.text, c.after.text)
        for c in compare(before, after, Basis.SUCCESSION)
        if c.before and c.after
    }
    assert pairs == {(before[0].text, after[1].text), (before[1].text, after[0].text)}


def test_a_split_sentence_loses_nothing():
    whole = said(
        "建设智算中心10个，培育大模型企业20家。",
        target("智算中心", Op.REACH, 10, "个"),
        target("大模型企业", Op.REACH, 20, "家"),
    )
    parts = [
        said("建设智算中心10个。", target("智算中心", Op.REACH, 10, "个")),
        said("培育大模型企业20家。", target("大模型企业", Op.REACH, 20, "家"), start=20),
    ]
    assert only(compare([whole], parts, Basis.REVISION)).kind is Kind.CONTINUED
    assert only(compare(parts, [whole], Basis.REVISION)).kind is Kind.CONTINUED


def test_regions_are_never_mixed():
    here, there = said("建设智算中心。"), said("建设智算中心。", region="甘肃省")
    assert {c.kind for c in compare([here], [there], Basis.REVISION)} == {
        Kind.ADDED,
        Kind.DROPPED,
    }


WORDS = ["算力", "智算中心", "大模型", "机器人", "芯片", "数据集", "建设", "培育", "推进", "突破"]
targets = st.builds(
    target,
    metric=st.sampled_from(["算力规模", "智算中心", "人工智能企业"]),
    op=st.sampled_from(list(Op)),
    value=st.integers(1, 500).map(float),
    unit=st.sampled_from(["P", "Eflops", "家", "个"]),
    year=st.none() | st.integers(2026, 2030),
)
statements = st.builds(
    lambda words, some: said("".join(words) + "。", *some),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
    st.lists(targets, max_size=2),
)
texts = st.lists(statements, max_size=7)


@given(texts, st.sampled_from(list(Basis)))
def test_nothing_changed_in_a_text_compared_with_itself(text, basis):
    assert {change.kind for change in compare(text, text, basis)} <= {Kind.CONTINUED}


@given(texts, texts, st.sampled_from(list(Basis)))
def test_every_statement_is_told_once_at_most(before, after, basis):
    changes = compare(before, after, basis)
    for side, given_ in (("before", before), ("after", after)):
        told = [id(item) for c in changes if (item := getattr(c, side)) is not None]
        assert len(told) == len(set(told))
        assert set(told) <= {id(item) for item in given_}


@given(statements, statements)
def test_turned_round_stronger_is_weaker(one, other):
    there, back = (
        compare([one], [other], Basis.REVISION),
        compare([other], [one], Basis.REVISION),
    )
    turned = {
        Kind.STRENGTHENED: Kind.WEAKENED,
        Kind.WEAKENED: Kind.STRENGTHENED,
        Kind.ADDED: Kind.DROPPED,
        Kind.DROPPED: Kind.ADDED,
    }
    if len(there) == len(back) == 1 and len(there[0].deltas) <= 1:
        assert back[0].kind is turned.get(there[0].kind, there[0].kind)

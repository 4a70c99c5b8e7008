"""What is called new, stronger, weaker, reworded, carried on or dropped, by example."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hostile_inputs import SENTENCES_SIZE, alike_sentences
from hypothesis import given
from hypothesis import strategies as st

from monitor.comparison.compare import compare
from monitor.model.changes import Basis, Delta, Kind
from monitor.model.statements import Label, Op, Speaker, Statement, Target

COMPARED = (Basis.REVISION, Basis.SUCCESSION)
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


@pytest.mark.parametrize("basis", [Basis.REVISION, Basis.SUCCESSION])
def test_another_name_of_the_source_is_no_change(basis):
    before = said("全省算力规模突破160Eflops。", target(value=160))
    after = replace(before, source_name="贵州省大数据局", person="陈某", person_title="局长")
    kinds = {change.kind for change in compare([before], [after], basis)}
    assert kinds == {change.kind for change in compare([before], [before], basis)}


def test_units_are_converted_before_numbers_are_compared():
    before = said("智能算力达到12000P。", target("智能算力", Op.REACH, 12000, "P"))
    same = said("智能算力达到12Eflops。", target("智能算力", Op.REACH, 12, "Eflops"))
    more = said("智能算力达到15Eflops。", target("智能算力", Op.REACH, 15, "Eflops"))
    assert only(compare([before], [same], Basis.REVISION)).deltas == ()
    change = only(compare([before], [more], Basis.REVISION))
    assert change.kind is Kind.STRENGTHENED
    assert change.deltas == (Delta("智能算力", "Eflops", 12, 15),)


def test_a_lower_ceiling_is_stronger_and_a_higher_one_weaker():
    before = said("新建数据中心PUE控制在1.25以下。", target("PUE", Op.AT_MOST, 1.25, ""))
    after = said("新建数据中心PUE控制在1.2以下。", target("PUE", Op.AT_MOST, 1.2, ""))
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.STRENGTHENED
    assert only(compare([after], [before], Basis.REVISION)).kind is Kind.WEAKENED


def test_a_year_that_moves_away_is_weaker():
    before = said("到2027年建成智算中心10个。", target("智算中心", Op.REACH, 10, "个", 2027))
    after = said("到2028年建成智算中心10个。", target("智算中心", Op.REACH, 10, "个", 2028))
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.WEAKENED
    assert only(compare([after], [before], Basis.REVISION)).kind is Kind.STRENGTHENED


def test_a_year_named_now_is_held_against_the_year_that_went_without_saying():
    before = said("建成智算中心10个。", target("智算中心", Op.REACH, 10, "个"))
    after = said("到2028年建成智算中心10个。", target("智算中心", Op.REACH, 10, "个", 2028))
    this_year = said("2026年建成智算中心10个。", target("智算中心", Op.REACH, 10, "个", 2026))
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.WEAKENED
    assert only(compare([after], [before], Basis.REVISION)).kind is Kind.STRENGTHENED
    assert only(compare([before], [this_year], Basis.REVISION)).deltas == ()


@pytest.mark.parametrize(
    ("then", "now", "years", "kind"),
    [
        (48, 49, (2025, 2026), Kind.STRENGTHENED),
        (1.2, 1.25, (2025, 2026), Kind.STRENGTHENED),
        (48, 49, (None, 2026), Kind.STRENGTHENED),
        (49, 48, (2025, 2026), Kind.WEAKENED),
        (48, 48, (2025, 2026), Kind.CONTINUED),
        (48, 48, (None, 2026), Kind.CONTINUED),
        # Due later than the year of the plan: really deferred.
        (48, 49, (2025, 2027), Kind.WEAKENED),
        (48, 49, (2027, 2028), Kind.WEAKENED),
        (48, 49, (2027, 2027), Kind.STRENGTHENED),
    ],
)
def test_a_target_for_the_year_of_the_plan_moves_on_with_the_plan(then, now, years, kind):
    before, after = (
        replace(
            said(f"算力规模达到{value}Eflops。", target(op=Op.REACH, value=value, year=due)),
            year=plan,
        )
        for value, due, plan in ((then, years[0], 2025), (now, years[1], 2026))
    )
    assert only(compare([before], [after], Basis.SUCCESSION)).kind is kind


def test_of_two_years_of_one_metric_the_one_that_stayed_is_found_again():
    soon, late = (
        target("算力规模", Op.REACH, 100, "Eflops", 2026),
        target("算力规模", Op.REACH, 300, "Eflops", 2030),
    )
    before = said("算力规模2026年达到100Eflops、2030年达到300Eflops。", soon, late)
    after = said("算力规模2030年达到300Eflops。", late)
    change = only(compare([before], [after], Basis.REVISION))
    assert change.kind is Kind.WEAKENED
    assert change.deltas == (Delta("算力规模", "Eflops", 100, None),)


def test_numbers_that_moved_both_ways_are_neither_stronger_nor_weaker():
    before = said(
        "算力达到100P，培育企业300家。",
        target("算力", Op.REACH, 100, "P"),
        target("企业", Op.REACH, 300, "家"),
    )
    after = said(
        "算力达到200P，培育企业120家。",
        target("算力", Op.REACH, 200, "P"),
        target("企业", Op.REACH, 120, "家"),
    )
    for basis in (Basis.REVISION, Basis.SUCCESSION):
        for old, new in ((before, after), (after, before)):
            change = only(compare([old], [new], basis))
            assert change.kind is Kind.REWORDED
            assert len(change.deltas) == 2


def test_one_number_in_the_place_of_another_is_neither_stronger_nor_weaker():
    before = said("支持智算中心建设，新增机架5000架。", target("机架", Op.REACH, 5000, "架"))
    after = said("支持智算中心建设，新增企业20家。", target("企业", Op.REACH, 20, "家"))
    change = only(compare([before], [after], Basis.REVISION))
    assert change.kind is Kind.REWORDED
    assert change.deltas == (Delta("机架", "架", 5000, None), Delta("企业", "家", None, 20))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("160", "190", Kind.STRENGTHENED),
        ("190", "160", Kind.WEAKENED),
    ],
)
def test_a_year_later_numbers_still_count(before, after, kind):
    old = said(f"算力规模达到{before}Eflops。", target(value=float(before)))
    new = said(f"力争算力总规模突破{after}Eflops。", target("算力总规模", value=float(after)))
    assert only(compare([old], [new], Basis.SUCCESSION)).kind is kind


def test_a_year_later_the_same_number_in_other_words_is_no_news():
    old = said("全省算力规模达到190Eflops以上，布局训练基地。", target("算力规模", value=190))
    new = said("确保算力总规模不少于190Eflops。", target("算力总规模", value=190))
    assert only(compare([old], [new], Basis.SUCCESSION)).kind is Kind.CONTINUED


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


@pytest.mark.parametrize("basis", COMPARED)
@pytest.mark.parametrize(
    ("firm", "taken_back"),
    [
        ("支持企业在园区建设万卡智算集群。", "不再支持企业在园区建设万卡智算集群。"),
        ("建设省级算力调度平台。", "暂缓建设省级算力调度平台。"),
        ("到2027年，建成省级算力调度平台。", "到2029年，建成省级算力调度平台。"),
        ("2026年底前建成省级算力调度平台。", "2027年底前建成省级算力调度平台。"),
    ],
)
def test_a_reversed_or_postponed_commitment_without_a_number_is_weaker(firm, taken_back, basis):
    assert only(compare([said(firm)], [said(taken_back)], basis)).kind is Kind.WEAKENED
    assert only(compare([said(taken_back)], [said(firm)], basis)).kind is Kind.STRENGTHENED


def test_a_word_of_retreat_for_another_matter_takes_no_promise_back():
    before = said("建设省级算力调度平台，发放算力券。")
    after = said("建设省级算力调度平台，发放算力券，压减一般性支出，腾出资金支持企业用算。")
    assert only(compare([before], [after], Basis.REVISION)).kind is Kind.REWORDED


def sentences_of(text, *pieces):
    return [said(piece, start=text.index(piece)) for piece in pieces]


def test_sentences_that_were_only_cut_anew_are_untouched():
    whole = "建设智算中心，培训数字人才10万人，惠及全省企业。"
    parts = "建设智算中心；培训数字人才10万人。惠及全省企业。"
    with_number = [said(whole, target("数字人才", Op.REACH, 10, "万人"))]
    topical = sentences_of(parts, "建设智算中心；")
    for before, after, texts in (
        (with_number, topical, (whole, parts)),
        (topical, with_number, (parts, whole)),
    ):
        kinds = {c.kind for c in compare(before, after, Basis.REVISION, texts=texts)}
        assert kinds <= {Kind.CONTINUED}


def test_a_word_before_an_untouched_clause_is_seen():
    before, after = "建设智算中心，惠及全省企业。", "不再建设智算中心，惠及全省企业。"
    change = only(compare([said(before)], [said(after)], Basis.REVISION, texts=(before, after)))
    assert change.kind is Kind.WEAKENED


def test_a_sentence_found_only_now_in_a_text_that_held_it_is_not_new():
    text = "建设智算中心，惠及全省企业。"
    assert compare([], [said(text)], Basis.REVISION, texts=(text, text + "谢谢大家。")) == ()
    lost = compare([said(text)], [], Basis.REVISION, texts=(text, "谢谢大家。"))
    assert only(lost).kind is Kind.DROPPED


def test_a_target_whose_clause_still_stands_was_not_taken_back():
    ours = target("数字人才", Op.REACH, 100000, "人")
    ours = replace(ours, raw="数字人才10万人")
    whole = "实施人工智能人才计划，培训数字人才10万人。"
    parts = "稳步实施人工智能人才计划。培训数字人才10万人。"
    changes = compare(
        [said(whole, ours)],
        sentences_of(parts, "稳步实施人工智能人才计划。"),
        Basis.REVISION,
        texts=(whole, parts),
    )
    assert (only(changes).kind, only(changes).deltas) == (Kind.REWORDED, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("推进遵义数据中心集群建设，开放应用场景。", "推进毕节数据中心集群建设，开放应用场景。"),
        ("实施“智算一号”工程，推动算力普惠。", "实施“云谷二期”工程，推动算力普惠。"),
    ],
)
def test_a_year_later_one_telling_word_is_news(before, after):
    for one, other in ((before, after), (after, before)):
        assert only(compare([said(one)], [said(other)], Basis.SUCCESSION)).kind is Kind.REWORDED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("实施“人工智能+”行动，推动算力普惠。", "实施人工智能+行动，推动算力普惠。"),
        (
            "谋划“十四五”后三年智算布局，2025年全面铺开。",
            "谋划“十五五”后三年智算布局，2026年全面铺开。",
        ),
        ("加快贵州枢纽节点建设，推动算力普惠。", "加快全省枢纽节点建设，推动算力普惠。"),
    ],
)
def test_a_year_later_quotes_years_and_the_own_name_are_no_news(before, after):
    last_year = replace(said(before), year=2025)
    assert only(compare([last_year], [said(after)], Basis.SUCCESSION)).kind is Kind.CONTINUED


def test_topics_are_never_mixed():
    one = said("建设智算中心。")
    other = replace(one, topic="storage")
    kinds = {c.kind for c in compare([one], [other], Basis.SUCCESSION)}
    assert kinds == {Kind.ADDED, Kind.DROPPED}


def test_without_a_known_region_the_wording_decides():
    here, nowhere = said("建设智算中心。"), said("建设智算中心。", region=None)
    change = only(compare([nowhere], [here], Basis.REVISION))
    assert (change.kind, change.region) == (Kind.CONTINUED, PROVINCE)


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
# Of two sentences with the same words and other numbers nobody can say which became which.
texts = st.lists(statements, max_size=7, unique_by=lambda statement: statement.text)


@given(texts, st.sampled_from(COMPARED))
def test_nothing_changed_in_a_text_compared_with_itself(text, basis):
    assert {change.kind for change in compare(text, text, basis)} <= {Kind.CONTINUED}


@given(texts, texts)
def test_a_revision_has_every_statement_in_at_most_one_change(before, after):
    changes = compare(before, after, Basis.REVISION)
    for side, given_ in (("before", before), ("after", after)):
        reported = [id(item) for c in changes if (item := getattr(c, side)) is not None]
        assert len(reported) == len(set(reported))
        assert set(reported) <= {id(item) for item in given_}


@given(texts, texts)
def test_a_succession_has_every_statement_and_no_pair_twice(before, after):
    changes = compare(before, after, Basis.SUCCESSION)
    pairs = [(id(change.before), id(change.after)) for change in changes]
    assert len(pairs) == len(set(pairs))
    for side, given_ in (("before", before), ("after", after)):
        found = {id(item) for c in changes if (item := getattr(c, side)) is not None}
        assert found == {id(item) for item in given_}


@given(texts, texts)
def test_a_link_found_forwards_is_found_backwards(before, after):
    there = compare(before, after, Basis.SUCCESSION)
    back = compare(after, before, Basis.SUCCESSION)
    assert {(id(c.before), id(c.after)) for c in there} == {
        (id(c.after), id(c.before)) for c in back
    }


MIRRORED = {
    Kind.STRENGTHENED: Kind.WEAKENED,
    Kind.WEAKENED: Kind.STRENGTHENED,
    Kind.ADDED: Kind.DROPPED,
    Kind.DROPPED: Kind.ADDED,
}


@given(texts, texts)
def test_swapped_stronger_is_weaker_and_added_is_dropped(before, after):
    there, back = compare(before, after, Basis.REVISION), compare(after, before, Basis.REVISION)
    mirrored = Counter(MIRRORED.get(change.kind, change.kind) for change in there)
    assert mirrored == Counter(change.kind for change in back)


@given(st.lists(st.text(max_size=40), max_size=5), st.lists(st.text(max_size=40), max_size=5))
def test_no_text_is_too_odd_to_be_compared(before, after):
    for basis in COMPARED:
        compare([said(text) for text in before], [said(text) for text in after], basis)


@pytest.mark.slow
def test_a_long_text_of_sentences_all_alike_is_compared():
    def flood(step):
        texts = alike_sentences(SENTENCES_SIZE, step)
        return [said(text, start=i * 40) for i, text in enumerate(texts)]

    changes = compare(flood(0), flood(1), Basis.SUCCESSION)
    # A pair is the best one of one of its sentences at least.
    assert len(changes) <= 2 * SENTENCES_SIZE

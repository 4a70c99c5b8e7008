"""Edits that leave a promise recognisable: moved numbers, stages, headings, other words for it."""

from __future__ import annotations

import pytest

from monitor.comparison.compare import compare
from monitor.comparison.cues import with_one_word_a_matter
from monitor.comparison.stages import stage_direction, stages
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis, Kind
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

UP, DOWN, OTHER = Kind.STRENGTHENED, Kind.WEAKENED, Kind.REWORDED
PROVENANCE = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江西省", 2026)


def told(old, new):
    """The changes between two versions of a plan, *continued* ones aside."""
    texts = tuple(
        f"二、2026年重点工作\n扩大有效投资。\n{text}\n办好民生实事。" for text in (old, new)
    )
    sides = [extract(text, PROVENANCE, load_topics()) for text in texts]
    found = compare(*sides, Basis.REVISION, texts=(texts[0], texts[1]))
    return [change for change in found if change.kind is not Kind.CONTINUED]


def reverse(kind):
    return {UP: DOWN, DOWN: UP}.get(kind, kind)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("年内建成赣江智算中心并投入运营。", "年内开工建设赣江智算中心。", DOWN),
        ("建成赣江智算中心，新增算力3000P。", "谋划建设赣江智算中心。", DOWN),
        ("推动赣江超算中心建成投用。", "推进赣江超算中心项目开工。", DOWN),
        ("开展赣江超算中心前期工作。", "启动赣江超算中心建设。", UP),
        # More, but only begun: nobody can tell.
        (
            "建成赣江智算中心，智能算力达到2000P。",
            "开工建设赣江智算中心，智能算力达到3000P。",
            OTHER,
        ),
    ],
)
def test_a_thing_that_is_only_begun_where_it_was_to_be_finished_is_one_promise(before, after, kind):
    (change,) = told(before, after)
    assert change.kind is kind
    (change,) = told(after, before)
    assert change.kind is reverse(kind)


def test_another_thing_that_is_begun_is_another_promise():
    kinds = [change.kind for change in told("建成赣东智算中心并投运。", "开工建设赣西超算中心。")]
    assert kinds == [Kind.ADDED, Kind.DROPPED]
    assert stage_direction("建成赣东智算中心。", "开工建设赣西智算中心。") == 0
    assert stages("开工建设赣江智算中心，年底前建成。") == {"赣江智算中心": 2}


MOVED = [
    # An end of the sentence, its middle, and a sentence that names no topic.
    (
        "培育大模型企业30家，开放人工智能场景70个。",
        "培育大模型企业30家。全年开放人工智能场景90个以上。",
        70,
        90,
    ),
    (
        "扶持智能体开发，智能体备案达到20个，发放模型券2000万元。",
        "扶持智能体开发，发放模型券2000万元。力争全省智能体备案达到35个。",
        20,
        35,
    ),
    (
        "做大人工智能产业，产业规模达到400亿元，引进规模以上企业40家。",
        "做大人工智能产业，产业规模达到400亿元。引进规模以上企业60家。",
        40,
        60,
    ),
]


@pytest.mark.parametrize(("old", "new", "before", "after"), MOVED)
def test_a_number_that_moved_into_a_sentence_of_its_own_is_one_change(old, new, before, after):
    (change,) = told(old, new)
    assert change.kind is UP
    assert [(one.before, one.after) for one in change.deltas if one.before != one.after] == [
        (before, after)
    ]
    (change,) = told(new, old)
    assert change.kind is DOWN


def test_a_number_of_another_thing_in_a_new_sentence_takes_up_nothing():
    old = "扶持智能体开发，智能体备案达到20个，发放模型券2000万元。"
    new = "扶持智能体开发，发放模型券2000万元。建设智算集群20个。"
    assert [change.kind for change in told(old, new)] == [DOWN, Kind.ADDED]


def test_a_number_of_another_matter_is_no_part_of_a_sentence():
    old = "做大机器人产业，规模达到100亿元。"
    new = "做大机器人产业。大模型产业规模达到200亿元。"
    assert [change.kind for change in told(old, new)] == [DOWN, Kind.ADDED]


def test_a_number_that_moved_into_another_sentence_is_shown_there_alone():
    old = "培育大模型企业30家，开放人工智能场景70个。\n（二）建好算力底座\n新建智算集群2个。"
    new = "培育大模型企业30家。\n（二）建好算力底座\n新建智算集群2个，开放人工智能场景90个。"
    kinds = [(change.kind, bool(change.deltas)) for change in told(old, new)]
    assert kinds == [(OTHER, False), (UP, True)]


def test_a_number_of_another_subject_beside_stands_for_nothing():
    old = "建设人工智能实验室3个，引进人才100人。"
    (change,) = told(old, "建设人工智能实验室3个。培养农民技能人才200人。")
    assert change.kind is DOWN
    assert [(one.before, one.after) for one in change.deltas] == [(100, None)]


PROSE = ("统筹布局智算中心，算力规模达到3万P。", "建立人工智能企业培育库，入库企业200家。")
HEADINGS = ("加快算力产业发展", "壮大人工智能企业群体")


@pytest.mark.parametrize("form", ["（{}）{}\n{}", "（{}）{}。{}"])
def test_a_heading_that_names_what_stands_below_it_is_told_neither_new_nor_gone(form):
    bare = "\n".join(PROSE)
    headed = "\n".join(
        form.format(number, heading, text)
        for number, heading, text in zip("一二", HEADINGS, PROSE, strict=True)
    )
    assert told(bare, headed) == []
    assert told(headed, bare) == []


@pytest.mark.parametrize(
    "heading",
    [
        "（一）到2027年算力规模突破5万P",
        "（一）出台算力产业促进条例",
        "（一）做强“赣江云”算力品牌",
        # What stands below is about something else.
        "（一）大力发展智能机器人",
    ],
)
def test_a_heading_that_says_something_of_its_own_is_told(heading):
    assert [change.kind for change in told(PROSE[0], f"{heading}\n{PROSE[0]}")] == [Kind.ADDED]
    assert [change.kind for change in told(f"{heading}\n{PROSE[0]}", PROSE[0])] == [Kind.DROPPED]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (
            "面向农业、文旅建设高质量语料20个，促进共享。",
            "促进共享，面向文旅、农业等领域建成高质量数据集20个。",
            OTHER,
        ),
        ("实施车载芯片攻关，布局项目6项。", "布局车载集成电路攻关项目9项。", UP),
        ("培育具身智能企业12家。", "全年人形机器人企业增至9家。", DOWN),
    ],
)
def test_another_word_for_the_same_matter_goes_on_with_the_promise(before, after, kind):
    (change,) = told(before, after)
    assert change.kind is kind


def test_of_two_words_for_a_matter_each_goes_on_with_itself():
    old = "培育具身智能企业10家。\n培育人形机器人企业20家。"
    new = "培育人形机器人企业25家。\n培育具身智能企业20家。"
    deltas = [(one.before, one.after) for change in told(old, new) for one in change.deltas]
    assert sorted(deltas) == [(10, 20), (20, 25)]
    # And of one that went, the other one is not less.
    assert [change.kind for change in told(old, "培育人形机器人企业20家。")] == [Kind.DROPPED]
    joined = "培育具身智能企业10家、人形机器人企业20家。"
    (change,) = told(joined, "培育人形机器人企业25家、具身智能企业20家。")
    assert sorted((one.before, one.after) for one in change.deltas) == [(10, 20), (20, 25)]


def test_words_in_latin_letters_are_no_part_of_longer_ones():
    assert with_one_word_a_matter("ai芯片与token") == "人工智能芯片与词元"
    assert with_one_word_a_matter("openai与tokens") == "openai与tokens"


def test_clauses_in_another_order_are_the_same_promise():
    old = "健全人工智能投资体系，设立总规模40亿元的种子基金，引导社会资本投早投小。"
    new = "引导社会资本投早投小，设立总规模25亿元的人工智能种子基金。"
    (change,) = told(old, new)
    assert change.kind is DOWN
    assert [(one.before, one.after) for one in change.deltas] == [(4e9, 2.5e9)]

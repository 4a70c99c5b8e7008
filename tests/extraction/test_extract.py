"""Statements of whole documents: where they stand, whose they are, what they are."""

from __future__ import annotations

import pytest
from examples import examples
from hostile_inputs import TEXTS, TEXTS_SIZE
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.extraction.extract import explain, extract
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker

REPORT = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "贵州省", 2026)
PRESS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)

TEXT = """2026年贵州省政府工作报告
（2026年1月21日在贵州省第十四届人民代表大会第五次会议上）
一、2025年工作回顾
智能算力规模达到8万P，城镇新增就业60万人。
我们也清醒地认识到，算力利用率不高等问题依然存在。
二、2026年重点工作
（一）做强数字产业。
新增智能算力2万P以上，培育大模型企业20家。
办好人工智能学院。
名词解释
1.智能体：能自主完成任务的人工智能程序。
"""


def test_the_same_words_are_done_in_the_review_and_promised_in_the_plan():
    done, problem, promised, talent, note = extract(TEXT, REPORT, load_topics())
    assert (done.label, done.year) == (Label.ACHIEVEMENT, 2025)
    assert problem.label is Label.OTHER
    assert (promised.label, promised.year, promised.region) == (Label.COMMITMENT, 2026, "贵州省")
    assert [(t.metric, t.op, t.value, t.unit) for t in promised.targets] == [
        ("智能算力", "increase_by", 20000, "P"),
        ("大模型企业", "reach", 20, "家"),
    ]
    assert talent.themes == ("talent",)
    assert note.label is Label.OTHER


def test_who_meets_a_condition_is_no_description_of_the_situation():
    plan = "二、2026年重点工作\n有条件的市州建设人工智能产业园。\n支持有条件的园区部署智算中心。\n"
    labels = [one.label for one in extract(plan, REPORT, load_topics())]
    assert labels == [Label.COMMITMENT, Label.COMMITMENT]
    situation = "二、2026年重点工作\n我省发展算力产业有基础、有条件、有优势。\n"
    assert [one.label for one in extract(situation, REPORT, load_topics())] != [Label.COMMITMENT]


def test_what_is_to_be_done_about_the_situation_is_promised():
    plan = (
        "二、2026年重点工作\n"
        "智能体是新一轮科技革命的风口，要抢抓机遇，鼓励企业开放场景，建设两个训练场。\n"
        "新一轮科技革命方兴未艾，智能体日新月异。\n"
    )
    labels = [one.label for one in extract(plan, REPORT, load_topics())]
    assert labels == [Label.COMMITMENT, Label.OTHER]


def test_explanations_name_section_words_and_what_decided():
    first = explain(TEXT, REPORT, load_topics())[0]
    assert first.section == "review"
    assert "2025年工作回顾" in first.section_reason
    assert first.words == ("算力",)
    assert first.label_reason == "section"


def test_a_report_is_known_by_its_first_lines():
    provenance = infer_provenance(TEXT)
    assert provenance.kind is DocumentKind.REPORT
    assert (provenance.region, provenance.year) == ("贵州省", 2026)
    assert infer_provenance("某地发布大模型。", title="快讯").kind is DocumentKind.NEWS


CHINESE = st.text(
    alphabet=st.sampled_from(
        '人工智能算力芯片12万P年，。；！“”"（）、：\n \u3000一二到达超将已a%—<'
    )
)


@settings(max_examples=examples(150))
@given(st.one_of(st.text(), CHINESE), st.sampled_from([REPORT, PRESS]))
def test_any_text_gives_statements_that_are_slices_of_it(text, provenance):
    last = -1
    for statement in extract(text, provenance, load_topics()):
        assert text[statement.start : statement.end] == statement.text
        assert statement.start >= last
        last = statement.start


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_without_end_is_read(text):
    for provenance in (REPORT, PRESS):
        assert extract(text(TEXTS_SIZE), provenance, load_topics())


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("（二）人工智能与算力", Label.OTHER),
        ("专栏2 人工智能重大工程", Label.OTHER),
        ("表3 智能算力主要指标", Label.OTHER),
        ("图1：人工智能产业布局", Label.OTHER),
        ("（二）2026年算力建设重点项目", Label.OTHER),
        ("表1 推进算力建设", Label.COMMITMENT),
        ("2026年全省算力规模翻一番", Label.COMMITMENT),
        ("三是人工智能应用。", Label.OTHER),
        ("附件1：人工智能项目申报表", Label.OTHER),
        ("湖滨市智能算力行动方案.docx", Label.OTHER),
        ("（二）加快发展人工智能", Label.COMMITMENT),
        ("（二）以人工智能赋能制造", Label.COMMITMENT),
        ("（二）网络与数据中心，培育算力产业", Label.COMMITMENT),
        ("三、下半年新建智算中心", Label.COMMITMENT),
        ("智能算力规模达到5万P", Label.COMMITMENT),
    ],
)
def test_a_heading_or_a_file_name_promises_only_what_it_says(line, label):
    text = f"二、2026年重点工作\n{line}\n新建智算中心3座，推动开放共享。\n"
    first, last = extract(text, REPORT, load_topics())
    assert (first.text, first.label) == (line, label)
    assert last.label is Label.COMMITMENT

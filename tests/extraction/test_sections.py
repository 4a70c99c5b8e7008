"""Sections are known by headings in all their styles, and by wording when headings are lost."""

from __future__ import annotations

import pytest

from monitor.extraction.extract import explain
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker

REPORT = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江西省", 2026)
DONE = "智能算力达到9000P，粮食生产取得新成绩，全省生产总值增长5.2%，城乡面貌明显改善。"
TODO = "建设智能算力9000P，推动粮食生产，支持企业发展，完善城乡基础设施，加快农村改革。"


def labels(text):
    return [e.statement.label for e in explain(text, REPORT, load_topics()) if e.statement]


@pytest.mark.parametrize(
    ("review", "plan"),
    [
        ("一、2025年工作回顾", "二、2026年重点工作"),
        ("一、2025年和“十四五”时期工作回顾", "二、“十五五”时期主要目标任务"),
        ("第一部分 过去一年工作总结", "第二部分 今年工作安排"),
        ("**一、2025年工作回顾**", "**二、2026年主要任务**"),
        ("## 一、过去五年主要成就", "## 二、今后五年奋斗目标"),
        ("2025年工作回顾", "2026年重点工作任务"),
        ("一、２０２５年工作回顾", "二、２０２６年工作安排"),
        ("一、2025年目标任务完成情况", "二、2026年工作打算"),
        ("一、勇毅前行的一年", "二、再谱新篇章"),
        ("", ""),
    ],
)
def test_headings_of_all_styles_part_the_review_from_the_plan(review, plan):
    text = "\n".join([review, DONE, DONE, DONE, plan, TODO, TODO, TODO, ""])
    assert labels(text) == [Label.ACHIEVEMENT] * 3 + [Label.COMMITMENT] * 3


def test_headings_that_lost_their_lines_are_found_inside():
    text = f"一、2025年工作回顾。{DONE}{DONE}二、2026年重点工作。{TODO}{TODO}"
    assert labels(text) == [Label.ACHIEVEMENT] * 2 + [Label.COMMITMENT] * 2


def test_a_paragraph_of_problems_is_neither_done_nor_promised():
    text = "一、2025年工作回顾\n同时也要清醒看到，算力利用率还不高，芯片短板明显。\n"
    assert labels(text) == [Label.OTHER]


def test_a_look_back_inside_the_outlook_is_an_achievement():
    text = (
        "二、“十五五”时期主要目标任务\n"
        "过去五年，人工智能企业数量翻了一番，综合实力大幅跃升。\n"
        "“十五五”时期，大模型研发能力显著增强，算力供给充足。\n"
    )
    assert labels(text) == [Label.ACHIEVEMENT, Label.COMMITMENT]


def test_glossaries_and_site_lines_promise_nothing():
    text = "二、2026年重点工作\n办好智算中心。\n名词解释\n大模型：参数很多的人工智能模型。\n"
    assert labels(text) == [Label.COMMITMENT, Label.OTHER]


def test_livelihood_lists_are_promises():
    text = "三、2026年十件民生实事\n为五百所学校配备AI教师助手。\n"
    assert labels(text) == [Label.COMMITMENT]


def test_the_nearest_heading_is_kept():
    text = "二、2026年重点工作\n（一）培育新动能\n做强数字底座。新增算力2000P。\n"
    found = [e.statement for e in explain(text, REPORT, load_topics()) if e.statement]
    assert found[0].section == "做强数字底座"


@pytest.mark.parametrize(
    "heading",
    [
        "2026年工作安排建议",
        "对2026年政府工作的建议",
        "今年工作打算",
        "新的一年工作思路",
        "下一步工作重点",
        "扎实做好2026年各项工作",
        "今年工作的总体要求和重点任务",
        "政府工作建议",
        "展望2026年",
    ],
)
@pytest.mark.parametrize(
    "form", ["{}\n", "二、{}\n", "（二）{}\n", "2.{}\n", "【{}】\n", "**{}**\n", "■{}：\n"]
)
def test_a_heading_opens_the_plan_however_it_is_numbered(heading, form):
    done, todo = "组建人工智能学院。\n粮食丰收。\n", "做好八个方面。\n建强算力调度平台。\n"
    text = "一、2025年工作回顾\n" + done + form.format(heading) + todo
    assert labels(text) == [Label.ACHIEVEMENT, Label.COMMITMENT]


def test_a_plan_heading_is_found_inside_a_paragraph():
    text = "2025年工作回顾\n组建人工智能学院。2026年工作打算：建强算力调度平台。\n"
    assert labels(text) == [Label.ACHIEVEMENT, Label.COMMITMENT]


def test_last_years_work_opens_no_plan():
    text = "一、2025年工作回顾\n粮食丰收。\n2025年重点工作：组建人工智能学院。\n"
    assert labels(text) == [Label.ACHIEVEMENT]


def test_a_slogan_in_a_clause_that_promises_is_a_promise():
    plan = "二、2026年工作安排\n"
    assert labels(plan + "支持机器人品牌走向世界、扬帆远航。") == [Label.COMMITMENT]
    assert labels(plan + "助力大模型企业扬帆出海，打造出海基地。") == [Label.COMMITMENT]
    assert labels(plan + "人工智能之舟正当扬帆，未来前景光明。") == [Label.OTHER]


def test_a_notice_plans_in_its_preface_but_not_where_it_tells_how_to_apply():
    notice = Provenance(DocumentKind.PLAN, Speaker.GOVERNMENT, None, 2026)
    text = (
        "光谷关于征集算力案例的通知\n为推广智算，现组织开展算力案例征集。\n"
        "一、支持\n建设算力平台10个。\n二、申报条件\n须有算力中心。\n（一）材料\n附算力证明。\n"
        "三、奖励\n给予算力补贴。"
    )
    found = [e.statement for e in explain(text, notice, load_topics()) if e.statement]
    assert [one.label for one in found] == [
        Label.OTHER,
        Label.COMMITMENT,
        Label.COMMITMENT,
        Label.OTHER,
        Label.OTHER,
        Label.COMMITMENT,
    ]
    # Its title names a zone, which lies in a city.
    assert {one.region for one in found} == {"武汉市"}

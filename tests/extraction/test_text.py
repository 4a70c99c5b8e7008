"""Cleaning keeps the way back to the text as it was."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extraction.identify import infer_provenance
from monitor.extraction.text import join_lines, normalize_characters, split_sentences
from monitor.model.documents import DocumentKind
from monitor.model.statements import Speaker


@given(st.text())
def test_plain_text_is_as_long_as_its_original(text):
    assert len(normalize_characters(text)) == len(text)


@given(st.text(alphabet='算力 \n，。“"a1　（二、'), st.booleans())
def test_every_character_leads_back_to_itself(text, press):
    clean = join_lines(text, press=press)
    flat = normalize_characters(text)
    places = [clean.original(i) for i in range(len(clean.text))]
    # A blank that parts a headline is read as a comma.
    pairs = zip((flat[place] for place in places), clean.text, strict=True)
    assert all(was == now or (was, now) == (" ", "，") for was, now in pairs)
    assert places == sorted(set(places))


@given(st.text(alphabet="算力。！；”\n，"))
def test_sentences_do_not_overlap_and_leave_nothing_out(text):
    spans = split_sentences(text)
    covered = "".join(text[a:b] for a, b in spans)
    assert covered == text.replace("\n", "")


@pytest.mark.parametrize(
    ("headline", "read"),
    [
        ("湖滨算力居前列 智算占比超90%", "湖滨算力居前列，智算占比超90%"),
        ("湖滨算力居前列　智算占比超90%", "湖滨算力居前列，智算占比超90%"),
        # Words too short for a half, the title of a document, and Latin words.
        ("图解 湖滨算力居前列", "图解湖滨算力居前列"),
        ("《智能网联汽车 自动驾驶系统要求》发布", "《智能网联汽车自动驾驶系统要求》发布"),
        ("湖滨发布 Model One Pro 大模型", "湖滨发布Model One Pro大模型"),
    ],
)
def test_a_blank_parts_the_halves_of_a_headline(headline, read):
    body = "湖滨新建智算中心，规模达300P，服务企业。\n湖滨 智算中心 年内建成，规模达900P。\n"
    lines = join_lines(f"{headline}\n{body}", press=True).text.split("\n")
    assert lines[0] == read
    assert lines[2] == "湖滨智算中心年内建成，规模达900P。"


def test_wide_forms_and_quotes_become_plain():
    assert normalize_characters('Ａ１,增长５％;"算力"') == "A1，增长5%；“算力”"


@pytest.mark.parametrize(
    ("text", "title", "region", "year"),
    [
        ("——2026年1月22日在河北省第十四届人民代表大会第五次会议上", "政府工作报告", "河北省", 2026),
        (
            "（2025年2月8日在杭州市第十四届人民代表大会第五次会议上）",
            "政府工作报告",
            "杭州市",
            2025,
        ),
        ("各位代表：", "2026年内蒙古自治区政府工作报告", "内蒙古自治区", 2026),
        ("现在，我代表国务院，向大会报告政府工作。\n一、2025年工作回顾", "", "全国", 2026),
        ("现在，我代表国务院作报告。", "2026年国务院政府工作报告", "全国", 2026),
    ],
)
def test_a_report_tells_its_region_and_year(text, title, region, year):
    found = infer_provenance(text, title=title)
    assert (found.kind, found.speaker) == (DocumentKind.REPORT, Speaker.GOVERNMENT)
    assert (found.region, found.year) == (region, year)


def test_an_article_about_a_report_is_news():
    found = infer_provenance(
        "湖南省政府工作报告提出，发展算力。",
        title="湖南省政府工作报告提出发展算力",
        published=date(2026, 2, 1),
        region="湖南省",
    )
    assert (found.kind, found.speaker) == (DocumentKind.NEWS, Speaker.MEDIA)
    assert (found.region, found.year) == ("湖南省", 2026)


@pytest.mark.parametrize(
    ("text", "kind", "speaker", "region"),
    [
        (
            "贵州省算力产业发展行动方案\n一、总体要求\n",
            DocumentKind.PLAN,
            Speaker.GOVERNMENT,
            "贵州省",
        ),
        (
            "工业和信息化部关于印发算力互联互通行动计划的通知\n",
            DocumentKind.PLAN,
            Speaker.MINISTRY,
            "全国",
        ),
        ("《贵州省算力产业发展行动方案》解读\n", DocumentKind.NEWS, Speaker.MEDIA, None),
    ],
)
def test_a_plan_is_attributed_to_its_issuer(text, kind, speaker, region):
    found = infer_provenance(text)
    assert (found.kind, found.speaker, found.region) == (kind, speaker, region)


@given(st.text(), st.text(max_size=40))
def test_any_text_has_a_provenance(text, title):
    assert infer_provenance(text, title=title).kind in DocumentKind


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("算力翻番.模型开源.", "算力翻番。模型开源。"),
        ('他说:"算力翻番."模型增加30%.', "他说：“算力翻番。”模型增加30%。"),
        ("增长3.5%, 共1.2万P", "增长3.5%， 共1.2万P"),
        ("一.总体要求\n1.算力", "一.总体要求\n1.算力"),
    ],
)
def test_half_width_punctuation_reads_like_full_width(text, normal):
    assert normalize_characters(text) == normal


def test_a_number_that_a_column_broke_is_one_number():
    assert (
        join_lines("算力规模达4 800P，增长30. 1%。", press=True).text
        == "算力规模达4800P，增长30.1%。"
    )
    assert join_lines("到2026 100家企业用上算力。", press=True).text == "到2026 100家企业用上算力。"
    assert join_lines("Eflops 5 TOPS", press=True).text == "Eflops 5 TOPS"


PARAGRAPHS = (
    "全省新建智算中心三座，力争年内投运。首座已经封顶。",
    "湖滨市则把目光放在应用上，推出场景清单。",
    "当地企业说，算力比去年便宜。",
)


@pytest.mark.parametrize(
    "headline",
    [
        "算力便宜了，企业用起来了，湖滨市的智算账本",
        "湖滨市加快布局智能算力基础设施赋能千行百业高质量发展",
        "一座“算力超市”",
    ],
)
def test_a_headline_is_no_part_of_the_paragraph_below_it(headline):
    text = "\n".join((headline.replace("，企", "企"), *PARAGRAPHS))
    assert join_lines(text, press=True).text == text


def test_a_paragraph_does_not_run_into_a_dateline():
    text = "研究算力布局，部署场景开放，审议若干措施\n本报湖滨5月6日电 （记者某某）省里开会。"
    assert join_lines(text, press=True).text.count("\n") == 1


def test_a_paragraph_that_breaks_off_goes_on_in_the_next_line():
    text = "\n".join((*PARAGRAPHS, "全市有三座智算中心。其中两座建在河\n东新区，明年投运。"))
    assert join_lines(text, press=True).text.endswith("其中两座建在河东新区，明年投运。")


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("省里的规划提出，全省智", "能算力三年翻番。"),
        ("智算中心一期投运，二期将在", "明年开工。"),
        ("湖滨市算力规模扩大，总量达到32", "Eflops。"),
        ("两座智算中心开工，一座在今年", "底前投运。"),
        ("开发区提供算力，租用服", "务器的企业增加。园区有服务器三千台。"),
    ],
)
def test_a_first_line_that_breaks_off_in_mid_sentence_is_no_headline(first, rest):
    text = "\n".join((first, rest, *PARAGRAPHS))
    assert join_lines(text, press=True).text.startswith(first + rest)

"""Who speaks, by name: offices, documents and persons of the press, and issuers of documents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.extraction.attribution import Attribution
from monitor.extraction.extract import extract
from monitor.extraction.source_names import NOBODY, SourceName, fitting_name, name_sources
from monitor.extraction.speaker_words import Manner
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker

PRESS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)
MIIT = "工业和信息化部"


def named(text, provenance=PRESS):
    found = extract(text, provenance, load_topics())
    return [(one.source_name, one.person, one.person_title) for one in found]


@pytest.mark.parametrize(
    ("text", "source", "person", "title"),
    [
        ("国家数据局表示，将建设全国一体化算力网。", "国家数据局", None, None),
        ("工信部有关负责人表示，将推进算力布局。", MIIT, None, None),
        ("工信部副部长林某远表示，将推进算力布局。", MIIT, "林某远", "副部长"),
        (
            "国家发改委数字司司长陈某在会上表示，将推进算力布局。",
            "国家发展和改革委员会",
            "陈某",
            "数字司司长",
        ),
        ("贵州省大数据局局长陈某山介绍，将新增智算规模5000P。", "贵州省大数据局", "陈某山", "局长"),
        (
            "湖南省工信厅党组书记、厅长何某表示，将建设智算中心。",
            "湖南省工业和信息化厅",
            "何某",
            "党组书记、厅长",
        ),
        ("湖南省委书记何某表示，要建设智算中心。", "中共湖南省委员会", "何某", "书记"),
        ("湖南省政府工作报告提出，建设智算中心。", "湖南省人民政府", None, None),
        (
            "湖南省工信厅副厅长司马青表示，将建设智算中心。",
            "湖南省工业和信息化厅",
            "司马青",
            "副厅长",
        ),
        ("湖南省数据局局长何某5日表示，将建设智算中心。", "湖南省数据局", "何某", "局长"),
        (
            "湖南省省长陈某、湖南省数据局局长何某表示，将建设智算中心。",
            "湖南省数据局",
            "何某",
            "局长",
        ),
        # A quotation in the name of the occasion.
        (
            "湖南省数据局局长何某10日在“开好局”系列主题新闻发布会上表示，将建设智算中心。",
            "湖南省数据局",
            "何某",
            "局长",
        ),
        # Whatever the occasion of the words, and however rare the surname.
        (
            "湖南省数据局副局长何某致辞时表示，将建设智算中心。",
            "湖南省数据局",
            "何某",
            "副局长",
        ),
        ("湖南省数据局局长涂某表示，将建设智算中心。", "湖南省数据局", "涂某", "局长"),
        ("湖南省副省长何某表示，将建设智算中心。", "湖南省人民政府", "何某", "副省长"),
        (
            "湖南省委副书记、省长何某表示，将建设智算中心。",
            "中共湖南省委员会、湖南省人民政府",
            "何某",
            "副书记、省长",
        ),
        ("何某书记强调，湖南要建设智算中心。", None, "何某", "书记"),
        # A region alone names no office.
        ("湖南提出，建设智算中心。", None, None, None),
        # Who does not govern: the employer stands in the title.
        ("某大学教授李某明指出，大模型还在早期。", None, "李某明", "某大学教授"),
        ("某科技公司总裁李某明表示，公司将发布大模型。", None, "李某明", "某科技公司总裁"),
        (
            "湖南省人大代表、某公司董事长王某建议，多建智算中心。",
            None,
            "王某",
            "湖南省人大代表、某公司董事长",
        ),
        # The paper's own words.
        ("去年，湖南建成智算中心3座。", None, None, None),
    ],
)
def test_a_reporting_clause_names_its_source(text, source, person, title):
    assert named(text) == [(source, person, title)]


def said(speaker, region, cue):
    return Attribution(speaker, region, Manner.REPORT, cue)


MINISTRY = (Speaker.MINISTRY, "全国")
ANHUI = (Speaker.GOVERNMENT, "安徽省")


@pytest.mark.parametrize(
    ("sentences", "attributions", "sources"),
    [
        # 他 and the bare name are the person introduced before.
        (
            [
                "国家数据局副局长余某出席大会。",
                "余某说，算力网将扩容。",
                "他还表示，算力券将推广。",
            ],
            [("", *MINISTRY), ("余某说", *MINISTRY), ("他还表示", *MINISTRY)],
            [
                NOBODY,
                SourceName("国家数据局", "余某", "副局长"),
                SourceName("国家数据局", "余某", "副局长"),
            ],
        ),
        # An unnamed official of the office named before.
        (
            ["工信部召开例行发布会。工信部部长李某介绍，算力增长。", "该负责人表示，将扩容算力。"],
            [("工信部部长李某介绍", *MINISTRY), ("该负责人表示", *MINISTRY)],
            [SourceName(MIIT, "李某", "部长"), SourceName(MIIT)],
        ),
        # A document is its issuers'; a sentence that goes on has the cue of the one that began.
        (
            [
                "工信部、国家数据局等六部门印发《智算网络行动计划》。",
                "《行动计划》提出，建设智算中心。",
                "推广液冷。",
                "计划明确，到2028年算力翻番。",
            ],
            [
                ("", *MINISTRY),
                ("《行动计划》提出", *MINISTRY),
                ("《行动计划》提出", *MINISTRY),
                ("计划明确", *MINISTRY),
            ],
            [NOBODY, *[SourceName(f"{MIIT}、国家数据局")] * 3],
        ),
        # Nobody says who issued it: the document is the source.
        (
            ["《安徽省算力跃升行动方案》提出，建设智算中心。"],
            [("《安徽省算力跃升行动方案》提出", *ANHUI)],
            [SourceName("《安徽省算力跃升行动方案》")],
        ),
        # A list of offices that the cue cuts short.
        (
            ["近日，国家发展改革委、国家数据局、教育部印发通知，将支持智算。"],
            [("国家发展改革委、国家", *MINISTRY)],
            [SourceName("国家发展和改革委员会、国家数据局、教育部")],
        ),
        # Where somebody speaks is not who speaks.
        (
            ["省科技厅负责人在国新办举行的发布会上表示，将建设智算中心。"],
            [("省科技厅负责人在国新办举行的发布会上表示", *ANHUI)],
            [SourceName("安徽省科学技术厅")],
        ),
        # Title after the name; marks in a document's title end no clause.
        (
            [
                "“周某委员建议”",
                "安徽省数据局出台的《“算力+农业”，三年行动计划》明确，建设智算中心。",
            ],
            [("周某委员建议", Speaker.DELEGATE, "安徽省"), ("三年行动计划》明确", *ANHUI)],
            [SourceName(None, "周某", "委员"), SourceName("安徽省数据局")],
        ),
        # The speaker of a quotation is named after it, and a line introduces who answers.
        (
            ["孙某，安徽省数据局局长。", "“要建智算中心。", "”孙某说。"],
            [("", *ANHUI), ("孙某说", *ANHUI), ("孙某说", *ANHUI)],
            [
                NOBODY,
                SourceName("安徽省数据局", "孙某", "局长"),
                SourceName("安徽省数据局", "孙某", "局长"),
            ],
        ),
    ],
)
def test_names_are_carried_through_an_article(sentences, attributions, sources):
    who = [[said(speaker, region, cue) for cue, speaker, region in attributions]]
    assert name_sources([sentences], who, PRESS) == [sources]


@pytest.mark.parametrize(
    ("introduced", "source"),
    [
        ("国家数据局副局长余某介绍", SourceName("国家数据局", "余某", "副局长")),
        ("工信部近日印发《智算网络行动计划》", SourceName(MIIT)),
        ("国务院常务会议", SourceName("国务院")),
    ],
)
def test_who_is_meant_by_a_word_is_whom_the_first_cue_named(introduced, source):
    first = (
        said(*MINISTRY, introduced)
        if "国务院" not in introduced
        else said(Speaker.GOVERNMENT, "全国", introduced)
    )
    later = replace(first, cue="会议指出")
    assert name_sources([["会议指出，要建设智算中心。"]], [[later]], PRESS) == [[source]]


def test_a_short_title_in_quotes_is_the_document_named_before_with_its_years():
    text = (
        "近日，湖南省人民政府印发《湖南省智算产业行动方案（2026—2028年）》。\n"
        "《方案》提出，新建智算中心三座。"
    )
    assert named(text)[-1][0] == "湖南省人民政府"


def test_an_office_of_a_headline_is_of_its_own_province_not_of_the_last_one_named():
    text = ["湖南算力居前。", "省数据局介绍，算力翻番。", "广东将建智算中心。"]
    hunan, guangdong = (Speaker.GOVERNMENT, "湖南省"), (Speaker.GOVERNMENT, "广东省")
    who = [said(*hunan, "省数据局"), said(*hunan, "省数据局介绍"), said(*guangdong, "广东")]
    assert name_sources([text], [who], PRESS)[0][0] == SourceName("湖南省数据局")


@pytest.mark.parametrize("cue", ["网络行动计划》提出", "安徽省数据局印发《智算网络行"])
def test_a_cue_that_was_cut_still_names_its_document(cue):
    text = ["安徽省数据局印发《智算网络行动计划》。", "建设智算中心。"]
    who = [said(*ANHUI, "安徽"), said(*ANHUI, cue)]
    assert name_sources([text], [who], PRESS)[0][1] == SourceName("安徽省数据局")


@pytest.mark.parametrize(
    ("text", "source", "person"),
    [
        # The title names the issuer.
        (
            "《工业和信息化部关于发展智算的意见》日前发布。\n《意见》提出，建设智算中心。",
            MIIT,
            None,
        ),
        # A region alone names no office, but the document that it issues is a source.
        (
            "湖南省印发《湖南省智算行动方案》，提出建设智算中心。\n"
            "到2028年，湖南力争算力规模达到9000P。",
            "《湖南省智算行动方案》",
            None,
        ),
        # Who lets another office issue a document is not its issuer.
        (
            "经湖南省人民政府同意，我厅印发《湖南省智算行动方案》。\n《行动方案》提出，建设智算中心。",
            "《湖南省智算行动方案》",
            None,
        ),
        # Who is named behind the source of the news speaks.
        ("记者从湖南省数据局获悉，局长何某介绍，将建设智算中心。", "湖南省数据局", "何某"),
        ("记者从某科技公司获悉，公司总裁何某宣布，将建设智算中心。", None, "何某"),
    ],
)
def test_who_is_behind_a_document_and_behind_what_was_heard(text, source, person):
    assert named(text)[-1][:2] == (source, person)


def test_words_between_subject_and_verb_may_be_left_out_of_a_cue():
    text = ["安徽省数据局局长孙某在合肥举行的论坛上表示，要建智算中心。"]
    found = name_sources([text], [[said(*ANHUI, "安徽省数据局局长孙某表示")]], PRESS)
    assert found == [[SourceName("安徽省数据局", "孙某", "局长")]]


@pytest.mark.parametrize(
    ("named_by_text", "speaker", "region", "kept"),
    [
        (SourceName(MIIT), Speaker.MINISTRY, "全国", True),
        (SourceName(MIIT), Speaker.GOVERNMENT, "安徽省", False),
        (SourceName("安徽省数据局"), Speaker.GOVERNMENT, "安徽省", True),
        (SourceName("安徽省数据局"), Speaker.MINISTRY, "全国", False),
        (SourceName("国务院"), Speaker.GOVERNMENT, "全国", True),
        (SourceName("《算力行动计划》"), Speaker.GOVERNMENT, "安徽省", True),
        (SourceName(MIIT, "李某"), Speaker.MEDIA, "全国", False),
    ],
)
def test_a_name_agrees_with_the_kind_of_speaker(named_by_text, speaker, region, kept):
    assert fitting_name(named_by_text, speaker, region) == (named_by_text if kept else NOBODY)


PLAN = "一、目标\n到2027年，智算规模达到5000P。\n"


@pytest.mark.parametrize(
    ("where", "title", "text", "source"),
    [
        (("report", "government", "贵州省"), "2026年政府工作报告", PLAN, "贵州省人民政府"),
        (("report", "government", "合肥市"), "2026年政府工作报告", PLAN, "合肥市人民政府"),
        (("report", "government", "全国"), "政府工作报告", PLAN, "国务院"),
        (("report", "government", None), "政府工作报告", PLAN, None),
        (
            ("page", "government", "贵州省"),
            "贵州省人民政府办公厅关于印发智算发展行动方案的通知",
            PLAN,
            "贵州省人民政府办公厅",
        ),
        (
            ("page", "government", "贵州省"),
            "智算发展行动方案",
            f"贵州省数据局文件\n{PLAN}",
            "贵州省数据局",
        ),
        (
            ("page", "government", "贵州省"),
            "智算发展行动方案",
            f"{PLAN}贵州省数据局\n2026年3月1日\n",
            "贵州省数据局",
        ),
        (
            ("page", "ministry", "全国"),
            "算力工作要点",
            f"{PLAN}工业和信息化部 国家数据局\n",
            f"{MIIT}、国家数据局",
        ),
        (
            ("page", "government", "贵州省"),
            "贵州省智算发展行动方案",
            PLAN,
            "《贵州省智算发展行动方案》",
        ),
        (("page", "government", "贵州省"), "智算工作", PLAN, None),
    ],
)
def test_a_document_is_its_issuers(where, title, text, source):
    kind, speaker, region = where
    provenance = Provenance(DocumentKind(kind), Speaker(speaker), region, 2026, title=title)
    found = extract(text, provenance, load_topics())
    assert {one.source_name for one in found if one.label is Label.COMMITMENT} == {source}
    assert {one.person for one in found} == {None}

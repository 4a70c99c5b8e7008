"""What a document is, whose it is and for which year: by its form, never by a title alone."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Speaker

BODY = """一、2025年工作回顾
过去一年，全省智能算力规模达到3万P。
二、2026年重点工作
（一）夯实算力底座。新建智算中心4座。
各位代表！让我们携手同行。
"""
DELIVERY = "各位代表：\n现在，我代表省人民政府，向大会报告工作，请予审议。\n"


def test_a_plan_that_names_no_issuer_is_its_sources():
    text = "为做好有关工作，制定如下措施。\n一、总体要求\n建设算力平台3个。\n二、保障措施\n"
    title = "智能算力普惠行动方案"
    for speaker in (Speaker.MINISTRY, Speaker.GOVERNMENT):
        found = infer_provenance(text, title=title, region="全国", speaker=speaker)
        assert (found.kind, found.speaker, found.region) == (DocumentKind.PLAN, speaker, "全国")
    # What names a province is the province's, wherever it is printed.
    local = infer_provenance(text, title="贵州省" + title, region="全国", speaker=Speaker.MINISTRY)
    assert (local.speaker, local.region) == (Speaker.GOVERNMENT, "贵州省")
    office = "国家网信办关于印发《智能体安全行动方案》的通知"
    found = infer_provenance(text, title=office, region="全国")
    assert (found.speaker, found.region) == (Speaker.MINISTRY, "全国")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        # an excerpt of a government's site without its opening lines
        ("2026年甘肃省政府工作报告", "一、2025年工作回顾\n二、2026年重点工作\n新建智算中心4座。"),
        ("甘肃省2026年政府工作报告（全文）", "二、2026年目标任务\n新建智算中心4座。"),
        ("二〇二六年甘肃省人民政府工作报告", BODY),
        # without a title
        ("", "2026年1月20日在甘肃省第十四届人民代表大会第五次会议上\n" + DELIVERY + BODY),
        ("", "——2026年1月20日在甘肃省人民代表大会会议上\n各位代表：\n" + BODY),
        (
            "",
            "（2026年1月在甘肃省人民代表大会会议上）\n受省政府委托，现报告全年工作。\n" + BODY,
        ),
        # its printing in a paper, under a dateline or a headline of the paper's
        ("政府工作报告", "新华社兰州1月28日电 \n政府工作报告\n" + DELIVERY + BODY),
        ("2026年甘肃省政府工作报告全文来了", "政府工作报告\n" + DELIVERY + BODY),
        # line breaks lost
        ("2026年甘肃省政府工作报告", DELIVERY.replace("\n", "") + BODY.replace("\n", "")),
        # a photograph's caption is no byline
        ("2026年甘肃省政府工作报告", "日报记者 何某 摄\n" + DELIVERY + BODY),
    ],
)
def test_a_report_is_known_by_its_form(title, text):
    found = infer_provenance(text, title=title, region="甘肃省")
    assert (found.kind, found.speaker) == (DocumentKind.REPORT, Speaker.GOVERNMENT)
    assert (found.region, found.year) == ("甘肃省", 2026)


NEWS = "“智算”一词在会场被反复提起。代表张某说：“我们盼着算力券。”他还表示，“用得起才是好算力。”\n"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("2026年甘肃省政府工作报告", NEWS * 30),
        ("甘肃省政府工作报告", "今年，甘肃将新建智算中心4座。"),
        ("政府工作报告里的新词", NEWS),
        ("机器人走进政府工作报告，意味着什么？", NEWS),
        ("翻开省政府工作报告", "本报记者 何某\n今年重点工作\n" + NEWS),
        (
            "省长作政府工作报告",
            "1月20日，省十四届人大五次会议开幕，省长王某代表省人民政府向大会作政府工作报告。\n"
            "报告提出，新建智算中心4座。\n",
        ),
        ("", "“各位代表，现在，我代表省人民政府向大会报告工作。”掌声响起。\n" + NEWS),
        (
            "政府工作报告",
            "据不完全统计，已有20个省份的政府工作报告写到机器人。\n2026年工作安排\n" + NEWS,
        ),
    ],
)
@pytest.mark.parametrize("expected", [None, DocumentKind.REPORT])
def test_an_article_about_a_report_is_none(title, text, expected):
    found = infer_provenance(
        text, title=title, region="甘肃省", expected=expected, url="https://a.gov.cn/zfgzbg/1.html"
    )
    assert (found.kind, found.speaker) == (DocumentKind.NEWS, Speaker.MEDIA)


@pytest.mark.parametrize(
    ("title", "opening"),
    [
        (
            "关于甘肃省2025年国民经济和社会发展计划执行情况与2026年计划草案的报告",
            "各位代表：\n受省人民政府委托，现将计划草案提请大会审查。\n",
        ),
        ("甘肃省人大常委会工作报告", "各位代表：\n我代表省人大常务委员会，向大会报告工作。\n"),
        ("甘肃省高级人民法院工作报告", "各位代表：\n"),
        ("在省十四届人大五次会议闭幕会上的讲话", "各位代表：\n"),
    ],
)
def test_what_else_a_congress_hears_is_no_work_report(title, opening):
    session = "2026年1月20日在甘肃省第十四届人民代表大会第五次会议上\n"
    found = infer_provenance(f"{title}\n{session}{opening}{BODY}", title=title)
    assert found.kind is not DocumentKind.REPORT


@pytest.mark.parametrize("context", [None, "安徽省", "合肥市", "全国"])
@pytest.mark.parametrize(
    ("title", "head", "region"),
    [
        ("政府工作报告", "（2026年1月8日在合肥市第十七届人民代表大会第六次会议上）\n", "合肥市"),
        ("2026年合肥市政府工作报告", "", "合肥市"),
        ("2026年安徽省合肥市人民政府工作报告", "", "合肥市"),
        (
            "政府工作报告",
            "——2026年1月8日在合肥市蜀山区第十八届人民代表大会第五次会议上\n",
            "合肥市蜀山区",
        ),
        ("安徽省合肥市蜀山区2026年政府工作报告", "", "合肥市蜀山区"),
        (
            "合肥市蜀山区政府工作报告",
            "2026年1月8日在蜀山区第十八届人民代表大会第五次会议上\n",
            "合肥市蜀山区",
        ),
        ("2026年安徽省政府工作报告", "", "安徽省"),
        ("2026年天津市河北区政府工作报告", "", "天津市河北区"),
        ("2026年江苏省昆山市政府工作报告", "", "苏州市昆山市"),
    ],
)
def test_a_report_belongs_to_the_place_it_names(title, head, region, context):
    text = head + "各位代表：\n现在，我代表人民政府，向大会报告工作。\n" + BODY
    found = infer_provenance(text, title=title, region=context)
    assert (found.kind, found.region, found.year) == (DocumentKind.REPORT, region, 2026)


@pytest.mark.parametrize(
    ("context", "region"),
    [("合肥市", "合肥市蜀山区"), ("合肥市蜀山区", "合肥市蜀山区"), (None, "合肥市蜀山区")],
)
def test_a_county_without_its_city_is_the_city_s(context, region):
    text = "2026年1月8日在蜀山区第十八届人民代表大会第五次会议上\n" + DELIVERY + BODY
    assert infer_provenance(text, region=context).region == region


@pytest.mark.parametrize(("context", "region"), [("南京市", "南京市鼓楼区"), (None, "鼓楼区")])
def test_a_county_whose_name_several_cities_have_takes_its_city_from_the_context(context, region):
    text = "2026年1月8日在鼓楼区第十八届人民代表大会第五次会议上\n" + DELIVERY + BODY
    assert infer_provenance(text, region=context).region == region


def test_a_city_that_is_not_named_is_not_its_province():
    text = "政府工作报告\n各位代表：\n我代表市人民政府，向大会报告工作。\n" + BODY
    assert infer_provenance(text, region="安徽省").region is None
    assert infer_provenance(text, region="合肥市").region == "合肥市"
    assert infer_provenance(text, region="上海市").region == "上海市"


def test_a_session_in_december_plans_the_next_year():
    text = "2025年12月26日在蜀山区第十八届人民代表大会第五次会议上\n" + DELIVERY + BODY
    assert infer_provenance(text).year == 2026


PLAN = """一、总体要求
2026年，智能算力规模达到6万P，建成智算中心3座。到2027年，培育人工智能企业80家。
二、保障措施
给予人工智能企业算力券支持。
"""


@pytest.mark.parametrize(
    ("head", "end", "speaker", "region", "year"),
    [
        (
            "甘肃省人民政府办公厅关于印发智算产业行动计划（2025—2027年）的通知\n甘政办发〔2025〕31号\n"
            "各市、自治州人民政府，省政府各部门：\n",
            "",
            Speaker.GOVERNMENT,
            "甘肃省",
            2025,
        ),
        (
            "甘政办发〔2025〕31号\n智算产业行动计划（2025—2027年）\n",
            "",
            Speaker.GOVERNMENT,
            "甘肃省",
            2025,
        ),
        (
            "合肥市人民政府办公室文件\n智算产业行动计划（2025—2027年）\n",
            "",
            Speaker.GOVERNMENT,
            "合肥市",
            2025,
        ),
        (
            "智算产业行动计划（2025—2027年）\n",
            "合肥市蜀山区人民政府办公室\n2025年6月3日\n",
            Speaker.GOVERNMENT,
            "合肥市蜀山区",
            2025,
        ),
        (
            "国家数据局等三部门关于印发智算产业行动计划（2025—2027年）的通知\n",
            "",
            Speaker.MINISTRY,
            "全国",
            2025,
        ),
        (
            "智算产业行动计划（2025—2027年）\n工信部联通信〔2025〕77号\n",
            "",
            Speaker.MINISTRY,
            "全国",
            2025,
        ),
        (
            "智算产业实施方案\n",
            "工业和信息化部\n财政部\n2025年6月3日\n",
            Speaker.MINISTRY,
            "全国",
            2025,
        ),
        (
            "国务院关于深化智算应用的意见\n国发〔2025〕9号\n",
            "",
            Speaker.GOVERNMENT,
            "全国",
            2025,
        ),
        (
            "武汉市经济和信息化局关于印发智算产业若干措施的通知\n各有关单位：\n",
            "2025年6月3日\n",
            Speaker.GOVERNMENT,
            "武汉市",
            2025,
        ),
        ("2026年甘肃省智算产业工作要点\n", "", Speaker.GOVERNMENT, "甘肃省", 2026),
    ],
)
def test_a_plan_belongs_to_its_issuer(head, end, speaker, region, year):
    found = infer_provenance(head + PLAN + end, published=date(2025, 7, 1))
    assert found.kind is DocumentKind.PLAN
    assert (found.speaker, found.region, found.year) == (speaker, region, year)


@pytest.mark.parametrize(
    ("number", "region", "context"),
    [
        ("皖政办〔2026〕4号", "安徽省", None),
        ("合政办秘〔2026〕4号", "合肥市", None),
        ("合政办〔2026〕4号", "合肥市", "安徽省"),
        ("苏政发〔2026〕4号", "江苏省", None),
        ("苏府办发〔2026〕4号", "苏州市", None),
        ("甬经信产〔2026〕4号", "宁波市", None),
        ("赣市府办发〔2026〕4号", "赣州市", None),
        ("青政办发〔2026〕4号", "青岛市", None),
        ("青政办〔2026〕4号", "青海省", None),
        ("宁政办发〔2026〕4号", None, None),
        ("宁政办发〔2026〕4号", "南京市", "南京市"),
        ("云阳府办发〔2026〕4号", None, None),
        ("商政办发〔2026〕4号", None, None),
    ],
)
def test_a_document_number_tells_the_region_where_it_is_one_s_own(number, region, context):
    text = f"{number}\n智算产业行动计划（2026—2028年）\n{PLAN}"
    found = infer_provenance(text, region=context)
    assert (found.kind, found.speaker) == (DocumentKind.PLAN, Speaker.GOVERNMENT)
    assert found.region == region


def test_a_county_is_known_by_its_header():
    text = f"肥西县人民政府办公室文件\n肥政办〔2026〕4号\n智算产业行动计划\n{PLAN}"
    for context in (None, "安徽省", "合肥市"):
        assert infer_provenance(text, region=context).region == "合肥市肥西县"


def test_a_plan_for_several_years_without_a_date_is_of_the_first():
    assert infer_provenance("甘肃省智算产业行动计划（2025—2027年）\n" + PLAN).year == 2025


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (
            "甘肃印发智算产业行动计划",
            "本报兰州6月4日电（记者何某）甘肃省人民政府日前印发《智算产业行动计划》。\n"
            "《计划》提出，到2027年，培育人工智能企业80家。\n",
        ),
        ("《甘肃省智算产业行动计划》解读", "一、起草背景\n二、总体要求\n三、保障措施\n"),
        ("甘肃智算产业行动计划", "近日，甘肃印发行动计划。方案聚焦三个领域，明确12项任务。\n"),
        ("某集团人工智能三年行动计划", "一、总体要求\n建设智算中心。\n"),
    ],
)
def test_news_about_a_plan_is_no_plan(title, text):
    assert infer_provenance(text, title=title).kind is DocumentKind.NEWS


@pytest.mark.parametrize(
    ("heading", "label"),
    [
        ("（一）实施算力强基行动", Label.OTHER),
        ("（一）深入开展“人工智能+”专项行动", Label.OTHER),
        ("三、加快推进人工智能赋能的重点任务", Label.OTHER),
        ("推进人工智能人才培育工程", Label.OTHER),
        ("（一）扩大智能算力供给", Label.COMMITMENT),
        ("（一）实施算力强基行动，建成智算中心4座", Label.COMMITMENT),
        ("（一）实施算力强基行动。", Label.COMMITMENT),
        # The next line is no part of it.
        ("（一）实施算力强基行动\n（二）扩大智能算力供给", Label.COMMITMENT),
    ],
)
def test_a_heading_that_names_a_part_of_a_plan_promises_nothing(heading, label):
    text = f"甘肃省智算产业行动计划\n{PLAN}三、重点任务\n{heading}\n1.推动开放。部署高性能芯片。\n"
    found = extract(text, infer_provenance(text), load_topics())
    labels = {one.text: one.label for one in found}
    assert labels[heading.split("\n")[0]] is label
    assert labels["部署高性能芯片。"] is Label.COMMITMENT


def test_a_plan_has_no_review_half():
    text = (
        "甘肃省智算产业行动计划（2025—2027年）\n为培育人工智能产业，制定本计划。\n"
        "一、发展基础\n（一）算力设施。全省智能算力规模达到2万P。\n二、主要目标\n2025年，完成智算中心改造4座。\n"
        "2026年，建成智算中心3座。\n已建成训练场2座，2026年再建1座智算中心。\n三、重点任务\n（一）供给行动。2026年6月底前，完成枢纽集群二期建设，"
        "新增智能算力1万P。\n四、保障措施\n给予人工智能企业算力券支持。\n"
        "附件：1.人工智能任务分工表\n2.智算中心项目表\n"
    )
    provenance = infer_provenance(text)
    found = extract(text, provenance, load_topics())
    labels = {one.text: one.label for one in found}
    assert labels["全省智能算力规模达到2万P。"] is Label.ACHIEVEMENT
    assert {label for text, label in labels.items() if "年，" in text or "前，" in text} == {
        Label.COMMITMENT
    }
    assert labels["给予人工智能企业算力券支持。"] is Label.COMMITMENT
    assert labels["已建成训练场2座，2026年再建1座智算中心。"] is Label.COMMITMENT
    assert labels["为培育人工智能产业，制定本计划。"] is Label.OTHER
    assert labels["附件：1.人工智能任务分工表"] is Label.OTHER
    assert labels["2.智算中心项目表"] is Label.OTHER

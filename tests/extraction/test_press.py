"""The press: who says what, for which region, and what that makes of it."""

from __future__ import annotations

import pytest

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

PRESS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)


def heard(text):
    found = extract(text, PRESS, load_topics())
    return [(s.label.value, s.speaker.value, s.region) for s in found]


@pytest.mark.parametrize(
    ("text", "label", "speaker", "region"),
    [
        ("湖南省政府工作报告提出，建设智算中心。", "commitment", "government", "湖南省"),
        ("湖南提出，建设智算中心。", "commitment", "government", "湖南省"),
        ("湖南则明确，将建设智算中心。", "commitment", "government", "湖南省"),
        ("江苏省苏州市提出，建设智算中心。", "commitment", "government", "苏州市"),
        ("湖南今年将新建智算中心3座。", "commitment", "government", "湖南省"),
        # A headline leaves 将 out.
        ("湖南：今年智能算力规模达到90Eflops", "commitment", "government", "湖南省"),
        ("湖南省工信厅厅长表示，将建设智算中心。", "commitment", "government", "湖南省"),
        ("湖南省数据局局长介绍，智算中心已建成投用。", "achievement", "government", "湖南省"),
        ("工信部有关负责人表示，将推进算力布局。", "commitment", "ministry", "全国"),
        # Issued without content: the newspaper's.
        ("国家发展改革委近日印发方案，算力布局正在优化。", "other", "media", "全国"),
        ("湖南省政协委员王强建议，多建智算中心。", "proposal", "delegate", "湖南省"),
        ("湖南省人大代表、某公司董事长王强认为，算力很重要。", "opinion", "delegate", "湖南省"),
        ("在湖南省人大代表王强看来，算力很重要。", "opinion", "delegate", "湖南省"),
        ("“算力很重要。”湖南省人大代表王强说。", "opinion", "delegate", "湖南省"),
        ("“应当多建智算中心。”湖南省人大代表王强说。", "proposal", "delegate", "湖南省"),
        ("根据湖南省政协的提案，应多建智算中心。", "proposal", "delegate", "湖南省"),
        ("北京、上海等地提出，建设智算中心。", "commitment", "government", "全国"),
        ("某大学教授李明指出，大模型还在早期。", "opinion", "expert", "全国"),
        ("某科技公司总裁李明表示，公司将发布大模型。", "opinion", "enterprise", None),
        ("去年，湖南建成智算中心3座，成绩明显提升。", "achievement", "media", "湖南省"),
        ("“建设智算高地”是湖南省为自己定下的目标。", "commitment", "government", "湖南省"),
    ],
)
def test_the_speaker_decides_the_kind_of_a_statement(text, label, speaker, region):
    assert heard(text) == [(label, speaker, region)]


@pytest.mark.parametrize(
    ("text", "voices"),
    [
        # A document quoted for what follows; a place that goes by 该市.
        (
            "衡阳市早有布局。按照去年出台的实施意见，到2027年全市算力规模达到5000P。"
            "该市新近发布的若干意见明确，培育大模型企业10家。",
            [("commitment", "government", "衡阳市"), ("commitment", "government", "衡阳市")],
        ),
        # Nobody is named again, but the plan is the place's.
        (
            "湖南则把目光放在制造业上，该省去年建成智算中心3座；今年，将新建智算中心5座。",
            [("achievement", "media", "湖南省"), ("commitment", "government", "湖南省")],
        ),
        # An official without a name is who 他 is; a quote of several sentences is all hers.
        (
            "科技部有关司局负责人到会发言。他说，“算力是底座。我们将推进智算中心联网。”",
            # What an official calls the foundation is an opinion.
            [("opinion", "ministry", "全国"), ("commitment", "ministry", "全国")],
        ),
        # 他 is the person of the clause before, not an office that was named further up.
        (
            "湖南省数据局介绍，智算中心已建成投用。委员王强坦言，算力仍然偏贵。他建议，发放算力券。",
            [
                ("achievement", "government", "湖南省"),
                ("opinion", "delegate", "湖南省"),
                ("proposal", "delegate", "湖南省"),
            ],
        ),
        # What an official goes on to say of a city that goes by 该市.
        (
            "湖南省工信厅厅长何某介绍，长沙是主引擎。目前该市已建成智算中心3座。",
            [("achievement", "government", "长沙市")],
        ),
        # Questions say nothing; firms' plans ask nobody.
        ("湖南的智算中心建得怎样？", [("other", "media", "湖南省")]),
        (
            "某科技公司负责人表示，要把智算中心建成样板。",
            [("opinion", "enterprise", None)],
        ),
    ],
)
def test_references_are_followed(text, voices):
    assert heard(text) == voices


def test_a_quotation_continues_until_the_speaker_changes():
    text = (
        "湖南省政协委员王强认为，算力是新的水电。要推动智算中心联网运行。"
        "湖北省政府工作报告提出，培育大模型企业10家。当前，各地都在建智算中心。"
    )
    assert heard(text) == [
        ("opinion", "delegate", "湖南省"),
        ("proposal", "delegate", "湖南省"),
        ("commitment", "government", "湖北省"),
        ("other", "media", "全国"),
    ]


def test_pronouns_names_and_plans_point_back():
    text = (
        "湖南省近日印发《湖南省智能算力行动方案》。\n"
        "《方案》提出，到2027年智能算力达到5万P。\n"
        "全国人大代表周小川长期研究芯片。他建议，设立芯片基金。\n"
        "周小川表示，芯片需要耐心。\n"
    )
    assert heard(text) == [
        ("other", "media", "湖南省"),
        ("commitment", "government", "湖南省"),
        ("other", "media", "全国"),
        ("proposal", "delegate", "全国"),
        ("opinion", "delegate", "全国"),
    ]


def test_a_broken_column_is_read_as_one_sentence():
    text = "湖南省政府工作报告提出,将建设智 算中心,培育大模\n\n型企业10家,让算力像水电一样方便。\n"
    statement, *rest = extract(text, PRESS, load_topics())
    assert not rest
    assert statement.text == text[statement.start : statement.end]
    assert statement.text.startswith("湖南省")
    assert statement.text.endswith("方便。")
    assert [(t.metric, t.value) for t in statement.targets] == [("大模型企业", 10)]


def test_the_year_is_the_one_named_or_that_of_the_day():
    found = extract(
        "湖南提出，到2028年建成智算中心5座。2025年，湖南人工智能企业突破500家。",
        PRESS,
        load_topics(),
    )
    assert [s.year for s in found] == [2026, 2025]
    assert found[0].targets[0].year == 2028


def test_cities_that_act_together_act_for_their_province():
    (found,) = heard("浙江省推进智能化。杭州、宁波将共建人工智能先导区。")
    assert found == ("commitment", "government", "浙江省")


@pytest.mark.parametrize(
    ("text", "speaker", "region"),
    [
        (
            "据了解，湖南省湘潭市出台若干政策，对采购智能机器人的企业给予补贴。",
            "government",
            "湘潭市",
        ),
        ("国家发展改革委印发文件，要求新建数据中心绿电占比超过75%。", "ministry", "全国"),
        ("江苏省政府办公厅日前发布通知，到2027年算力规模超40EFLOPS。", "government", "江苏省"),
        ("某高新区管委会负责人表示，将建设智算中心。", "government", None),
    ],
)
def test_a_document_is_attributed_to_its_issuer(text, speaker, region):
    assert heard(text) == [("commitment", speaker, region)]


def test_a_short_column_is_joined_before_extraction():
    column = "\n".join(
        [
            "    江西省政府工作报告提出,今年要建",
            "设省级智算中心,力争算力规模突破 8",
            "000P, 培育AI企业 50家 以上。",
            "    辽宁省人大代表、沈阳某机器人公司",
            "总经理韩某说,希望政府出台人形机器人",
            "首台套奖补政策。",
            "  黑龙江省工信厅有关负责人告诉本报记",
            "者,今年将开放工业场景,推动大模型落",
            "地。",
        ]
    )
    assert heard(column) == [
        ("commitment", "government", "江西省"),
        ("proposal", "delegate", "辽宁省"),
        ("commitment", "government", "黑龙江省"),
    ]


def test_a_round_up_by_region_speaks_for_each_under_its_name():
    text = (
        "北京：\n推进智算中心建设。\n【广东】\n将培育人工智能企业100家。\n"
        "陕西：去年算力规模增长45%。\n今年以来，多地布局算力产业。\n某研报显示，算力规模将扩大。"
    )
    assert heard(text) == [
        ("commitment", "government", "北京市"),
        ("commitment", "government", "广东省"),
        ("achievement", "government", "陕西省"),
        ("other", "media", "全国"),
        ("opinion", "media", "全国"),  # a forecast
    ]

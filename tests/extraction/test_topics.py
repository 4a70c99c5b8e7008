"""Topics are data: the built-in one, and those a user writes."""

from __future__ import annotations

import pytest

from monitor.errors import UserError
from monitor.extraction.extract import explain, extract
from monitor.extraction.topics import check_topics, load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker

PLAN = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "安徽省", 2026)
LOW_ALTITUDE = """
topics:
  - id: low_altitude
    name: 低空经济
    words: [低空经济, 低空飞行, eVTOL]
    default_theme: industry
    themes:
      industry: {same_clause: [产业, 企业]}
      infrastructure: {words: [起降点, {words: [通用机场], except: [通用机场路]}]}
"""
TEXT = """二、2026年重点工作
新建低空起降点80个，培育低空经济企业30家，推动大模型用于航线规划。
拓宽通用机场路。
"""


@pytest.fixture
def topic_file(tmp_path):
    def write(text):
        path = tmp_path / "topics.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_users_topic_works_like_the_built_in_one(topic_file):
    topics = load_topics([topic_file(LOW_ALTITUDE)])
    found = {s.topic: s for s in extract(TEXT, PLAN, topics)}
    assert set(found) == {"ai_computing", "low_altitude"}
    mine = found["low_altitude"]
    assert mine.label is Label.COMMITMENT
    assert mine.themes == ("industry", "infrastructure")
    assert [(t.metric, t.value) for t in mine.targets] == [("低空起降点", 80), ("低空经济企业", 30)]
    assert found["ai_computing"].targets == ()


def test_a_word_inside_an_exception_is_explained_and_left_out(topic_file):
    topics = load_topics([topic_file(LOW_ALTITUDE)])
    last = explain(TEXT, PLAN, topics)[-1]
    assert last.statement is None
    assert last.rejected == "通用机场路 means something else here"


def test_a_topic_can_be_extended(topic_file):
    path = topic_file("topics:\n  - {id: ai_computing, extends: true, words: [量子纠错]}\n")
    text = "二、2026年重点工作\n支持量子纠错研究。\n"
    assert extract(text, PLAN, load_topics()) == ()
    assert len(extract(text, PLAN, load_topics([path]))) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "topics:\n  - id: ai_computing\n    words: [甲]\n",
            "2:5: the topic 'ai_computing' is there",
        ),
        ("topics:\n  - id: x\n    wrods: [甲]\n", "3:5: unknown key 'wrods' – did you mean words?"),
        ("topics:\n  - id: x\n", "has no words"),
        ("topics:\n  - {id: x, extends: true, words: [甲]}\n", "there is no topic 'x' to extend"),
        ("topics:\n  - {id: x, words: [甲], default_theme: y}\n", "has no theme 'y'"),
        ("topics: []\n", "topics: nothing stands in it – write - id: … and words: below it"),
        ("- x\n", "a topics file has one key, topics – write topics: in the first line"),
        ("topics: [x]\n", "1:10: 'x' is no topic – a topic begins with - id:"),
        ("topics: [{words: [甲]}]\n", "id is missing – add id: …"),
        (
            "topics: [{id: a b, words: [甲]}]\n",
            "id: 'a b' has other characters than letters",
        ),
        (
            "topics: [{id: x, words: 甲}]\n",
            "'甲' stands where a list is wanted – write words: [甲]",
        ),
        (
            "topics: [{id: x, words: [6]}]\n",
            "1:26: words: YAML reads 6 as a number – put it in quotes",
        ),
        (
            "topics: [{id: x, words: [{words: [甲], exept: [甲乙]}]}]\n",
            "unknown key 'exept' – did you mean except?",
        ),
        ("topics: [{id: x, themes: [甲]}]\n", "themes: a list where keys with values are wanted"),
        ("topics: [{id: x, themes: {y: [甲]}}]\n", "themes.y: a list where keys with values are"),
        (
            "topics: [{id: x, words: [甲乙，丙丁]}]\n",
            "words: '甲乙，丙丁' is one word here, not a list",
        ),
        ("topics: [{id: x, words: [{words: [甲], except: [乙丙]}]}]\n", "holds none of the words"),
        (
            "topics: [{id: x, words: [甲], themes: {yy: {with_themes: [yx]}}}]\n",
            "themes.yy.with_themes: the topic has no theme 'yx' – did you mean yy?",
        ),
    ],
)
def test_errors_name_their_place_and_the_fix(topic_file, text, said):
    path = topic_file(text)
    with pytest.raises(UserError) as error:
        load_topics([path])
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)
    assert [str(e) for e in check_topics([path])] == [str(error.value)]


def test_all_mistakes_of_a_file_are_told(topic_file):
    path = topic_file("topics:\n  - id: x\n    wrods: [甲]\n    words: [{words: []}]\n")
    assert [(one.line, one.hint) for one in check_topics([path])] == [
        (3, "did you mean words?"),
        (4, "name a word in it"),
    ]


def test_width_and_script_of_a_users_word_do_not_matter(topic_file):
    path = topic_file("topics:\n  - {id: x, words: [ｅＶＴＯＬ, 低空經濟]}\n")
    text = "二、2026年重点工作\n发展低空经济。\n支持eVTOL试飞。\n"
    assert len(extract(text, PLAN, load_topics([path]))) == 2


@pytest.mark.parametrize(
    "words",
    [
        "办好智能体育公园",
        "用好能源大数据中心",
        "破解种业“芯片”难题",
        "工业机器人产量增长20%",
        "建成低空智能网联系统",
        "优化5G基站布局",
        "发展CHAIN平台",
        "建设智能工厂",
    ],
)
def test_look_alikes_are_out_of_scope(words):
    assert extract(f"二、2026年重点工作\n{words}。\n", PLAN, load_topics()) == ()


@pytest.mark.parametrize(
    ("sentence", "in_scope"),
    [
        ("落实预算法实施条例，管好国库资金。", False),
        ("推动结算法规修订。", False),
        ("打算力争全年增收。", False),
        ("健全核心算法备案制度。", True),
        ("提升综合算力水平。", True),
        ("培育优质种源，铸就水稻“芯片”。", False),
        ("实施种业振兴行动，壮大畜禽“芯片”企业。", False),
        ("保障粮食、“芯片”等供应。", True),
        ("做强农机装备，攻关车规“芯片”。", True),
        # Where the text is cut decides what it contains.
        ("开展项目概算法定化试点。", False),
        ("评估算力需求，联结算力枢纽。", True),
        ("改善游客智能体验。", False),
        ("建设智能体验证平台。", True),
        ("完善城市智能体系。", False),
        ("研制智能体系统。", True),
        ("推动各地数据集中管理。", False),
        ("建设行业数据集中心。", True),
        ("办好计算力学研究所。", False),
        ("保护人类脑健康，采购电脑机箱。", False),
        ("整治河流片区，查验文具身份码。", False),
        # Figures of speech, whatever the marks and the neighbours.
        ("壮大农牧业芯片。", False),
        ("地层数据是勘探的“芯片”。", False),
        ("种质被誉为牧场的‘芯片’。", False),
        ("研制座舱芯片，它是汽车的大脑。", True),
        # Programmes and parks of the chip industry are named by one character.
        ("实施“沙湖强芯”工程，加快“卡脖子”技术攻关。", True),
        ("提升滨湖芯谷、空港芯城承载能力。", True),
        ("实施种业强芯行动，选育良种。", False),
        ("推进水稻“强芯”工程。", False),
    ],
)
def test_a_word_with_another_meaning_is_out_of_scope(sentence, in_scope):
    found = extract(f"二、2026年重点工作\n{sentence}\n", PLAN, load_topics())
    assert bool(found) is in_scope


def test_a_users_word_may_be_figurative_too(topic_file):
    text = "topics:\n  - id: brains\n    words:\n      - {words: [大脑], figurative_with: [城市]}\n"
    topics = load_topics([topic_file(text)])
    plan = "二、2026年重点工作\n建设城市“大脑”。\n研究类人“大脑”。\n保护大脑健康。\n"
    found = [one.text for one in extract(plan, PLAN, topics) if one.topic == "brains"]
    assert found == ["研究类人“大脑”。", "保护大脑健康。"]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("培育50家具身智能企业。", True),
        ("引进十余家具身智能企业。", True),
        ("推广智能家具身份标识。", False),
        ("发放模型券2000万元。", True),
        ("推动中小企业普惠用算。", True),
    ],
)
def test_a_classifier_after_a_number_begins_no_ordinary_word(sentence, found):
    statements = extract(f"二、2026年重点工作\n{sentence}\n", PLAN, load_topics())
    assert bool(statements) is found


def test_a_rank_in_a_plan_is_a_goal_and_in_the_review_a_result():
    text = (
        "一、2025年工作回顾\n智算规模位居全国前八。\n"
        "二、2026年重点工作\n智算规模达到6万P，位居全国前五。\n推动算力枢纽尽早获批。\n"
    )
    labels = [one.label for one in extract(text, PLAN, load_topics())]
    assert labels == [Label.ACHIEVEMENT, Label.COMMITMENT, Label.COMMITMENT]

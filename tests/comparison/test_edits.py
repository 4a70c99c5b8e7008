"""Edits of a report as a reader would tell them: the way a promise went, and what is no change."""

from __future__ import annotations

import pytest

from monitor.comparison.compare import compare
from monitor.extraction.extract import extract, plan_sentences
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis, Kind
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

PROVENANCE = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江苏省", 2026)
HEAD = (
    "政府工作报告\n各位代表：\n现在，我代表省人民政府，向大会报告工作，请予审议。\n"
    "一、2025年工作回顾\n过去一年，我们加快培育新质生产力。建成智算中心3座，"
    "人工智能核心产业规模达到2000亿元、增长18%。累计备案大模型45个。\n"
)
PLAN = "二、2026年重点工作\n今年要重点做好以下工作。\n深入实施“人工智能+”行动。"
TAIL = "\n加强政府自身建设。各位代表，让我们团结一心，奋力拼搏。"
TOPICS = load_topics()

UP, DOWN, OTHER = Kind.STRENGTHENED, Kind.WEAKENED, Kind.REWORDED


def report(plan, review=""):
    return f"{HEAD}{review}\n{PLAN}{plan}{TAIL}"


def kinds(old, new):
    then, now = (extract(text, PROVENANCE, TOPICS) for text in (old, new))
    changes = compare(then, now, Basis.REVISION, texts=(old, new))
    return sorted(change.kind for change in changes if change.kind is not Kind.CONTINUED)


def edited(old, new, review=""):
    return kinds(report(old, review), report(new, review))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        # Less of a cost is more of a promise.
        ("推动算力成本降低30%。", "推动算力成本降低20%。", DOWN),
        ("算力使用成本下降30%以上。", "算力使用成本下降40%以上。", UP),
        ("推动算力成本降低30%。", "推动算力成本增长30%。", DOWN),
        ("人工智能医疗器械审批时限缩短50%。", "人工智能医疗器械审批时限缩短30%。", DOWN),
        ("算力价格降至每卡时3元。", "算力价格降至每卡时5元。", DOWN),
        ("智算中心电价降到每度0.3元。", "智算中心电价降到每度0.4元。", DOWN),
        ("城市算力网时延降至3毫秒。", "城市算力网时延降至1毫秒。", UP),
        # The ceiling of what somebody gets is not to be low.
        ("对人工智能企业给予不超过500万元补助。", "对人工智能企业给予不超过300万元补助。", DOWN),
        ("对购买算力的企业按不超过20%给予补贴。", "对购买算力的企业按不超过30%给予补贴。", UP),
        # Taken back, whatever the number does.
        ("新建智算中心2座。", "暂缓新建智算中心3座。", DOWN),
        ("暂缓新建智算中心2座。", "新建智算中心2座。", UP),
        ("培育人工智能企业100家。", "不再培育人工智能企业200家。", DOWN),
        ("出台人工智能人才专项政策。", "不出台人工智能人才专项政策。", DOWN),
        ("推动具身智能产业发展。", "不断推动具身智能产业发展。", OTHER),
        # Taking back a burden is no retreat.
        ("降低人工智能企业用电附加费。", "取消人工智能企业用电附加费。", OTHER),
        ("不再限制人工智能企业融资。", "限制人工智能企业融资。", DOWN),
        ("允许人工智能企业贷款展期。", "允许人工智能企业贷款延期。", OTHER),
        # Later is less, also with a number that grew a little.
        (
            "到2027年，人工智能产业规模达到3000亿元。",
            "到2030年，人工智能产业规模达到3100亿元。",
            DOWN,
        ),
        (
            "到2027年，人工智能产业规模达到3000亿元。",
            "到2028年，人工智能产业规模达到5000亿元。",
            UP,
        ),
        ("2027年建成人工智能先导区。", "2029年建成人工智能先导区。", DOWN),
        ("到“十五五”末，建成人工智能先导区。", "到2035年，建成人工智能先导区。", DOWN),
        ("12月底前建成人工智能公共服务平台。", "6月底前建成人工智能公共服务平台。", UP),
        ("上半年出台人工智能产业条例。", "年底前出台人工智能产业条例。", DOWN),
        # Words that bind less.
        ("新建智算中心2座。", "力争新建智算中心2座。", DOWN),
        # Numbers that are no targets.
        ("打造千亿级人工智能产业集群。", "打造百亿级人工智能产业集群。", DOWN),
        ("人工智能产业规模进入全国前五。", "人工智能产业规模进入全国前三。", UP),
        ("30个工作日内完成人工智能项目审批。", "60个工作日内完成人工智能项目审批。", DOWN),
        ("新增人工智能企业20—30家。", "新增人工智能企业20—50家。", UP),
        ("智算占比达到三分之一。", "智算占比达到三分之二。", UP),
        # Nobody knows which way is more.
        (
            "对年营收1亿元以上的人工智能企业给予奖励。",
            "对年营收5亿元以上的人工智能企业给予奖励。",
            OTHER,
        ),
        ("三、四季度新建智算中心。", "四季度新建智算中心。", OTHER),
        ("人工智能基金按1:12配资。", "人工智能基金按11:2配资。", OTHER),
    ],
)
def test_the_history_of_a_commitment(before, after, kind):
    assert edited(before, after) == [kind]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("推动具身智能产业发展。", "推动具身智能[1]产业发展。"),
        ("推动具身智能产业发展。", "推动具身智能①产业发展〔3〕。"),
        (
            "到2027年，人工智能产业规模达到3000亿元。",
            "到二〇二七年，人工智能产业规模达到3000亿元。",
        ),
        ("人工智能产业规模达到3000亿元。", "人工智能产业规模达到0.3万亿元。"),
        ("算力规模达到5000P。", "算力规模达到5000PFlops。"),
        ("新建智算中心三座。", "新建智算中心3座。"),
        ("\n1.推动具身智能产业发展。", "\n①推动具身智能产业发展。"),
    ],
)
def test_other_ways_to_write_the_same(before, after):
    assert edited(before, after) == []
    assert edited(after, before) == []


POLICY = "出台人工智能人才专项政策。"
COUNT = "培育人工智能企业100家以上，打造人工智能应用场景50个。"


@pytest.mark.parametrize("promise", [POLICY, COUNT])
def test_what_the_review_says_hides_no_promise(promise):
    assert kinds(report(promise, promise), report("", promise)) == [Kind.DROPPED]
    assert kinds(report("", promise), report(promise, promise)) == [Kind.ADDED]
    # Moved from the plan into the review: done, they say, and promised no more.
    assert kinds(report(promise), report("", promise)) == [Kind.DROPPED]


def test_one_of_two_equal_promises():
    two = "\n苏州。培育智能机器人企业30家。\n无锡。培育智能机器人企业30家。"
    one = "\n苏州。培育智能机器人企业30家。\n无锡。"
    less = "\n苏州。培育智能机器人企业30家。\n无锡。培育智能机器人企业20家。"
    assert edited(two, one) == [Kind.DROPPED]
    assert edited(one, two) == [Kind.ADDED]
    assert edited(two, less) == [DOWN]


def test_a_number_that_went_although_an_equal_clause_stands_elsewhere():
    both = "人工智能产业加快发展，规模达到500亿元。机器人产业提质，规模达到500亿元。"
    one = "人工智能产业加快发展。机器人产业提质，规模达到500亿元。"
    assert edited(both, one) == [DOWN]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("到2027年：", "到2028年：", DOWN),
        ("到2027年：", "到2026年：", UP),
        ("苏州市：", "无锡市：", OTHER),
        ("重点任务：", "以下任务不再推进：", DOWN),
        # Another name for the same list.
        ("重点任务：", "主要任务：", None),
    ],
)
def test_a_list_hangs_on_the_line_above_it(before, after, kind):
    items = "\n出台算力券政策；\n建设人工智能学院。\n"
    assert edited(f"\n{before}{items}", f"\n{after}{items}") == ([kind] * 2 if kind else [])


def edited_list(old, new):
    """The kinds of the changes between two versions of a list without full stops."""
    head = "二、2026年重点工作\n"
    texts = (head + old, head + new)
    sides = [extract(text, PROVENANCE, TOPICS) for text in texts]
    found = compare(*sides, Basis.REVISION, texts=texts)
    return [(change.kind, change.statement.text) for change in found]


@pytest.mark.parametrize("mark", ["{}", "{}.", "（{}）"])
def test_an_edited_task_is_no_heading_of_the_next_one(mark):
    first, second, third = ("" if mark == "{}" else mark.format(n) for n in ("1", "2", "3"))
    if mark == "（{}）":
        first, second, third = "（一）", "（二）", "（三）"
    lines = "{}{}年底前上线省级算力平台\n{}扩大智能算力供给\n{}推进人工智能赋能制造\n"
    old = lines.format(first, 2026, second, third)
    new = lines.format(first, 2027, second, third)
    kinds = [kind for kind, _ in edited_list(old, new)]
    assert kinds == [Kind.WEAKENED, Kind.CONTINUED, Kind.CONTINUED]


def test_a_year_alone_still_heads_a_list():
    lines = "{}年\n扩大智能算力供给\n推进人工智能赋能制造\n"
    kinds = {kind for kind, _ in edited_list(lines.format(2027), lines.format(2028))}
    assert kinds == {Kind.WEAKENED}


BESIDE = [
    # What is counted in a sentence on the topic, and names no word of it.
    (
        "新增智能工厂100家，推动人工智能与制造业融合。",
        "新增智能工厂{}家，推动人工智能与制造业融合。",
        100,
        150,
    ),
    ("深化人工智能应用，培育示范工厂100家。", "深化人工智能应用，培育示范工厂{}家。", 100, 150),
    ("推动人工智能进企业，引进链主工厂8家。", "推动人工智能进企业，引进链主工厂{}家。", 8, 12),
    ("推动人工智能进企业，改造车间100个。", "推动人工智能进企业，改造车间{}个。", 100, 150),
    ("推进人工智能赋能，工业技改投资增长8%。", "推进人工智能赋能，工业技改投资增长{}%。", 8, 10),
    ("发放算力券，惠及中小企业60户以上。", "发放算力券，惠及中小企业{}户以上。", 60, 160),
    # Of the topic itself.
    ("新增人工智能企业100家。", "新增人工智能企业{}家。", 100, 150),
    ("培育人工智能企业100家，壮大产业集群。", "培育人工智能企业{}家，壮大产业集群。", 100, 150),
    (
        "引进人工智能企业20家，发展数据标注产业。",
        "引进人工智能企业{}家，发展数据标注产业。",
        20,
        30,
    ),
    ("建设智算中心3座。", "建设智算中心{}座。", 3, 5),
    ("人工智能核心产业增加值增长8%。", "人工智能核心产业增加值增长{}%。", 8, 10),
]


def changed(old, new, basis):
    """The changes between two plans on one basis."""
    years = (2026, 2026) if basis is Basis.REVISION else (2025, 2026)
    texts = [
        f"二、{year}年重点工作\n{text}\n" for year, text in zip(years, (old, new), strict=True)
    ]
    sides, plans = [], []
    for year, text in zip(years, texts, strict=True):
        known = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江苏省", year)
        sides.append(extract(text, known, TOPICS))
        plans.append(plan_sentences(text, known, sides[-1]))
    if basis is Basis.REVISION:
        return compare(*sides, basis, texts=(texts[0], texts[1]))
    return compare(*sides, basis, plans=(plans[0], plans[1]))


@pytest.mark.parametrize("basis", [Basis.REVISION, Basis.SUCCESSION])
@pytest.mark.parametrize(("old", "form", "before", "after"), BESIDE)
def test_more_of_what_a_sentence_counts_is_stronger_and_says_by_how_much(
    basis, old, form, before, after
):
    (up,) = changed(old, form.format(after), basis)
    assert up.kind is Kind.STRENGTHENED
    assert [(one.before, one.after) for one in up.deltas] == [(before, after)]
    (down,) = changed(form.format(after), old, basis)
    assert down.kind is Kind.WEAKENED
    assert [(one.before, one.after) for one in down.deltas] == [(after, before)]


@pytest.mark.parametrize("basis", [Basis.REVISION, Basis.SUCCESSION])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        # Events, measures, the parts of a plan, and other matters.
        ("举办人工智能对接会10场。", "举办人工智能对接会12场。"),
        ("落实人工智能发展十项措施。", "落实人工智能发展十二项措施。"),
        ("出台人工智能支持政策10条。", "出台人工智能支持政策12条。"),
        ("推进人工智能应用，粮食产量达到700亿斤。", "推进人工智能应用，粮食产量达到710亿斤。"),
        # A ceiling: whether it is of a cost or of a benefit, no target says.
        ("推动人工智能进企业，检查不超过3次。", "推动人工智能进企业，检查不超过5次。"),
        # Of which things is said, and not how many.
        (
            "对年营收1亿元以上的人工智能企业给予奖励。",
            "对年营收5亿元以上的人工智能企业给予奖励。",
        ),
    ],
)
def test_counts_of_events_measures_and_other_matters_have_no_direction(basis, old, new):
    assert [(one.kind, one.deltas) for one in changed(old, new, basis)] == [(Kind.REWORDED, ())]


def test_the_targets_of_the_topic_decide_before_other_numbers():
    old = "算力规模达到60Eflops，支持人工智能企业，新增智能工厂100家。"
    new = "算力规模达到50Eflops，支持人工智能企业，新增智能工厂150家。"
    (change,) = changed(old, new, Basis.REVISION)
    assert change.kind is Kind.WEAKENED
    assert [one.metric for one in change.deltas] == ["算力规模", "智能工厂"]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("力争智算规模突破2万P。", "确保智算规模突破2万P。", UP),
        ("确保年内投用云湖智算中心。", "力争年内投用云湖智算中心。", DOWN),
        ("新建智算中心绿电占比不低于60%。", "新建智算中心绿电占比原则上不低于60%。", DOWN),
        ("建设万卡级国产智算集群。", "建设十万卡级国产智算集群。", UP),
        ("三年内建成算力一张网。", "五年内建成算力一张网。", DOWN),
        ("建设毫秒用算圈，端到端时延不超过8毫秒。", "建设毫秒用算圈，端到端时延不超过5毫秒。", UP),
        ("适时出台智算用电政策。", "暂不出台智算用电政策。", DOWN),
        ("实现28纳米AI芯片量产。", "实现14纳米AI芯片量产。", UP),
        ("人工智能实力进入全国城市前十。", "人工智能实力进入全国城市前五。", UP),
        # A share is no more than all.
        ("实现中学人工智能课程全覆盖。", "中学人工智能课程覆盖率达到70%。", OTHER),
        ("在全省推广政务大模型，做到全覆盖。", "在2个市推广政务大模型，做到全覆盖。", OTHER),
        ("推动智能算力规模翻一番。", "推动智能算力规模增长60%。", DOWN),
        ("2026—2028年，每年安排2亿元建设语料库。", "2026—2029年，每年安排2亿元建设语料库。", UP),
        # The year that a growth is counted from is no spelling of its value.
        ("智算规模比2025年翻一番。", "智算规模比2024年翻一番。", OTHER),
        ("智能算力占比达到百分之六十。", "智能算力占比达到百分之七十。", UP),
        ("培育60家具身智能企业。", "培育90家具身智能企业。", UP),
    ],
)
def test_certainty_spans_limits_and_classes_have_a_direction(before, after, kind):
    assert edited(before, after) == [kind]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("智能算力占比达到百分之六十。", "智能算力占比达到60%。"),
        ("培训人工智能人才12,000人次。", "培训人工智能人才1.2万人次。"),
        ("建设三座智算中心，投资5亿元。", "建设3座智算中心，投资50000万元。"),
    ],
)
def test_a_number_in_another_spelling_is_no_change(before, after):
    assert edited(before, after) == []


def test_a_numbered_heading_worded_anew_is_no_change_and_an_item_of_a_list_is_one():
    prose = "\n新建智算中心2座，算力规模达到3万P。"
    assert edited(f"\n（一）做强算力底座{prose}", f"\n（一）筑牢算力底座{prose}") == []
    item = "\n2.推进智算中心上云"
    assert edited(f"\n1.做强算力底座{item}", f"\n1.筑牢算力底座{item}") == [OTHER]


def test_of_a_split_sentence_the_part_is_shown_whose_number_changed():
    old = report("建设人工智能中试基地4个，开放人工智能场景60项。")
    new = report("建设人工智能中试基地4个。\n全年开放人工智能场景90项。")
    then, now = (extract(text, PROVENANCE, TOPICS) for text in (old, new))
    changes = compare(then, now, Basis.REVISION, texts=(old, new))
    (change,) = (one for one in changes if one.kind is not Kind.CONTINUED)
    assert change.kind is UP
    assert change.after is not None
    assert change.after.text == "全年开放人工智能场景90项。"

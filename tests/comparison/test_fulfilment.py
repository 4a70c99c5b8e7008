"""What counts as a promise kept, missed, or passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.comparison.fulfilment import assess_fulfilment
from monitor.comparison.targets import pair_targets
from monitor.extraction.extract import extract, review_sentences
from monitor.extraction.targets import parse_targets
from monitor.extraction.topics import load_topics
from monitor.model.changes import Verdict
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Op, Speaker, Statement, Target

TOPICS = load_topics()


def said(text, *targets, label=Label.COMMITMENT, year=2025, region="湖南省"):
    return Statement(
        text, 0, len(text), label, Speaker.GOVERNMENT, region, year, targets=tuple(targets)
    )


def target(metric, value, unit="P", op=Op.AT_LEAST, year=None):
    return Target(metric, op, value, unit, year, f"{metric}{value}{unit}")


def achieved(text, *targets, **more):
    return said(text, *targets, label=Label.ACHIEVEMENT, **more)


PROMISE = said("全省算力规模突破9000P。", target("全省算力规模", 9000))


@pytest.mark.parametrize(
    ("reached", "verdict"),
    [
        (target("算力总规模", 9200), Verdict.MET),
        (target("全省算力规模", 9, "Eflops"), Verdict.MET),
        (target("全省算力规模", 8800), Verdict.MISSED),
        # Another thing, another unit, another year, an increment: the review is silent.
        (target("智能算力规模", 8800), Verdict.NOT_REPORTED),
        (target("算力规模", 120, "亿元"), Verdict.NOT_REPORTED),
        (target("算力规模", 5000, year=2023), Verdict.NOT_REPORTED),
        (target("算力规模", 3000, op=Op.INCREASE_BY), Verdict.NOT_REPORTED),
    ],
)
def test_the_review_is_held_against_the_promise(reached, verdict):
    review = [achieved("算力建设成效明显。", reached)]
    (found,) = assess_fulfilment([PROMISE], review, due=2025)
    assert found.verdict is verdict
    assert found.target == PROMISE.targets[0]
    assert (found.achievement is review[0]) == (verdict is not Verdict.NOT_REPORTED)


def test_a_range_is_kept_by_its_lower_end():
    ends = parse_targets("培育3—5家算力企业")
    assert [one.value for one in ends] == [3, 5]
    promise = said("培育3—5家算力企业。", *ends)
    review = [achieved("培育算力企业4家。", target("算力企业", 4, "家"))]
    (found,) = assess_fulfilment([promise], review, due=2025)
    assert (found.position, found.verdict) == (0, Verdict.MET)


def test_the_ends_of_two_ranges_are_compared_each_with_its_like():
    before, after = parse_targets("培育2—3家算力企业"), parse_targets("培育3—5家算力企业")
    pairs = pair_targets(before, after, nearly_identical=True)
    assert sorted((old.value, new.value) for old, new in pairs) == [(2, 3), (3, 5)]


def test_a_ceiling_is_kept_from_below():
    promise = said("PUE降到1.25以下。", target("平均PUE", 1.25, "", op=Op.AT_MOST))
    for value, verdict in ((1.2, Verdict.MET), (1.3, Verdict.MISSED)):
        review = [achieved("平均PUE降到位。", target("平均PUE", value, "", op=Op.AT_MOST))]
        assert assess_fulfilment([promise], review, due=2025)[0].verdict is verdict


def test_a_target_is_not_missed_on_mere_similarity():
    promise = said("培育人工智能企业200家。", target("人工智能企业", 200, "家"))
    core = achieved("培育人工智能重点企业150家。", target("人工智能重点企业", 150, "家"))
    assert assess_fulfilment([promise], [core], due=2025)[0].verdict is Verdict.NOT_REPORTED


def test_only_what_was_due_is_judged():
    plan = said(
        "今年突破9000P，到2027年突破2万P。", target("算力", 9000), target("算力", 20000, year=2027)
    )
    review = [achieved("算力突破9100P。", target("算力", 9100))]
    assert [(j.position, j.verdict) for j in assess_fulfilment([plan], review, due=2025)] == [
        (0, Verdict.MET)
    ]
    assert [(j.position, j.verdict) for j in assess_fulfilment([plan], review, due=2027)] == [
        (1, Verdict.MISSED)
    ]
    assert assess_fulfilment([plan], review, due=2026) == []


def test_the_nearest_sentence_is_the_evidence():
    near = achieved("全省算力规模突破9100P。", target("全省算力规模", 9100))
    far = achieved("在算力方面，规模达9500P。", target("算力规模", 9500))
    assert assess_fulfilment([PROMISE], [far, near], due=2025)[0].achievement is near


def test_plans_and_other_regions_are_no_evidence():
    plan = said("全省算力规模突破9100P。", target("全省算力规模", 9100))
    other = achieved("算力规模突破9100P。", target("算力规模", 9100), region="甘肃省")
    assert assess_fulfilment([PROMISE], [plan, other], due=2025)[0].verdict is Verdict.NOT_REPORTED


def test_metrics_that_say_nothing_are_known_by_their_sentences():
    promise = said("设立智算基金，规模10亿元。", target("规模", 1e9, "元"))
    same = achieved("设立智算基金，规模12亿元。", target("规模", 1.2e9, "元"))
    other = achieved("支持文旅项目，规模50亿元。", target("规模", 5e9, "元"))
    assert assess_fulfilment([promise], [same], due=2025)[0].verdict is Verdict.MET
    assert assess_fulfilment([promise], [other], due=2025)[0].verdict is Verdict.NOT_REPORTED


PLAN = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江苏省", 2025)
REVIEW = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江苏省", 2026)


def verdicts(promise, review):
    plan = (
        "政府工作报告\n一、2024年工作回顾\n过去一年，我们取得新成绩。\n二、2025年重点工作\n"
        f"今年要重点做好以下工作。\n深入实施“人工智能+”行动。{promise}"
    )
    later = (
        "政府工作报告\n一、2025年工作回顾\n过去一年，我们加快培育新质生产力。人工智能产业加快发展。"
        f"{review}\n二、2026年重点工作\n今年要重点做好以下工作。\n深入实施“人工智能+”行动。"
    )
    promised, review = extract(plan, PLAN, TOPICS), extract(later, REVIEW, TOPICS)
    return [one.verdict.value for one in assess_fulfilment(promised, review, due=2025)]


@pytest.mark.parametrize(
    ("promise", "review", "verdict"),
    [
        ("培育人工智能企业100家。", "培育人工智能企业120家。", "met"),
        ("培育人工智能企业100家。", "培育人工智能企业80家。", "missed"),
        # A part is not the whole.
        ("新建智算中心5座。", "苏州新建智算中心2座，全省新建智算中心6座。", "met"),
        ("新建智算中心5座。", "南京新建智算中心3座，苏州新建智算中心2座。", "not_reported"),
        ("人工智能产业规模达到3000亿元。", "南京人工智能产业规模达到1000亿元。", "not_reported"),
        ("培育人工智能企业100家。", "一季度培育人工智能企业20家。", "not_reported"),
        ("发放算力券1亿元。", "首批发放算力券3000万元，全年发放算力券1.2亿元。", "met"),
        # What one year added is no sum of several.
        ("新增人工智能企业100家。", "人工智能企业累计达到500家。", "not_reported"),
        ("新建智算中心5座。", "累计建成智算中心20座。", "not_reported"),
        ("智算中心达到10座。", "新建智算中心3座。", "not_reported"),
        ("培育人工智能企业100家。", "五年来，累计培育人工智能企业400家。", "not_reported"),
        ("每年新增人工智能企业100家。", "三年新增人工智能企业200家。", "not_reported"),
        ("新增备案大模型20个。", "新增备案大模型10个、累计达到60个。", "missed"),
        # Nearly is not there; about is.
        ("培育人工智能企业100家以上。", "培育人工智能企业近100家。", "missed"),
        ("人工智能产业规模达到3000亿元左右。", "人工智能产业规模达到2980亿元。", "met"),
        ("人工智能核心产业增长20%左右。", "人工智能核心产业增长19.8%。", "met"),
        # Less of a cost is more.
        ("算力成本降低30%。", "算力成本降低40%。", "met"),
        ("算力成本降低30%。", "算力成本降低20%。", "missed"),
        ("数据中心PUE降至1.25以下。", "数据中心PUE降至1.3。", "missed"),
    ],
)
def test_the_sentences_of_a_review(promise, review, verdict):
    assert verdicts(promise, review) == [verdict]


@pytest.mark.parametrize(
    ("promise", "review", "verdicts_"),
    [
        # More than was promised; in other words; with the sibling's name.
        ("智算规模突破20万P。", "全省智能算力规模达22万P、居全国前列。", ["met"]),
        ("智算规模突破20万P。", "算力总规模达到22万P。", ["met"]),
        ("算力总规模达到20万P。", "建成智算规模21万P，绿电占比超八成。", ["met"]),
        ("算力总规模突破15Eflops。", "智能算力规模突破1.6万P。", ["met"]),
        ("智能算力规模达3万P。", "建成智能算力超6.5万P，5G信号覆盖各村。", ["met"]),
        # The whole does not stand for its part where the review has both, and nothing is missed
        # on the number of a sibling.
        ("智能算力达5000P。", "总算力突破2万P，智能算力达4800P。", ["missed"]),
        ("智算规模突破20万P。", "算力总规模达到18万P。", ["not_reported"]),
        ("智能算力达5000P。", "超算算力达6000P。", ["not_reported"]),
        # Two things doubled, and one.
        ("实现机架规模和算力规模“双翻番”。", "机架规模、算力规模实现双翻番。", ["met", "met"]),
        (
            "实现标准机架和算力规模“双翻番”。",
            "建成标准机架6万架、算力规模超3.1万P，实现“双翻番”。",
            ["met", "met"],
        ),
        ("算力规模翻番。", "算力规模达到1.8万P，实现翻番。", ["met"]),
        ("算力规模翻番。", "算力规模增长1.3倍。", ["met"]),
        ("算力规模翻番。", "算力规模增长130%。", ["met"]),
        ("算力规模翻番。", "算力规模增长60%。", ["missed"]),
        ("算力规模增长50%以上。", "算力规模比上年翻一番。", ["met"]),
        # Growth.
        ("人工智能核心产业增长10%。", "人工智能核心产业预计增长10%。", ["met"]),
        ("人工智能核心产业产值增长10%左右。", "人工智能核心产业产值增长12.5%。", ["met"]),
        # Counts.
        ("打造人工智能应用场景200项。", "打造人工智能应用场景200余项。", ["met"]),
        ("打造人工智能应用场景200个。", "落地人工智能应用场景200余项。", ["met"]),
        ("打造人工智能应用场景100个以上。", "打造百余个人工智能应用场景。", ["met"]),
        ("打造人工智能应用场景200个。", "打造人工智能应用场景超过230个。", ["met"]),
        ("人工智能企业达到300家。", "人工智能企业突破320家。", ["met"]),
        ("新增智能算力1.5万P。", "新增智能算力1.6万P。", ["met"]),
        ("培育人工智能企业100家。", "新增人工智能企业130家。", ["met"]),
        ("培育人工智能企业100家。", "新增人工智能企业80家。", ["not_reported"]),
        (
            "新增人工智能企业100家、人工智能平台5个。",
            "新增人工智能企业110家、人工智能平台6个。",
            ["met", "met"],
        ),
        ("新增人工智能企业100家。", "新增备案大模型9个、人工智能企业达120家。", ["not_reported"]),
        # Counts of several years, of another thing, of one place.
        ("培育人工智能企业100家。", "培育人工智能企业520家。", ["not_reported"]),
        ("培育人工智能企业300家。", "8家人工智能企业入选国家名单。", ["not_reported"]),
        ("人工智能产业规模达到3000亿元。", "人工智能产业人均产值达到2000亿元。", ["not_reported"]),
        # A round number is the lower end of a range; another basis may meet the target.
        ("智能算力规模达到9500P。", "智能算力规模突破9000P。", ["not_reported"]),
        ("智能算力规模达到9500P。", "智能算力规模达到9000P。", ["missed"]),
        ("人工智能产业产值增长10%。", "人工智能产业产值增长8%、同口径增长11%。", ["not_reported"]),
        ("人工智能产业产值增长10%。", "人工智能产业产值增长8%，同口径增速达标。", ["not_reported"]),
        # From one level to another.
        (
            "企业人工智能普及率达到60%。",
            "企业人工智能普及率从2021年的20%提升到2025年的61%。",
            ["met"],
        ),
        (
            "企业人工智能普及率达到60%。",
            "企业人工智能普及率从2021年的20%提升到2025年的55%。",
            ["missed"],
        ),
    ],
)
def test_a_review_meets_a_target_in_its_own_words(promise, review, verdicts_):
    assert verdicts(promise, review) == verdicts_


PAIRS = [
    line.split("\t")
    for line in Path(__file__)
    .with_name("fulfilment_pairs.tsv")
    .read_text(encoding="utf-8")
    .splitlines()
    if not line.startswith("#")
]


def test_a_number_far_off_counts_and_one_that_counts_others_does_not():
    wrong = [
        (verdict, found[0], promise, review)
        for verdict, promise, review in PAIRS
        if (found := verdicts(promise, review))[0] != verdict
    ]
    assert wrong == []


def test_a_generic_name_that_names_a_thing_is_judged():
    promise = "数据中心上架率达到70%。"
    assert verdicts(promise, "数据中心上架率达到60%。") == ["missed"]
    assert verdicts(promise, "上架率达到60%。") == ["not_reported"]


@pytest.mark.parametrize(
    ("reached", "verdict"),
    [("1万P", "missed"), ("1.3万P", "not_reported"), ("1.2万P", "missed")],
)
def test_a_number_that_is_exceeded_is_not_exceeded_by_far(reached, verdict):
    assert verdicts("算力规模达到1.35万P。", f"算力规模突破{reached}。") == [verdict]


def test_a_likeness_that_contradicts_the_metric_shows_nothing():
    promise = said("培育备案大模型20个。", target("备案大模型", 20, "个"))
    same = achieved("备案大模型18个。", target("备案大模型", 18, "个"))
    near = achieved("国家备案大模型21个。", target("国家备案大模型", 21, "个"))
    assert assess_fulfilment([promise], [same], due=2025)[0].verdict is Verdict.MISSED
    assert assess_fulfilment([promise], [same, near], due=2025)[0].verdict is Verdict.NOT_REPORTED


def test_growth_shows_in_two_levels_but_a_target_is_not_missed_on_them():
    promise = said("算力规模翻番。", target("算力规模", 1, "倍", op=Op.INCREASE_BY))
    before = achieved("算力规模达8000P。", target("算力规模", 8000), year=2024)
    for value, verdict in ((17000, Verdict.MET), (12000, Verdict.NOT_REPORTED)):
        after = achieved(f"算力规模达{value}P。", target("算力总规模", value))
        assert assess_fulfilment([before, promise], [after], due=2025)[0].verdict is verdict


def test_numbers_of_a_list_are_compared_in_their_order():
    promise = said(
        "智算和超算利用率分别达到60%、80%。",
        target("算力利用率", 60, "%"),
        target("算力利用率", 80, "%"),
    )
    review = achieved(
        "智算和超算利用率分别达到55%、82%。",
        target("算力利用率", 55, "%"),
        target("算力利用率", 82, "%"),
    )
    found = assess_fulfilment([promise], [review], due=2025)
    assert [one.verdict for one in found] == [Verdict.MISSED, Verdict.MET]


def test_a_place_of_the_promise_has_to_be_in_the_review():
    promise = said("长沙市加快建设，智能算力达5000P。", target("智能算力", 5000))
    review = achieved("智能算力达4800P。", target("智能算力", 4800))
    assert assess_fulfilment([promise], [review], due=2025)[0].verdict is Verdict.NOT_REPORTED


def test_sentences_about_other_subjects_are_evidence_for_the_same_metric_only():
    promise = said("深化“人工智能+”，数字经济增加值增长10%。", growth("数字经济增加值", 10))
    for metric, value, verdict in (
        ("数字经济增加值", 11, Verdict.MET),
        ("数字经济增加值", 8, Verdict.MISSED),
        ("数字经济增加值占比", 11, Verdict.NOT_REPORTED),
        ("数字经济新增加值", 11, Verdict.NOT_REPORTED),
    ):
        other = said(f"{metric}增长{value}%。", growth(metric, value), label=Label.OTHER)
        assert assess_fulfilment([promise], [], due=2025)[0].verdict is Verdict.NOT_REPORTED
        (found,) = assess_fulfilment([promise], [], due=2025, others=[other])
        assert found.verdict is verdict
        assert found.achievement is (other if verdict is not Verdict.NOT_REPORTED else None)


def growth(metric, value):
    return target(metric, value, "%", op=Op.INCREASE_BY)


def test_review_sentences_are_those_about_other_subjects_with_numbers():
    text = (
        "政府工作报告\n一、2025年工作回顾\n过去一年，我们取得新成绩。算力规模达到9000P。"
        "数字经济增加值增长11%。\n二、2026年重点工作\n今年要重点做好以下工作。粮食产量500亿斤。"
    )
    statements = extract(text, REVIEW, TOPICS)
    (one,) = review_sentences(text, REVIEW, statements)
    assert (one.text, one.label, one.year) == ("数字经济增加值增长11%。", Label.OTHER, 2025)
    assert [(item.metric, item.value) for item in one.targets] == [("数字经济增加值", 11)]
    assert text[one.start : one.end] == one.text

"""Links between the plans of two years: by examples, and on judged pairs of real reports."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.comparison.compare import compare
from monitor.comparison.cues import general_actions
from monitor.comparison.succession import link_evidence
from monitor.comparison.year_links import (
    FEATURES,
    PlanSentence,
    find_links,
    link_model,
    propose_links,
)
from monitor.extraction.extract import extract, plan_sentences
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis, Certainty, Kind
from monitor.model.statements import Label, Speaker, Statement

OTHERS = [
    "新建改建农村公路300公里。",
    "办好十件民生实事，新增公办园学位8000个。",
    "实施黑土地保护工程，建设高标准农田60万亩。",
    "推动文旅深度融合，打造两条精品旅游线路。",
]


def statement(text, start, *, label=Label.COMMITMENT, themes=("compute",)):
    return Statement(
        text, start, start + len(text), label, Speaker.GOVERNMENT, "宁夏", 2025, themes
    )


def plan(*texts, others=OTHERS):
    """A plan whose first sentences are about the topic, and the others not."""
    found = []
    for number, text in enumerate((*texts, *others)):
        in_scope = number < len(texts)
        one = statement(text, number * 100)
        if not in_scope:
            one = replace(one, label=Label.OTHER, themes=())
        found.append(PlanSentence(one, in_scope))
    return found


def linked(before, after):
    return {(one.before, one.after) for one in find_links(before, after, link_model()).links}


def test_the_same_named_project_in_other_words_is_linked():
    before = plan("开工建设“沙湖”智算中心，发放算力券支持中小企业用算。", "举办青少年机器人大赛。")
    after = plan("推动“沙湖”智算中心投产运营，扩大算力券发放范围。", "培养人工智能教师500名。")
    assert (0, 0) in linked(before, after)
    assert (1, 1) not in linked(before, after)


def test_one_promise_goes_on_in_two_sentences():
    before = plan("开展“人工智能+”行动和“数据要素×”行动，培育数据标注产业。")
    after = plan(
        "深入开展“人工智能+”行动，推广行业大模型。", "开展“数据要素×”行动，做大数据标注产业。"
    )
    assert linked(before, after) == {(0, 0), (0, 1)}


def test_a_promise_goes_on_without_its_word_for_the_topic():
    before = plan("用人工智能改造城市治理，建设全域“一屏统览”平台，接入供水、供热、燃气数据。")
    after = plan(others=["建设全域“一屏统览”平台，接入供水、供热、燃气数据。", *OTHERS])
    (change,) = compare(
        [before[0].statement],
        [],
        Basis.SUCCESSION,
        plans=([], [one.statement for one in after]),
    )
    assert change.kind is not Kind.DROPPED
    assert change.after is after[0].statement
    assert change.statement is before[0].statement


def test_a_theme_in_common_is_no_link():
    before = plan("建设智算中心二期，开展无人配送试点。")
    after = plan("成立人工智能研究院，普及中小学编程教育。")
    assert linked(before, after) == set()


def test_what_stands_alone_names_the_nearest_sentence_and_whether_it_is_sure():
    before = plan("建设智算中心二期，开展无人配送试点。")
    after = plan("成立人工智能研究院，普及中小学编程教育。")
    dropped = next(
        change
        for change in compare(
            [before[0].statement],
            [after[0].statement],
            Basis.SUCCESSION,
            plans=([one.statement for one in before[1:]], [one.statement for one in after[1:]]),
        )
        if change.kind is Kind.DROPPED
    )
    assert dropped.certainty is Certainty.SURE
    assert dropped.score is not None
    assert link_model().alone.is_sure((dropped.score, dropped.score), later=False)


def test_the_better_the_best_candidate_the_less_sure_a_sentence_stands_alone():
    alone = link_model().alone
    by_scope = [alone.probability((one, 0.0), later=False) for one in (0.0, 0.1, 0.4, 1.0)]
    others = [alone.probability((0.0, one), later=True) for one in (0.0, 0.1, 0.4, 1.0)]
    assert by_scope == sorted(by_scope, reverse=True)
    assert others == sorted(others, reverse=True)
    assert alone.is_sure((0.0, 0.0), later=False)
    assert not alone.is_sure((0.4, 0.0), later=True)


def test_the_evidence_of_a_link_names_what_the_model_weighed():
    before = [
        statement("建设智算中心二期，算力规模达到300P。", 0),
        statement("培育数据标注产业。", 40),
    ]
    after = [statement("建成智算中心二期，算力规模突破400P。", 0)]
    changes = compare(before, after, Basis.SUCCESSION)
    evidence = link_evidence(changes, before, after, ((), ()))
    (linked,) = (
        one for change, one in zip(changes, evidence, strict=True) if change.before is before[0]
    )
    assert linked is not None
    weights = [abs(contribution) for _, _, contribution in linked.weighed]
    assert {name for name, _, _ in linked.weighed} == set(FEATURES)
    assert weights == sorted(weights, reverse=True)
    # The contributions are the decision: with the intercept they give the probability.
    score = link_model().intercept + sum(one for _, _, one in linked.weighed)
    assert linked.probability == pytest.approx(1 / (1 + math.exp(-score)))


def test_sentences_with_the_same_words_need_no_evidence():
    same = [statement("建设智算中心二期。", 0)]
    changes = compare(same, same, Basis.SUCCESSION)
    (evidence,) = link_evidence(changes, same, same, ((), ()))
    assert evidence is not None
    assert (evidence.probability, evidence.weighed) == (1.0, ())


def test_a_number_beside_a_promise_that_goes_on_is_no_strength_of_it():
    # The new number is for something that the old sentence did not name.
    before = [statement("持续推进“人工智能+”行动，推广行业大模型。", 0)]
    after = [statement("持续推进“人工智能+”行动，推广行业大模型，招引光伏企业30家。", 0)]
    (change,) = compare(before, after, Basis.SUCCESSION)
    assert change.kind in {Kind.REWORDED, Kind.CONTINUED}


def test_every_feature_of_the_model_has_a_weight_and_its_record_is_kept():
    model = link_model()
    assert len(model.weights) == len(model.means) == len(model.scales) == len(FEATURES)
    assert all(scale > 0 for scale in model.scales)


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("深入实施“人工智能+”行动，培育20家服务商。", {"人工智能"}),
        ("深化拓展“人工智能+”，每年安排专项资金。", {"人工智能"}),
        ("推进“人工智能+”“数据要素×”行动。", {"人工智能", "数据要素"}),
        ("推进“人工智能＋”和“数据要素×”专项行动。", {"人工智能", "数据要素"}),
        # A scanned report.
        ("全面落实“人工智能十”行动。", {"人工智能"}),
        ("开展AI+行动。", {"人工智能"}),
        ("推进“人工智能+医疗”。", set()),
        ("推广“人工智能+”产品。", set()),
        ("推动“人工智能+”医疗行动。", set()),
        ("提升“一号工程”。", set()),
    ],
)
def test_the_general_sentence_of_an_action_is_told_from_those_of_one_field(text, actions):
    assert general_actions(text) == actions


def test_general_sentences_of_one_action_are_one_promise_whatever_else_they_name():
    before = plan(
        "落实“人工智能+”行动，打造工业母机智能化应用场景，组建产业联盟。",
        "推广“人工智能+医疗”辅助诊断。",
    )
    after = plan(
        "深化拓展“人工智能+”，三年投入60亿元引导社会资本参与。",
        "推进“人工智能+”文旅，办好智能体大赛。",
    )
    found = linked(before, after)
    assert (0, 0) in found
    assert not {(0, 1), (1, 0)} & found


words = st.sampled_from(
    ["算力", "智算中心", "大模型", "公路", "农田", "“沙湖”", "建设", "5个", "，"]
)
sentences = st.lists(words, min_size=2, max_size=9).map("".join)
plans = st.lists(sentences, max_size=6, unique=True)


@given(plans, plans)
def test_features_are_the_same_in_both_directions(before, after):
    there = propose_links(plan(*before, others=[]), plan(*after, others=[]))
    back = {
        (i, j): features
        for j, i, features in propose_links(plan(*after, others=[]), plan(*before, others=[]))
    }
    assert len(there) == len(back)
    for i, j, features in there:
        assert features == pytest.approx(back[i, j])


def test_a_sentence_with_the_same_words_is_no_candidate_for_another():
    before = plan("办好全区算力产业对接会。", "发放算力补贴券。")
    after = plan("办好全区算力产业对接会。", "成立机器人协会。")
    assert linked(before, after) == {(0, 0)}


@pytest.mark.slow
def test_clear_links_of_real_reports_are_found(shared):
    """Guards the limits on judged pairs. The model was trained on them: cross-validated figures,
    which tell what to expect elsewhere, are in its record and in docs/explanation/comparing.md.
    """
    folder = shared / "links"
    if not folder.is_dir():
        pytest.skip("../shared/links is not there")
    links, pairs = (
        [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        for name in ("links.jsonl", "pairs.jsonl")
    )
    topics = load_topics()
    clear = found = told = right = 0
    for pair in pairs:
        sides = [
            read_plan(folder / "texts" / pair[side], pair["region"], topics)
            for side in ("old_doc", "new_doc")
        ]
        shown = [
            (sides[0][one.before].statement, sides[1][one.after].statement)
            for one in find_links(*sides, link_model()).links
        ]
        judged = [one for one in links if one["old_doc"] == pair["old_doc"]]
        hits = [
            [one for one in judged if is_same(old, one["old"]) and is_same(new, one["new"])]
            for old, new in shown
        ]
        told += len(shown)
        right += sum(map(bool, hits))
        wanted = [one for one in judged if one["grade"] == "clear"]
        clear += len(wanted)
        found += sum(any(one in some for some in hits) for one in wanted)
    assert found / clear >= 0.75
    assert right / told >= 0.92


def read_plan(path, region, topics):
    text = path.read_text(encoding="utf-8")
    provenance = replace(infer_provenance(text, title="", url=None, region=region), region=region)
    statements = extract(text, provenance, topics)
    found = [PlanSentence(one, True) for one in statements if one.label is Label.COMMITMENT]
    found += [PlanSentence(one, False) for one in plan_sentences(text, provenance, statements)]
    return sorted(found, key=lambda one: one.statement.start)


def is_same(statement, span):
    shared = min(statement.end, span["end"]) - max(statement.start, span["start"])
    return shared * 2 > min(statement.end - statement.start, span["end"] - span["start"])

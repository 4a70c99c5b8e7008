"""Which changes a rule wants, and why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.alerts import Recipient
from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.statements import Label, Op, Speaker, Statement, Target
from monitor.rules.loader import load_rules
from monitor.rules.matcher import as_added_change, explain_match, on_statements


def said(text="全省算力规模突破190Eflops。", region="贵州省", value=190.0, **other):
    fields = {
        "label": Label.COMMITMENT,
        "speaker": Speaker.GOVERNMENT,
        "year": 2026,
        "themes": ("compute",),
        "targets": (Target("全省算力规模", Op.AT_LEAST, value, "Eflops", None, "突破"),),
    } | other
    return Statement(text=text, start=0, end=len(text), region=region, **fields)


def change(after=None, before=None, kind=Kind.STRENGTHENED, basis=Basis.REVISION, deltas=None):
    after = after or (None if before else said())
    shown = after or before
    if deltas is None:
        deltas = (Delta("全省算力规模", "Eflops", 160, 190),)
    return Change(kind, basis, shown.region, before, after, deltas, 0.9)


@pytest.fixture
def rule(tmp_path):
    def make(body):
        path = tmp_path / "r.yaml"
        path.write_text(f"rules:\n  - id: one\n    name: 一\n{body}", encoding="utf-8")
        return load_rules([path])

    return make


@pytest.mark.parametrize(
    ("speakers", "fields", "wanted"),
    [
        ("工信部", {"source_name": "工业和信息化部"}, True),
        ("工信部", {"source_name": "教育部、工业和信息化部"}, True),
        ("工信部", {"source_name": "教育部"}, False),
        ("工信部", {"source_name": None}, False),
        ("工信部", {"source_name": "《工业和信息化部算力行动计划》"}, False),
        ("[工信部, ministry]", {"source_name": "教育部"}, True),
        ("[government, ministry, delegate, expert, enterprise, media]", {}, True),
        ("[government, ministry, delegate, expert, enterprise, 工信部]", {}, True),
        ("[delegate, expert, enterprise, media, 工信部, 教育部]", {}, False),
    ],
)
def test_a_rule_asks_for_an_office_by_name(rule, speakers, fields, wanted):
    found = change(said(region="全国", **({"speaker": Speaker.MINISTRY} | fields)))
    assert bool(rule(f"    speakers: {speakers}\n").match(found)) is wanted


@pytest.mark.parametrize(
    ("source", "region", "wanted"),
    [
        ("贵州省人民政府", "贵州省", True),
        (None, "贵州省", True),
        ("《贵州省算力行动方案》", "贵州省", True),
        ("贵州省大数据局", "贵州省", False),
        (None, "贵阳市", False),
    ],
)
def test_what_a_region_promises_without_an_office_is_its_governments(rule, source, region, wanted):
    found = change(said(region=region, source_name=source))
    assert bool(rule("    speakers: [贵州省政府]\n").match(found)) is wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("", True),
        ("    regions: [贵州]\n", True),
        ("    regions: [甘肃]\n", False),
        ("    themes: [compute, chips]\n", True),
        ("    themes: [chips]\n", False),
        ("    kinds: [weakened]\n", False),
        ("    basis: [succession]\n", False),
        ("    labels: [proposal]\n", False),
        ("    speakers: [delegate]\n", False),
        ("    years: [2026]\n", True),
        ("    years: [2025]\n", False),
        ("    sources: [guizhou]\n", True),
        ("    sources: [gansu]\n", False),
        ("    topics: [ai_computing]\n", True),
        ("    topics: [storage]\n", False),
        ("    keywords: {any: [算力, 芯片]}\n", True),
        ("    keywords: {any: [芯片]}\n", False),
        ("    keywords: {all: [算力, ＥＦＬＯＰＳ]}\n", True),
        ("    keywords: {all: [算力, 芯片]}\n", False),
        ("    keywords: {none: [算力]}\n", False),
        ("    keywords: {none: [芯片]}\n", True),
        ("    regex: ['突破\\d+eflops']\n", True),
        ("    regex: ['突破\\d+张']\n", False),
        ("    targets: {metric: 算力, unit: P, at_least: 150000}\n", True),
        ("    targets: {metric: 算力, unit: P, at_least: 200000}\n", False),
        ("    targets: {unit: Eflops, at_most: 190}\n", True),
        ("    targets: {unit: 家}\n", False),
        ("    targets: {metric: 数据中心}\n", False),
        ("    targets: {relative_change: 18.75}\n", True),
        ("    targets: {relative_change: 19}\n", False),
    ],
)
def test_each_condition(rule, body, wanted):
    rules = rule(body)
    assert bool(rules.match(change(), source_id="guizhou")) is wanted
    reason = explain_match(rules.rules[0], change(), source_id="guizhou")
    assert (reason is None) is wanted


SENTENCE = "建成 ２６０Ｅｆｌｏｐｓ　智能算力（含租用），打造“数\u200b據港”。"


@pytest.mark.parametrize("text", [SENTENCE, "建成260eflops智能算力(含租用),打造“数据港”。"])
@pytest.mark.parametrize(
    "condition",
    [
        "keywords: {any: ['260EFLOPS']}",
        "keywords: {any: [２６０ｅｆｌｏｐｓ]}",
        "keywords: {any: [數據港]}",
        'keywords: {any: ["数 据\u200b港"]}',
        "keywords: {all: ['\"数据港\"']}",
        "keywords: {any: ['「數據港」']}",
        "keywords: {any: ['（含租用），打造']}",
        "keywords: {any: ['(含租用),打造']}",
        "regex: ['２６０']",
        "regex: ['^建成\\d+ Eflops']",
        "regex: ['數據港”。$']",
        "regex: ['“数据港”']",
        "regex: ['（含租用）[,；]']",
        "regex: ['\\(含.*?\\)，']",
        "regex: ['[０-９]{3}[Ａ-Ｚ]flops']",
        "regex: ['[一-龥]據']",
        "regex: ['\\Q(含租用)，\\E']",
        "targets: {metric: 智能算力規模, unit: ｅ, at_least: 260}",
        "targets: {metric: 算力, unit: 万P, at_most: 26}",
    ],
)
def test_both_sides_are_folded_alike(rule, condition, text):
    metric = Target("智能算力规模", Op.REACH, 260.0, "Eflops", None, "")
    found = change(before=said("旧。"), after=said(text, targets=(metric,)), deltas=())
    (one,) = rule(f"    {condition}\n").rules
    assert explain_match(one, found) is None


def test_words_do_not_run_from_one_sentence_into_the_other(rule):
    found = change(before=said("建设算"), after=said("力图发展"))
    assert not rule("    keywords: {any: [算力]}\n").match(found)


def test_statements_that_stand_are_asked_for_no_kind(rule):
    rules = rule(
        "    kinds: [weakened]\n    basis: [succession]\n"
        "    targets: {metric: 算力, relative_change: 10}\n"
    )
    stands = as_added_change(said())
    assert not rules.match(stands)
    assert on_statements(rules).match(stands)
    assert not on_statements(rules).match(as_added_change(said(region="甘肃省", targets=())))


def test_the_reason_names_the_condition(rule):
    (one,) = rule("    regions: [甘肃]\n").rules
    assert explain_match(one, change()) == "regions: 贵州省 is none of 甘肃省"


def test_a_province_includes_its_prefectures(rule):
    rules = rule("    regions: [广东]\n")
    assert rules.match(change(said(region="深圳市")))
    assert not rule("    regions: [深圳]\n").match(change(said(region="广东省")))


@pytest.mark.parametrize("region", ["安徽", "合肥", "合肥市"])
def test_a_county_is_in_its_city_and_its_province(rule, region):
    rules = rule(f"    regions: [{region}]\n")
    assert rules.match(change(said(region="合肥市蜀山区")))
    assert not rules.match(change(said(region="某区")))


def test_a_dropped_sentence_is_found_by_the_words_it_had(rule):
    rules = rule("    keywords: {any: [算力]}\n    kinds: [dropped]\n")
    assert rules.match(change(before=said(), kind=Kind.DROPPED))


def test_words_that_were_taken_out_still_count(rule):
    rules = rule("    keywords: {any: [算力券]}\n")
    assert rules.match(change(said(), said("发放算力券。")))


def test_continued_is_sent_only_to_subscribers_of_it(rule):
    carried = change(said(), said(), kind=Kind.CONTINUED, deltas=())
    assert not rule("").match(carried)
    assert rule("    kinds: [continued]\n").match(carried)


UNSURE = replace(
    change(before=said(), kind=Kind.DROPPED, basis=Basis.SUCCESSION),
    score=0.3,
    nearest_text="推进算力枢纽建设。",
    certainty=Certainty.UNSURE,
)


def test_what_is_not_sure_is_sent_only_to_subscribers_of_it(rule):
    assert not rule("").match(UNSURE)
    (one,) = rule("    certainty: sure\n").rules
    assert explain_match(one, UNSURE) == "certainty: unsure is none of sure"
    assert rule("    certainty: any\n").match(UNSURE)


def test_what_is_sure_is_sent_to_all(rule):
    sure = replace(UNSURE, certainty=Certainty.SURE)
    for body in ("", "    certainty: sure\n", "    certainty: any\n"):
        assert rule(body).match(sure)
        assert rule(body).match(change())


def test_a_match_carries_chats_and_priority(rule):
    (match,) = rule("    priority: 7\n    then: {chats: [5, -6, 5]}\n").match(change())
    assert (match.rule_id, match.priority) == ("one", 7)
    assert match.recipients == (Recipient(5), Recipient(-6))


@pytest.mark.slow
def test_ten_thousand_rules_are_one_set(tmp_path):
    body = "".join(
        f"  - {{id: r{i}, name: x, keywords: {{any: [词{i}, 算力{i}]}}}}\n" for i in range(10_000)
    )
    path = tmp_path / "r.yaml"
    path.write_text("rules:\n" + body, encoding="utf-8")
    rules = load_rules([path])
    # 算力7 is a part of 算力77: both stand in the text.
    found = rules.match(change(said("建设算力77中心，词3。")))
    assert [match.rule_id for match in found] == ["r3", "r7", "r77"]


SHIPPED = load_rules([Path(__file__).resolve().parents[2] / "rules"])
texts = st.text(max_size=60)


@given(texts, st.none() | st.sampled_from(["贵州省", "深圳市", "nowhere", "全国"]), st.floats())
def test_no_change_is_too_odd_to_be_matched(text, region, value):
    odd = change(said(text or "。", region=region, value=value), deltas=())
    for match in SHIPPED.match(odd):
        assert match.rule_id

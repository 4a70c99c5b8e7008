"""A verdict on a target is a change of the log: told once, to those who ask for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.audit import verify_snapshot
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.messages.change_text import change_spans, headline
from monitor.messages.richtext import Message
from monitor.model.changes import Basis, Delta, Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Label, Speaker
from monitor.parser_process import ParserProcess
from monitor.rules.loader import load_rules
from monitor.rules.matcher import RuleSet
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.commitments import commitment_of_change
from monitor.storage.provenance import provenance_of_changes

NOW = datetime(2026, 2, 1, tzinfo=UTC)
PLAN = (
    "一、2024年工作回顾\n全省算力规模达到15万P。\n二、2025年重点任务\n全省算力规模突破20万P。"
    "培育人工智能企业100家。开放高质量数据集50个。"
)
REVIEW = (
    "一、2025年工作回顾\n全省算力规模达到22万P。培育人工智能企业90家。\n"
    "二、2026年重点任务\n全省算力规模突破30万P。"
)
RULES = """
rules:
  - {id: plain, name: 一, then: {chats: [1]}}
  - {id: kinds, name: 二, kinds: [met, missed], then: {chats: [2]}}
  - {id: basis, name: 三, basis: [fulfilment], then: {chats: [3]}}
  - {id: silent, name: 四, kinds: [not_reported], then: {chats: [4]}}
  - {id: growth, name: 五, kinds: [met], targets: {unit: P, at_least: 210000}, then: {chats: [5]}}
  - {id: elsewhere, name: 六, regions: [甘肃], basis: [fulfilment], then: {chats: [6]}}
  - {id: both, name: 七, basis: [succession, fulfilment], then: {chats: [7]}}
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return load_rules([path])


def take(database, year, body, *, rules=None, known=None, baseline=False):
    provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "湖南省", year, title="报告")
    request = IngestRequest(
        Document(body),
        provenance,
        extract(body, provenance, load_topics()),
        FetchRecord(url=f"https://example.org/{year}"),
        document_id=known,
        baseline=baseline,
    )
    with database.write() as connection:
        return ingest(connection, request, rules=rules or RuleSet(()), now=NOW)


def verdicts(database):
    """The verdicts of the log, oldest first."""
    with database.read() as connection:
        found = list_changes(connection, limit=200)
    return [one for one in reversed(found) if one.change.basis is Basis.FULFILMENT]


def kinds(database):
    return [one.change.kind.value for one in verdicts(database)]


def matched(database):
    """The kinds of verdicts that each rule's recipients were sent."""
    query = (
        "SELECT rule_id, kind FROM alert_change JOIN change ON change.id = change_id"
        " WHERE basis = 'fulfilment' ORDER BY rule_id, kind"
    )
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_review_brings_a_line_for_each_target_that_was_due(database):
    take(database, 2025, PLAN)
    found = take(database, 2026, REVIEW)
    met, missed, silent = (one.change for one in verdicts(database))
    assert (met.kind, missed.kind, silent.kind) == (Kind.MET, Kind.MISSED, Kind.NOT_REPORTED)
    assert met.before is not None
    assert met.after is not None
    assert (met.before.text, met.after.text) == (
        "全省算力规模突破20万P。",
        "全省算力规模达到22万P。",
    )
    assert met.region == "湖南省"
    assert met.statement is met.before
    assert met.statement.label is Label.COMMITMENT
    (delta,) = met.deltas
    assert (delta.unit, delta.before, delta.after) == ("P", 200_000, 220_000)
    assert [(one.before, one.after) for one in missed.deltas] == [(100, 90)]
    assert (silent.after, silent.deltas[0].after) == (None, None)
    assert silent.deltas[0].before == 50
    assert {one.document_id for one in verdicts(database)} == {found.document_id}
    logged = [one for one in found.changes if one.basis is Basis.FULFILMENT]
    assert [one.kind for one in logged] == [Kind.MET, Kind.MISSED, Kind.NOT_REPORTED]


def test_only_a_rule_that_asks_is_sent_verdicts(database, rules):
    take(database, 2025, PLAN)
    assert take(database, 2026, REVIEW, rules=rules).alerts == 6
    assert matched(database) == [
        ("basis", "met"),
        ("basis", "missed"),
        ("both", "met"),
        ("both", "missed"),
        ("growth", "met"),
        ("kinds", "met"),
        ("kinds", "missed"),
        ("silent", "not_reported"),
    ]


@pytest.mark.parametrize("baseline", ["review", "plan"])
def test_history_is_logged_and_alerts_nobody(database, rules, baseline):
    reports = [(2025, PLAN), (2026, REVIEW)]
    if baseline == "plan":  # it comes when its review is there
        reports.reverse()
    for year, body in reports:
        take(database, year, body, rules=rules, baseline=baseline == "review")
    assert sorted(kinds(database)) == ["met", "missed", "not_reported"]
    assert matched(database) == []


def test_a_verdict_is_told_once_however_often_a_report_is_edited(database, rules):
    plan = take(database, 2025, PLAN)
    review = take(database, 2026, REVIEW).document_id
    take(database, 2026, REVIEW + "办好实事。", known=review, rules=rules)
    take(database, 2025, PLAN + "办好实事。", known=plan.document_id, rules=rules)
    assert kinds(database) == ["met", "missed", "not_reported"]
    assert matched(database) == []
    better = REVIEW.replace("90家", "105家")
    take(database, 2026, better, known=review, rules=rules)
    assert kinds(database) == ["met", "missed", "not_reported", "met"]
    assert ("kinds", "met") in matched(database)
    for body in (REVIEW, better):
        take(database, 2026, body, known=review, rules=rules)
    assert kinds(database) == ["met", "missed", "not_reported", "met"]


def test_an_edited_plan_is_judged_by_the_review_that_is_there(database, rules):
    plan = take(database, 2025, PLAN).document_id
    review = take(database, 2026, REVIEW).document_id
    take(database, 2025, PLAN.replace("100家", "80家"), known=plan, rules=rules)
    assert kinds(database) == ["met", "missed", "not_reported", "met"]
    assert {one.document_id for one in verdicts(database)} == {review}
    assert matched(database) == []


def test_two_targets_of_one_sentence_are_two_lines(database):
    plan = "二、2025年重点任务\n培育人工智能企业100家、机器人企业20家。"
    review = "一、2025年工作回顾\n经济平稳增长。\n二、2026年重点任务\n建设智算中心2座。"
    take(database, 2025, plan)
    take(database, 2026, review)
    assert kinds(database) == ["not_reported", "not_reported"]
    assert [one.change.deltas[0].before for one in verdicts(database)] == [100, 20]


def test_the_number_that_was_reached_is_in_the_unit_of_the_target(database):
    take(database, 2025, "二、2025年重点任务\n全省算力规模突破20Eflops。")
    take(database, 2026, REVIEW.replace("22万P", "22000P"))
    (line,) = verdicts(database)
    assert line.change.kind is Kind.MET
    (delta,) = line.change.deltas
    assert (delta.unit, delta.before, delta.after) == ("Eflops", 20, 22)


def test_a_report_whose_plan_was_not_found_judges_nothing(database):
    take(database, 2025, PLAN)
    unread = take(database, 2026, REVIEW.partition("二、")[0])
    assert kinds(database) == []
    take(database, 2026, REVIEW, known=unread.document_id)
    assert kinds(database) == ["met", "missed", "not_reported"]


@pytest.mark.parametrize("unread", [2025, 2026])
@pytest.mark.parametrize("order", [(2025, 2026), (2026, 2025)])
def test_a_report_that_is_read_right_later_brings_each_verdict_once(database, unread, order):
    texts = {2025: PLAN, 2026: REVIEW}
    ids = {}
    for year in order:
        body = texts[year].partition("二、")[0] if year == unread else texts[year]
        ids[year] = take(database, year, body).document_id
    assert kinds(database) == []
    for _ in range(2):
        for body in (texts[unread], texts[unread] + "办好实事。"):
            take(database, unread, body, known=ids[unread])
    assert kinds(database) == ["met", "missed", "not_reported"]
    assert audited(database) == []
    with database.read() as connection:
        shown = connection.execute(
            text(
                "SELECT verdict FROM target_fulfilment WHERE due = 2025 ORDER BY position, verdict"
            )
        )
        assert sorted(shown.scalars()) == ["met", "missed", "not_reported"]


def test_a_report_that_lost_its_plan_takes_no_verdict_back(database):
    """The page is read badly once, and then as it was."""
    take(database, 2025, PLAN)
    review = take(database, 2026, REVIEW).document_id
    take(database, 2026, REVIEW.partition("二、")[0] + "经济平稳增长。" * 9, known=review)
    take(database, 2026, REVIEW, known=review)
    assert kinds(database) == ["met", "missed", "not_reported"]
    assert audited(database) == []


@pytest.mark.parametrize("order", [(2025, 2026), (2026, 2025)])
def test_the_log_of_verdicts_can_be_recomputed(database, order):
    texts = {2025: PLAN, 2026: REVIEW}
    ids = {year: take(database, year, texts[year]).document_id for year in order}
    take(database, 2026, REVIEW.replace("90家", "105家"), known=ids[2026])
    take(database, 2026, REVIEW, known=ids[2026])
    take(database, 2025, PLAN.replace("50个", "60个"), known=ids[2025])
    assert len(verdicts(database)) == 4
    assert audited(database) == []


def audited(database):
    """What the audit finds wrong in the log."""
    with database.read() as connection:
        ids = connection.scalars(text("SELECT id FROM snapshot ORDER BY id")).all()
        found = [
            one
            for snapshot_id in ids
            for one in verify_snapshot(
                connection, snapshot_id, sources={}, topics=load_topics(), parser=ParserProcess()
            )
        ]
    return [one.what for one in found if one.step == "log"]


def test_a_verdict_that_does_not_follow_is_found(database):
    take(database, 2025, PLAN)
    found = take(database, 2026, REVIEW)
    assert found.document_id is not None
    copy = (
        "INSERT INTO change (detected_at, document_id, snapshot_id, kind, basis, region, topic,"
        " before_id, after_id, similarity, certainty, summary, identity)"
        " SELECT detected_at, document_id, snapshot_id, 'missed', basis, region, topic,"
        " before_id, after_id, similarity, certainty, summary, 'forged'"
        " FROM change WHERE kind = 'met'"
    )
    with database.write() as connection:
        connection.execute(text(copy))
    (what,) = audited(database)
    assert what.startswith("0 changes are not in the log, 1 of")


def test_a_verdict_is_shown_with_both_sentences_and_numbers(database):
    take(database, 2025, PLAN)
    take(database, 2026, REVIEW)
    met, missed, silent = (one.change for one in verdicts(database))
    assert headline(met, "zh") == "湖南 兑现：算力规模 承诺≥20万P，实际22万P"
    assert headline(met, "en") == "湖南 met: 算力规模 ≥200,000P promised, 220,000P reached"
    assert headline(missed, "en").startswith("湖南 missed: ")
    assert headline(silent, "zh").startswith("湖南 未见报告：")
    shown = Message(change_spans(met, "zh")).text
    assert "承诺：全省算力规模突破20万P。\n回顾：全省算力规模达到22万P。" in shown
    assert "湖南省政府 · 承诺" in shown
    assert "▲" not in shown
    assert "~" not in Message(change_spans(silent, "en")).text


def test_sql_and_evidence_show_the_commitment(database):
    take(database, 2025, PLAN)
    take(database, 2026, REVIEW)
    query = (
        "SELECT label, year, before_text, after_text, before_value, after_value, certainty"
        " FROM change_log WHERE kind = 'met'"
    )
    with database.read() as connection:
        (row,) = connection.execute(text(query))
        met = verdicts(database)[0]
        (proof,) = provenance_of_changes(connection, [met.id])
        assert proof.statement.text == "全省算力规模突破20万P。"
        assert commitment_of_change(connection, met.id) is not None
        (found,) = list_changes(connection, ChangeConditions(kinds=(Kind.MET,), words=("20万P",)))
    assert tuple(row) == (
        "commitment",
        2025,
        "全省算力规模突破20万P。",
        "全省算力规模达到22万P。",
        200_000,
        220_000,
        "sure",
    )
    assert found.id == met.id
    assert found.change.deltas == (Delta("全省算力规模", "P", 200_000, 220_000),)

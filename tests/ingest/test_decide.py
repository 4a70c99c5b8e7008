"""The decision on a page, by examples: no database, no network, no clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.decide import DecisionContext, decide
from monitor.ingest.plan import (
    MIRROR,
    NO_COMMITMENT,
    CurrentSnapshot,
    IngestPlan,
    IngestRequest,
    IngestState,
    KnownDocument,
    NewDocument,
    NewSnapshot,
    StatementRef,
    SuspectState,
)
from monitor.ingest.policy import SuspectPolicy
from monitor.model.changes import Basis, Kind, Verdict
from monitor.model.documents import (
    Document,
    DocumentKind,
    FetchRecord,
    Outcome,
    Provenance,
    StoredDocument,
    StoredSnapshot,
)
from monitor.model.statements import Speaker
from monitor.rules.loader import parse_rule
from monitor.rules.matcher import RuleSet

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HERE, ELSEWHERE = "http://province.example/report", "http://paper.example/report"
RULES = RuleSet((parse_rule("{regions: [江苏]}", rule_id="jiangsu", name="江苏"),))
CONTEXT = DecisionContext(RULES, NOW)
PLAN = (
    "政府工作报告\n各位代表：\n现在，我代表省人民政府，向大会报告工作，请予审议。\n"
    "一、2026年重点工作\n今年要重点做好以下工作。\n新建智算中心2座，培育人工智能企业100家以上。\n"
)
MORE = "支持高校开设人工智能专业10个。\n"
ARTICLE = "\n".join(
    f"江苏省将在第{number}个园区新建智算中心{number}座，{extra}。"
    for number, extra in enumerate(
        ("同步建设配套电网", "引进运营企业", "开放公共数据", "培养技术人才", "组织供需对接"),
        start=2,
    )
)


def provenance(kind=DocumentKind.REPORT, year=2026):
    return Provenance(kind, Speaker.GOVERNMENT, "江苏省", year, title="政府工作报告")


def request(text, *, kind=DocumentKind.REPORT, year=2026, url=HERE, **others):
    origin = provenance(kind, year)
    return IngestRequest(
        Document(text, title="政府工作报告"),
        origin,
        extract(text, origin, load_topics()),
        FetchRecord(url=url),
        **others,
    )


def known(text, *, document_id=1, kind=DocumentKind.REPORT, year=2026, url=HERE, earlier=()):
    """A stored document; its statements have the ids 100, 101 and so on."""
    statements = extract(text, provenance(kind, year), load_topics())
    document = StoredDocument(
        id=document_id,
        source_id=None,
        kind=kind,
        region="江苏省",
        year=year,
        title="政府工作报告",
        published=None,
        url=url,
        baseline=False,
        snapshot_id=10 * document_id,
        successor_id=None,
    )
    ids = tuple(range(100 * document_id, 100 * document_id + len(statements)))
    snapshot = StoredSnapshot(10 * document_id, text, statements, ids)
    return KnownDocument(document, snapshot, frozenset(earlier))


def visited(one, **others):
    """The state of an address whose document is known."""
    return IngestState(document=one.document, known=one, **others)


def test_an_unknown_page_is_a_new_document_with_all_statements_added():
    page = request(PLAN)
    plan = decide(page, IngestState(), CONTEXT)
    assert plan.new_document == NewDocument(provenance(), False, page.shingles.fingerprint)
    assert plan.snapshot == NewSnapshot()
    assert plan.current == CurrentSnapshot("政府工作报告", None)
    (added,) = plan.changes
    assert (added.change.kind, added.before, added.after) == (
        Kind.ADDED,
        None,
        StatementRef(position=0),
    )
    assert [match.rule_id for match in added.matches] == ["jiangsu"]


def test_what_was_published_before_its_source_was_watched_changes_nothing():
    plan = decide(request(PLAN, baseline=True), IngestState(), CONTEXT)
    assert plan.new_document is not None
    assert plan.new_document.baseline
    assert plan.changes == ()


@pytest.mark.parametrize("copied", ["the same text", "an abridgement"])
def test_a_copy_elsewhere_writes_nothing(copied):
    report = known(PLAN + MORE)
    if copied == "the same text":
        page, state = request(PLAN + MORE, url=ELSEWHERE), IngestState(same_text=report.document)
    else:
        page = request(PLAN, url=ELSEWHERE)
        state = IngestState(reports={("江苏省", 2026): report})
    assert decide(page, state, CONTEXT) == IngestPlan(document_id=1, reason=MIRROR)


def test_the_first_address_of_a_document_from_a_file_is_attached_to_it():
    report = known(PLAN, url=None)
    plan = decide(request(PLAN), IngestState(same_text=report.document), CONTEXT)
    assert (plan.document_id, plan.reason, plan.move_home) == (1, MIRROR, True)
    assert plan.snapshot == NewSnapshot()
    assert plan.changes == ()


def test_the_whole_report_after_its_excerpt_becomes_its_text():
    excerpt = known(PLAN, url=ELSEWHERE)
    state = IngestState(reports={("江苏省", 2026): excerpt})
    plan = decide(request(PLAN + MORE), state, CONTEXT)
    assert (plan.document_id, plan.move_home) == (1, True)
    assert [(one.change.kind, one.change.statement.text) for one in plan.changes] == [
        (Kind.ADDED, MORE.strip())
    ]


def test_what_a_document_said_before_is_not_new_in_a_copy_of_it():
    corrected = known(PLAN, url=HERE, earlier=[MORE.strip()])
    page = request(PLAN + MORE, url=ELSEWHERE, document_id=1)
    assert decide(page, visited(corrected), CONTEXT).reason == MIRROR


def test_a_second_report_of_a_year_is_kept_outside_of_the_series():
    other = (
        "江苏省2026年政府工作报告\n一、2026年重点工作\n建设数据交易所1家，发放算力券2亿元。\n" * 3
    )
    state = IngestState(reports={("江苏省", 2026): known(PLAN)})
    plan = decide(request(other, url=ELSEWHERE), state, CONTEXT)
    assert plan.new_document is not None
    assert plan.new_document.provenance.kind is DocumentKind.PAGE


def test_an_edit_is_compared_with_the_text_before():
    plan = decide(request(PLAN.replace("2座", "1座"), document_id=1), visited(known(PLAN)), CONTEXT)
    (weakened,) = plan.changes
    assert weakened.change.kind is Kind.WEAKENED
    assert (weakened.before, weakened.after) == (
        StatementRef(row_id=100),
        StatementRef(position=0),
    )
    assert not plan.move_home


def test_a_report_is_compared_with_the_one_of_the_year_before_and_linked_to_it():
    last_year = known(PLAN.replace("2026", "2025"), document_id=2, year=2025)
    state = IngestState(reports={("江苏省", 2025): last_year})
    plan = decide(request(PLAN.replace("2座", "5座")), state, CONTEXT)
    assert plan.predecessor_id == 2
    assert {one.change.basis for one in plan.changes} == {Basis.SUCCESSION}
    assert {one.before.row_id for one in plan.changes if one.before} == {200}


@pytest.mark.parametrize("compared", [False, True])
def test_a_late_report_is_logged_once_against_its_successor_without_alerts(compared):
    newer = known(PLAN.replace("2026", "2027"), document_id=3, year=2027)
    state = IngestState(
        reports={("江苏省", 2027): newer}, compared=frozenset({30} if compared else ())
    )
    plan = decide(request(PLAN.replace("2座", "1座")), state, CONTEXT)
    assert plan.successor_id == 3
    assert plan.new_document is not None
    assert plan.new_document.baseline
    assert plan.changes == ()
    if compared:
        assert plan.successor_changes is None
        return
    assert plan.successor_changes is not None
    (logged,) = plan.successor_changes.changes
    assert logged.matches == ()
    assert (logged.before, logged.after) == (StatementRef(position=0), StatementRef(row_id=300))


@pytest.mark.parametrize("first", ["the plan", "the review"])
def test_a_target_is_assessed_when_the_second_of_plan_and_review_comes(first):
    plan_text = "一、2025年重点任务\n全省算力规模突破8000P。"
    review_text = (
        "一、2025年工作回顾\n全省算力规模突破8200P。\n二、2026年重点任务\n建设智算中心2座。"
    )
    if first == "the plan":
        stored, page = known(plan_text, document_id=2, year=2025), request(review_text)
        commitment, achievement = StatementRef(row_id=200), StatementRef(position=0)
    else:
        stored, page = known(review_text, document_id=2), request(plan_text, year=2025)
        commitment, achievement = StatementRef(position=0), StatementRef(row_id=200)
    state = IngestState(reports={("江苏省", stored.document.year): stored})
    (verdict,) = decide(page, state, CONTEXT).verdicts
    assert (verdict.verdict, verdict.due, verdict.achieved) == (Verdict.MET, 2025, 8200)
    assert (verdict.commitment, verdict.achievement) == (commitment, achievement)
    assert verdict.review_id == (None if first == "the plan" else 20)


def test_an_article_that_repeats_a_report_corroborates_it():
    report = known(PLAN, document_id=2)
    text = "江苏省政府工作报告提出，新建智算中心2座，培育人工智能企业100家以上。"
    state = IngestState(reports={("江苏省", 2026): report})
    plan = decide(request(text, kind=DocumentKind.NEWS, url=ELSEWHERE), state, CONTEXT)
    assert plan.changes == ()
    (link,) = plan.corroborations
    assert (link.statement, link.commitment) == (
        StatementRef(position=0),
        StatementRef(row_id=200),
    )


def test_a_reprint_with_an_editors_line_is_a_copy_and_what_is_longer_adds_the_rest():
    article = known(ARTICLE, kind=DocumentKind.NEWS)
    state = IngestState(similar=(article,))
    reprint = request(f"来源：省工信厅\n{ARTICLE}", kind=DocumentKind.NEWS, url=ELSEWHERE)
    assert decide(reprint, state, CONTEXT).reason == MIRROR
    more = "江苏省还将发放算力券2亿元。"
    longer = request(f"{ARTICLE}\n{more}", kind=DocumentKind.NEWS, url=ELSEWHERE)
    plan = decide(longer, state, CONTEXT)
    assert plan.new_document is not None
    assert [one.change.statement.text for one in plan.changes] == [more]
    assert {link.share for link in plan.corroborations} == {1.0}
    assert len(plan.corroborations) == len(article.snapshot.statements)


def test_the_same_words_a_season_later_are_another_article():
    article = known(ARTICLE, kind=DocumentKind.NEWS)
    article = replace(article, document=replace(article.document, published=date(2026, 1, 1)))
    page = request(ARTICLE + "\n", kind=DocumentKind.NEWS, url=ELSEWHERE)
    page = replace(page, document=replace(page.document, published=date(2026, 3, 1)))
    plan = decide(page, IngestState(similar=(article,)), CONTEXT)
    assert plan.new_document is not None
    assert plan.corroborations == ()


def test_a_text_that_shrank_is_suspect_and_kept_once():
    report = known(PLAN + MORE)
    first = decide(request("维护中", document_id=1), visited(report), CONTEXT)
    assert (first.outcome, first.suspect.count, first.changes) == (Outcome.SHRUNK, 1, ())
    assert first.snapshot == NewSnapshot(Outcome.SHRUNK, first.reason)
    again = request("维护中", document_id=1, suspect=first.suspect)
    later = DecisionContext(RULES, NOW + timedelta(hours=1))
    second = decide(again, visited(report), later)
    assert (second.outcome, second.suspect.count, second.snapshot) == (Outcome.SHRUNK, 2, None)


hours = st.integers(min_value=0, max_value=400)


@given(visits=st.lists(hours, min_size=1, max_size=8), emptied=st.booleans())
def test_a_suspect_text_is_confirmed_only_by_enough_visits_over_enough_hours(visits, emptied):
    policy = SuspectPolicy()
    state = SuspectState()
    for hour in sorted(visits):
        now = NOW + timedelta(hours=hour)
        state = state.seen("hash", now)
        waited = hour - min(visits)
        enough = policy.empty_confirm_hours if emptied else policy.hours
        assert state.is_confirmed(policy, now, emptied=emptied) == (
            state.count >= policy.visits and waited >= enough
        )
    assert state.count == len(visits)
    other = state.seen("another", NOW)
    assert (other.count, other.since) == (1, NOW)


@given(edits=st.lists(st.sampled_from(["2座", "1座", "100家", "90家", MORE]), max_size=4))
def test_every_reference_of_a_plan_is_to_a_statement_that_is_there(edits):
    text = PLAN + MORE
    for number, edit in enumerate(edits):
        text = text.replace(edit, f"{number + 3}{edit[-1]}" if edit != MORE else "")
    report = known(PLAN + MORE)
    page = request(text, document_id=1)
    plan = decide(page, visited(report, reports={("江苏省", 2026): report}), CONTEXT)
    refs = [ref for one in plan.changes for ref in (one.before, one.after) if ref is not None]
    for ref in refs:
        assert (ref.row_id is None) != (ref.position is None)
        if ref.row_id is not None:
            assert ref.row_id in report.snapshot.statement_ids
        else:
            assert 0 <= ref.position < len(page.statements)


def test_a_report_without_any_commitment_is_noticed_and_drops_nothing():
    before = known(PLAN.replace("2026", "2025"), year=2025)
    unread = request("政府工作报告\n一、2025年工作回顾\n建成智算中心2座，发展势头良好。\n")
    plan = decide(unread, IngestState(reports={("江苏省", 2025): before}), CONTEXT)
    assert plan.reason == NO_COMMITMENT
    assert plan.predecessor_id == 1
    assert plan.changes == ()
    assert decide(request(PLAN), IngestState(), CONTEXT).reason == ""

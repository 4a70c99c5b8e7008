"""The ledger of promises, from the reports to the view, whatever comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.audit import verify_snapshot
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import MIRROR, IngestRequest
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Speaker
from monitor.parser_process import ParserProcess
from monitor.rules.matcher import RuleSet
from monitor.storage.fulfilment import list_fulfilments
from monitor.storage.views import figures_of

NOW = datetime(2027, 2, 1, tzinfo=UTC)
REPORTS = {
    2025: "一、2024年工作回顾\n全省算力规模达到5000P。\n二、2025年重点任务\n"
    "全省算力规模突破8000P，到2026年智能算力规模突破1万P。培育人工智能企业100家。",
    2026: "一、2025年工作回顾\n全省算力规模突破8200P。培育人工智能企业90家。\n"
    "二、2026年重点任务\n全省算力规模突破12000P。",
    2027: "一、2026年工作回顾\n智能算力规模突破1.1万P。\n二、2027年重点任务\n"
    "全省算力规模突破15000P。",
}
VERDICTS = [
    (2027, 2027, "pending", None),
    (2026, 2026, "not_reported", None),
    (2025, 2025, "met", 8200),
    (2025, 2026, "met", 11000),
    (2025, 2025, "missed", 90),
]


def arrival(year, text, url=None):
    provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "湖南省", year, title="报告")
    statements = extract(text, provenance, load_topics())
    return IngestRequest(Document(text), provenance, statements, FetchRecord(url=url))


def take(database, arrived, *, known_id=None, now=NOW):
    with database.write() as connection:
        request = replace(arrived, document_id=known_id, baseline=True)
        return ingest(connection, request, rules=RuleSet(()), now=now)


def ledger(database, **wanted):
    with database.read() as connection:
        return [
            (line.plan_year, line.due, line.verdict, line.achieved)
            for line in list_fulfilments(connection, **wanted)
        ]


@pytest.mark.parametrize("order", list(permutations(REPORTS)))
def test_reports_are_judged_in_whatever_order_they_come(database, order):
    for year in order:
        take(database, arrival(year, REPORTS[year]))
    assert ledger(database) == VERDICTS
    assert ledger(database, due=2025, verdict="missed") == [(2025, 2025, "missed", 90)]
    assert ledger(database, region="甘肃省") == []


def test_a_promise_waits_until_its_report_is_there(database):
    take(database, arrival(2025, REPORTS[2025]))
    assert {verdict for _, _, verdict, _ in ledger(database)} == {"pending"}


@pytest.mark.parametrize("edited", [2025, 2026])
def test_an_edit_of_either_report_is_judged_anew(database, edited):
    found = {year: take(database, arrival(year, REPORTS[year])) for year in (2025, 2026)}
    old, new = ("企业100家", "企业80家") if edited == 2025 else ("企业90家", "企业105家")
    changed = arrival(edited, REPORTS[edited].replace(old, new))
    take(
        database,
        changed,
        known_id=found[edited].document_id,
        now=NOW + timedelta(days=1),
    )
    assert [verdict for *_, verdict, _ in ledger(database, due=2025)] == ["met", "met"]


@pytest.mark.parametrize("order", [(2025, 2026), (2026, 2025)])
def test_a_sentence_about_another_subject_is_the_evidence(database, order):
    texts = {
        2025: "一、2024年工作回顾\n算力规模达到5000P。\n二、2025年重点任务\n"
        "深化“人工智能+”，数字产业增加值增长10%。",
        2026: "一、2025年工作回顾\n算力规模达到8000P。数字产业增加值增长12%。粮食产量500亿斤。\n"
        "二、2026年重点任务\n算力规模突破9000P。",
    }
    for year in order:
        take(database, arrival(year, texts[year]))
    with database.read() as connection:
        (line,) = list_fulfilments(connection, due=2025)
        assert figures_of(connection, "湖南省", "增加值")[0].label == "commitment"
    assert (line.verdict, line.achieved, line.review_text) == (
        "met",
        12,
        "数字产业增加值增长12%。",
    )


@pytest.mark.parametrize("attached", [2025, 2026])
@pytest.mark.parametrize("edit", ["", "办好民生实事。"])
def test_a_report_from_a_file_that_gets_an_address_keeps_its_verdicts(database, attached, edit):
    for year in (2025, 2026):
        take(database, arrival(year, REPORTS[year]))
    before = ledger(database)
    url = f"https://example.org/{attached}"
    found = take(database, arrival(attached, REPORTS[attached] + edit, url))
    assert found.reason == MIRROR
    assert ledger(database) == before
    with database.read() as connection:
        for snapshot_id in (1, 2, 3):
            found = verify_snapshot(
                connection, snapshot_id, sources={}, topics=load_topics(), parser=ParserProcess()
            )
            assert [one.what for one in found if one.step == "log"] == []

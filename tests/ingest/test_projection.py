"""What the views show of documents that come in any order, and that the projection follows them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from sqlalchemy import text

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.ingest.projection import project_documents, rebuild
from monitor.model.documents import Document, DocumentKind, FetchRecord, Origin, Provenance
from monitor.model.statements import Speaker
from monitor.rules.matcher import RuleSet
from monitor.storage.reference_day import set_reference_day
from monitor.storage.statement_tables import (
    current_statement_table,
    current_target_table,
    metric_year_table,
)
from monitor.storage.statements import walk_statements

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLACE = "云南省"
REPORTS = {
    2024: "二、2024年重点任务\n全省算力规模达到9000P。建设大模型应用场景30个。",
    2025: "一、2024年工作回顾\n全省算力规模达到9.5Eflops。\n"
    "二、2025年重点任务\n全省算力规模突破12Eflops。",
    2026: "一、2025年工作回顾\n全省算力规模达到11000P。\n"
    "二、2026年重点任务\n全省算力规模突破15Eflops。",
}


def take(database, kind, year, body, *, title="", day=None, known=None, now=NOW, **more):
    speaker = Speaker.MEDIA if kind is DocumentKind.NEWS else Speaker.GOVERNMENT
    region = None if kind is DocumentKind.NEWS else PLACE
    provenance = Provenance(kind, speaker, region, year, published=day, title=title)
    request = IngestRequest(
        Document(body, title=title, published=day),
        provenance,
        extract(body, provenance, load_topics()),
        FetchRecord(url=f"https://example.org/{kind}/{year}/{title}"),
        document_id=known,
        **more,
    )
    with database.write() as connection:
        return ingest(connection, request, rules=RuleSet(()), now=now).document_id


def report(database, year, body=None, **more):
    return take(database, DocumentKind.REPORT, year, body or REPORTS[year], **more)


def rows(database, query):
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def projected(database):
    with database.read() as connection:
        return [
            sorted(map(tuple, connection.execute(row.select())), key=repr)
            for row in (current_statement_table, current_target_table, metric_year_table)
        ]


@pytest.mark.parametrize("order", list(permutations(REPORTS))[::2])
def test_reports_may_come_in_any_order(sqlite_database, order):
    for year in order:
        report(sqlite_database, year, title=f"{year}年云南省政府工作报告")
    known = dict(rows(sqlite_database, "SELECT year, id FROM document"))
    terms = "SELECT DISTINCT d.year, s.in_force, s.superseded_by FROM statements s"
    terms += " JOIN document d ON d.id = s.document_id ORDER BY d.year"
    assert rows(sqlite_database, terms) == [
        (2024, 0, known[2025]),
        (2025, 0, known[2026]),
        (2026, 1, None),
    ]
    series = "SELECT year, promised, reached, unit FROM metric_series WHERE metric = '算力'"
    assert sorted(rows(sqlite_database, series)) == [
        (2024, 9000, 9500, "P"),
        (2025, 12000, 11000, "P"),
        (2026, 15000, None, "P"),
    ]
    before = projected(sqlite_database)
    with sqlite_database.write() as connection:
        rebuild(connection)
    assert projected(sqlite_database) == before


def test_what_is_in_force_beside_a_new_report(database):
    article = "云南省数据局介绍，云南将建设算力调度平台，2024年接入智算中心6个。"
    plan = "到2027年，建成万卡智算集群3个。"
    take(database, DocumentKind.NEWS, 2024, article, title="云南算力", day=date(2024, 5, 6))
    take(
        *(database, DocumentKind.PLAN, 2025, plan),
        title="云南省智算行动计划（2025—2027年）",
        day=date(2025, 2, 1),
    )
    for year in (2024, 2025):
        report(database, year)
    query = "SELECT document_kind, year, in_force_until FROM commitments_current ORDER BY 1, 2"
    report(database, 2026, day=date(2026, 1, 20))
    kinds = [(kind, year) for kind, year, _ in rows(database, query)]
    assert kinds == [("plan", 2025), ("report", 2026)]
    assert rows(database, "SELECT canonical_value FROM targets_current ORDER BY 1") == [
        (3,),
        (15000,),
    ]
    summary = "SELECT region, report_year, commitments, with_numbers, strengthened, missed"
    assert rows(database, f"{summary} FROM region_summary") == [(PLACE, 2026, 2, 2, 1, 1)]

    # An edited plan has other rows; another day ends it.
    known = rows(database, "SELECT id FROM document WHERE kind = 'plan'")[0][0]
    again = plan.replace("3个", "5个")
    take(
        *(database, DocumentKind.PLAN, 2025, again),
        title="云南省智算行动计划（2025—2027年）",
        known=known,
    )
    assert rows(database, "SELECT canonical_value FROM targets_current ORDER BY 1")[0] == (5,)
    with database.write() as connection:
        set_reference_day(connection, date(2028, 1, 1))
    with database.read() as connection:
        assert {one.document_id for one in walk_statements(connection)} == {5}
    assert [kind for kind, *_ in rows(database, query)] == ["report"]


def test_a_document_without_a_text_gives_back_what_it_superseded(sqlite_database):
    report(sqlite_database, 2025)
    newer = report(sqlite_database, 2026)
    with sqlite_database.write() as connection:
        connection.execute(text(f"UPDATE document SET snapshot_id = NULL WHERE id = {newer}"))
        project_documents(connection, [newer])
    current = "SELECT year, in_force_until FROM commitments_current"
    assert rows(sqlite_database, current) == [(2025, None)]


REPEATED = "云南省政府工作报告提出，全省算力规模突破12Eflops。"


@pytest.mark.parametrize("article_first", [True, False])
@pytest.mark.parametrize("history", [True, False])
def test_an_article_that_repeats_a_report_is_linked_and_not_counted(
    sqlite_database, article_first, history
):
    def article():
        take(
            *(sqlite_database, DocumentKind.NEWS, 2025, REPEATED),
            baseline=history,
            origin=Origin.BACKFILL if history else None,
        )

    steps = [article, lambda: report(sqlite_database, 2025, baseline=history)]
    for step in steps if article_first else reversed(steps):
        step()
    assert rows(sqlite_database, "SELECT document_kind FROM commitments_current") == [("report",)]
    origin = "backfill" if history else "live"
    assert rows(sqlite_database, "SELECT article_text, origin FROM corroborations") == [
        (REPEATED, origin)
    ]
    linked = "SELECT s.text FROM statements s JOIN statements r ON r.repeats = s.statement_id"
    assert rows(sqlite_database, linked) == [("全省算力规模突破12Eflops。",)]
    # The edit of an article keeps the link.
    known = rows(sqlite_database, "SELECT id FROM document WHERE kind = 'news'")[0][0]
    longer = f"{REPEATED}\n昆明的展会昨天开幕。"
    take(sqlite_database, DocumentKind.NEWS, 2025, longer, known=known)
    assert rows(sqlite_database, "SELECT document_kind FROM commitments_current") == [("report",)]


def test_history_is_told_from_what_was_seen_live(sqlite_database):
    first = report(sqlite_database, 2025, baseline=True, day=date(2025, 1, 20))
    later = datetime(2026, 4, 1, tzinfo=UTC)
    edited = f"{REPORTS[2025]}培育智能体企业20家。"
    report(sqlite_database, 2025, edited, known=first, now=later)
    seen = "SELECT DISTINCT origin, published, first_seen_at FROM statements WHERE is_current"
    assert sorted(rows(sqlite_database, seen)) == [
        ("baseline", "2025-01-20", "2026-03-02 08:00:00.000000"),
        ("live", "2025-01-20", "2026-04-01 00:00:00.000000"),
    ]
    assert rows(sqlite_database, "SELECT kind, origin FROM change_log") == [("added", "live")]
    report(sqlite_database, 2024, baseline=True, origin=Origin.INGESTED)
    added = "SELECT DISTINCT origin FROM change_log WHERE basis <> 'revision'"
    assert rows(sqlite_database, added) == [("ingested",)]


def test_a_series_follows_edits(sqlite_database):
    number = "全省算力规模突破{}P。"
    series = "SELECT promised, promised_statement_id FROM metric_series"
    known = report(sqlite_database, 2026, "二、2026年重点任务\n" + number.format(800))
    plan = "2026年工作要点：" + number.format(900)
    take(sqlite_database, DocumentKind.PLAN, 2026, plan, title="2026年算力工作要点")
    assert rows(sqlite_database, series) == [(800, 1)]  # the report's counts
    for value in (700, 950):
        body = "二、2026年重点任务\n" + number.format(value)
        report(sqlite_database, 2026, body, known=known)
        assert [value for value, _ in rows(sqlite_database, series)] == [value]
        before = projected(sqlite_database)
        with sqlite_database.write() as connection:
            rebuild(connection)
        assert projected(sqlite_database) == before
    report(sqlite_database, 2026, "二、2026年重点任务\n推动算力有序发展。", known=known)
    assert [value for value, _ in rows(sqlite_database, series)] == [900]

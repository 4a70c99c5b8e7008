"""A removed document stands no more, and what shows it does not bring it back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from fresh_database import fresh_sqlite
from sqlalchemy import text

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import REMOVED, IngestRequest
from monitor.ingest.removal import remove, restore
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Speaker
from monitor.rules.matcher import RuleSet
from monitor.storage.engine import Database

NOW = datetime(2031, 3, 3, tzinfo=UTC)
TASKS = "\n".join(f"第{n}项工作由有关部门负责，年底前完成验收。" for n in range(20))
PLAN = "今年全省算力规模达到{size}Eflops，新建智算中心{size}座。\n推动大模型落地。\n" + TASKS
REPEAT = "据了解，今年全省算力规模将达到40Eflops，新建智算中心40座。"


@pytest.fixture
def database(tmp_path):
    found = Database(fresh_sqlite(tmp_path / "m.db"))
    yield found
    found.close()


def visit(database, body, *, kind=DocumentKind.REPORT, year=2031, url=None, document_id=None):
    speaker = Speaker.MEDIA if kind is DocumentKind.NEWS else Speaker.GOVERNMENT
    provenance = Provenance(kind, speaker, "青海省", year, date(year, 1, 20), "题")
    request = IngestRequest(
        Document(body, title="题", published=date(year, 1, 20)),
        provenance,
        extract(body, provenance, load_topics(())),
        FetchRecord(url=url, body=body.encode()),
        document_id=document_id,
    )
    with database.write() as connection:
        return ingest(connection, request, rules=RuleSet(()), now=NOW)


def sql(database, query):
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_no_page_brings_a_removed_document_back(database):
    first = visit(database, PLAN.format(size=40), url="https://example.org/1")
    with database.write() as connection:
        assert remove(connection, first.document_id, reason="a draft", now=NOW)
        assert not remove(connection, first.document_id, reason="", now=NOW)
    for again in (
        visit(database, PLAN.format(size=60), document_id=first.document_id),
        visit(database, PLAN.format(size=40), url="https://example.org/2"),
        visit(database, PLAN.format(size=40) + "\n（完）", url="https://example.org/3"),
    ):
        assert (again.document_id, again.reason) == (first.document_id, REMOVED)
        assert again.changes == ()
    assert sql(database, "SELECT COUNT(*) FROM document") == [(1,)]
    assert sql(database, "SELECT COUNT(*) FROM commitments_current") == [(0,)]
    assert sql(database, "SELECT COUNT(*) FROM statements WHERE in_force") == [(0,)]
    # Another report of the year takes its place in the series.
    other = visit(
        database, "今年全省算力规模达到70Eflops，扩建智算中心。\n" + "另行安排各项工作。" * 30
    )
    after = visit(database, PLAN.format(size=90), year=2032, url="https://example.org/4")
    successors = sql(database, "SELECT id, successor_id FROM document ORDER BY id")
    assert successors == [(1, None), (other.document_id, after.document_id), (3, None)]


def test_what_repeats_a_removed_report_stands_for_itself_until_it_is_restored(database):
    report = visit(database, PLAN.format(size=40), url="https://example.org/1")
    article = visit(database, REPEAT, kind=DocumentKind.NEWS, url="https://example.org/2")
    linked = "SELECT COUNT(*) FROM statements WHERE repeats IS NOT NULL"
    before = sql(database, linked)
    log = sql(database, "SELECT * FROM change_log ORDER BY change_id")
    with database.write() as connection:
        remove(connection, report.document_id, reason="", now=NOW)
    assert sql(database, linked) == [(0,)]
    assert sql(database, "SELECT * FROM change_log ORDER BY change_id") == log
    documents = {one for (one,) in sql(database, "SELECT document_id FROM commitments_current")}
    assert report.document_id not in documents
    with database.write() as connection:
        assert restore(connection, report.document_id, reason="", now=NOW)
    assert sql(database, linked) == before
    documents = {one for (one,) in sql(database, "SELECT document_id FROM commitments_current")}
    assert report.document_id in documents
    assert article.document_id != report.document_id
    events = sql(database, "SELECT document_id, action FROM document_removal ORDER BY id")
    assert events == [(1, "removed"), (1, "restored")]

"""Views are read with their types on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.json_contract import logged_json
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Speaker
from monitor.rules.matcher import RuleSet
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.views import View, columns_of, count_rows, figures_of, read_view

NOW = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
# A newspaper's column broke the first word in two.
TEXT = (
    "会议今天闭幕。湖南省政府工作报告提出，全省算\n"
    "力规模突破9000P。湖南明确，培育人工智能企业100%的一半。"
)


def taken(database, kind=DocumentKind.NEWS, text=TEXT, region=None, now=NOW):
    speaker = Speaker.MEDIA if kind is DocumentKind.NEWS else Speaker.GOVERNMENT
    provenance = Provenance(kind, speaker, region, 2026, title="湖南新闻")
    request = IngestRequest(
        Document(text), provenance, extract(text, provenance, load_topics()), FetchRecord()
    )
    with database.write() as connection:
        ingest(connection, request, rules=RuleSet(()), now=now)


@pytest.mark.parametrize("by_index", [True, False])
def test_words_are_found_where_a_column_broke_them(database, monkeypatch, by_index):
    if not by_index:
        monkeypatch.setattr("monitor.storage.word_index.MAX_FOUND", -1)
        monkeypatch.setattr("monitor.storage.changes._PAGE", 1)
    taken(database)
    with database.read() as connection:
        for words, expected in (
            ("算力", 1),
            ("算 力规模", 1),
            ("9000p", 1),
            ("９０００Ｐ", 1),
            ("規模 突\u200b破", 1),
            ("突破，9000", 0),
            ("9000P.", 1),
            ("力算", 0),
            ("[算]", 0),
            ("芯片", 0),
            ("%的", 1),
        ):
            assert len(list_changes(connection, ChangeConditions(words=(words,)))) == expected, (
                words
            )
        (found,) = list_changes(connection, ChangeConditions(words=("算力",)))
        assert logged_json(found)["after"]["targets"][0]["value"] == 9000


def test_a_period_ends_before_its_end(database):
    later = NOW + timedelta(days=30)
    taken(database)
    taken(database, text="海南省政府工作报告提出，建设智算中心3个。", now=later)
    with database.read() as connection:
        for until, expected in ((NOW, 0), (NOW + timedelta(seconds=1), 2), (later, 2)):
            found = list_changes(connection, ChangeConditions(until=until, label=None))
            assert [one.detected_at for one in found] == [NOW] * expected
        until = later + timedelta(days=1)
        assert len(list_changes(connection, ChangeConditions(until=until, label=None))) == 3


def test_times_come_back_with_their_zone_and_bound_an_export(database):
    taken(database)
    with database.read() as connection:
        columns = columns_of(connection, View.CHANGES)
        rows = [dict(zip(columns, row, strict=True)) for row in read_view(connection, View.CHANGES)]
        assert {row["detected_at"] for row in rows} == {NOW}
        assert len(list(read_view(connection, View.CHANGES, since=NOW))) == len(rows) == 2
        # Beyond the limit it only says that there are more.
        assert [count_rows(connection, View.CHANGES, most=most) for most in (9, 2, 1, 0)] == [
            2,
            2,
            2,
            1,
        ]
        later = NOW + timedelta(seconds=1)
        assert list(read_view(connection, View.CHANGES, since=later)) == []


def test_figures_of_a_region_come_from_its_reports_alone(database):
    taken(database)
    taken(
        database,
        DocumentKind.REPORT,
        "一、2026年重点任务\n全省算力规模突破12000P。",
        "湖南省",
    )
    with database.read() as connection:
        found = figures_of(connection, "湖南省", "算力")
        assert [(f.plan_year, f.year, f.label, f.value) for f in found] == [
            (2026, 2026, "commitment", 12000)
        ]
        assert figures_of(connection, "湖南省", "%") == []

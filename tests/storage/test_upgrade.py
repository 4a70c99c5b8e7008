"""A database of an earlier version keeps what it holds, and what was on its way still arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from filled_tables import row_of
from fresh_database import schema_differences
from postgres import in_postgres
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.audit import verify_snapshot
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.ingest.projection import project_documents
from monitor.ingest.removal import remove
from monitor.model.alerts import Recipient
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.feedback import FeedbackKind
from monitor.model.statements import Speaker
from monitor.outbox.queue import lease
from monitor.parser_process import ParserProcess
from monitor.rules.matcher import RuleSet
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.document_list import DocumentFilter, list_documents, removals
from monitor.storage.engine import Database, known_revisions, migrations_folder
from monitor.storage.feedback import add_feedback, decide_feedback
from monitor.storage.packing import unpack_text
from monitor.storage.recipients import get_recipient
from monitor.storage.statement_tables import ALL_TABLES
from monitor.storage.subscriptions import subscribers_of_rules

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
THEN = "2026-02-01 00:00:00.000000"

ROWS = (
    f"INSERT INTO chat (id, title, language, added_at, active) VALUES "
    f"(7, '某人', 'en', '{THEN}', true), (-1005, '小组', 'zh', '{THEN}', false)",
    f"INSERT INTO subscription (chat_id, rule_id, since) VALUES "
    f"(7, 'guizhou', '{THEN}'), (-1005, 'guizhou', '{THEN}')",
    f"INSERT INTO source (id, name, document_kind, added_at, enabled, failures) "
    f"VALUES ('gz', '贵州', 'report', '{THEN}', true, 0)",
    f"INSERT INTO document (id, kind, title, url, first_seen_at, baseline) "
    f"VALUES (1, 'report', '报告', 'https://example.org/', '{THEN}', false)",
    f"INSERT INTO source_event (id, source_id, at, health, was, since, outcome, reason) "
    f"VALUES (1, 'gz', '{THEN}', 'failing', 'ok', '{THEN}', 'error', '')",
    *(
        f"INSERT INTO alert (id, chat_id, document_id, event_id, priority, state, created_at, "
        f"not_before, lease_until, attempts, sent_at, message_id, error) VALUES ({number}, "
        f"{chat}, {document}, {event}, 0, '{state}', '{THEN}', '{THEN}', {until}, {attempts}, "
        f"{sent}, {message}, {error})"
        for number, chat, document, event, state, until, attempts, sent, message, error in (
            (1, 7, 1, "NULL", "sent", "NULL", 1, f"'{THEN}'", 55, "NULL"),
            (2, 7, 1, "NULL", "pending", "NULL", 0, "NULL", "NULL", "NULL"),
            (3, 7, 1, "NULL", "leased", f"'{THEN}'", 1, "NULL", "NULL", "NULL"),
            (4, -1005, 1, "NULL", "dead", "NULL", 12, "NULL", "NULL", "'refused'"),
            (5, 999, "NULL", 1, "pending", "NULL", 0, "NULL", "NULL", "NULL"),
        )
    ),
)


@contextmanager
def schema_of(database: Database, revision: str) -> Iterator[Connection]:
    """A writing transaction on a database that has the schema of an older release."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.set_main_option("path_separator", "os")
    with database.engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


@pytest.fixture(params=["sqlite", "postgres"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind, without a schema."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.db'}")
        yield database
        database.close()
        return
    server, name = request.getfixturevalue("postgres_server"), f"old_{uuid4().hex}"
    in_postgres(server, f"CREATE DATABASE {name}")
    database = Database(server.replace("/postgres?", f"/{name}?"))
    yield database
    database.close()
    in_postgres(server, f"DROP DATABASE {name}")


def test_alerts_queued_before_the_upgrade_are_still_delivered(before: Database) -> None:
    with schema_of(before, "0009") as connection:
        for row in ROWS:
            connection.execute(text(row))
    assert before.upgrade()[0] == "0010"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []

    with before.read() as connection:
        log = connection.execute(text("SELECT * FROM alert_log ORDER BY alert_id")).mappings().all()
        assert [line["state"] for line in log] == ["sent", "pending", "leased", "dead", "pending"]
        assert [line["kind"] for line in log] == ["changes"] * 4 + ["source"]
        assert [line["message_id"] for line in log] == [55, None, None, None, None]
        assert log[3]["error"] == "refused"
        assert {line["digest_id"] for line in log} == {None}
        chat = get_recipient(connection, 7)
        assert (chat.to, chat.language, chat.digest, chat.quiet) == (Recipient(7), "en", None, None)
        assert not get_recipient(connection, -1005).active
        assert subscribers_of_rules(connection, ["guizhou"]) == {"guizhou": (7,)}
    with before.write() as connection:
        taken = lease(connection, now=NOW, lease_for=timedelta(minutes=5), limit=10)
    assert sorted((alert.id, alert.recipient_id, alert.possibly_delivered) for alert in taken) == [
        (2, 7, False),
        (3, 7, True),
        (5, 999, False),
    ]


def test_an_upgrade_that_is_stopped_leaves_the_old_schema(
    before: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with schema_of(before, "0009") as connection:
        for row in ROWS:
            connection.execute(text(row))

    def stopped(_connection: Connection) -> None:
        raise SystemExit(143)

    with monkeypatch.context() as patched:
        patched.setattr("monitor.storage.engine.note_version", stopped)
        with pytest.raises(SystemExit):
            before.upgrade()
    assert before.revision() == "0009"
    assert before.upgrade()[0] == "0010"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
        assert connection.scalar(text("SELECT count(*) FROM alert")) == 5


RENAMED_TABLES = {
    "chat": "recipient",
    "own_rule": "custom_rule",
    "source_event": "source_health_event",
    "address": "frontier_entry",
    "sketch": "text_fingerprint",
    "promise": "fulfilment",
}
RENAMED_COLUMNS = {
    ("chat", "way"): "channel",
    ("chat", "held_until"): "defer_until",
    ("chat", "quiet"): "quiet_hours",
    ("subscription", "chat_id"): "recipient_id",
    ("mute", "chat_id"): "recipient_id",
    ("document", "succeeded_by_id"): "successor_id",
    ("address", "frame"): "page_fingerprint",
    ("snapshot", "address_id"): "frontier_entry_id",
    ("promise", "judged_at"): "assessed_at",
    ("alert", "chat_id"): "recipient_id",
    ("alert", "lease"): "leased_by",
    ("alert", "lease_until"): "leased_until",
    ("alert", "begun_at"): "in_flight_since",
    ("alert", "doubtful"): "possibly_duplicate",
}
NEW_COLUMNS = {
    "snapshot": ("published_from", "characters"),
    "blob": ("base_id",),
    "statement": (
        *("in_scope", "first_version_id", "source_name", "person", "person_title"),
        *("origin", "first_seen_at"),
    ),
    "change": ("score", "nearest_text", "certainty", "origin"),
    "alert": ("text",),
    "promise": ("predates_log",),
    "address": ("body_read_at",),
    "list_page": ("body_read_at",),
    "document": ("withdrawn_at", "plan_key", "removed_at", "removed_snapshot_id"),
    "source": ("paused_at", "paused_until", "pause_reason"),
}
RENAMED_VALUES = {
    ("chat", "kind"): {"way": "external"},
    ("chat", "access"): {"asked": "pending", "refused": "denied", "shut": "revoked"},
    ("promise", "verdict"): {"kept": "met", "silent": "not_reported"},
    ("alert", "state"): {"held": "scheduled", "bundled": "in_digest"},
    ("alert", "error"): {"muted": None, "quiet hours": None, "waits for others": None},
}
# State, error, and what the alert then waits for.
ALERTS = (
    ("pending", None, None),
    ("pending", "quiet hours", "quiet_hours"),
    ("pending", "muted", "muted"),
    ("pending", "waits for others", "earlier_alert"),
    ("pending", "Telegram said no", "retry"),
    ("leased", None, None),
    ("sent", None, None),
    ("dead", "refused", None),
    ("held", None, "digest"),
    ("held", "muted", "digest"),
    ("bundled", None, None),
)
CHOSEN = {
    ("chat", "kind"): ("private", "group", "supergroup", "channel", "thread", "way"),
    ("chat", "access"): ("", "asked", "granted", "refused", "shut"),
    ("promise", "verdict"): ("kept", "missed", "silent"),
    ("alert", "state"): [state for state, _, _ in ALERTS],
    ("alert", "error"): [error for _, error, _ in ALERTS],
    ("alert", "digest_id"): (None, *[1] * (len(ALERTS) - 1)),
    ("document", "kind"): [kind.value for kind in DocumentKind],
}


def test_every_row_of_every_table_is_there_under_the_new_names(before: Database) -> None:
    old = MetaData()
    written: dict[str, list[dict[str, Any]]] = {}
    with schema_of(before, "0010") as connection:
        old.reflect(connection)
        for table in old.sorted_tables:
            if table.name == "alembic_version":
                continue
            written[table.name] = [
                row_of(table, number, CHOSEN) for number in range(1, len(ALERTS) + 1)
            ]
            connection.execute(table.insert(), written[table.name])
    assert before.upgrade()[0] == "0011"
    new = MetaData()
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
        new.reflect(connection)
        texts = dict(connection.execute(new.tables["snapshot_text"].select()).all())
        for name, rows in written.items():
            table = new.tables[RENAMED_TABLES.get(name, name)]
            found = [dict(row) for row in connection.execute(table.select()).mappings()]
            if name == "alert":
                waits = {row["id"]: row.pop("waiting_for") for row in found}
                assert [waits[number] for number in sorted(waits)] == [wait for *_, wait in ALERTS]
            for row in found:
                if name == "snapshot":
                    row["text"] = unpack_text(texts[row["id"]])
                for column in NEW_COLUMNS.get(name, ()):
                    row.pop(column)
            expected = [
                {
                    RENAMED_COLUMNS.get((name, key), key): RENAMED_VALUES.get((name, key), {}).get(
                        value, value
                    )
                    for key, value in row.items()
                }
                for row in rows
            ]
            for row in (*found, *expected):
                row.update({key: plain(value) for key, value in row.items()})
            assert sorted(map(repr, found)) == sorted(
                repr({key: row[key] for key in found[0]}) for row in expected
            ), name
        views = {view: connection.execute(text(f"SELECT * FROM {view}")).all() for view in VIEWS}
        assert len(views["provenance"]) == len(ALERTS)
    with before.write() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("DELETE FROM fulfilment"))


VIEWS = (
    "change_log",
    "commitments_current",
    "commitment_history",
    "targets_current",
    "target_fulfilment",
    "corroborations",
    "alert_log",
    "source_health",
    "source_health_events",
    "provenance",
)


COMPUTING = "全省算力规模突破{}Eflops。"
# Two statements in each of three snapshots: the report of 2025, its page edited, that of 2026.
SENTENCES = (
    (1, 1, COMPUTING.format(160), 160),
    (2, 1, "支持机器人企业。", None),
    (3, 2, COMPUTING.format(165), 165),
    (4, 2, "支持机器人\n企业。", None),
    (5, 3, COMPUTING.format(190), 190),
    (6, 3, "扶持机器人企业。", None),
)
LOGGED = (
    (1, 2, "strengthened", "revision", 1, 3),
    (2, 3, "strengthened", "succession", 3, 5),
    (3, 3, "reworded", "succession", 4, 6),
)


def test_commitments_of_an_older_database_have_one_identity(before: Database) -> None:
    with schema_of(before, "0012") as connection:
        for number, year in ((1, 2025), (2, 2026)):
            connection.execute(
                text(
                    "INSERT INTO document (id, kind, region, year, title, first_seen_at, baseline)"
                    f" VALUES ({number}, 'report', '贵州省', {year}, '', '{THEN}', false)"
                )
            )
        for number in (1, 2, 3):
            connection.execute(
                text(
                    "INSERT INTO snapshot (id, document_id, visited_at, outcome, reason, text_hash,"
                    f" title, text) VALUES ({number}, {1 + number // 3}, '{THEN}', 'ok', '', '',"
                    " '', '')"
                )
            )
        for number, snapshot, sentence, value in SENTENCES:
            connection.execute(
                text(
                    "INSERT INTO statement (id, snapshot_id, document_id, topic, text,"
                    " start_offset, end_offset, label, speaker, region, year, themes, section)"
                    f" VALUES ({number}, {snapshot}, {1 + snapshot // 3}, 'ai_computing',"
                    f" '{sentence}', 0, 0, 'commitment', 'government', '贵州省', 2025, '', '')"
                )
            )
            if value is not None:
                connection.execute(
                    text(
                        "INSERT INTO target (id, statement_id, position, metric, op, value, unit,"
                        f" raw) VALUES ({number}, {number}, 0, '算力规模', 'reach', {value},"
                        " 'Eflops', '')"
                    )
                )
        for number, snapshot, kind, basis, old, new in LOGGED:
            connection.execute(
                text(
                    "INSERT INTO change (id, detected_at, document_id, snapshot_id, kind, basis,"
                    " topic, before_id, after_id, similarity, summary, identity) VALUES"
                    f" ({number}, '{THEN}', {1 + snapshot // 3}, {snapshot}, '{kind}', '{basis}',"
                    f" 'ai_computing', {old}, {new}, 0.5, '', '{number}')"
                )
            )
    assert before.upgrade()[0] == "0013"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
    with before.read() as connection:
        history = connection.execute(
            text(
                "SELECT commitment_id, year, statement_id, value, kind, first_year, last_year"
                " FROM commitment_history ORDER BY commitment_id, year"
            )
        ).all()
    assert [tuple(line) for line in history] == [
        (1, 2025, 3, 165, None, 2025, 2026),
        (1, 2026, 5, 190, "strengthened", 2025, 2026),
        (2, 2025, 4, None, None, 2025, 2026),
        (2, 2026, 6, None, "reworded", 2025, 2026),
    ]
    with before.write() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("UPDATE statement SET first_version_id = NULL"))


PROMISED = (
    "一、2024年工作回顾\n全省算力规模达到15万P。\n二、2025年重点任务\n全省算力规模突破20万P。"
    "培育人工智能企业100家。"
)
REVIEWED = (
    "一、2025年工作回顾\n全省算力规模达到22万P。培育人工智能企业90家。\n"
    "二、2026年重点任务\n全省算力规模突破30万P。"
)


def take_report(database: Database, year: int, body: str, *, known: int | None = None) -> None:
    """A visit that reads a report of a region."""
    provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "湖南省", year, title="报告")
    request = IngestRequest(
        Document(body),
        provenance,
        extract(body, provenance, load_topics()),
        FetchRecord(url=f"https://example.org/{year}"),
        document_id=known,
    )
    with database.write() as connection:
        ingest(connection, request, rules=RuleSet(()), now=NOW)


def copy_rows(new: Database, connection: Connection) -> None:
    """Fill a schema of an earlier version with what a database holds, as far as it has room."""
    old = MetaData()
    old.reflect(connection)
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    with new.engine.connect() as source:
        for table in ALL_TABLES.sorted_tables:
            if table.name not in old.tables:
                continue
            rows = [dict(row) for row in source.execute(table.select()).mappings()]
            if table.name == "snapshot":
                kept_texts = ALL_TABLES.tables["snapshot_text"].select()
                texts = {row.snapshot_id: row.text for row in source.execute(kept_texts)}
                rows = [{**row, "text": texts[row["id"]]} for row in rows]
            if table.name not in old.tables:
                continue  # made from the others
            names = old.tables[table.name].columns.keys()
            kept = [{name: row[name] for name in names} for row in reversed(rows)]
            if kept:
                connection.execute(old.tables[table.name].insert(), kept)
            if kept and "id" in names and connection.dialect.name == "postgresql":
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), MAX(id))"
                        f" FROM {table.name}"
                    )
                )


def missing_verdicts(database: Database) -> list[tuple[int, str]]:
    """What an audit of all snapshots finds wrong in the log."""
    with database.read() as connection:
        return [
            (finding.snapshot_id, finding.what)
            for number in connection.scalars(text("SELECT id FROM snapshot ORDER BY id"))
            for finding in verify_snapshot(
                connection, number, sources={}, topics=load_topics(), parser=ParserProcess()
            )
            if finding.step == "log"
        ]


def test_verdicts_that_are_older_than_their_log_are_not_missed_in_it(
    before: Database, sqlite_database: Database
) -> None:
    take_report(sqlite_database, 2025, PROMISED)
    take_report(sqlite_database, 2026, REVIEWED)
    with sqlite_database.write() as connection:
        for table in ("delta", "change"):
            connection.execute(text(f"DROP TRIGGER {table}_no_delete"))
        verdicts = "SELECT id FROM change WHERE basis = 'fulfilment'"
        connection.execute(text(f"DELETE FROM delta WHERE change_id IN ({verdicts})"))
        connection.execute(text("DELETE FROM change WHERE basis = 'fulfilment'"))
    assert missing_verdicts(sqlite_database) == [
        (2, "2 changes are not in the log, 0 of 2 do not follow")
    ]
    with schema_of(before, "0013") as connection:
        copy_rows(sqlite_database, connection)
    assert before.upgrade()[0] == "0014"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
    assert missing_verdicts(before) == []
    with before.write() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("UPDATE fulfilment SET predates_log = false"))

    # An edit of the review repeats one verdict, which is history, and brings one that is news.
    take_report(before, 2026, REVIEWED.replace("90家", "105家"), known=2)
    with before.read() as connection:
        assert connection.execute(
            text("SELECT snapshot_id, kind FROM change_log WHERE basis = 'fulfilment'")
        ).all() == [(3, "met")]
    assert missing_verdicts(before) == []


def test_statements_of_an_older_database_have_no_name_and_new_ones_may(before: Database) -> None:
    columns = "id, snapshot_id, document_id, topic, text, start_offset, end_offset, label,"
    columns += " speaker, region, year, themes, section, in_scope"
    values = "1, 1, 'ai_computing', '扩容算力。', 0, 5, 'commitment', 'ministry', '全国', 2026, '',"
    values += " '', true"
    with schema_of(before, "0014") as connection:
        for row in (
            "INSERT INTO document (id, kind, region, year, title, first_seen_at, baseline)"
            f" VALUES (1, 'page', '全国', 2026, '', '{THEN}', false)",
            "INSERT INTO snapshot (id, document_id, visited_at, outcome, reason, text_hash, title,"
            f" text) VALUES (1, 1, '{THEN}', 'ok', '', '', '', '扩容算力。')",
            "UPDATE document SET snapshot_id = 1",
            f"INSERT INTO statement ({columns}) VALUES (1, {values})",
        ):
            connection.execute(text(row))
        connection.execute(
            text(
                "INSERT INTO target (statement_id, position, metric, op, value, unit, year, raw)"
                " VALUES (1, 0, '算力', 'reach', 5, 'P', 2026, '')"
            )
        )
    assert before.upgrade()[0] == "0015"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
    with before.write() as connection:
        connection.execute(
            text(
                f"INSERT INTO statement ({columns}, source_name, person, person_title)"
                f" VALUES (2, {values}, '国家数据局', '余某', '副局长')"
            )
        )
        project_documents(connection, [1])
    with before.read() as connection:
        lines = connection.execute(
            text(
                "SELECT statement_id, source_name, person, person_title FROM commitments_current"
                " ORDER BY statement_id"
            )
        ).all()
        connection.execute(text("SELECT statement_source_name, source_name FROM change_log")).all()
        targets = connection.execute(
            text("SELECT metric, source_name, person, person_title FROM targets_current")
        ).all()
        repeated = "SELECT source_name, person, person_title FROM corroborations"
        assert connection.execute(text(repeated)).all() == []
    assert [tuple(line) for line in targets] == [("算力", None, None, None)]
    assert [tuple(line) for line in lines] == [
        (1, None, None, None),
        (2, "国家数据局", "余某", "副局长"),
    ]
    with before.write() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("UPDATE statement SET person = NULL"))


def test_an_older_database_shows_what_is_in_force_and_what_is_history(
    before: Database, sqlite_database: Database
) -> None:
    take_report(sqlite_database, 2024, "二、2024年重点任务\n全省算力规模突破8Eflops。")
    take_report(sqlite_database, 2025, PROMISED)
    take_report(sqlite_database, 2026, REVIEWED)
    expected = views_of(sqlite_database)
    assert expected["commitments_current"] == [(2026, "全省算力规模突破30万P。", None)]
    assert ("算力", 2025, 200000, 220000) in expected["metric_series"]
    with schema_of(before, "0018") as connection:
        copy_rows(sqlite_database, connection)
        connection.execute(text("UPDATE document SET baseline = true WHERE year < 2026"))
    assert before.upgrade()[0] == "0019"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
    assert views_of(before) == expected
    with before.read() as connection:
        (found,) = list_changes(connection, ChangeConditions(words=("30万p",)))
        assert found.change.statement.text == "全省算力规模突破30万P。"
        origins = "SELECT DISTINCT year, origin FROM statements WHERE label = 'commitment'"
        assert sorted(map(tuple, connection.execute(text(origins)))) == [
            (2024, "baseline"),
            (2025, "baseline"),
            (2026, "live"),
        ]
        changed = connection.execute(
            text("SELECT DISTINCT origin FROM change_log WHERE year = 2024")
        )
        assert changed.scalars().all() == ["baseline"]
    with before.write() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("UPDATE change SET origin = 'live'"))


def views_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What the views that the projection answers show."""
    queries = {
        "commitments_current": "SELECT year, text, in_force_until FROM commitments_current",
        "statements": "SELECT text, in_force, superseded_by FROM statements",
        "commitment_history": "SELECT year, first_year, years, kind FROM commitment_history",
        "metric_series": "SELECT metric, year, promised, reached FROM metric_series",
        "target_fulfilment": "SELECT plan_year, due, verdict, achieved FROM target_fulfilment",
        "region_summary": "SELECT region, report_year, commitments, with_numbers, weakened,"
        " strengthened, met, missed FROM region_summary",
    }
    with database.read() as connection:
        return {
            view: sorted(map(tuple, connection.execute(text(query))), key=repr)
            for view, query in queries.items()
        }


def test_the_log_before_feedback_has_no_corrections_and_takes_them(before: Database) -> None:
    with schema_of(before, "0018") as connection:
        for row in (
            "INSERT INTO document (id, kind, title, first_seen_at, baseline)"
            f" VALUES (1, 'page', '', '{THEN}', false)",
            "INSERT INTO snapshot (id, document_id, visited_at, outcome, reason, text_hash, title,"
            f" text) VALUES (1, 1, '{THEN}', 'ok', '', '', '', '扩容算力。')",
            "INSERT INTO statement (id, snapshot_id, document_id, topic, text, start_offset,"
            " end_offset, label, speaker, themes, section, in_scope) VALUES (1, 1, 1,"
            " 'ai_computing', '扩容算力。', 0, 5, 'commitment', 'ministry', '', '', true)",
            "INSERT INTO change (id, detected_at, document_id, snapshot_id, kind, basis, topic,"
            " after_id, similarity, certainty, summary, identity) VALUES"
            f" (1, '{THEN}', 1, 1, 'added', 'revision', 'ai_computing', 1, 0, 'sure', '', '1')",
        ):
            connection.execute(text(row))
    assert "0020" in before.upgrade()
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
    for person, kind in ((7, "not_new"), (8, "not_new"), (9, "wrong_place")):
        with before.write() as connection:
            add_feedback(connection, 1, FeedbackKind(kind), recipient_id=7, person=person, now=NOW)
    log = "SELECT change_id, corrected FROM change_log"
    with before.read() as connection:
        assert [tuple(row) for row in connection.execute(text(log))] == [(1, None)]
    with before.write() as connection:
        decided = decide_feedback(connection, 1, FeedbackKind.NOT_NEW, operator="cli", now=NOW)
    assert decided == 3
    with before.read() as connection:
        assert [tuple(row) for row in connection.execute(text(log))] == [(1, "not_new")]
        states = connection.execute(text("SELECT state FROM feedback ORDER BY person"))
        assert [row[0] for row in states] == ["confirmed", "confirmed", "rejected"]


def test_documents_of_an_older_database_can_be_removed(before: Database) -> None:
    with schema_of(before, "0019") as connection:
        connection.execute(
            text(
                "INSERT INTO document (id, kind, title, first_seen_at, baseline)"
                f" VALUES (1, 'page', '题', '{THEN}', false)"
            )
        )
    assert "0021" in before.upgrade()
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
    with before.write() as connection:
        assert remove(connection, 1, reason="no report", now=NOW)
    with before.read() as connection:
        (line,) = list_documents(connection, DocumentFilter(removed=True))
        assert (line.id, line.removed_at) == (1, NOW)
        assert [one.reason for one in removals(connection, 1)] == ["no report"]


def test_the_index_of_reviews_is_made_anew_without_the_targets_that_have_none(
    before: Database,
) -> None:
    with schema_of(before, "0029") as connection:
        tables = MetaData()
        tables.reflect(connection, only=["document", "snapshot", "statement", "current_target"])
        for number in (1, 2):
            for table in tables.sorted_tables:
                row = row_of(table, number, KINDS)
                if number == 1 and table.name == "current_target":
                    row["review_id"] = None
                connection.execute(table.insert(), row)
    assert before.upgrade()[0] == "0030"
    asked = "SELECT statement_id FROM current_target WHERE review_id IN (1, 2)"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
        assert connection.execute(text(asked)).all() == [(2,)]
        if connection.dialect.name == "sqlite":
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {asked}")).all()
            assert "ix_current_target_review_id" in str(plan)
            made = "SELECT sql FROM sqlite_master WHERE name = 'ix_current_target_review_id'"
            assert "IS NOT NULL" in connection.execute(text(made)).scalar_one()


def test_how_a_statement_in_force_came_into_the_log_is_still_shown(before: Database) -> None:
    views = ("commitments_current", "targets_current")
    fixed = {
        ("statement", "label"): ["commitment"],
        ("statement", "origin"): ["live", "backfill"],
        ("statement", "speaker"): ["ministry", "government"],
        ("current_statement", "label"): ["commitment"],
        ("current_statement", "origin"): ["live", "backfill"],
        ("current_target", "label"): ["commitment"],
        ("current_target", "origin"): ["live", "backfill"],
        ("change", "certainty"): ["unsure", "sure"],
        **KINDS,
    }

    def shown(connection: Connection) -> dict[str, list[dict[str, Any]]]:
        return {
            view: [
                dict(row)
                for row in connection.execute(
                    text(f"SELECT * FROM {view} ORDER BY statement_id")
                ).mappings()
            ]
            for view in views
        }

    with schema_of(before, "0030") as connection:
        tables = MetaData()
        names = ("document", "snapshot", "statement", "change")
        tables.reflect(connection, only=[*names, "current_statement", "current_target"])
        for table in tables.sorted_tables:
            for number in (1, 2):
                row = row_of(table, number, fixed)
                if "holds_until" in row:
                    row["holds_until"] = date(9999, 12, 31)
                connection.execute(table.insert(), row)
        old = shown(connection)
    assert [row["origin"] for row in old["targets_current"]] == ["live", "backfill"]
    assert before.upgrade()[0] == "0031"
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
        assert shown(connection) == old
        for query, found in (
            ("SELECT id FROM statement WHERE speaker = 'ministry' AND speaker <> 'government'", 1),
            ("SELECT id FROM statement WHERE speaker = 'ministry'", 1),
            ("SELECT id FROM statement WHERE speaker = 'government'", 2),
            ("SELECT id FROM change WHERE certainty = 'unsure'", 1),
            ("SELECT id FROM change WHERE certainty = 'sure'", 2),
        ):
            assert connection.execute(text(query)).scalars().all() == [found]


# Made from other tables: migrations make them anew.
DERIVED = {
    *("current_statement", "current_target", "metric_year", "commitment_year", "reference_day"),
    "alembic_version",
}
# What migrations find out of the other tables.
COMPUTED = {"first_version_id", "origin", "first_seen_at", "plan_key", "predates_log"}
KINDS = {("document", "kind"): [kind.value for kind in DocumentKind]}


def test_rows_of_every_schema_survive_all_upgrades(before: Database) -> None:
    """Some schemas get a row in every table, which all later migrations have to carry along."""
    written: list[tuple[str, dict[str, Any]]] = []
    every = sorted(known_revisions())
    for number, revision in enumerate((*every[:-1:6], every[-1]), start=1):
        with schema_of(before, revision) as connection:
            there = MetaData()
            there.reflect(connection, only=lambda name, _: not name.startswith("statement_words"))
            for table in there.sorted_tables:
                if table.name not in DERIVED:
                    row = row_of(table, number, KINDS)
                    connection.execute(table.insert(), row)
                    written.append((table.name, row))
    found: dict[str, list[dict[str, Any]]] = {}
    with before.engine.connect() as connection:
        assert schema_differences(connection) == []
        now = MetaData()
        now.reflect(connection, only=lambda name, _: name in ALL_TABLES.tables)
        for table in now.tables.values():
            rows = connection.execute(table.select()).mappings()
            found[table.name] = [dict(row) for row in rows]
    lost = []
    for name, row in written:
        expected = {
            RENAMED_COLUMNS.get((name, key), key): value
            for key, value in row.items()
            if key not in COMPUTED
        }
        rows = found[RENAMED_TABLES.get(name, name)]
        keys = rows[0].keys() & expected.keys()
        if not any(all(plain(one[key]) == plain(expected[key]) for key in keys) for one in rows):
            lost.append((name, row))
    assert lost == []
    counts = Counter(RENAMED_TABLES.get(name, name) for name, _ in written)
    # Texts were a column of the snapshots until 0026.
    counts["snapshot_text"] = counts["snapshot"]
    assert {name: len(found[name]) for name in counts} == counts


def plain(value: object) -> object:
    """A time without its zone, which only PostgreSQL keeps."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value

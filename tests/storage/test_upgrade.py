"""A database of an earlier version keeps what it holds, and what was on its way still arrives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from postgres import in_postgres
from sqlalchemy import text

from monitor.model.alerts import Recipient
from monitor.outbox.queue import lease
from monitor.storage.engine import Database, migrations_folder
from monitor.storage.recipients import get_chat
from monitor.storage.subscriptions import chats_of_rules
from monitor.storage.tables import METADATA

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
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


def test_what_was_on_its_way_before_chats_could_choose_still_arrives(before: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.set_main_option("path_separator", "os")
    with before.engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        for row in ROWS:
            connection.execute(text(row))
    assert before.upgrade()[0] == "0010"
    with before.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    with before.read() as session:
        log = session.execute(text("SELECT * FROM alert_log ORDER BY alert_id")).mappings().all()
        assert [line["state"] for line in log] == ["sent", "pending", "leased", "dead", "pending"]
        assert [line["kind"] for line in log] == ["changes"] * 4 + ["source"]
        assert [line["message_id"] for line in log] == [55, None, None, None, None]
        assert log[3]["error"] == "refused"
        assert {line["digest_id"] for line in log} == {None}
        chat = get_chat(session, 7)
        assert (chat.to, chat.language, chat.digest, chat.quiet) == (Recipient(7), "en", None, None)
        assert not get_chat(session, -1005).active
        assert chats_of_rules(session, ["guizhou"]) == {"guizhou": (7,)}
    with before.write() as session:
        taken = lease(session, now=NOW, lease_for=timedelta(minutes=5), limit=10)
    assert sorted((alert.id, alert.chat_id, alert.possibly_delivered) for alert in taken) == [
        (2, 7, False),
        (3, 7, True),
        (5, 999, False),
    ]

"""An upgrade finds a database in use: chats, subscriptions and alerts in every state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from monitor.model import Recipient
from monitor.storage.chats import get_chat
from monitor.storage.database import Database, migrations_folder
from monitor.storage.outbox import lease
from monitor.storage.subscriptions import chats_of_rules

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STATES = ("pending", "leased", "sent", "dead")


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path):
    """A database without a schema."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.db'}")
        yield database
        database.close()
        return
    server = request.getfixturevalue("postgres_server")
    _run(server, "CREATE DATABASE old")
    database = Database(server.replace("/postgres?", "/old?"))
    yield database
    database.close()
    _run(server, "DROP DATABASE old")


def _run(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement.encode())


def bring_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.set_main_option("path_separator", "os")
    with database.engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_what_waited_before_the_upgrade_is_sent_after_it(empty: Database) -> None:
    bring_to(empty, "0009")
    old = {"then": NOW - timedelta(days=1), "lease": NOW - timedelta(hours=1)}
    with empty.engine.execution_options(writing=True).begin() as connection:
        run = connection.execute
        run(
            text(
                "INSERT INTO chat (id, title, language, added_at, active)"
                " VALUES (7, '某人', 'en', :then, true), (-5, '小组', 'zh', :then, true)"
            ),
            old,
        )
        run(text("INSERT INTO subscription VALUES (7, 'a', :then), (-5, 'a', :then)"), old)
        run(
            text(
                "INSERT INTO document (id, title, kind, region, url, first_seen_at, baseline)"
                " VALUES (1, '报告', 'report', '贵州省', 'https://example.org', :then, false)"
            ),
            old,
        )
        for number, state in enumerate(STATES, start=1):
            run(
                text(
                    "INSERT INTO snapshot (id, document_id, visited_at, outcome, reason,"
                    " text_hash, title, text) VALUES (:id, 1, :then, 'ok', '', 'x', '报告', '文')"
                ),
                {"id": number, **old},
            )
            run(
                text(
                    "INSERT INTO alert (id, chat_id, document_id, snapshot_id, state, created_at,"
                    " not_before, lease_until, attempts)"
                    " VALUES (:id, 7, 1, :id, :state, :then, :then, :lease, 1)"
                ),
                {"id": number, "state": state, **old}
                | {"lease": old["lease"] if state == "leased" else None},
            )
    assert empty.upgrade() == ["0010"]
    with empty.write() as session:
        assert get_chat(session, 7).to == Recipient(7)
        assert get_chat(session, 7).language == "en"
        assert chats_of_rules(session, ["a"]) == {"a": (-5, 7)}
        logged = session.execute(text("SELECT alert_id, state, kind, chat_title FROM alert_log"))
        assert sorted(tuple(row) for row in logged) == [
            (number, state, "changes", "某人") for number, state in enumerate(STATES, start=1)
        ]
        taken = lease(session, now=NOW, lease_for=timedelta(minutes=5), limit=9)
    # An earlier version noted only afterwards what it sent: what it held may have arrived.
    assert [(alert.id, alert.maybe_sent) for alert in taken] == [(1, False), (2, True)]

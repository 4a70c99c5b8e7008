"""``monitor status``: one screen, one object, and an exit code."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from alert_story import NOW, plant
from sqlalchemy import Insert, insert, text

from monitor import __version__
from monitor.cli.app import main
from monitor.ingest.schedule import SPREAD
from monitor.model.documents import Health
from monitor.model.processes import Heartbeat, Loop
from monitor.outbox.admin import outbox_facts, pause
from monitor.outbox.queue import lease, mark_dead, mark_sent
from monitor.storage.heartbeats import write_heartbeat
from monitor.storage.status import source_facts
from monitor.storage.tables import source_table

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def source(name: str, last: timedelta | None, due: timedelta | None, **values: object) -> Insert:
    return insert(source_table).values(
        id=name,
        name=name,
        document_kind="news",
        added_at=NOW - 100 * HOUR,
        last_visit_at=None if last is None else NOW + last,
        next_visit_at=None if due is None else NOW + due,
        **values,
    )


def beat(age: timedelta = MINUTE, loop: Loop = Loop.SCHEDULER) -> Heartbeat:
    return Heartbeat(loop, "h", 42, __version__, NOW - 3 * HOUR, NOW - age)


@pytest.fixture
def monitor(sqlite_database, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("monitor.cli.status.utc_now", lambda: NOW)

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main(["status", "-d", str(sqlite_database.url), *arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, out + err
        return out + err

    return run


def test_the_lag_is_counted_from_when_a_visit_must_begin(database):
    day = 24 * HOUR
    with database.write() as connection:
        for one in (
            source("later", -HOUR, HOUR),
            source("may_still_wait", -day, -2 * HOUR),
            source("late", -day, -4 * HOUR),
            source("new", None, None),
            source("clock_was_ahead", 900 * HOUR, 901 * HOUR),
            source("gone", -day, -day, enabled=False),
            source("failing", -HOUR, HOUR, health="failing"),
        ):
            connection.execute(one)
    with database.read() as connection:
        found = source_facts(connection, now=NOW, put_off=SPREAD)
    assert found.health == {Health.OK: 5, Health.FAILING: 1, Health.QUIET: 0}
    assert (found.never_visited, found.due, found.lag) == (1, 2, 100 * HOUR)
    assert found.next_visit_at == NOW - 100 * HOUR
    assert found.last_visit_at == NOW + 900 * HOUR


def test_the_outbox_is_counted(database):
    plant(database, chats=[1, 2, 3], now=NOW - 26 * HOUR)
    with database.write() as connection:
        lease(connection, now=NOW - 26 * HOUR, lease_for=HOUR, limit=2)
        mark_sent(connection, 1, now=NOW - HOUR, message_id=5, text="…")
        mark_dead(connection, 2, error="Bad Request")
    with database.write() as connection:
        connection.execute(text("UPDATE alert SET attempts = 12 WHERE id = 2"))

    def found(now=NOW):
        with database.read() as connection:
            return outbox_facts(connection, now=now, max_attempts=12, bot=True)

    assert (found().pending, found().sent, found().dead, found().refused) == (1, 1, 1, 0)
    assert found().due_since == NOW - 26 * HOUR
    assert found(NOW - 3 * HOUR).refused == 1
    assert found(NOW + 24 * HOUR).sent == 0
    with database.write() as connection:
        pause(connection, by="1", now=NOW)
    assert (found().paused_since, found().due_since) == (NOW, None)


def test_all_is_well_on_one_screen(monitor, sqlite_database):
    with sqlite_database.write() as connection:
        connection.execute(source("hunan", -HOUR, HOUR))
        write_heartbeat(connection, beat())
    said = monitor()
    assert said.startswith("all is well\n")
    assert f"version    {__version__}" in said
    assert "sources    1: 1 ok, 0 failing, 0 quiet" in said
    assert "visits     last 2026-02-03 17:00, next 2026-02-03 19:00; none due" in said
    assert "scheduler: 1m ago, process 42 on h, up 2h 59m" in said


def test_what_is_wrong_is_said_first_and_by_the_exit_code(monitor, sqlite_database):
    plant(sqlite_database, chats=[1], now=NOW - 5 * HOUR)
    with sqlite_database.write() as connection:
        connection.execute(
            source("hunan", -HOUR, HOUR, health="failing", last_outcome="error", last_reason="a\nb")
        )
        write_heartbeat(connection, beat(HOUR))
        write_heartbeat(connection, beat(loop=Loop.BOT))
    said = monitor("--outbox-minutes", "999", code=1).splitlines()
    assert said[:2] == [
        "WRONG      no heartbeat of the scheduler for 1h",
        "WRONG      1 of 1 sources fail, more than 0",
    ]
    assert "failing    hunan since 2026-01-30 14:00: error: a b" in said
    found = json.loads(monitor("-f", "json", "--max-failing", "1", code=1))
    kinds = [problem["kind"] for problem in found["problems"]]
    assert (found["ok"], kinds) == (False, ["heartbeat", "outbox"])
    assert found["outbox"]["due_since"] == "2026-02-03T05:00:00+00:00"
    assert found["heartbeats"][0]["process_id"] == 42
    assert found["sources"]["unhealthy"][0]["reason"] == "a\nb"
    assert found["database"]["size"] > 0


def test_another_schema_is_wrong_and_is_not_upgraded(monitor, sqlite_database):
    with sqlite_database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert "WRONG      the database has schema 0001, this version has" in monitor(code=1)
    assert sqlite_database.revision() == "0001"


def test_no_database_is_made(monitor, tmp_path):
    said = monitor("-d", "sqlite:///none.db", code=2)
    assert "there is no database here yet" in said
    assert not (tmp_path / "none.db").exists()


def test_an_empty_file_is_no_database(monitor, tmp_path):
    (tmp_path / "mistyped.db").touch()  # as sqlite3 leaves it
    assert "there is no database here yet" in monitor("-d", "sqlite:///mistyped.db", code=2)
    assert (tmp_path / "mistyped.db").stat().st_size == 0


def test_a_monitor_that_watches_nothing_is_not_well(monitor):
    assert "WRONG      no source is watched" in monitor(code=1)
    (problem,) = json.loads(monitor("-f", "json", code=1))["problems"]
    assert problem["kind"] == "no_sources"

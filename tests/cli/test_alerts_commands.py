"""``alerts list|retry|drop``: the outbox in an operator's hands, on both databases."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from alert_story import NOW, plant
from fresh_database import fresh_sqlite

from monitor.cli.app import main
from monitor.model.delivery_times import Digest
from monitor.outbox.admin import drop_alerts, exhausted_alerts, list_alerts, retry_alerts
from monitor.outbox.chats import withdraw_alerts
from monitor.outbox.digest import set_digest
from monitor.outbox.queue import lease, mark_dead, mark_retry, mark_sent
from monitor.outbox.worker import MAX_ATTEMPTS
from monitor.storage.engine import Database
from monitor.storage.recipients import save_chat

LATER = NOW + timedelta(hours=1)


def refuse_until_dead(database: Database, alert_id: int) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with database.write() as connection:
            lease(connection, now=NOW, lease_for=timedelta(minutes=5), limit=1)
            if attempt < MAX_ATTEMPTS:
                mark_retry(connection, alert_id, not_before=NOW, error="Bad Request")
            else:
                mark_dead(connection, alert_id, error="Bad Request: no")


def states(database: Database) -> dict[int, str]:
    with database.read() as connection:
        return {item.recipient_id: item.state for item in list_alerts(connection)}


def test_what_was_refused_too_often_is_tried_again_and_what_was_withdrawn_is_not(
    database: Database,
) -> None:
    plant(database, chats=[1])
    refuse_until_dead(database, 1)
    plant(database, chats=[2], title="另一份报告")
    with database.write() as connection:
        withdraw_alerts(connection, 2, reason="the chat said /stop")
    with database.write() as connection:
        dead = exhausted_alerts(connection, MAX_ATTEMPTS)
        assert dead == [1]
        assert retry_alerts(connection, dead, now=LATER) == [1]
    assert states(database) == {1: "pending", 2: "dead"}
    with database.write() as connection:
        (alert,) = lease(connection, now=LATER, lease_for=timedelta(minutes=5), limit=9)
    assert (alert.recipient_id, alert.attempts, alert.possibly_delivered) == (1, 1, False)


def test_what_is_held_for_a_digest_is_sent_alone_or_given_up(database: Database) -> None:
    with database.write() as connection:
        for chat in (1, 2):
            save_chat(connection, chat, title="", now=NOW)
            set_digest(connection, chat, Digest(), now=NOW)
    plant(database, chats=[1, 2])
    assert states(database) == {1: "scheduled", 2: "scheduled"}
    with database.write() as connection:
        assert retry_alerts(connection, [1], now=LATER) == [1]
        assert drop_alerts(connection, [2], reason="no") == [2]
    assert states(database) == {1: "pending", 2: "dead"}


def test_what_was_sent_or_is_being_sent_is_left_alone(database: Database) -> None:
    plant(database, chats=[1, 2, 3])
    with database.write() as connection:
        first, *_ = lease(connection, now=NOW, lease_for=timedelta(minutes=5), limit=2)
        mark_sent(connection, first.id, now=NOW, message_id=5)
    with database.write() as connection:
        assert retry_alerts(connection, [1, 2, 99], now=LATER) == []
        assert drop_alerts(connection, [1, 2, 3, 3, 99], reason="no") == [3]
    assert states(database) == {1: "sent", 2: "leased", 3: "dead"}


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """The bytes of a database with one dead alert and one that waits, made once."""
    path = tmp_path_factory.mktemp("alerts") / "monitor.db"
    store = Database(fresh_sqlite(path))
    plant(store, chats=[7, 8])
    refuse_until_dead(store, 1)
    store.close()
    return path.read_bytes()


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch, history):
    monkeypatch.chdir(tmp_path)
    for name in ("MONITOR_TELEGRAM__TOKEN", "MONITOR_DATABASE", "MONITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "monitor.db").write_bytes(history)

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, err
        return out + err

    return run


def test_dead_letters_are_seen_with_their_reason(monitor):
    out = monitor("alerts", "list", "--state", "dead", "--format", "jsonl")
    (item,) = [json.loads(line) for line in out.splitlines()]
    assert (item["chat"], item["state"], item["error"]) == (7, "dead", "Bad Request: no")
    assert item["attempts"] == MAX_ATTEMPTS
    assert item["title"] == "2026年贵州省政府工作报告"
    assert monitor("alerts", "list", "--chat", 8, "--format", "csv").count("\n") == 2


def test_an_operator_sends_again_and_gives_up(monitor):
    assert "1 alert will be sent" in monitor("alerts", "retry", "--given-up")
    said = monitor("alerts", "drop", 1, 77)
    assert "77: unchanged" in said
    assert "1 alert given up" in said
    assert "dropped by the operator" in monitor("alerts", "list", "--format", "csv")


@pytest.mark.parametrize(
    "arguments", [("retry",), ("retry", 1, "--given-up"), ("drop",), ("list", "--state", "lost")]
)
def test_a_slip_is_one_line(monitor, arguments):
    said = monitor("alerts", *arguments, code=2)
    assert "Traceback" not in said

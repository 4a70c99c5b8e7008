"""What is deleted by age, and that nothing is told again for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from alert_story import plant, raised
from sqlalchemy import insert, select, text

from monitor.model.alerts import AlertState, NoticeKind
from monitor.model.documents import Link
from monitor.model.feedback import FeedbackKind
from monitor.outbox.corrections import recipients_of_change
from monitor.outbox.enqueue import AlertRequest, enqueue
from monitor.outbox.load import get_alert
from monitor.outbox.queue import enqueue_notice, lease, mark_sent
from monitor.storage.feedback import add_feedback
from monitor.storage.frontier import FoundLink, add_entries, link_mark
from monitor.storage.host_pauses import host_pauses, save_host_pause
from monitor.storage.recipients import save_chat
from monitor.storage.retention import Expired, RetentionPeriods, count_expired, delete_expired
from monitor.storage.tables import (
    frontier_entry_table,
    list_page_table,
    snapshot_table,
    source_table,
)

DAY = timedelta(days=1)
NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
PERIODS = RetentionPeriods(addresses=180 * DAY, alerts=90 * DAY)
OLD = {
    "source_id": "news",
    "title": "",
    "baseline": False,
    "first_seen_at": NOW - 200 * DAY,
    "last_visit_at": NOW - DAY,
    "next_visit_at": NOW + DAY,
    "last_outcome": "gone",
    "failures": 9,
    "suspect_count": 0,
}
READ = {"document_id": 1, "last_outcome": "ok", "failures": 0}


def write_entries(database, entries: Iterable[dict]) -> None:
    """Old addresses of a source whose list shows ``listed.html``, with what differs."""
    with database.write() as connection:
        connection.execute(
            insert(source_table).values(id="news", name="要闻", document_kind="news", added_at=NOW)
        )
        connection.execute(
            insert(list_page_table).values(
                source_id="news", url="https://a.cn/", shown=link_mark("a.cn/listed.html")
            )
        )
        for one in entries:
            url = f"https://{one['identity']}"
            connection.execute(insert(frontier_entry_table).values({**OLD, "url": url, **one}))


def identities(database) -> list[str]:
    with database.read() as connection:
        query = select(frontier_entry_table.c.identity).order_by(frontier_entry_table.c.id)
        return [str(one).removeprefix("a.cn/") for one in connection.scalars(query)]


def test_addresses_without_use_are_forgotten_and_no_others(database):
    plant(database, [raised()])
    kept = [
        {"identity": "a.cn/listed.html"},
        {"identity": "a.cn/young.html", "first_seen_at": NOW - 100 * DAY},
        {"identity": "a.cn/history.html", "baseline": True},
        {"identity": "a.cn/due.html", "next_visit_at": NOW - DAY},
        {"identity": "a.cn/blocked.html", "last_outcome": "blocked"},
        {"identity": "a.cn/broken.html", "last_outcome": "error"},
        {"identity": "a.cn/just-gone.html", "failures": 2},
        {"identity": "a.cn/never-visited.html", "last_visit_at": None},
        {"identity": "a.cn/seen.html"},  # a snapshot was taken from it
        {"identity": "a.cn/b.html", **READ},
        {"identity": "a.cn/c.html?id=1&t=1", **READ},  # the document was read from it
        {"identity": "a.cn/d.html?t=2", **READ},  # the newest that shows it
    ]
    forgotten = [
        # What is gone itself is no loss: another address shows the document.
        {"identity": "a.cn/d.html?t=3", **READ, "last_outcome": "gone"},
        {"identity": "a.cn/gone.html"},
        {"identity": "a.cn/empty.html?t=1", "last_outcome": "empty"},
        {"identity": "a.cn/moved.html", "last_outcome": "moved"},
        {"identity": "a.cn/c.html?id=1&t=2", **READ},
        {"identity": "a.cn/c.html?id=1&t=3", **READ, "last_outcome": "not_modified"},
    ]
    newest = {"identity": "a.cn/c.html?id=1&t=4", **READ}
    earlier = {"identity": "a.cn/d.html?t=1", **READ}
    write_entries(database, [earlier, *kept, *forgotten, newest])
    with database.write() as connection:
        for identity in ("a.cn/seen.html", "a.cn/c.html?id=1&t=1"):
            entry = select(frontier_entry_table.c.id).where(
                frontier_entry_table.c.identity == identity
            )
            connection.execute(
                insert(snapshot_table).values(
                    frontier_entry_id=connection.scalars(entry).one(),
                    visited_at=NOW,
                    outcome="ok",
                    reason="",
                    text_hash="",
                    title="",
                    characters=0,
                )
            )
    found = count_expired(database, PERIODS, NOW)
    assert (found, bool(found)) == (Expired(addresses=7), True)
    assert delete_expired(database, PERIODS, NOW) == found
    assert identities(database) == [
        one["identity"].removeprefix("a.cn/") for one in (*kept, newest)
    ]
    assert not count_expired(database, PERIODS, NOW)
    assert not count_expired(database, RetentionPeriods(), NOW)


def test_an_address_that_comes_back_is_new(sqlite_database):
    write_entries(sqlite_database, [{"identity": "a.cn/back.html"}])
    delete_expired(sqlite_database, PERIODS, NOW)
    link = FoundLink(Link("https://a.cn/back.html"), False, "a.cn/back.html")
    with sqlite_database.write() as connection:
        assert add_entries(connection, "news", [link], NOW) == 1
        assert add_entries(connection, "news", [link], NOW) == 0


@pytest.fixture
def sent(database) -> int:
    """An alert that was sent half a year ago; its change."""
    then = NOW - 180 * DAY
    with database.write() as connection:
        save_chat(connection, 7, title="某人", now=then)
    (change,) = plant(database, [raised()], chats=[7], now=then)
    with database.write() as connection:
        enqueue_notice(connection, NoticeKind.BROADCAST, "停机维护", [7, 8], now=then)
        for alert in lease(connection, now=then, lease_for=DAY, limit=10):
            mark_sent(connection, alert.id, now=then, message_id=alert.id, text=f"text {alert.id}")
        enqueue_notice(connection, NoticeKind.BROADCAST, "恢复", [7], now=then)
    return change


def test_the_text_of_an_old_alert_goes_and_the_alert_stays(database, sent):
    found = count_expired(database, PERIODS, NOW)
    assert found == Expired(alert_texts=1, notices=2)
    assert delete_expired(database, PERIODS, NOW) == found
    assert not count_expired(database, PERIODS, NOW)
    with database.read() as connection:
        log = connection.execute(
            text("SELECT alert_id, state, text FROM alert_log ORDER BY 1")
        ).all()
        assert [tuple(line) for line in log] == [(1, "sent", None), (4, "pending", None)]
        assert connection.scalars(text("SELECT text FROM notice")).all() == ["恢复"]
        # Its buttons and the corrections of its change work.
        alert = get_alert(connection, 1)
        assert alert is not None
        assert [item.change_id for item in alert.changes] == [sent]
        assert recipients_of_change(connection, sent) == [7]
    with database.write() as connection:
        add_feedback(connection, sent, FeedbackKind.NOT_NEW, recipient_id=7, person=7, now=NOW)
        # It is not sent again.
        snapshot = connection.scalar(text("SELECT snapshot_id FROM alert WHERE id = 1"))
        enqueue(
            connection,
            snapshot_id=snapshot,
            document_id=1,
            matches=[AlertRequest(sent, "r", 7)],
            now=NOW,
        )
        assert [one.id for one in lease(connection, now=NOW, lease_for=DAY, limit=9)] == [4]


def test_young_alerts_keep_their_texts(database, sent):
    assert not count_expired(database, RetentionPeriods(alerts=200 * DAY), NOW)
    with database.write() as connection:
        connection.execute(text("UPDATE alert SET state = :state"), {"state": AlertState.PENDING})
    assert not count_expired(database, PERIODS, NOW)


def test_pauses_that_are_over_or_cannot_be_are_deleted_whatever_the_periods(database):
    waits = {"over.cn": -1, "on.cn": 3600, "longest.cn": 7 * 86_400, "of-a-wrong-clock.cn": 10**8}
    with database.write() as connection:
        for host, seconds in waits.items():
            save_host_pause(connection, host, NOW + timedelta(seconds=seconds))
    found = count_expired(database, RetentionPeriods(), NOW)
    assert (found, bool(found)) == (Expired(host_pauses=2), True)
    assert delete_expired(database, RetentionPeriods(), NOW) == found
    with database.read() as connection:
        assert list(host_pauses(connection, now=NOW)) == ["on.cn", "longest.cn"]
    assert not count_expired(database, RetentionPeriods(), NOW)

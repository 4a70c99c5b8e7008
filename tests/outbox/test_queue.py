"""The outbox keeps every alert once, through deaths of channels and on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from alert_story import NOW, added, goal, plant, raised, unsure
from sqlalchemy import event, select, text
from sqlalchemy.exc import SQLAlchemyError

from monitor.ingest.projection import rebuild
from monitor.ingest.removal import remove
from monitor.messages.alert_message import render_alert
from monitor.model.alerts import AlertKind
from monitor.model.changes import Certainty, Kind
from monitor.model.delivery_times import Digest
from monitor.model.documents import DocumentKind
from monitor.outbox.chats import move_alerts, withdraw_alerts
from monitor.outbox.digest import make_digests, set_digest, set_muted
from monitor.outbox.enqueue import AlertRequest, enqueue
from monitor.outbox.load import unsure_changes
from monitor.outbox.queue import (
    expire_leases,
    lease,
    mark_dead,
    mark_in_flight,
    mark_retry,
    mark_sent,
    next_due,
)
from monitor.storage.base import get_row
from monitor.storage.engine import Database
from monitor.storage.recipients import defer_until, save_chat
from monitor.storage.tables import alert_table, snapshot_table

MINUTE = timedelta(minutes=1)


def take(database: Database, now=NOW, limit: int = 10, leased_by: str = "mine"):
    with database.write() as connection:
        return lease(connection, now=now, lease_for=5 * MINUTE, limit=limit, leased_by=leased_by)


def wanted(matches):
    return [AlertRequest(*match) for match in matches]


def begin(database: Database, alert_id: int, now=NOW, leased_by: str = "mine") -> bool:
    with database.write() as connection:
        return mark_in_flight(
            connection, alert_id, leased_by=leased_by, now=now, lease_for=5 * MINUTE
        )


def test_an_alert_carries_all_a_message_needs(database: Database) -> None:
    change = raised()
    (change_id,) = plant(database, [change], chats=[7])
    (alert,) = take(database)
    assert (alert.recipient_id, alert.attempts, alert.possibly_delivered) == (7, 1, False)
    assert alert.created_at == NOW
    assert alert.document.title == "2026年贵州省政府工作报告"
    assert alert.document.kind is DocumentKind.REPORT
    assert alert.language == "zh"
    (item,) = alert.changes
    assert (item.change_id, item.change, item.rule_ids) == (
        change_id,
        change,
        ("guizhou",),
    )
    assert "160" in item.summary


def test_an_alert_counts_what_is_not_sure_beside_its_changes(database: Database) -> None:
    told = [raised(), unsure(1)]
    beside = [
        unsure(2),
        unsure(3, Kind.ADDED),
        unsure(4, region="甘肃省"),  # no change of the alert is about it
        replace(unsure(5), certainty=Certainty.SURE),
    ]
    ids = plant(database, told, unmatched=beside, chats=[7])
    plant(database, unmatched=[unsure(6)], title="另一份报告")
    (alert,) = take(database)
    assert alert.unsure == 2
    with database.read() as connection:
        found = unsure_changes(connection, alert.id, limit=9)
        assert [(item.change_id, item.change) for item in found] == [
            (ids[2], beside[0]),
            (ids[3], beside[1]),
        ]
        rest = unsure_changes(connection, alert.id, after=ids[2], limit=9)
        assert [item.change_id for item in rest] == [ids[3]]


def test_a_digest_counts_what_is_not_sure_in_all_its_parts(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, 1, title="某人", now=NOW)
        set_digest(connection, 1, Digest(), now=NOW)
    plant(database, unmatched=[unsure(1), unsure(2)], chats=[1], title="甲")
    plant(database, unmatched=[unsure(3)], chats=[1], title="乙")
    later = NOW + timedelta(days=1)
    with database.write() as connection:
        make_digests(connection, now=later)
    (digest,) = take(database, later)
    assert (digest.kind, digest.unsure) == (AlertKind.DIGEST, 3)
    with database.read() as connection:
        found = unsure_changes(connection, digest.id, limit=9)
    assert [item.document.title for item in found] == ["甲", "甲", "乙"]


def test_the_first_digest_of_a_month_says_what_is_due_this_year(database: Database) -> None:
    """Of the regions and themes of its changes; a later digest of the month does not repeat it."""
    with database.write() as connection:
        save_chat(connection, 1, title="某人", now=NOW)
        set_digest(connection, 1, Digest(), now=NOW)
    elsewhere = replace(raised(), region="甘肃省", after=goal(105, region="甘肃省"))
    plant(database, [elsewhere], title="甘")
    current = (
        "UPDATE document SET snapshot_id ="
        " (SELECT MAX(id) FROM snapshot WHERE document_id = document.id)"
    )
    told: list[tuple[bool, str]] = []
    for days in (1, 2, 40):
        now = NOW + timedelta(days=days)
        plant(database, [raised(160, 190 + days)], chats=[1], title=f"甲{days}", now=now)
        plant(database, [raised(20, 30 + days)], chats=[1], title=f"乙{days}", now=now)
        later = now + timedelta(days=1)
        with database.write() as connection:
            connection.execute(text(current))
            rebuild(connection)
            make_digests(connection, now=later)
        (digest,) = take(database, later, leased_by=str(days))
        with database.write() as connection:
            mark_sent(connection, digest.id, message_id=days, now=later)
        assert digest.kind is AlertKind.DIGEST
        told.append((digest.due is not None, render_alert(digest).text))
    assert [due for due, _ in told] == [True, False, True]
    first, second, _ = (shown for _, shown in told)
    assert "\n\n2026 年到期的目标：2 项\n· 贵州 算力规模 " in first
    assert "\n查看：/commitment 贵州，或 monitor fulfilment --year 2026" in first
    assert "甘肃" not in first
    assert "到期" not in second


def test_one_document_makes_one_alert_a_chat(database: Database) -> None:
    plant(database, [raised(), raised(20, 30)], chats=[1, 2])
    alerts = take(database)
    assert [alert.recipient_id for alert in alerts] == [1, 2]
    assert [len(alert.changes) for alert in alerts] == [2, 2]


def test_five_hundred_recipients_cost_a_few_statements(database: Database) -> None:
    (change_id,) = plant(database)
    with database.write() as connection:
        for chat in range(1, 501, 2):
            save_chat(connection, chat, title="", now=NOW)
        for chat in range(1, 501, 4):
            set_digest(connection, chat, Digest(), now=NOW)
    statements = []
    matches = [AlertRequest(change_id, rule, chat) for chat in range(1, 501) for rule in ("a", "b")]
    with database.write() as connection:
        event.listen(connection, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
        count = enqueue(connection, snapshot_id=2, document_id=1, matches=matches, now=NOW)
    assert count == 500
    assert len(statements) <= 10
    assert len(take(database, limit=1000)) == 375


def test_a_second_enqueue_adds_to_what_waits_and_repeats_nothing(database: Database) -> None:
    first, second = plant(database, [raised(), raised(20, 30)])
    with database.write() as connection:
        snapshot = connection.scalars(
            select(snapshot_table.c.id).order_by(snapshot_table.c.id.desc())
        ).first()
        assert snapshot is not None

        def put(*matches: tuple[int, str, int, int]) -> int:
            return enqueue(
                connection,
                snapshot_id=snapshot,
                document_id=1,
                matches=wanted(matches),
                now=NOW,
            )

        assert put((first, "a", 5, 0)) == 1
        assert put((first, "a", 5, 0), (first, "b", 5, 3), (second, "a", 5, 0)) == 0
    (alert,) = take(database)
    assert [(c.change_id, c.rule_ids) for c in alert.changes] == [
        (first, ("a", "b")),
        (second, ("a",)),
    ]
    with database.write() as connection:
        matches = [(second, "late", 5, 0)]
        assert (
            enqueue(
                connection,
                snapshot_id=snapshot,
                document_id=1,
                matches=wanted(matches),
                now=NOW,
            )
            == 0
        )
        assert connection.scalar(text("SELECT COUNT(*) FROM alert_change")) == 3


def test_a_withdrawn_alert_is_not_sent_by_its_lease_owner(database: Database) -> None:
    plant(database, chats=[1])
    plant(database, chats=[1], title="另一份")
    begun, held = take(database)
    assert begin(database, begun.id)
    with database.write() as connection:
        assert withdraw_alerts(connection, 1, reason="the chat said /stop") == 2
    assert not begin(database, held.id)
    with database.write() as connection:
        mark_retry(connection, held.id, not_before=NOW, error="429", leased_by="mine")
        # The one that was on its way arrived, and the log says so.
        mark_sent(connection, begun.id, now=NOW, message_id=5)
    with database.read() as connection:
        states = {row.id: row.state for row in connection.execute(select(alert_table))}
    assert states == {begun.id: "sent", held.id: "dead"}


def test_what_waits_of_a_removed_document_is_withdrawn_with_its_reason(database: Database) -> None:
    plant(database, chats=[1, 2, 3])
    with database.write() as connection:
        for chat in (2, 3):
            save_chat(connection, chat, title="", now=NOW)
            set_muted(connection, chat, NOW + MINUTE, now=NOW)
    plant(database, chats=[2], title="另一份")
    with database.write() as connection:
        set_muted(connection, 2, NOW + MINUTE, now=NOW)
        assert make_digests(connection, now=NOW + 2 * MINUTE) == 2
        assert remove(connection, 1, reason="a draft", now=NOW)
    left = take(database, NOW + 3 * MINUTE)
    assert [(alert.recipient_id, len(alert.changes)) for alert in left] == [(2, 1)]
    with database.read() as connection:
        rows = connection.execute(text("SELECT recipient_id, state, error FROM alert ORDER BY id"))
        reason = "its document was removed: a draft"
        assert [tuple(row) for row in rows][:3] == [(n, "dead", reason) for n in (1, 2, 3)]


def test_what_is_leased_is_not_leased_again_before_its_time(database: Database) -> None:
    plant(database, chats=[1])
    assert len(take(database)) == 1
    assert take(database, NOW + 4 * MINUTE) == []


def test_a_lease_that_ran_out_is_taken_again_and_says_what_may_have_been_sent(
    database: Database,
) -> None:
    plant(database, chats=[1, 2])
    one, _ = take(database)
    assert begin(database, one.id)
    again = take(database, NOW + 5 * MINUTE, leased_by="next")
    assert [(alert.recipient_id, alert.possibly_delivered) for alert in again] == [
        (1, True),
        (2, False),
    ]
    assert {alert.attempts for alert in again} == {1}


def test_what_a_worker_that_is_gone_had_leased_is_taken_at_once(sqlite_database) -> None:
    plant(sqlite_database, chats=[1, 2])
    one, _ = take(sqlite_database)
    assert begin(sqlite_database, one.id)
    with sqlite_database.write() as connection:
        expire_leases(connection, now=NOW)
    again = take(sqlite_database, leased_by="next")
    assert [alert.possibly_delivered for alert in again] == [True, False]


def test_a_worker_that_lost_the_lease_neither_sends_nor_records(database: Database) -> None:
    plant(database, chats=[1])
    (alert,) = take(database, leased_by="slow")
    (again,) = take(database, NOW + 5 * MINUTE, leased_by="fast")
    assert not begin(database, alert.id, NOW + 5 * MINUTE, leased_by="slow")
    with database.write() as connection:
        mark_retry(connection, alert.id, not_before=NOW, error="late", leased_by="slow")
        mark_dead(connection, alert.id, error="late", leased_by="slow")
        assert get_row(connection, alert_table, alert.id).state == "leased"
    assert begin(database, again.id, NOW + 5 * MINUTE, leased_by="fast")
    # What Telegram took, it took: the slow one's note of it counts.
    with database.write() as connection:
        mark_sent(connection, alert.id, now=NOW, message_id=7)
        mark_retry(connection, alert.id, not_before=NOW, error="late", leased_by="fast")
        assert get_row(connection, alert_table, alert.id).state == "sent"


def test_two_senders_never_share_an_alert(postgres_database: Database) -> None:
    plant(postgres_database, chats=[1, 2, 3])
    with postgres_database.write() as one, postgres_database.write() as two:
        first = lease(one, now=NOW, lease_for=MINUTE, limit=2)
        second = lease(two, now=NOW, lease_for=MINUTE, limit=2)
    assert [a.recipient_id for a in first] == [1, 2]
    assert [a.recipient_id for a in second] == [3]


def test_urgent_ones_go_first(database: Database) -> None:
    plant(database, chats=[1], title="甲")
    plant(database, chats=[1], title="乙", priority=5)
    assert [alert.document.title for alert in take(database)] == ["乙", "甲"]


def test_sent_is_the_end(database: Database) -> None:
    plant(database, chats=[1])
    (alert,) = take(database)
    with database.write() as connection:
        mark_sent(connection, alert.id, now=NOW, message_id=99)
    with database.write() as connection:
        # A second channel that held the expired lease comes too late to undo it.
        mark_retry(connection, alert.id, not_before=NOW, error="late")
        mark_dead(connection, alert.id, error="late")
        row = get_row(connection, alert_table, alert.id)
        assert (row.state, row.message_id, row.sent_at, row.error) == ("sent", 99, NOW, None)
        assert next_due(connection, now=NOW) is None
    assert take(database, NOW + timedelta(days=1)) == []


def test_a_retry_waits_and_may_leave_the_attempt_uncounted(database: Database) -> None:
    plant(database, chats=[1])
    (alert,) = take(database)
    with database.write() as connection:
        mark_retry(connection, alert.id, not_before=NOW + MINUTE, error="429", counted=False)
        assert next_due(connection, now=NOW) == NOW + MINUTE
    assert take(database) == []
    (again,) = take(database, NOW + MINUTE)
    assert again.attempts == 1
    assert not again.possibly_delivered


def test_the_clock_of_another_machine_puts_no_alert_off(database: Database) -> None:
    """A crawl worker whose clock is ahead made it; what waits for a reason goes on waiting."""
    plant(database, chats=[1])
    behind = NOW - 5 * MINUTE
    with database.read() as connection:
        assert next_due(connection, now=behind) == behind
    (alert,) = take(database, behind)
    with database.write() as connection:
        mark_retry(connection, alert.id, not_before=NOW, error="429")
        assert next_due(connection, now=behind) == NOW
    assert take(database, behind) == []


def test_the_next_due_counts_leases_that_may_run_out(database: Database) -> None:
    with database.read() as connection:
        assert next_due(connection, now=NOW) is None
    plant(database, chats=[1])
    take(database)
    with database.read() as connection:
        assert next_due(connection, now=NOW) == NOW + 5 * MINUTE


def test_an_expired_delay_makes_nothing_due(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, 1, title="某人", now=NOW)
        defer_until(connection, 1, NOW + MINUTE, now=NOW)
    plant(database, chats=[1])
    with database.read() as connection:
        assert next_due(connection, now=NOW) == NOW + MINUTE
    (alert,) = take(database, NOW + MINUTE)
    with database.write() as connection:
        mark_retry(connection, alert.id, not_before=NOW + 60 * MINUTE, error="400")
    with database.read() as connection:
        assert next_due(connection, now=NOW) == NOW + 60 * MINUTE


def test_deaths_of_senders_are_no_refusals(database: Database) -> None:
    plant(database, chats=[1])
    for death in range(20):
        (alert,) = take(database, NOW + death * 5 * MINUTE, leased_by=str(death))
    assert alert.attempts == 1


def test_a_digest_says_what_its_parts_leave_in_doubt(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, 1, title="某人", now=NOW)
    plant(database, chats=[1])
    plant(database, chats=[1])
    (alert,) = take(database, limit=1)
    with database.write() as connection:
        mark_retry(connection, alert.id, not_before=NOW, error="no answer", possibly_delivered=True)
        set_muted(connection, 1, NOW + MINUTE, now=NOW)
    with database.write() as connection:
        assert make_digests(connection, now=NOW + MINUTE) == 1
    (digest,) = take(database, NOW + MINUTE)
    assert digest.kind is AlertKind.DIGEST
    assert digest.possibly_delivered


def test_a_digest_may_tell_more_than_a_statement_has_parameters(database: Database) -> None:
    (change_id,) = plant(database, chats=[1])
    many = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000)
        INSERT INTO alert
            (recipient_id, state, created_at, not_before, priority, attempts, digest_id)
        SELECT 1, 'in_digest', created_at, not_before, 0, 0, 1 FROM n, alert WHERE id = 1"""
    with database.write() as connection:
        connection.execute(text("UPDATE alert SET snapshot_id = NULL, document_id = NULL"))
        connection.execute(text("DELETE FROM alert_change"))
        connection.execute(text(many))
        connection.execute(
            text(
                "INSERT INTO alert_change (alert_id, change_id, rule_id) "
                "SELECT MAX(id), :change, 'r' FROM alert"
            ),
            {"change": change_id},
        )
    (digest,) = take(database)
    assert [item.change_id for item in digest.changes] == [change_id]


def test_a_muted_chat_gets_no_queued_alert(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, 1, title="某人", now=NOW)
    plant(database, chats=[1])
    (alert,) = take(database)
    with database.write() as connection:
        set_muted(connection, 1, NOW + 60 * MINUTE, now=NOW)
        mark_retry(
            connection,
            alert.id,
            not_before=NOW + MINUTE,
            error="no answer",
            possibly_delivered=True,
        )
    assert take(database, NOW + 2 * MINUTE) == []
    with database.read() as connection:
        assert next_due(connection, now=NOW) == NOW + 60 * MINUTE
    with database.write() as connection:
        make_digests(connection, now=NOW + 60 * MINUTE)
    (after,) = take(database, NOW + 60 * MINUTE)
    assert (after.id, after.attempts, after.possibly_delivered) == (alert.id, 2, True)


def test_a_muted_chat_gets_its_digest_afterwards(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, 1, title="某人", now=NOW)
        set_digest(connection, 1, Digest(), now=NOW)
    plant(database, chats=[1])
    plant(database, chats=[1])
    day = NOW + timedelta(days=1)
    with database.write() as connection:
        make_digests(connection, now=day)
        set_muted(connection, 1, day + 60 * MINUTE, now=day)
    assert take(database, day) == []
    with database.read() as connection:
        assert next_due(connection, now=NOW) == day + 60 * MINUTE
    with database.write() as connection:
        set_muted(connection, 1, None, now=day + MINUTE)
    (digest,) = take(database, day + MINUTE)
    assert digest.kind is AlertKind.DIGEST


def test_the_dead_are_visible_in_sql(database: Database) -> None:
    plant(database, chats=[1])
    (alert,) = take(database)
    with database.write() as connection:
        mark_dead(connection, alert.id, error="Forbidden: bot was blocked by the user")
    with database.read() as connection:
        row = connection.execute(text("SELECT state, error, changes FROM alert_log")).one()
    assert tuple(row) == ("dead", "Forbidden: bot was blocked by the user", 1)


def test_alerts_of_a_migrated_chat_follow_unless_sent_there_already(database: Database) -> None:
    plant(database, chats=[-1, -1001], title="甲")
    plant(database, chats=[-1], title="乙")
    with database.write() as connection:
        move_alerts(connection, -1, -1001)
    found = sorted((alert.recipient_id, alert.document.title) for alert in take(database))
    assert found == [(-1001, "乙"), (-1001, "甲")]


def test_a_visit_that_fails_leaves_no_alert(database: Database) -> None:
    (change_id,) = plant(database, [added()])

    def visit() -> None:
        with database.write() as connection:
            matches = [(change_id, "a", 1, 0)]
            enqueue(
                connection,
                snapshot_id=2,
                document_id=1,
                matches=wanted(matches),
                now=NOW,
            )
            raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        visit()
    assert take(database) == []


def test_a_change_that_does_not_exist_cannot_be_alerted(database: Database) -> None:
    plant(database)
    with pytest.raises(SQLAlchemyError), database.write() as connection:
        enqueue(
            connection, snapshot_id=2, document_id=1, matches=[AlertRequest(999, "a", 1)], now=NOW
        )

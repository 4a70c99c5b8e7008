"""What waits for a time that a wrong clock stored is due; what waits rightly goes on waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from monitor.channels.fake import FakeChannel
from monitor.model.alerts import AlertKind, AlertState, NoticeKind, WaitReason
from monitor.outbox.digest import set_muted
from monitor.outbox.future_times import forget_future_times
from monitor.outbox.queue import enqueue_notice
from monitor.outbox.worker import CircuitBreaker, OutboxWorker, deliver_due
from monitor.storage import subscriptions
from monitor.storage.recipients import defer_until, get_recipient, save_chat
from monitor.storage.tables import alert_table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


def due_after(database, state, reason, wait, *, leased=None):
    """How far off an alert is due after the correction."""
    with database.write() as connection:
        connection.execute(
            insert(alert_table).values(
                recipient_id=7,
                kind=AlertKind.CHANGES,
                state=state,
                waiting_for=reason,
                created_at=NOW,
                not_before=NOW + wait,
                leased_until=None if leased is None else NOW + leased,
            )
        )
        forget_future_times(connection, now=NOW)
        row = connection.execute(select(alert_table.c.not_before, alert_table.c.leased_until)).one()
    return (row.not_before if leased is None else row.leased_until) - NOW


@pytest.mark.parametrize(
    ("state", "reason", "wait"),
    [
        (AlertState.PENDING, WaitReason.RETRY, DAY),
        (AlertState.PENDING, WaitReason.RATE_LIMIT, DAY),
        (AlertState.PENDING, WaitReason.EARLIER_ALERT, DAY),
        (AlertState.PENDING, WaitReason.QUIET_HOURS, 23 * HOUR),
        (AlertState.PENDING, WaitReason.MUTED, 360 * DAY),
        (AlertState.SCHEDULED, WaitReason.MUTED, 366 * DAY),
        (AlertState.SCHEDULED, WaitReason.DIGEST, 7 * DAY + HOUR),
        (AlertState.PENDING, None, timedelta(0)),
    ],
)
def test_each_reason_has_a_longest_wait(database, state, reason, wait):
    assert due_after(database, state, reason, wait) == wait


@pytest.mark.parametrize(
    ("state", "reason", "wait"),
    [
        (AlertState.PENDING, WaitReason.RETRY, 2 * DAY),
        (AlertState.PENDING, WaitReason.RATE_LIMIT, YEAR),
        (AlertState.PENDING, WaitReason.EARLIER_ALERT, YEAR),
        (AlertState.PENDING, WaitReason.QUIET_HOURS, YEAR),
        (AlertState.PENDING, WaitReason.MUTED, 2 * YEAR),
        (AlertState.SCHEDULED, WaitReason.MUTED, YEAR + 30 * DAY),
        (AlertState.SCHEDULED, WaitReason.DIGEST, 9 * DAY),
        (AlertState.PENDING, None, YEAR),
    ],
)
def test_an_alert_that_waits_longer_is_due(database, state, reason, wait):
    assert due_after(database, state, reason, wait) == timedelta(0)


@pytest.mark.parametrize(("wait", "after"), [(HOUR / 12, HOUR / 12), (YEAR, timedelta(0))])
def test_a_lease_lasts_no_longer_than_a_lease(database, wait, after):
    assert due_after(database, AlertState.LEASED, None, timedelta(0), leased=wait) == after


def test_chats_are_neither_deferred_nor_muted_until_a_time_nobody_set(database):
    with database.write() as connection:
        for chat in (7, 8):
            save_chat(connection, chat, title="", now=NOW)
        defer_until(connection, 7, NOW + YEAR, now=NOW)
        set_muted(connection, 7, NOW + YEAR + 5 * DAY, now=NOW)
        subscriptions.mute(connection, 7, "all", until=NOW + 2 * YEAR)
        subscriptions.mute(connection, 7, "ever", until=None)
        defer_until(connection, 8, NOW + HOUR, now=NOW)
        set_muted(connection, 8, NOW + 90 * DAY, now=NOW)
    with database.write() as connection:
        forget_future_times(connection, now=NOW)
    with database.read() as connection:
        assert get_recipient(connection, 7).muted_until is None
        assert get_recipient(connection, 8).muted_until == NOW + 90 * DAY
        assert subscriptions.muted_rules(connection, 7, now=NOW) == {"ever": None}


async def test_a_notice_of_a_day_with_a_wrong_clock_is_delivered_with_the_right_one(database):
    clock = [NOW + YEAR]
    channel = FakeChannel()
    worker = OutboxWorker(database, channel, lambda: clock[0])
    with database.write() as connection:
        enqueue_notice(connection, NoticeKind.BROADCAST, "维护通知", [7], now=clock[0])
    clock[0] = NOW
    await deliver_due(worker)
    assert len(channel.sent) == 1


def test_a_circuit_breaker_does_not_stay_open_for_a_year():
    breaker = CircuitBreaker()
    for chat in range(3):
        breaker.asked_to_wait(chat, NOW + YEAR + HOUR)
    breaker.tick(NOW + YEAR)
    assert breaker.open_until is not None
    breaker.tick(NOW)
    assert breaker.open_until is None

"""Delivery: every alert arrives once, patience where it is asked for, an end where there is one."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from alert_story import NOW, Clock, plant
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Row, event, select, text
from sqlalchemy.exc import OperationalError

from monitor.channels.fake import FakeChannel
from monitor.channels.flood_control import FloodControl
from monitor.errors import ChatGone, ChatMoved, DeliveryError, RetryLater
from monitor.model.alerts import Recipient
from monitor.outbox.queue import lease, mark_in_flight
from monitor.outbox.worker import (
    DELIVERY_BACKOFF,
    LEASE,
    MAX_ATTEMPTS,
    OutboxWorker,
    WorkerQueries,
    deliver_due,
    delivery_loop,
)
from monitor.storage.engine import Database
from monitor.storage.recipients import ensure_recipients, save_chat
from monitor.storage.subscriptions import subscribe, subscribers_of_rules
from monitor.storage.tables import alert_table, recipient_table


def rows(database: Database) -> list[Row[Any]]:
    with database.read() as connection:
        return list(connection.execute(select(alert_table).order_by(alert_table.c.id)))


async def deliver(database: Database, channel: FakeChannel, clock: Clock):
    return await deliver_due(OutboxWorker(database, channel, clock, chance=lambda: 0.0))


async def test_every_alert_arrives_once_with_its_message_id(database: Database) -> None:
    plant(database, chats=[1, 2])
    plant(database, chats=[1])
    channel, clock = FakeChannel(), Clock()
    report = await deliver(database, channel, clock)
    assert report.sent == 3
    assert sorted(s.chat_id for s in channel.sent) == [1, 1, 2]
    assert {row.message_id for row in rows(database)} == {1, 2, 3}
    assert {row.state for row in rows(database)} == {"sent"}
    assert (await deliver(database, channel, clock)).sent == 0


async def test_more_alerts_than_a_batch_all_go_in_one_call(sqlite_database: Database) -> None:
    plant(sqlite_database, chats=range(1, 81))
    channel = FakeChannel()
    await deliver(sqlite_database, channel, Clock())
    assert len(channel.sent) == 80
    with sqlite_database.read() as connection:
        texts = connection.execute(text("SELECT DISTINCT text FROM alert_log")).scalars().all()
    assert texts == [channel.sent[0].message.plain]


async def test_a_requested_delay_is_kept_and_not_counted_as_an_attempt(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, chats=[1])
    channel, clock = FakeChannel(), Clock()
    channel.refuse(1, RetryLater("429", seconds=17))
    assert (await deliver(sqlite_database, channel, clock)).retried == 1
    (row,) = rows(sqlite_database)
    assert (row.state, row.not_before, row.attempts) == ("pending", NOW + timedelta(seconds=17), 0)
    clock.time += timedelta(seconds=17)
    assert (await deliver(sqlite_database, channel, clock)).sent == 1


async def test_one_chat_that_must_wait_holds_up_its_own_alerts_only(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, chats=[1, 2])
    plant(sqlite_database, chats=[1, 2])
    channel = FakeChannel()
    channel.refuse(1, RetryLater("429", seconds=60))
    report = await deliver(sqlite_database, channel, Clock())
    assert [s.chat_id for s in channel.sent] == [2, 2]
    assert report.retried == 2
    waiting = [row.not_before for row in rows(sqlite_database) if row.state == "pending"]
    assert waiting == [NOW + timedelta(seconds=60)] * 2


async def test_a_lost_network_is_waited_out_without_trying_every_chat(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, chats=range(1, 11))
    channel, clock = FakeChannel(), Clock()
    for chat in range(1, 11):
        channel.refuse(chat, RetryLater("no way to Telegram", seconds=30))
    await deliver(sqlite_database, channel, clock)
    assert {row.state for row in rows(sqlite_database)} == {"pending"}
    assert {row.attempts for row in rows(sqlite_database)} == {0}
    for _ in range(10):
        clock.time += timedelta(seconds=31)
        await deliver(sqlite_database, channel, clock)
    assert sorted(s.chat_id for s in channel.sent) == list(range(1, 11))


async def test_a_refused_alert_is_tried_later_and_later_and_then_given_up(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, chats=[1])
    channel, clock = FakeChannel(), Clock()
    channel.refuse(1, *(DeliveryError("topic closed") for _ in range(99)))
    waits = []
    for _ in range(MAX_ATTEMPTS - 1):
        await deliver(sqlite_database, channel, clock)
        (row,) = rows(sqlite_database)
        waits.append((row.not_before - clock.time).total_seconds())
        clock.time = row.not_before
    assert waits == sorted(waits)
    assert (await deliver(sqlite_database, channel, clock)).dead == 1
    (row,) = rows(sqlite_database)
    assert (row.state, row.error, row.attempts) == ("dead", "topic closed", MAX_ATTEMPTS)


async def test_a_chat_that_is_gone_gets_nothing_more(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, 1, title="某人", now=NOW)
        subscribe(connection, 1, "guizhou", now=NOW)
    plant(database, chats=[1])
    channel = FakeChannel()
    channel.refuse(1, ChatGone("Forbidden: bot was blocked by the user"))
    assert (await deliver(database, channel, Clock())).dead == 1
    with database.read() as connection:
        assert subscribers_of_rules(connection, ["guizhou"]) == {}


async def test_retry_after_is_kept_for_a_chat_that_only_a_file_names(database: Database) -> None:
    plant(database, chats=[1])
    channel, clock = FakeChannel(), Clock()
    channel.refuse(1, RetryLater("429", seconds=60))
    await deliver(database, channel, clock)
    plant(database, chats=[1])
    clock.time += timedelta(seconds=30)
    await deliver(database, channel, clock)
    assert channel.sent == []
    clock.time += timedelta(seconds=30)
    await deliver(database, channel, clock)
    assert len(channel.sent) == 2


async def test_one_rate_limited_chat_opens_no_circuit(
    sqlite_database: Database,
) -> None:
    channel, clock = FakeChannel(), Clock()
    worker = OutboxWorker(sqlite_database, channel, clock)
    channel.refuse(1, *(RetryLater("429", seconds=3600) for _ in range(3)))
    plant(sqlite_database, chats=[1])
    for _ in range(3):
        await deliver_due(worker)
        clock.time += timedelta(hours=1)
    clock.time -= timedelta(minutes=30)
    plant(sqlite_database, chats=[2])
    await deliver_due(worker)
    assert [s.chat_id for s in channel.sent] == [2]


async def test_what_is_new_does_not_wait_for_a_slow_chat(sqlite_database: Database) -> None:
    wake, stop, slow, quick = (asyncio.Event() for _ in range(4))
    go_on = asyncio.Event()

    class Slow(FakeChannel):
        async def send(self, to, message):
            if to.chat_id == 1:
                slow.set()
                await go_on.wait()
            else:
                quick.set()
            return await super().send(to, message)

    plant(sqlite_database, chats=[1])
    worker = OutboxWorker(sqlite_database, Slow(), Clock(), stop=stop)
    loop = asyncio.create_task(delivery_loop(worker, wake=wake))
    try:
        async with asyncio.timeout(5):
            await slow.wait()
            await asyncio.to_thread(plant, sqlite_database, chats=[2])
            wake.set()
            await quick.wait()
    finally:
        go_on.set()
        stop.set()
        await loop


def test_two_concurrent_workers_notify_operators_once(postgres_database: Database) -> None:
    topics = [Recipient(-5, number) for number in (1, 2)]
    with postgres_database.write() as connection:
        save_chat(connection, -5, title="论坛", now=NOW)
        keys = ensure_recipients(connection, topics, now=NOW)
    plant(postgres_database, chats=list(keys.values()))
    queries = WorkerQueries(postgres_database, Clock(), (9,))
    alerts = queries.lease("mine", 10, 5, (), ())
    ends = [threading.Thread(target=queries.end_chat, args=(a, "mine", "kicked")) for a in alerts]
    with postgres_database.write() as connection:
        connection.execute(select(recipient_table).with_for_update()).all()
        for end in ends:
            end.start()
        # Both come as far as they get while the chat's rows are taken.
        time.sleep(0.5)
    for end in ends:
        end.join()
    assert sorted((row.recipient_id == 9, row.state) for row in rows(postgres_database)) == [
        (False, "dead"),
        (False, "dead"),
        (True, "pending"),
    ]


async def test_a_group_with_a_new_id_is_followed(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, -5, title="小组", now=NOW)
        subscribe(connection, -5, "guizhou", now=NOW)
    plant(database, chats=[-5])
    plant(database, chats=[-5])
    channel = FakeChannel()
    channel.refuse(-5, ChatMoved("upgraded", chat_id=-1005))
    await deliver(database, channel, Clock())
    assert [s.chat_id for s in channel.sent] == [-1005, -1005]
    with database.read() as connection:
        assert subscribers_of_rules(connection, ["guizhou"]) == {"guizhou": (-1005,)}


async def test_a_fault_of_ours_holds_up_no_other_chat(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    plant(sqlite_database, chats=[1, 2])
    channel = FakeChannel()
    channel.refuse(1, ZeroDivisionError("our mistake"))
    report = await deliver(sqlite_database, channel, Clock())
    assert (report.sent, report.retried) == (1, 1)
    assert "alert.failed" in caplog.text
    assert rows(sqlite_database)[0].error == "ZeroDivisionError: our mistake"
    # It befell us while the message was handed over: nobody knows whether it arrived.
    assert rows(sqlite_database)[0].possibly_duplicate


async def test_a_database_that_fails_after_the_sending_makes_no_second_message(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    plant(sqlite_database, chats=[1])
    channel, pauses = FakeChannel(), []

    def refuse_the_note(connection, _cursor, statement, *_) -> None:
        if "message_id" in statement and statement.startswith("UPDATE"):
            raise OperationalError(statement, {}, Exception("disk I/O error"))

    event.listen(sqlite_database.engine, "before_cursor_execute", refuse_the_note)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            event.remove(sqlite_database.engine, "before_cursor_execute", refuse_the_note)

    report = await deliver_due(OutboxWorker(sqlite_database, channel, Clock(), sleep=sleep))
    assert (report.sent, len(channel.sent), pauses) == (1, 1, [1, 2, 4])
    assert rows(sqlite_database)[0].state == "sent"
    assert "alert.mark_sent_failed" in caplog.text


async def test_after_a_crash_the_doubtful_alert_is_sent_with_a_note(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    plant(sqlite_database, chats=[1])
    with sqlite_database.write() as connection:
        (alert,) = lease(connection, now=NOW, lease_for=LEASE, limit=1, leased_by="dead")
        assert mark_in_flight(connection, alert.id, leased_by="dead", now=NOW, lease_for=LEASE)
    channel, clock = FakeChannel(), Clock(NOW + LEASE)
    await deliver(sqlite_database, channel, clock)
    assert "可能已经发过" in channel.sent[0].message.text
    assert "alert.possibly_delivered" in caplog.text


async def test_the_loop_delivers_when_woken_and_ends_on_stop(sqlite_database: Database) -> None:
    wake, stop, arrived = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Signalling(FakeChannel):
        async def send(self, to, message):
            arrived.set()
            return await super().send(to, message)

    channel = Signalling()
    loop = asyncio.create_task(
        delivery_loop(OutboxWorker(sqlite_database, channel, Clock(), stop=stop), wake=wake)
    )
    await asyncio.to_thread(plant, sqlite_database, chats=[1])
    wake.set()
    async with asyncio.timeout(10):
        await arrived.wait()
        stop.set()
        await loop
    assert len(channel.sent) == 1
    assert rows(sqlite_database)[0].state == "sent"


async def test_a_stopped_round_gives_back_what_it_did_not_begin(sqlite_database: Database) -> None:
    plant(sqlite_database, chats=[1])
    plant(sqlite_database, chats=[1])
    stop = asyncio.Event()

    class Stopping(FakeChannel):
        async def send(self, to, message):
            stop.set()
            return await super().send(to, message)

    await deliver_due(OutboxWorker(sqlite_database, Stopping(), Clock(), stop=stop))
    assert [(r.state, r.attempts) for r in rows(sqlite_database)] == [("sent", 1), ("pending", 0)]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_grows_and_stays_within_a_day(attempts: int, chance: float) -> None:
    assert 5 <= DELIVERY_BACKOFF.delay(attempts, chance) <= 24 * 3600
    assert (
        DELIVERY_BACKOFF.delay(attempts, 0.0)
        <= DELIVERY_BACKOFF.delay(attempts, chance)
        <= DELIVERY_BACKOFF.delay(attempts + 1, chance)
    )


async def test_the_pace_is_telegrams() -> None:
    time = 0.0
    sent: list[tuple[float, int]] = []

    async def sleep(seconds: float) -> None:
        nonlocal time
        time += seconds

    pace = FloodControl(clock=lambda: time, sleep=sleep)
    for chat in [*range(1, 41), 1, 1, -9, -9]:
        await pace.wait(chat)
        sent.append((time, chat))
    for moment, _ in sent:
        assert sum(moment <= other < moment + 1 - 1e-9 for other, _ in sent) <= 31
    mine = [moment for moment, chat in sent if chat == 1]
    assert all(b - a >= 1 - 1e-9 for a, b in pairwise(mine))
    group = [moment for moment, chat in sent if chat == -9]
    assert group[1] - group[0] >= 3 - 1e-9

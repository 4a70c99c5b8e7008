"""Each loop of the daemon leaves heartbeats, and what ended is forgotten at the next start."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from opened_app import opened_app
from telegram_api import TOKEN, FakeBotApi

import monitor.bot.runner
from monitor.bot.app import build_application
from monitor.bot.runner import polling
from monitor.channels.fake import FakeChannel
from monitor.daemon.heartbeats import HeartbeatWriter, forget_heartbeats
from monitor.daemon.jobs import schedule
from monitor.daemon.visits import DueVisits
from monitor.fetching.fake import FakeFetcher
from monitor.model.processes import Heartbeat, Loop
from monitor.outbox.worker import OutboxWorker, delivery_loop
from monitor.storage.heartbeats import delete_heartbeats, heartbeats, write_heartbeat

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
CATALOGUE = """
builtin: false
sources:
  - {id: news, name: 要闻, document_kind: news, lists: "http://127.0.0.1:1/", allow_private: true}
"""


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
async def app(tmp_path, clock):
    async with opened_app(
        tmp_path,
        f"sqlite:///{tmp_path / 'm.db'}",
        catalogue=CATALOGUE,
        site=FakeFetcher(now=lambda: clock[0]),
        channel=FakeChannel(),
        clock=clock,
    ) as app:
        yield app


def stored(app):
    with app.context.database.read() as connection:
        return {(beat.loop, beat.host): beat.at for beat in heartbeats(connection)}


def test_a_heartbeat_replaces_the_last_one_of_its_host(database):
    def beat(loop, host, process_id, age):
        return Heartbeat(loop, host, process_id, "1.0", NOW - DAY, NOW - age)

    with database.write() as connection:
        for one in (
            beat(Loop.BOT, "a", 1, 2 * DAY),
            beat(Loop.BOT, "b", 1, SECOND),
            beat(Loop.DELIVERY, "a", 1, SECOND),
            beat(Loop.BOT, "a", 2, DAY / 2),
        ):
            write_heartbeat(connection, one)
    with database.read() as connection:
        found = [(one.loop, one.host, one.process_id, one.at) for one in heartbeats(connection)]
    assert found == [
        (Loop.BOT, "b", 1, NOW - SECOND),
        (Loop.BOT, "a", 2, NOW - DAY / 2),
        (Loop.DELIVERY, "a", 1, NOW - SECOND),
    ]
    with database.write() as connection:
        delete_heartbeats(connection, before=NOW - DAY / 4)
        assert {one.host for one in heartbeats(connection)} == {"a", "b"}
        delete_heartbeats(connection, host="a", before=NOW - DAY)
        assert {one.host for one in heartbeats(connection)} == {"b"}


async def test_a_heartbeat_is_written_once_a_minute(app, clock):
    writer = HeartbeatWriter(app, Loop.DELIVERY, NOW)
    times = []
    for seconds in (0, 30, 59, 60, 61, -3_600, -3_590):
        clock[0] = NOW + seconds * SECOND
        await writer.beat()
        times += [int((at - NOW).total_seconds()) for at in stored(app).values()]
    assert times == [0, 0, 0, 60, 60, -3_600, -3_600]
    forget_heartbeats(app, host="another")
    assert len(stored(app)) == 1
    clock[0] += 2 * DAY
    forget_heartbeats(app)
    assert stored(app) == {}


async def test_a_heartbeat_that_fails_stops_no_loop(app, caplog, monkeypatch):
    monkeypatch.setattr("monitor.daemon.heartbeats.write_heartbeat", None)
    await HeartbeatWriter(app, Loop.DELIVERY, NOW).beat()
    (failed,) = [r for r in caplog.records if r.message == "heartbeat.failed"]
    assert failed.loop == "delivery"


async def test_the_scheduler_and_the_delivery_beat(app):
    beats, stop, beating = [], asyncio.Event(), asyncio.Event()

    async def beat():
        beats.append("scheduler")

    async def beat_once():
        beating.set()

    visits = DueVisits(app, sleep=lambda _: asyncio.Event().wait())
    job = schedule(app, visits, beat=beat).get_job("visits")
    await job.func(*job.args)
    await visits.cancel()
    assert beats == ["scheduler"]

    context = app.context
    worker = OutboxWorker(context.database, app.channel, context.now, stop=stop, beat=beat_once)
    loop = asyncio.create_task(delivery_loop(worker, wake=app.wake))
    await beating.wait()
    stop.set()
    await loop


async def test_a_bot_that_telegram_answers_beats(sqlite_database, monkeypatch):
    from bot_app import bot_context

    monkeypatch.setattr(monitor.bot.runner, "_BEAT_SECONDS", 0.01)
    heard = asyncio.Event()

    async def beat():
        heard.set()

    async with FakeBotApi() as api:
        application = build_application(
            TOKEN, base_url=api.base_url, context=bot_context(sqlite_database)
        )
        api.add_chat(7)
        async with polling(application, beat=beat), asyncio.timeout(60):
            api.say(7, "/help")
            await heard.wait()

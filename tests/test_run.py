"""The run in one process: it ends when it is asked to, and by itself with a reason."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from opened_app import opened_app
from sqlalchemy import select

from monitor.channels.fake import FakeChannel
from monitor.daemon import run
from monitor.daemon.lease import HeldLease, this_process
from monitor.daemon.ping import Ping
from monitor.errors import LeaseLost, LoopFailed
from monitor.fetching.fake import FakeFetcher
from monitor.model.alerts import NoticeKind
from monitor.retry import Backoff
from monitor.storage.tables import notice_table

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)


class Outside:
    """What those outside are told: lines for systemd, pings, and a forced end."""

    def __init__(self, monkeypatch):
        self.told, self.asked, self.forced = [], [], []
        self.pinged = asyncio.Event()
        monkeypatch.setattr(run, "notify", self.told.append)
        monkeypatch.setattr(run, "open_ping", self.open_ping)
        monkeypatch.setattr(run, "end_late", self.forced.append)

    async def get(self, url):
        self.asked.append(url)
        self.pinged.set()
        return 200

    @asynccontextmanager
    async def open_ping(self, _settings, is_healthy):
        yield Ping("http://kuma/x?status=up", 3_600.0, self.get, is_healthy)


@pytest.fixture
def outside(monkeypatch):
    return Outside(monkeypatch)


@pytest.fixture
async def app(tmp_path):
    clock = [NOW]
    async with opened_app(
        tmp_path,
        f"sqlite:///{tmp_path / 'm.db'}",
        catalogue="builtin: false\n",
        site=FakeFetcher(now=lambda: clock[0]),
        channel=FakeChannel(),
        clock=clock,
    ) as opened:
        yield replace(opened, token=None)


@asynccontextmanager
async def started(app, stop, caplog, lease=None):
    """The run as a task, once it says that it is ready."""
    caplog.set_level(logging.INFO)
    ready = asyncio.Event()

    class Watch(logging.Handler):
        def emit(self, record):
            if record.getMessage() == "daemon.started":
                ready.set()

    handler = Watch()
    logging.getLogger().addHandler(handler)
    task = asyncio.create_task(run.run_forever(app, stop, lease=lease))
    try:
        async with asyncio.timeout(60):
            await ready.wait()
            yield task
    finally:
        logging.getLogger().removeHandler(handler)


async def test_it_is_ready_works_and_ends_when_it_is_asked_to(app, caplog, outside):
    stop = asyncio.Event()
    async with started(app, stop, caplog) as task:
        await outside.pinged.wait()
        stop.set()
        await task
    assert outside.told == ["READY=1\nSTATUS=sources: 0", "STOPPING=1"]
    assert (outside.asked, outside.forced) == (["http://kuma/x?status=up"], [])


async def test_it_ends_when_another_process_took_its_database(app, caplog, outside):
    stop, lease = asyncio.Event(), HeldLease(app.context.database, "daemon", this_process())
    async with started(app, stop, caplog, lease) as task:
        lease.lost.set()
        with pytest.raises(LeaseLost):
            await task
    assert stop.is_set()
    assert outside.asked[-1] == "http://kuma/x?status=down"
    assert outside.forced == [1]


async def test_a_loop_that_does_not_work_ends_it_and_operators_are_told(
    app, caplog, outside, monkeypatch
):
    async def broken(*_arguments, **_options):
        raise RuntimeError("broken")

    monkeypatch.setattr(run, "delivery_loop", broken)
    supervise = run.supervise

    def without_waits(*arguments):
        return [replace(one, backoff=Backoff(0.0, 0.0)) for one in supervise(*arguments)]

    monkeypatch.setattr(run, "supervise", without_waits)
    with pytest.raises(LoopFailed, match="delivery stopped working: RuntimeError: broken"):
        async with asyncio.timeout(60):
            await run.run_forever(app, asyncio.Event())
    with app.context.database.read() as connection:
        notices = [(row.kind, row.text) for row in connection.execute(select(notice_table))]
    assert notices == [
        (NoticeKind.LOOP_FAILED, "delivery: RuntimeError: broken"),
        (NoticeKind.LOOP_FAILED, "delivery: RuntimeError: broken; the process ends"),
    ]

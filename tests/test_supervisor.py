"""A loop of the daemon that fails is started again; one that always fails ends the process."""

from __future__ import annotations

import asyncio

import pytest

from monitor.daemon.supervisor import MAX_RESTARTS, Supervisor
from monitor.errors import LoopFailed, UserError
from monitor.model.processes import Loop
from monitor.retry import Backoff

NO_WAIT = Backoff(initial=0.0, maximum=0.0)


class Silence:
    """Stands for the writer of heartbeats."""

    is_silent = False

    def hear(self):
        self.is_silent = False


class Watched:
    """A supervisor of a service that does what the test says, start by start; then it stops."""

    def __init__(self, *starts, loop=Loop.DELIVERY):
        self.starts, self.reports = list(starts), []
        self.stop, self.writer, self.database = asyncio.Event(), Silence(), True
        self.clock = 0.0
        self.supervisor = Supervisor(
            loop,
            self.serve,
            self.writer,
            self.stop,
            self.report,
            self.has_database,
            clock=lambda: self.clock,
            watch_seconds=0.001,
            backoff=NO_WAIT,
        )

    async def serve(self, ready):
        ready()
        if not self.starts:
            self.stop.set()
        elif isinstance(start := self.starts.pop(0), BaseException):
            raise start
        elif start == "hang":
            self.writer.is_silent = True
            await asyncio.Event().wait()

    async def report(self, reason):
        self.reports.append(reason)

    async def has_database(self):
        self.clock += 1
        if self.clock > 10:
            self.stop.set()
            self.starts.clear()
        return self.database

    async def run(self):
        async with asyncio.timeout(60):
            await self.supervisor.run()


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (RuntimeError("broken"), "delivery: RuntimeError: broken"),
        (asyncio.CancelledError(), "delivery: it ended"),
        ("hang", "delivery: it does not respond"),
        ("end", "delivery: it ended"),
    ],
)
async def test_a_loop_that_fails_is_started_again_and_operators_hear_it_once(failure, told):
    watched = Watched(failure, failure)
    await watched.run()
    assert watched.starts == []
    assert watched.reports == [told]
    assert watched.supervisor.ready.is_set()


async def test_a_loop_that_always_fails_ends_the_process_with_a_reason(caplog):
    watched = Watched(*[RuntimeError("broken")] * 9)
    with pytest.raises(LoopFailed, match=r"delivery stopped working: RuntimeError: broken; 5 rest"):
        await watched.run()
    assert len(watched.starts) == 9 - MAX_RESTARTS - 1
    assert watched.reports[1:] == ["delivery: RuntimeError: broken; the process ends"]
    assert [r.levelname for r in caplog.records if r.message == "loop.failed"] == ["ERROR"] * 6


async def test_failures_that_are_long_ago_do_not_count():
    watched = Watched(*[RuntimeError("broken")] * 9)
    serve = watched.supervisor.service

    async def serve_for_an_hour(ready):
        watched.clock += 1_000
        await serve(ready)

    watched.supervisor.service = serve_for_an_hour
    await watched.run()
    assert watched.starts == []


async def test_a_silent_or_refused_bot_is_restarted_and_ends_nothing():
    watched = Watched(*["hang", "end"] * 4, loop=Loop.BOT)
    await watched.run()
    assert (watched.starts, watched.reports) == ([], [])


async def test_a_loop_that_waits_for_the_database_is_left_alone():
    watched = Watched("hang", RuntimeError)
    watched.database = False
    run = asyncio.create_task(watched.run())
    await asyncio.wait_for(watched.stop.wait(), 60)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert watched.reports == []


async def test_a_mistake_in_the_settings_ends_the_process_at_once():
    watched = Watched(UserError("no such address"), "end")
    with pytest.raises(UserError, match="no such address"):
        await watched.run()
    assert (watched.starts, watched.reports) == (["end"], [])

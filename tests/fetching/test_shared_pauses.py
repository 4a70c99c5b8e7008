"""A host that asks one process for a pause gets it from all that work on the same database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from loopback import PAGE_TIME, PRIVATE, Clock, answer, fetcher, site
from sqlalchemy import event

from monitor.ingest.context import StoredPauses
from monitor.model.documents import Outcome
from monitor.storage.host_pauses import MAX_HOSTS, host_pauses, save_host_pause

DAY = 86_400
WEEK = 7 * DAY


class World:
    """Processes on one database, whose clocks go together."""

    def __init__(self, database):
        self.database, self.clock, self.pauses = database, Clock(), StoredPauses(database)

    def now(self):
        return PAGE_TIME + timedelta(seconds=self.clock.at - 1000.0)

    def process(self, **settings):
        return fetcher(self.clock, pauses=self.pauses, now=self.now, **settings)

    def stored(self):
        with self.database.read() as connection:
            return host_pauses(connection, now=self.now())


@pytest.fixture
def world(database):
    return World(database)


def refusal(status, retry_after):
    return answer(b"no", status, {"Retry-After": str(retry_after)})


@pytest.mark.parametrize("status", [429, 503])
async def test_the_other_worker_leaves_the_host_alone_and_so_does_one_that_starts(world, status):
    async with site() as here, world.process() as first, world.process() as second:
        here.scripts |= {"/": answer(b"<p>here</p>"), "/busy": refusal(status, 3600)}
        assert (await second.fetch(here.url("/"), route=PRIVATE)).outcome is Outcome.OK
        world.clock.at += 2
        told = await first.fetch(here.url("/busy"), route=PRIVATE)
        assert (told.outcome, told.retry_after) == (Outcome.BLOCKED, 3600.0)
        here.asked.clear()
        world.clock.at += 100
        for process in (second, first, world.process()):
            left = await process.fetch(here.url("/"), route=PRIVATE)
            assert (left.outcome, left.status, left.retry_after) == (Outcome.BLOCKED, None, 3500.0)
            assert "asked to be left alone for 3500 s more" in left.reason
        assert here.asked == []
        world.clock.at += 3501
        for process in (second, first, world.process()):
            assert (await process.fetch(here.url("/"), route=PRIVATE)).outcome is Outcome.OK


async def test_a_short_pause_of_another_worker_is_waited_for(world):
    async with site() as here, world.process() as first, world.process() as second:
        here.scripts |= {"/": answer(b"<p>here</p>"), "/busy": refusal(503, 20)}
        await first.fetch(here.url("/busy"), route=PRIVATE)
        assert (await second.fetch(here.url("/"), route=PRIVATE)).outcome is Outcome.OK
    assert world.clock.slept == [20.0]


async def test_a_pause_that_robots_txt_answers_with_is_shared(world):
    async with site() as here, world.process() as first, world.process() as second:
        here.scripts["/robots.txt"] = refusal(503, 600)
        await first.fetch(here.url("/"), route=PRIVATE)
        here.robots_asked.clear()
        await second.fetch(here.url("/"), route=PRIVATE)
        assert here.robots_asked == here.asked == []


async def test_an_absurd_pause_is_a_week_and_one_of_a_wrong_clock_is_none(world):
    async with site() as here:
        here.scripts |= {"/": answer(b"<p>here</p>"), "/busy": refusal(429, 999_999_999)}
        await world.process().fetch(here.url("/busy"), route=PRIVATE)
        assert world.stored() == {"127.0.0.1": world.now() + timedelta(seconds=WEEK)}
        with world.database.write() as connection:
            save_host_pause(connection, "127.0.0.1", world.now() + timedelta(days=3_000))
        here.asked.clear()
        assert (await world.process().fetch(here.url("/"), route=PRIVATE)).outcome is Outcome.OK


async def test_what_a_host_says_last_is_kept_but_never_cuts_what_this_process_was_told(world):
    async with site() as here, world.process() as first:
        here.scripts |= {"/short": refusal(429, 25), "/long": refusal(429, 60)}
        await first.fetch(here.url("/short"), route=PRIVATE)
        await first.fetch(here.url("/long"), route=PRIVATE)
        assert world.stored() == {"127.0.0.1": world.now() + timedelta(seconds=60)}
        await first.fetch(here.url("/short"), route=PRIVATE)
        assert world.stored() == {"127.0.0.1": world.now() + timedelta(seconds=60)}


async def test_all_pages_of_a_second_share_one_statement(world):
    read = []

    @event.listens_for(world.database.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        if "host_pause" in statement:
            read.append(statement)

    async with site() as here, world.process() as net:
        here.scripts["/"] = answer(b"<p>here</p>")
        for _ in range(10):
            assert (await net.fetch(here.url("/"), route=PRIVATE)).outcome is Outcome.OK
        assert len(read) == 1
        world.clock.at += 1
        await net.fetch(here.url("/"), route=PRIVATE)
        assert len(read) == 2


def test_a_site_with_a_host_for_each_page_fills_no_memory(world):
    with world.database.write() as connection:
        for number in range(MAX_HOSTS + 10):
            not_before = world.now() + timedelta(seconds=60 + number)
            save_host_pause(connection, f"h{number}.example.cn", not_before)
    assert len(world.stored()) == MAX_HOSTS

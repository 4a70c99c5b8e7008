"""The delay of a host grows under load and shrinks slowly."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import PRIVATE, Clock, answer, fetcher, site

from monitor.fetching.throttle import HostSignal, Throttle, adapt, cooldown, with_min_delay
from monitor.model.documents import Outcome

CALM = Throttle(2.0, 2.0, (0.1,) * 9)
LONGEST = 60.0


def after(throttle, *signals, seconds=0.1):
    for signal in signals:
        throttle = adapt(
            throttle, signal, None if signal is HostSignal.NO_ANSWER else seconds, LONGEST
        )
    return throttle


@pytest.mark.parametrize("signal", [HostSignal.OVERLOADED, HostSignal.NO_ANSWER])
def test_overload_doubles_the_delay_up_to_a_minute(signal):
    delays = [after(CALM, *[signal] * times).delay for times in range(1, 8)]
    assert delays == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_successes_reduce_the_delay_slowly_to_the_minimum():
    overloaded = after(CALM, HostSignal.OVERLOADED, HostSignal.OVERLOADED)
    assert after(overloaded, HostSignal.OK).delay == pytest.approx(7.2)
    assert after(overloaded, *[HostSignal.OK] * 5).delay > 4.0
    assert after(overloaded, *[HostSignal.OK] * 14).delay == 2.0


@pytest.mark.parametrize(
    ("latencies", "seconds", "slow"),
    [
        ((0.1,) * 9, 0.9, False),  # nine times as long as usual, and still quick
        ((0.1,) * 9, 2.5, True),
        ((1.0,) * 9, 2.5, False),
        ((1.0,) * 9, 3.5, True),
        ((4.0,) * 9, 9.0, False),  # always was so
        ((4.0,) * 9, 11.0, True),
        ((0.1,) * 3, 9.0, False),  # too little is known of it
        ((), 11.0, True),
    ],
)
def test_slow_is_relative_to_the_usual_latency_of_the_host(latencies, seconds, slow):
    throttle = adapt(Throttle(2.0, 2.0, latencies), HostSignal.OK, seconds, LONGEST)
    assert throttle.delay == (3.0 if slow else 2.0)


def test_a_crawl_delay_is_a_lower_bound():
    throttle = with_min_delay(CALM, 10.0)
    assert (throttle.delay, throttle.min_delay) == (10.0, 10.0)
    assert after(throttle, *[HostSignal.OK] * 99).delay == 10.0
    assert with_min_delay(after(CALM, *[HostSignal.OVERLOADED] * 4), 10.0).delay == 32.0


@pytest.mark.parametrize("signal", [HostSignal.OVERLOADED, HostSignal.NO_ANSWER])
def test_repeated_failures_lengthen_the_cooldown(signal):
    cooldowns = [cooldown(after(CALM, *[signal] * times)) for times in (5, 6, 9, 12, 99)]
    assert cooldowns == [0.0, 300.0, 600.0, 1200.0, 3600.0]
    assert cooldown(after(CALM, *[signal] * 9, HostSignal.OK)) == 0.0


async def test_a_host_that_keeps_refusing_gets_no_further_requests():
    clock = Clock()
    async with site() as here, fetcher(clock) as net:
        for n in range(100):
            here.scripts[f"/{n}"] = answer(b"", 503)
        done = [await net.fetch(here.url(f"/{n}"), route=PRIVATE) for n in range(100)]
        assert len(here.asked) == 6
    assert {fetched.outcome for fetched in done} == {Outcome.BLOCKED}
    assert sum(clock.slept) < 120


@given(
    st.floats(0, 30),
    st.lists(st.tuples(st.sampled_from(HostSignal), st.none() | st.floats(0, 1000)), max_size=60),
)
def test_the_delay_stays_within_its_bounds(min_delay, story):
    throttle = Throttle(min_delay, min_delay)
    for signal, seconds in story:
        throttle = adapt(throttle, signal, seconds, LONGEST)
        assert min_delay <= throttle.delay <= LONGEST
        assert len(throttle.latencies) <= 9


async def test_a_429_raises_the_delay():
    clock = Clock()
    async with site() as here, fetcher(clock, min_delay=2.0) as net:
        here.scripts["/busy"] = answer(b"", 429)
        here.scripts["/"] = answer(b"<p>words</p>")
        for path in ("/", "/busy", "/", "/"):
            await net.fetch(here.url(path), route=PRIVATE)
    assert clock.slept == [2.0, 2.0, 4.0, pytest.approx(3.6)]


async def test_a_slow_response_raises_the_delay():
    clock = Clock()

    async def slow(_headers, writer):
        clock.at += 12.0
        writer.write(answer(b"<p>words</p>"))

    async with site() as here, fetcher(clock, min_delay=20.0) as net:
        here.scripts["/slow"] = slow
        for path in ("/slow", "/"):
            await net.fetch(here.url(path), route=PRIVATE)
    # Thirty seconds lie between the starts, of which the slow answer took twelve.
    assert clock.slept == [20.0, 18.0]


async def test_an_overloaded_host_gets_one_request_at_a_time():
    four = asyncio.Barrier(4)

    async def with_three_others(_headers, writer):
        await four.wait()
        writer.write(answer(b"<p>words</p>"))

    async def with_time_for_others(_headers, writer):
        for _ in range(100):
            await asyncio.sleep(0)
        writer.write(answer(b"<p>words</p>"))

    async with site() as here, fetcher(per_host=4) as net:
        here.scripts["/together"] = with_three_others
        here.scripts["/"] = with_time_for_others
        here.scripts["/busy"] = answer(b"", 503)

        async def all_at_once(path):
            here.most_open = 0
            await asyncio.gather(*(net.fetch(here.url(path), route=PRIVATE) for _ in range(4)))
            return here.most_open

        assert await all_at_once("/together") == 4
        await net.fetch(here.url("/busy"), route=PRIVATE)
        assert await all_at_once("/") == 1


async def test_a_waiting_request_is_skipped_when_the_host_is_paused_meanwhile():
    async def busy(_headers, writer):
        await asyncio.sleep(0.01)
        writer.write(answer(b"", 429, {"Retry-After": "3600"}))

    async with site() as here, fetcher() as net:
        here.scripts["/"] = busy
        done = await asyncio.gather(*(net.fetch(here.url("/"), route=PRIVATE) for _ in range(3)))
        assert len(here.asked) == 1
    assert [fetched.outcome for fetched in done] == [Outcome.BLOCKED] * 3

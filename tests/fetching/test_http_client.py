"""Transient faults are retried within a visit; refusals are not."""

import asyncio
import gzip

import httpx
import pytest
from loopback import PRIVATE, Clock, answer, fetcher, site

from monitor.errors import DecodeError, TruncatedBody
from monitor.fetching.http_client import fetch_backoff, is_transient
from monitor.model.documents import Outcome

PAGE = "<html><body><p>今年，智能算力要达到90Eflops。</p></body></html>".encode()


def reset(_headers, writer):
    writer.transport.abort()
    return asyncio.sleep(0)


async def hang(_headers, _writer):
    await asyncio.Event().wait()


FAULTS = {
    "reset": reset,
    "silence": b"",
    "502": answer(b"bad gateway", 502),
    "504": answer(b"too late", 504),
    "body cut": answer(PAGE, headers={"Content-Length": str(len(PAGE) + 5)}),
    "gzip cut": answer(gzip.compress(PAGE)[:-9], headers={"Content-Encoding": "gzip"}),
    "timeout": hang,
}


def failing(times, fault, then=None):
    """Answers with a fault so many times, then well."""
    left = [times]

    async def script(headers, writer):
        left[0] -= 1
        chosen = fault if left[0] >= 0 else (then or answer(PAGE))
        if isinstance(chosen, bytes):
            writer.write(chosen)
        else:
            await chosen(headers, writer)

    return script


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_transient_fault_is_retried_until_the_page_arrives(fault):
    clock = Clock()
    async with site() as here, fetcher(clock, read_timeout=0.1) as net:
        here.scripts["/"] = failing(2, fault)
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        assert (fetched.outcome, fetched.body, fetched.reason) == (Outcome.OK, PAGE, "")
        assert len(here.asked) == 3
    # With chance in the middle: one second, then four; the delay of the overloaded host on top.
    assert clock.slept[0] == 1.0
    assert 4.0 in clock.slept


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_permanent_fault_ends_after_three_attempts(fault):
    async with site() as here, fetcher(read_timeout=0.1) as net:
        here.scripts["/"] = failing(9, fault)
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        assert fetched.outcome is Outcome.ERROR
        assert fetched.reason.endswith("(3 tries)")
        assert len(here.asked) == 3


async def test_a_refused_connection_is_retried_twice():
    async with site() as here:
        url = here.url("/")
    async with fetcher() as net:
        fetched = await net.fetch(url, route=PRIVATE)
    assert fetched.outcome is Outcome.ERROR
    assert fetched.reason.endswith("(3 tries)")


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410, 412, 429, 500, 503, 521])
async def test_a_refusal_is_not_retried(status):
    async with site() as here, fetcher() as net:
        here.scripts["/"] = answer(b"no", status)
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        assert len(here.asked) == 1
    assert "tries" not in fetched.reason


@pytest.mark.parametrize(
    "script",
    [
        answer(b"<script>document.cookie='a='+f();location.reload()</script>"),
        answer(PAGE, headers={"Content-Encoding": "gzip"}),
        b"HTTP/1.1 abc\r\n\r\n",
    ],
    ids=["challenge", "not gzip", "no status"],
)
async def test_a_permanent_fault_is_not_retried(script):
    async with site() as here, fetcher() as net:
        here.scripts["/"] = script
        await net.fetch(here.url("/"), route=PRIVATE)
        assert len(here.asked) == 1


async def test_a_short_retry_after_delays_the_next_attempt():
    clock = Clock()
    async with site() as here, fetcher(clock) as net:
        here.scripts["/"] = failing(1, answer(b"", 502, {"Retry-After": "20"}))
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
    assert fetched.outcome is Outcome.OK
    assert sum(clock.slept) == 20.0


async def test_a_long_retry_after_ends_the_visit():
    async with site() as here, fetcher() as net:
        here.scripts["/"] = answer(b"", 504, {"Retry-After": "600"})
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        assert len(here.asked) == 1
    assert (fetched.outcome, fetched.retry_after) == (Outcome.ERROR, 600.0)


async def test_all_attempts_share_one_timeout():
    async with site() as here, fetcher(total_timeout=0.3, read_timeout=5.0) as net:
        here.scripts["/"] = hang
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        assert len(here.asked) == 1
    assert (fetched.outcome, fetched.reason) == (Outcome.ERROR, "timed out")


async def test_one_attempt_can_be_configured():
    async with site() as here, fetcher(max_attempts=1) as net:
        here.scripts["/"] = failing(1, b"")
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        assert len(here.asked) == 1
    assert fetched.outcome is Outcome.ERROR


async def test_a_host_that_never_answers_is_paused_and_asked_later():
    clock = Clock()
    async with site() as here, fetcher(clock) as net:
        here.scripts["/"] = failing(6, b"")
        for _ in range(2):
            await net.fetch(here.url("/"), route=PRIVATE)
        left = await net.fetch(here.url("/"), route=PRIVATE)
        assert len(here.asked) == 6
        assert left.outcome is Outcome.ERROR
        assert left.reason.startswith("the host does not answer and is left alone")
        clock.at += left.retry_after
        assert (await net.fetch(here.url("/"), route=PRIVATE)).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("All connection attempts failed"), True),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), False),
        (httpx.ConnectTimeout(""), True),
        (httpx.ReadError(""), True),
        (httpx.RemoteProtocolError("illegal status line: bytearray(b'x')"), False),
        (httpx.RemoteProtocolError("<StreamReset stream_id:1>"), True),
        (httpx.ProxyError("407 Proxy Authentication Required"), False),
        (TruncatedBody("cut short"), True),
        (DecodeError("not packed as declared"), False),
    ],
)
def test_which_faults_are_transient(error, expected):
    assert is_transient(error) is expected


def test_delays_grow_with_jitter():
    backoff = fetch_backoff(1.0)
    assert [backoff.delay(n, 0.5) for n in (1, 2, 3)] == [1.0, 4.0, 16.0]
    assert (backoff.delay(1, 0.0), backoff.delay(1, 1.0)) == (0.5, 1.5)
    assert backoff.delay(9, 1.0) == 45.0

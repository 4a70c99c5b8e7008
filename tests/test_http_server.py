"""What clients that are slow, or many, may take of the HTTP server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest

from monitor.http_limits import Limits, client_network
from monitor.http_server import listening

pytest.importorskip("uvicorn")

# A deadline that a test waits for, and one that it does not live to see.
SOON, NEVER = 0.05, 3600.0
PATIENT = Limits(head_seconds=NEVER, body_seconds=NEVER, write_seconds=NEVER)
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: he"
HEAD_OF_POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n"
CHUNK = bytes(1 << 16)


@dataclass
class Application:
    """Reads the body, and answers with its length when it may."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope, receive, send):
        try:
            length, more = 0, True
            while more:
                event = await receive()
                self.seen.append(event["type"])
                if event["type"] == "http.disconnect":
                    return
                length += len(event["body"])
                more = event["more_body"]
            await self.may_answer.wait()
            text = str(length).encode()
            headers = [(b"content-length", str(len(text)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": text})
        finally:
            self.ended.set()


@dataclass
class Endless:
    """Answers without an end, until nobody listens."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        disconnected = asyncio.create_task(gone(receive))
        while not disconnected.done():
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            await asyncio.sleep(0)
        self.ended.set()


async def gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def server(application, limits):
    async with listening(application, "0.0.0.0:0", setting="x", limits=limits) as port:
        yield port


@asynccontextmanager
async def client(port, sends=b"", *, host="127.0.0.1"):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    try:
        writer.write(sends)
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def answer(reader):
    """Status and text of an answer with a length."""
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = (
        int(line.partition(b":")[2])
        for line in head.splitlines()
        if line.lower().startswith(b"content-length")
    )
    return int(head.split()[1]), await reader.readexactly(length)


async def test_the_head_of_a_request_has_a_deadline():
    async with (
        server(Application(), replace(PATIENT, head_seconds=SOON)) as port,
        client(port, HALF) as (reader, _),
    ):
        assert await answer(reader) == (408, b"Request Timeout")
        assert await reader.read() == b""


async def test_a_head_that_drips_has_no_more_time():
    async with (
        server(Application(), replace(PATIENT, head_seconds=SOON)) as port,
        client(port, HALF) as (reader, writer),
    ):
        said = b""
        while not said:
            writer.write(b"x")
            with suppress(TimeoutError):
                said = await asyncio.wait_for(reader.read(100), SOON / 10)
        assert said.startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_says_nothing_is_told_nothing():
    async with (
        server(Application(), replace(PATIENT, head_seconds=SOON)) as port,
        client(port) as (reader, _),
    ):
        assert await reader.read() == b""


async def test_the_body_of_a_request_has_a_deadline_and_the_application_hears_of_it():
    application = Application()
    async with (
        server(application, replace(PATIENT, body_seconds=SOON)) as port,
        client(port, HEAD_OF_POST + b"12345") as (reader, _),
    ):
        assert await answer(reader) == (408, b"Request Timeout")
        assert await reader.read() == b""
        await application.ended.wait()
        assert application.seen[-1] == "http.disconnect"


async def test_the_application_may_take_longer_than_the_client():
    application = Application()
    limits = replace(PATIENT, head_seconds=SOON, body_seconds=SOON)
    async with (
        server(application, limits) as port,
        client(port, HEAD_OF_POST + b"1234567890") as (reader, writer),
        client(port, HALF) as (later, _),
    ):
        assert (await answer(later))[0] == 408  # a deadline that began after the other request
        application.may_answer.set()
        assert await answer(reader) == (200, b"10")
        writer.write(GET)
        assert await answer(reader) == (200, b"0")


async def test_one_client_cannot_take_all_connections():
    application = Application()
    application.may_answer.set()
    limits = replace(PATIENT, connections=4, connections_of_a_client=2)
    async with (
        server(application, limits) as port,
        client(port, HALF) as (_, first),
        client(port, HALF) as (second, _),
    ):
        async with client(port, GET) as (reader, _):
            assert await answer(reader) == (503, b"Service Unavailable")
            assert await reader.read() == b""
        async with client(port, GET, host="127.0.0.2") as (reader, _):
            assert await answer(reader) == (200, b"0")
        first.write(b"re\r\nConnection: close\r\n\r\n")
        status = 503
        while status == 503:
            async with client(port, GET) as (reader, _):
                status, _ = await answer(reader)
        assert status == 200
        assert not second.at_eof()


async def test_all_clients_together_have_a_limit_too():
    limits = replace(PATIENT, connections=2, connections_of_a_client=2)
    async with (
        server(Application(), limits) as port,
        client(port, HALF),
        client(port, HALF, host="127.0.0.2"),
        client(port, GET, host="127.0.0.3") as (reader, _),
    ):
        assert await answer(reader) == (503, b"Service Unavailable")


async def test_a_hundred_half_sent_requests_keep_nobody_away():
    application = Application()
    application.may_answer.set()
    async with server(application, replace(PATIENT, head_seconds=1.0)) as port:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        for _, writer in slow:
            writer.write(HALF)
        async with client(port, GET, host="127.0.0.2") as (reader, _):
            assert await answer(reader) == (200, b"0")
        statuses = [int((await reader.read()).split()[1]) for reader, _ in slow]
        assert set(statuses) == {408, 503}
        async with client(port, GET) as (reader, _):
            assert await answer(reader) == (200, b"0")
        for _, writer in slow:
            writer.close()


async def test_a_client_that_does_not_take_its_answer_is_cut_off():
    application = Endless()
    async with (
        server(application, replace(PATIENT, write_seconds=SOON)) as port,
        client(port, GET),
    ):
        await application.ended.wait()


async def test_a_client_that_takes_its_answer_slowly_is_waited_for():
    application = Endless()
    # Long enough for a busy machine to read on.
    limits = replace(PATIENT, write_seconds=1.0)
    async with (
        server(application, limits) as port,
        client(port, GET) as (reader, _),
        client(port, GET),
    ):
        taken = 0
        while not application.ended.is_set():  # of the other, which takes nothing
            taken += len(await reader.read(1 << 20))
        assert taken
        assert await reader.read(1)


async def test_the_server_ends_while_a_request_is_half_sent():
    async with server(Application(), PATIENT) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF)
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::5", "2001:db8:0:1:ffff::1", True),
        ("2001:db8:0:1::5", "2001:db8:0:2::5", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("somewhere", "somewhere", True),
    ],
)
def test_of_ipv6_a_network_is_one_client(one, other, alike):
    assert (client_network(one) == client_network(other)) is alike

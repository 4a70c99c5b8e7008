"""Connections to one host: when one is used again, when it is not, and what ends it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress

import h2.config
import h2.connection
import h2.events
import httpx
import pytest
import trustme
from loopback import Clock

from monitor.fetching.ssrf_guard import GuardedNetwork
from monitor.fetching.transports import KEEP_ALIVE, DirectTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
LIMITS = httpx.Timeout(5.0)


class Server:
    """Answers each request of a connection with the next of ``answers``, or the last again.

    An answer is bytes; None closes the connection, and an Event is waited for.
    """

    def __init__(self, answers):
        self.answers = list(answers)
        self.asked: list[tuple[int, bytes]] = []
        self.connections = 0
        self.closed = 0
        self.port = 0
        self.gone = asyncio.Event()
        self.was_asked = asyncio.Event()
        self._tasks = set()

    async def serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append((number, head))
                self.was_asked.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                for part in answer if isinstance(answer, list) else [answer]:
                    if part is None:
                        return
                    if isinstance(part, asyncio.Event):
                        await part.wait()
                    else:
                        writer.write(part)
                        await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            self.closed += 1
            self.gone.set()


@asynccontextmanager
async def talking(*answers, clock=None, connections=1, tls=None, http2=False):
    server = Server(answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    transport = DirectTransport(
        GuardedNetwork(allow_private=True),
        tls,
        connections=connections,
        http2=http2,
        clock=clock or Clock(),
    )
    try:
        yield server, transport
    finally:
        await transport.aclose()
        listening.close()
        for task in server._tasks:
            task.cancel()
        await asyncio.gather(*server._tasks, return_exceptions=True)
        await listening.wait_closed()


async def get(server, transport, *, limits=LIMITS, path="/"):
    url = httpx.URL(f"http://127.0.0.1:{server.port}{path}")
    response = await transport.send(url, {"X-Y": "z"}, limits)
    try:
        return response.status, b"".join([piece async for piece in response])
    finally:
        await response.aclose()


async def test_a_connection_is_used_again_after_an_answer_that_was_read():
    async with talking(OK) as (server, transport):
        for _ in range(3):
            assert await get(server, transport) == (200, b"ab")
        assert [number for number, _ in server.asked] == [1, 1, 1]
    assert server.asked[0][1].startswith(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}".encode()
    )


async def test_an_idle_connection_is_kept_for_some_seconds():
    clock = Clock()
    async with talking(OK, clock=clock) as (server, transport):
        await get(server, transport)
        clock.at += KEEP_ALIVE - 0.1
        await get(server, transport)
        clock.at += KEEP_ALIVE
        await get(server, transport)
        assert [number for number, _ in server.asked] == [1, 1, 2]


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again():
    async with talking([OK, None], OK) as (server, transport):
        assert await get(server, transport) == (200, b"ab")
        await server.gone.wait()
        assert await get(server, transport) == (200, b"ab")
        assert [number for number, _ in server.asked] == [1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"),
        OK.replace(b"1.1", b"1.0"),
        OK + b"more",
        OK + OK,
        [b"HTTP/1.1 200 OK\r\n\r\nab", None],
    ],
    ids=["close", "HTTP/1.0", "more", "two", "until close"],
)
async def test_a_connection_is_not_used_again_after(answer):
    async with talking(answer, OK) as (server, transport):
        assert await get(server, transport) == (200, b"ab")
        assert await get(server, transport) == (200, b"ab")
        assert [number for number, _ in server.asked] == [1, 2]


@pytest.mark.parametrize("pieces", [0, 1])
async def test_an_answer_that_is_not_read_to_its_end_costs_the_connection(pieces):
    held = asyncio.Event()
    long = [b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\na", held]
    async with talking(long, OK) as (server, transport):
        response = await transport.send(httpx.URL(f"http://127.0.0.1:{server.port}/"), {}, LIMITS)
        if pieces:
            async for piece in response:
                assert piece == b"a"
                break
        await response.aclose()
        assert await get(server, transport) == (200, b"ab")
        assert [number for number, _ in server.asked] == [1, 2]


STUCK = {
    "before the answer": [],
    "in the head": [b"HTTP/1.1 200 OK\r\nX: "],
    "in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"],
}


@pytest.mark.parametrize("sent", STUCK.values(), ids=STUCK)
@pytest.mark.parametrize("how", ["cancelled", "timed out"])
async def test_a_request_that_is_given_up_costs_the_connection_and_frees_the_place(sent, how):
    held = asyncio.Event()
    async with talking([*sent, held], OK) as (server, transport):
        if how == "cancelled":
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await get(server, transport)
        else:
            with pytest.raises(httpx.ReadTimeout):
                await get(server, transport, limits=httpx.Timeout(5.0, read=0.1))
        assert await get(server, transport) == (200, b"ab")
        assert [number for number, _ in server.asked] == [1, 2]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ([None], httpx.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na", None], httpx.HTTPError),
        ([b"HTTP/1.1 abc\r\n\r\n"], httpx.RemoteProtocolError),
        ([b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n"], httpx.RemoteProtocolError),
    ],
    ids=["silence", "cut", "no status", "101"],
)
async def test_an_answer_that_fails_costs_the_connection_and_frees_the_place(answer, error):
    async with talking(answer, OK) as (server, transport):
        with pytest.raises((error, httpx.ReadError)):
            await get(server, transport)
        assert await get(server, transport) == (200, b"ab")
        assert [number for number, _ in server.asked] == [1, 2]


async def test_a_length_that_is_said_twice_is_read_by_h11_from_then_on():
    twice = OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n")
    async with talking(twice) as (server, transport):
        for _ in range(3):
            assert await get(server, transport) == (200, b"ab")
        assert [number for number, _ in server.asked] == [1, 2, 2, 2]


async def test_two_lengths_are_refused_by_h11_too():
    async with talking(OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n")) as (
        server,
        transport,
    ):
        with pytest.raises(httpx.RemoteProtocolError, match="Content-Length"):
            await get(server, transport)
        assert len(server.asked) == 2


async def test_a_post_is_sent_once_whatever_comes():
    twice = OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n")
    async with talking(OK, twice) as (server, transport):
        url = f"http://127.0.0.1:{server.port}/"
        extensions = {"timeout": LIMITS.as_dict()}
        response = await transport.handle_async_request(
            httpx.Request("POST", url, content=b"", extensions=extensions)
        )
        assert await response.aread() == b"ab"
        with pytest.raises(httpx.RemoteProtocolError):
            await transport.handle_async_request(
                httpx.Request("POST", url, content=b"", extensions=extensions)
            )
        assert len(server.asked) == 2
        for request in (
            httpx.Request("HEAD", url, extensions=extensions),
            httpx.Request("POST", url, headers={"Transfer-Encoding": "chunked"}),
        ):
            with pytest.raises(httpx.UnsupportedProtocol):
                await transport.handle_async_request(request)
        assert len(server.asked) == 2


async def test_no_more_connections_are_open_than_permitted():
    held = asyncio.Event()
    async with talking([held, OK], OK, connections=2) as (server, transport):
        tasks = [asyncio.create_task(get(server, transport)) for _ in range(4)]
        await tasks[3]
        assert server.connections == 2
        held.set()
        assert await asyncio.gather(*tasks) == [(200, b"ab")] * 4
        assert server.connections == 2


async def test_the_wait_for_a_free_connection_is_limited():
    held = asyncio.Event()
    async with talking([held, OK]) as (server, transport):
        first = asyncio.create_task(get(server, transport))
        await server.was_asked.wait()
        with pytest.raises(httpx.PoolTimeout):
            await get(server, transport, limits=httpx.Timeout(5.0, pool=0.05))
        held.set()
        assert await first == (200, b"ab")


async def test_what_a_closed_transport_still_reads_is_not_kept():
    held = asyncio.Event()
    async with talking([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", held, b"ab"]) as (
        server,
        transport,
    ):
        task = asyncio.create_task(get(server, transport))
        await server.was_asked.wait()
        await transport.aclose()
        held.set()
        assert await task == (200, b"ab")
        await server.gone.wait()
        assert server.closed == 1


async def test_a_header_that_would_end_itself_is_not_sent():
    async with talking(OK) as (server, transport):
        with pytest.raises(httpx.LocalProtocolError):
            await transport.send(
                httpx.URL(f"http://127.0.0.1:{server.port}/"), {"X": "a\r\nY: b"}, LIMITS
            )
        assert server.asked == []
        assert await get(server, transport) == (200, b"ab")


@pytest.mark.parametrize("offered", [["h2", "http/1.1"], ["http/1.1"], []], ids=str)
async def test_the_server_chooses_the_protocol(offered):
    authority = trustme.CA()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    if offered:
        serving.set_alpn_protocols(offered)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    spoken = []

    async def serve(reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
            spoken.append(chosen)
            if chosen != "h2":
                while await reader.readuntil(b"\r\n\r\n"):
                    writer.write(OK)
            await by_h2(reader, writer)
        writer.transport.abort()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    port = listening.sockets[0].getsockname()[1]
    transport = DirectTransport(
        GuardedNetwork(allow_private=True), trusting, connections=1, http2=True, clock=Clock()
    )
    try:
        for _ in range(3):
            response = await transport.send(httpx.URL(f"https://127.0.0.1:{port}/"), {}, LIMITS)
            assert b"".join([piece async for piece in response]) == b"ab"
            await response.aclose()
        assert spoken == [offered[0] if offered else None]
    finally:
        await transport.aclose()
        listening.close()
        await listening.wait_closed()


async def by_h2(reader, writer):
    """Answer each request of a connection over HTTP/2."""
    state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    state.initiate_connection()
    writer.write(state.data_to_send())
    while data := await reader.read(65_536):
        for event in state.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                state.send_headers(event.stream_id, [(":status", "200")])
                state.send_data(event.stream_id, b"ab", end_stream=True)
        writer.write(state.data_to_send())
        await writer.drain()

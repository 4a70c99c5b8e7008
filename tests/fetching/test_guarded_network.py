"""The guarded network gives the pool connections of httpcore's own backend."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager

import httpcore
import pytest

from monitor.fetching.ssrf_guard import GuardedNetwork

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


@asynccontextmanager
async def server(serve):
    """A port at which ``serve`` is done for each connection, which stays open after it."""
    done = asyncio.Event()

    async def answer(reader, writer):
        try:
            await serve(reader, writer)
            await done.wait()
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        done.set()
        listening.close()
        await listening.wait_closed()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def talk(serve):
    """A stream to a server that does what ``serve`` says, and nothing after that."""
    async with server(serve) as port:
        stream = await GuardedNetwork(allow_private=True).connect_tcp("127.0.0.1", port, 5.0)
        try:
            yield stream
        finally:
            await stream.aclose()


async def nothing(_reader, _writer):
    """Say nothing."""


async def test_a_closed_port_is_a_connect_error():
    async with server(nothing) as port:
        pass
    with pytest.raises(httpcore.ConnectError):
        await GuardedNetwork(allow_private=True).connect_tcp("127.0.0.1", port, 5.0)


async def test_a_server_that_speaks_no_tls_is_a_connect_error(authority_context):
    async def serve(_reader, writer):
        writer.write(PAGE)
        await writer.drain()

    async with talk(serve) as stream:
        with pytest.raises(httpcore.ConnectError):
            await stream.start_tls(authority_context, "a.example", 5.0)


async def test_an_idle_connection_is_unusable_after_an_unsolicited_response():
    """What nobody asked for would be taken for the answer to the next request."""
    go = asyncio.Event()

    async def serve(_reader, writer):
        await go.wait()
        writer.write(PAGE)
        await writer.drain()

    async with talk(serve) as stream:
        assert not stream.get_extra_info("is_readable")
        go.set()
        for _ in range(1_000):
            await asyncio.sleep(0)
            if stream.get_extra_info("is_readable"):
                break
        assert await stream.read(1_000, 5.0) == PAGE
        assert not stream.get_extra_info("is_readable")


@pytest.fixture
def authority_context():
    return ssl.create_default_context()

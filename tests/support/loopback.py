"""A real HTTP server on loopback whose answers are written byte by byte, faults included."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from monitor.catalogue.model import FetchRoute
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings

PAGE_TIME = datetime(2026, 2, 1, tzinfo=UTC)
Writer = asyncio.StreamWriter
Script = bytes | Callable[[dict[str, str], Writer], Awaitable[None]]


def answer(body=b"", status=200, headers=None, length=True):
    lines = [f"HTTP/1.1 {status} X", "Connection: close"]
    sent = dict(headers or {})
    if length and "transfer-encoding" not in {name.lower() for name in sent}:
        sent.setdefault("Content-Length", str(len(body)))
    lines += [f"{name}: {value}" for name, value in sent.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self):
        self.at = 1000.0
        self.slept = []

    def __call__(self):
        return self.at

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += seconds


PRIVATE = FetchRoute(allow_private=True)


def fetcher(clock=None, resolver=None, robots=None, pauses=None, now=None, **settings):
    settings.setdefault("min_delay", 0.0)
    clock = clock or Clock()
    extra = {"robots_store": robots, "pause_store": pauses}
    if resolver is not None:
        extra["resolver"] = resolver
    return HttpFetcher(
        FetcherSettings(**settings),
        now=now or (lambda: PAGE_TIME),
        clock=clock,
        sleep=clock.sleep,
        chance=lambda: 0.5,
        **extra,
    )


class Site:
    """Answers by path; ``asked`` keeps the requests: path and headers in lower case.

    What is asked of robots.txt is kept apart, in ``robots_asked``.
    """

    def __init__(self):
        self.scripts: dict[str, Script] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.robots_asked: list[tuple[str, dict[str, str]]] = []
        self.scheme = "http"
        self.now_open = 0
        self.most_open = 0
        self.port = 0
        self._open: dict[asyncio.Task, asyncio.StreamWriter] = {}

    def url(self, path="/", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def accept(self, reader, writer):
        """Serve a connection; a task that is cancelled before it began would not close it."""
        task = asyncio.create_task(self.serve(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def serve(self, reader, writer):
        self.now_open += 1
        self.most_open = max(self.most_open, self.now_open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split(" ")[1]
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            robots = path.endswith("/robots.txt")
            (self.robots_asked if robots else self.asked).append((path, headers))
            script = self.scripts.get(path, answer(b"not here", 404))
            if isinstance(script, bytes):
                writer.write(script)
            else:
                await script(headers, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.now_open -= 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def hang_up(self):
        """End what drips for ever; from Python 3.12 on a server waits for it when it closes."""
        for task, writer in list(self._open.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*self._open, return_exceptions=True)


@asynccontextmanager
async def site(tls=None, host="127.0.0.1"):
    here = Site()
    here.scheme = "http" if tls is None else "https"
    server = await asyncio.start_server(here.accept, host, 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        await here.hang_up()
        await server.wait_closed()


async def at_loopback(_host, _port):
    """A resolver by which every name is this machine's."""
    return ["127.0.0.1"]

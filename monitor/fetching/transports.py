"""Transports for httpx: no redirects, no cookies, nothing from the environment.

``DirectTransport`` is for one host without a proxy. HTTP/1.1 is most of what it speaks, so that is
written and parsed here (``http1.py``), at a quarter of what httpcore's pool takes. Where a server
chooses HTTP/2, its connection is handed to httpcore. Proxies are left to httpcore's pools.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import httpcore
import httpx

from monitor.fetching.http1 import Headers, Http1Connection

_HTTPCORE_ERRORS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)
KEEP_ALIVE = 15.0
"""Seconds for which an idle connection is kept."""


class Transport(httpx.AsyncBaseTransport):
    """A transport that takes a GET request by its parts, too: httpx's own object costs time."""

    async def send(
        self, url: httpx.URL, headers: dict[str, str], limits: httpx.Timeout
    ) -> httpx.Response:
        """GET ``url``. The caller reads the body and closes the response.

        Raises:
            httpx.TransportError: the request failed.
            UnicodeError: a header has other characters than ASCII.
        """
        raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        if not any(name.lower() == b"host" for name, _ in raw):
            raw.insert(0, (b"Host", url.netloc))
        extensions = {"timeout": limits.as_dict()}
        request = httpcore.Request("GET", _core_url(url), headers=raw, extensions=extensions)
        return await self._respond(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The caller reads the body and closes the response.

        Raises:
            httpx.TransportError: the request failed.
        """
        return await self._respond(
            httpcore.Request(
                request.method,
                _core_url(request.url),
                headers=request.headers.raw,
                content=request.stream if isinstance(request.stream, AsyncIterable) else None,
                extensions=request.extensions,
            )
        )

    @abstractmethod
    async def _respond(self, request: httpcore.Request) -> httpx.Response:
        """Send a request; its errors are those of httpx."""


class PoolTransport(Transport):
    """A transport over a pool of httpcore."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        """Take over ``pool``; it is closed with the transport."""
        self._pool = pool

    async def _respond(self, request: httpcore.Request) -> httpx.Response:
        with _as_httpx():
            response = await self._pool.handle_async_request(request)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(_pieces(response), response.aclose),
        )

    async def aclose(self) -> None:
        """Close the pool."""
        await self._pool.aclose()


class _Connection(Protocol):
    """Sends one request at a time, and is told when its answer is done with."""

    async def send(self, request: httpcore.Request) -> tuple[int, Headers, AsyncIterator[bytes]]:
        """Send a request; the status, the headers and the body of its answer."""

    async def finish(self) -> bool:
        """End the answer; whether another request can be sent."""

    def is_alive(self) -> bool:
        """Whether the server keeps the idle connection open."""

    async def aclose(self) -> None:
        """Close the connection."""


class _HttpcoreConnection:
    """A connection that httpcore speaks over: HTTP/2, or HTTP/1.1 that llhttp does not take."""

    def __init__(
        self, connection: httpcore.AsyncHTTP2Connection | httpcore.AsyncHTTP11Connection
    ) -> None:
        self._connection = connection
        self._response: httpcore.Response | None = None

    async def send(self, request: httpcore.Request) -> tuple[int, Headers, AsyncIterator[bytes]]:
        self._response = await self._connection.handle_async_request(request)
        return self._response.status, self._response.headers, _pieces(self._response)

    async def finish(self) -> bool:
        if self._response is not None:
            await self._response.aclose()
        return self._connection.is_idle()

    def is_alive(self) -> bool:
        return self._connection.is_available() and not self._connection.has_expired()

    async def aclose(self) -> None:
        await self._connection.aclose()


class DirectTransport(Transport):
    """Connections to one host, each for one request at a time; idle ones are used again."""

    def __init__(
        self,
        network: httpcore.AsyncNetworkBackend,
        tls: ssl.SSLContext | None,
        *,
        connections: int,
        http2: bool,
        clock: Callable[[], float],
    ) -> None:
        """Keep what connections are made with; none is opened yet.

        Args:
            network: connects, and refuses what may not be connected to.
            tls: for https; None for http.
            connections: that are open at a time.
            http2: whether the server may choose HTTP/2.
            clock: monotonic seconds, for how long a connection has been idle.
        """
        self._network = network
        self._tls = tls
        self._alpn = ["http/1.1", "h2"] if http2 else ["http/1.1"]
        self._clock = clock
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[tuple[float, _Connection]] = []
        self._by_h11 = False
        self._is_closed = False

    async def _respond(self, request: httpcore.Request) -> httpx.Response:
        names = [name.lower() for name, _ in request.headers]
        if request.method not in {b"GET", b"POST"} or b"transfer-encoding" in names:
            raise httpx.UnsupportedProtocol("only GET, and POST of a known length")
        await self._wait_for_slot(request)
        try:
            with _as_httpx():
                return await self._exchange(request)
        except httpx.RemoteProtocolError as error:
            # llhttp takes no length that is said twice; h11 does when both are the same.
            if self._by_h11 or request.method != b"GET" or "Content-Length" not in str(error):
                raise
            self._by_h11 = True
        return await self._respond(request)

    async def aclose(self) -> None:
        """Close the idle connections; others are closed when their answers are."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop()[1].aclose()

    async def _wait_for_slot(self, request: httpcore.Request) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._slots.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection is free") from error

    async def _exchange(self, request: httpcore.Request) -> httpx.Response:
        connection: _Connection | None = None
        try:
            connection = await self._take_idle() or await self._connect(request)
            status, headers, pieces = await connection.send(request)
        except BaseException:
            await self._end(connection)
            raise

        async def close() -> None:
            is_whole = False
            try:
                is_whole = await connection.finish()
            finally:
                await self._end(connection, keep=is_whole and not self._is_closed)

        return httpx.Response(status, headers=headers, stream=_Body(pieces, close))

    async def _take_idle(self) -> _Connection | None:
        while self._idle:
            until, connection = self._idle.pop()
            if self._clock() < until and connection.is_alive():
                return connection
            await connection.aclose()
        return None

    async def _connect(self, request: httpcore.Request) -> _Connection:
        url, seconds = request.url, request.extensions.get("timeout", {}).get("connect")
        host = url.host.decode("ascii")
        port = url.port or (80 if self._tls is None else 443)
        stream = await self._network.connect_tcp(host, port, seconds)
        if self._tls is not None:
            try:
                self._tls.set_alpn_protocols(self._alpn)
                stream = await stream.start_tls(self._tls, host, seconds)
            except BaseException:
                await stream.aclose()
                raise
            chosen = stream.get_extra_info("ssl_object").selected_alpn_protocol()
            if chosen == "h2":
                return _HttpcoreConnection(
                    httpcore.AsyncHTTP2Connection(request.url.origin, stream)
                )
        if self._by_h11:
            return _HttpcoreConnection(httpcore.AsyncHTTP11Connection(request.url.origin, stream))
        return Http1Connection(stream)

    async def _end(self, connection: _Connection | None, *, keep: bool = False) -> None:
        """Give a slot back, and keep or close the connection that had it."""
        self._slots.release()
        if connection is None:
            return
        if keep:
            self._idle.append((self._clock() + KEEP_ALIVE, connection))
        else:
            await connection.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        self._pieces = pieces
        self._close: Callable[[], Awaitable[None]] | None = close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for piece in self._pieces:
                yield piece

    async def aclose(self) -> None:
        close, self._close = self._close, None
        if close is not None:
            with _as_httpx():
                await close()


async def _pieces(response: httpcore.Response) -> AsyncIterator[bytes]:
    if not isinstance(response.stream, AsyncIterable):  # pragma: no cover - httpcore gives these
        raise httpcore.ProtocolError("the answer has no asynchronous body")
    async for piece in response.stream:
        yield piece


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise errors of httpcore as those of httpx that have the same name."""
    try:
        yield
    except _HTTPCORE_ERRORS as error:
        kind: type[httpx.TransportError] = getattr(
            httpx, type(error).__name__, httpx.TransportError
        )
        raise kind(str(error)) from error

"""Transports for httpx: no redirects, no cookies, nothing from the environment.

``DirectTransport`` is for one host without a proxy. HTTP/1.1 is most of what it speaks, so that is
written and parsed here (``http1.py``), at a quarter of what httpcore's pool takes. Where a server
chooses HTTP/2, its connection is handed to httpcore. Proxies are left to httpcore's pools.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
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


class OpenResponse(httpx.AsyncByteStream):
    """The head of an answer, whose body is still to be read, once; whoever has it closes it."""

    def __init__(
        self,
        status: int,
        headers: Headers,
        read: Callable[[], Awaitable[bytes]],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        """Keep the head, what reads the next part of the body (empty: its end), and what ends."""
        self.status = status
        self.headers = headers
        self._read = read
        self._close: Callable[[], Awaitable[None]] | None = close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The parts of the body as they come, packed as they were sent.

        Raises:
            httpx.TransportError: the body cannot be read to its end.
        """
        try:
            while piece := await self._read():
                yield piece
        except _HTTPCORE_ERRORS as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        """Give the connection back, or close it; twice is as good as once.

        Raises:
            httpx.TransportError: it cannot be ended in order.
        """
        close, self._close = self._close, None
        if close is None:
            return
        try:
            await close()
        except _HTTPCORE_ERRORS as error:
            raise _as_httpx(error) from error


class Transport(httpx.AsyncBaseTransport):
    """A transport that takes a GET request by its parts, too: httpx's own objects cost time."""

    async def send(
        self, url: httpx.URL, headers: dict[str, str], limits: httpx.Timeout
    ) -> OpenResponse:
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
        response = await self._respond(
            httpcore.Request(
                request.method,
                _core_url(request.url),
                headers=request.headers.raw,
                content=request.stream if isinstance(request.stream, AsyncIterable) else None,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=response)

    @abstractmethod
    async def _respond(self, request: httpcore.Request) -> OpenResponse:
        """Send a request; its errors are those of httpx."""


class PoolTransport(Transport):
    """A transport over a pool of httpcore."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        """Take over ``pool``; it is closed with the transport."""
        self._pool = pool
        self._under_way = 0

    async def _respond(self, request: httpcore.Request) -> OpenResponse:
        self._under_way += 1
        try:
            response = await self._pool.handle_async_request(request)
        except _HTTPCORE_ERRORS as error:
            await self._end()
            raise _as_httpx(error) from error
        except BaseException:
            await self._end()
            raise

        async def close() -> None:
            try:
                await response.aclose()
            finally:
                await self._end()

        return OpenResponse(response.status, response.headers, _reader_of(response), close)

    async def _end(self) -> None:
        """Close, if nothing is under way, connections that the pool takes for busy all the same.

        httpcore keeps that of a tunnel through a proxy if the handshake with the host fails, and
        some of cancelled requests: then no request would get a connection any more.
        """
        self._under_way -= 1
        if self._under_way:
            return
        # All are found before the first is closed: meanwhile another request may begin.
        every = self._pool.connections
        stuck = [one for one in every if not (one.is_idle() or one.is_closed())]
        for connection in stuck:
            await connection.aclose()

    async def aclose(self) -> None:
        """Close the pool."""
        await self._pool.aclose()


class _Connection(Protocol):
    """Sends one request at a time, and is told when its answer is done with."""

    async def send(self, request: httpcore.Request) -> tuple[int, Headers]:
        """Send a request; the status and the headers of its answer."""

    async def read(self) -> bytes:
        """The next part of the body; nothing at its end."""

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
        self._read: Callable[[], Awaitable[bytes]] = _nothing

    async def send(self, request: httpcore.Request) -> tuple[int, Headers]:
        self._response = response = await self._connection.handle_async_request(request)
        self._read = _reader_of(response)
        return response.status, response.headers

    async def read(self) -> bytes:
        return await self._read()

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

    async def _respond(self, request: httpcore.Request) -> OpenResponse:
        names = [name.lower() for name, _ in request.headers]
        if request.method not in {b"GET", b"POST"} or b"transfer-encoding" in names:
            raise httpx.UnsupportedProtocol("only GET, and POST of a known length")
        await self._wait_for_slot(request)
        try:
            return await self._exchange(request)
        except _HTTPCORE_ERRORS as error:
            # llhttp takes no length that is said twice; h11 does when both are the same.
            is_length = isinstance(error, httpcore.RemoteProtocolError) and (
                "Content-Length" in str(error)
            )
            if self._by_h11 or request.method != b"GET" or not is_length:
                raise _as_httpx(error) from error
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

    async def _exchange(self, request: httpcore.Request) -> OpenResponse:
        connection: _Connection | None = None
        try:
            connection = await self._take_idle() or await self._connect(request)
            status, headers = await connection.send(request)
        except BaseException:
            await self._end(connection)
            raise

        async def close() -> None:
            is_whole = False
            try:
                is_whole = await connection.finish()
            finally:
                await self._end(connection, keep=is_whole and not self._is_closed)

        return OpenResponse(status, headers, connection.read, close)

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


async def _nothing() -> bytes:
    return b""


def _reader_of(response: httpcore.Response) -> Callable[[], Awaitable[bytes]]:
    """What reads the next part of a body of httpcore; nothing at its end."""
    if not isinstance(response.stream, AsyncIterable):  # pragma: no cover - httpcore gives these
        raise httpcore.ProtocolError("the answer has no asynchronous body")
    pieces = aiter(response.stream)

    async def read() -> bytes:
        async for piece in pieces:
            if piece:
                return piece
        return b""

    return read


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _as_httpx(error: Exception) -> httpx.TransportError:
    """An error of httpcore as the one of httpx that has the same name."""
    kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__, httpx.TransportError)
    return kind(str(error))

"""httpx's requests and answers over a connection pool of our own making.

What an ``httpx.AsyncClient`` adds (redirects, cookies, authentication) is not wanted here and
costs a quarter of a small request, so requests go to the transport itself.
``httpx.AsyncHTTPTransport`` builds its pool itself and takes no network backend, and the address
guard has to be one: it resolves, checks and connects in one step. This transport hands httpx's
requests to a pool that was built with the guard; all of it is public interface of both libraries.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

import httpcore
import httpx

_TROUBLE = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)


class PoolTransport(httpx.AsyncBaseTransport):
    """A transport over a pool; it follows nothing, keeps no cookie and reads no environment."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        """Take over ``pool``, which is closed with the transport."""
        self._pool = pool

    async def send(
        self, url: httpx.URL, headers: dict[str, str], limits: httpx.Timeout
    ) -> httpx.Response:
        """Ask for ``url``; the answer's body is still to come, and the answer to be closed.

        Raises:
            httpx.TransportError: the request failed.
        """
        request = httpx.Request(
            "GET", url, headers=headers, extensions={"timeout": limits.as_dict()}
        )
        response = await self.handle_async_request(request)
        response.request = request
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is still to come."""
        wanted = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream if isinstance(request.stream, AsyncIterable) else None,
            extensions=request.extensions,
        )
        try:
            response = await self._pool.handle_async_request(wanted)
        except _TROUBLE as error:
            raise _as_httpx(error, request) from error
        if not isinstance(response.stream, AsyncIterable):  # pragma: no cover - a pool gives these
            raise httpx.ProtocolError("the answer has no body that can be awaited")
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Stream(response.stream, response, request),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the pool."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(
        self, stream: AsyncIterable[bytes], response: httpcore.Response, request: httpx.Request
    ) -> None:
        self._stream = stream
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:
                yield piece
        except _TROUBLE as error:
            raise _as_httpx(error, self._request) from error

    async def aclose(self) -> None:
        try:
            await self._response.aclose()
        except _TROUBLE as error:
            raise _as_httpx(error, self._request) from error


def _as_httpx(error: Exception, request: httpx.Request) -> httpx.TransportError:
    """The pool's error as httpx's, which has the same name."""
    kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__, httpx.TransportError)
    return kind(str(error), request=request)

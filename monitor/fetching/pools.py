"""Transports: a small pool per host, all with the TLS contexts of their policies.

One shared client keeps its books over all its connections at each request and slows down as
they grow; a TLS context takes some 40 ms to build. So each host has a pool
of its own, built with the address guard as its network (``transport.py``).
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncIterable, AsyncIterator, Hashable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from monitor.catalogue.model import FetchRoute
from monitor.fetching.proxy import DIRECT, Proxy, parse_proxy
from monitor.fetching.ssrf_guard import GuardedNetwork, Resolver
from monitor.fetching.tls import Contexts

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


_MAX_POOLS = 64
_KEEP_ALIVE = 15.0


@dataclass(slots=True)
class Held:
    """A transport and how many requests are under way on it."""

    transport: PoolTransport
    users: int = 0


class Connections:
    """Pools by host, the longest unused ones closed first."""

    def __init__(
        self,
        *,
        per_host: int,
        http2: bool,
        proxy: str | None,
        ca_file: str | None,
        resolver: Resolver,
    ) -> None:
        """Keep what every pool shares.

        Raises:
            UserError: ``ca_file`` is no file of authorities, ``proxy`` no address of a proxy.
        """
        self._proxy = None if proxy is None else parse_proxy(proxy)
        self._contexts = Contexts(ca_file)
        self._shared: dict[str, Any] = {
            "max_connections": per_host,
            "max_keepalive_connections": per_host,
            "keepalive_expiry": _KEEP_ALIVE,
            "http2": http2,
        }
        self._networks = {
            leave: GuardedNetwork(resolver, allow_private=leave) for leave in (False, True)
        }
        self._held: OrderedDict[tuple[str, Hashable], Held] = OrderedDict()

    def take(self, host: str, route: FetchRoute) -> Held:
        """The transport for a host, held open until it is given back.

        Raises:
            FetchError: the route's certificates cannot be read.
        """
        key = (host.lower(), route.connection_key)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = Held(PoolTransport(self._build(route)))
        self._held.move_to_end(key)
        held.users += 1
        return held

    async def give_back(self, held: Held) -> None:
        """Let go of a transport that was taken; those unused for longest are closed."""
        held.users -= 1
        if len(self._held) > _MAX_POOLS:
            await self._close_some()

    async def aclose(self) -> None:
        """Close all pools."""
        while self._held:
            _, held = self._held.popitem()
            await held.transport.aclose()

    def proxy_of(self, route: FetchRoute) -> Proxy | None:
        """The proxy a route goes by: its own, else the crawl's, unless it wants none."""
        if route.proxy is None:
            return self._proxy
        return None if route.proxy == DIRECT else parse_proxy(route.proxy)

    def _build(self, route: FetchRoute) -> httpcore.AsyncConnectionPool:
        proxy = self.proxy_of(route)
        shared = self._shared | {"ssl_context": self._contexts.of(route.tls, route.ca_file)}
        if proxy is None:
            return httpcore.AsyncConnectionPool(
                **shared, network_backend=self._networks[route.allow_private]
            )
        if proxy.socks:
            # At DEBUG it writes the password into the log.
            logging.getLogger("httpcore.socks").setLevel(logging.WARNING)
            return httpcore.AsyncSOCKSProxy(proxy_url=proxy.url, proxy_auth=proxy.auth, **shared)
        if proxy.encrypted:
            shared["proxy_ssl_context"] = self._contexts.for_proxies()
        return httpcore.AsyncHTTPProxy(proxy_url=proxy.url, proxy_auth=proxy.auth, **shared)

    async def _close_some(self) -> None:
        for key in list(self._held)[: max(0, len(self._held) - _MAX_POOLS)]:
            # While one pool closes, others take turns here: look again before each.
            held = self._held.get(key)
            if held is not None and not held.users:
                del self._held[key]
                await held.transport.aclose()

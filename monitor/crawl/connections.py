"""Transports: a small pool per host, all with one TLS context.

One shared client keeps its books over all its connections at each request and slows down as
they grow; a TLS context takes some 40 ms to build. So each host has a pool
of its own, built with the address guard as its network (``transport.py``).
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from monitor.crawl.guard import GuardedNetwork, Resolver
from monitor.crawl.transport import PoolTransport
from monitor.errors import UserError

_MAX_POOLS = 64
_KEEP_ALIVE = 15.0


@dataclass(slots=True)
class _Held:
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
            UserError: ``ca_file`` is no file of authorities.
        """
        self._proxy = None if proxy is None else httpx.Proxy(proxy)
        self._tls = _tls(ca_file)
        self._shared: dict[str, Any] = {
            "ssl_context": self._tls,
            "max_connections": per_host,
            "max_keepalive_connections": per_host,
            "keepalive_expiry": _KEEP_ALIVE,
            "http2": http2,
        }
        self._networks = {
            leave: GuardedNetwork(resolver, allow_private=leave) for leave in (False, True)
        }
        self._held: OrderedDict[tuple[str, bool], _Held] = OrderedDict()

    @asynccontextmanager
    async def to(self, host: str, *, allow_private: bool) -> AsyncIterator[PoolTransport]:
        """The transport for a host, held open while it is in use."""
        key = (host.lower(), allow_private)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(PoolTransport(self._build(allow_private=allow_private)))
        self._held.move_to_end(key)
        held.users += 1
        try:
            yield held.transport
        finally:
            held.users -= 1
            await self._close_some()

    async def aclose(self) -> None:
        """Close all pools."""
        while self._held:
            _, held = self._held.popitem()
            await held.transport.aclose()

    def _build(self, *, allow_private: bool) -> httpcore.AsyncConnectionPool:
        proxy = self._proxy
        if proxy is None:
            return httpcore.AsyncConnectionPool(
                **self._shared, network_backend=self._networks[allow_private]
            )
        url = httpcore.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        )
        if proxy.url.scheme.startswith("socks5"):
            return httpcore.AsyncSOCKSProxy(
                proxy_url=url, proxy_auth=proxy.raw_auth, **self._shared
            )
        return httpcore.AsyncHTTPProxy(proxy_url=url, proxy_auth=proxy.raw_auth, **self._shared)

    async def _close_some(self) -> None:
        for key in list(self._held)[: max(0, len(self._held) - _MAX_POOLS)]:
            if not self._held[key].users:
                await self._held.pop(key).transport.aclose()


def _tls(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpcore.default_ssl_context()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl's errors are of this kind
        raise UserError(
            f"the file of authorities cannot be read: {error.__class__.__name__}",
            file=ca_file,
            hint="crawl.ca_file names a file of certificates in PEM",
        ) from None

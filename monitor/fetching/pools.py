"""Connections: a small transport per host, with shared TLS contexts.

A pool for all hosts would look through all its connections at each request and slow down as
they grow; a TLS context takes some 40 ms to build. So each host has a transport of its own, with
the SSRF guard as its network, and a context is built for the first request that needs it.

All TLS contexts verify certificates and names. Old servers get the smallest exception that works:
``legacy`` permits servers without RFC 5746 (OpenSSL 3 reports "unsafe legacy renegotiation
disabled") or with short keys; ``tls1`` also those that have TLS 1.0 only. An incomplete chain needs
neither, only the missing certificate (``ca_file``).
"""

from __future__ import annotations

import logging
import ssl
import time
import warnings
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpcore
import httpx

from monitor.catalogue.model import FetchRoute, Tls
from monitor.errors import FetchError, UserError
from monitor.fetching.proxy import DIRECT, Proxy, parse_proxy
from monitor.fetching.ssrf_guard import GuardedNetwork, Resolver
from monitor.fetching.transports import KEEP_ALIVE, DirectTransport, PoolTransport, Transport

# The ssl module names it from Python 3.12 on; the number is the one of OpenSSL.
_LEGACY_SERVER_CONNECT = 0x4
_CIPHERS = {Tls.LEGACY: "DEFAULT:@SECLEVEL=1", Tls.TLS1: "DEFAULT:@SECLEVEL=0"}


@cache
def _usual_context() -> ssl.SSLContext:
    """The strict context with the usual authorities: one for the process."""
    return httpcore.default_ssl_context()


class TlsContexts:
    """Builds each context once and when it is needed, because that takes some 40 ms."""

    def __init__(self, authorities: str | None) -> None:
        """Read the authorities, if they are not the usual ones.

        Args:
            authorities: a file of certificates to trust instead of the usual ones.

        Raises:
            UserError: ``authorities`` cannot be read.
        """
        self._authorities = authorities
        self._built: dict[tuple[Tls, Path | None], ssl.SSLContext] = {}
        self._for_proxies: ssl.SSLContext | None = None
        if authorities is None:
            return
        try:
            self._built[Tls.STRICT, None] = self._build(Tls.STRICT, None)
        except OSError as error:  # ssl's errors are of this kind
            raise UserError(
                f"the file of authorities cannot be read: {error.__class__.__name__}",
                file=authorities,
                hint="crawl.ca_file names a file of certificates in PEM",
            ) from None

    def of(self, tls: Tls, ca_file: Path | None) -> ssl.SSLContext:
        """The context of a policy.

        Args:
            tls: the exception for old servers.
            ca_file: certificates that are trusted besides the usual ones.

        Raises:
            FetchError: ``ca_file`` cannot be read.
        """
        if tls is Tls.STRICT and ca_file is None and self._authorities is None:
            return _usual_context()
        known = self._built.get((tls, ca_file))
        if known is None:
            try:
                known = self._built[tls, ca_file] = self._build(tls, ca_file)
            except OSError as error:
                kind = error.__class__.__name__
                raise FetchError(
                    f"ca_file holds no certificates: {kind}", url=str(ca_file)
                ) from None
        return known

    def for_proxies(self) -> ssl.SSLContext:
        """A strict context for proxies; a context holds the ALPN protocols, which differ there."""
        if self._for_proxies is None:
            self._for_proxies = self._build(Tls.STRICT, None)
        return self._for_proxies

    def _build(self, tls: Tls, ca_file: Path | None) -> ssl.SSLContext:
        if self._authorities is None:
            context = httpcore.default_ssl_context()
        else:
            context = ssl.create_default_context(cafile=self._authorities)
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        if tls is not Tls.STRICT:
            context.options |= _LEGACY_SERVER_CONNECT
            context.set_ciphers(_CIPHERS[tls])
            # Set from Python 3.13 on; certificates of these servers are older than its rules.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if tls is Tls.TLS1:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = ssl.TLSVersion.TLSv1
        return context


_MAX_POOLS = 64


@dataclass(slots=True)
class _HostPool:
    """A transport and the number of requests that use it."""

    transport: Transport
    users: int = 0


class ConnectionPools:
    """Pools by host and route; the least recently used ones are closed."""

    def __init__(
        self,
        *,
        per_host: int,
        http2: bool,
        proxy: str | None,
        ca_file: str | None,
        resolver: Resolver,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep what all pools share; ``clock`` tells how long a connection has been idle.

        Raises:
            UserError: ``ca_file`` is no file of authorities, ``proxy`` no URL of a proxy.
        """
        self._proxy = None if proxy is None else parse_proxy(proxy)
        self._tls_contexts = TlsContexts(ca_file)
        self._per_host, self._http2, self._clock = per_host, http2, clock
        self._networks = {
            allowed: GuardedNetwork(resolver, allow_private=allowed) for allowed in (False, True)
        }
        self._host_pools: OrderedDict[tuple[str, bool, Hashable], _HostPool] = OrderedDict()

    @asynccontextmanager
    async def transport(self, url: httpx.URL, route: FetchRoute) -> AsyncIterator[Transport]:
        """The transport for a URL's host and scheme, kept open while the block runs.

        Raises:
            FetchError: the route's certificates cannot be read.
        """
        encrypted = url.scheme == "https"
        key = (url.host.lower(), encrypted, route.connection_key)
        pool = self._host_pools.get(key)
        if pool is None:
            pool = self._host_pools[key] = _HostPool(self._build(route, encrypted=encrypted))
        self._host_pools.move_to_end(key)
        pool.users += 1
        try:
            yield pool.transport
        finally:
            pool.users -= 1
            if len(self._host_pools) > _MAX_POOLS:
                await self._close_unused()

    async def aclose(self) -> None:
        """Close all pools."""
        while self._host_pools:
            _, pool = self._host_pools.popitem()
            await pool.transport.aclose()

    def proxy_of(self, route: FetchRoute) -> Proxy | None:
        """The proxy of a route: its own, else the crawl's, or none."""
        if route.proxy is None:
            return self._proxy
        return None if route.proxy == DIRECT else parse_proxy(route.proxy)

    def _build(self, route: FetchRoute, *, encrypted: bool) -> Transport:
        proxy = self.proxy_of(route)
        tls = self._tls_contexts.of(route.tls, route.ca_file) if encrypted else None
        if proxy is None:
            return DirectTransport(
                self._networks[route.allow_private],
                tls,
                connections=self._per_host,
                http2=self._http2,
                clock=self._clock,
            )
        shared: dict[str, Any] = {
            "proxy_url": proxy.url,
            "proxy_auth": proxy.auth,
            "max_connections": self._per_host,
            "max_keepalive_connections": self._per_host,
            "keepalive_expiry": KEEP_ALIVE,
            "http2": self._http2,
            "ssl_context": tls,
        }
        if proxy.socks:
            # At DEBUG this logger writes the password.
            logging.getLogger("httpcore.socks").setLevel(logging.WARNING)
            return PoolTransport(httpcore.AsyncSOCKSProxy(**shared))
        if proxy.encrypted:
            shared["proxy_ssl_context"] = self._tls_contexts.for_proxies()
        return PoolTransport(httpcore.AsyncHTTPProxy(**shared))

    async def _close_unused(self) -> None:
        for key in list(self._host_pools)[: max(0, len(self._host_pools) - _MAX_POOLS)]:
            # Other tasks run while a pool closes, so each one is looked up again.
            pool = self._host_pools.get(key)
            if pool is not None and not pool.users:
                del self._host_pools[key]
                await pool.transport.aclose()

"""The SSRF guard: resolves a name, checks every address of it, connects to a checked one.

It works at the connection, so it covers redirects, DNS rebinding and every caller.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore

from monitor.catalogue.model import FetchRoute
from monitor.errors import RefusedAddress
from monitor.public_hosts import check_name, is_public
from monitor.urls import is_named_port, is_within, parse_url

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
_MAX_ADDRESSES = 8


def check_redirect(route: FetchRoute, url: str, target: str) -> None:
    """Refuse a redirect to a host that is local by its name, or to a port that nobody named.

    Raises:
        RefusedAddress: the port is neither a usual one nor that of ``url`` nor named in ``hosts``,
            or the host is private.
    """
    if not route.allow_private:
        check_name(parse_url(target).host, target)
    if not is_named_port(target, url, route.hosts):
        raise RefusedAddress("a redirect to a port that the source does not name", url=target)


def may_turn_private(route: FetchRoute, url: str, target: str) -> bool:
    """Whether a redirect may lead from a host with a public name to a private one.

    A source that may be private (``allow_private``) means its own host and those it names. In the
    own network it may be redirected to others.
    """
    return route.allow_private and not is_within(target, url, route.hosts) and not _is_local(url)


def _is_local(url: str) -> bool:
    try:
        check_name(parse_url(url).host, url)
    except RefusedAddress:
        return True
    return False


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of a host from the resolver of the system."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """A network backend of httpcore that connects to public addresses only."""

    def __init__(
        self, resolver: Resolver = system_resolver, *, allow_private: bool = False
    ) -> None:
        """Keep the resolver; tests pass their own.

        Args:
            resolver: names to addresses.
            allow_private: permits every address.
        """
        self._resolver = resolver
        self._allow_private = allow_private
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a checked address of ``host``.

        Raises:
            RefusedAddress: one of its addresses is not public; a name with both kinds is refused.
        """
        if not self._allow_private:
            check_name(host, host)
        try:
            addresses = list(await self._resolver(host, port))[:_MAX_ADDRESSES]
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} does not resolve") from error
        for address in addresses:
            if not self._allow_private and not is_public(address):
                raise RefusedAddress(f"the name leads to the private address {address}", url=host)
        failure: Exception = httpcore.ConnectError(f"the name {host} has no address")
        for address in addresses:
            try:
                # The backend does not resolve an IP address again, so the checked one is used.
                return await self._backend.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's own
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: a local socket is no host.

        Raises:
            RefusedAddress: always.
        """
        raise RefusedAddress("sockets of this machine are not fetched", url=path)

    async def sleep(self, seconds: float) -> None:
        """Sleep, for the retries of the pool."""
        await self._backend.sleep(seconds)

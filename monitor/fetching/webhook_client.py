"""Requests to URLs of the operator, over the guarded connections, without a rate limit.

No redirect is followed, no cookie is kept, nothing is read from the environment.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import httpx

from monitor.catalogue.model import FetchRoute
from monitor.errors import FetchError, NoConnection, RefusedAddress, TimedOut
from monitor.fetching.http_client import HttpResponse, plain_headers
from monitor.fetching.pools import ConnectionPools
from monitor.fetching.ssrf_guard import Resolver, system_resolver
from monitor.urls import parse_url

_MAX_RESPONSE_BYTES = 16_384
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class WebhookClient:
    """Posts to one receiver, or pings it; an async context manager."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        proxy: str | None = None,
        ca_file: str | None = None,
        seconds: float = 30.0,
        resolver: Resolver = system_resolver,
    ) -> None:
        """Build the pools; no connection is opened yet.

        Args:
            allow_private: whether the receiver may lie in a private network.
            proxy: http, https or socks5; it resolves names and has to refuse private networks
                itself.
            ca_file: authorities to trust instead of the usual ones.
            seconds: limit of one request.
            resolver: names to addresses.

        Raises:
            UserError: ``proxy`` is no URL of a proxy, or ``ca_file`` no file of authorities.
        """
        self._route = FetchRoute(allow_private=allow_private)
        self._seconds = seconds
        self._pools = ConnectionPools(
            per_host=2, http2=True, proxy=proxy, ca_file=ca_file, resolver=resolver
        )

    async def __aenter__(self) -> Self:
        """Return the client; connections are opened by requests."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self._pools.aclose()

    async def post(self, address: str, headers: dict[str, str], body: bytes) -> HttpResponse:
        """Post ``body``; the first 16 KiB of the response body are read.

        Raises:
            FetchError: as ``get`` does; after some the request may have arrived.
        """
        return await self._request("POST", address, headers, body)

    async def get(self, address: str) -> HttpResponse:
        """Request an address; the first 16 KiB of the response body are read.

        Raises:
            RefusedAddress: the address is private or no http URL. Nothing was sent.
            NoConnection: no connection was established. Nothing was sent.
            TimedOut: no response in time; the request may have arrived.
            FetchError: the response broke off; the request may have arrived.
        """
        return await self._request("GET", address, {}, b"")

    async def _request(
        self, method: str, address: str, headers: dict[str, str], body: bytes
    ) -> HttpResponse:
        url = parse_url(address)
        where = f"{url.scheme}://{url.netloc.decode('ascii')}"
        request = httpx.Request(
            method,
            url,
            headers={**headers, "Accept-Encoding": "identity"},
            content=body,
            extensions={"timeout": httpx.Timeout(self._seconds).as_dict()},
        )
        try:
            async with (
                self._pools.transport(url, self._route) as transport,
                asyncio.timeout(self._seconds),
            ):
                response = await transport.handle_async_request(request)
                try:
                    return await _read(response)
                finally:
                    await response.aclose()
        except RefusedAddress as error:
            raise RefusedAddress(str(error).rpartition(" (")[0], url=where) from None
        except _NOT_SENT as error:
            raise NoConnection(type(error).__name__, url=where) from None
        except (TimeoutError, httpx.TimeoutException):
            raise TimedOut(f"no answer within {self._seconds:g} s", url=where) from None
        except (httpx.HTTPError, OSError) as error:
            raise FetchError(type(error).__name__, url=where) from None


async def _read(response: httpx.Response) -> HttpResponse:
    body = b""
    async for piece in response.aiter_raw():
        body += piece
        if len(body) >= _MAX_RESPONSE_BYTES:
            break
    return HttpResponse(
        response.status_code, plain_headers(response.headers.raw), body[:_MAX_RESPONSE_BYTES]
    )

"""Posts to addresses an operator names: the same guarded connections, no pages, no pace.

No redirect is followed, no cookie kept, no environment read.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import httpx

from monitor.catalogue.model import FetchRoute
from monitor.errors import FetchError, NoConnection, RefusedAddress, TimedOut
from monitor.fetching.http_client import Answer, plain_headers
from monitor.fetching.pools import Connections
from monitor.fetching.ssrf_guard import Resolver, system_resolver
from monitor.urls import parse

_ENOUGH = 16_384
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Poster:
    """Posts to one receiver; close it, or use it with ``async with``."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        proxy: str | None = None,
        ca_file: str | None = None,
        seconds: float = 30.0,
        resolver: Resolver = system_resolver,
    ) -> None:
        """Prepare the connections; nothing is opened yet.

        Args:
            allow_private: whether the receiver may lie in a private network.
            proxy: http, https or socks5; behind it the proxy resolves names, and has to keep out
                of private networks itself.
            ca_file: authorities trusted instead of the usual ones.
            seconds: a post may take in all.
            resolver: names to addresses; tests pass their own.

        Raises:
            UserError: ``proxy`` is no address of a proxy, or ``ca_file`` no file of authorities.
        """
        self._route = FetchRoute(allow_private=allow_private)
        self._seconds = seconds
        self._connections = Connections(
            per_host=2, http2=True, proxy=proxy, ca_file=ca_file, resolver=resolver
        )

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first post."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._connections.aclose()

    async def post(self, address: str, headers: dict[str, str], body: bytes) -> Answer:
        """Post ``body``; of the answer's body the first 16 KiB are read.

        Raises:
            RefusedAddress: the address is private, or none for the web. Nothing was sent.
            NoConnection: no connection came to be. Nothing was sent.
            TimedOut: there was no answer in time; the post may have arrived.
            FetchError: the answer broke off; the post may have arrived.
        """
        url = parse(address)
        where = f"{url.scheme}://{url.netloc.decode('ascii')}"
        request = httpx.Request(
            "POST",
            url,
            headers={**headers, "Accept-Encoding": "identity"},
            content=body,
            extensions={"timeout": httpx.Timeout(self._seconds).as_dict()},
        )
        held = None
        try:
            held = self._connections.take(url.host, self._route)
            async with asyncio.timeout(self._seconds):
                response = await held.transport.handle_async_request(request)
                try:
                    return await _read(response)
                finally:
                    await response.aclose()
        except RefusedAddress as error:
            raise RefusedAddress(str(error).rpartition(" (")[0], url=where) from None
        except _UNSENT as error:
            raise NoConnection(type(error).__name__, url=where) from None
        except (TimeoutError, httpx.TimeoutException):
            raise TimedOut(f"no answer within {self._seconds:g} s", url=where) from None
        except (httpx.HTTPError, OSError) as error:
            raise FetchError(type(error).__name__, url=where) from None
        finally:
            if held is not None:
                await self._connections.give_back(held)


async def _read(response: httpx.Response) -> Answer:
    body = b""
    async for piece in response.aiter_raw():
        body += piece
        if len(body) >= _ENOUGH:
            break
    return Answer(response.status_code, plain_headers(response.headers.raw), body[:_ENOUGH])

"""One GET request: rate limit, attempts while the fault is transient, feedback to the throttle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from monitor.catalogue.model import FetchRoute
from monitor.errors import DecodeError, FetchError, TooLarge, TruncatedBody
from monitor.fetching.decompress import Decompressor
from monitor.fetching.http1 import Headers
from monitor.fetching.outcome import MAX_EVIDENCE_BYTES, retry_after_of
from monitor.fetching.pools import ConnectionPools
from monitor.fetching.rate_limit import HostRateLimiter
from monitor.fetching.settings import FetcherSettings
from monitor.fetching.throttle import HostSignal
from monitor.fetching.transports import OpenResponse, Transport
from monitor.retry import Backoff

REDIRECTS = frozenset({301, 302, 303, 307, 308})
REQUEST_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    FetchError,
    DecodeError,
    TimeoutError,
    OSError,
    UnicodeError,
)
"""What a request may raise without a fault of the program."""

_SIGNALS = {
    429: HostSignal.OVERLOADED,
    503: HostSignal.OVERLOADED,
    502: HostSignal.NO_ANSWER,
    504: HostSignal.NO_ANSWER,
}
_STATUSES_WITH_PAGE = frozenset({200, 202, 203})

# A refusal is no transient fault: the schedule visits a site that blocks us ever more rarely.
_TRANSIENT_STATUSES = frozenset({502, 504})
_TRANSIENT_ERRORS = (httpx.TimeoutException, httpx.ReadError, httpx.WriteError, TruncatedBody)
# The response breaks off; a malformed one will be malformed the next time too.
_BROKEN_OFF = ("peer closed", "disconnected", "StreamReset", "ConnectionTerminated")
# A connection fails for good when certificate or protocol do not fit.
_FINAL = ("SSL", "TLS", "certificate")


_MAX_COOKIES = 20


def fetch_backoff(initial: float) -> Backoff:
    """Delays between the attempts of a visit; ``initial`` is the mean of the first, in seconds."""
    return Backoff(initial=initial, maximum=30.0, factor=4.0, jitter=(0.5, 1.5))


def is_unreachable(error: BaseException) -> bool:
    """Whether no connection was made: no network, no such name, or a host that is away."""
    if isinstance(error, httpx.ConnectError):
        return not any(word in str(error) for word in _FINAL)
    return isinstance(error, httpx.ConnectTimeout)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, httpx.ConnectError):
        return not any(word in str(error) for word in _FINAL)
    if isinstance(error, httpx.RemoteProtocolError):
        return any(word in str(error) for word in _BROKEN_OFF)
    return isinstance(error, _TRANSIENT_ERRORS)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What a server sent; ``body`` may be the beginning only, see ``HttpClient.get``.

    ``cookies``: its Set-Cookie headers, which ``headers`` leaves out.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()  # values of Set-Cookie


@dataclass(slots=True)
class Budget:
    """What is left of the time for one page, and the attempts that its last request took."""

    seconds_left: float
    attempts: int = 0


class HttpClient:
    """Makes requests within the rate limit of their hosts."""

    def __init__(
        self,
        settings: FetcherSettings,
        pools: ConnectionPools,
        rate_limiter: HostRateLimiter,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
    ) -> None:
        """Keep what requests are made with; the clocks are those of ``HttpFetcher``."""
        self._settings = settings
        self._timeouts = httpx.Timeout(
            settings.read_timeout, connect=settings.connect_timeout, pool=settings.total_timeout
        )
        self._pools = pools
        self._rate_limiter = rate_limiter
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._backoff = fetch_backoff(settings.retry_delay)

    async def get(
        self,
        url: httpx.URL,
        headers: dict[str, str],
        *,
        route: FetchRoute,
        budget: Budget,
        max_bytes: int | None = None,
    ) -> HttpResponse:
        """Get one URL; a redirect is a response like any other.

        Args:
            url: checked by ``parse_url``.
            headers: of the request.
            route: how the source is reached.
            budget: of the page; the time that this takes is subtracted.
            max_bytes: truncate the body there; without it a body that exceeds the limit of the
                settings is an error.

        Raises:
            HostPaused: the host is paused.
            FetchError, DecodeError, httpx.HTTPError, OSError: of the last attempt.
        """
        host, budget.attempts = url.host, 0
        while True:
            budget.attempts += 1
            last = budget.attempts >= self._settings.max_attempts
            async with self._rate_limiter.slot(host):
                try:
                    async with self._pools.transport(url, route) as transport:
                        response = await self._request(url, headers, transport, budget, max_bytes)
                except (httpx.HTTPError, DecodeError, OSError) as error:
                    done = last or budget.seconds_left <= 0 or self._rate_limiter.is_paused(host)
                    if done or not is_transient(error):
                        raise
                else:
                    if last or response.status not in _TRANSIENT_STATUSES:
                        return response
                    wait = retry_after_of(response.headers, self._now()) or 0.0
                    if wait > self._settings.max_wait or budget.seconds_left <= 0:
                        return response
                    await self._rate_limiter.pause(host, wait)
            await self._sleep(self._backoff.delay(budget.attempts, self._chance()))

    async def _request(
        self,
        url: httpx.URL,
        headers: dict[str, str],
        transport: Transport,
        budget: Budget,
        max_bytes: int | None,
    ) -> HttpResponse:
        loop = asyncio.get_running_loop()
        started, clock_started = loop.time(), self._clock()
        signal: HostSignal | None = None
        first_byte: float | None = None
        try:
            async with asyncio.timeout(budget.seconds_left):
                response = await transport.send(url, headers, self._timeouts)
                try:
                    first_byte = self._clock() - clock_started
                    signal = _SIGNALS.get(response.status, HostSignal.OK)
                    return await _read(response, str(url), self._settings.max_bytes, max_bytes)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TransportError) as error:
            if isinstance(error, TimeoutError) or is_transient(error):
                signal = HostSignal.NO_ANSWER
            raise
        finally:
            budget.seconds_left -= loop.time() - started
            if signal is not None:
                self._rate_limiter.record(url.host, signal, first_byte)


async def _read(
    response: OpenResponse, url: str, limit: int, max_bytes: int | None
) -> HttpResponse:
    """The response with its body.

    Raises:
        TooLarge: the body exceeds ``limit``.
        DecodeError: it is not compressed as declared.
    """
    status = response.status
    headers = plain_headers(response.headers)
    cookies = _cookies_of(response.headers)
    if status in REDIRECTS or status in {204, 304}:
        if status not in REDIRECTS:
            # There is no body, but a response that is not read to its end costs the connection.
            async for _ in response:
                break
        return HttpResponse(status, headers, b"", cookies)
    has_page = status in _STATUSES_WITH_PAGE
    limit = max_bytes or (limit if has_page else MAX_EVIDENCE_BYTES)
    strict = has_page and max_bytes is None
    declared = headers.get("content-length", "")
    if strict and declared.isdigit() and int(declared[:18]) > limit:
        raise TooLarge(f"{declared[:18]} bytes are more than {limit}", url=url)
    decompressor = None
    try:
        decompressor = Decompressor(headers.get("content-encoding", ""), limit=limit, url=url)
        async for piece in response:
            decompressor.feed(piece)
        body = decompressor.body()
    except (TooLarge, DecodeError) as error:
        if strict:
            raise
        # Of a refusal only a whole body is evidence; a body to be truncated is used as it came.
        kept = max_bytes is not None and decompressor is not None and isinstance(error, TooLarge)
        body = decompressor.partial_body() if kept and decompressor is not None else b""
    return HttpResponse(status, headers, body, cookies)


def attempts_note(budget: Budget) -> str:
    """The number of attempts for a reason line; empty after one."""
    return f" ({budget.attempts} tries)" if budget.attempts > 1 else ""


def _cookies_of(raw: Headers) -> tuple[str, ...]:
    """The values of Set-Cookie, of which a browser would not take that many."""
    found = [value for name, value in raw if name.lower() == b"set-cookie"]
    return tuple(value.decode("latin-1") for value in found[:_MAX_COOKIES])


def plain_headers(raw: Headers) -> dict[str, str]:
    """Headers by lower-case name, the first of each, without cookies."""
    found: dict[str, str] = {}
    for name, value in raw[:100]:
        key = name.decode("latin-1").lower()
        if key != "set-cookie":
            found.setdefault(key, value.decode("latin-1")[:2_000])
    return found

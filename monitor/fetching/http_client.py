"""One request: waited for, made, tried again if its fault is a passing one, and learned from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx

from monitor.catalogue.model import FetchRoute
from monitor.errors import CutShort, DecodeError, FetchError, TooLarge
from monitor.fetching.budget import Effort, FetcherSettings
from monitor.fetching.decompress import Unpacker
from monitor.fetching.outcome import EVIDENCE, retry_after_of
from monitor.fetching.pools import Connections, PoolTransport
from monitor.fetching.rate_limit import Pace
from monitor.fetching.throttle import Sign
from monitor.retry import Backoff

REDIRECTS = frozenset({301, 302, 303, 307, 308})
TROUBLE = (
    httpx.HTTPError,
    httpx.InvalidURL,
    FetchError,
    DecodeError,
    TimeoutError,
    OSError,
    UnicodeError,
)
"""What a request may end with that is no fault of the program."""

_SIGNS = {429: Sign.STRAINED, 503: Sign.STRAINED, 502: Sign.SILENT, 504: Sign.SILENT}
_WELL = frozenset({200, 202, 203})

# A refusal is no transient fault: the schedule visits a site that blocks us ever more rarely.
_TRANSIENT_STATUSES = frozenset({502, 504})
_TRANSIENT_ERRORS = (httpx.TimeoutException, httpx.ReadError, httpx.WriteError, CutShort)
# The answer breaks off; a malformed one will be malformed the next time too.
_BROKEN_OFF = ("peer closed", "disconnected", "StreamReset", "ConnectionTerminated")
# A connection fails for good when certificate or protocol do not fit.
_FINAL = ("SSL", "TLS", "certificate")


def fetch_backoff(initial: float) -> Backoff:
    """Delays between the attempts of a visit; ``initial`` is the mean of the first, in seconds."""
    return Backoff(initial=initial, maximum=30.0, factor=4.0, jitter=(0.5, 1.5))


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, httpx.ConnectError):
        return not any(word in str(error) for word in _FINAL)
    if isinstance(error, httpx.RemoteProtocolError):
        return any(word in str(error) for word in _BROKEN_OFF)
    return isinstance(error, _TRANSIENT_ERRORS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent; of a body longer than wanted ``body`` is the beginning."""

    status: int
    headers: dict[str, str]
    body: bytes


class Asker:
    """Asks hosts at their own pace. Trouble is raised: see ``fetch.py`` for what becomes of it."""

    def __init__(
        self,
        settings: FetcherSettings,
        connections: Connections,
        pace: Pace,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
    ) -> None:
        """Take what requests are made with; the clocks are those of ``HttpFetcher``."""
        self._settings = settings
        self._timeouts = httpx.Timeout(settings.read, connect=settings.connect, pool=settings.total)
        self._connections = connections
        self._pace = pace
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._backoff = fetch_backoff(settings.retry_pause)

    async def ask(
        self,
        url: httpx.URL,
        headers: dict[str, str],
        *,
        route: FetchRoute,
        effort: Effort,
        enough: int | None = None,
    ) -> Answer:
        """Get one address; a redirect is an answer like any other.

        Args:
            url: has been through ``address.parse``.
            headers: of the request.
            route: how the source is reached.
            effort: the page's; what this costs is taken off it.
            enough: bytes of a body after which the rest does not matter; without it a body that
                is too long is an error.

        Raises:
            HostClosed: the host wants to be left alone.
            FetchError, DecodeError, httpx.HTTPError, OSError: as they come, after the last try.
        """
        host, effort.tries = url.host, 0
        while True:
            effort.tries += 1
            last = effort.tries >= self._settings.tries
            async with self._pace.turn(host):
                try:
                    held = self._connections.take(host, route)
                    try:
                        answer = await self._once(url, headers, held.transport, effort, enough)
                    finally:
                        await self._connections.give_back(held)
                except (httpx.HTTPError, DecodeError, OSError) as error:
                    done = last or effort.left <= 0 or self._pace.is_closed(host)
                    if done or not is_transient(error):
                        raise
                else:
                    if last or answer.status not in _TRANSIENT_STATUSES:
                        return answer
                    wanted = retry_after_of(answer.headers, self._now()) or 0.0
                    if wanted > self._settings.patience or effort.left <= 0:
                        return answer
                    self._pace.close(host, wanted)
            await self._sleep(self._backoff.delay(effort.tries, self._chance()))

    async def _once(
        self,
        url: httpx.URL,
        headers: dict[str, str],
        transport: PoolTransport,
        effort: Effort,
        enough: int | None,
    ) -> Answer:
        loop = asyncio.get_running_loop()
        begin, begun = loop.time(), self._clock()
        sign: Sign | None = None
        first: float | None = None
        try:
            async with asyncio.timeout(effort.left):
                response = await transport.send(url, headers, self._timeouts)
                try:
                    first = self._clock() - begun
                    sign = _SIGNS.get(response.status_code, Sign.WELL)
                    return await _read(response, str(url), self._settings.max_bytes, enough)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TransportError) as error:
            if isinstance(error, TimeoutError) or is_transient(error):
                sign = Sign.SILENT
            raise
        finally:
            effort.left -= loop.time() - begin
            if sign is not None:
                self._pace.note(url.host, sign, first)


async def _read(response: httpx.Response, url: str, most: int, enough: int | None) -> Answer:
    """The body with its cap.

    Raises:
        TooLarge: it is more than is taken.
        DecodeError: it is not packed as declared.
    """
    status = response.status_code
    headers = plain_headers(response.headers.raw)
    if status in REDIRECTS or status in {204, 304}:
        return Answer(status, headers, b"")
    well = status in _WELL
    limit = enough or (most if well else EVIDENCE)
    strict = well and enough is None
    declared = headers.get("content-length", "")
    if strict and declared.isdigit() and int(declared[:18]) > limit:
        raise TooLarge(f"{declared[:18]} bytes are more than {limit}", url=url)
    unpacker = None
    try:
        unpacker = Unpacker(headers.get("content-encoding", ""), limit=limit, url=url)
        async for piece in response.aiter_raw():
            unpacker.feed(piece)
        body = unpacker.body()
    except (TooLarge, DecodeError) as error:
        if strict:
            raise
        # Of a refusal what is whole is evidence; of the rest, what came before enough was enough.
        kept = enough is not None and unpacker is not None and isinstance(error, TooLarge)
        body = unpacker.beginning() if kept and unpacker is not None else b""
    return Answer(status, headers, body)


def tries_of(effort: Effort) -> str:
    """How often the last address was asked, for people; nothing if once."""
    return f" ({effort.tries} tries)" if effort.tries > 1 else ""


def plain_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name, the first of each, cookies left out."""
    found: dict[str, str] = {}
    for name, value in raw[:100]:
        key = name.decode("latin-1").lower()
        if key != "set-cookie":
            found.setdefault(key, value.decode("latin-1")[:2_000])
    return found

"""robots.txt (RFC 9309): requested once a day for each origin, obeyed for every URL.

The file is fetched like any page, within the same rate limit and behind the same guard. A site
without one allows everything. A site whose file cannot be read allows nothing until it can,
unless an earlier copy is known; a store keeps copies across restarts.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Protocol

import httpx

from monitor.catalogue.model import FetchRoute
from monitor.errors import RefusedAddress
from monitor.fetching.http_client import (
    REDIRECTS,
    REQUEST_ERRORS,
    Budget,
    HttpClient,
    attempts_note,
    is_unreachable,
)
from monitor.fetching.outcome import retry_after_of
from monitor.fetching.rate_limit import FetchSkipped, HostRateLimiter
from monitor.fetching.settings import FetcherSettings
from monitor.fetching.ssrf_guard import check_redirect, may_turn_private
from monitor.model.documents import Outcome
from monitor.public_hosts import check_name
from monitor.urls import parse_url, resolve_url

if TYPE_CHECKING:
    from protego import Protego


@cache
def _user_agent_pattern() -> re.Pattern[str]:
    return re.compile(r"\s*user[- ]?agent[\s:]+(\*|[\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """The result of a request for robots.txt: its text, None if the site has none.

    ``error`` says why the result is unknown; the visit of a page then ends with ``outcome``.
    """

    text: str | None = None
    error: str = ""
    outcome: Outcome = Outcome.OK
    unreachable: bool = False


def robots_file(status: int, body: bytes) -> RobotsFile:
    """The meaning of a response that is no redirect.

    A 4xx allows everything (RFC 9309, 2.3.1.3), but neither a server error (2.3.1.4) nor 429 does.
    """
    if 200 <= status < 300:
        return RobotsFile(body.decode("utf-8", "replace"))
    if status == 429 or status >= 500:
        error = f"robots.txt answers HTTP {status}: nothing is asked for until it can be read"
        return RobotsFile(error=error, outcome=Outcome.BLOCKED)
    return RobotsFile()


def parse_robots(text: str, agent: str) -> Protego | None:
    """The rules of a file, None if it has none for us.

    The parser keeps every rule for every agent, which a hostile file with ten thousand of each
    could exploit; so all other agents become one before parsing.

    Args:
        text: of the file.
        agent: our name in it, in lower case and without version.
    """
    from protego import Protego

    lines, ours = [], False
    for line in text.removeprefix("\ufeff").splitlines():
        found = _user_agent_pattern().match(line)
        name = found[1].lower() if found else ""
        ours = ours or name in {"*", agent}
        lines.append(f"User-agent: {name if name in {'*', agent} else '-'}" if name else line)
    return Protego.parse("\n".join(lines)) if ours else None


MAX_BYTES = 500 * 1024
"""The least that RFC 9309 allows as a limit, and the limit here."""

MAX_REDIRECTS = 5
_MAX_AGE_SECONDS = 86_400.0
_ERROR_RETRY_SECONDS = 300.0
_UNREACHABLE_RETRY_SECONDS = 60.0
_MAX_CRAWL_DELAY = 30.0
_MAX_ORIGINS = 1_024
_MAX_SHOWN = 120


def _retry_seconds(file: RobotsFile) -> float:
    """How long a failure counts; a network that is back is found out soon."""
    return _UNREACHABLE_RETRY_SECONDS if file.unreachable else _ERROR_RETRY_SECONDS


@dataclass(frozen=True, slots=True)
class RobotsCopy:
    """The latest robots.txt of a site; ``text`` is None if the site had none."""

    text: str | None
    read_at: datetime


class RobotsStore(Protocol):
    """Keeps copies by origin (``https://www.gov.cn``); called from worker threads."""

    def load(self, origin: str) -> RobotsCopy | None:
        """The latest copy, however old, or None."""

    def save(self, origin: str, copy: RobotsCopy) -> None:
        """Replace any earlier copy."""


@dataclass(slots=True)
class _OriginState:
    rules: Protego | None = None
    known: bool = False
    fresh_until: float = 0.0
    error: RobotsFile | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Robots:
    """Decides by robots.txt what may be requested; remembers each file for a day."""

    def __init__(
        self,
        settings: FetcherSettings,
        client: HttpClient,
        rate_limiter: HostRateLimiter,
        *,
        headers: Mapping[str, str],
        now: Callable[[], datetime],
        clock: Callable[[], float],
        describe_error: Callable[[BaseException, FetchRoute], str],
        store: RobotsStore | None,
    ) -> None:
        """Keep the collaborators.

        Args:
            settings: limits; the product name in the user agent is our name in the files.
            client: fetches the files.
            rate_limiter: obeys Crawl-delay and Retry-After.
            headers: of the requests.
            now: aware wall clock.
            clock: monotonic seconds.
            describe_error: one line for an error, without secrets.
            store: keeps copies across restarts; None for the lifetime of the process only.
        """
        self._agent = settings.user_agent.partition("/")[0].strip().lower()
        self._total_timeout = settings.total_timeout
        self._client = client
        self._rate_limiter = rate_limiter
        self._headers = dict(headers)
        self._now = now
        self._clock = clock
        self._describe_error = describe_error
        self._store = store
        self._origins: OrderedDict[tuple[object, ...], _OriginState] = OrderedDict()

    async def check(self, url: httpx.URL, route: FetchRoute) -> None:
        """Return if ``url`` may be requested.

        Raises:
            FetchSkipped: it may not, or robots.txt cannot be read at the moment.
        """
        # Another proxy or TLS policy may get another file from the same origin.
        key = (url.raw_scheme, url.raw_host, url.port, route.connection_key)
        state = self._origins.get(key)
        if state is None:
            state = self._origins[key] = _OriginState()
            if len(self._origins) > _MAX_ORIGINS:
                self._origins.popitem(last=False)
        if self._clock() >= state.fresh_until:
            async with state.lock:
                if self._clock() >= state.fresh_until:
                    await self._update(state, url, route)
        if (failed := state.error) is not None:
            raise FetchSkipped(
                failed.outcome,
                failed.error,
                seconds=_retry_seconds(failed),
                url=str(url),
                unreachable=failed.unreachable,
            )
        if state.rules is not None and not state.rules.can_fetch(str(url), self._agent):
            path = url.raw_path.decode("ascii", "replace")[:_MAX_SHOWN]
            reason = f"robots.txt does not allow {path}"
            raise FetchSkipped(Outcome.BLOCKED, reason, url=str(url))

    async def _update(self, state: _OriginState, url: httpx.URL, route: FetchRoute) -> None:
        current = str(url.copy_with(raw_path=b"/robots.txt"))
        origin = current.removesuffix("/robots.txt")
        if not state.known and await self._load(state, url.host, origin):
            return
        file = await self._fetch(current, route)
        state.fresh_until = self._clock() + (
            _retry_seconds(file) if file.error else _MAX_AGE_SECONDS
        )
        if file.error:
            # An earlier copy is the best estimate; without one nothing is allowed.
            state.error = None if state.known else file
            return
        await self._apply(state, url.host, file.text)
        if self._store is not None:
            await asyncio.to_thread(self._store.save, origin, RobotsCopy(file.text, self._now()))

    async def _load(self, state: _OriginState, host: str, origin: str) -> bool:
        """Apply the copy in the store; whether it is still fresh."""
        if self._store is None:
            return False
        copy = await asyncio.to_thread(self._store.load, origin)
        if copy is None:
            return False
        await self._apply(state, host, copy.text)
        age = (self._now() - copy.read_at).total_seconds()
        state.fresh_until = self._clock() + _MAX_AGE_SECONDS - age
        return 0 <= age < _MAX_AGE_SECONDS

    async def _apply(self, state: _OriginState, host: str, text: str | None) -> None:
        state.error, state.known = None, True
        # Parsing half a megabyte of rules would block the event loop.
        rules = await asyncio.to_thread(parse_robots, text or "", self._agent)
        state.rules = rules
        delay = (rules and rules.crawl_delay(self._agent)) or 0.0
        self._rate_limiter.raise_min_delay(host, min(delay, _MAX_CRAWL_DELAY))

    async def _fetch(self, current: str, route: FetchRoute) -> RobotsFile:
        origin = current
        budget, seen = Budget(self._total_timeout), {current}
        try:
            for _ in range(MAX_REDIRECTS + 1):
                url = parse_url(current)
                if not route.allow_private:
                    check_name(url.host, current)
                response = await self._client.get(
                    url,
                    self._headers,
                    route=route,
                    budget=budget,
                    max_bytes=MAX_BYTES,
                )
                location = response.headers.get("location")
                if response.status not in REDIRECTS or not location:
                    file = robots_file(response.status, response.body)
                    wait = retry_after_of(response.headers, self._now())
                    if file.error and wait:
                        await self._rate_limiter.pause(url.host, wait)
                    return file
                target = resolve_url(current, location)
                if target is None or target in seen:
                    break
                check_redirect(route, origin, target)
                if may_turn_private(route, origin, target):
                    raise RefusedAddress("it may be a private address", url=target)
                current = target
                seen.add(current)
        except FetchSkipped as skipped:
            return RobotsFile(error=skipped.reason, outcome=skipped.outcome)
        except REQUEST_ERRORS as error:
            reason = self._describe_error(error, route) + attempts_note(budget)
            return RobotsFile(
                error=f"robots.txt cannot be had: {reason}",
                outcome=Outcome.ERROR,
                unreachable=is_unreachable(error),
            )
        # A redirect loop or a redirect off the web means that there is no file (RFC 9309, 2.3.1.2).
        return RobotsFile()

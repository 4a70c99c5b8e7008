"""The one door to the network for pages: polite, bounded, guarded; trouble comes back as data."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

import httpx

from monitor.catalogue.model import DEFAULT_ROUTE, FetchRoute
from monitor.documents.page_fingerprint import same_frame
from monitor.errors import FetchError
from monitor.fetching.budget import Effort, FetcherSettings
from monitor.fetching.decompress import ACCEPTED
from monitor.fetching.http_client import REDIRECTS, TROUBLE, Answer, Asker, tries_of
from monitor.fetching.outcome import judge, last_modified_of, retry_after_of
from monitor.fetching.pools import Connections
from monitor.fetching.proxy import without_secrets
from monitor.fetching.rate_limit import NotAsked, Pace
from monitor.fetching.robots import Robots, RobotsMemory
from monitor.fetching.ssrf_guard import Resolver, check_name, system_resolver
from monitor.model.documents import Fetched, Outcome
from monitor.urls import parse, resolve, same_site

_HOME = frozenset({"", "/", "/index.html", "/index.htm", "/index.shtml", "/index.php"})


class Fetcher(Protocol):
    """Gets a page. Trouble is an outcome of what comes back, never an exception."""

    async def fetch(
        self,
        url: str,
        *,
        route: FetchRoute = DEFAULT_ROUTE,
        etag: str | None = None,
        last_modified: str | None = None,
        frame: str | None = None,
    ) -> Fetched:
        """Get ``url`` once.

        Args:
            url: absolute, http or https.
            route: how the source is reached; a redirect to a host that it does not name ends
                MOVED.
            etag: the validator of the copy we hold; with it the answer may be NOT_MODIFIED.
            last_modified: likewise.
            frame: what the copy we hold is known by (``documents.frame_of``); a page that shows
                the same text is NOT_MODIFIED too, with its new validators.
        """


class HttpFetcher:
    """The real fetcher; an async context manager."""

    def __init__(
        self,
        settings: FetcherSettings | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        resolver: Resolver = system_resolver,
        robots: RobotsMemory | None = None,
    ) -> None:
        """Build the pools; nothing is connected yet.

        Args:
            settings: limits.
            now: aware wall clock, stamps ``fetched_at``.
            clock: monotonic seconds, for the pace.
            sleep: waits, for the pace and between tries.
            chance: 0 to 1, for the jitter between tries.
            resolver: names to addresses.
            robots: keeps the sites' robots.txt when the process ends.

        Raises:
            UserError: a setting names a proxy or a file of authorities that is none.
        """
        self._settings = settings = settings or FetcherSettings()
        self._now = now
        self._pace = Pace(
            per_host=settings.per_host,
            pause=settings.pause,
            longest=settings.longest_pause,
            patience=settings.patience,
            clock=clock,
            sleep=sleep,
        )
        self._connections = Connections(
            per_host=settings.per_host,
            http2=settings.http2,
            proxy=settings.proxy,
            ca_file=settings.ca_file,
            resolver=resolver,
        )
        self._asker = Asker(
            settings,
            self._connections,
            self._pace,
            now=now,
            clock=clock,
            sleep=sleep,
            chance=chance,
        )
        self._robots = Robots(
            settings,
            self._asker,
            self._pace,
            headers=self._headers(None, None),
            now=now,
            clock=clock,
            explain=self._one_line,
            memory=robots,
        )

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()

    async def fetch(
        self,
        url: str,
        *,
        route: FetchRoute = DEFAULT_ROUTE,
        etag: str | None = None,
        last_modified: str | None = None,
        frame: str | None = None,
    ) -> Fetched:
        """See ``Fetcher.fetch``."""
        headers = self._headers(etag, last_modified)
        here, seen = url, {url}
        effort = Effort(self._settings.total)
        try:
            for _ in range(self._settings.max_redirects + 1):
                place = parse(here)
                if not route.allow_private:
                    check_name(place.host, here)
                self._pace.check(place.host)
                if route.robots:
                    await self._robots.check(place, route)
                answer = await self._asker.ask(place, headers, route=route, effort=effort)
                onward = answer.headers.get("location")
                if answer.status not in REDIRECTS or not onward:
                    if moved := _moved(url, here, route.hosts):
                        return self._failed(url, here, Outcome.MOVED, moved)
                    conditional = bool(etag or last_modified)
                    if frame and answer.status == 200 and same_frame(frame, answer.body):
                        return self._same(url, here, answer)
                    tries = tries_of(effort)
                    done = self._done(url, here, answer, tries, conditional=conditional)
                    return replace(done, sent={k.lower(): v for k, v in headers.items()})
                here = _onward(here, onward, seen)
        except NotAsked as no:
            return self._failed(url, here, no.outcome, no.reason, no.seconds)
        except TROUBLE as error:
            reason = self._one_line(error, route) + tries_of(effort)
            return self._failed(url, here, Outcome.ERROR, reason)
        return self._failed(url, here, Outcome.ERROR, "too many redirects")

    def _same(self, url: str, here: str, answer: Answer) -> Fetched:
        """A page whose bytes are others and whose text is not."""
        now = self._now()
        return Fetched(
            url=url,
            final_url=here,
            outcome=Outcome.NOT_MODIFIED,
            status=answer.status,
            fetched_at=now,
            content_type=answer.headers.get("content-type"),
            etag=answer.headers.get("etag"),
            last_modified=last_modified_of(answer.headers, now),
            headers=answer.headers,
        )

    def _done(
        self, url: str, here: str, answer: Answer, tries: str, *, conditional: bool
    ) -> Fetched:
        now = self._now()
        kind = answer.headers.get("content-type")
        outcome, reason = judge(answer.status, answer.body, kind, conditional=conditional)
        wait = retry_after_of(answer.headers, now)
        if wait and outcome in {Outcome.BLOCKED, Outcome.ERROR}:
            self._pace.close(httpx.URL(here).host, wait)
        well = outcome is Outcome.OK
        return Fetched(
            url=url,
            final_url=here,
            outcome=outcome,
            status=answer.status,
            fetched_at=now,
            body=answer.body if well or outcome is Outcome.BLOCKED else b"",
            content_type=kind,
            etag=answer.headers.get("etag") if well else None,
            last_modified=last_modified_of(answer.headers, now) if well else None,
            headers=answer.headers,
            reason=reason and reason + tries,
            retry_after=wait,
        )

    def _failed(
        self, url: str, here: str, outcome: Outcome, reason: str, wait: float | None = None
    ) -> Fetched:
        return Fetched(url, here, outcome, None, self._now(), reason=reason, retry_after=wait)

    def _one_line(self, error: BaseException, route: FetchRoute) -> str:
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            return "timed out"
        said = " ".join(without_secrets(str(error), self._connections.proxy_of(route)).split())
        # Part of it may be the site's own words, and it is shown in terminals and chats.
        plain = "".join(sign if sign.isprintable() else "?" for sign in said[:300])
        return plain or type(error).__name__

    def _headers(self, etag: str | None, last_modified: str | None) -> dict[str, str]:
        headers = {
            "User-Agent": self._settings.user_agent,
            "Accept-Encoding": ACCEPTED,
            **self._settings.headers,
        }
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        return headers


def _onward(here: str, reference: str, seen: set[str]) -> str:
    """Where a redirect leads.

    Raises:
        FetchError: nowhere we go, in a circle, or from https down to http.
    """
    there = resolve(here, reference)
    if there is None:
        raise FetchError(f"a redirect to {reference[:80]!r}", url=here)
    if there in seen:
        raise FetchError("a redirect in a circle", url=here)
    seen.add(there)
    if httpx.URL(here).scheme == "https" and httpx.URL(there).scheme == "http":
        raise FetchError("a redirect from https to http; name the http address", url=here)
    return there


def _moved(asked: str, here: str, hosts: tuple[str, ...]) -> str:
    """Why a page we were sent on to is not the one asked for, or an empty string.

    A soft 404 sends to the home page with status 200; a page given up sends to another site.
    """
    if asked == here:
        return ""
    old, new = httpx.URL(asked), httpx.URL(here)
    if not same_site(old.host, new.host) and new.host not in hosts:
        return f"the site sends us to another one, {new.host}"
    if new.path in _HOME and old.path not in _HOME:
        return "the site sends us to its home page"
    return ""

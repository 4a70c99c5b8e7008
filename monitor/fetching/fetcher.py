"""Fetches a page: redirects, robots.txt, rate limit, SSRF guard; failures become outcomes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

import httpx

from monitor.catalogue.model import DEFAULT_ROUTE, FetchRoute
from monitor.clock import utc_now
from monitor.documents.block_pages import reload_cookies
from monitor.errors import FetchError
from monitor.fetching.cookies import CookieChallenges, SessionCookies
from monitor.fetching.decompress import ACCEPT_ENCODING
from monitor.fetching.http_client import (
    REDIRECTS,
    REQUEST_ERRORS,
    Budget,
    HttpClient,
    HttpResponse,
    attempts_note,
    is_unreachable,
)
from monitor.fetching.outcome import (
    classify,
    is_known,
    last_modified_of,
    retry_after_of,
    validator_of,
)
from monitor.fetching.pools import ConnectionPools
from monitor.fetching.proxy import without_secrets
from monitor.fetching.rate_limit import FetchSkipped, HostRateLimiter, PauseStore
from monitor.fetching.robots import Robots, RobotsStore
from monitor.fetching.settings import FetcherSettings
from monitor.fetching.ssrf_guard import (
    Resolver,
    check_redirect,
    may_turn_private,
    system_resolver,
)
from monitor.model.documents import UNKNOWN_PAGE, Fetched, KnownPage, Outcome
from monitor.public_hosts import check_name
from monitor.urls import is_within, parse_url, resolve_url

COOKIE_CHECK = "the site sets a cookie and redirects to the same address: it wants the cookie back"
"""The reason of a page that is shown only to who returns a cookie."""

_HOME = frozenset({"", "/", "/index.html", "/index.htm", "/index.shtml", "/index.php"})


class Fetcher(Protocol):
    """Fetches pages. A failure is an outcome of the result, never an exception."""

    async def fetch(
        self,
        url: str,
        *,
        route: FetchRoute = DEFAULT_ROUTE,
        known: KnownPage = UNKNOWN_PAGE,
    ) -> Fetched:
        """Fetch ``url``.

        Args:
            url: absolute, http or https.
            route: how the source is reached; a redirect to a host that it does not name ends
                MOVED.
            known: of the page. If the server, its bytes or the text that it shows say that it is
                the same, the outcome is NOT_MODIFIED, with its new validators.
        """


class HttpFetcher:
    """The real fetcher; an async context manager."""

    def __init__(
        self,
        settings: FetcherSettings | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        resolver: Resolver = system_resolver,
        robots_store: RobotsStore | None = None,
        pause_store: PauseStore | None = None,
    ) -> None:
        """Build the pools; no connection is opened yet.

        Args:
            settings: limits.
            now: aware wall clock, for ``fetched_at`` and for pauses that are shared.
            clock: monotonic seconds, for the rate limit.
            sleep: waits for so many seconds.
            chance: 0 to 1, for the jitter between attempts.
            resolver: names to addresses.
            robots_store: keeps robots.txt across restarts.
            pause_store: shares with other processes, and keeps, which hosts asked for a pause.

        Raises:
            UserError: the proxy is no URL of a proxy, or ``ca_file`` no file of authorities.
        """
        self._settings = settings = settings or FetcherSettings()
        self._now = now
        self._answered = CookieChallenges(clock)
        self._rate_limiter = HostRateLimiter(
            per_host=settings.per_host,
            min_delay=settings.min_delay,
            max_delay=settings.max_delay,
            max_wait=settings.max_wait,
            now=now,
            clock=clock,
            sleep=sleep,
            store=pause_store,
        )
        self._pools = ConnectionPools(
            per_host=settings.per_host,
            http2=settings.http2,
            proxy=settings.proxy,
            ca_file=settings.ca_file,
            resolver=resolver,
            clock=clock,
        )
        self._client = HttpClient(
            settings,
            self._pools,
            self._rate_limiter,
            now=now,
            clock=clock,
            sleep=sleep,
            chance=chance,
        )
        self._robots = Robots(
            settings,
            self._client,
            self._rate_limiter,
            headers=self._headers(None, None),
            now=now,
            clock=clock,
            describe_error=self._describe_error,
            store=robots_store,
        )

    async def __aenter__(self) -> Self:
        """Return the fetcher; connections are opened by requests."""
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
        await self._pools.aclose()

    async def fetch(
        self,
        url: str,
        *,
        route: FetchRoute = DEFAULT_ROUTE,
        known: KnownPage = UNKNOWN_PAGE,
    ) -> Fetched:
        """See ``Fetcher.fetch``."""
        etag, last_modified = validator_of(known.etag), validator_of(known.last_modified)
        headers = self._headers(etag, last_modified)
        current, seen = url, {url}
        cookies, again = self._answered.of(url), False
        budget = Budget(self._settings.total_timeout)
        await self._rate_limiter.read_pauses()
        try:
            for _ in range(self._settings.max_redirects + 1):
                parsed = parse_url(current)
                if not route.allow_private:
                    check_name(parsed.host, current)
                self._rate_limiter.check(parsed.host)
                if route.robots:
                    await self._robots.check(parsed, route)
                sent = headers | cookies.header(parsed)
                response = await self._client.get(parsed, sent, route=route, budget=budget)
                location = response.headers.get("location")
                is_redirect = response.status in REDIRECTS and bool(location)
                back = _asked_back(parsed, response, cookies, seen)
                if back and not again:
                    # A check whether cookies are kept: asked once more, with what was set.
                    current, again = back, True
                    continue
                if not is_redirect:
                    if moved := _moved(url, current, route.hosts):
                        return self._failed(url, current, Outcome.MOVED, moved)
                    conditional = bool(etag or last_modified)
                    # What has a fingerprint has a text: the bytes of a block page have none.
                    can_be_known = response.status == 200 and bool(known.fingerprint)
                    if can_be_known and is_known(response.body, known.body_hash, known.fingerprint):
                        self._answered.note(url, cookies, Outcome.NOT_MODIFIED, answered=again)
                        return self._not_modified(url, current, response)
                    note = attempts_note(budget)
                    done = self._fetched(url, current, response, note, conditional=conditional)
                    if done.outcome is Outcome.OK and is_known(
                        response.body, known.body_hash, None
                    ):
                        done = self._not_modified(url, current, response)
                    if done.retry_after and done.outcome in {Outcome.BLOCKED, Outcome.ERROR}:
                        await self._rate_limiter.pause(parsed.host, done.retry_after)
                    answered = again and reload_cookies(response.body) is None
                    self._answered.note(url, cookies, done.outcome, answered=answered)
                    return replace(done, sent={k.lower(): v for k, v in headers.items()})
                current = _redirect_target(current, location or "", seen, bool(response.cookies))
                _check_target(route, url, current)
        except FetchSkipped as skipped:
            failed = self._failed(url, current, skipped.outcome, skipped.reason, skipped.seconds)
            return replace(failed, unreachable=skipped.unreachable)
        except REQUEST_ERRORS as error:
            reason = self._describe_error(error, route) + attempts_note(budget)
            failed = self._failed(url, current, Outcome.ERROR, reason)
            return replace(failed, unreachable=is_unreachable(error))
        return self._failed(url, current, Outcome.ERROR, "too many redirects")

    def _not_modified(self, url: str, current: str, response: HttpResponse) -> Fetched:
        """The result for a page with the same bytes, or other bytes and the same text."""
        now = self._now()
        return Fetched(
            url=url,
            final_url=current,
            outcome=Outcome.NOT_MODIFIED,
            status=response.status,
            fetched_at=now,
            content_type=response.headers.get("content-type"),
            etag=validator_of(response.headers.get("etag")),
            last_modified=last_modified_of(response.headers, now),
            headers=response.headers,
        )

    def _fetched(
        self, url: str, current: str, response: HttpResponse, note: str, *, conditional: bool
    ) -> Fetched:
        now = self._now()
        content_type = response.headers.get("content-type")
        outcome, reason = classify(
            response.status, response.body, content_type, conditional=conditional
        )
        is_ok = outcome is Outcome.OK
        return Fetched(
            url=url,
            final_url=current,
            outcome=outcome,
            status=response.status,
            fetched_at=now,
            body=response.body if is_ok or outcome is Outcome.BLOCKED else b"",
            content_type=content_type,
            etag=validator_of(response.headers.get("etag")) if is_ok else None,
            last_modified=last_modified_of(response.headers, now) if is_ok else None,
            headers=response.headers,
            reason=reason and reason + note,
            retry_after=retry_after_of(response.headers, now),
        )

    def _failed(
        self,
        url: str,
        current: str,
        outcome: Outcome,
        reason: str,
        retry_after: float | None = None,
    ) -> Fetched:
        return Fetched(
            url, current, outcome, None, self._now(), reason=reason, retry_after=retry_after
        )

    def _describe_error(self, error: BaseException, route: FetchRoute) -> str:
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            return "timed out"
        text = " ".join(without_secrets(str(error), self._pools.proxy_of(route)).split())
        # Part of it may come from the site, and it is shown in terminals and chats.
        plain = "".join(char if char.isprintable() else "?" for char in text[:300])
        return plain or type(error).__name__

    def _headers(self, etag: str | None, last_modified: str | None) -> dict[str, str]:
        headers = {
            "User-Agent": self._settings.user_agent,
            "Accept-Encoding": ACCEPT_ENCODING,
            **self._settings.headers,
        }
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        return headers


def _asked_back(
    url: httpx.URL, response: HttpResponse, cookies: SessionCookies, seen: set[str]
) -> str:
    """The address that a server or its page sends us to once more after setting a cookie."""
    is_new = cookies.record(url, response.cookies)
    if response.status in REDIRECTS:
        target = resolve_url(str(url), response.headers.get("location", ""))
        is_known = target in seen and bool(cookies.header(httpx.URL(target)))
        return target if target is not None and is_known else ""
    by_script = reload_cookies(response.body)
    is_new = by_script is not None and (cookies.record(url, by_script) or is_new)
    return str(url) if is_new else ""


def _redirect_target(current: str, reference: str, seen: set[str], sets_cookie: bool) -> str:
    """The target of a redirect.

    Raises:
        FetchSkipped: it was visited before, and the server sets a cookie.
        FetchError: the target is no http URL, was visited before, or downgrades https to http.
    """
    target = resolve_url(current, reference)
    if target is None:
        raise FetchError(f"a redirect to {reference[:80]!r}", url=current)
    if target in seen and sets_cookie:
        raise FetchSkipped(Outcome.BLOCKED, COOKIE_CHECK, url=current)
    if target in seen:
        raise FetchError("a redirect in a circle", url=current)
    seen.add(target)
    if httpx.URL(current).scheme == "https" and httpx.URL(target).scheme == "http":
        raise FetchError("a redirect from https to http; name the http address", url=current)
    return target


def _check_target(route: FetchRoute, url: str, target: str) -> None:
    """Refuse what a redirect may not lead to, before it is requested.

    Raises:
        RefusedAddress: it is private, or a port that the source does not name.
        FetchSkipped: it is another site that may be private.
    """
    check_redirect(route, url, target)
    if may_turn_private(route, url, target):
        raise FetchSkipped(Outcome.MOVED, _moved(url, target, route.hosts), url=target)


def _moved(requested: str, current: str, hosts: tuple[str, ...]) -> str:
    """Why a redirect led to another page than the requested one, or an empty string.

    A soft 404 redirects to the home page; an abandoned page redirects to another site.
    """
    if requested == current:
        return ""
    old, new = httpx.URL(requested), httpx.URL(current)
    if not is_within(current, requested, hosts):
        return f"the site sends us to another one, {new.host}"
    if new.path in _HOME and old.path not in _HOME:
        return "the site sends us to its home page"
    return ""

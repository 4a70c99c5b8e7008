"""The one door to the network for pages: polite, bounded, guarded; trouble comes back as data."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

import httpx

from monitor.crawl.address import parse, resolve, same_site
from monitor.crawl.connections import Connections
from monitor.crawl.guard import Resolver, check_name, system_resolver
from monitor.crawl.outcome import EVIDENCE, judge, last_modified_of, retry_after
from monitor.crawl.pace import Pace
from monitor.crawl.unpack import ACCEPTED, Unpacker
from monitor.documents import same_frame
from monitor.errors import DecodeError, FetchError, TooLarge
from monitor.model import Fetched, Outcome

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOME = frozenset({"", "/", "/index.html", "/index.htm", "/index.shtml", "/index.php"})
_TROUBLE = (
    httpx.HTTPError,
    httpx.InvalidURL,
    FetchError,
    DecodeError,
    TimeoutError,
    OSError,
    UnicodeError,
)
USER_AGENT = "policy-monitor/0 (reads public government pages; set contact in the settings)"


class Fetcher(Protocol):
    """Gets a page. Trouble is an outcome of what comes back, never an exception."""

    async def fetch(
        self,
        url: str,
        *,
        allow_private: bool = False,
        hosts: Collection[str] = (),
        etag: str | None = None,
        last_modified: str | None = None,
        frame: str | None = None,
    ) -> Fetched:
        """Get ``url`` once.

        Args:
            url: absolute, http or https.
            allow_private: the operator lets this source live on a private or loopback host.
            hosts: further hosts a redirect may lead to; to any other one it ends MOVED.
            etag: the validator of the copy we hold; with it the answer may be NOT_MODIFIED.
            last_modified: likewise.
            frame: what the copy we hold is known by (``documents.frame_of``); a page that shows
                the same text is NOT_MODIFIED too, with its new validators.
        """


@dataclass(frozen=True, slots=True)
class FetcherSettings:
    """Limits of the network.

    Times in seconds, sizes in bytes of the unpacked body. ``pause`` lies between the starts of
    two requests to one host. ``total`` is the deadline of one request with its redirects,
    waiting for the host's turn not counted. ``proxy`` is http, https or socks5; behind it names
    are resolved by the proxy, which then has to keep out of private networks itself.
    ``ca_file`` is trusted instead of the usual authorities.
    """

    user_agent: str = USER_AGENT
    connect: float = 15.0
    read: float = 30.0
    total: float = 90.0
    max_bytes: int = 8 * 1024 * 1024
    max_redirects: int = 5
    per_host: int = 1
    pause: float = 1.0
    patience: float = 30.0
    proxy: str | None = None
    http2: bool = True
    ca_file: str | None = None
    headers: Mapping[str, str] = field(
        default_factory=lambda: {
            "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
        }
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class HttpFetcher:
    """The real fetcher; an async context manager."""

    def __init__(
        self,
        settings: FetcherSettings | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        resolver: Resolver = system_resolver,
    ) -> None:
        """Build the pools; nothing is connected yet.

        Args:
            settings: limits.
            now: aware wall clock, stamps ``fetched_at``.
            clock: monotonic seconds, for the pace.
            sleep: waits, for the pace.
            resolver: names to addresses.
        """
        self._settings = settings or FetcherSettings()
        self._timeouts = httpx.Timeout(
            self._settings.read, connect=self._settings.connect, pool=self._settings.total
        )
        self._now = now
        self._pace = Pace(
            per_host=self._settings.per_host, pause=self._settings.pause, clock=clock, sleep=sleep
        )
        self._connections = Connections(
            per_host=self._settings.per_host,
            http2=self._settings.http2,
            proxy=self._settings.proxy,
            ca_file=self._settings.ca_file,
            resolver=resolver,
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
        allow_private: bool = False,
        hosts: Collection[str] = (),
        etag: str | None = None,
        last_modified: str | None = None,
        frame: str | None = None,
    ) -> Fetched:
        """See ``Fetcher.fetch``."""
        headers = self._headers(etag, last_modified)
        here, seen = url, {url}
        try:
            for _ in range(self._settings.max_redirects + 1):
                place = parse(here)
                if not allow_private:
                    check_name(place.host, here)
                closed = self._pace.closed_for(place.host)
                if closed > self._settings.patience:
                    reason = f"the site asked to be left alone for {closed:.0f} s more"
                    return self._failed(url, here, Outcome.BLOCKED, reason, closed)
                async with self._pace.turn(place.host):
                    answer = await self._get(place, headers, allow_private=allow_private)
                onward = answer.headers.get("location")
                if answer.status not in _REDIRECTS or not onward:
                    if moved := _moved(url, here, hosts):
                        return self._failed(url, here, Outcome.MOVED, moved)
                    conditional = bool(etag or last_modified)
                    if frame and answer.status == 200 and same_frame(frame, answer.body):
                        return self._same(url, here, answer)
                    return self._done(url, here, answer, conditional=conditional)
                here = _onward(here, onward, seen)
        except _TROUBLE as error:
            return self._failed(url, here, Outcome.ERROR, _one_line(error))
        return self._failed(url, here, Outcome.ERROR, "too many redirects")

    async def _get(
        self, url: httpx.URL, headers: dict[str, str], *, allow_private: bool
    ) -> _Answer:
        limits = self._settings
        async with (
            asyncio.timeout(limits.total),
            self._connections.to(url.host, allow_private=allow_private) as transport,
            transport.stream(url, headers, self._timeouts) as response,
        ):
            received = _plain_headers(response.headers.raw)
            well = response.status_code in {200, 202, 203}
            limit = limits.max_bytes if well else EVIDENCE
            declared = received.get("content-length", "")
            if well and declared.isdigit() and int(declared[:18]) > limit:
                raise TooLarge(f"{declared[:18]} bytes are more than {limit}", url=str(url))
            if response.status_code in _REDIRECTS or response.status_code in {204, 304}:
                return _Answer(response.status_code, received, b"")
            body = await _body(response, received, limit=limit, strict=well, url=str(url))
        return _Answer(response.status_code, received, body)

    def _same(self, url: str, here: str, answer: _Answer) -> Fetched:
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

    def _done(self, url: str, here: str, answer: _Answer, *, conditional: bool) -> Fetched:
        now = self._now()
        kind = answer.headers.get("content-type")
        outcome, reason = judge(answer.status, answer.body, kind, conditional=conditional)
        wait = retry_after(answer.headers, now)
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
            reason=reason,
            retry_after=wait,
        )

    def _failed(
        self, url: str, here: str, outcome: Outcome, reason: str, wait: float | None = None
    ) -> Fetched:
        return Fetched(url, here, outcome, None, self._now(), reason=reason, retry_after=wait)

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


async def _body(
    response: httpx.Response, headers: dict[str, str], *, limit: int, strict: bool, url: str
) -> bytes:
    """The unpacked body; of a refusal, what fits is enough."""
    try:
        unpacker = Unpacker(headers.get("content-encoding", ""), limit=limit, url=url)
        async for piece in response.aiter_raw():
            unpacker.feed(piece)
        return unpacker.body()
    except (TooLarge, DecodeError):
        if strict:
            raise
        return b""


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


def _moved(asked: str, here: str, hosts: Collection[str]) -> str:
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


def _plain_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name, the first of each, cookies left out."""
    found: dict[str, str] = {}
    for name, value in raw[:100]:
        key = name.decode("latin-1").lower()
        if key != "set-cookie":
            found.setdefault(key, value.decode("latin-1")[:2_000])
    return found


def _one_line(error: BaseException) -> str:
    kind = "timed out" if isinstance(error, TimeoutError | httpx.TimeoutException) else ""
    said = " ".join(str(error).split())[:300]
    return kind or said or type(error).__name__

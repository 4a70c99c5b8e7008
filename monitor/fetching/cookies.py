"""Session cookies: in memory, per host, while a page is fetched, and never stored.

Where a host checked whether cookies are kept, and was answered, they serve for the next pages of
the visit too: for ten minutes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpx

from monitor.model.documents import Outcome

_MAX_COOKIES, _MAX_SIZE = 20, 4_096
_MAX_HOSTS, _SECONDS = 500, 600.0


@cache
def _pair_pattern() -> re.Pattern[str]:
    # A name and a value that a header can carry.
    return re.compile(
        r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100})\s*=\s*([\x21-\x2b\x2d-\x3a\x3c-\x7e]*)\s*$"
    )


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str
    path: str
    is_secure: bool


class SessionCookies:
    """The cookies that the hosts of one page have set; each goes back to its own host only."""

    def __init__(self) -> None:
        """Begin without cookies."""
        self._kept: dict[str, dict[str, _Cookie]] = {}

    def record(self, url: httpx.URL, written: Iterable[str]) -> bool:
        """Keep cookies as a server or a script writes them.

        Args:
            url: of the page that sets them.
            written: values of ``Set-Cookie``.

        Returns:
            Whether one of them is new or has another value.
        """
        kept = self._kept.setdefault(url.host, {})
        is_new = False
        for line in written:
            pair, *attributes = line[:_MAX_SIZE].split(";")
            match = _pair_pattern().match(pair)
            if match is None:
                continue
            named = {
                name.strip().lower(): value.strip()
                for name, _, value in (one.partition("=") for one in attributes)
            }
            if named.get("max-age", "1").startswith(("0", "-")):
                kept.pop(match[1], None)
                continue
            path = named.get("path", "/")
            cookie = _Cookie(match[2], path if path.startswith("/") else "/", "secure" in named)
            if kept.get(match[1]) != cookie and len(kept) < _MAX_COOKIES:
                kept[match[1]] = cookie
                is_new = True
        return is_new

    def header(self, url: httpx.URL) -> dict[str, str]:
        """The header ``Cookie`` for a request; empty without cookies for it."""
        pairs = [
            f"{name}={cookie.value}"
            for name, cookie in self._kept.get(url.host, {}).items()
            if url.path.startswith(cookie.path) and (url.scheme == "https" or not cookie.is_secure)
        ]
        return {"Cookie": "; ".join(pairs)} if pairs else {}


class CookieChallenges:
    """The cookies of hosts whose cookie check was answered of late."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without any; ``clock`` is in monotonic seconds."""
        self._clock = clock
        self._kept: dict[str, tuple[float, SessionCookies]] = {}

    def of(self, url: str) -> SessionCookies:
        """The cookies to begin a page with."""
        if not self._kept:
            return SessionCookies()
        until, cookies = self._kept.get(_host(url), (0.0, None))
        return SessionCookies() if cookies is None or until < self._clock() else cookies

    def note(self, url: str, cookies: SessionCookies, outcome: Outcome, *, answered: bool) -> None:
        """Keep the cookies with which a page was read; forget those with which it was refused.

        Args:
            url: of the page, as it was asked for first.
            cookies: that went with its last request.
            outcome: of the page.
            answered: a check was answered with them.
        """
        if outcome is Outcome.BLOCKED:
            self._kept.pop(_host(url), None)
        elif answered and outcome in {Outcome.OK, Outcome.NOT_MODIFIED}:
            host, now = _host(url), self._clock()
            self._kept = {name: one for name, one in self._kept.items() if one[0] >= now}
            if len(self._kept) < _MAX_HOSTS:
                self._kept[host] = now + _SECONDS, cookies


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""  # it is refused before a request

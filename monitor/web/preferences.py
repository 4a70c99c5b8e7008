"""What a reader chose: language, colours, and how far the timeline was read. Kept in cookies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

Language = Literal["zh", "en"]
Theme = Literal["auto", "light", "dark"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")

_LANGUAGE, _THEME, _SEEN = "language", "theme", "seen"
_YEAR_SECONDS = 365 * 24 * 3600
_VISIT = timedelta(minutes=30)
"""Pages that are opened less than this apart belong to one visit."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """How pages are shown. ``theme`` is ``auto`` for what the reader's system has."""

    language: Language
    theme: Theme


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far a reader has read the log.

    Attributes:
        before_visit: number of the newest change at the end of the visit before this one; what is
            newer is marked. None at the first visit, which marks nothing.
        newest: number of the newest change that was shown.
        at: when that was.
    """

    before_visit: int | None
    newest: int
    at: datetime

    def cookie(self) -> str:
        """As it stands in the cookie."""
        mark = "" if self.before_visit is None else str(self.before_visit)
        return f"{mark}.{self.newest}.{int(self.at.timestamp())}"


def preferences_of(request: Request) -> Preferences:
    """The reader's choices; a language that was not chosen is the browser's, else Chinese.

    ``?lang=en`` in an address has priority, so that an address can be sent to somebody.
    """
    asked = request.query_params.get("lang", _cookie(request, _LANGUAGE))
    if asked not in LANGUAGES:
        asked = _accepted(request.headers.get("accept-language", ""))
    theme = _cookie(request, _THEME)
    return Preferences(asked, theme if theme in THEMES else THEMES[0])


def _cookie(request: Request, name: str) -> str:
    """A cookie of the site; empty for none.

    Not by ``request.cookies``, which undoes the quotes that ours have not, in a time that grows
    with the square of the header's length (CVE-2024-7592).
    """
    found = ""
    for part in ";".join(request.headers.getlist("cookie")).split(";"):
        key, _, value = part.partition("=")
        if key.strip() == name:
            found = value.strip()
    return found


def _accepted(header: str) -> Language:
    """The first of the site's languages that a browser names."""
    for part in header.lower().split(","):
        named = part.split(";")[0].strip().split("-")[0]
        if named in LANGUAGES:
            return named
    return LANGUAGES[0]


def read_position_of(request: Request, newest: int, now: datetime) -> ReadPosition:
    """How far the reader had read before this visit, and from now on.

    Args:
        request: with the cookie of the page before.
        newest: number of the newest change there is.
        now: the current time.
    """
    last = _seen(_cookie(request, _SEEN), now)
    if last is None:
        return ReadPosition(None, newest, now)
    if now - last.at > _VISIT:
        return ReadPosition(last.newest, newest, now)
    return ReadPosition(last.before_visit, newest, now)


def _seen(cookie: str, now: datetime) -> ReadPosition | None:
    """What the cookie says; None for one that is not of ours."""
    try:
        mark, newest, at = cookie.split(".")
        when = datetime.fromtimestamp(int(at), now.tzinfo)
        return ReadPosition(int(mark) if mark else None, int(newest), min(when, now))
    except (ValueError, OverflowError, OSError):
        return None


def save_read_position(response: Response, request: Request, seen: ReadPosition) -> None:
    """Keep in a cookie how far the reader has read."""
    _set(response, request, _SEEN, seen.cookie())


def choose(request: Request) -> Response:
    """Keep a choice in a cookie, and go back to the page it was made on."""
    back = request.query_params.get("back", "/")
    # Only a path of this site: neither //other.example nor /\other.example, which is the same.
    if not back.startswith("/") or back[1:2] in {"/", "\\"} or not back.isprintable():
        back = "/"
    response = RedirectResponse(back, status_code=303)
    for name, values in ((_LANGUAGE, LANGUAGES), (_THEME, THEMES)):
        chosen = request.query_params.get(name)
        if chosen in values:
            _set(response, request, name, str(chosen))
    return response


def _set(response: Response, request: Request, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_YEAR_SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


routes = (Route("/preferences", choose),)

"""Issues of an e-paper: which pages make up one, and where those of other days must lie. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import httpx

_ISSUE_PAGE = re.compile(r"/((?:19|20)\d\d)(-?)(\d\d)/(\d\d)/((?:node|nbs)[\w.]{1,40}\.html?)$")


def issue_day(url: str) -> date | None:
    """The day of the issue a page belongs to, or None if it is no page of an issue."""
    found = _ISSUE_PAGE.search(httpx.URL(url).path)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def issues(base: str, urls: Iterable[str]) -> dict[date, tuple[str, ...]]:
    """The pages of issues among ``urls`` on the host of ``base``, by day, the newest first."""
    host = httpx.URL(base).host
    found: dict[date, list[str]] = {}
    for url in urls:
        day = issue_day(url)
        if day is not None and httpx.URL(url).host == host:
            pages = found.setdefault(day, [])
            if url not in pages:
                pages.append(url)
    return {day: tuple(found[day]) for day in sorted(found, reverse=True)}


def earlier_issues(named: Mapping[date, tuple[str, ...]], days: int) -> tuple[str, ...]:
    """The first pages of the issues before the newest one, the newest first.

    Where the index names earlier issues (a calendar, 上一期), these are all there are down to
    the oldest it names. Before that an issue may lie at any day, at the address it would have.

    Args:
        named: pages by day, the newest first, as ``issues`` gives them.
        days: how many days to go back.
    """
    if not named:
        return ()
    newest = next(iter(named))
    oldest = min(named)
    pattern = min(named[newest])
    found = []
    for back in range(1, days + 1):
        day = newest - timedelta(days=back)
        if day in named:
            found.append(min(named[day]))
        elif day < oldest:
            found.append(_on(pattern, day))
    return tuple(found)


def _on(page: str, day: date) -> str:
    """The address of a page if its issue were that day's."""
    return _ISSUE_PAGE.sub(rf"/{day:%Y}\g<2>{day:%m}/{day:%d}/\g<5>", page)

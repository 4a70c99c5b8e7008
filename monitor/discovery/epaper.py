"""Issues of an e-paper: the pages of an issue and the URLs of earlier issues. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache

import httpx


@cache
def _issue_page_pattern() -> re.Pattern[str]:
    return re.compile(r"/((?:19|20)\d\d)(-?)(\d\d)/(\d\d)/((?:node|nbs)[\w.]{1,40}\.html?)$")


def issue_date(url: str) -> date | None:
    """The date of the issue that a page belongs to, or None if it belongs to none."""
    found = _issue_page_pattern().search(httpx.URL(url).path)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def group_issues(base: str, urls: Iterable[str]) -> dict[date, tuple[str, ...]]:
    """The issue pages among ``urls`` on the host of ``base``, by date, the newest first."""
    host = httpx.URL(base).host
    found: dict[date, list[str]] = {}
    for url in urls:
        day = issue_date(url)
        if day is not None and httpx.URL(url).host == host:
            pages = found.setdefault(day, [])
            if url not in pages:
                pages.append(url)
    return {day: tuple(found[day]) for day in sorted(found, reverse=True)}


def earlier_issues(named: Mapping[date, tuple[str, ...]], days: int) -> tuple[str, ...]:
    """The first pages of the issues before the newest one, the newest first.

    Down to the oldest issue that the index names (a calendar, 上一期), the named issues are
    complete. Before that each day gets the URL that its issue would have.

    Args:
        named: pages by date, the newest first, as ``group_issues`` returns them.
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
            found.append(_page_on(pattern, day))
    return tuple(found)


def _page_on(page: str, day: date) -> str:
    """The URL of the page in the issue of another day."""
    return _issue_page_pattern().sub(rf"/{day:%Y}\g<2>{day:%m}/{day:%d}/\g<5>", page)

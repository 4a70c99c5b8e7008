"""Dates as Chinese pages write them: in meta tags, in bylines, in URLs."""

from __future__ import annotations

import re
from datetime import date
from functools import cache


@cache
def _numeric_date_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?<!\d)((?:19|20)\d\d)\s?([-/.年])\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?=\D|\d\d:|$)"
    )


@cache
def _compact_date_pattern() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")


@cache
def _url_date_patterns() -> tuple[re.Pattern[str], ...]:
    # Each family has its own form of date in a URL; the first that matches decides.
    return (
        re.compile(r"/t((?:19|20)\d\d)(\d\d)(\d\d)_\d"),  # TRS .../202607/t20260715_4764203.html
        re.compile(r"/art/((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})/art_"),  # JCMS
        re.compile(r"/((?:19|20)\d\d)/(\d\d)-(\d\d)/"),  # /2026/01-31/380655.html
        re.compile(r"/((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})/"),  # /2026/2/10/c3064029.shtml
        re.compile(r"/((?:19|20)\d\d)-(\d\d)/(\d\d)/"),  # old gov.cn and e-paper
        re.compile(r"/((?:19|20)\d\d)(\d\d)/(\d\d)/"),  # e-paper /202604/24/content_16990.html
        re.compile(r"/((?:19|20)\d\d)(\d\d)(\d\d)/"),  # /20240129/2dfb67.html
    )


def find_date(text: str) -> date | None:
    """The first date in a short text: a byline, a meta tag, a list row.

    One portal writes ``2026-07-14 14:362026-07-15 14:44``; the first date counts. Dates without
    a year and relative ones (今天, 5 分前) are ignored.
    """
    for pattern in (_numeric_date_pattern(), _compact_date_pattern()):
        for match in pattern.finditer(text[:2000]):
            groups = match.groups()
            found = _day(groups[0], groups[-2], groups[-1])
            if found is not None:
                return found
    return None


def date_in_url(url: str) -> date | None:
    """The date in the URL of an article.

    It is the date of filing: a report of January may be filed under May after a second
    publication. So every other date takes precedence.
    """
    path = url.split("?", 1)[0].split("#", 1)[0][:2000]
    for pattern in _url_date_patterns():
        match = pattern.search(path)
        if match is not None:
            found = _day(*match.groups())
            if found is not None:
                return found
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None

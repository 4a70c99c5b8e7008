"""The date of publication, and dates as Chinese pages write them: meta tags, bylines, URLs.

Maketime, which some systems write before the meta tag PubDate, is the time of rendering and never
the date of publication.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.body import select_nodes
from monitor.documents.html_text import LABEL_GAP, clean_line, lines_of

_META_NAMES = (
    "pubdate",
    "publishdate",
    "firstpublishedtime",
    "article:published_time",
    "releasedate",
    "dc.date",
)


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


@cache
def _date_label_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:发布时间|发布日期|发文日期|成文日期|时间|日期)\s?[：:]" + LABEL_GAP + r"([^<>]{6,40})"
    )


def find_published(
    tree: LexborHTMLParser, meta: dict[str, str], markup: str, selector: str | None, url: str | None
) -> date | None:
    """The date of publication: from the selector, a meta tag, the byline, or else the URL."""
    for node in select_nodes(tree, selector):
        day = find_date(
            clean_line(" ".join(lines_of(node)) or node.attributes.get("content") or "")
        )
        if day is not None:
            return day
    for name in _META_NAMES:
        day = find_date(meta.get(name, ""))
        if day is not None:
            return day
    for match in _date_label_pattern().finditer(markup[:400_000]):
        day = find_date(clean_line(match.group(1)))
        if day is not None:
            return day
    return date_in_url(url) if url else None


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

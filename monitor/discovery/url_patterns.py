"""Finds the article links of a list by the pattern of their URLs. Pure.

The URLs of the articles of a column differ in numbers only: date, id, hash. The largest group of
links that are equal otherwise, with titles as long as headlines, is the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from monitor.discovery.html_links import ListLink
from monitor.documents.dates import date_in_url


@cache
def _varying_part_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?P<uuid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
        r"|(?P<hash>(?<![0-9A-Za-z])(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{16,}(?![0-9A-Za-z]))"
        r"|(?P<number>\d+)"
    )


MIN_LINKS = 3
"""Links that make a list."""
_MIN_HEADLINE = 6
_MAX_LINKS = 5_000


@dataclass(frozen=True, slots=True)
class LinkGroup:
    """Links with one URL pattern: the expression that matches them, and the links."""

    pattern: str
    rows: tuple[ListLink, ...]

    @property
    def share_dated(self) -> float:
        """The share (0 to 1) of links with a date, beside them or in the URL."""
        dated = sum(bool(row.published or date_in_url(row.url)) for row in self.rows)
        return dated / len(self.rows)


def article_groups(rows: Iterable[ListLink]) -> list[LinkGroup]:
    """Groups of links that look like the articles of one list, the most likely first."""
    found: dict[tuple[str, ...], dict[str, ListLink]] = {}
    for row in list(rows)[:_MAX_LINKS]:
        shape = _shape(row.url)
        if shape is not None:
            same = found.setdefault(shape, {})
            if row.url not in same or not same[row.url].title:
                same[row.url] = row
    groups = [
        LinkGroup(_expression([row.url for row in same.values()]), tuple(same.values()))
        for same in found.values()
        if len(same) >= MIN_LINKS
    ]
    return sorted((group for group in groups if _score(group) > 0), key=_score, reverse=True)


def _score(group: LinkGroup) -> float:
    """The likelihood of a list of articles: many links, headlines, dates."""
    headlines = sum(len(row.title) >= _MIN_HEADLINE for row in group.rows)
    if headlines * 2 < len(group.rows) or not _identifies_articles(group.pattern):
        return 0.0
    return headlines * (1 + group.share_dated)


def _identifies_articles(pattern: str) -> bool:
    """Whether the URLs differ by more than small numbers, as those of pages and menus do."""
    return re.search(r"\\d\{[468]\}|\\d\+|\[0-9a-", pattern) is not None


def _shape(url: str) -> tuple[str, ...] | None:
    """Host and path with placeholders for varying parts, or None if there are none."""
    path = _path(url)
    if _varying_part_pattern().search(path) is None:
        return None
    return (
        urlsplit(url).netloc,
        _varying_part_pattern().sub(lambda found: f"<{found.lastgroup}>", path),
    )


def _expression(urls: Sequence[str]) -> str:
    """The expression that matches all these paths; common parts are literal."""
    paths = [_path(url) for url in urls]
    words = _varying_part_pattern().sub("\0", paths[0]).split("\0")
    values = [
        [match.group(0) for match in _varying_part_pattern().finditer(path)] for path in paths
    ]
    written = re.escape(words[0])
    for at, word in enumerate(words[1:]):
        written += _varying_class([value[at] for value in values]) + re.escape(word)
    return written.replace(r"\-", "-").replace(r"\&", "&") + "$"


def _varying_class(values: Sequence[str]) -> str:
    """The expression for one varying part; a constant value is literal."""
    if len(set(values)) == 1 and not _is_date_part(values[0]):
        return re.escape(values[0]).replace(r"\-", "-")
    lengths = {len(value) for value in values}
    if all(value.isdigit() for value in values):
        if max(lengths) <= 2:
            return r"\d{1,2}"
        # An id may gain a digit some day, a date does not.
        of_days = len(lengths) == 1 and all(map(_is_date_part, values))
        return rf"\d{{{min(lengths)}}}" if of_days else r"\d+"
    if len(lengths) == 1 and "-" in values[0]:
        return r"[0-9A-Fa-f-]{36}"
    return rf"[0-9a-z]{{{min(lengths)}}}" if len(lengths) == 1 else "[0-9a-z]+"


def _is_date_part(value: str) -> bool:
    """Whether a number is a year, month or date, which changes although all links share it now."""
    return re.fullmatch(r"(?:19|20)\d\d(?:\d\d){0,2}|\d{1,2}", value) is not None


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")

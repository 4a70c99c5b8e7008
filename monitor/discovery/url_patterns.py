"""Which links of a list are its articles, told by the shape of their addresses. Pure.

The articles of a column differ in numbers only: day, id, hash. The largest group of links that
are equal but for those, with titles as long as headlines, is the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.discovery.html_links import Row
from monitor.documents.dates import date_in_address

_VARYING = re.compile(
    r"(?P<uuid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<hash>(?<![0-9A-Za-z])(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{16,}(?![0-9A-Za-z]))"
    r"|(?P<number>\d+)"
)
_FEWEST = 3
_HEADLINE = 6
_MAX_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Group:
    """Links of one shape: the expression that fits them all, and the links."""

    pattern: str
    rows: tuple[Row, ...]

    @property
    def share_dated(self) -> float:
        """How many of the links have a day, beside them or in the address, 0 to 1."""
        dated = sum(bool(row.listed or date_in_address(row.url)) for row in self.rows)
        return dated / len(self.rows)


def article_groups(rows: Iterable[Row]) -> list[Group]:
    """Groups of links that look like the articles of one list, the likeliest first."""
    found: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in list(rows)[:_MAX_ROWS]:
        shape = _shape(row.url)
        if shape is not None:
            same = found.setdefault(shape, {})
            if row.url not in same or not same[row.url].title:
                same[row.url] = row
    groups = [
        Group(_expression([row.url for row in same.values()]), tuple(same.values()))
        for same in found.values()
        if len(same) >= _FEWEST
    ]
    return sorted((group for group in groups if _score(group) > 0), key=_score, reverse=True)


def _score(group: Group) -> float:
    """How much a group looks like a list of articles: many, with headlines, with days."""
    headlines = sum(len(row.title) >= _HEADLINE for row in group.rows)
    if headlines * 2 < len(group.rows) or not _tells_apart(group.pattern):
        return 0.0
    return headlines * (1 + group.share_dated)


def _tells_apart(pattern: str) -> bool:
    """Whether the addresses differ by more than the small numbers of pages and menus."""
    return re.search(r"\\d\{[468]\}|\\d\+|\[0-9a-", pattern) is not None


def _shape(url: str) -> tuple[str, ...] | None:
    """Host and address with all that varies taken out, or None if nothing varies in it."""
    path = _path(url)
    if _VARYING.search(path) is None:
        return None
    return (urlsplit(url).netloc, _VARYING.sub(lambda found: f"<{found.lastgroup}>", path))


def _expression(urls: Sequence[str]) -> str:
    """The expression that fits the paths of addresses of one shape; what they share is spelled."""
    paths = [_path(url) for url in urls]
    words = _VARYING.sub("\0", paths[0]).split("\0")
    values = [[match.group(0) for match in _VARYING.finditer(path)] for path in paths]
    written = re.escape(words[0])
    for at, word in enumerate(words[1:]):
        written += _class_of([value[at] for value in values]) + re.escape(word)
    return written.replace(r"\-", "-").replace(r"\&", "&") + "$"


def _class_of(values: Sequence[str]) -> str:
    """What stands for one varying part: itself if it never varies."""
    if len(set(values)) == 1 and not _is_time(values[0]):
        return re.escape(values[0]).replace(r"\-", "-")
    lengths = {len(value) for value in values}
    if all(value.isdigit() for value in values):
        if max(lengths) <= 2:
            return r"\d{1,2}"
        # An id grows by a digit one day, a date does not.
        of_days = len(lengths) == 1 and all(map(_is_time, values))
        return rf"\d{{{min(lengths)}}}" if of_days else r"\d+"
    if len(lengths) == 1 and "-" in values[0]:
        return r"[0-9A-Fa-f-]{36}"
    return rf"[0-9a-z]{{{min(lengths)}}}" if len(lengths) == 1 else "[0-9a-z]+"


def _is_time(value: str) -> bool:
    """Whether a number that all links share is a year or a month: next month it will not be."""
    return re.fullmatch(r"(?:19|20)\d\d(?:\d\d){0,2}|\d{1,2}", value) is not None


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")

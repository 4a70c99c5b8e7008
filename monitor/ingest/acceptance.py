"""Whether a text from a file may be imported: what is no report or article, and what is doubtful.

Pure. The daemon reads what a source lists and is careful by comparison with earlier visits; a file
has no visits before it, so that its text itself must look like a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from monitor.extraction.regions import regions_around
from monitor.model.documents import Document, DocumentKind, Provenance

_BY_FORM = frozenset({DocumentKind.REPORT, DocumentKind.PLAN})
_MIN_CHARACTERS = 60
_MIN_CHINESE, _MAX_KANA = 0.3, 0.05
_MIN_PROSE = 0.4
_LONG_LINE = 40


@cache
def _prose_pattern() -> re.Pattern[str]:
    return re.compile("[。！？；]")


def refusal_reason(document: Document, provenance: Provenance) -> str:
    """Why a text is no report or article; empty if it looks like one."""
    letters = [char for char in document.text if char.isalpha()]
    if len(letters) < _MIN_CHARACTERS:
        return f"it has only {len(letters)} characters of text"
    chinese = sum("\u3400" <= char <= "\u9fff" for char in letters) / len(letters)
    kana = sum("\u3040" <= char <= "\u30ff" for char in letters) / len(letters)
    if chinese < _MIN_CHINESE or kana > _MAX_KANA:
        return "it is not written in Chinese"
    if provenance.kind in _BY_FORM:
        return ""
    lines = [line for line in map(str.strip, document.text.split("\n")) if line]
    prose = sum(len(line) for line in lines if _is_prose(line))
    if prose < _MIN_PROSE * sum(map(len, lines)):
        return f"it has {len(lines)} lines and few sentences, like a list or a menu"
    return ""


def contradictions(
    own: Provenance, *, region: str | None, year: int | None, published: date | None
) -> Iterator[str]:
    """What a person said of a text that the text denies.

    Args:
        own: what the text says of itself.
        region: what was said; None: nothing.
        year: the same.
        published: the same.
    """
    if own.kind in _BY_FORM:
        if region and own.region and not _lies_in(own.region, region):
            yield f"the text is of {own.region}, not of {region}"
        if year and own.year and own.year != year:
            yield f"the text is for {own.year}, not for {year}"
        if published and own.year and published.year < own.year - 1:
            yield f"a text for {own.year} was not published on {published}"
        return
    if year and own.published and own.published.year != year:
        yield f"the text is of {own.published}, not of {year}"
    if published and own.published and own.published.year != published.year:
        yield f"the text is of {own.published}, not of {published}"


def _is_prose(line: str) -> bool:
    if _prose_pattern().search(line) is not None:
        return True
    return len(line) >= _LONG_LINE and "，" in line


def _lies_in(region: str, around: str) -> bool:
    """Whether a region is another one, or a part of it."""
    return around == region or around in {one.name for one in regions_around(region)}

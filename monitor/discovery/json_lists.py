"""Lists that come as JSON: gov.cn's whole lists, the article lists of gkmlpt and their kind.

Nobody's exact shape is assumed: any object that has an address and a title under one of the
usual names is a row, wherever it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from monitor.discovery.html_links import Row
from monitor.documents.dates import find_date
from monitor.documents.html_text import clean
from monitor.urls import resolve

_ADDRESS = ("url", "link", "href", "puburl", "docpuburl")
_TITLE = ("title", "doctitle", "name", "subject")
_DAY = ("docrelpubtime", "pubdate", "publishdate", "pubtime", "publishtime", "date", "ptime")
_MAX_VALUES = 500_000


def looks_like_json(markup: str) -> bool:
    """Whether this is JSON rather than a page."""
    return markup.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def json_rows(markup: str, base: str) -> Iterator[Row]:
    """The rows of a JSON list in their order; none if it is no JSON."""
    try:
        root = json.loads(markup.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return
    waiting: list[Any] = [root]
    seen = 0
    while waiting and seen < _MAX_VALUES:
        value = waiting.pop()
        seen += 1
        if isinstance(value, Mapping):
            row = _row(value, base)
            if row is not None:
                yield row
            waiting.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


def _row(value: Mapping[str, Any], base: str) -> Row | None:
    fields = {str(key).lower(): content for key, content in value.items()}
    address, title = _first(fields, _ADDRESS), _first(fields, _TITLE)
    url = resolve(base, address) if address and title else None
    if url is None:
        return None
    return Row(url, clean(title)[:300], _day(fields))


def _day(fields: Mapping[str, Any]) -> date | None:
    return find_date(_first(fields, _DAY))


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        content = fields.get(name)
        if isinstance(content, str) and content.strip():
            return content.strip()
    return ""

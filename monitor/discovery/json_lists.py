"""The links of JSON lists, such as those of gov.cn and gkmlpt.

No exact schema is assumed: any object that has a URL and a title under one of the usual keys is
a link, at any depth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from monitor.discovery.html_links import ListLink
from monitor.documents.dates import find_date
from monitor.documents.html_text import clean_line
from monitor.urls import resolve_url

_URL_KEYS = ("url", "link", "href", "puburl", "docpuburl")
_TITLE_KEYS = ("title", "doctitle", "name", "subject")
_DATE_KEYS = ("docrelpubtime", "pubdate", "publishdate", "pubtime", "publishtime", "date", "ptime")
_MAX_VALUES = 500_000


def looks_like_json(markup: str) -> bool:
    """Whether the text is JSON rather than HTML."""
    return markup.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def json_links(markup: str, base: str) -> Iterator[ListLink]:
    """The links of a JSON list in its order; none if it is no JSON."""
    try:
        root = json.loads(markup.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return
    pending: list[Any] = [root]
    seen = 0
    while pending and seen < _MAX_VALUES:
        value = pending.pop()
        seen += 1
        if isinstance(value, Mapping):
            row = _list_link(value, base)
            if row is not None:
                yield row
            pending.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            pending.extend(reversed(value))


def _list_link(value: Mapping[str, Any], base: str) -> ListLink | None:
    fields = {str(key).lower(): content for key, content in value.items()}
    address, title = _first_text(fields, _URL_KEYS), _first_text(fields, _TITLE_KEYS)
    url = resolve_url(base, address) if address and title else None
    if url is None:
        return None
    return ListLink(url, clean_line(title)[:300], _date(fields))


def _date(fields: Mapping[str, Any]) -> date | None:
    return find_date(_first_text(fields, _DATE_KEYS))


def _first_text(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        content = fields.get(name)
        if isinstance(content, str) and content.strip():
            return content.strip()
    return ""

"""Lists of 大汉 JPaaS: a column page has no rows; one of its scripts names the unit that has them.

The unit answers in JSON, with the rows as HTML. A further page is asked for with ``paramJson``, as
the site's own script does. Pure.
"""

from __future__ import annotations

import json
import re
from functools import cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

from monitor.urls import resolve_url

_UNIT_PATH = "/front/page/build/unit"
_MAX_UNITS = 50


@cache
def _list_tag_pattern() -> re.Pattern[str]:
    # What the tags of lists are called: 分页列表, 当前栏目_list, 右侧内容.
    return re.compile(r"列表|list|栏目|内容", re.IGNORECASE)


def unit_url(markup: str, base: str) -> str | None:
    """The URL that the rows of a column page come from, or None if no script names one.

    Of several units the first whose tag is called like a list's is taken.
    """
    if _UNIT_PATH not in markup:
        return None
    found: list[tuple[bool, str]] = []
    for node in LexborHTMLParser(markup).css("script[url]")[:_MAX_UNITS]:
        attributes = {name.lower(): value or "" for name, value in node.attributes.items()}
        query = _query(attributes.get("querydata", ""))
        url = resolve_url(base, attributes["url"])
        if url is None or not is_unit(url) or not query:
            continue
        is_list = bool(_list_tag_pattern().search(query.get("tagId", "")))
        found.append((is_list, f"{url}?{urlencode(query)}"))
    return max(found, key=lambda one: one[0], default=(False, None))[1]


def is_unit(url: str) -> bool:
    """Whether a URL is that of a unit."""
    return urlsplit(url).path.endswith(_UNIT_PATH)


def is_first_page(url: str) -> bool:
    """Whether a URL is that of a unit's first page."""
    return is_unit(url) and "paramJson" not in dict(parse_qsl(urlsplit(url).query))


def unit_page_url(url: str, number: int, size: int) -> str:
    """The URL of page ``number`` of a unit, counted from 1, with ``size`` rows a page."""
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in {"paramJson", "editType"}]
    page = json.dumps({"pageNo": number, "pageSize": size}, separators=(",", ":"))
    return urlunsplit(parts._replace(query=urlencode([*query, ("paramJson", page)])))


def _query(written: str) -> dict[str, str]:
    """The parameters of a unit, written as JSON in single quotes."""
    try:
        values = json.loads(written.replace("'", '"'))
    except ValueError:
        return {}
    if not isinstance(values, dict):
        return {}
    return {str(key): str(value) for key, value in values.items() if isinstance(value, str | int)}

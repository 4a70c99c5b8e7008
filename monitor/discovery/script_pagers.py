"""The page of a list that a script of the page names as the next one. Pure."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

from monitor.documents.pagers import page_call
from monitor.urls import resolve_url

_MAX_BODY = 600


@cache
def _call_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:javascript:|return|\s)*([A-Za-z_$][\w$]{0,40})\(\s*['\"]?(\d{1,4})['\"]?\s*[,)]"
    )


@cache
def _opened_pattern() -> re.Pattern[str]:
    # A script sets or opens what it puts together of a name, the number and an ending.
    return re.compile(
        r"(?:location(?:\.href)?\s*=|(?:open|assign|replace)\s*\()\s*"
        r"([\"'])([^\"'<>\s]{0,300})\1\s*\+\s*\(?\s*([A-Za-z_$][\w$]{0,40})\s*\)?"
        r"(?:\s*\+\s*([\"'])([^\"'<>\s]{0,300})\4)?"
    )


def page_after(markup: str, base: str) -> str | None:
    """The page after this one by the call of ``createPageHTML``.

    Args:
        markup: the page.
        base: its address.
    """
    found = page_call(markup)
    if found is None:
        return None
    # Some dialects count the pages from 1: the first page calls itself so.
    first = f"{found.stem}.{found.extension}"
    is_first = urlsplit(base).path.rpartition("/")[2] in {first, ""}
    from_one = found.has_place and found.current == 1 and is_first
    following = found.current + 1
    last = found.count if from_one else found.count - 1
    return resolve_url(base, found.name(following)) if following <= last else None


def called_page(call: str, markup: str) -> str:
    """The address that a function of the page opens for a number: ``goPage(2)``; empty if none.

    Args:
        call: the script of a link.
        markup: the page, whose scripts may define the function.
    """
    match = _call_pattern().match(call)
    if match is None:
        return ""
    defined = re.search(
        rf"function\s+{re.escape(match[1])}\s*\(\s*([\w$]{{1,40}})[^()]{{0,80}}\)\s*\{{"
        rf"|\b{re.escape(match[1])}\s*=\s*function\s*\(\s*([\w$]{{1,40}})[^()]{{0,80}}\)\s*\{{",
        markup,
    )
    if defined is None:
        return ""
    opened = _opened_pattern().search(markup[defined.end() : defined.end() + _MAX_BODY])
    if opened is None or opened[3] != (defined[1] or defined[2]):
        return ""
    return f"{opened[2]}{match[2]}{opened[5] or ''}"

"""Lists in JSON, by themselves or in the scripts of a page, and rows that scripts write. Pure.

Of JSON lists, such as those of gov.cn and gkmlpt, no exact schema is assumed: any object that has a
URL and a title under one of the usual keys is a link, at any depth, and HTML is read as HTML.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from itertools import islice
from typing import Any

from monitor.discovery.html_links import ListLink, html_links
from monitor.documents.dates import CHINA, date_in_url, day_in_china
from monitor.documents.html_text import clean_line
from monitor.urls import resolve_url

_URL_KEYS = (
    *(
        "url",
        "link",
        "href",
        "puburl",
        "docpuburl",
        "docurl",
        "linkurl",
        "weburl",
        "pageurl",
        "articleurl",
    ),
    *("detailurl", "arturl", "infourl", "pcurl", "htmlurl", "contenturl", "newsurl", "articlelink"),
    *("docpath", "jumpurl", "targeturl", "fullurl", "shareurl", "path", "wapurl", "mobileurl"),
)
_TITLE_KEYS = (
    *("title", "doctitle", "headline", "name", "subject", "infotitle", "articletitle", "topic"),
    *("maintitle", "showtitle", "newstitle", "contenttitle", "titlename", "bt"),
)
_DATE_KEYS = (
    *(
        "docrelpubtime",
        "docdate",
        "pubdate",
        "publishdate",
        "pubtime",
        "publishtime",
    ),
    *(
        "publishedat",
        "releasetime",
        "releasedate",
        "publishedtime",
        "showtime",
        "deploytime",
    ),
    *("displaytime", "date", "ptime", "time", "focusdate", "inputtime", "fbsj", "fbrq"),
    *(
        "issuetime",
        "issuedate",
        "publishat",
        "datepublished",
        "publisheddate",
        "releaseat",
        "addtime",
        "createtime",
        "createdate",
    ),
)
# Seconds and milliseconds since 1970; smaller numbers are years or counts.
_FIRST_SECOND, _MILLISECONDS = 600_000_000, 10_000_000_000
_MAX_VALUES = 500_000
_MAX_DEPTH = 200
_ATTRIBUTES = frozenset(
    {"author", "authors", "creator", "editor", "user", "publisher", "source", "channel", "column"}
    | {"category", "categories", "tag", "tags", "topic", "topics"}
)
_MORE_KEYS = frozenset({"hasmore", "hasnext", "hasnextpage", "more"})
_COUNT_KEYS = frozenset({"pages", "totalpages", "pagecount", "totalpage", "pagetotal"})
_MAX_SCRIPTS = 200
_MAX_HELD, _MAX_HELD_SIZE, _MIN_HELD_ROWS, _MIN_HEADLINE = 20, 1_000_000, 3, 6


def looks_like_json(markup: str) -> bool:
    """Whether the text is JSON rather than HTML, perhaps within a call or an assignment."""
    start = markup.lstrip("\ufeff \t\r\n")[:200]
    return start[:1] in {"{", "["} or _wrapper_pattern().match(start) is not None


def json_links(markup: str, base: str) -> list[ListLink]:
    """The links of a JSON list in its order; none if it is no JSON.

    Beside a list whose rows have days, a folder without a day is a channel of the site.
    """
    rows = list(_json_links(markup, base))
    undated = [row for row in rows if not (row.published or date_in_url(row.url))]
    if len(rows) - len(undated) < _MIN_HELD_ROWS:
        return rows
    folders = {row.url for row in undated if row.url.endswith("/")}
    return [row for row in rows if row.url not in folders]


def _json_links(markup: str, base: str) -> Iterator[ListLink]:
    root = _json_value(markup)
    pending: list[Any] = [root]
    seen = 0
    while pending and seen < _MAX_VALUES:
        value = pending.pop()
        seen += 1
        if isinstance(value, Mapping):
            row = _list_link(value, base)
            if row is not None:
                yield row
            fragment = value.get("html")
            if isinstance(fragment, str) and "<a" in fragment:
                yield from html_links(fragment, base)
            inner = value if row is None else _without_attributes(value)
            pending.extend(reversed(list(inner.values())))
        elif isinstance(value, list):
            pending.extend(reversed(value))


def _without_attributes(value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row without its author, channel and the like, which have addresses, too."""
    return {key: content for key, content in value.items() if key.lower() not in _ATTRIBUTES}


@cache
def _wrapper_pattern() -> re.Pattern[str]:
    # callback({…}), /**/cb([…]) and var list = [{…}];
    return re.compile(
        r"(?:/\*.{0,40}?\*/\s*)?(?:(?:var|let|const|window\.)\s*)?[A-Za-z_$][\w$.]{0,80}\s*(?:\(|=)\s*(?=[\[{])"
    )


def _json_value(markup: str) -> Any:
    """The value of a JSON text, of the argument of a call or of an assignment, or None."""
    text = markup.lstrip("\ufeff \t\r\n")
    found = _wrapper_pattern().match(text)
    try:
        return json.JSONDecoder().raw_decode(text, found.end() if found is not None else 0)[0]
    except (ValueError, RecursionError):
        return None


@cache
def _held_list_pattern() -> re.Pattern[str]:
    # The data of a page: a script of JSON, or what a script gives a name.
    return re.compile(
        r"<script[^<>]{0,200}json[\"'][^<>]{0,200}>\s*(?=[\[{])"
        r"|\b[A-Za-z_$][\w$.]{0,80}\s{0,4}=\s{0,4}(?=[\[{]\s*[\[{\"])"
    )


def script_rows(markup: str, base: str) -> tuple[ListLink, ...]:
    """The rows of a list that a page holds as data in its scripts; none if they are few."""
    return _json_rows(markup, base) or _literal_rows(markup, base)


def _json_rows(markup: str, base: str) -> tuple[ListLink, ...]:
    best: dict[str, ListLink] = {}
    if "<script" not in markup or not any(f'{key}"' in markup.lower() for key in _TITLE_KEYS):
        return ()
    for match in islice(_held_list_pattern().finditer(markup), _MAX_HELD):
        links: dict[str, ListLink] = {}
        for one in json_links(markup[match.end() : match.end() + _MAX_HELD_SIZE], base):
            if len(one.title) >= _MIN_HEADLINE:
                links.setdefault(one.url, one)
        if len(links) > len(best):
            best = links
    return tuple(best.values()) if len(best) >= _MIN_HELD_ROWS else ()


@cache
def _script_element_pattern() -> re.Pattern[str]:
    return re.compile(
        r"<script\b[^<>]{0,300}>((?:(?!<script\b).)*?)</script", re.DOTALL | re.IGNORECASE
    )


@cache
def _flat_object_pattern() -> re.Pattern[str]:
    return re.compile(r"\{([^{}]{10,3000})\}")


@cache
def _member_pattern() -> re.Pattern[str]:
    return re.compile(
        r"""(?:^|[,{\s])["']?([A-Za-z_]\w{0,40})["']?\s*:\s*"""
        r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\d{10,13})(?!\d))"""
    )


@cache
def _script_string_pattern() -> re.Pattern[str]:
    return re.compile(r"""(["'`])((?:(?!\1)[^\\]|\\.){2,5000})\1""", re.DOTALL)


@cache
def _escape_pattern() -> re.Pattern[str]:
    return re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)


def _unescaped(written: str) -> str:
    """The text of a string of JavaScript."""
    if "\\" not in written:
        return written
    return _escape_pattern().sub(
        lambda found: (
            chr(int(found[1], 16)) if found[1] else {"n": "\n", "t": " "}.get(found[2], found[2])
        ),
        written,
    )


def _literal_rows(markup: str, base: str) -> tuple[ListLink, ...]:
    """The rows that a script holds as objects of its own language: {title: '…', url: '…'}.

    Menus are written so, too; of a list at least half of the rows have a day.
    """
    links: dict[str, ListLink] = {}
    for script in _script_element_pattern().findall(markup)[:_MAX_SCRIPTS]:
        for written in _flat_object_pattern().findall(script)[:_MAX_VALUES]:
            fields = {
                key: _unescaped(double or single) if double or single else int(number or 0)
                for key, double, single, number in _member_pattern().findall(written)
            }
            link = _list_link(fields, base)
            if link is not None and len(link.title) >= _MIN_HEADLINE:
                links.setdefault(link.url, link)
    dated = sum(bool(one.published or date_in_url(one.url)) for one in links.values())
    return tuple(links.values()) if len(links) >= _MIN_HELD_ROWS and dated * 2 >= len(links) else ()


def written_markup(markup: str) -> str:
    """The HTML that the scripts of a page write: their strings, where these hold links."""
    parts: list[str] = []
    for script in _script_element_pattern().findall(markup)[:_MAX_SCRIPTS]:
        if "<a " in script.lower():
            parts += [_unescaped(one[1]) for one in _script_string_pattern().findall(script)]
    return f"<html><body>{''.join(parts)}</body></html>" if parts else ""


@cache
def _title_tag_pattern() -> re.Pattern[str]:
    return re.compile(r"</?[A-Za-z][^<>]{0,200}>")


def _plain_title(title: str) -> str:
    """A title without the tags that a search puts around its words."""
    return clean_line(html.unescape(_title_tag_pattern().sub("", html.unescape(title))))[:300]


def _folded(key: object) -> str:
    """A key as the tables above write it: pub_date, pubDate and pub-date are one."""
    return re.sub("[_-]", "", str(key).lower())


def _list_link(value: Mapping[str, Any], base: str) -> ListLink | None:
    fields = {_folded(key): content for key, content in value.items()}
    address, title = _first_text(fields, _URL_KEYS), _first_text(fields, _TITLE_KEYS)
    url = resolve_url(base, address) if address and title else None
    if url is None:
        return None
    return ListLink(url, _plain_title(title), _date(fields))


def _date(fields: Mapping[str, Any]) -> date | None:
    for name in _DATE_KEYS:
        content = fields.get(name)
        found = day_in_china(content) if isinstance(content, str) else None
        seconds = content if isinstance(content, int) and not isinstance(content, bool) else 0
        if isinstance(content, str) and content.isdigit() and len(content) in {10, 13}:
            seconds = int(content)
        if seconds > _MILLISECONDS:
            seconds //= 1000
        if found is None and _FIRST_SECOND <= seconds < _MILLISECONDS:
            found = datetime.fromtimestamp(seconds, CHINA).date()
        if found is not None:
            return found
    return None


def _first_text(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        content = fields.get(name)
        if isinstance(content, Mapping):
            content = content.get("rendered")
        if isinstance(content, str) and content.strip():
            # JSON may hold half an emoji, which no UTF-8 has.
            return content.encode("utf-8", "ignore").decode().strip()
    return ""


@cache
def _page_parameter_pattern() -> re.Pattern[str]:
    return re.compile(
        r"([?&](?:page|p|pn|page_?no|page_?num|page_?index|cur_?page|current_?page)=)(\d{1,6})(?=&|#|$)",
        re.IGNORECASE,
    )


def page_number(url: str) -> int | None:
    """The number of the page that a URL asks for in a parameter, or None."""
    match = _page_parameter_pattern().search(url)
    return int(match[2]) if match is not None else None


def with_page_number(url: str, number: int) -> str:
    """The URL that asks for another page."""
    return _page_parameter_pattern().sub(rf"\g<1>{number}", url, count=1)


def is_last_page(markup: str, number: int) -> bool:
    """Whether a JSON list says that no page follows the one with this number."""
    pending: list[Any] = [_json_value(markup)]
    for _ in range(_MAX_DEPTH):
        if not pending:
            break
        value = pending.pop(0)
        if not isinstance(value, Mapping):
            continue
        for key, content in value.items():
            name = _folded(key)
            if name in _MORE_KEYS and content in (False, 0, "0", "false"):
                return True
            if name in _COUNT_KEYS and str(content).isdigit() and number >= int(content):
                return True
        pending.extend(value.values())
    return False

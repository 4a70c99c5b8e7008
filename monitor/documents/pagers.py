"""The further pages of an article that is cut into several: by script, by number, by 下一页. Pure.

A further page has the address of the first one with a number in one of the usual places. Links
that lead anywhere else are no further pages, whatever their label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from monitor.documents.blocks import Layout
from monitor.documents.html_text import clean_line

MAX_PAGES = 30
_CALL = "createPageHTML"
_MAX_LINKS = 2_000
_MAX_LABEL, _MAX_NEXT, _MAX_HEAD, _MAX_NUMBER = 12, 60, 50_000, 40
_PAGE_PARAMETERS = frozenset(
    {"page", "p", "pn", "pageno", "pagenum", "pageindex", "page_no", "curpage", "currentpage"}
)


@cache
def _call_pattern() -> re.Pattern[str]:
    return re.compile(
        r"createPageHTML\s*\(\s*([\"'][\w-]{1,40}[\"']\s*,\s*)?(\w{1,40})\s*,\s*(\w{1,40})\s*,\s*[\"']([\w.-]{1,80})[\"']\s*,"
        r"\s*[\"'](\w{1,6})[\"']"
    )


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile(r"[\[【(（第<]?\s*(\d{1,2})\s*[\]】)）页>]?")


@cache
def _next_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[\[【(（]?\s*(?:(?:点击|阅读|查看|进入)\s*){0,2}(?:下\s?一?\s?页|后一页|尾页|末页)"
        r"(?:[^\d。]{0,6}|\s*[：:].{1,40})|[>》»›]{1,2}"
    )


@cache
def _page_reference_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:[_/=-]|^)\d{1,2}(?:\.\w{2,6}|&[^/]*|/)?$")


@cache
def _declared_next_pattern() -> re.Pattern[str]:
    return re.compile(
        r"<link\s[^<>]{0,80}?(?:rel=[\"']?next[\"']?\s[^<>]{0,80}?href=[\"']?([^\"'<>\s]{1,500})"
        r"|href=[\"']?([^\"'<>\s]{1,500})[\"']?\s[^<>]{0,80}?rel=[\"']?next)"
    )


@cache
def _suffix_pattern() -> re.Pattern[str]:
    return re.compile(r"[_-](\d{1,2})$")


@dataclass(frozen=True, slots=True)
class PageCall:
    """What a page gives the script that writes its pager: pages, the one shown, and their names.

    ``has_place``: the call names the element to write to first; such scripts may count from 1.
    """

    count: int
    current: int
    stem: str
    extension: str
    has_place: bool = field(default=False, repr=False)

    def name(self, number: int) -> str:
        """The name of the page with a number; the first page has 0."""
        return (
            f"{self.stem}_{number}.{self.extension}"
            if number
            else (f"{self.stem}.{self.extension}")
        )


def page_call(markup: str) -> PageCall | None:
    """The call of ``createPageHTML`` with its numbers, which may stand in variables."""
    if _CALL not in markup:
        return None
    for match in _call_pattern().finditer(markup):
        count, current = (_number_of(match[number], markup) for number in (2, 3))
        if count is not None and current is not None:
            return PageCall(count, current, match[4], match[5], match[1] is not None)
    return None


def _number_of(written: str, markup: str) -> int | None:
    """A number, or the one that a script sets a variable to."""
    if written.isdigit():
        return int(written) if len(written) <= 5 else None
    match = re.search(rf"\b{re.escape(written)}\s{{0,4}}=\s{{0,4}}['\"]?(\d{{1,5}})\b", markup)
    return int(match[1]) if match is not None else None


def further_pages(markup: str, layout: Layout, url: str | None) -> tuple[str, ...]:
    """The addresses of the further pages of an article, in order; none on a further page itself.

    Args:
        markup: the page.
        layout: the same, laid out.
        url: its address; without one the references are returned as they stand.
    """
    base = url or "http://page.invalid/"
    stem = urlsplit(base).path.rpartition("/")[2].rpartition(".")[0]
    call = page_call(markup)
    if call is not None and call.count > 1 and not call.current and (not url or call.stem == stem):
        count = min(call.count, MAX_PAGES)
        return tuple(_join(url, call.name(number)) for number in range(1, count))
    numbered: dict[int, str] = {}
    onward: dict[int, str] = {}
    for label, reference in (*_labelled_links(layout), *_declared_next(markup)):
        target = urljoin(base, reference)
        number = page_number(base, target) if url else _trailing_number(target)
        if number is None:
            continue
        is_number = _number_pattern().fullmatch(label) is not None
        (numbered if is_number else onward).setdefault(number, target if url else reference)
    return _filled(numbered, onward)


def page_number(first: str, other: str) -> int | None:
    """The number of a page whose first page is at ``first``; None if it is no page of it."""
    here, there = urlsplit(first), urlsplit(other)
    if there.scheme not in {"http", "https"} or there.netloc != here.netloc:
        return None
    if there.path == here.path:
        return _number_in_query(here.query, there.query)
    folder, _, name = here.path.rpartition("/")
    other_folder, _, other_name = there.path.rpartition("/")
    if not other_name:
        other_folder, _, other_name = other_folder.rpartition("/")
    stem, extension = _stem_and_extension(name)
    other_stem, other_extension = _stem_and_extension(other_name)
    if extension and other_extension != extension:
        return None
    if other_folder == folder and stem:
        suffix = _suffix_pattern().search(other_stem)
        if suffix is not None and other_stem[: suffix.start()] == stem:
            return int(suffix[1])
    # /article/1.html leads to /article/2.html, /article.html and /article/ to /article/2.html.
    if other_stem.isdigit() and len(other_stem) <= 2:
        beside = other_folder == folder and stem in {"", "1", "index"}
        if beside or (stem and other_folder == f"{folder}/{stem}"):
            return int(other_stem)
    return None


def _stem_and_extension(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    return (stem, extension) if dot else (name, "")


def _number_in_query(here: str, there: str) -> int | None:
    before = {k: v for k, v in parse_qsl(here) if k.lower() not in _PAGE_PARAMETERS}
    after, number = dict[str, str](), None
    for key, value in parse_qsl(there):
        if key.lower() in _PAGE_PARAMETERS and value.isdigit() and len(value) <= 2:
            number = int(value)
        else:
            after[key] = value
    current = next((v for k, v in parse_qsl(here) if k.lower() in _PAGE_PARAMETERS), "1")
    return number if after == before and current in {"0", "1"} else None


def _trailing_number(target: str) -> int | None:
    parts = urlsplit(target)
    stem = parts.path.rpartition("/")[2].rpartition(".")[0]
    suffix = _suffix_pattern().search(stem)
    if suffix is not None:
        return int(suffix[1])
    if stem.isdigit() and len(stem) <= 2:
        return int(stem)
    return _number_in_query("", parts.query)


def _labelled_links(layout: Layout) -> Iterator[tuple[str, str]]:
    """The links whose label is a number or says that the article goes on."""
    ends = _page_reference_pattern().search
    for one in layout.references[:_MAX_LINKS]:
        reference = (one.attributes.get("href") or "").strip()
        if not reference or ends(reference[-_MAX_NUMBER:]) is None:
            continue
        label = one.node.text(strip=True)
        if not label or len(label) > (_MAX_NEXT if label[0] == "下" else _MAX_LABEL):
            continue
        if _number_pattern().fullmatch(label) or _next_pattern().fullmatch(label):
            yield label, clean_line(reference)


def _declared_next(markup: str) -> Iterator[tuple[str, str]]:
    if 'rel="next"' in markup or "rel=next" in markup:
        match = _declared_next_pattern().search(markup[:_MAX_HEAD])
        if match is not None:
            yield "下一页", match[1] or match[2]


def _filled(numbered: dict[int, str], onward: dict[int, str]) -> tuple[str, ...]:
    """All pages from the second to the last one; 下一页 and 尾页 name only two of them."""
    linked = {number: url for number, url in (onward | numbered).items() if number > 0}
    # Where the second page has the number 2, a link to 1 leads back to the first.
    if 1 in linked and (len(numbered) > 1 or 2 in linked) and _labels_first(numbered):
        linked.pop(1)
    if not linked or min(linked) > 2 or max(linked) > MAX_PAGES:
        return ()
    example = linked[min(linked)]
    return tuple(
        linked.get(number) or _with_number(example, number)
        for number in range(min(linked), max(linked) + 1)
    )


def _labels_first(numbered: dict[int, str]) -> bool:
    return "?" in next(iter(numbered.values()), "") or any(
        urlsplit(url).path.rpartition("/")[2].startswith(("1.", "01.")) for url in numbered.values()
    )


def _with_number(url: str, number: int) -> str:
    parts = urlsplit(url)
    if parts.query:
        query = [
            (key, str(number) if key.lower() in _PAGE_PARAMETERS else value)
            for key, value in parse_qsl(parts.query)
        ]
        if query != parse_qsl(parts.query):
            return parts._replace(query=urlencode(query)).geturl()
    head, _, tail = url.rpartition(".")
    if _suffix_pattern().search(head) is not None:
        head = _suffix_pattern().sub(lambda suffix: f"{suffix[0][0]}{number}", head)
    else:
        head = re.sub(r"\d{1,2}$", str(number), head)
    return f"{head}.{tail}"


def _join(url: str | None, reference: str) -> str:
    return urljoin(url, reference) if url else reference

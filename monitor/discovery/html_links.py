"""The links of an HTML list page: URL, title and the date beside each.

Two systems hide links from a plain parser: 大汉 JCMS keeps the rows of a list as CDATA in a
script, and some TRS sites put the URL into ``onclick``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import islice

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.discovery.openers import Opener, called_address, openers_in, script_call
from monitor.discovery.row_days import heading_years, loose_day, month_day
from monitor.documents.cost import too_expensive
from monitor.documents.dates import day_in_china, find_date, find_english_date
from monitor.documents.html_text import clean_line
from monitor.urls import resolve_url

_MAX_LINKS = 50_000
_MAX_ANCESTORS = 5
_MAX_ROW_TEXT = 400
_MAX_CELLS = 20
_MAX_TITLE = 300
_MAX_REFERENCE = 3_000
_MAX_TEXT = 20_000_000
_MAX_ROW_LINKS = 4
_MIN_HEADLINE = 6
_MIN_DAY = 5
_MAX_LABEL = 10
_BROKEN = "an address that cannot be used"
_MAX_PLAIN = 10
_DATA_TARGETS = ("data-href", "data-url", "data-link")
_LINK_ELEMENTS = "a, area, [onclick], [data-href], [data-url], [data-link]"
_MAX_TEASER_LINKS = 12
_MAX_BESIDE_LINK, _MAX_SIBLINGS = 60, 12
_MAX_TABLE_ROWS = 3
_ROW_ELEMENTS = frozenset({"li", "tr", "dd", "dt", "dl", "article"})


_SECOND_LABELS = (
    r"[\[【(（]?\s*(?:(?:继续阅读|阅读更多|阅读全文|查看全文|查看详情|查看更多|了解更多|查看原文"
    r"|Read more|Continue reading)(?![了的])"
    r"|(?:原文件?|原文链接|政策原文|相关政策|相关解读|附件)\s*[：:])"
)


@cache
def _second_label_pattern() -> re.Pattern[str]:
    return re.compile(_SECOND_LABELS, re.IGNORECASE)


def is_second_label(title: str) -> bool:
    """Whether a link says that it goes with another: 继续阅读…, 查看原文件：…."""
    return _second_label_pattern().match(title) is not None


@cache
def _secondary_label_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[\[【(（<]?\s*(?:下载|点击下载|附件|全文下载|PDF|Word|附件\S{0,12}|[^\s]{1,40}\.(?:pdf|docx?|xlsx?|ofd|wps|zip|rar)|图解|解读|政策解读|详情|查看|查看详情|更多|阅读全文|原文|\S{1,6})"
        r"\s*[\]】)）>]?\s*[>》»]*$"
        r"|" + _SECOND_LABELS,
        re.IGNORECASE,
    )


@cache
def _script_string_pattern() -> re.Pattern[str]:
    return re.compile(r"""(["'])((?:(?!\1)[^\\\n]|\\.){2,500})\1""")


@cache
def _script_tag_pattern() -> re.Pattern[str]:
    return re.compile(r"<[^<>]{0,300}>")


@cache
def _jcms_datastore_pattern() -> re.Pattern[str]:
    return re.compile(r"<datastore\b", re.IGNORECASE)


@cache
def _jcms_record_pattern() -> re.Pattern[str]:
    return re.compile(r"<record>\s*<!\[CDATA\[(.*?)\]\]>", re.DOTALL | re.IGNORECASE)


@cache
def _jcms_next_pattern() -> re.Pattern[str]:
    return re.compile(r"<nextgroup>\s*<!\[CDATA\[(.*?)\]\]>", re.DOTALL | re.IGNORECASE)


@cache
def _href_pattern() -> re.Pattern[str]:
    return re.compile(r"""href\s*=\s*["']([^"'<>\s]{1,1000})["']""", re.IGNORECASE)


@cache
def _quoted_url_pattern() -> re.Pattern[str]:
    return re.compile(
        r"""['"]([^'"\s<>]{1,1000}\.(?:s?html?|jsp|pdf)(?:\?[^'"\s<>]{0,500})?)['"]"""
    )


@cache
def _bullet_pattern() -> re.Pattern[str]:
    return re.compile(r"^[·•■▪◆◇★☆●○▶►▲>》・]+\s*(?=\S)")


@cache
def _quoted_path_pattern() -> re.Pattern[str]:
    # An address without a known ending, where it begins as one or is opened.
    return re.compile(
        r"""['"]((?:https?:/|\.{0,2})/(?![^'"]*\.(?:png|jpe?g|gif|svg|js|css)['"])[^'"\s<>]{1,1000})['"]"""
        r"""|(?:location(?:\.href)?\s*=|open\s*\()\s*['"]([^'"\s<>#]{2,1000})['"](?!\s*\+)"""
    )


@cache
def _no_target_pattern() -> re.Pattern[str]:
    return re.compile(r"^\s*(?:javascript:|#|$)", re.IGNORECASE)


@cache
def _day_alone_pattern() -> re.Pattern[str]:
    return re.compile(r"[\d\s年月日:：./\[\]（）()-]*")


@cache
def _day_at_edge_pattern() -> re.Pattern[str]:
    return re.compile(r"\d日?[\s\]）)]*$|^[\s\[（(]*\d")


@cache
def _full_day_pattern() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}")


@cache
def _split_day_patterns() -> tuple[tuple[re.Pattern[str], tuple[int, int, int]], ...]:
    # Days whose parts stand in elements of their own, and which part is year, month and day.
    return (
        (re.compile(r"(?<!\d)((?:19|20)\d\d)年?\s+(\d{1,2})月?\s+(\d{1,2})日?(?!\d)"), (1, 2, 3)),
        (re.compile(r"(?<!\d)(\d{1,2})日?\s+(\d{1,2})月?\s+((?:19|20)\d\d)年?(?!\d)"), (3, 2, 1)),
        (re.compile(r"(?<!\d)((?:19|20)\d\d)年?\s+(\d{1,2})[-/.月]\s?(\d{1,2})(?!\d)"), (1, 2, 3)),
        (re.compile(r"(?<!\d)(\d{1,2})日?\s+((?:19|20)\d\d)[-/.年]\s?(\d{1,2})(?!\d)"), (2, 3, 1)),
        (re.compile(r"(?<!\d)(\d{1,2})[-/.月]\s?(\d{1,2})日?\s+((?:19|20)\d\d)(?!\d)"), (3, 1, 2)),
    )


@dataclass(frozen=True, slots=True)
class ListLink:
    """A link as the list shows it; ``url`` is absolute.

    ``last_modified`` is the date that a sitemap gives; any change of the page may set it.
    ``loose_day`` is a day that only the time of the visit completes, as the row writes it: 昨天.
    """

    url: str
    title: str
    published: date | None
    last_modified: date | None = None
    loose_day: str = ""


def html_links(markup: str, base: str, refused: Counter[str] | None = None) -> Iterator[ListLink]:
    """All links of a list page in its order, those of the records in its scripts first.

    Args:
        markup: the page.
        base: its address.
        refused: counts the links that lead nowhere, by reason.
    """
    if too_expensive(markup):
        return
    records = jcms_records(markup)
    if records:
        # One parse for all records, since each has a few hundred bytes only.
        yield from _links(LexborHTMLParser(f"<ul>{''.join(records)}</ul>"), base, refused)
        if _jcms_datastore_pattern().match(markup.lstrip()[:200]):
            return
    tree = LexborHTMLParser(markup)
    yield from _links(tree, base_url(tree, base), refused)


def jcms_next_urls(markup: str, base: str) -> tuple[str, ...]:
    """The URLs that a JCMS list names for its further rows."""
    found = (_href_pattern().search(group) for group in _jcms_next_pattern().findall(markup))
    addresses = (
        resolve_url(base, match.group(1).replace("&amp;", "&")) for match in found if match
    )
    return tuple(dict.fromkeys(address for address in addresses if address))


def jcms_records(markup: str) -> list[str]:
    """The rows that a JCMS list keeps in a script, as HTML; none on other pages."""
    if not _jcms_datastore_pattern().search(markup):
        return []
    return [match.group(1) for match in _jcms_record_pattern().finditer(markup)][:_MAX_LINKS]


def base_url(tree: LexborHTMLParser, address: str) -> str:
    """The ``<base>`` of the page if it is on the same host, else the URL of the page."""
    node = tree.css_first("base[href]")
    declared = resolve_url(address, node.attributes.get("href") or "") if node is not None else None
    if declared is not None and httpx.URL(declared).host == httpx.URL(address).host:
        return declared
    return address


def _links(tree: LexborHTMLParser, base: str, refused: Counter[str] | None) -> Iterator[ListLink]:
    for anchor in anchors(tree, base, refused):
        yield anchor.link


@dataclass(frozen=True, slots=True)
class Anchor:
    """An element that leads somewhere; ``is_main``: no other link of its row has more words."""

    node: LexborNode
    link: ListLink
    is_main: bool


def anchors(
    tree: LexborHTMLParser, base: str, refused: Counter[str] | None = None
) -> Iterator[Anchor]:
    """The links of a page in its order, each with the date of its row.

    The row of a link is the largest element around it that holds no headline of another row. A
    second link of a row (its column, a file, 详情) is no headline.

    Args:
        tree: the page.
        base: what its references are relative to.
        refused: counts the links that lead nowhere, by reason.
    """
    nodes = _resolved_links(tree, base, refused)
    second = _second_links(nodes)
    first: dict[int, str] = {}
    crowded: set[int] = set()
    for index, (node, address, _) in enumerate(nodes):
        if index in second:
            continue
        for above in _ancestors(node):
            if first.setdefault(above.mem_id, address) != address:
                crowded.add(above.mem_id)
    beside: dict[int, tuple[str, date | None]] = {}
    loose: dict[int, str] = {}
    found: list[Anchor] = []
    for index, (node, address, shown) in enumerate(nodes):
        row = _row_around(node, crowded)
        if row.mem_id not in beside:
            beside[row.mem_id] = _text_and_time(row)
        text, time = beside[row.mem_id]
        day = _date_beside(shown, text) or time
        if day is None:
            day = _date_in_row(node) or _date_after(node)
            written = "" if day else loose_day(_without_title(shown, text))
            if written:
                loose[index] = written
        elif row.tag == "tr":
            day = _date_of_issue(row, text) or day
        found.append(Anchor(node, ListLink(address, _title(node, shown), day), index not in second))
    if loose:
        _add_loose_days(tree, found, loose)
    yield from found


def _row_around(node: LexborNode, crowded: Collection[int]) -> LexborNode:
    """The largest element around a link that is not crowded, that is, holds no other row."""
    row = node
    for above in _ancestors(node):
        if above.mem_id in crowded or above.tag in {"body", "html"}:
            break
        row = above
    return row


def _add_loose_days(tree: LexborHTMLParser, found: list[Anchor], loose: Mapping[int, str]) -> None:
    """Give links the days that their rows write without a year, complete under a year's heading."""
    has_month_days = any(month_day(written) is not None for written in loose.values())
    years = heading_years(tree, {one.node.mem_id for one in found}) if has_month_days else {}
    for index, written in loose.items():
        one = found[index]
        year = years.get(one.node.mem_id) or _year_in_url(one.link.url, written)
        day = _day_of_year(year, written)
        link = replace(one.link, published=day, loose_day="" if day else written)
        found[index] = replace(one, link=link)


@cache
def _year_in_url_pattern() -> re.Pattern[str]:
    return re.compile(r"/((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])?/")


def _year_in_url(url: str, loose: str) -> int | None:
    """The year of the folder of an article, which may name the month, too."""
    match, parts = _year_in_url_pattern().search(url), month_day(loose)
    if match is None or parts is None or (match[2] and int(match[2]) != parts[0]):
        return None
    return int(match[1])


def _day_of_year(year: int | None, loose: str) -> date | None:
    """The day of a row under the heading of a year, which the row itself does not repeat."""
    parts = month_day(loose)
    return find_date(f"{year}-{parts[0]}-{parts[1]}") if year and parts is not None else None


def days_of_rows(nodes: Sequence[LexborNode]) -> list[date | None]:
    """The day beside each headline of a list, whatever other links its row has.

    Args:
        nodes: the links of the headlines, one a row.
    """
    first: dict[int, int] = {}
    crowded: set[int] = set()
    for node in nodes:
        for above in _ancestors(node):
            if first.setdefault(above.mem_id, node.mem_id) != node.mem_id:
                crowded.add(above.mem_id)
    days = []
    for node in nodes:
        text, time = _text_and_time(_row_around(node, crowded))
        days.append(time or _date_beside(_shown_text(node), text))
    return days


def _text_and_time(row: LexborNode) -> tuple[str, date | None]:
    """The beginning of a row's text, and the day of the time element in it."""
    time = row.css_first("time[datetime]")
    written = time.attributes.get("datetime") if time is not None else None
    return (
        clean_line(row.text(deep=True, separator=" ")[: _MAX_ROW_TEXT * 4]),
        day_in_china(written or ""),
    )


def _resolved_links(
    tree: LexborHTMLParser, base: str, refused: Counter[str] | None
) -> list[tuple[LexborNode, str, str]]:
    """The elements that lead somewhere, with their URLs and texts."""
    nodes: list[tuple[LexborNode, str, str]] = []
    resolved: dict[str, str | None] = {}
    spent = 0
    openers: Mapping[str, Opener] | None = None
    for node in tree.css(_LINK_ELEMENTS)[:_MAX_LINKS]:
        if node.tag not in {"a", "area"} and _is_container(node):
            continue
        reference = link_target(node)
        call = "" if reference else script_call(node.attributes)
        if call:
            openers = openers_in(tree) if openers is None else openers
            reference = called_address(call, openers)
        if reference not in resolved:
            resolved[reference] = resolve_url(base, reference)
        address = resolved[reference]
        if address is None:
            if refused is not None and node.tag == "a" and len(_shown_text(node)) >= _MIN_HEADLINE:
                refused["an address that only a script opens" if not reference else _BROKEN] += 1
            continue
        shown = _shown_text(node)
        # Nested elements would have their text copied many times.
        spent += len(shown)
        if spent > _MAX_TEXT:
            break
        nodes.append((node, address, shown))
    return nodes


def _is_container(node: LexborNode) -> bool:
    """Whether an element names an address for what it holds: a list to be loaded, a picture."""
    if "onclick" in node.attributes:
        return False
    return node.css_first("a, li, [data-href], [data-url], [data-link]") not in (None, node) or (
        not _MIN_HEADLINE <= len(node.text(deep=True).strip()) <= _MAX_ROW_TEXT
    )


def _second_links(nodes: list[tuple[LexborNode, str, str]]) -> set[int]:
    """The links that stand in the row of a list beside one with more words."""
    rows: dict[int, list[int]] = {}
    teasers: set[int] = set()
    loose: set[int] = set()
    for index, (node, _, _) in enumerate(nodes):
        for above in _ancestors(node):
            if above.tag in _ROW_ELEMENTS:
                rows.setdefault(above.mem_id, []).append(index)
                if above.tag == "article":
                    teasers.add(above.mem_id)
                break
        else:
            if node.parent is not None:
                rows.setdefault(node.parent.mem_id, []).append(index)
                loose.add(node.parent.mem_id)
    second: set[int] = set()
    for row, members in rows.items():
        most = _MAX_TEASER_LINKS if row in teasers else _MAX_ROW_LINKS
        if not 1 < len(members) <= most:
            continue
        sizes = {index: _headline_size(nodes[index]) for index in members}
        main = max(members, key=lambda index: sizes[index])
        address = nodes[main][1]
        if row in loose and any(sizes[index] for index in members if index != main):
            # Only what is labelled as a second link stands beside a headline without a row.
            continue
        # Two headlines in one cell are two rows.
        others = [
            index
            for index in members
            if index != main and (sizes[index] < _MIN_HEADLINE or _leads_to(nodes[index], address))
        ]
        # An article element may hold a whole list.
        if row not in teasers or len(others) + 1 == len(members):
            second.update(others)
    return second


def _leads_to(one: tuple[LexborNode, str, str], address: str) -> bool:
    """Whether a link leads to an address, or to a place on its page."""
    return one[1].partition("#")[0] == address.partition("#")[0]


def _headline_size(one: tuple[LexborNode, str, str]) -> int:
    node, _, shown = one
    if _secondary_label_pattern().match(shown.strip()) is not None:
        return 0
    return max(len(shown.strip()), len(node.attributes.get("title") or ""))


def _shown_text(node: LexborNode) -> str:
    """The text of a link; one that a script writes is taken from the script."""
    shown = node.text(deep=True)
    if "document.write" not in shown and "innerHTML" not in shown:
        return shown
    script = node.css_first("script")
    if script is None:
        return shown
    written = script.text(deep=True)
    strings = [found[1] for found in _script_string_pattern().findall(written[:_MAX_REFERENCE])]
    return max((_script_tag_pattern().sub("", one) for one in strings), key=len, default="") or (
        shown.replace(written, "")
    )


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    for _ in range(_MAX_ANCESTORS):
        if above is None:
            return
        yield above
        above = above.parent


def link_target(node: LexborNode) -> str:
    """The reference of a link as written; empty if there is none."""
    attributes = node.attributes
    href = attributes.get("href") or ""
    if not _no_target_pattern().match(href):
        return href[:_MAX_REFERENCE]
    for name in _DATA_TARGETS:
        if attributes.get(name):
            return (attributes[name] or "")[:_MAX_REFERENCE]
    for script in (attributes.get("onclick") or "", href):
        written = script[:_MAX_REFERENCE]
        match = _quoted_url_pattern().search(written) or _quoted_path_pattern().search(written)
        if match is not None:
            return str(next(filter(None, match.groups())))
    return ""


def _title(node: LexborNode, text: str) -> str:
    """The text of the link, or its ``title`` attribute if the text is truncated or missing."""
    if len(text) > _MAX_PLAIN:
        text = _headline_in(node) or _without_day(node, text)
    shown = _bullet_pattern().sub("", clean_line(text[: _MAX_TITLE * 4])[:_MAX_TITLE])
    whole = clean_line((node.attributes.get("title") or "")[: _MAX_TITLE * 4])[:_MAX_TITLE]
    stem = shown.rstrip(".…· ")
    cut = shown != stem and shown.endswith(("…", ".."))
    if whole and (not shown or cut or (len(whole) > len(shown) and whole.startswith(stem))):
        return whole
    return shown


def _headline_in(node: LexborNode) -> str:
    """The headline in a link that holds a whole row: summary, day and picture too."""
    if node.css_first("div, p, dt, h1, h2, h3, h4, h5, h6") is None:
        return ""
    for selector in ("h1, h2, h3, h4, h5, h6, dt", '[class*="title"], [class*="tit"]', "p, div"):
        for part in node.css(selector)[:5]:
            text = part.text(deep=True).strip()
            if part.mem_id == node.mem_id:
                continue
            if len(text) >= _MIN_HEADLINE and _day_alone_pattern().fullmatch(text) is None:
                # A node is among its own matches.
                if all(one.mem_id == part.mem_id for one in part.css("p, div")):
                    return text
                if selector != "p, div":
                    return ""
    return ""


def _without_day(node: LexborNode, text: str) -> str:
    """The text of a link without the day that stands in it in an element of its own."""
    if _day_at_edge_pattern().search(text) is None:
        return text
    for part in node.css("span, em, i, b, time, font, small, label")[:6]:
        day = part.text(deep=True).strip()
        if len(day) >= _MIN_DAY and _day_alone_pattern().fullmatch(day) is not None:
            text = text.replace(day, " ", 1)
    return text


def _without_title(shown: str, beside: str) -> str:
    title = clean_line(shown[: _MAX_ROW_TEXT * 4])
    if title and title in beside:
        beside = beside.replace(title, " ", 1)
    return beside[:_MAX_ROW_TEXT]


def _date_beside(shown: str, beside: str) -> date | None:
    """The date in the row of a link, without its title, which may name another date."""
    beside = _without_title(shown, beside)
    day = _labelled_day(beside) or find_date(beside)
    if day is None:
        for pattern, order in _split_day_patterns():
            match = pattern.search(beside)
            if match is not None:
                return find_date("-".join(match[number] for number in order))
        return find_english_date(beside) or _day_of_short_year(beside)
    return day


@cache
def _short_year_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:(?<!\S)|[\[(（])([0-4]\d)([-/.])(\d\d)\2(\d\d)(?:[\])）]|(?!\S))")


def _day_of_short_year(beside: str) -> date | None:
    """A day that stands alone with two digits of its year: [26-01-05]."""
    match = _short_year_pattern().search(beside)
    return find_date(f"20{match[1]}-{match[3]}-{match[4]}") if match is not None else None


def _labelled_day(beside: str) -> date | None:
    """Of several dates in a row the day of issue: the one labelled so, or the first of no other.

    A card that opens over the row names the day of signing, of entry into force and so on.
    """
    found = list(_full_day_pattern().finditer(beside))
    if len(found) < 2:
        return None
    first = None
    for before, match in zip([None, *found], found, strict=False):
        label = beside[before.end() if before else 0 : match.start()][-_MAX_LABEL:]
        label = label.rpartition("。")[2]
        following = beside[match.end() : match.end() + _MAX_LABEL]
        if _other_label_pattern().search(label) or _prose_pattern().match(following):
            continue
        day = find_date(match[0])
        if day is not None and _issue_label_pattern().search(label) is not None:
            return day
        first = first or day
    return first


def _date_in_row(node: LexborNode) -> date | None:
    """The date in the row of a link that is not alone there, in an element without links.

    On some lists what explains a policy is linked in the row of the policy.
    """
    for row in _ancestors(node):
        if row.tag not in {"li", "tr"}:
            continue
        first = row.css_first("a")
        if first is None or first.mem_id != node.mem_id:
            return None
        texts = (
            child.text(deep=True, separator=" ")
            for child in islice(row.iter(), _MAX_CELLS)
            if child.css_first("a") is None
        )
        return find_date(clean_line(" ".join(texts)[:_MAX_ROW_TEXT]))
    return None


def _date_after(node: LexborNode) -> date | None:
    """The date between a link and the line break after it; rows of old pages have no element."""
    texts: list[str] = []
    if node.parent is not None and node.parent.tag == "dt":
        return _date_in_description(node.parent)
    after = node.next
    for _ in range(_MAX_SIBLINGS):
        if after is None or after.tag == "br":
            return find_date(clean_line(" ".join(texts)[:_MAX_BESIDE_LINK]))
        if after.tag == "a" or after.css_first("a") is not None:
            # Of this row or of the next one.
            return None
        texts.append(after.text(deep=True))
        after = after.next
    return None


def _date_in_description(term: LexborNode) -> date | None:
    """The date in what follows a term of a description list."""
    after = term.next
    for _ in range(_MAX_SIBLINGS):
        if after is None or after.tag == "dt":
            return None
        if after.tag == "dd":
            day = find_date(clean_line(after.text(deep=True, separator=" ")[:_MAX_ROW_TEXT]))
            if day is not None:
                return day
        after = after.next
    return None


@cache
def _prose_pattern() -> re.Pattern[str]:
    # What goes on behind a date in a summary: 起施行, 印发的, 以来.
    return re.compile(
        r"日?\s?(?:[起前后止至，。、在上下晚]|以[来前后]|之[前后]|印发|召开|举行|发布的|施行)"
    )


@cache
def _issue_label_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:发布|公开|发文|公布|上网|更新)(?:时间|日期)|日期|时间")


@cache
def _other_label_pattern() -> re.Pattern[str]:
    return re.compile("成文|生成|施行|实施|生效|失效|废止|截止|有效")


def _date_of_issue(row: LexborNode, text: str) -> date | None:
    """The date in the column of a table whose heading says that it is the day of issue.

    Only where the cells of a row hold several dates, and the table names its columns.
    """
    if len(_full_day_pattern().findall(text)) < 2:
        return None
    table = next((one for one in _ancestors(row) if one.tag == "table"), None)
    cells = _cells(row)
    for head in table.css("tr")[:_MAX_TABLE_ROWS] if table is not None else ():
        labels = [clean_line(one.text(deep=True)) for one in _cells(head)]
        if len(labels) != len(cells):
            continue
        for label, cell in zip(labels, cells, strict=True):
            if len(label) > _MAX_PLAIN or _other_label_pattern().search(label) is not None:
                continue
            if _issue_label_pattern().search(label) is not None:
                return find_date(clean_line(cell.text(deep=True)[:_MAX_BESIDE_LINK]))
    return None


def _cells(row: LexborNode) -> list[LexborNode]:
    return [one for one in islice(row.iter(), _MAX_CELLS) if one.tag in {"td", "th"}]

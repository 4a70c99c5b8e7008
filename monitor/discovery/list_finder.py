"""Finds the list on a page that no source describes: the rows that look alike. Pure.

The headlines of a list stand in the same elements, one after the other, most of them with a date
beside them. Menus have short labels, link lists at the side have less room and few dates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.discovery.epaper import group_issues, issue_date
from monitor.discovery.html_links import (
    Anchor,
    ListLink,
    anchors,
    base_url,
    days_of_rows,
    is_second_label,
    jcms_records,
    link_target,
)
from monitor.discovery.openers import Opener, called_address, openers_in, script_call
from monitor.documents.boilerplate import is_foreign_name
from monitor.documents.cost import too_expensive
from monitor.documents.dates import date_in_url
from monitor.documents.pagers import page_call
from monitor.urls import resolve_url, url_identity

_MIN_ROWS = 3
_MIN_HEADLINE, _MIN_DATED_HEADLINE = 6, 4
_LABEL = 10
_MAX_DEPTH = 60
_NAMED_LEVELS = 3
_ASIDE = frozenset({"nav", "footer", "aside"})
_PAGER_ELEMENTS = "a, link[rel=next], button, [onclick], [data-url], [data-href], [data-link]"
_MAX_PAGER_NODES, _MAX_LABEL, _MAX_DIGITS = 5_000, 12, 4
_BESIDE = 0.3
_DATED = 2.0


@cache
def _next_label_pattern() -> re.Pattern[str]:
    return re.compile(
        r"^[\s>»›\[]*(?:下\s?一?\s?页|后一?页|后页|翻到下一页|next(?: page)?)[\s>»›→\]]*$|^[>»›]$",
        re.IGNORECASE,
    )


@cache
def _next_class_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:\w+-)?next(?:-?page)?", re.IGNORECASE)


@cache
def _more_label_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:点击|查看|加载|显示|浏览|更多|load |show |more){2,3}$|load more|show more",
        re.IGNORECASE,
    )


@cache
def _page_number_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[?&](?:page|p|pn|pageno|pagenum|pageindex|page_no|curpage|currentpage)=(\d{1,4})(?![^&])"
        r"|[_/-](?:page|p|list|index)?[_/-]?(\d{1,4})(?:\.\w{2,5}|/)?$",
        re.IGNORECASE,
    )


@cache
def _headline_pattern() -> re.Pattern[str]:
    # A label of a menu, of a pager or of a button is none.
    return re.compile(r"[\u3400-\u9fffA-Za-z]")


@cache
def _varying_pattern() -> re.Pattern[str]:
    return re.compile(r"[0-9a-fA-F-]*\d[0-9a-fA-F-]*|\?.*$")


@cache
def _row_name_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\d+|\b(?:odd|even|first|last|cur|current|on|active|hover|top|new|hot|line|bg)\b"
    )


@cache
def _article_mark_pattern() -> re.Pattern[str]:
    return re.compile(r"\d{3,}[^/]*$|/[^/]*\d[^/]*\.\w{2,5}$|[?&]\w*id=\w|[0-9a-f]{8,}[^/]*$")


def _is_headline(link: ListLink) -> bool:
    """Whether a link has the words of a headline; with a day beside it fewer suffice."""
    has_day = link.published or link.loose_day
    return len(link.title) >= (_MIN_DATED_HEADLINE if has_day else _MIN_HEADLINE)


@dataclass(slots=True)
class _Group:
    """Links in the same elements, with their places; ``loose`` is what holds these elements."""

    loose: tuple[str, ...]
    members: list[tuple[int, Anchor]] = field(default_factory=list)
    is_aside: bool = False

    def forms(self) -> set[str]:
        """The addresses without what differs between articles."""
        return {_varying_pattern().sub("#", one.link.url) for _, one in self.members}

    def leads_to_articles(self) -> bool:
        """Whether most addresses have a number or a mark of their own, as those of articles do."""
        marked = sum(
            _article_mark_pattern().search(one.link.url) is not None for _, one in self.members
        )
        return marked * 2 > len(self.members)

    def score(self) -> float:
        """How much this looks like the list of the page; 0 for menus and the like."""
        headlines = [one for _, one in self.members if _is_headline(one.link)]
        if len(headlines) < _MIN_ROWS or len(headlines) * 2 < len(self.members):
            return 0.0
        days = [_day(one.link) or one.link.loose_day for one in headlines]
        dated = sum(map(bool, days)) / len(days)
        length = sum(len(one.link.title) for one in headlines) / len(headlines)
        if not dated and (self.is_aside or length < _LABEL) and not self.leads_to_articles():
            return 0.0  # a menu; its page has no other list
        room = min(1.5, length / 16)
        return len(headlines) * (1 + _DATED * dated) * room * (_BESIDE if self.is_aside else 1)


def find_list(markup: str, base: str, refused: Counter[str] | None = None) -> tuple[ListLink, ...]:
    """The rows of the list on a page, in its order; none if there is no list.

    Args:
        markup: the page.
        base: its address.
        refused: counts the links that lead nowhere, by reason.
    """
    if too_expensive(markup):
        return ()
    records = jcms_records(markup)
    if records:
        markup = f"<ul>{''.join(records)}</ul>"
    tree = LexborHTMLParser(markup)
    here = url_identity(base)
    in_issue = issue_date(base) is not None
    groups: dict[tuple[str, ...], _Group] = {}
    every = list(anchors(tree, base_url(tree, base), refused))
    beside = Counter(one.node.parent.mem_id for one in every if one.is_main and one.node.parent)
    for order, one in enumerate(every):
        if not one.is_main or url_identity(one.link.url) == here:
            continue
        if in_issue and issue_date(one.link.url) is not None:
            continue  # a page of the issue, or another issue
        title = one.link.title
        if _headline_pattern().search(title) is None or is_second_label(title):
            continue
        path, aside = _path(one.node, beside)
        group = groups.setdefault(path, _Group(_loose(path)))
        group.members.append((order, one))
        group.is_aside = group.is_aside or aside
    best = _best_group(list(groups.values())) or _few_rows(list(groups.values()))
    if best is None:
        return ()
    forms = best.forms()
    for group in groups.values():
        # The first row of some lists is set in other elements.
        if group is not best and group.loose == best.loose and group.forms() <= forms:
            best.members += group.members
    return tuple(_each_once(best))


def _best_group(groups: Sequence[_Group]) -> _Group | None:
    """The group that looks most like the list; parts of a list count together."""
    scores = [group.score() for group in groups]
    parts: dict[tuple[tuple[str, ...], frozenset[str]], list[int]] = {}
    for index, score in enumerate(scores):
        if score:
            key = (groups[index].loose, frozenset(groups[index].forms()))
            parts.setdefault(key, []).append(index)
    best, most = None, 0.0
    for members in parts.values():
        members.sort(key=lambda index: -scores[index])
        seen: set[str] = set()
        whole = 0.0
        for index in members:
            urls = {one.link.url for _, one in groups[index].members}
            # The second links of a row lead where its first one does.
            whole += 0.0 if seen & urls else scores[index]
            seen |= urls
        if whole > most:
            best, most = groups[members[0]], whole
    return best


def _few_rows(groups: Sequence[_Group]) -> _Group | None:
    """The rows of a list that is too young to have three: each has a day beside it."""
    found = [
        group
        for group in groups
        if not group.is_aside
        and group.leads_to_articles()
        and all(_is_headline(one.link) and one.link.published for _, one in group.members)
    ]
    return max(found, key=lambda group: len(group.members), default=None)


def next_pages(markup: str, base: str) -> tuple[str, ...]:
    """The pages to go on with: those of the same issue of an e-paper, or the next one of a list."""
    day = issue_date(base)
    if day is None:
        following = next_list_page(markup, base)
        return (following,) if following else ()
    if too_expensive(markup):
        return ()
    tree = LexborHTMLParser(markup)
    urls = (one.link.url for one in anchors(tree, base_url(tree, base)))
    return tuple(url for url in group_issues(base, urls).get(day, ()) if url != base)


def next_list_page(markup: str, base: str) -> str | None:
    """The list page after this one: of its pager's link, of its number, of its script."""
    if too_expensive(markup):
        return _page_after(markup, base)
    tree = LexborHTMLParser(markup)
    root, here = base_url(tree, base), url_identity(base)
    numbers: dict[int, str] = {}
    shown: int | None = None
    further = None
    openers: Mapping[str, Opener] | None = None
    for node in tree.css(_PAGER_ELEMENTS)[:_MAX_PAGER_NODES]:
        label = _pager_label(node)
        if label is None:
            continue
        if openers is None and not link_target(node):
            openers = openers_in(tree)
        target = _pager_target(node, root, openers or {})
        if target is None or urlsplit(target).netloc != urlsplit(base).netloc:
            continue
        is_here = url_identity(target) == here
        if label.isdigit():
            shown = int(label) if is_here else shown
            numbers.setdefault(int(label), target)
        elif is_here:
            continue
        elif _next_label_pattern().match(label):
            return target
        elif further is None and _names_page(target, 2, 9_999):
            further = target  # of a button that loads more
    named = _page_after(markup, base)
    return named or _numbered_next(numbers, shown, base) or further


def _page_after(markup: str, base: str) -> str | None:
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


def _pager_label(node: LexborNode) -> str | None:
    """What a link or button of a pager says; None of anything else."""
    if node.tag == "link":
        return "下一页" if node.attributes.get("rel") == "next" else None
    attributes = node.attributes
    label = node.text(deep=True).strip()
    if not label:
        picture = node.css_first("img[alt]")
        drawn = picture.attributes.get("alt") if picture is not None else None
        label = (attributes.get("title") or attributes.get("aria-label") or drawn or "").strip()
        if not label and _next_class_pattern().fullmatch(attributes.get("class") or ""):
            return "下一页"
    if len(label) > _MAX_LABEL:
        return None
    is_number = label.isdecimal() and len(label) <= _MAX_DIGITS
    if is_number or _next_label_pattern().match(label) or _more_label_pattern().match(label):
        return label
    return None


def _pager_target(node: LexborNode, root: str, openers: Mapping[str, Opener]) -> str | None:
    """Where an element of a pager leads; a function of the page may know."""
    reference = link_target(node) or called_address(script_call(node.attributes), openers)
    return resolve_url(root, reference) if reference else None


def _numbered_next(numbers: Mapping[int, str], shown: int | None, base: str) -> str | None:
    """The page after the one shown, which is the number without a link or with a link to itself."""
    if shown is None:
        shown = next((one for one in range(1, 10_000) if one not in numbers), 1)
    if shown == 1 and not _is_numbered(base):
        return numbers.get(2)
    target = numbers.get(shown + 1)
    # The days of a calendar are no pages.
    return target if target and _names_page(target, shown, shown + 1) else None


def _names_page(url: str, first: int, last: int) -> bool:
    """Whether an address ends with the number of a page in a range."""
    match = _page_number_pattern().search(url)
    return match is not None and first <= int(match[1] or match[2]) <= last


def numbered_pages(url: str, wanted: int) -> Iterator[str]:
    """A page of a list and those after it, at most ``wanted``; only itself if it has no number."""
    match = _page_number_pattern().search(url)
    if match is None:
        yield from (url,)[:wanted]
        return
    start, end = match.span(1) if match[1] else match.span(2)
    for number in range(int(url[start:end]), int(url[start:end]) + wanted):
        yield f"{url[:start]}{number}{url[end:]}"


def is_further_page(url: str) -> bool:
    """Whether an address has the number of a page after the first of a list."""
    return _is_numbered(url) and _names_page(url, 1, 9_999) and not url.endswith("page=1")


def _is_numbered(url: str) -> bool:
    return re.search(r"_\d{1,4}\.\w+$|[?&]page=\d", url) is not None


def _each_once(group: _Group) -> Iterator[ListLink]:
    rows: dict[str, Anchor] = {}
    for _, one in sorted(group.members, key=lambda member: member[0]):
        rows.setdefault(url_identity(one.link.url), one)
    days = [_day(one.link) for one in rows.values()]
    if not any(days):
        # Other links of their rows hid the days.
        days = days_of_rows([one.node for one in rows.values()])
    for one, day in zip(rows.values(), days, strict=True):
        loose = "" if day else one.link.loose_day
        yield ListLink(one.link.url, one.link.title, day, loose_day=loose)


def _day(link: ListLink) -> date | None:
    return link.published or date_in_url(link.url)


def _path(node: LexborNode, beside: Mapping[int, int]) -> tuple[tuple[str, ...], bool]:
    """The elements around a link, outer ones with their names, and whether it stands aside.

    The names of the rows themselves differ (odd, even, last), those of what holds them do not.

    Args:
        node: the link.
        beside: how many links stand directly in an element, by its id.
    """
    path = [node.tag or ""]
    aside = False
    above = node.parent
    depth = 0
    while above is not None and depth < _MAX_DEPTH:
        tag = above.tag or ""
        attributes = above.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
        if tag in _ASIDE or (names != " " and is_foreign_name(names[:200])):
            aside = True
        plain = " ".join(_row_name_pattern().sub("", names).split())
        is_row = not depth and beside.get(above.mem_id, 0) < _MIN_ROWS
        path.append(tag if is_row else f"{tag} {plain}")
        above = above.parent
        depth += 1
    return tuple(path), aside


def _loose(path: tuple[str, ...]) -> tuple[str, ...]:
    return path[_NAMED_LEVELS:]

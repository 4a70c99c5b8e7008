"""The date of publication, and dates as Chinese pages write them: meta tags, bylines, URLs.

Maketime, which some systems write before the meta tag PubDate, is the time of rendering and never
the date of publication.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.blocks import Layout
from monitor.documents.html_text import clean_line, lines_of
from monitor.documents.selectors import select_nodes

_META_NAMES = (
    "pubdate",
    "publishdate",
    "publish_date",
    "publish-date",
    "publishtime",
    "firstpublishedtime",
    "article:published_time",
    "article:publish_time",
    "bytedance:published_time",
    "weibo:article:create_at",
    "og:time",
    "og:release_date",
    "og:pubdate",
    "releasedate",
    "datepublished",
    "dc.date",
    "dc.date.issued",
    "dcterms.issued",
)
_EARLIEST = date(1949, 10, 1)
LABEL_ENDS = frozenset("间期于布表发：:】] ")
"""The last characters of a label that its day follows in the next line."""

CHINA = timezone(timedelta(hours=8))
"""The time zone of days of issue."""

_TOMORROW = timedelta(days=1)
_MAX_ISSUE, _MAX_NAME = 60, 40
_FAR, _NEAR = timedelta(days=31), timedelta(days=3)
_SIGNINGS = dict.fromkeys(("byline 成文日期", "byline 发文日期", "date line"), "signing")
_LABEL_RANK = {"成文日期": 2, "发文日期": 2, "时间": 1, "日期": 1, "更新时间": 3}


@cache
def _numeric_date_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?<!\d)((?:19|20)\d\d)\s?([-/.年])\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?=\D|\d\d:|$)"
    )


@cache
def _compact_date_pattern() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMERALS = "〇一二三四五六七八九○"


@cache
def _written_date_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"([一二][{_NUMERALS}]{{3}})年([一二三四五六七八九十]{{1,3}})月([一二三四五六七八九十]{{1,3}})日"
    )


@cache
def _url_date_patterns() -> tuple[re.Pattern[str], ...]:
    # Each family has its own form of date in a URL; the first that matches decides.
    return (
        re.compile(r"/t((?:19|20)\d\d)(\d\d)(\d\d)_\d"),  # TRS .../202607/t20260715_4764203.html
        re.compile(r"/art/((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})/art_"),  # JCMS
        re.compile(r"/((?:19|20)\d\d)/(\d\d)-(\d\d)/"),  # /2026/01-31/380655.html
        re.compile(r"/((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})/"),  # /2026/2/10/c3064029.shtml
        re.compile(r"/((?:19|20)\d\d)-(\d\d)/(\d\d)/"),  # old gov.cn and e-paper
        re.compile(r"/((?:19|20)\d\d)(\d\d)/(\d\d)/"),  # e-paper /202604/24/content_16990.html
        re.compile(r"/((?:19|20)\d\d)(\d\d)(\d\d)/"),  # /20240129/2dfb67.html
        re.compile(r"/((?:19|20)\d\d)/(\d\d)(\d\d)/"),  # people.cn /n1/2019/0926/c1-2.html
        re.compile(r"[/_-]((?:19|20)\d\d)[_-](\d\d)[_-](\d\d)(?=[_/.-])"),  # 2019_09_07_1.shtml
        re.compile(r"/[a-z]/((?:19|20)\d\d)(\d\d)(\d\d)[A-Z]"),  # /a/20240513A01.html
        re.compile(r"/((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})-[0-9a-f]{8}"),  # /2020/7/2-b51327b1.html
        re.compile(r"/((?:19|20)\d\d)-(\d\d)-(\d\d)(?=[/._-])"),  # /2024-05-13/doc-1.shtml
        re.compile(
            r"/[a-z]{0,12}[_-]?((?:19|20)\d\d)(\d\d)(\d\d)[_-]\d"
        ),  # content_20240513_1.html
    )


_LABELS = (
    "发布时间|发布日期|发表时间|发表日期|发稿时间|发文日期|发文时间|成文日期|公开日期|上传时间|录入时间|添加时间|刊发时间|"
    r"出版日期|更新时间|更新日期|发布于|发表于|(?:发布|发表|刊发|首发)(?=\s?[：:])|时间|日期"
)


@cache
def _date_label_pattern() -> re.Pattern[str]:
    return re.compile(rf"({_LABELS})\s?[】\]]?\s?[：:]?\s{{0,8}}(?=((?:19|20)\d\d.{{2,36}}))")


@cache
def _label_end_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?:{_LABELS})\s?[】\]]?\s?[：:]?$")


@cache
def _other_day_pattern() -> re.Pattern[str]:
    # Days that are no day of issue: of effect, of meetings, of terms, of clocks.
    return re.compile(
        "施行|实施|生效|失效|截止|截至|到期|有效|会议|活动|开会|召开|举办|申报|报名|受理|公示|考试|开标|投标|面试|当前|现在|今天|今日"
        "|北京时间|服务器|系统时间|修改|修订|回复|评论(?!员)|网友|访问时间|星期|上映|起止|开始|结束|任期|出生|成立|制发"
    )


@cache
def _bare_pattern() -> re.Pattern[str]:
    return re.compile(
        r"^[\[（(【〖\s]*(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?"
        r"(?:\s*\d{1,2}[:：时点]\d{0,2}|[\]）)】〗\s]*(?:$|[\[（(【〖])|[\s|｜]*(?:来源|作者|编辑|记者|责任编辑|浏览|字号|点击))"
        r"|来\s{0,4}源.{0,40}(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}"
        r"|(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?\s*\d{1,2}[:：时点]\d{0,2}"
        r"|^[\[（(【\s]*(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?[^，。；、至起前到~—\d]{0,16}$"
        r"|^.{0,20}\s(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?$"
    )


@cache
def _issue_pattern() -> re.Pattern[str]:
    # The issue of a newspaper: 2026年01月20日 星期二 第01版：要闻. 详见1月20日第3版 is none.
    day = r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?"
    sheet = r"第?\s?[A-Z]?\d{1,3}\s?版"
    weekday = r"(?:\s*星期[一二三四五六日天])?"
    return re.compile(
        rf"^[^，。；见]{{0,12}}{day}{weekday}\s*{sheet}|^{sheet}[^，。；见]{{0,12}}\s{day}{weekday}$"
    )


@cache
def _signed_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[（(]?(?:此件[^\d]{0,10})?(?:19|20)\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日(?:印发)?[）)]?"
        r"|" + _written_date_pattern().pattern
    )


@cache
def _hidden_signs() -> dict[str, tuple[str, re.Pattern[str]]]:
    """Where press systems and search engines have the day: its name, a sign of it, its form."""
    return {
        "enpproperty": ("<!--enpproperty", _press_comment_pattern()),
        "JSON": ("datePublished", _linked_data_pattern()),
    }


@cache
def _press_comment_pattern() -> re.Pattern[str]:
    return re.compile(r"<!--enpproperty.{0,600}?<date>([^<]{8,40})</date>", re.DOTALL)


@cache
def _linked_data_pattern() -> re.Pattern[str]:
    return re.compile(r"\"datePublished\"\s{0,4}:\s{0,4}\"([^\"]{8,40})\"")


@cache
def _script_value_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[:=]\s{0,4}[\"']?((?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}|1[0-9]{9}(?:\d{3})?)(?!\d)"
    )


@cache
def _published_name_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:doc)?_?(?:pub|publish|release|issue)\w{0,8}[\"']?\s{0,4}$", re.IGNORECASE
    )


@cache
def _created_name_pattern() -> re.Pattern[str]:
    # Of systems that name the time of publication so; of others it is that of anything.
    return re.compile(r"\b(?:create_?(?:time|date)|ct)[\"']?\s{0,4}$", re.IGNORECASE)


@cache
def _any_time_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\b(?!\w{0,12}(?:upd|modif|edit|expir|valid|end|start|begin|serv|now|curr|build|render|meet|login|sys))"
        r"\w{0,16}(?:time|date)[\"']?\s{0,4}$",
        re.IGNORECASE,
    )


@cache
def _digit_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?:19|20)\d\d|[一二][{_NUMERALS}]{{3}}年")


@dataclass(frozen=True, slots=True)
class IssueDay:
    """The day of issue of a document: where it was found, and what was not believed."""

    day: date | None
    found_in: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    day: date
    found_in: str
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class DatedPage:
    """What the day of issue is looked for in.

    ``first`` and ``last`` are the lines of the layout that the text lies between, ``heading`` the
    one that shows the title (-1: none). ``listed`` is the day that a list gives, ``today`` the
    day of the visit. ``in_script``: the text is a string of a script, where its day may be too.
    """

    tree: LexborHTMLParser
    meta: Mapping[str, str]
    markup: str
    layout: Layout
    heading: int
    first: int
    last: int
    selector: str | None = None
    url: str | None = None
    listed: date | None = None
    today: date | None = None
    in_script: bool = False


def find_published(page: DatedPage) -> IssueDay:
    """The day of issue: the best candidate that the clock, the list and the others allow."""
    refused: list[str] = []
    found: list[_Candidate] = []
    candidates = list(_candidates(page)) or _sole_script_day(page.markup, page.in_script)
    for one in candidates:
        if not one.day >= _EARLIEST or (page.today and one.day > page.today + _TOMORROW):
            refused.append(f"day: {one.day} ({one.found_in}) is not possible")
        else:
            found.append(one)
    chosen = _weighed(found, page.listed)
    if chosen is None:
        return IssueDay(page.listed, "list" if page.listed else "", tuple(refused))
    others = dict.fromkeys(f"{one.day} ({one.found_in})" for one in found if one.day != chosen.day)
    evidence = [f"day: {chosen.day} of {chosen.found_in}", *refused]
    evidence += [f"day: not {other}" for other in list(others)[:4]]
    return IssueDay(chosen.day, chosen.found_in, tuple(evidence))


def _weighed(found: Sequence[_Candidate], listed: date | None) -> _Candidate | None:
    """The first candidate, unless the others agree on another day, or the list rules it out."""
    if not found:
        return None
    chosen = found[0]
    # The day that a document was signed on is one witness, wherever it stands.
    witnesses = {_SIGNINGS.get(one.found_in, one.found_in): one for one in found[1:]}
    agreed = Counter(one.day for one in witnesses.values())
    for day, count in agreed.most_common(1):
        # A time of rendering is later than the day that byline and address agree on.
        if count > 1 and day < chosen.day and not chosen.found_in.startswith("selector"):
            chosen = next(one for one in found if one.day == day)
    if listed is None or abs(chosen.day - listed) <= _FAR or chosen.is_sure:
        return chosen
    near = [one for one in found if abs(one.day - listed) <= _NEAR]
    return near[0] if near else _Candidate(listed, "list")


def _candidates(page: DatedPage) -> Iterator[_Candidate]:
    """Days that a page names, the most trustworthy place first."""
    for node in select_nodes(page.tree, page.selector):
        day = find_date(
            clean_line(" ".join(lines_of(node)) or node.attributes.get("content") or "")
        )
        if day is not None:
            yield _Candidate(day, f"selector {page.selector}", is_sure=True)
    for name in _META_NAMES:
        day = find_date(page.meta.get(name, ""))
        if day is not None:
            yield _Candidate(day, f"meta {name}", is_sure=True)
    for node in page.tree.css('[itemprop="datePublished"], time[pubdate], time[datetime]')[:3]:
        attributes = node.attributes
        written = attributes.get("datetime") or attributes.get("content") or node.text(deep=True)
        day = find_date(clean_line(written or ""))
        if day is not None:
            yield _Candidate(day, "time element")
    near, far = _bylines(page)
    yield from near
    signs = {} if any(page.meta.get(name) for name in _META_NAMES) else _hidden_signs()
    for name, (sign, pattern) in signs.items():
        match = pattern.search(page.markup) if sign in page.markup else None
        day = find_date(match[1]) if match is not None else None
        if day is not None:
            yield _Candidate(day, name)
    if page.in_script:
        yield from islice(_script_days(page.markup, _published_name_pattern()), 1)
    day = date_in_url(page.url) if page.url else None
    if day is not None:
        yield _Candidate(day, "address")
    yield from far
    yield from _date_lines(page)


def _script_days(markup: str, name: re.Pattern[str]) -> Iterator[_Candidate]:
    """Days among the data of a script whose name fits: as text, or as seconds since 1970."""
    for match in _script_value_pattern().finditer(markup):
        before = markup[max(0, match.start() - _MAX_NAME) : match.start()]
        if name.search(before) is None:
            continue
        written = match[1]
        if written.isdigit():
            yield _Candidate(datetime.fromtimestamp(int(written[:10]), CHINA).date(), "script")
        elif (day := find_date(written)) is not None:
            yield _Candidate(day, "script")


def _sole_script_day(markup: str, in_script: bool) -> list[_Candidate]:
    """The day of publication that scripts name, if it is one: several are of several articles.

    Where the text stands in a script too, the only day of its data is meant, whatever its name.
    """
    names = [_published_name_pattern(), _created_name_pattern()]
    names += [_any_time_pattern()] if in_script else []
    for name in names if "<script" in markup else ():
        days = list(dict.fromkeys(_script_days(markup, name)))
        if days:
            return days if len(days) == 1 else []
    return []


def _bylines(page: DatedPage) -> tuple[list[_Candidate], list[_Candidate]]:
    """Days in the lines around the text: with a label anywhere, without one near the title.

    Those without a label below the text come apart: they may be of something else.
    """
    lines = page.layout.lines
    near = range(max(0, page.heading - 3), page.heading + 9) if page.heading >= 0 else None
    labelled: list[_Candidate] = []
    bare: list[_Candidate] = []
    below: list[_Candidate] = []
    label_ends, has_year = _label_end_pattern().search, _digit_pattern().search
    for index, line in enumerate(lines):
        if page.first + 3 < index <= page.last:
            continue
        text = line.text
        if len(text) > 200:
            continue
        text = _plain_day(text)
        if text[-1] in LABEL_ENDS and label_ends(text) is not None and index + 1 < len(lines):
            text = f"{text} {lines[index + 1].text[:40]}"
        elif has_year(text) is None or line.link_share > 0.6:
            continue
        found = _labelled_days(text)
        if found:
            labelled += found
            continue
        close = index in near if near is not None else page.first - 8 <= index < page.first
        if close and (day := _bare_day(text)) is not None:
            (bare if index <= page.last else below).append(_Candidate(day, "byline"))
    labelled.sort(key=lambda one: _LABEL_RANK.get(one.found_in[7:], 1))
    return labelled + bare, below


def _labelled_days(text: str) -> list[_Candidate]:
    found = []
    for match in _date_label_pattern().finditer(text):
        if _other_day_pattern().search(text[max(0, match.start() - 6) : match.end(1)]) is not None:
            continue
        day = find_date(match[2])
        if day is not None:
            found.append(_Candidate(day, f"byline {match[1]}"))
    return found


def day_of_byline(text: str, following: str) -> tuple[date | None, str]:
    """The day of a line that is a byline, and what gave it; the label may end the line before.

    Args:
        text: the line.
        following: the line after it.
    """
    if len(text) > 200:
        return None, ""
    text = _plain_day(text)
    if text[-1:] in LABEL_ENDS and _label_end_pattern().search(text) is not None:
        text = f"{text} {following[:40]}"
    labelled = sorted(_labelled_days(text), key=lambda one: _LABEL_RANK.get(one.found_in[7:], 1))
    if labelled:
        return labelled[0].day, labelled[0].found_in
    day = _bare_day(text)
    return day, "byline" if day else ""


def signed_day(text: str) -> date | None:
    """The day of a line that holds nothing else."""
    text = _plain_day(text)
    return find_date(text) if _signed_pattern().fullmatch(text) is not None else None


_WIDE_DIGITS = {ord("０") + digit: str(digit) for digit in range(10)}


def _plain_day(text: str) -> str:
    """A line with its wide digits and the name of January as usual ones: ２０２６年元月３日."""
    if "２" in text:
        text = text.translate(_WIDE_DIGITS)
    return text.replace("年元月", "年1月") if "年元月" in text else text


def _bare_day(text: str) -> date | None:
    """The day of a byline without a label: 2020-10-04 20:30 来源: …, or alone in its line."""
    if len(text) <= _MAX_ISSUE and _issue_pattern().search(text) is not None:
        return find_date(text)
    if _other_day_pattern().search(text) is not None:
        return None
    if _bare_pattern().search(text) is None and _signed_pattern().fullmatch(text) is None:
        return None
    return find_date(text)


def _date_lines(page: DatedPage) -> Iterator[_Candidate]:
    """The day that a document is signed with: alone in one of its last lines."""
    for line in page.layout.lines[max(page.first, page.last - 6) : page.last + 1]:
        day = signed_day(line.text)
        if day is not None:
            yield _Candidate(day, "date line")


def find_date(text: str) -> date | None:
    """The first date in a short text: a byline, a meta tag, a list row.

    One portal writes ``2026-07-14 14:362026-07-15 14:44``; the first date counts. Dates without
    a year and relative ones (今天, 5 分前) are ignored.
    """
    for pattern in (_numeric_date_pattern(), _compact_date_pattern()):
        for match in pattern.finditer(text[:2000]):
            groups = match.groups()
            found = _day(groups[0], groups[-2], groups[-1])
            if found is not None:
                return found
    written = _written_date_pattern().search(text[:2000]) if "年" in text else None
    return _day(*map(_written_number, written.groups())) if written is not None else None


@cache
def _english_date_pattern() -> re.Pattern[str]:
    month = f"({'|'.join(_MONTHS)})[a-z]{{0,6}}\\.?"
    return re.compile(
        rf"\b(?:{month}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?|(\d{{1,2}})(?:st|nd|rd|th)?\s+{month},?)"
        r"\s+((?:19|20)\d\d)\b",
        re.IGNORECASE,
    )


def find_english_date(text: str) -> date | None:
    """The first date in English in a short text: Oct 12, 2026, or 12 October 2026."""
    match = _english_date_pattern().search(text[:2000])
    if match is None:
        return None
    month = _MONTHS.index((match[1] or match[4]).lower()) + 1
    return _day(match[5], str(month), match[2] or match[3])


def day_in_china(written: str) -> date | None:
    """The date in China of a time in RFC 822, in ISO 8601 or as pages write it.

    It is the date of an article, whatever the time zone of the server.
    """
    written = written.strip()[:100]
    when: datetime | None = None
    try:
        when = datetime.fromisoformat(written)
    except ValueError:
        try:
            when = parsedate_to_datetime(written)
        except (ValueError, TypeError, IndexError, OverflowError):
            when = None
    if when is None:
        return find_date(written)
    if when.tzinfo is None:
        return when.date()
    try:
        return when.astimezone(CHINA).date()
    except OverflowError:
        return None


def _written_number(written: str) -> str:
    """A number of a date in Chinese numerals, as digits: 二〇二四, 十二, 三十一."""
    if "十" not in written:
        return "".join(str(_NUMERALS.index(one) % 10) for one in written)
    tens, _, ones = written.partition("十")
    return str(10 * int(_written_number(tens or "一")) + int(_written_number(ones or "〇")))


def date_in_url(url: str) -> date | None:
    """The date in the URL of an article.

    It is the date of filing: a report of January may be filed under May after a second
    publication. So every other date takes precedence.
    """
    path = url.split("?", 1)[0].split("#", 1)[0][:2000]
    for pattern in _url_date_patterns():
        match = pattern.search(path)
        if match is not None:
            found = _day(*match.groups())
            if found is not None:
                return found
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None

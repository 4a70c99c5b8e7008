"""Days that a row of a list writes without a year, or by their distance from today. Pure.

03-15 is a day under the heading 2026年; without one, it and 昨天 need the time of the visit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.dates import CHINA

_MAX_NODES = 200_000
_NO_HEADING = frozenset({"a", "option", "script", "style"})
_DAYS_AGO = {"今天": 0, "今日": 0, "today": 0, "昨天": 1, "昨日": 1, "yesterday": 1, "前天": 2}
_UNITS = (
    ("秒", "seconds"),
    ("分", "minutes"),
    ("时", "hours"),
    ("天", "days"),
    ("周", "weeks"),
    ("sec", "seconds"),
    ("min", "minutes"),
    ("hour", "hours"),
    ("day", "days"),
)
# One headline pinned to the top breaks the order of a list; more breaks mean several years.
_MAX_RISES = 1


@cache
def _loose_pattern() -> re.Pattern[str]:
    # Alone between spaces or in brackets: prose about 昨天 or a score of 10-12 is no day of a row.
    return re.compile(
        r"(?:(?<!\S)(?:(?:发布)?(?:时间|日期)\s*[:：]\s*)?|[\[(（【]\s*)"
        r"(刚刚|今[天日]|昨[天日]|前天|today|yesterday"
        r"|\d{1,3}\s?(?:秒钟?|分钟?|个?小时|天|周)前"
        r"|\d{1,3}\s(?:(?:sec|second)s?|min(?:ute)?s?|hours?|days?)\sago"
        r"|\d\d[-/]\d\d|\d{1,2}月\d{1,2}日)"
        r"(?:\s*\d{1,2}:\d\d(?::\d\d)?)?(?:\s*[\])）】]|(?!\S))",
        re.IGNORECASE,
    )


@cache
def _month_day_pattern() -> re.Pattern[str]:
    return re.compile(r"(\d{1,2})[-/月](\d{1,2})日?")


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(r"\W*((?:19|20)\d\d)\s*年?度?\W*")


@cache
def _named_year_pattern() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def loose_day(text: str) -> str:
    """A day without a year, or relative to today, as the row writes it; empty if there is none."""
    match = _loose_pattern().search(text)
    return match[1] if match is not None else ""


def month_day(written: str) -> tuple[int, int] | None:
    """Month and day of a loose day; None of a relative one."""
    match = _month_day_pattern().fullmatch(written)
    return (int(match[1]), int(match[2])) if match is not None else None


def heading_years(tree: LexborHTMLParser, rows: Collection[int]) -> dict[int, int]:
    """The year in whose part of the page a link stands, by the link's id.

    A heading is a text that is a year only. Years that follow one another are a menu.
    """
    found: dict[int, int] = {}
    year: int | None = None
    has_rows = True
    root = tree.root
    for count, node in enumerate(root.traverse(include_text=True) if root is not None else ()):
        if count > _MAX_NODES:
            break
        if node.mem_id in rows:
            has_rows = True
            if year is not None:
                found[node.mem_id] = year
        elif node.tag == "-text" and node.parent and node.parent.tag not in _NO_HEADING:
            text = node.text_content or ""
            match = _year_pattern().fullmatch(text) if len(text) < 40 else None
            if match is not None:
                year = int(match[1]) if has_rows else None
                has_rows = False
    return found


def complete_days(
    rows: Sequence[tuple[str, str]], now: datetime, is_first_page: bool
) -> list[date | None]:
    """The days of rows that write them loosely.

    A day without a year is the latest that is not in the future, if the rows are in the order of
    time then and no title names an earlier year. Further pages of a list may be years old.

    Args:
        rows: loose day (empty if the row has none) and title of each.
        now: when the page was fetched.
        is_first_page: whether the page is the first of its list.
    """
    today = now.astimezone(CHINA)
    days: list[date | None] = []
    yearless: list[date] = []
    for written, title in rows:
        parts = month_day(written) if written else None
        if parts is None:
            days.append(_days_ago(written, today) if written else None)
            continue
        day = _latest(*parts, today.date() + timedelta(days=1)) if is_first_page else None
        named = [int(one) for one in _named_year_pattern().findall(title)]
        if day is not None and named and max(named) < day.year - 1:
            day = None
        if day is not None:
            yearless.append(day)
        days.append(day)
    rises = sum(later > earlier for earlier, later in pairwise(yearless))
    if rises > _MAX_RISES:
        return [
            None if month_day(written) else day
            for day, (written, _) in zip(days, rows, strict=True)
        ]
    return days


def _latest(month: int, day: int, end: date) -> date | None:
    for year in (end.year, end.year - 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= end:
            return found
    return None


def _days_ago(written: str, now: datetime) -> date:
    text = written.lower()
    if text in _DAYS_AGO:
        return (now - timedelta(days=_DAYS_AGO[text])).date()
    number = re.match(r"\d{1,3}", text)
    unit = next((unit for sign, unit in _UNITS if sign in text), None)
    if number is None or unit is None:
        return now.date()
    return (now - timedelta(**{unit: int(number[0])})).date()

"""Days and periods as people type them: 2026-02-01, 2026年2月1日, 90d, 3个月, yesterday. Pure."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from monitor.errors import UserError

_FIRST, _LAST = date(1900, 1, 1), date(2999, 12, 31)
_NUMBERS = {one: number for number, one in enumerate("一二三四五六七八九十", start=1)} | {"两": 2}
_UNITS = {
    **dict.fromkeys(("h", "hour", "hours", "小时", "个小时"), "hours"),
    **dict.fromkeys(("d", "day", "days", "天", "日"), "days"),
    **dict.fromkeys(("w", "week", "weeks", "周", "个星期", "星期"), "weeks"),
    **dict.fromkeys(("m", "mo", "month", "months", "个月", "月"), "months"),
    **dict.fromkeys(("y", "year", "years", "年"), "years"),
}
_MONTHS = {"months": 1, "years": 12}
_HINT = "write YYYY-MM-DD, or a period: 90d, 2w, 3m, 1y, yesterday, last week"


@cache
def _day_pattern() -> re.Pattern[str]:
    return re.compile(r"(\d{1,6})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@cache
def _month_pattern() -> re.Pattern[str]:
    return re.compile(r"(\d{4})[-/.年](\d{1,2})月?")


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(r"(\d{4})年?")


@cache
def _period_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:last |past |最近|过去|近)?(\d{1,9}|[半一二两三四五六七八九十]) ?"
        r"([a-z]+|个?[小时天日周星期月年]+)(?: ago|前|内|来|以来)?"
    )


def day_of(value: str, option: str, *, hint: str = "write YYYY-MM-DD") -> date:
    """A day that was typed: 2026-02-01, 2026/2/1, 2026年2月1日.

    Raises:
        UserError: it is no day, or one that no log has.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    found = _day_pattern().fullmatch(text)
    try:
        day = date(*map(int, found.groups())) if found else date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option}: {value!r} is no date", hint=hint) from None
    if not _FIRST <= day <= _LAST:
        raise UserError(f"{option}: {value} is out of range", hint=f"{_FIRST.year} to {_LAST.year}")
    return day


def start_of(value: str, option: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The time since when: the midnight a day or a period begins at; hours are exact.

    Args:
        value: a day, 90d, 2w, 3m, 1y, 24h, 三个月, yesterday, 上周 and the like.
        option: named in the error.
        zone: whose midnight it is.
        now: the current time.

    Raises:
        UserError: it is none of these.
    """
    text = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    today = now.astimezone(zone).date()
    day = _named(text, today) or _month_or_year(text)
    if day is None:
        period = _period_pattern().fullmatch(text)
        unit = None if period is None else _UNITS.get(period[2])
        if period is None or unit is None or (period[1] == "半" and unit != "years"):
            day = day_of(value, option, hint=_HINT)
        elif unit == "hours":
            return now - timedelta(hours=min(_number(period[1]), 24 * 365 * 100))
        else:
            day = _back(today, period[1], unit)
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else _NUMBERS.get(text, 0)


def _back(today: date, count: str, unit: str) -> date:
    months = _MONTHS.get(unit)
    if months is None:
        days = _number(count) * (7 if unit == "weeks" else 1)
        return today - timedelta(days=min(days, (today - _FIRST).days))
    number = 6 if count == "半" else months * _number(count)
    index = today.year * 12 + today.month - 1 - number
    year, month = divmod(max(index, _FIRST.year * 12), 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _named(text: str, today: date) -> date | None:
    monday = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    names = {
        today: ("today", "今天", "今日"),
        today - timedelta(days=1): ("yesterday", "昨天", "昨日"),
        today - timedelta(days=2): ("day before yesterday", "前天"),
    }
    weeks = {
        monday: ("this week", "本周", "这周", "这个星期"),
        monday - timedelta(days=7): ("last week", "上周", "上星期", "上个星期"),
    }
    months = {
        month: ("this month", "本月", "这个月"),
        last_month: ("last month", "上月", "上个月"),
    }
    years = {
        date(today.year, 1, 1): ("this year", "今年"),
        date(today.year - 1, 1, 1): ("last year", "去年"),
    }
    # One day may be two of these: each table is asked by itself.
    for table in (names, weeks, months, years):
        for day, words in table.items():
            if text in words:
                return day
    return None


def _month_or_year(text: str) -> date | None:
    found = _month_pattern().fullmatch(text) or _year_pattern().fullmatch(text)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2]) if found.re is _month_pattern() else 1
    if not (_FIRST.year <= year <= _LAST.year and 1 <= month <= 12):
        return None
    return date(year, month, 1)

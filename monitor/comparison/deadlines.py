"""When a promise is due by its words, and whether that is later or sooner than before."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from monitor.comparison.cues import differs_in_cue_only
from monitor.comparison.normalize import normalize
from monitor.model.changes import Basis
from monitor.model.statements import Statement

Years = tuple[int | None, int | None]
"""The plan years of the sentences before and after."""

_PLAN = {
    "十": 10,
    "十一": 11,
    "十二": 12,
    "十三": 13,
    "十四": 14,
    "十五": 15,
    "十六": 16,
    "十七": 17,
}
_RELATIVE_YEARS = {"今年": 0, "本年": 0, "年内": 0, "全年": 0, "明年": 1, "后年": 2}
_MONTH_OF_PART = {"上半年": 6, "下半年": 12, "年中": 6, "年底": 12, "年末": 12}
_MONTH_OF_PART |= {f"{n}季度": 3 * i for i, n in enumerate("一二三四", 1)}
_MONTH_OF_PART |= {f"{i}季度": 3 * i for i in range(1, 5)}
_SHORTEST_CLAUSE = 6
# A clause no longer than this may be a date alone.
_LONGEST_DATE = 11


def deadline_shift(before: str, after: str, years: Years, basis: Basis) -> int:
    """-1 where the same promise is due later than before, 1 where sooner, else 0.

    In a succession a deadline within the year of the plan moves on with the plan and counts as
    unchanged.
    """
    old, new = list(_deadlines(before, years[0])), list(_deadlines(after, years[1]))
    if not old or len(old) != len(new):
        return 0
    rests = (_without(before, old), _without(after, new))
    if not differs_in_cue_only(normalize(rests[0]), normalize(rests[1])):
        return 0
    later = 0
    for (_, _, then), (_, _, now) in zip(old, new, strict=True):
        later += now - then
        if basis is Basis.SUCCESSION and None not in years:
            within = [(due - 1) // 12 == year for due, year in ((then, years[0]), (now, years[1]))]
            if all(within):
                later -= 12 * ((years[1] or 0) - (years[0] or 0))
    return (later < 0) - (later > 0)


def clause_deadline_shift(before: Statement, after: Statement) -> int:
    """-1 where a clause of both sentences is due later than before, 1 where sooner, else 0."""
    years = before.year, after.year
    found = 0
    for old in _clauses(before.text):
        for new in _clauses(after.text):
            found += deadline_shift(old, new, years, Basis.SUCCESSION)
    return (found > 0) - (found < 0)


def due_months(text: str, plan: int | None) -> list[int]:
    """The months in which a text says something is due, counted from year 0.

    Args:
        text: the text.
        plan: the year of the plan, for 今年 and dates without a year.
    """
    return [due for *_, due in _deadlines(text, plan)]


def _deadlines(text: str, plan: int | None) -> Iterator[tuple[int, int, int]]:
    """Spans of the deadlines in a sentence, with the month each means, counted from year 0."""
    text = unicodedata.normalize("NFKC", text)
    for found in _deadline_pattern().finditer(text):
        led = found["led"] is not None or found["late"] or found["by"] or found["part"]
        if found["year"] and not led:
            continue
        if found["year"]:
            year = int(found["year"])
        elif found["plan"]:
            year = 1955 + 5 * _PLAN.get(found["plan"], 0)
        else:
            year = (plan or 0) + _RELATIVE_YEARS.get(found["ahead"] or "", 0)
        month = 12
        if found["month"]:
            month = int(found["month"])
        elif found["part"]:
            month = _MONTH_OF_PART.get(found["part"], 12)
        yield found.start(), found.end(), 12 * year + min(month, 12)


def _without(text: str, found: list[tuple[int, int, int]]) -> str:
    text = unicodedata.normalize("NFKC", text)
    for start, end, _ in reversed(found):
        text = text[:start] + text[end:]
    return text


def _clauses(sentence: str) -> Sequence[str]:
    """The clauses of a sentence; a short one, such as a date alone, belongs to the next."""
    clauses: list[str] = []
    for clause in clause_end_pattern().split(sentence):
        if clauses and len(clauses[-1]) <= _LONGEST_DATE and _date_pattern().fullmatch(clauses[-1]):
            clauses[-1] += clause
        elif clause:
            clauses.append(clause)
    return [clause for clause in clauses if len(clause) >= _SHORTEST_CLAUSE]


@cache
def _deadline_pattern() -> re.Pattern[str]:
    # A year is a deadline at the head of a clause, after a word of time, or before 底, 末, 前; in
    # 2026年世界大会 it is a part of a name.
    return re.compile(
        r"(?:(?P<led>[到至于在]|力争|争取|确保|^|[，。；：、,;:])\s*)?"
        r"(?:(?P<year>20\d\d)年|[“\"]?(?P<plan>十[一二三四五六七]?)五[”\"]?(?:规划)?期?末"
        r"|(?P<ahead>今年|本年|年内|明年|后年)|(?P<alone>(?=上半年|下半年|年[底末]前?|[一二三四1-4]季度|\d{1,2}月[底末前])))"
        r"(?P<part>上半年|下半年|年?[底末]|年中|[一二三四1-4]季度|(?P<month>\d{1,2})月)?(?P<late>[底末])?(?P<by>之?前|内)?"
    )


@cache
def clause_end_pattern() -> re.Pattern[str]:
    """A mark that ends a clause, or a sentence."""
    return re.compile("[，。；：！？\n]")


@cache
def _date_pattern() -> re.Pattern[str]:
    return re.compile(
        "(?:到|至|在)?(?:20[0-9]{2}年|今年|明年|年)?(?:[0-9]{1,2}月)?[底末]?(?:之?前)?"
    )

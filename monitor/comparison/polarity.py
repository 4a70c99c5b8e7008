"""Polarity: whether words retract a promise, move its deadline or make it less certain.

``targets`` compares numbers; the functions here find what strengthens or weakens a promise while
its numbers stay, or in spite of them. They return 1 for stronger, -1 for weaker, 0 for neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from monitor.comparison.cues import cue_pattern, negation_pattern, places
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import ratio
from monitor.comparison.thresholds import SAME_BUT_CUE
from monitor.model.changes import Basis

Years = tuple[int | None, int | None]
"""The plan years of the sentences before and after."""
_OBJECT = 20
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


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile(r"\d+(?:[.]\d+)?")


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


def retraction(before: str, after: str) -> int:
    """-1 where a sentence gained a word that retracts its promise, 1 where it lost one, else 0.

    暂缓建设 for 建设, 不推动 for 推动. The sentences must be nearly the same otherwise, numbers
    aside, because such words may also come with another subject. To retract a burden (取消收费) is
    a benefit: then the sign is reversed, if only that word was inserted.
    """
    old, new = _skeleton(before), _skeleton(after)
    retractions = cue_pattern("retractions")
    gained = len(retractions.findall(new)) - len(retractions.findall(old))
    if gained and _nearly_same(retractions.sub("", old), retractions.sub("", new)):
        without, having = (old, new) if gained > 0 else (new, old)
        return _retraction_effect(without, having) * (1 if gained > 0 else -1)
    denying = negation_pattern()
    if any(_equal_without(old, new, found) for found in denying.finditer(new)):
        return -1
    if any(_equal_without(new, old, found) for found in denying.finditer(old)):
        return 1
    return 0


def deadline_shift(before: str, after: str, years: Years, basis: Basis) -> int:
    """-1 where the same promise is due later than before, 1 where sooner, else 0.

    In a succession a deadline within the year of the plan moves on with the plan and counts as
    unchanged.
    """
    old, new = list(_deadlines(before, years[0])), list(_deadlines(after, years[1]))
    if not old or len(old) != len(new):
        return 0
    rests = (_without(before, old), _without(after, new))
    if not _nearly_same(normalize(rests[0]), normalize(rests[1])):
        return 0
    later = 0
    for (_, _, then), (_, _, now) in zip(old, new, strict=True):
        later += now - then
        if basis is Basis.SUCCESSION and None not in years:
            within = [(due - 1) // 12 == year for due, year in ((then, years[0]), (now, years[1]))]
            if all(within):
                later -= 12 * ((years[1] or 0) - (years[0] or 0))
    return (later < 0) - (later > 0)


def hedging(before: str, after: str) -> int:
    """-1 where only a hedge (力争) was inserted into a promise, 1 where one was removed, else 0."""
    old, new = normalize(before), normalize(after)
    hedges = cue_pattern("hedges")
    if any(_cut(new, found) == old for found in hedges.finditer(new)):
        return -1
    return int(any(_cut(old, found) == new for found in hedges.finditer(old)))


def list_context_direction(before: str, after: str, years: Years) -> int | None:
    """The effect of a changed line above a list on the promises under it; None for no effect.

    到2028年： for 到2027年： is -1, 以下任务不再推进： too; another place is 0, which is a change
    without a direction.
    """
    if normalize(before) == normalize(after):
        return None
    retractions = cue_pattern("retractions")
    gained = len(retractions.findall(after)) - len(retractions.findall(before))
    if gained:
        return -1 if gained > 0 else 1
    then = [due for *_, due in _deadlines(before, years[0])]
    now = [due for *_, due in _deadlines(after, years[1])]
    if then and now and then != now:
        return (sum(now) < sum(then)) - (sum(now) > sum(then))
    old, new = places(before), places(after)
    return 0 if old and new and old != new else None


def _retraction_effect(without: str, having: str) -> int:
    """The effect of a retraction cue that only ``having`` contains: -1 a promise retracted."""
    for found in cue_pattern("retractions").finditer(having):
        inserted = _equal_without(without, having, found)
        around = having[max(0, found.start() - 4) : found.end() + _OBJECT]
        if not cue_pattern("burdens").search(around):
            continue
        return 1 if inserted else 0
    return -1


def _equal_without(without: str, having: str, found: re.Match[str]) -> bool:
    """Whether removing ``found`` from ``having`` gives ``without``, at least around that place."""
    left = having[max(0, found.start() - 3) : found.start()]
    right = having[found.end() : found.end() + 3]
    if not right or not _nearly_same(without, _cut(having, found)):
        return False
    return without.startswith(right) if not left else left + right in without


def _cut(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + text[found.end() :]


def _skeleton(text: str) -> str:
    return _number_pattern().sub("#", normalize(text))


def _nearly_same(first: str, second: str) -> bool:
    return ratio(first, second) >= SAME_BUT_CUE


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

"""Which way a promise was turned by words: taken back, put off, made less certain.

Numbers are compared in ``targets``; here is what turns a promise while its numbers stay, or in
spite of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rapidfuzz import fuzz

from monitor.comparison.cues import denials, places, words_pattern
from monitor.comparison.normalize import normalise
from monitor.comparison.thresholds import TURNED
from monitor.model.changes import Basis

Years = tuple[int | None, int | None]
"""The plan years of the sentences before and after."""

_NUMBER = re.compile(r"\d+(?:[.]\d+)?")
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
_AHEAD = {"今年": 0, "本年": 0, "年内": 0, "全年": 0, "明年": 1, "后年": 2}
_PART = {"上半年": 6, "下半年": 12, "年中": 6, "年底": 12, "年末": 12}
_PART |= {f"{n}季度": 3 * i for i, n in enumerate("一二三四", 1)}
_PART |= {f"{i}季度": 3 * i for i in range(1, 5)}
# A year is a deadline at the head of a clause, after a word of time, or with 底, 末, 前 after it;
# 2026年世界大会 names the congress.
_DEADLINE = re.compile(
    r"(?:(?P<led>[到至于在]|力争|争取|确保|^|[，。；：、,;:])\s*)?"
    r"(?:(?P<year>20\d\d)年|[“\"]?(?P<plan>十[一二三四五六七]?)五[”\"]?(?:规划)?期?末"
    r"|(?P<ahead>今年|本年|年内|明年|后年)|(?P<alone>(?=上半年|下半年|年[底末]前?|[一二三四1-4]季度|\d{1,2}月[底末前])))"
    r"(?P<part>上半年|下半年|年?[底末]|年中|[一二三四1-4]季度|(?P<month>\d{1,2})月)?(?P<late>[底末])?(?P<by>之?前|内)?"
)


def taken_back(before: str, after: str) -> int:
    """-1 where a sentence gained a word that takes its promise back, 1 where it lost one, else 0.

    暂缓建设 for 建设, 不推动 for 推动. Only where the sentences are else nearly the same, their
    numbers aside, because such words may also come with another matter. To take back a burden
    (取消收费) is no retreat: there the way is the other one, if nothing but that word came.
    """
    old, new = _skeleton(before), _skeleton(after)
    retreats = words_pattern("retreats")
    gained = len(retreats.findall(new)) - len(retreats.findall(old))
    if gained and _alike(retreats.sub("", old), retreats.sub("", new)):
        without, having = (old, new) if gained > 0 else (new, old)
        return _toll(without, having) * (1 if gained > 0 else -1)
    denying = denials()
    if any(_stands_without(old, new, found) for found in denying.finditer(new)):
        return -1
    if any(_stands_without(new, old, found) for found in denying.finditer(old)):
        return 1
    return 0


def put_off(before: str, after: str, years: Years, basis: Basis) -> int:
    """-1 where the same promise is due later than before, 1 where sooner, else 0.

    In a succession what is due within the plan's year is due within the next plan's: the plan
    moved on.
    """
    old, new = list(_deadlines(before, years[0])), list(_deadlines(after, years[1]))
    if not old or len(old) != len(new):
        return 0
    rests = (_without(before, old), _without(after, new))
    if not _alike(normalise(rests[0]), normalise(rests[1])):
        return 0
    later = 0
    for (_, _, then), (_, _, now) in zip(old, new, strict=True):
        later += now - then
        if basis is Basis.SUCCESSION and None not in years:
            within = [(due - 1) // 12 == year for due, year in ((then, years[0]), (now, years[1]))]
            if all(within):
                later -= 12 * ((years[1] or 0) - (years[0] or 0))
    return (later < 0) - (later > 0)


def hedged(before: str, after: str) -> int:
    """-1 where nothing but a word that makes it less certain came to a promise, 1 if it went."""
    old, new = normalise(before), normalise(after)
    hedges = words_pattern("hedges")
    if any(_cut(new, found) == old for found in hedges.finditer(new)):
        return -1
    return int(any(_cut(old, found) == new for found in hedges.finditer(old)))


def lead_turned(before: str, after: str, years: Years) -> int | None:
    """What another line above a list does to the promises under it; None if nothing.

    到2028年： for 到2027年： is -1, 以下任务不再推进： too; another place is 0, which is no way but
    no cosmetic either.
    """
    if normalise(before) == normalise(after):
        return None
    retreats = words_pattern("retreats")
    gained = len(retreats.findall(after)) - len(retreats.findall(before))
    if gained:
        return -1 if gained > 0 else 1
    then = [due for *_, due in _deadlines(before, years[0])]
    now = [due for *_, due in _deadlines(after, years[1])]
    if then and now and then != now:
        return (sum(now) < sum(then)) - (sum(now) > sum(then))
    old, new = places(before), places(after)
    return 0 if old and new and old != new else None


def _toll(without: str, having: str) -> int:
    """What the word of retreat that only ``having`` has means: -1 a promise taken back."""
    for found in words_pattern("retreats").finditer(having):
        inserted = _stands_without(without, having, found)
        around = having[max(0, found.start() - 4) : found.end() + _OBJECT]
        if not words_pattern("burdens").search(around):
            continue
        return 1 if inserted else 0
    return -1


def _stands_without(without: str, having: str, found: re.Match[str]) -> bool:
    """Whether taking what was found out of a sentence leaves the other one, there at least."""
    left = having[max(0, found.start() - 3) : found.start()]
    right = having[found.end() : found.end() + 3]
    if not right or not _alike(without, _cut(having, found)):
        return False
    return without.startswith(right) if not left else left + right in without


def _cut(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + text[found.end() :]


def _skeleton(text: str) -> str:
    return _NUMBER.sub("#", normalise(text))


def _alike(first: str, second: str) -> bool:
    return fuzz.ratio(first, second) / 100 >= TURNED


def _deadlines(text: str, plan: int | None) -> Iterator[tuple[int, int, int]]:
    """Where a sentence says by when, and the month it means, counted from the year 0."""
    text = unicodedata.normalize("NFKC", text)
    for found in _DEADLINE.finditer(text):
        led = found["led"] is not None or found["late"] or found["by"] or found["part"]
        if found["year"] and not led:
            continue
        if found["year"]:
            year = int(found["year"])
        elif found["plan"]:
            year = 1955 + 5 * _PLAN.get(found["plan"], 0)
        else:
            year = (plan or 0) + _AHEAD.get(found["ahead"] or "", 0)
        month = 12
        if found["month"]:
            month = int(found["month"])
        elif found["part"]:
            month = _PART.get(found["part"], 12)
        yield found.start(), found.end(), 12 * year + min(month, 12)


def _without(text: str, found: list[tuple[int, int, int]]) -> str:
    text = unicodedata.normalize("NFKC", text)
    for start, end, _ in reversed(found):
        text = text[:start] + text[end:]
    return text

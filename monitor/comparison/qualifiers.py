"""Qualifiers: numbers that are not targets (千亿级, 30个工作日内, 全国前三, 20—30家, 三分之二).

Where two sentences differ in one such number only, and its sense is known, the change has a
direction; a number of unknown sense (年营收5亿元以上的企业) has none.
"""

from __future__ import annotations

import re
from functools import cache

from monitor.comparison.normalize import normalize
from monitor.extraction.numbers import chinese as chinese_number

_SCALE = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}


@cache
def _figure_pattern() -> re.Pattern[str]:
    return re.compile(r"\d+(?:[.]\d+)?[十百千万亿]*|[一二两三四五六七八九十百千万亿]+")


@cache
def _parts_pattern() -> re.Pattern[str]:
    return re.compile(r"(\d+(?:[.]\d+)?|[一二两三四五六七八九十]*)([十百千万亿]*)")


@cache
def _more_after_pattern() -> re.Pattern[str]:
    # What stands before (<) and after (>) a number of which more is more, or less.
    return re.compile(r"^(?:元)?级")


@cache
def _more_before_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:\d-|超|突破|分之)$")


@cache
def _less_before_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:全国|全球|世界|全省|行业|进入|跻身|保持|位居|位列|排名)前$")


@cache
def _less_after_pattern() -> re.Pattern[str]:
    return re.compile(r"^个?(?:工作日|天|小时|分钟|个?月)(?:之?内|以内|完成|办结)")


@cache
def _pressed_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:时限|时间|周期|审批|办理|办结)[^，。；]{0,8}$")


@cache
def _span_pattern() -> re.Pattern[str]:
    return re.compile(r"^个?(?:工作日|天|小时|分钟|月)")


def qualifier_direction(before: str, after: str) -> int:
    """1 where the only number in which two sentences differ got stronger, -1 weaker, else 0."""
    old, new = normalize(before), normalize(after)
    then, now = list(_figure_pattern().finditer(old)), list(_figure_pattern().finditer(new))
    if len(then) != len(now) or _figure_pattern().sub("#", old) != _figure_pattern().sub("#", new):
        return 0
    other = [(a, b) for a, b in zip(then, now, strict=True) if a[0] != b[0]]
    if len(other) != 1:
        return 0
    first, second = _value(other[0][0][0]), _value(other[0][1][0])
    if first is None or second is None or first == second:
        return 0
    sense = _sense(new[: other[0][1].start()], new[other[0][1].end() :])
    return sense if second > first else -sense


def _sense(left: str, right: str) -> int:
    if _less_before_pattern().search(left) or _less_after_pattern().match(right):
        return -1
    if _pressed_pattern().search(left) and _span_pattern().match(right):
        return -1
    return int(bool(_more_after_pattern().match(right) or _more_before_pattern().search(left)))


def _value(text: str) -> float | None:
    """The value of a number, also of 千亿 and 三; None when it is not a number."""
    parts = _parts_pattern().fullmatch(text)
    if parts is None:
        return chinese_number(text)
    head, scale = parts[1], parts[2]
    number = 1.0 if not head else float(head) if head[0].isdigit() else chinese_number(head)
    if number is None:
        return None
    for letter in scale:
        number *= _SCALE[letter]
    return number

"""Numbers that are no targets: 千亿级, 30个工作日内, 全国前三, 20—30家, 三分之二.

Where two sentences differ in one such number alone, and it is known which way is more, the change
has a way; a number nobody knows the sense of (年营收5亿元以上的企业) has none.
"""

from __future__ import annotations

import re

from monitor.comparison.normalize import normalise
from monitor.extraction.numbers import chinese as chinese_number

_FIGURE = re.compile(r"\d+(?:[.]\d+)?[十百千万亿]*|[一二两三四五六七八九十百千万亿]+")
_SCALE = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_PARTS = re.compile(r"(\d+(?:[.]\d+)?|[一二两三四五六七八九十]*)([十百千万亿]*)")
# What stands before (<) and after (>) a number of which more is more, or less.
_MORE_AFTER = re.compile(r"^(?:元)?级")
_MORE_BEFORE = re.compile(r"(?:\d-|超|突破|分之)$")
_LESS_BEFORE = re.compile(r"(?:全国|全球|世界|全省|行业|进入|跻身|保持|位居|位列|排名)前$")
_LESS_AFTER = re.compile(r"^个?(?:工作日|天|小时|分钟|个?月)(?:之?内|以内|完成|办结)")
_PRESSED = re.compile(r"(?:时限|时间|周期|审批|办理|办结)[^，。；]{0,8}$")
_SPAN = re.compile(r"^个?(?:工作日|天|小时|分钟|月)")


def figure_turned(before: str, after: str) -> int:
    """1 where the one number in which two sentences differ grew stronger, -1 weaker, else 0."""
    old, new = normalise(before), normalise(after)
    then, now = list(_FIGURE.finditer(old)), list(_FIGURE.finditer(new))
    if len(then) != len(now) or _FIGURE.sub("#", old) != _FIGURE.sub("#", new):
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
    if _LESS_BEFORE.search(left) or _LESS_AFTER.match(right):
        return -1
    if _PRESSED.search(left) and _SPAN.match(right):
        return -1
    return int(bool(_MORE_AFTER.match(right) or _MORE_BEFORE.search(left)))


def _value(text: str) -> float | None:
    """The number, 千亿 and 三 too."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return chinese_number(text)
    head, scale = parts[1], parts[2]
    number = 1.0 if not head else float(head) if head[0].isdigit() else chinese_number(head)
    if number is None:
        return None
    for letter in scale:
        number *= _SCALE[letter]
    return number

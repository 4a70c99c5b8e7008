"""Years a sentence names: 到2027年, 今年, “十五五”末."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ORDINALS = {"十": 10, "十一": 11, "十二": 12, "十三": 13, "十四": 14, "十五": 15, "十六": 16}
_ORDINALS |= {"十七": 17, "十八": 18}
_RELATIVE = {
    "今年": 0,
    "本年": 0,
    "年内": 0,
    "明年": 1,
    "后年": 2,
    "去年": -1,
    "上年": -1,
    "前年": -2,
}
# Points back to the year the sentence before named: 到2030年…。届时，算力突破….
_BACK = re.compile("届时|到那时|到时")

_YEAR = re.compile(
    r"(?P<year>(?:19|20)[0-9]{2})年(?!代|[0-9]|来|以来|起|启动|开始|[省市]?政府工作报告|全国两会|世界|中国)"
    r"|“?(?P<plan>十[一二三四五六七八]?)五”?(?:规划)?(?:时期|期)?(?P<end>末|期末|收官|结束)"
    r"|(?P<relative>今年|本年|年内|明年|后年|去年|上年|前年)"
)
# Right before a year these make it the start of a span or the other side of a comparison.
_NOT_FOR = re.compile(r"(?:比|较|自|从|由|与|是|为|超|同比)$")


@dataclass(frozen=True, slots=True)
class NamedYear:
    """A year and where the sentence names it."""

    start: int
    end: int
    year: int
    relative: bool


def last_year_of_plan(ordinal: int) -> int:
    """The n-th five-year plan ends in 1955 + 5n: 十四五 in 2025, 十五五 in 2030."""
    return 1955 + 5 * ordinal


def named_years(sentence: str, now: int | None, earlier: str = "") -> list[NamedYear]:
    """All years the sentence names for what follows them; ``now`` is the year of 今年.

    ``earlier`` stands before the sentence; its last year is what 届时 means.
    """
    found: list[NamedYear] = []
    back = _BACK.search(sentence) if earlier else None
    if back is not None and (named := named_years(earlier, now)):
        found.append(NamedYear(*back.span(), named[-1].year, relative=True))
    for match in _YEAR.finditer(sentence):
        if _NOT_FOR.search(sentence, max(0, match.start() - 2), match.start()):
            continue
        if match["year"]:
            year: int | None = int(match["year"])
        elif match["plan"]:
            year = last_year_of_plan(_ORDINALS[match["plan"]])
        else:
            year = None if now is None else now + _RELATIVE[match["relative"]]
        if year is not None:
            found.append(NamedYear(*match.span(), year, match["relative"] is not None))
    return sorted(found, key=lambda year: year.start)

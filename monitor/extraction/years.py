"""The years that a sentence names for what follows them: 2027年, 今年, 十五五末."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_ORDINALS = {"十": 10, "十一": 11, "十二": 12, "十三": 13, "十四": 14, "十五": 15, "十六": 16}
_ORDINALS |= {"十七": 17, "十八": 18}
_RELATIVE = {
    "今年": 0,
    "本年": 0,
    "年内": 0,
    "年底": 0,
    "年末": 0,
    "明年": 1,
    "后年": 2,
    "去年": -1,
    "上年": -1,
    "前年": -2,
}


@cache
def _back_pattern() -> re.Pattern[str]:
    # Refers to the year of the sentence before: 到2030年…。届时，算力突破….
    return re.compile("届时|到那时|到时")


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?P<year>(?:19|20)[0-9]{2})年(?!代|[0-9]|来|以来|[初底末]?以来|起|至今|到现在|启动|开始|[省市]?政府工作报告|全国两会|世界|中国)"
        r"|“?(?P<plan>十[一二三四五六七八]?)五”?(?:规划)?(?:时期(?=末|结束|收官)|期(?=末))?(?P<end>末|期末|收官|结束|期间|期内|时期)"
        r"|(?P<relative>今年|本年|(?<![0-9一二两三四五六七八九十几])年内"
        # 年底 alone is that of this year where something is still to come.
        r"|(?:(?<=[，、。；]到)|(?<![0-9一二两三四五六七八九十几去上前明后今本每当全近到至])|^到)年[底末](?=[^，。；]{0,24}将|前)"
        r"|明年|后年|去年|上年|前年)"
    )


# What is promised for the time of a plan is due at its end.
_DURING = frozenset({"期间", "期内", "时期"})


@cache
def _not_for_pattern() -> re.Pattern[str]:
    # Right before a year these make it the start of a span or the other side of a comparison.
    return re.compile(r"(?:比|较|自|从|由|与|是|为|超|同比)$")


@dataclass(frozen=True, slots=True)
class NamedYear:
    """A year and its span in the sentence; ``relative`` for 今年, 明年 and the like."""

    start: int
    end: int
    year: int
    relative: bool


def last_year_of_plan(ordinal: int) -> int:
    """The n-th five-year plan ends in 1955 + 5n: 十四五 in 2025, 十五五 in 2030."""
    return 1955 + 5 * ordinal


def named_years(sentence: str, this_year: int | None, earlier: str = "") -> list[NamedYear]:
    """All years that the sentence names for what follows them, in order.

    Args:
        sentence: text for analysis.
        this_year: the year that 今年 means; None when it is not known.
        earlier: the text before the sentence; its last year is what 届时 means.
    """
    found: list[NamedYear] = []
    back = _back_pattern().search(sentence) if earlier else None
    if back is not None and (named := named_years(earlier, this_year)):
        found.append(NamedYear(*back.span(), named[-1].year, relative=True))
    for match in _year_pattern().finditer(sentence):
        if _not_for_pattern().search(sentence, max(0, match.start() - 2), match.start()):
            continue
        if match["year"]:
            year: int | None = int(match["year"])
        elif match["plan"]:
            year = last_year_of_plan(_ORDINALS[match["plan"]])
            if match["end"] in _DURING and this_year is not None and year < this_year:
                # What was reached in a period that is over may have been reached in any year.
                continue
        else:
            year = None if this_year is None else this_year + _RELATIVE[match["relative"]]
        if year is not None:
            found.append(NamedYear(*match.span(), year, match["relative"] is not None))
    return sorted(found, key=lambda year: year.start)

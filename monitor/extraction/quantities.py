"""Quantities in a sentence: span, value, unit, and the op (at least, about, increase …)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from monitor.extraction.numerals import (
    ARABIC,
    CHINESE,
    DIGITS,
    MULTIPLIER,
    SMALL_UNITS,
    multiplier,
    number_value,
)
from monitor.extraction.units import GROWTH_UNITS, Unit, unit_pattern, units
from monitor.extraction.vocabulary import alternation, quantity_cues, quantity_words
from monitor.model.statements import Op

_MULTIPLIED = {"翻一番": 1.0, "翻了一番": 1.0, "翻番": 1.0, "翻两番": 3.0, "翻了两番": 3.0}


@cache
def _from_pattern() -> re.Pattern[str]:
    return re.compile(
        "[由从](?:(?:20[0-9]{2}|[^，。；、0-9]{0,4})(?:年|年初|年末|年底|月|季度|期)的?)?$"
    )


@cache
def _to_pattern() -> re.Pattern[str]:
    # What may stand between the two: at most a verb, and the year of the second.
    return re.compile(
        "[^，。；、]{0,8}|[^，。；、0-9]{0,6}[到至为](?:20[0-9]{2}年|今年|去年)[底末]?的?"
    )


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit.

    ``start:end`` is the span of the number, its unit and the word after (以上); ``cue`` is the
    word before (突破), which begins at ``cue_start``.
    """

    start: int
    end: int
    value: float
    unit: str
    op: Op
    cue_start: int
    cue: str
    counted: bool
    """Whether the unit counts things, so that a noun may follow it (100个场景)."""
    follows: bool = False
    """Whether only a comma separates it from the quantity before (23.7%、16.5%)."""
    both: bool = False
    """Whether it is said of two things at once (机架和算力“双翻番”); it then comes twice."""
    high: float | None = None
    """The upper end of a range (2—3家), whose lower end is the value."""


def quantities(sentence: str) -> list[Quantity]:
    """All quantities of a sentence, in order.

    Ordinals (第5位), dates, sizes that name a class (万卡级, 8英寸), vague numbers (数十个) and
    slogans (两个毫不动摇) do not count.
    """
    found: list[Quantity] = []
    glosses = [gloss.span() for gloss in _definition_pattern().finditer(sentence)]
    for match in _pattern().finditer(sentence):
        if any(start < match.start() < end for start, end in glosses):
            continue
        quantity = _read(sentence, match)
        if quantity is not None:
            found.append(quantity)
        if quantity is not None and quantity.both:
            found.append(replace(quantity, follows=True))
    kept: list[Quantity] = []
    start: int | None = None
    for index, quantity in enumerate(found):
        here = quantity if start is None else replace(quantity, cue_start=start)
        start = None
        after = found[index + 1] if index + 1 < len(found) else None
        if after is not None and _opens_growth(sentence, here, after):
            start = here.cue_start
        elif after is None or not _describes(sentence, here, after):
            kept.append(here)
    return _shared(sentence, kept)


@cache
def _definition_pattern() -> re.Pattern[str]:
    """An explanation of a unit: （1P约等于每秒1000万亿次）."""
    return re.compile("（[^（）\n]{0,40}?(?:等于|相当于|是指|即)[^（）\n]{0,60}）")


@cache
def _pattern() -> re.Pattern[str]:
    number = f"(?:{ARABIC}|{CHINESE})"
    unit = unit_pattern()
    tails = quantity_words().after
    after = alternation(word for words in tails.values() for word in words)
    growth = alternation(tails[Op.INCREASE_BY])
    return re.compile(
        rf"(?<![0-9A-Za-z.第〇零一二三四五六七八九十])(?:"
        rf"百分之(?P<percent>百|{number})(?![十百千万亿])"
        rf"|(?P<tenths>[一二三四五六七八九]成[一二三四五六七八九])(?![成十百千万亿])"
        rf"|(?P<bare>[千百十]?万?亿|[千百十]?万|千|百)(?P<baremore>余|多)?(?P<bareunit>{unit})"
        rf"|(?:(?P<low>{number})(?P<lowscale>{MULTIPLIER})?(?P<lowunit>{unit})?"
        rf"(?P<dash>-|—{{1,2}}|~|～|至|到))?"
        # 2500多亿元: the multiplier may follow 多. 43 EFLOPS: a blank stays between Latin letters.
        rf"(?P<number>{number})(?P<scale>{MULTIPLIER})?(?P<more>余|多|来)?(?P<late>{MULTIPLIER})?"
        rf" ?(?P<unit>{unit})"
        rf"|(?P<both>[“‘]?双)?(?P<doubled>翻了?(?:一番|两番)|翻番)[”’]?"
        # 产业规模突破3000亿, 机架超过900万: the noun implies the unit.
        rf"|(?P<amount>{number})(?P<amountscale>[十百千]?万?亿|[十百千]?万)(?P<amountmore>余|多)?"
        rf"(?=[，。；、！）“”]|大关|以上|左右|$)"
        rf"|(?P<plain>[0-9]\.[0-9]{{1,4}})(?![0-9.%])"
        # 3000台/年, 200万千瓦时/年: the frequency is no part of the unit.
        rf")(?:/(?:年|月|天|日))?(?:(?P<after>{after})(?![到至]))?(?:(?P<growth>{growth})(?![到至]))?",
        re.IGNORECASE,
    )


@cache
def _rate_pattern() -> re.Pattern[str]:
    return re.compile(
        "每(?:秒|小时|万人|千人|百人|人|年|月|天|日|户|家|亩|P|瓦|度电?|千瓦时|卡时|P时|次|吨|台|公里|平方米)$"
    )


@cache
def _share_pattern() -> re.Pattern[str]:
    """A cue that the noun parts from its number: 约占全国总规模的72%, 几乎是去年的3倍."""
    return re.compile(
        f"(?P<cue>{alternation(quantity_cues())})(?:占(?:到|据|了|全)?|是|为|相当于)"
        "[^，。；、]{1,20}$"
    )


@cache
def _growth_before_pattern() -> re.Pattern[str]:
    """What makes a share or a multiple a growth, in front of another cue: 增速分别达到."""
    words = quantity_words()
    growth = alternation((*words.growth_nouns, *words.before[Op.INCREASE_BY.value]))
    return re.compile(f"(?:{growth})(?:均|分别|已|将|也|都|普遍|总体)?$")


@cache
def _punctuation_pattern() -> re.Pattern[str]:
    return re.compile("[，、。；：！？（）和及]")


_LONGEST_CUE = 10
_LONGEST_SHARE = 30


@cache
def _class_pattern() -> re.Pattern[str]:
    # 十万台级机器人量产 says what is reached, 万卡级集群 what it is called.
    return re.compile(
        "级(?![^，。；、]{0,14}(?:量产|产能|规模(?!以上)|生产能力|落地能力))|型(?!企业)|制(?!造)"
        "|(?:时延|延迟)?圈|(?<=位)数"
    )


@cache
def _slogan_pattern() -> re.Pattern[str]:
    return re.compile("(?:毫不|确立|维护|自信|意识|全面|革命|务必|结合|伟大)")


@cache
def _implied_units() -> tuple[tuple[re.Pattern[str], Unit], ...]:
    """By the noun in front: the unit of a number that is written without one."""
    known = units()
    nameless = Unit("", "", 1, "", 1, "count", weak=False)
    return tuple(
        (re.compile(f"(?:{alternation(nouns)})[^，。；、]{{0,6}}$"), known.get(unit, nameless))
        for unit, nouns in quantity_words().implied_units.items()
    )


def _read(sentence: str, match: re.Match[str]) -> Quantity | None:
    start, end = match.span()
    # 不超过每小时2元, 达到每万人500台: the rate belongs to the number, not to the metric.
    rate = _rate_pattern().search(sentence, max(0, start - 6), start)
    spoken = rate.start() if rate else start
    cue, cue_start = _longest_cue(sentence, spoken)
    after = match["after"] or ""
    if match["doubled"]:
        times = _MULTIPLIED[match["doubled"]]
        both = match["both"] is not None
        return Quantity(
            start, end, times, "倍", Op.INCREASE_BY, start, "", counted=False, both=both
        )
    if match["plain"]:
        return _unitless(sentence, match, cue, cue_start, after)
    unit = _unit_of(sentence, match, cue_start)
    if unit is not None and unit.target == "次" and rate and rate[0] == "每秒":
        unit = replace(units()["p"], factor=1e-15)  # 每秒2000万亿次
    if unit is None or _is_name(sentence, match):
        return None
    amount = _amount(sentence, match, unit, cue)
    if amount is None:
        return None
    low, high = _low_end(sentence, match), None
    if match["bare"] and not cue and sentence[start - 1 : start] == "上":
        cue, cue_start = "至少", start - 1
    more = match["more"] or match["baremore"] or match["amountmore"]
    after = (match["growth"] or after) + ("多" if more else "")
    if unit.dimension in {"ratio", "times"} and not cue:
        share = _share_pattern().search(sentence, max(0, start - _LONGEST_SHARE), start)
        cue = share["cue"] if share else cue
    op, sign = _op(cue, after, unit)
    if unit.target in GROWTH_UNITS and _growth_before_pattern().search(
        sentence, max(0, cue_start - 8), cue_start
    ):
        op = Op.INCREASE_BY
    if low is not None:
        amount, high = low, round(amount * unit.factor, 9) if op is Op.REACH else None
    return Quantity(
        start,
        end,
        round(sign * amount * unit.factor, 9),
        unit.target,
        op,
        cue_start,
        cue,
        counted=unit.takes_noun,
        high=high,
    )


def _unit_of(sentence: str, match: re.Match[str], cue_start: int) -> Unit | None:
    """The unit of a number; None when it has none that counts (8英寸)."""
    if match["amount"]:
        before = sentence[max(0, cue_start - 16) : cue_start]
        return next((unit for noun, unit in _implied_units() if noun.search(before)), None)
    if match["tenths"] or match["percent"]:
        return units()["%"]
    unit = units()[(match["unit"] or match["bareunit"]).lower()]
    return unit if unit.target else None


def _is_name(sentence: str, match: re.Match[str]) -> bool:
    """Whether a number is part of a name, a slogan or a date: 万卡级, 数十个, 3个月."""
    end = match.end()
    if _class_pattern().match(sentence, end) or _slogan_pattern().match(sentence, end):
        return True
    if (match["unit"] or match["bareunit"]) in {"卡", "张"} and _cluster_pattern().match(
        sentence, end
    ):
        return True
    before = sentence[match.start() - 1 : match.start()]
    if before == "前" and (match["unit"] or match["bareunit"]) in _RANKS:
        return True
    vague = match["bare"] or (match["number"] or "")[:1] in SMALL_UNITS
    return before in {"每", "双"} or (bool(vague) and before in {"数", "几"})


_RANKS = frozenset({"名", "位", "强", "个"})
"""Units of a rank: 国内前3名."""


@cache
def _cluster_pattern() -> re.Pattern[str]:
    return re.compile("[^，。；、0-9]{0,10}(?:集群|资源池)")


def _share(match: re.Match[str]) -> float | None:
    """The percentage that 九成三 and 百分之七十 say."""
    tenths, percent = match["tenths"], match["percent"]
    if tenths:
        return 10.0 * DIGITS[tenths[0]] + DIGITS[tenths[2]]
    return 100.0 if percent == "百" else number_value(percent, "")


def _amount(sentence: str, match: re.Match[str], unit: Unit, cue: str) -> float | None:
    if match["bare"]:
        counts = _counts_bare(sentence, match, unit, cue)
        return multiplier(match["bare"]) if counts else None
    if match["amount"]:
        return number_value(match["amount"], match["amountscale"])
    if match["tenths"] or match["percent"]:
        return _share(match)
    number = match["number"]
    scale = match["scale"] or match["late"] or ""
    if number[0].isascii():
        padded = number.startswith("0") and len(number) > 1 and "." not in number
        return None if padded else number_value(number, scale)
    if number in SMALL_UNITS and match["more"]:
        return SMALL_UNITS[number] * multiplier(scale)  # 百余项
    found = number_value(number, scale)
    # 一个, 两项, 四个 are articles and slogans more often than quantities.
    certain = bool(match["after"] or cue or scale)
    fewest = 1 if _counts_before(sentence, match, unit) else _fewest(unit, certain=certain)
    few = found is not None and found < fewest
    return None if few else found


def _counts_bare(sentence: str, match: re.Match[str], unit: Unit, cue: str) -> bool:
    """Whether 万亿元 or 百个 is a number: where something says so, but not in 万亿元产业."""
    if quantity_cues().get(cue) in {"at_least", "reach", "increase_by", "about"}:
        return True
    start = match.start()
    if match["baremore"] or sentence[start - 1 : start] == "上":
        return True
    if unit.dimension == "card":
        return False
    counts = unit.takes_noun
    if match["after"]:
        return True
    return counts and (
        _counts_before(sentence, match, unit)
        or _verb_before_pattern().search(sentence, max(0, start - 6), start) is not None
    )


def _counts_before(sentence: str, match: re.Match[str], unit: Unit) -> bool:
    """Whether a Chinese numeral ends a clause after what it counts: 新建智算中心一座."""
    if not unit.counts_things or unit.weak:
        return False
    if _clause_end_pattern().match(sentence, match.end()) is None:
        return False
    return _counted_noun_pattern().search(sentence, 0, match.start()) is not None


@cache
def _clause_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；、]|$")


@cache
def _counted_noun_pattern() -> re.Pattern[str]:
    # 一县一座 counts nothing.
    return re.compile(f"(?:{alternation(quantity_words().verbs)})[^，。；、一各]{{3,20}}$")


def _fewest(unit: Unit, *, certain: bool) -> int:
    """The smallest number that a Chinese numeral gives as a quantity."""
    if unit.dimension == "ratio":
        return 1
    if certain or not unit.takes_noun:
        return 2
    return 10 if unit.weak else 3


def _low_end(sentence: str, match: re.Match[str]) -> float | None:
    """The lower end of a range (2—3家); None when there is none."""
    if not match["low"] or sentence[max(0, match.start() - 1) : match.start()] in {"由", "从"}:
        return None
    return number_value(match["low"], match["lowscale"] or match["scale"] or "")


@cache
def _verb_before_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().verbs)})了?$")


def _unitless(
    sentence: str, match: re.Match[str], cue: str, cue_start: int, after: str
) -> Quantity | None:
    # PUE值（总能耗与设备能耗之比）1.25: an explanation may stand between.
    named_end = cue_start
    if sentence[cue_start - 1 : cue_start] == "）":
        named_end = max(sentence.rfind("（", 0, cue_start), 0)
    named = sentence[max(0, named_end - 16) : cue_start]
    if not any(word in named for word in quantity_words().unitless):
        return None
    op, _ = _op(cue, after, None)
    start, end = match.span()
    return Quantity(start, end, float(match["plain"]), "", op, cue_start, cue, counted=False)


def _longest_cue(sentence: str, end: int) -> tuple[str, int]:
    """The longest cue that ends at ``end``, and where it starts; 突破了 is 突破."""
    cues = quantity_cues()
    for start in range(max(0, end - _LONGEST_CUE), end):
        said = sentence[start:end]
        cue = said if said in cues else said.removesuffix("了")
        if cue in cues:
            break
    else:
        return "", end
    # 签约, 附近 and 通过 end in a cue that they do not contain.
    inside = sentence[start - 1 : start + 1] in quantity_words().no_cues
    return ("", end) if inside else (cue, start)


def _op(cue: str, after: str, unit: Unit | None) -> tuple[Op, int]:
    """The op, and the sign: -1 for a decrease that is given as a difference."""
    tail = next((op for op, words in quantity_words().after.items() if after in words), None)
    meaning = quantity_cues().get(cue)
    if meaning == "increase_by" or tail is Op.INCREASE_BY:
        return Op.INCREASE_BY, 1
    if meaning == "decrease":
        return (Op.AT_MOST, 1) if tail is Op.AT_MOST else (Op.INCREASE_BY, -1)
    if after.endswith("多"):
        tail = Op.AT_LEAST
    if tail is not None:
        return tail, 1
    if meaning is not None:
        return Op(meaning), 1
    return Op.REACH, 1


def _opens_growth(sentence: str, quantity: Quantity, following: Quantity) -> bool:
    """Whether a number is only the starting point: 由年初的3万P提高到5万P promises the second."""
    return (
        _from_pattern().search(sentence, max(0, quantity.cue_start - 10), quantity.cue_start)
        is not None
        and quantity.unit == following.unit
        and _to_pattern().fullmatch(sentence, quantity.end, following.cue_start) is not None
    )


_LONGEST_CLASS = 20


@cache
def _class_bound_pattern() -> re.Pattern[str]:
    bounds = "以上|以下|以内"
    return re.compile(f"(?:(?<=以上)|(?<=以下)|(?<=以内)|[^，。；、0-9]{{1,6}}(?:{bounds}))的")


def _describes(sentence: str, quantity: Quantity, following: Quantity) -> bool:
    """Whether a number only describes what the next one counts (10亿元以上企业5家)."""
    between = sentence[quantity.end : following.cue_start]
    if (
        quantity.counted
        and not quantity.cue
        and following.counted
        and not following.cue
        and len(between) <= _LONGEST_CLASS
        and _class_bound_pattern().match(sentence, quantity.end)
    ):
        # 100个机柜以上的机房已投产66个: the first number says which ones are counted.
        return _punctuation_pattern().search(between) is None
    return (
        not quantity.counted
        and following.counted
        and not following.cue
        and 2 <= len(between) <= 8
        and _punctuation_pattern().search(between) is None
    )


def _shared(sentence: str, found: list[Quantity]) -> list[Quantity]:
    """In 分别增长23.7%、16.5% and 不少于20个团队、30个项目 the first op applies to both."""
    for index in range(1, len(found)):
        last, here = found[index - 1], found[index]
        if last.unit != here.unit:
            continue
        between = sentence[last.end : here.start]
        if between in {"、", "和", "，"}:
            op, amount = here.op, here.value
            if here.op is Op.REACH:
                op, amount = last.op, -amount if last.value < 0 else amount
            found[index] = replace(here, op=op, value=amount, follows=True)
        elif (
            last.cue
            and here.op is Op.REACH
            and not here.cue
            and quantity_cues().get(last.cue) == last.op.value
            and _item_pattern().fullmatch(between)
        ):
            found[index] = replace(here, op=last.op)
    return found


@cache
def _item_pattern() -> re.Pattern[str]:
    """The noun that a number counts, up to the next number of the list."""
    return re.compile("[^、和及，。；0-9][^，。；、0-9]{0,14}(?:、|和|及|以及)")

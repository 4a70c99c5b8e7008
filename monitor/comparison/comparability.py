"""Comparability of two numbers for one metric: whether they count the same.

They do not if they are counted over different periods, are of another place, facility or actor,
come from another action, or cover a part only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from monitor.comparison.cues import lower_is_better, places
from monitor.comparison.thresholds import (
    FULFILMENT_ABOUT,
    FULFILMENT_OTHER_SCOPE,
    FULFILMENT_SEVERAL_YEARS,
    SAME_VALUE,
)
from monitor.extraction.regions import find_region
from monitor.extraction.units import GROWTH_UNITS, comparable, to_base
from monitor.extraction.vocabulary import WordTable, alternation, quantity_words, read_table
from monitor.model.statements import Op, Statement, Target

_TABLE = Path(__file__).parent / "fulfilment.yaml"
_COUNT_UNITS = frozenset({"座", "家", "个", "项", "款", "台", "张", "条", "人", "名", "所", "处"})
# One thing is counted with either: 200项场景, 200个场景.
ITEM_UNITS = frozenset({"个", "项", "款", "件"})
# Numbers in these units are levels that no year adds up.
_LEVEL_UNITS = frozenset({"%", "P", ""})
_STOPS = frozenset("，。；：！？")


@dataclass(frozen=True)
class FulfilmentWords(WordTable):
    """``fulfilment.yaml``; the file says what each list is for."""

    things: tuple[str, ...]
    implied: dict[str, str]
    acts: tuple[tuple[str, ...], ...]
    selections: tuple[str, ...]
    not_there_yet: tuple[str, ...]
    begun: tuple[str, ...]
    whole: tuple[str, ...]
    facilities: tuple[str, ...]
    completions: tuple[str, ...]
    opened: tuple[str, ...]
    totals: tuple[str, ...]
    additions: tuple[str, ...]
    levels: tuple[str, ...]
    makes: tuple[str, ...]
    nearly: tuple[str, ...]
    one_year: tuple[str, ...]
    other_basis: tuple[str, ...]


@cache
def fulfilment_words() -> FulfilmentWords:
    """The words by which numbers are told to count the same."""
    return read_table(_TABLE, FulfilmentWords)


@dataclass(frozen=True, slots=True)
class StatedNumber:
    """A number, promised or reached, with the statement that gives it."""

    statement: Statement
    position: int
    """Of the number among the targets of the statement."""

    @property
    def target(self) -> Target:
        """The number."""
        return self.statement.targets[self.position]

    @property
    def text(self) -> str:
        """The sentence."""
        return self.statement.text

    @property
    def region(self) -> str | None:
        """The region of the statement."""
        return self.statement.region


@cache
def _items_pattern() -> re.Pattern[str]:
    return re.compile("[^、，。；：！？]+")


@cache
def _clauses_pattern() -> re.Pattern[str]:
    return re.compile("[^，。；：！？]+")


@cache
def _sum_pattern() -> re.Pattern[str]:
    return re.compile(alternation(fulfilment_words().totals))


@cache
def _years_on_pattern() -> re.Pattern[str]:
    return re.compile("(?:过去)?[三四五]年来|(?:“?十[三四五]五”?)(?:时期|期间|以来)|自20\\d\\d年")


@cache
def _several_pattern() -> re.Pattern[str]:
    return re.compile("([两三四五2-5])年(?:内|间)?(?:新增|新建|培育|累计|建设|投入|安排)|每年|年均")


@cache
def _added_pattern() -> re.Pattern[str]:
    return re.compile(alternation(fulfilment_words().additions))


@cache
def _to_pattern() -> re.Pattern[str]:
    return re.compile(alternation(fulfilment_words().levels))


@cache
def _made_pattern() -> re.Pattern[str]:
    # 打造场景超过200个 counts what one year made; 场景超过200个 counts what there is.
    return re.compile(alternation(fulfilment_words().makes))


@cache
def _stage_pattern() -> re.Pattern[str]:
    return re.compile(
        "首批|首期|一期|第一批|[一二三]季度|上半年|前[一二三四五六七八九十两]+个?月|1[—-]\\d+月"
    )


@cache
def _nearly_pattern() -> re.Pattern[str]:
    return re.compile(alternation(fulfilment_words().nearly))


def are_periods_comparable(
    promised: StatedNumber,
    reported: StatedNumber,
    *,
    is_same_metric: bool,
) -> bool:
    """Whether two numbers are counted over the same period, or one says enough of the other."""
    periods = counting_period(promised), counting_period(reported)
    if periods[0] == periods[1]:
        return True
    if not is_same_metric:
        return False
    # What was added in a year is no more than what there is: 新增7200家 meets 3000家.
    if periods in {("sum", ""), ("", "added"), ("sum", "added")} and is_met(
        promised.target, reported.target
    ):
        return True
    # What a year made is what it made anew: 新建成4个 for 建成10个.
    return periods == ("", "added") and _is_in_one_group(_act(promised), _act(reported))


def _is_in_one_group(act: str, other: str) -> bool:
    return any(act in group and other in group for group in fulfilment_words().acts)


def have_comparable_units(target: Target, reached: Target) -> bool:
    """Whether the values compare; a growth compares with no level."""
    if (target.op is Op.INCREASE_BY) != (reached.op is Op.INCREASE_BY) and (
        target.unit in GROWTH_UNITS
    ):
        return False
    if {target.unit, reached.unit} <= ITEM_UNITS:
        return True
    return comparable(base_amount(target)[1], base_amount(reached)[1])


def base_amount(target: Target) -> tuple[float, str]:
    """The value in its base unit; a growth of 1倍 is one of 100%."""
    if target.op is Op.INCREASE_BY and target.unit == "倍":
        return target.value * 100, "%"
    return to_base(target.value, target.unit)


def stand_in_same_place(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a number is in its place of a list: 城乡居民收入分别增长6%和8%."""
    place, size = _place_in_list(promised)
    other, other_size = _place_in_list(reported)
    return size != other_size or place == other


def _place_in_list(number: StatedNumber) -> tuple[int, int]:
    own = number.target
    alike = [
        index
        for index, one in enumerate(number.statement.targets)
        if (one.metric, one.unit, one.op, one.year) == (own.metric, own.unit, own.op, own.year)
    ]
    return alike.index(number.position), len(alike)


def counting_period(number: StatedNumber) -> str:
    """The period over which a number is counted: one year's addition is not a total."""
    clause = _clause(number)
    growth = number.target.unit in GROWTH_UNITS
    if _sum_pattern().search(clause) or (
        number.target.year is None and _years_on_pattern().match(number.text)
    ):
        return "sum"
    if several := _several_pattern().search(clause):
        return several[1] or "a year"
    if number.target.op is Op.INCREASE_BY:
        return "growth" if growth else "added"
    if _added_pattern().search(clause) or _is_in_added_list(number.text, clause):
        return "added"
    is_level = _to_pattern().search(clause) and not _made_pattern().search(clause)
    return "sum" if number.target.unit in _COUNT_UNITS and is_level else ""


def _is_in_added_list(sentence: str, item: str) -> bool:
    """Whether an item without a verb stands in a list that 新增 opens: 新增甲5家、乙8家."""
    whole = next((one for one in _clauses_pattern().findall(sentence) if item in one), item)
    opened = _added_pattern().match(whole)
    own_verb = _made_pattern().search(item) or _to_pattern().search(item)
    return opened is not None and not own_verb and "达" not in item


def counts_others(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a number with the same metric counts something else than the target.

    It does if it is of another place or of one facility, of those that were chosen, if it is not
    reached yet or was long before, or if another verb made it. What is far below its target has
    to be counted by the same verb.
    """
    return (
        _is_of_another_place(promised, reported)
        or _is_of_a_facility(promised, reported)
        or _is_of_another_actor(promised, reported)
        or _is_chosen_or_begun(promised, reported)
        or _is_a_size_or_start(promised, reported)
        or _has_another_act(promised, reported)
    )


def _is_of_another_place(promised: StatedNumber, reported: StatedNumber) -> bool:
    home = promised.region or ""
    own, others = _places_of(promised), _places_of(reported)
    return any(place not in home and place not in reported.text for place in own) or any(
        place not in home and place not in promised.text for place in others
    )


def _is_chosen_or_begun(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a number counts those that were chosen (8家企业入选名单), or what was begun."""
    clause, before, after = _surroundings(reported)
    own = _clause(promised, items=False)
    head = clause[: max(0, clause.find(reported.target.raw))]
    chosen = any(word in clause and word not in own for word in fulfilment_words().selections)
    begun = any(word in head and word not in own for word in fulfilment_words().begun)
    some = before.endswith(("其中，", "其中："))
    # 企业30家入驻园区 says what some of them did.
    goes_on = (
        reported.target.unit in _COUNT_UNITS
        and not _act(reported)
        and not _is_level(reported)
        and _goes_on_pattern().match(after) is not None
    )
    return chosen or begun or some or goes_on


def _is_a_size_or_start(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a number is the size of a thing, of one not there yet, or where a growth began."""
    _, before, after = _surroundings(reported)
    _, own_before, own_after = _surroundings(promised)
    at = _number_at(reported)
    return (
        (
            _size_of_pattern().match(after) is not None
            and _size_of_pattern().match(own_after) is None
        )
        or (
            _not_there_yet_pattern().search(before) is not None
            and _not_there_yet_pattern().search(own_before) is None
        )
        or _start_pattern().search(reported.text, 0, at) is not None
    )


def _has_another_act(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether another verb than that of the target made a count (支持 and 培育 企业).

    A number far below its target has to be a level, or to have the very same verb.
    """
    goal, value = base_amount(promised.target)[0], base_amount(reported.target)[0]
    far = counting_period(promised) != "growth" and (
        min(abs(goal), abs(value)) < FULFILMENT_OTHER_SCOPE * max(abs(goal), abs(value))
    )
    if promised.target.unit not in _COUNT_UNITS and promised.target.unit != "元":
        return False
    first, second = _act(promised), _act(reported)
    if first == second:
        return far and not first and not _is_level(reported)
    if far or not first or not second:
        return far
    return not _is_in_one_group(first, second)


def _places_of(number: StatedNumber) -> frozenset[str]:
    """The places that a number is of: those up to it, in its clause alone if that says 全省."""
    clause = _clause(number, items=False)
    at = number.text.find(clause)
    whole = any(word in clause for word in fulfilment_words().whole) or (
        number.region is not None and number.region in clause
    )
    end = number.text.find(number.target.raw, max(at, 0)) + len(number.target.raw)
    return places(number.text[at if whole and at >= 0 else 0 : end])


def _is_of_a_facility(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether the clause before a number completes a facility: 智算中心投运，算力规模达到30P."""
    clause = _clause(reported, items=False)
    if any(word in clause for word in fulfilment_words().whole):
        return False
    before = reported.text[: max(0, reported.text.find(clause))].rstrip("，")
    last = _clauses_pattern().findall(before)[-1:] if before[-1:] not in _STOPS else []
    completed = [found for one in last if (found := _completed_pattern().search(one))]
    # Exactly one of the groups took part.
    return any("".join(filter(None, one.groups())) not in promised.text for one in completed)


@cache
def _completed_pattern() -> re.Pattern[str]:
    facilities = alternation(fulfilment_words().facilities)
    done = alternation(fulfilment_words().completions)
    return re.compile(
        f"(?P<one>[^，。、]{{2}}(?:{facilities}))[^，。]{{0,8}}?(?:{done})[^，。、]{{0,6}}$"
        f"|(?P<whatever>[^，。、]{{2,12}})(?:{alternation(fulfilment_words().opened)})$"
        f"|(?:{done})[^，。、]{{0,12}}?(?P<other>[^，。、]{{2}}(?:{facilities}))$"
    )


def _is_of_another_actor(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a clause names who or where before its verb: 苏北新建2座, 在制造业打造20个."""
    clause = _clause(reported, items=False)
    head = clause[: max(0, clause.find(reported.target.raw))]
    verb = _verb_pattern().search(head)
    opening = head[: verb.start()] if verb else _items_pattern().findall(head or "，")[-1:]
    opening = "".join(opening)
    home = find_region(reported.region) if reported.region else None
    for own in (home.name, home.short) if home else ():
        opening = opening.removeprefix(own)
    return opening not in promised.text and _whole_region_pattern().fullmatch(opening) is None


@cache
def _whole_region_pattern() -> re.Pattern[str]:
    """What may stand before the verb of a count that is of the whole region."""
    words = quantity_words()
    said = alternation((*words.leading, *words.trailing, *words.verbs, *fulfilment_words().whole))
    years = "20[0-9]{2}年(?:以来|全年|[底末])?|[一二三四五]年来|过去一年"
    return re.compile(f"(?:{said}|{years}|[“”‘’（）])*")


@cache
def _not_there_yet_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(fulfilment_words().not_there_yet)})的?$")


@cache
def _size_of_pattern() -> re.Pattern[str]:
    # 算力规模150P的智算中心 is the size of one.
    return re.compile("[以之]?[上下内]?的(?!目标|水平)")


@cache
def _goes_on_pattern() -> re.Pattern[str]:
    # 30家入驻园区: what some of them did.
    return re.compile("[^，。；：！？、）和及与以左]")


@cache
def _start_pattern() -> re.Pattern[str]:
    # 从2023年的120P起步: where it came from.
    return re.compile("[从由自](?:20[0-9]{2}年|[^，。；、0-9]{0,6})[底末初]?的?$")


def _surroundings(number: StatedNumber) -> tuple[str, str, str]:
    """The clause of a number, the text before its phrase and after it in the sentence."""
    clause = _clause(number, items=False)
    start = number.text.find(number.target.raw, max(0, number.text.find(clause)))
    if start < 0:
        return clause, "", ""
    return clause, number.text[:start], number.text[start + len(number.target.raw) :]


def _number_at(number: StatedNumber) -> int:
    """Where the number of a target begins; of 从20%提升到55% the last."""
    start = max(0, number.text.find(number.target.raw))
    numbers = [found.start() for found in _number_pattern().finditer(number.target.raw)]
    return start + (numbers[-1] if numbers else 0)


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile("[0-9][0-9.,]*")


@cache
def _verb_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().verbs)})")


def _act(number: StatedNumber) -> str:
    """The verb that made a count, of its item or of the one that opens its list; or nothing."""
    _, before, _ = _surroundings(number)
    clause = _clauses_pattern().findall(before)[-1:] if before[-1:] not in _STOPS else []
    for part in reversed(re.split("[、和及]", clause[0])) if clause else ():
        verbs = _verb_pattern().findall(part)
        if verbs:
            return str(verbs[-1])
    return ""


def _is_level(number: StatedNumber) -> bool:
    """Whether a number says how many there are (达到200家), and not how many were made."""
    clause = _clause(number)
    return bool(_to_pattern().search(clause)) and not _made_pattern().search(clause)


def adds_up_years(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a number is so large that it adds up several years: 新增就业452万 for 86万."""
    (goal, unit), value = base_amount(promised.target), base_amount(reported.target)[0]
    if unit in _LEVEL_UNITS or not value > FULFILMENT_SEVERAL_YEARS * goal > 0:
        return False
    levels = _is_level(promised) and _is_level(reported)
    return not levels and _one_year_pattern().search(_clause(reported)) is None


@cache
def _one_year_pattern() -> re.Pattern[str]:
    return re.compile(alternation(fulfilment_words().one_year))


def is_part(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a number covers a part only: one city, the first quarter, a first batch."""
    clause = _clause(reported)
    if _stage_pattern().search(clause) and not _stage_pattern().search(promised.text):
        return True
    home = promised.region or ""
    return any(place not in home and place not in promised.text for place in places(clause))


def _clause(number: StatedNumber, *, items: bool = True) -> str:
    """The item of a list that a number stands in, or else its clause."""
    for pattern in (_items_pattern(), _clauses_pattern()) if items else (_clauses_pattern(),):
        for clause in pattern.findall(number.text):
            if number.target.raw in clause:
                return str(clause)
    return number.target.raw


def is_met(target: Target, reached: Target) -> bool:
    """Whether a number reaches a target, within the slack of their values."""
    goal, value = base_amount(target)[0], base_amount(reached)[0]
    about = target.op is Op.ABOUT or target.raw.endswith("左右")
    slack = FULFILMENT_ABOUT if about else SAME_VALUE
    slack *= max(abs(goal), abs(value))
    if target.op is Op.INCREASE_BY and goal < 0:
        return value <= goal + slack  # 降低40% meets 降低30%
    if target.op is Op.AT_MOST or lower_is_better(target.metric):
        return value <= goal + slack
    if reached.op is Op.ABOUT and _nearly_pattern().search(reached.raw):
        return value > goal + slack
    return value >= goal - slack

"""Pairs the targets of two sentences, and finds how each one moved."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from monitor.comparison.cues import (
    is_benefit_ceiling,
    lower_is_better,
    with_one_word_a_matter,
)
from monitor.comparison.deadlines import Years
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import longest_common_length, ratio
from monitor.comparison.thresholds import METRIC, METRIC_ELSEWHERE, SAME_VALUE, YEAR_WORTH
from monitor.extraction.units import comparable, counts_things, to_base
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.model.changes import Delta
from monitor.model.statements import Op, Statement, Target

# For the same number: 左右 binds least, 以上 most.
_FIRMNESS = {Op.ABOUT: 0, Op.REACH: 1, Op.INCREASE_BY: 1, Op.AT_LEAST: 2, Op.AT_MOST: 2}
# Prefixes of a metric that do not change what is measured.
_PREFIXES = ("全省", "全市", "全区", "全国", "我省", "我市", "累计", "力争", "新增")


_ANY_THING = "个"
_TIMES = "倍"
_FIRMER = 1e-5
# One metric's name contains the other: 算力 and 智能算力.
_SAME_METRIC = 0.9
# Another word for the same matter: 高质量语料 and 高质量数据集.
_SAME_MATTER = 0.85
# Weights that differ by less are equal, because logarithms round.
_EVEN = 1e-9
_SHORTEST_WORD = 2
# Base units that say by themselves what is measured: computing, racks, cards, tokens.
_TELLING_UNITS = frozenset({"P", "架", "张", "Token"})


# The width of a chip's structures: 14纳米 is ahead of 28纳米.
_LESS_IS_MORE = frozenset({"纳米"})


@dataclass(frozen=True, slots=True)
class TargetMove:
    """The change of one target. ``weight`` > 0: stronger, < 0: weaker; its size is relative.

    Weights are antisymmetric: the reverse move has the same size and the opposite sign.
    """

    delta: Delta
    weight: float


def target_moves(
    before: Sequence[Target],
    after: Sequence[Target],
    *,
    nearly_identical: bool,
    years: Years = (None, None),
    granted: Callable[[Target], bool] = lambda _: False,
) -> list[TargetMove]:
    """The moves between the targets of two sentences that are one commitment.

    Args:
        before: targets then.
        after: targets now.
        nearly_identical: the sentences are so similar that a single number on each side, of one
            dimension, is the same target even if its metric was reworded.
        years: the years of the plans, for targets without a year.
        granted: whether a target is the ceiling of a benefit (不超过300万元补助), of which a lower
            value is weaker.

    Returns:
        One move for each target that changed, was added or removed; none for an unchanged one.
    """
    pairs = pair_targets(before, after, nearly_identical=nearly_identical)
    ends = _ends_of_ranges(before) | _ends_of_ranges(after)
    found = [
        move
        for old, new in pairs
        if (move := _move(old, new, years, granted(old) or granted(new))) is not None
        # 5家左右 and 3—5家 bind alike.
        if not (
            keeps_value(move)
            and abs(move.weight) <= 2 * _FIRMER
            and max(_firmness(old), _firmness(new)) < _FIRMNESS[Op.AT_LEAST]
            and not ends.keys().isdisjoint({id(old), id(new)})
        )
    ]
    paired_old = {id(old) for old, _ in pairs}
    paired_new = {id(new) for _, new in pairs}
    # The other end of a range has neither come nor gone.
    paired_old |= {other for one, other in ends.items() if one in paired_old}
    paired_new |= {other for one, other in ends.items() if one in paired_new}
    for old in before:
        if id(old) not in paired_old:
            found.append(TargetMove(Delta(old.metric, old.unit, old.value, None), -1.0))
    for new in after:
        if id(new) not in paired_new:
            found.append(TargetMove(Delta(new.metric, new.unit, None, new.value), 1.0))
    return found


def one_sided_deltas(targets: Sequence[Target], *, new: bool) -> tuple[Delta, ...]:
    """The deltas of a sentence without a counterpart; ``new``: its numbers came, else they went."""
    return tuple(
        Delta(
            target.metric,
            target.unit,
            None if new else target.value,
            target.value if new else None,
        )
        for target in targets
    )


def without_relocated(
    moves: Sequence[TargetMove], left: Sequence[Target], entered: Sequence[Target]
) -> list[TargetMove]:
    """The moves but those of numbers that only changed their sentence.

    Args:
        moves: the moves between two sentences.
        left: the old targets that stand elsewhere in the new text.
        entered: the new targets that stood elsewhere in the old text.
    """
    return [
        move
        for move in moves
        if not (move.delta.after is None and _is_of_any(move, left))
        and not (move.delta.before is None and _is_of_any(move, entered))
    ]


def _is_of_any(move: TargetMove, targets: Sequence[Target]) -> bool:
    """Whether a number that came or went is that of one of some targets."""
    value = move.delta.before if move.delta.after is None else move.delta.after
    return any((move.delta.metric, value) == (target.metric, target.value) for target in targets)


def overall_direction(found: Sequence[TargetMove]) -> float:
    """The direction of the largest move; 0 where numbers moved both ways.

    Of a promise with one number raised and another lowered, removed or added against it nobody can
    tell whether it is more or less. Where the numbers stayed, their years and firmness decide.
    """
    changed = [move.weight for move in found if not keeps_value(move)]
    if min(changed, default=0.0) < -_EVEN and max(changed, default=0.0) > _EVEN:
        return 0.0
    up = max((move.weight for move in found), default=0.0)
    down = min((move.weight for move in found), default=0.0)
    total = max(up, 0.0) + min(down, 0.0)
    if abs(total) <= _EVEN:
        return 0.0
    return up if total > 0 else down


def only_in_number(moves: Sequence[TargetMove]) -> bool:
    """Whether the numbers of a promise only came or only went."""
    return bool(moves) and all(
        move.delta.before is None or move.delta.after is None for move in moves
    )


def keeps_value(move: TargetMove) -> bool:
    """Whether a number stayed, and only its year or its firmness moved."""
    before, after = move.delta.before, move.delta.after
    return before is not None and after is not None and _same_value(before, after)


def delta_direction(delta: Delta, before: Statement | None, after: Statement | None) -> float:
    """Whether a number that changed makes the promise stronger (> 0) or weaker (< 0).

    A higher value is stronger, unless the metric is a cost, a delay and the like or the target is
    a ceiling: then a lower one is.

    Args:
        delta: a pair of numbers; 0 is returned where one is missing.
        before: the statement that the first number is from.
        after: the statement that the second number is from.
    """
    if delta.before is None or delta.after is None:
        return 0.0
    old, old_granted = _target_of(delta, delta.before, before)
    new, new_granted = _target_of(delta, delta.after, after)
    return _strength_change(old, new, granted=old_granted or new_granted)


def _target_of(delta: Delta, value: float, statement: Statement | None) -> tuple[Target, bool]:
    """The target that a number of a delta is from, in the delta's unit; whether it is granted."""
    base = to_base(value, delta.unit)[0]
    found = [
        target
        for target in (() if statement is None else statement.targets)
        if comparable(target.unit, delta.unit) and _same_value(_base(target), base)
    ]
    if not found or statement is None:
        return Target(delta.metric, Op.REACH, value, delta.unit, None, ""), False
    target = max(found, key=lambda one: ratio(one.metric, delta.metric))
    granted = is_benefit_ceiling(target, statement)
    return replace(target, value=value, unit=delta.unit), granted


def is_upper_end(targets: Sequence[Target], position: int) -> bool:
    """Whether a target is the upper end of a range (2—3家), whose lower end is what is promised."""
    before, here = targets[position - 1], targets[position]
    return position > 0 and before.value < here.value and replace(before, value=here.value) == here


def _ends_of_ranges(targets: Sequence[Target]) -> dict[int, int]:
    """For the identity of each end of a range that of its other end."""
    found: dict[int, int] = {}
    for position in range(1, len(targets)):
        if is_upper_end(targets, position):
            lower, upper = id(targets[position - 1]), id(targets[position])
            found |= {lower: upper, upper: lower}
    return found


def _end_of_range(targets: Sequence[Target], position: int) -> int:
    """-1 for the lower end of a range, 1 for the upper one, 0 for any other target."""
    if is_upper_end(targets, position):
        return 1
    return -int(position + 1 < len(targets) and is_upper_end(targets, position + 1))


def pair_targets(
    before: Sequence[Target], after: Sequence[Target], *, nearly_identical: bool
) -> list[tuple[Target, Target]]:
    """Pairs of targets that measure the same thing, each used once.

    Metrics in the same words are paired first. Among several of them, those that agree in number
    and year are paired, so that of 2026年100 and 2030年300 the second is found when the first was
    removed.
    """
    scored = sorted(
        (
            (
                similarity >= _SAME_METRIC,
                _end_of_range(before, i) * _end_of_range(after, j) >= 0,
                _agreement(old, new),
                similarity,
                -abs(i - j),
                -(i + j),
                i,
                j,
            )
            for i, old in enumerate(before)
            for j, new in enumerate(after)
            if _comparable_targets(old, new)
            and (similarity := _metric_similarity(old, new)) >= METRIC
        ),
        reverse=True,
    )
    olds, news = set(range(len(before))), set(range(len(after)))
    pairs: list[tuple[int, int]] = []
    for *_, i, j in scored:
        if i in olds and j in news:
            olds.remove(i)
            news.remove(j)
            pairs.append((i, j))
    if nearly_identical:
        for i in sorted(olds):
            rest = [j for j in sorted(news) if _comparable_targets(before[i], after[j])]
            rivals = [
                k for k in olds if any(_comparable_targets(before[k], after[j]) for j in rest)
            ]
            if len(rest) == 1 and len(rivals) == 1:
                news.remove(rest[0])
                pairs.append((i, rest[0]))
    pairs += _same_numbers(before, after, olds - {i for i, _ in pairs}, news)
    return [(before[i], after[j]) for i, j in sorted(pairs)]


def _same_numbers(
    before: Sequence[Target], after: Sequence[Target], olds: set[int], news: set[int]
) -> list[tuple[int, int]]:
    """Pairs of left targets that give one number in a unit that says what it measures.

    算力规模达到1000P goes on in 超算中心算力扩容到1000P以上.
    """
    pairs = []
    for i in sorted(olds):
        alike = [
            j
            for j in sorted(news)
            if to_base(1, before[i].unit)[1] in _TELLING_UNITS
            and _comparable_targets(before[i], after[j])
            and before[i].year == after[j].year
            and _same_value(_base(before[i]), _base(after[j]))
            and longest_common_length(before[i].metric, after[j].metric) >= _SHORTEST_WORD
        ]
        if len(alike) == 1:
            news = news - {alike[0]}
            pairs.append((i, alike[0]))
    return pairs


def is_measured(target: Target, others: Sequence[Target]) -> bool:
    """Whether one of ``others`` surely measures what ``target`` does, with any number."""
    return any(
        _comparable_targets(target, other) and _metric_similarity(target, other) >= METRIC_ELSEWHERE
        for other in others
    )


def shared_metric(before: Sequence[Target], after: Sequence[Target]) -> bool:
    """Whether two sentences measure at least one thing in common."""
    return any(
        _comparable_targets(old, new) and _metric_similarity(old, new) >= METRIC
        for old in before
        for new in after
    )


def counterparts(target: Target, others: Sequence[Target], least: float = METRIC) -> list[Target]:
    """Those of ``others`` that measure what ``target`` does, be it with another number.

    Args:
        target: a number.
        others: numbers of other sentences.
        least: least similarity of the metrics; 1 for the same one.
    """
    return [
        other
        for other in others
        if _comparable_targets(target, other) and _metric_similarity(target, other) >= least
    ]


def metric_likeness(before: Sequence[Target], after: Sequence[Target]) -> float:
    """How alike the most similar metrics of two sentences are that have one dimension, 0 to 1.

    A total and an increment of one metric count as one metric.
    """
    return max(
        (
            _metric_similarity(old, new)
            for old in before
            for new in after
            if comparable(old.unit, new.unit)
        ),
        default=0.0,
    )


def _comparable_targets(old: Target, new: Target) -> bool:
    """Whether two targets have one dimension and are both totals or both increments."""
    increments = (old.op is Op.INCREASE_BY, new.op is Op.INCREASE_BY)
    return increments[0] == increments[1] and (
        comparable(old.unit, new.unit)
        or _counts_alike(old, new)
        or (all(increments) and {old.unit, new.unit} == {"%", _TIMES})
    )


def _counts_alike(old: Target, new: Target) -> bool:
    """Whether two counts are of one thing, once with its own classifier: 20家景区, 20个景区."""
    return (
        _ANY_THING in {old.unit, new.unit}
        and counts_things(old.unit)
        and counts_things(new.unit)
        and _metric_similarity(old, new) >= _SAME_METRIC
    )


def _agreement(old: Target, new: Target) -> int:
    """2: the same number for the same year; 1: another number for a year both name; else 0."""
    same_year = old.year == new.year
    if same_year and _same_value(_base(old), _base(new)):
        return 2
    return int(same_year and old.year is not None)


def _metric_similarity(old: Target, new: Target) -> float:
    first, second = _metric(old.metric), _metric(new.metric)
    if not first or not second:
        return 1.0 if first == second else 0.0
    if first in second or second in first:
        return 1.0 if first == second else _SAME_METRIC
    one, other = with_one_word_a_matter(first), with_one_word_a_matter(second)
    if (one, other) == (first, second):
        return ratio(first, second)
    # The same words are nearer: of 具身智能企业 and 人形机器人企业 in one sentence each goes on.
    return max(ratio(first, second), min(_SAME_MATTER, ratio(one, other)))


def _metric(metric: str) -> str:
    name = normalize(metric)
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _base(target: Target) -> float:
    return target.value * _base_of_one(target)


def _base_of_one(target: Target) -> float:
    """One unit of a target in base units; growth by 1倍 is one by 100%."""
    if target.unit == _TIMES and target.op is Op.INCREASE_BY:
        return 100.0
    return to_base(1, target.unit)[0]


def _same_value(first: float, second: float) -> bool:
    return abs(first - second) <= SAME_VALUE * max(abs(first), abs(second))


def _move(old: Target, new: Target, years: Years, granted: bool) -> TargetMove | None:
    old_value, new_value = _base(old), _base(new)
    if not _same_value(old_value, new_value):
        weight = _strength_change(old, new, granted=granted)
        old_in_new_unit = old.value
        if old.unit != new.unit:
            # In the new unit: 4000 P of last year are shown as 4 Eflops beside 5 Eflops.
            old_in_new_unit = old_value / _base_of_one(new)
        if old.year is not None and new.year is not None:
            weight -= YEAR_WORTH * _years_later(old, new, years)
        elif weight * (weight - YEAR_WORTH * _years_beyond(old, new, years)) <= 0:
            # 1000 this year and 1100 by 2030: nobody can tell.
            weight = 0.0
        return TargetMove(Delta(new.metric, new.unit, old_in_new_unit, new.value), weight)
    stays = Delta(new.metric, new.unit, new.value, new.value)
    later = _years_later(old, new, years)
    if later:
        # Sooner is stronger. A year weighs less than any change of the number itself.
        return TargetMove(stays, -later * 1e-3)
    firmer = _firmness(new) - _firmness(old)
    return TargetMove(stays, firmer * _FIRMER) if firmer else None


def _firmness(target: Target) -> int:
    """How much a number binds; an increment has it in its words: 增长20%左右, 增长20%以上."""
    if target.op is Op.INCREASE_BY:
        if _loose_pattern().search(target.raw):
            return _FIRMNESS[Op.ABOUT]
        if _firm_pattern().search(target.raw):
            return _FIRMNESS[Op.AT_LEAST]
    return _FIRMNESS[target.op]


@cache
def _loose_pattern() -> re.Pattern[str]:
    words = quantity_words()
    return _beside_number(words.before["about"], words.after[Op.ABOUT])


@cache
def _firm_pattern() -> re.Pattern[str]:
    words = quantity_words()
    return _beside_number(words.before["at_least"], words.after[Op.AT_LEAST])


def _beside_number(before: Sequence[str], after: Sequence[str]) -> re.Pattern[str]:
    # One character after a number may begin a noun: 新增3个多模态模型.
    whole = alternation(word for word in after if len(word) > 1)
    return re.compile(f"(?:{alternation(before)})(?=[0-9])|[0-9][^，。；、0-9]{{0,4}}(?:{whole})")


def _years_beyond(old: Target, new: Target, years: Years) -> int:
    """By how many years the only year that is named lies beyond the new plan; < 0 if the old is it.

    0 where both targets are for the years of their plans, or a year is unknown.
    """
    if years[1] is None or old.year == new.year:
        return 0
    return new.year - years[1] if new.year is not None else years[1] - (old.year or years[1])


def _strength_change(old: Target, new: Target, *, granted: bool) -> float:
    """How much stronger the promise is with the new number; 0 where nobody can tell."""
    old_value, new_value = _base(old), _base(new)
    if Op.INCREASE_BY in {old.op, new.op} and min(old_value, new_value) < 0:
        # 降低30% is stronger than 降低20%; a decrease that became an increase was given up.
        if max(old_value, new_value) < 0:
            return _growth(-old_value, -new_value)
        wanted_less = old_value < 0 or lower_is_better(old.metric)
        return _growth(old_value, new_value) * (-1 if wanted_less else 1)
    less = new.unit in _LESS_IS_MORE or lower_is_better(new.metric) or lower_is_better(old.metric)
    limit = Op.AT_MOST in {old.op, new.op} and not granted
    if limit and not less and old.op is not new.op and not (old.unit == new.unit == ""):
        # 试点扩大到100个, then 试点减至50个: it was no ceiling. Of 时长10分钟, then 缩短至5分钟
        # the first may have been one.
        goal = new if old.op is Op.AT_MOST else old
        wanted_more = goal.op is Op.AT_LEAST or _more_pattern().search(goal.raw) is not None
        return _growth(old_value, new_value) if wanted_more else 0.0
    # 成本增长5% is as undesirable as a higher 成本.
    return _growth(old_value, new_value) * (-1 if less or limit else 1)


@cache
def _more_pattern() -> re.Pattern[str]:
    return re.compile("扩大|扩容|扩展|拓展|提高|提升|增加|增至|增到|增长|上升|新增|壮大")


def _growth(old: float, new: float) -> float:
    """The logarithm of the ratio, which is antisymmetric; -1 or 1 where it is undefined."""
    if old > 0 and new > 0 and 0 < new / old < math.inf:
        return math.log(new / old)
    return 1.0 if new > old else -1.0


def _years_later(old: Target, new: Target, years: Years) -> int:
    """By how many years a target was deferred; 0 where a year is unknown.

    A target without a year is due in the year of its plan. What is due in the year of the plan,
    then and now, moved on with the plan, whether it names the year or not.
    """
    if old.year is None and new.year is None:
        return 0
    then, now = old.year or years[0], new.year or years[1]
    if then is None or now is None or (then, now) == years:
        return 0
    return now - then

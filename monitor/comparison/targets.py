"""Targets before and after: which belongs to which, and which way it moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from monitor.comparison.cues import less_is_better
from monitor.comparison.normalize import normalise
from monitor.comparison.thresholds import METRIC, SAME_VALUE, YEAR_WORTH
from monitor.extraction.units import comparable, to_base
from monitor.model.changes import Delta
from monitor.model.statements import Op, Target

Years = tuple[int | None, int | None]
"""The plan years of the sentences before and after: what a target without a year means."""

# For one and the same number: 左右 binds least, 以上 most.
_FIRMNESS = {Op.ABOUT: 0, Op.REACH: 1, Op.INCREASE_BY: 1, Op.AT_LEAST: 2, Op.AT_MOST: 2}
# What a region puts before a metric says nothing of what is measured.
_PREFIXES = ("全省", "全市", "全区", "全国", "我省", "我市", "累计", "力争", "新增")


# One name of a metric stands in the other: 算力 and 智能算力.
_SAME_METRIC = 0.9
# Two weights that differ by less are one: logarithms round.
_EVEN = 1e-9


@dataclass(frozen=True, slots=True)
class Move:
    """What became of one target. ``weight`` > 0: stronger, < 0: weaker; its size is relative.

    Weights mirror each other: turned round, a move has the same size and the other sign.
    """

    delta: Delta
    weight: float


def moves(
    before: Sequence[Target],
    after: Sequence[Target],
    *,
    alike: bool,
    years: Years = (None, None),
    granted: Callable[[Target], bool] = lambda _: False,
) -> list[Move]:
    """What changed between the targets of two sentences that are one commitment.

    Args:
        before: targets then.
        after: targets now.
        alike: the sentences are so much alike that a lone number on each side, of one
            dimension, is the same target even if its metric was put in other words.
        years: the years of the plans.
        granted: whether a target is the ceiling of what somebody is given (不超过300万元补助),
            which is not to be small.

    Returns:
        One move for each target that changed, came or went; none for what stayed.
    """
    pairs = pair_targets(before, after, alike=alike)
    found = [
        move
        for old, new in pairs
        if (move := _moved(old, new, years, granted(old) or granted(new))) is not None
    ]
    paired_old = {id(old) for old, _ in pairs}
    paired_new = {id(new) for _, new in pairs}
    for old in before:
        if id(old) not in paired_old:
            found.append(Move(Delta(old.metric, old.unit, old.value, None), -1.0))
    for new in after:
        if id(new) not in paired_new:
            found.append(Move(Delta(new.metric, new.unit, None, new.value), 1.0))
    return found


def direction(found: Sequence[Move]) -> float:
    """The way of several moves: that of the largest; 0 where two opposite ones are as large.

    A number that went and another that came in its place weigh the same: which of the two
    promises is the larger nobody can tell.
    """
    up = max((move.weight for move in found), default=0.0)
    down = min((move.weight for move in found), default=0.0)
    total = max(up, 0.0) + min(down, 0.0)
    if abs(total) <= _EVEN:
        return 0.0
    return up if total > 0 else down


def pair_targets(
    before: Sequence[Target], after: Sequence[Target], *, alike: bool
) -> list[tuple[Target, Target]]:
    """Pairs of targets that measure the same thing, each used once.

    One metric in one wording goes first. Among several of it, what agrees in number and year
    belongs together, so that of 2026年100 and 2030年300 the second is found again when the first
    is gone.
    """
    scored = sorted(
        (
            (likeness >= _SAME_METRIC, _agreement(old, new), likeness, -abs(i - j), -(i + j), i, j)
            for i, old in enumerate(before)
            for j, new in enumerate(after)
            if _same_sort(old, new) and (likeness := _likeness(old, new)) >= METRIC
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
    if alike:
        for i in sorted(olds):
            rest = [j for j in sorted(news) if _same_sort(before[i], after[j])]
            rivals = [k for k in olds if any(_same_sort(before[k], after[j]) for j in rest)]
            if len(rest) == 1 and len(rivals) == 1:
                news.remove(rest[0])
                pairs.append((i, rest[0]))
    return [(before[i], after[j]) for i, j in sorted(pairs)]


def shared_metric(before: Sequence[Target], after: Sequence[Target]) -> bool:
    """Whether two sentences measure at least one thing in common."""
    return any(
        _same_sort(old, new) and _likeness(old, new) >= METRIC for old in before for new in after
    )


def _same_sort(old: Target, new: Target) -> bool:
    """Comparable at all: one dimension, and both totals or both increments."""
    increments = (old.op is Op.INCREASE_BY, new.op is Op.INCREASE_BY)
    return comparable(old.unit, new.unit) and increments[0] == increments[1]


def _agreement(old: Target, new: Target) -> int:
    """2: the same number for the same year; 1: another number for a year both name; 0: less."""
    same_year = old.year == new.year
    if same_year and _same_value(_base(old), _base(new)):
        return 2
    return int(same_year and old.year is not None)


def _likeness(old: Target, new: Target) -> float:
    first, second = _metric(old.metric), _metric(new.metric)
    if not first or not second:
        return 1.0 if first == second else 0.0
    if first in second or second in first:
        return 1.0 if first == second else _SAME_METRIC
    return fuzz.ratio(first, second) / 100


def _metric(metric: str) -> str:
    name = normalise(metric)
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _base(target: Target) -> float:
    return to_base(target.value, target.unit)[0]


def _same_value(first: float, second: float) -> bool:
    return abs(first - second) <= SAME_VALUE * max(abs(first), abs(second))


def _moved(old: Target, new: Target, years: Years, granted: bool) -> Move | None:
    old_value, new_value = _base(old), _base(new)
    if not _same_value(old_value, new_value):
        weight = _strength(old, new, granted=granted)
        shown = old.value
        if old.unit != new.unit:
            # In the unit of now: 4000 P of last year reads 4 Eflops beside 5 Eflops.
            shown = old_value / to_base(1, new.unit)[0]
        if old.year is not None and new.year is not None:
            weight -= YEAR_WORTH * (new.year - old.year)
        return Move(Delta(new.metric, new.unit, shown, new.value), weight)
    stays = Delta(new.metric, new.unit, new.value, new.value)
    later = _later(old, new, years)
    if later:
        # Sooner is stronger. One year is worth less than any change of the number itself.
        return Move(stays, -later * 1e-3)
    firmer = _FIRMNESS[new.op] - _FIRMNESS[old.op]
    return Move(stays, firmer * 1e-5) if firmer else None


def _strength(old: Target, new: Target, *, granted: bool) -> float:
    """How much stronger the promise is with the number of now."""
    old_value, new_value = _base(old), _base(new)
    if Op.INCREASE_BY in {old.op, new.op} and min(old_value, new_value) < 0:
        # 降低30% is more than 降低20%; who promised less and now promises more gave it up.
        if max(old_value, new_value) < 0:
            return _growth(-old_value, -new_value)
        wanted_less = old_value < 0 or less_is_better(old.metric)
        return _growth(old_value, new_value) * (-1 if wanted_less else 1)
    less = less_is_better(new.metric) or less_is_better(old.metric)
    limit = Op.AT_MOST in {old.op, new.op} and not granted
    # 成本增长5% grows the same thing that 成本5元 measures.
    return _growth(old_value, new_value) * (-1 if less or limit else 1)


def _growth(old: float, new: float) -> float:
    """The logarithm of the ratio, which is as large down as up; -1 or 1 where there is none."""
    if old > 0 and new > 0:
        return math.log(new / old)
    return 1.0 if new > old else -1.0


def _later(old: Target, new: Target, years: Years) -> int:
    """By how many years a target was put off; 0 where a year is not known.

    A target that names no year is meant for the year of its plan. Where neither names one, the
    plan moved on and took the target with it.
    """
    if old.year is None and new.year is None:
        return 0
    then, now = old.year or years[0], new.year or years[1]
    return 0 if then is None or now is None else now - then

"""Targets before and after: which belongs to which, and which way it moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from monitor.changes.normal import normalise
from monitor.changes.thresholds import METRIC, SAME_VALUE
from monitor.commitments import comparable, to_base
from monitor.model import Delta, Op, Target

# For one and the same number: 左右 binds least, 以上 most.
_FIRMNESS = {Op.ABOUT: 0, Op.REACH: 1, Op.INCREASE_BY: 1, Op.AT_LEAST: 2, Op.AT_MOST: 2}
# What a region puts before a metric says nothing of what is measured.
_PREFIXES = ("全省", "全市", "全区", "全国", "我省", "我市", "累计", "力争", "新增")


@dataclass(frozen=True, slots=True)
class Move:
    """What became of one target. ``weight`` > 0: stronger, < 0: weaker; its size is relative."""

    delta: Delta
    weight: float


def moves(before: Sequence[Target], after: Sequence[Target], *, alike: bool) -> list[Move]:
    """What changed between the targets of two sentences that are one commitment.

    Args:
        before: targets then.
        after: targets now.
        alike: the sentences are so much alike that a lone number on each side, of one
            dimension, is the same target even if its metric was put in other words.

    Returns:
        One move for each target that changed, came or went; none for what stayed.
    """
    pairs = pair_targets(before, after, alike=alike)
    found = [move for old, new in pairs if (move := _moved(old, new)) is not None]
    paired_old = {id(old) for old, _ in pairs}
    paired_new = {id(new) for _, new in pairs}
    for old in before:
        if id(old) not in paired_old:
            found.append(Move(Delta(old.metric, old.unit, old.value, None), -1.0))
    for new in after:
        if id(new) not in paired_new:
            found.append(Move(Delta(new.metric, new.unit, None, new.value), 1.0))
    return found


def pair_targets(
    before: Sequence[Target], after: Sequence[Target], *, alike: bool
) -> list[tuple[Target, Target]]:
    """Pairs of targets that measure the same thing, the most alike first, each used once."""
    scored = sorted(
        (
            (_likeness(old, new), -abs(i - j), i, j)
            for i, old in enumerate(before)
            for j, new in enumerate(after)
            if _same_sort(old, new)
        ),
        reverse=True,
    )
    olds, news = set(range(len(before))), set(range(len(after)))
    pairs: list[tuple[int, int]] = []
    for score, _, i, j in scored:
        if score >= METRIC and i in olds and j in news:
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


def _likeness(old: Target, new: Target) -> float:
    first, second = _metric(old.metric), _metric(new.metric)
    if not first or not second:
        return 1.0 if first == second else 0.0
    if first in second or second in first:
        return 1.0 if first == second else 0.9
    return fuzz.ratio(first, second) / 100


def _metric(metric: str) -> str:
    name = normalise(metric)
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _moved(old: Target, new: Target) -> Move | None:
    old_value, new_value = to_base(old.value, old.unit)[0], to_base(new.value, new.unit)[0]
    size = max(abs(old_value), abs(new_value))
    if abs(new_value - old_value) > SAME_VALUE * size:
        up = (new_value - old_value) / (abs(old_value) or size)
        weight = -up if Op.AT_MOST in {old.op, new.op} else up
        shown = old.value
        if old.unit != new.unit:
            # In the unit of now: 4000 P of last year reads 4 Eflops beside 5 Eflops.
            shown = old_value / to_base(1, new.unit)[0]
        return Move(Delta(new.metric, new.unit, shown, new.value), weight)
    if old.year != new.year and old.year is not None and new.year is not None:
        # Sooner is stronger. One year is worth less than any change of the number itself.
        return Move(
            Delta(new.metric, new.unit, new.value, new.value), (old.year - new.year) * 0.001
        )
    if _FIRMNESS[old.op] != _FIRMNESS[new.op]:
        return Move(
            Delta(new.metric, new.unit, new.value, new.value),
            (_FIRMNESS[new.op] - _FIRMNESS[old.op]) * 0.0001,
        )
    return None

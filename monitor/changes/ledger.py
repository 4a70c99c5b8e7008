"""Promises kept: what a report's review says of the targets that were due.

A target is due in the year it names, or in the year of its plan. The next report's review tells
what was reached; where it tells nothing of a target, it is silent on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from monitor.changes.normal import normalise
from monitor.changes.thresholds import LEDGER_FULL, LEDGER_METRIC, LEDGER_WORDING, SAME_VALUE
from monitor.commitments import comparable, to_base
from monitor.model import Label, Op, Statement, Target, Verdict

# What stands around the thing that is measured and does not change it.
_NEUTRAL = re.compile(
    "^(?:全省|全市|全区|全国|我省|我市|我区|累计|力争|新增|建成|培育|打造)+|(?:总)?(?:规模|总量|总数|数量|数)$"
)
_TOTAL = re.compile("总(?=规模|量|数|算力)")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one target that was due.

    ``position`` is the target's place in its commitment; ``achievement`` and ``achieved`` are
    the sentence and the number of the review, None when it is silent.
    """

    commitment: Statement
    position: int
    verdict: Verdict
    achievement: Statement | None = None
    achieved: Target | None = None

    @property
    def target(self) -> Target:
        """The target that was due."""
        return self.commitment.targets[self.position]


def judge(
    promised: Sequence[Statement], review: Sequence[Statement], *, due: int
) -> list[Judgement]:
    """The verdict on each target of ``promised`` that was due in the year ``due``.

    Args:
        promised: statements of an earlier report of the region; its commitments are judged.
        review: statements of the report of the year after ``due``; its achievements are the
            evidence.
        due: the year. A target that names none is due in its commitment's own year.

    Returns:
        One judgement for each target, in the order of the text. *Missed* is an accusation: it is
        told only where both name the measured thing alike; otherwise the review is silent.
    """
    told = [item for item in review if item.label is Label.ACHIEVEMENT]
    return [
        _judged(commitment, position, told, due)
        for commitment in promised
        if commitment.label is Label.COMMITMENT
        for position, target in enumerate(commitment.targets)
        if (target.year or commitment.year) == due
    ]


def _judged(commitment: Statement, position: int, told: Sequence[Statement], due: int) -> Judgement:
    target = commitment.targets[position]
    best: tuple[float, bool, Statement, Target] | None = None
    for achievement in told:
        if (achievement.region, achievement.topic) != (commitment.region, commitment.topic):
            continue
        for reached in achievement.targets:
            likeness = _likeness(commitment, target, achievement, reached, due)
            if likeness < LEDGER_METRIC:
                continue
            kept = _reached(target, reached)
            if kept or likeness >= LEDGER_FULL:
                wording = fuzz.ratio(normalise(commitment.text), normalise(achievement.text)) / 100
                found = (likeness + wording, kept, achievement, reached)
                best = max(best, found, key=lambda one: one[0]) if best else found
    if best is None:
        return Judgement(commitment, position, Verdict.SILENT)
    _, kept, achievement, reached = best
    verdict = Verdict.KEPT if kept else Verdict.MISSED
    return Judgement(commitment, position, verdict, achievement, reached)


def _likeness(
    commitment: Statement, target: Target, achievement: Statement, reached: Target, due: int
) -> float:
    """How surely both numbers measure one thing, from 0 to 1."""
    if not comparable(target.unit, reached.unit):
        return 0.0
    if (target.op is Op.INCREASE_BY) != (reached.op is Op.INCREASE_BY):
        return 0.0
    # What was reached in an earlier year is not what was due.
    if reached.year is not None and reached.year != due:
        return 0.0
    promised, told = _measured(target.metric), _measured(reached.metric)
    if not promised or not told:
        # 规模, 总量: the sentences alone say of what.
        alike = fuzz.ratio(normalise(commitment.text), normalise(achievement.text)) / 100
        return 1.0 if alike >= LEDGER_WORDING else 0.0
    return fuzz.ratio(promised, told) / 100


def _measured(metric: str) -> str:
    """The measured thing alone: 全省算力总规模 is 算力."""
    return _NEUTRAL.sub("", _TOTAL.sub("", normalise(metric)))


def _reached(target: Target, reached: Target) -> bool:
    goal, value = to_base(target.value, target.unit)[0], to_base(reached.value, reached.unit)[0]
    slack = SAME_VALUE * max(abs(goal), abs(value))
    return value <= goal + slack if target.op is Op.AT_MOST else value >= goal - slack

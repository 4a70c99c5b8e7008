"""Promises kept: what a report's review says of the targets that were due.

A target is due in the year it names, or in the year of its plan. The next report's review tells
what was reached; where it tells nothing of a target, it is silent on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from monitor.comparison.cues import less_is_better, places
from monitor.comparison.normalize import normalise
from monitor.comparison.thresholds import (
    LEDGER_ABOUT,
    LEDGER_FULL,
    LEDGER_KEPT,
    LEDGER_METRIC,
    LEDGER_WORDING,
    SAME_VALUE,
)
from monitor.extraction.units import comparable, to_base
from monitor.model.changes import Verdict
from monitor.model.statements import Label, Op, Statement, Target

# What stands around the thing that is measured and does not change it.
_NEUTRAL = re.compile(
    "^(?:全省|全市|全区|全国|我省|我市|我区|累计|力争|新增|建成|培育|打造)+|(?:总)?(?:规模|总量|总数|数量|数)$"
)
_ITEMS = re.compile("[^、，。；：！？]+")
_CLAUSES = re.compile("[^，。；：！？]+")
_SUM = re.compile("累计|总数|总量达|共有|五年来|三年来|以来|历年")
_YEARS_ON = re.compile("(?:过去)?[三四五]年来|(?:“?十[三四五]五”?)(?:时期|期间|以来)|自20\\d\\d年")
_SEVERAL = re.compile("([两三四五2-5])年(?:内|间)?(?:新增|新建|培育|累计|建设|投入|安排)|每年|年均")
_ADDED = re.compile("新建|新增|新培育|新认定|新设|新获批|净增")
_COUNTS = frozenset({"座", "家", "个", "项", "款", "台", "张", "条", "人", "名", "所", "处"})
_TO = re.compile("达到|增至|增加到|突破|超过")
_STAGE = re.compile(
    "首批|首期|一期|第一批|[一二三]季度|上半年|前[一二三四五六七八九十两]+个?月|1[—-]\\d+月"
)
_NEARLY = re.compile("近|接近|将近")
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
            if not kept and (likeness < LEDGER_FULL or _is_part(commitment, achievement, reached)):
                continue
            wording = fuzz.ratio(normalise(commitment.text), normalise(achievement.text)) / 100
            # Of several numbers for one thing the one that keeps the promise is the whole.
            found = (likeness + wording + LEDGER_KEPT * kept, kept, achievement, reached)
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
    if _span(commitment.text, target) != _span(achievement.text, reached):
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


def _span(sentence: str, target: Target) -> str:
    """Over what time a number is counted: what one year added is no sum of several."""
    clause = _clause(sentence, target)
    if _SUM.search(clause) or (target.year is None and _YEARS_ON.match(sentence)):
        return "sum"
    if several := _SEVERAL.search(clause):
        return several[1] or "a year"
    if _ADDED.search(clause) and target.op is not Op.INCREASE_BY:
        return "added"
    return "sum" if target.unit in _COUNTS and _TO.search(clause) else ""


def _is_part(commitment: Statement, achievement: Statement, reached: Target) -> bool:
    """Whether a number is told of a part only: one city, the first quarter, a first batch."""
    clause = _clause(achievement.text, reached)
    if _STAGE.search(clause) and not _STAGE.search(commitment.text):
        return True
    home = commitment.region or ""
    return any(place not in home and place not in commitment.text for place in places(clause))


def _clause(sentence: str, target: Target) -> str:
    for pattern in (_ITEMS, _CLAUSES):
        for clause in pattern.findall(sentence):
            if target.raw in clause:
                return str(clause)
    return target.raw


def _reached(target: Target, reached: Target) -> bool:
    goal, value = to_base(target.value, target.unit)[0], to_base(reached.value, reached.unit)[0]
    about = target.op is Op.ABOUT or target.raw.endswith("左右")
    slack = LEDGER_ABOUT if about else SAME_VALUE
    slack *= max(abs(goal), abs(value))
    if target.op is Op.INCREASE_BY and goal < 0:
        return value <= goal + slack  # 降低30% is kept by 降低40%
    if target.op is Op.AT_MOST or less_is_better(target.metric):
        return value <= goal + slack
    if reached.op is Op.ABOUT and _NEARLY.search(reached.raw):
        return value > goal + slack
    return value >= goal - slack

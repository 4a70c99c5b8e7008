"""Fulfilment: what a report's review says about the targets that were due.

A target is due in the year it names, or in the year of its plan. The review of the next report
gives the achieved values; a target it does not mention is *not reported*.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from monitor.comparison.cues import lower_is_better, places
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import ratio, sentence_similarity
from monitor.comparison.thresholds import (
    FULFILMENT_ABOUT,
    FULFILMENT_MET_BONUS,
    FULFILMENT_METRIC,
    FULFILMENT_METRIC_MISSED,
    FULFILMENT_WORDING,
    SAME_VALUE,
)
from monitor.extraction.quantities import comparable, to_base
from monitor.model.changes import Verdict
from monitor.model.statements import Label, Op, Statement, Target

_COUNTS = frozenset({"座", "家", "个", "项", "款", "台", "张", "条", "人", "名", "所", "处"})


@cache
def _neutral_pattern() -> re.Pattern[str]:
    # Words around a metric that do not change it.
    return re.compile(
        "^(?:全省|全市|全区|全国|我省|我市|我区|累计|力争|新增|建成|培育|打造)+|(?:总)?(?:规模|总量|总数|数量|数)$"
    )


@cache
def _items_pattern() -> re.Pattern[str]:
    return re.compile("[^、，。；：！？]+")


@cache
def _clauses_pattern() -> re.Pattern[str]:
    return re.compile("[^，。；：！？]+")


@cache
def _sum_pattern() -> re.Pattern[str]:
    return re.compile("累计|总数|总量达|共有|五年来|三年来|以来|历年")


@cache
def _years_on_pattern() -> re.Pattern[str]:
    return re.compile("(?:过去)?[三四五]年来|(?:“?十[三四五]五”?)(?:时期|期间|以来)|自20\\d\\d年")


@cache
def _several_pattern() -> re.Pattern[str]:
    return re.compile("([两三四五2-5])年(?:内|间)?(?:新增|新建|培育|累计|建设|投入|安排)|每年|年均")


@cache
def _added_pattern() -> re.Pattern[str]:
    return re.compile("新建|新增|新培育|新认定|新设|新获批|净增")


@cache
def _to_pattern() -> re.Pattern[str]:
    return re.compile("达到|增至|增加到|突破|超过")


@cache
def _stage_pattern() -> re.Pattern[str]:
    return re.compile(
        "首批|首期|一期|第一批|[一二三]季度|上半年|前[一二三四五六七八九十两]+个?月|1[—-]\\d+月"
    )


@cache
def _nearly_pattern() -> re.Pattern[str]:
    return re.compile("近|接近|将近")


@cache
def _total_pattern() -> re.Pattern[str]:
    return re.compile("总(?=规模|量|数|算力)")


@dataclass(frozen=True, slots=True)
class TargetFulfilment:
    """The verdict on one target that was due.

    ``position`` is the target's index in its commitment; ``achievement`` and ``achieved`` are the
    sentence and the number of the review, None when the target is not reported.
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


def assess_fulfilment(
    promised: Sequence[Statement], review: Sequence[Statement], *, due: int
) -> list[TargetFulfilment]:
    """The verdict on each target of ``promised`` that was due in the year ``due``.

    Args:
        promised: statements of an earlier report of the region; its commitments are assessed.
        review: statements of the report of the year after ``due``; its achievements are the
            evidence.
        due: the year. A target that names none is due in its commitment's own year.

    Returns:
        One entry for each target, in text order. *Missed* needs strong evidence: both sides must
        name the metric in nearly the same words; otherwise the target is *not reported*.
    """
    achievements = [item for item in review if item.label is Label.ACHIEVEMENT]
    return [
        _assess(commitment, position, achievements, due)
        for commitment in promised
        if commitment.label is Label.COMMITMENT
        for position, target in enumerate(commitment.targets)
        if (target.year or commitment.year) == due
    ]


def _assess(
    commitment: Statement, position: int, achievements: Sequence[Statement], due: int
) -> TargetFulfilment:
    target = commitment.targets[position]
    best: tuple[float, bool, Statement, Target] | None = None
    for achievement in achievements:
        if (achievement.region, achievement.topic) != (commitment.region, commitment.topic):
            continue
        for reached in achievement.targets:
            similarity = _metric_similarity(commitment, target, achievement, reached, due)
            if similarity < FULFILMENT_METRIC:
                continue
            met = _is_met(target, reached)
            if not met and (
                similarity < FULFILMENT_METRIC_MISSED or _is_part(commitment, achievement, reached)
            ):
                continue
            # Of several numbers for one metric, the one that meets the target is the total.
            score = similarity + sentence_similarity(commitment.text, achievement.text)
            found = (score + FULFILMENT_MET_BONUS * met, met, achievement, reached)
            best = max(best, found, key=lambda one: one[0]) if best else found
    if best is None:
        return TargetFulfilment(commitment, position, Verdict.NOT_REPORTED)
    _, met, achievement, reached = best
    verdict = Verdict.MET if met else Verdict.MISSED
    return TargetFulfilment(commitment, position, verdict, achievement, reached)


def _metric_similarity(
    commitment: Statement, target: Target, achievement: Statement, reached: Target, due: int
) -> float:
    """Confidence that both numbers measure one thing, 0 to 1."""
    if not comparable(target.unit, reached.unit):
        return 0.0
    if (target.op is Op.INCREASE_BY) != (reached.op is Op.INCREASE_BY):
        return 0.0
    # A value of an earlier year is not the one that was due.
    if reached.year is not None and reached.year != due:
        return 0.0
    if _counting_period(commitment.text, target) != _counting_period(achievement.text, reached):
        return 0.0
    promised, reported = _metric_core(target.metric), _metric_core(reached.metric)
    if not promised or not reported:
        # 规模, 总量: only the sentences tell what is measured.
        similarity = sentence_similarity(commitment.text, achievement.text)
        return 1.0 if similarity >= FULFILMENT_WORDING else 0.0
    return ratio(promised, reported)


def _metric_core(metric: str) -> str:
    """The metric without scope and totals: 全省算力总规模 is 算力."""
    return _neutral_pattern().sub("", _total_pattern().sub("", normalize(metric)))


def _counting_period(sentence: str, target: Target) -> str:
    """The period over which a number is counted: one year's addition is not a total."""
    clause = _clause(sentence, target)
    if _sum_pattern().search(clause) or (
        target.year is None and _years_on_pattern().match(sentence)
    ):
        return "sum"
    if several := _several_pattern().search(clause):
        return several[1] or "a year"
    if _added_pattern().search(clause) and target.op is not Op.INCREASE_BY:
        return "added"
    return "sum" if target.unit in _COUNTS and _to_pattern().search(clause) else ""


def _is_part(commitment: Statement, achievement: Statement, reached: Target) -> bool:
    """Whether a number covers a part only: one city, the first quarter, a first batch."""
    clause = _clause(achievement.text, reached)
    if _stage_pattern().search(clause) and not _stage_pattern().search(commitment.text):
        return True
    home = commitment.region or ""
    return any(place not in home and place not in commitment.text for place in places(clause))


def _clause(sentence: str, target: Target) -> str:
    for pattern in (_items_pattern(), _clauses_pattern()):
        for clause in pattern.findall(sentence):
            if target.raw in clause:
                return str(clause)
    return target.raw


def _is_met(target: Target, reached: Target) -> bool:
    goal, value = to_base(target.value, target.unit)[0], to_base(reached.value, reached.unit)[0]
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

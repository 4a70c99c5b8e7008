"""Fulfilment: what a report's review says about the targets that were due.

A target is due in the year it names, or in the year of its plan. The review of the next report
gives the achieved values; a target it does not mention is *not reported*. Evidence has grades: a
likeness of metrics may show that a target was met, but only the same metric, counted over the same
period, shows that it was missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum
from functools import cache

from monitor.comparison.comparability import (
    ITEM_UNITS,
    StatedNumber,
    adds_up_years,
    are_periods_comparable,
    base_amount,
    counting_period,
    counts_others,
    fulfilment_words,
    have_comparable_units,
    is_met,
    is_part,
    stand_in_same_place,
)
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import ratio, sentence_similarity
from monitor.comparison.targets import is_upper_end
from monitor.comparison.thresholds import (
    FULFILMENT_METRIC,
    FULFILMENT_OPEN_END,
    FULFILMENT_WORDING,
)
from monitor.extraction.measurements import is_generic
from monitor.extraction.metric_history import metric_core
from monitor.extraction.regions import find_region
from monitor.extraction.units import GROWTH_UNITS, comparable, to_base
from monitor.extraction.vocabulary import alternation
from monitor.model.changes import Basis, Change, Delta, Kind, Verdict
from monitor.model.statements import Label, Op, Statement, Target

# Names of computing power as a whole and of its largest part. 超算 and 通算 are told apart.
_SIBLINGS = frozenset({"算力", "智算", "绿色算力", "综合算力"})
# With one of these a metric is another one.
_OTHER_METRIC = ("人均", "户均", "民间", "单位", "占比", "人工智能+")
# A generic metric this long (典型应用场景) names a thing inside the topic.
_SPECIFIC = 4
# One this long (数字产业增加值) names it in any sentence.
_TELLING = 6


@cache
def _other_basis_pattern() -> re.Pattern[str]:
    return re.compile(alternation(fulfilment_words().other_basis))


@cache
def _doubled_pattern() -> re.Pattern[str]:
    # Right after a level; 双翻番 is said of two, so that one may stand between.
    verbs = "(?:双双|均|都|已|全面|如期|提前|成功|顺利|圆满|实现|完成|达到|了)*"
    doubled = "翻了?(?:一番|(?P<twice>两番))|翻番"
    return re.compile(
        f"(?:、居[^，。；]*)?[，、]{verbs}(?:{doubled})|(?:、[^，。；]*)?，{verbs}[“‘]?双翻番"
    )


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


class _Grade(IntEnum):
    """How well the metric of a reported number is that of a target."""

    SIBLING = 1
    """The whole for its main part or the part for the whole (算力, 智算)."""
    NEAR = 2
    """Nearly the same words."""
    SAME = 3
    """The same words, scope and totals aside."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    grade: _Grade
    met: bool
    score: float
    reported: StatedNumber


@dataclass(frozen=True, slots=True)
class _Review:
    """What a review says, and what the review of the year before said."""

    due: int
    achievements: Sequence[Statement]
    others: Sequence[Statement]
    before: Sequence[Statement]


def assess_fulfilment(
    promised: Sequence[Statement],
    review: Sequence[Statement],
    *,
    due: int,
    others: Sequence[Statement] = (),
) -> list[TargetFulfilment]:
    """The verdict on each target of ``promised`` that was due in the year ``due``.

    Args:
        promised: statements of an earlier report of the region; its commitments are assessed, and
            its achievements are the level from which a target grows (翻番).
        review: statements of the report of the year after ``due``; its achievements are the
            evidence.
        due: the year. A target that names none is due in its commitment's own year.
        others: the review's sentences about other subjects (``review_sentences``). They are
            evidence only where the metric is exactly the same.

    Returns:
        One entry for each target, in text order. A target that no number of the review is about is
        *not reported*. *Missed* needs the same metric, scope, unit and period on both sides and a
        number that is clearly lower.
    """
    if not has_targets_due(promised, due):
        return []
    report = _Review(
        due,
        [item for item in review if item.label is Label.ACHIEVEMENT],
        others,
        [item for item in promised if item.label is Label.ACHIEVEMENT],
    )
    return [
        _assess(StatedNumber(commitment, position), report)
        for commitment in promised
        for position in _positions_due(commitment, due)
    ]


def verdict_change(found: TargetFulfilment) -> Change:
    """The line of the change log for a verdict; one that is pending has none."""
    commitment, target, achievement = found.commitment, found.target, found.achievement
    return Change(
        kind=Kind(found.verdict.value),
        basis=Basis.FULFILMENT,
        region=commitment.region,
        before=commitment,
        after=achievement,
        deltas=(Delta(target.metric, target.unit, target.value, _achieved_value(found)),),
        similarity=(
            0.0 if achievement is None else sentence_similarity(commitment.text, achievement.text)
        ),
    )


def _achieved_value(found: TargetFulfilment) -> float | None:
    """What was achieved, in the unit of the target.

    None where the review gives no such number: a growth of 100% that shows in a level.
    """
    target, achieved = found.target, found.achieved
    if achieved is None:
        return None
    if achieved.unit == target.unit or {achieved.unit, target.unit} <= ITEM_UNITS:
        return achieved.value
    scale, unit = base_amount(replace(target, value=1.0))
    value, other = base_amount(achieved)
    if not comparable(unit, other):
        return None
    return float(f"{value / scale:.12g}")


def has_targets_due(promised: Sequence[Statement], due: int) -> bool:
    """Whether any target of ``promised`` was due in the year ``due``."""
    return any(_positions_due(commitment, due) for commitment in promised)


def _positions_due(commitment: Statement, due: int) -> list[int]:
    if commitment.label is not Label.COMMITMENT:
        return []
    return [
        position
        for position, target in enumerate(commitment.targets)
        if (target.year or commitment.year) == due
        and not is_upper_end(commitment.targets, position)
    ]


def _assess(promised: StatedNumber, review: _Review) -> TargetFulfilment:
    core = _core_of(promised)
    found = list(_evidence(promised, review.achievements, review.due))
    found += [
        one
        for one in _evidence(promised, review.others, review.due)
        if _metric_core(one.reported.target.metric, promised.region) == core
    ]
    found += _grown(promised, review)
    found += _doubled(promised, review)
    best = _decide(found)
    commitment, position = promised.statement, promised.position
    if best is None:
        return TargetFulfilment(commitment, position, Verdict.NOT_REPORTED)
    verdict = Verdict.MET if best.met else Verdict.MISSED
    reported = best.reported
    return TargetFulfilment(commitment, position, verdict, reported.statement, reported.target)


def _decide(found: Sequence[_Evidence]) -> _Evidence | None:
    """The evidence that counts.

    Of several numbers for one metric, the one that meets the target is the total. Where a likeness
    contradicts a number for the metric itself, nothing is known. A sibling counts only where the
    review is silent about the metric.
    """

    def best(grade: _Grade, *, met: bool) -> _Evidence | None:
        wanted = (one for one in found if one.grade is grade and one.met is met)
        return max(wanted, key=lambda one: one.score, default=None)

    same, missed = best(_Grade.SAME, met=True), best(_Grade.SAME, met=False)
    near = best(_Grade.NEAR, met=True)
    if same is None and missed is not None:
        return None if near is not None else missed
    return same or near or best(_Grade.SIBLING, met=True)


def _evidence(
    promised: StatedNumber, achievements: Sequence[Statement], due: int
) -> Iterator[_Evidence]:
    for reported in _numbers_of(achievements, promised):
        compared = _compare_metrics(promised, reported, due)
        if compared is None or not stand_in_same_place(promised, reported):
            continue
        grade, similarity = compared
        met = is_met(promised.target, reported.target) and not adds_up_years(promised, reported)
        if met or (grade is _Grade.SAME and _shows_missed(promised, reported)):
            score = similarity + sentence_similarity(promised.text, reported.text)
            yield _Evidence(grade, met, score, reported)


def _numbers_of(statements: Sequence[Statement], promised: StatedNumber) -> Iterator[StatedNumber]:
    """The numbers of the statements on the same topic and region."""
    own = promised.statement
    for one in statements:
        if (one.region, one.topic) == (own.region, own.topic):
            for position in range(len(one.targets)):
                yield StatedNumber(one, position)


def _compare_metrics(
    promised: StatedNumber, reported: StatedNumber, due: int
) -> tuple[_Grade, float] | None:
    """Whether both numbers measure one thing, and the similarity of their metrics, 0 to 1."""
    target, reached = promised.target, reported.target
    if not have_comparable_units(target, reached):
        return None
    # A value of an earlier year is not the one that was due.
    if reached.year is not None and reached.year != due:
        return None
    core, other = _core_of(promised), _metric_core(reached.metric, promised.region)
    if not are_periods_comparable(promised, reported, is_same_metric=core == other):
        return None
    if _is_generic(target.metric) or _is_generic(reached.metric) or not core or not other:
        named = core if core == other else ""
        return _compare_sentences(promised.statement, reported.statement, named=named)
    return _compare_cores(core, other)


def _compare_sentences(
    commitment: Statement, achievement: Statement, *, named: str
) -> tuple[_Grade, float] | None:
    """The same for 规模, 总量, 企业, of which only the sentences tell what is measured."""
    similarity = sentence_similarity(commitment.text, achievement.text)
    shared = len(named) >= _SPECIFIC and not {*commitment.themes}.isdisjoint(achievement.themes)
    alike = similarity >= FULFILMENT_WORDING or shared or len(named) >= _TELLING
    return (_Grade.NEAR, similarity) if alike else None


def _compare_cores(promised: str, reported: str) -> tuple[_Grade, float] | None:
    if promised == reported:
        return _Grade.SAME, 1.0
    if {promised, reported} <= _SIBLINGS:
        return _Grade.SIBLING, 0.0
    similarity = ratio(promised, reported)
    alike = similarity >= FULFILMENT_METRIC and _only_qualifies(promised, reported)
    return (_Grade.NEAR, similarity) if alike else None


def _only_qualifies(first: str, second: str) -> bool:
    """Whether one metric only adds words to the other, and none that makes it another metric.

    城镇居民收入 and 城乡居民收入 are two metrics, as are 地区生产总值 and its 人均.
    """
    shorter, longer = sorted((first, second), key=len)
    rest = iter(longer)
    if not all(character in rest for character in shorter):
        return False
    return not any((word in longer) != (word in shorter) for word in _OTHER_METRIC)


def _core_of(promised: StatedNumber) -> str:
    return _metric_core(promised.target.metric, promised.region)


def _metric_core(metric: str, region: str | None) -> str:
    """The metric without scope and totals, and without the name of the region that reports it."""
    name = normalize(metric)
    known = find_region(region) if region else None
    for own in (known.name, known.short) if known else ():
        name = name.removeprefix(own)
    core = metric_core(name)
    return fulfilment_words().implied.get(core, core)


def _is_generic(metric: str) -> bool:
    """Whether a metric names no thing by itself: 产业规模, but not 数据中心上架率."""
    return is_generic(metric) and not any(thing in metric for thing in fulfilment_words().things)


def _grown(promised: StatedNumber, review: _Review) -> Iterator[_Evidence]:
    """A growth that shows in two levels: 翻番 is met by 2.2万P after 0.8万P.

    It is no evidence of a target missed: the two reports may count differently. Money is left out,
    of which growth is given in constant prices.
    """
    target = promised.target
    if target.op is not Op.INCREASE_BY or target.unit not in {"%", "倍"} or target.value <= 0:
        return
    levels = list(_levels(review.achievements, promised, review.due))
    for last in _levels(review.before, promised, review.due - 1):
        for reported in levels:
            reached = reported.target
            if not comparable(last.target.unit, reached.unit) or reached.unit == "元":
                continue
            old, new = base_amount(last.target)[0], base_amount(reached)[0]
            if old > 0 and (new / old - 1) * 100 >= base_amount(target)[0]:
                score = sentence_similarity(promised.text, reported.text)
                yield _Evidence(_Grade.NEAR, True, score, reported)


def _doubled(promised: StatedNumber, review: _Review) -> Iterator[_Evidence]:
    """A growth that a review says of the level before: 机架4万架、算力2万P，实现“双翻番”."""
    target = promised.target
    if target.op is not Op.INCREASE_BY or target.unit not in {"%", "倍"}:
        return
    for achievement in review.achievements:
        shared = not {*promised.statement.themes}.isdisjoint(achievement.themes)
        for reported in _levels([achievement], promised, review.due, generic=shared):
            at = reported.text.find(reported.target.raw) + len(reported.target.raw)
            said = _doubled_pattern().match(reported.text, at)
            if said is not None and (300 if said["twice"] else 100) >= base_amount(target)[0] > 0:
                score = sentence_similarity(promised.text, reported.text)
                yield _Evidence(_Grade.NEAR, True, score, reported)


def _levels(
    statements: Sequence[Statement], promised: StatedNumber, year: int, *, generic: bool = False
) -> Iterator[StatedNumber]:
    """The totals that statements of the same region give for the metric in a year.

    A generic metric (机架) counts only where ``generic`` is set.
    """
    core = _core_of(promised)
    for one in _numbers_of(statements, promised):
        target = one.target
        if (
            target.op is not Op.INCREASE_BY
            and target.unit not in GROWTH_UNITS
            and target.year in {None, year}
            and _metric_core(target.metric, promised.region) == core
            and (generic or not _is_generic(target.metric))
            and counting_period(one) in {"", "sum"}
            and not is_part(promised, one)
        ):
            yield one


def _shows_missed(promised: StatedNumber, reported: StatedNumber) -> bool:
    """Whether a number of the same metric shows that the target was missed."""
    target, reached = promised.target, reported.target
    if not comparable(base_amount(target)[1], base_amount(reached)[1]):
        return False
    if is_met(target, reached) or _other_basis_pattern().search(reported.text):
        return False
    if is_part(promised, reported) or counts_others(promised, reported):
        return False
    goal, value = base_amount(target)[0], base_amount(reached)[0]
    # 突破7100万 may be 7140万: a round number is the lower end of a range.
    is_open = reached.op is Op.AT_LEAST and goal > value
    return not is_open or _upper_end(reached) <= goal


def _upper_end(reached: Target) -> float:
    """The next round number, or a quarter more: 超7100 is less than 7200, 超7000 than 8000.

    Nobody says 超1万 of 1.5万.
    """
    exponent = Decimal(repr(float(reached.value))).normalize().as_tuple().exponent
    step = 10.0 ** int(exponent)
    end = min(reached.value + step, reached.value * FULFILMENT_OPEN_END)
    return to_base(end, reached.unit)[0]

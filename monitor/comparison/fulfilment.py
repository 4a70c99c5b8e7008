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

from monitor.comparison.cues import lower_is_better, places
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import ratio, sentence_similarity
from monitor.comparison.targets import is_upper_end
from monitor.comparison.thresholds import (
    FULFILMENT_ABOUT,
    FULFILMENT_METRIC,
    FULFILMENT_OTHER_SCOPE,
    FULFILMENT_SEVERAL_YEARS,
    FULFILMENT_WORDING,
    SAME_VALUE,
)
from monitor.extraction.quantities import GROWTH_UNITS, comparable, metric_core, to_base
from monitor.extraction.targets import is_generic
from monitor.model.changes import Basis, Change, Delta, Kind, Verdict
from monitor.model.statements import Label, Op, Statement, Target

_COUNTS = frozenset({"座", "家", "个", "项", "款", "台", "张", "条", "人", "名", "所", "处"})
# One thing is counted with either: 200项场景, 200个场景.
_ITEMS = frozenset({"个", "项", "款", "件"})
# Numbers in these units are levels that no year adds up.
_LEVELS = frozenset({"%", "P", ""})
# Names of computing power as a whole and of its largest part. 超算 and 通算 are told apart.
_SIBLINGS = frozenset({"算力", "智算", "绿色算力", "综合算力"})
# With one of these a metric is another one.
_OTHER_METRIC = ("人均", "户均", "民间", "单位", "占比", "人工智能+")
# A generic metric this long (典型应用场景) names a thing inside the topic.
_SPECIFIC = 4
# One this long (数字产业增加值) names it in any sentence.
_TELLING = 6


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
def _made_pattern() -> re.Pattern[str]:
    # 打造场景超过200个 counts what one year made; 场景超过200个 counts what there is.
    return re.compile("培育|打造|推出|发布|认定|遴选|实施|引进|落地|开放|开展|组建|完成|发放")


@cache
def _stage_pattern() -> re.Pattern[str]:
    return re.compile(
        "首批|首期|一期|第一批|[一二三]季度|上半年|前[一二三四五六七八九十两]+个?月|1[—-]\\d+月"
    )


@cache
def _other_basis_pattern() -> re.Pattern[str]:
    # The review gives a second number for the same metric.
    return re.compile("同口径|可比口径|可比价|剔除")


@cache
def _doubled_pattern() -> re.Pattern[str]:
    # Right after a level; 双翻番 is said of two, so that one may stand between.
    verbs = "(?:双双|均|都|已|全面|如期|提前|成功|顺利|圆满|实现|完成|达到|了)*"
    doubled = "翻了?(?:一番|(?P<twice>两番))|翻番"
    return re.compile(
        f"(?:、居[^，。；]*)?[，、]{verbs}(?:{doubled})|(?:、[^，。；]*)?，{verbs}[“‘]?双翻番"
    )


@cache
def _nearly_pattern() -> re.Pattern[str]:
    return re.compile("近|接近|将近")


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
    achievement: Statement
    achieved: Target


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
        _assess(commitment, position, report)
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
    if achieved.unit == target.unit or {achieved.unit, target.unit} <= _ITEMS:
        return achieved.value
    scale, unit = _amount(replace(target, value=1.0))
    value, other = _amount(achieved)
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


def _assess(commitment: Statement, position: int, review: _Review) -> TargetFulfilment:
    core = _metric_core(commitment.targets[position].metric)
    found = list(_evidence(commitment, position, review.achievements, review.due))
    found += [
        one
        for one in _evidence(commitment, position, review.others, review.due)
        if _metric_core(one.achieved.metric) == core
    ]
    found += _grown(commitment, position, review)
    found += _doubled(commitment, position, review)
    best = _decide(found)
    if best is None:
        return TargetFulfilment(commitment, position, Verdict.NOT_REPORTED)
    verdict = Verdict.MET if best.met else Verdict.MISSED
    return TargetFulfilment(commitment, position, verdict, best.achievement, best.achieved)


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
    commitment: Statement, position: int, achievements: Sequence[Statement], due: int
) -> Iterator[_Evidence]:
    target = commitment.targets[position]
    for achievement in achievements:
        if (achievement.region, achievement.topic) != (commitment.region, commitment.topic):
            continue
        for index, reached in enumerate(achievement.targets):
            compared = _compare_metrics(commitment, target, achievement, reached, due)
            if compared is None or not _in_same_place(commitment, position, achievement, index):
                continue
            grade, similarity = compared
            met = _is_met(target, reached) and not _is_several_years(target, reached)
            if not met and not _shows_missed(commitment, target, achievement, reached, grade):
                continue
            score = similarity + sentence_similarity(commitment.text, achievement.text)
            yield _Evidence(grade, met, score, achievement, reached)


def _compare_metrics(
    commitment: Statement, target: Target, achievement: Statement, reached: Target, due: int
) -> tuple[_Grade, float] | None:
    """Whether both numbers measure one thing, and the similarity of their metrics, 0 to 1."""
    if not _comparable_units(target, reached):
        return None
    # A value of an earlier year is not the one that was due.
    if reached.year is not None and reached.year != due:
        return None
    promised, reported = _metric_core(target.metric), _metric_core(reached.metric)
    period = _counting_period(commitment.text, target)
    counted = _counting_period(achievement.text, reached)
    if period != counted and not (
        promised == reported and _covers(period, counted, target, reached)
    ):
        return None
    if is_generic(target.metric) or is_generic(reached.metric) or not promised or not reported:
        return _compare_sentences(
            commitment, achievement, named=promised if promised == reported else ""
        )
    return _compare_cores(promised, reported)


def _covers(period: str, counted: str, target: Target, reached: Target) -> bool:
    """Whether a number counted over another period meets a target all the same.

    What was added in a year is no more than what there is: 新增7200家 meets 3000家.
    """
    return (period, counted) in {("sum", ""), ("", "added"), ("sum", "added")} and _is_met(
        target, reached
    )


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


def _comparable_units(target: Target, reached: Target) -> bool:
    if (target.op is Op.INCREASE_BY) != (reached.op is Op.INCREASE_BY) and (
        target.unit in GROWTH_UNITS
    ):
        return False
    if {target.unit, reached.unit} <= _ITEMS:
        return True
    return comparable(_amount(target)[1], _amount(reached)[1])


def _amount(target: Target) -> tuple[float, str]:
    """The value in its base unit; a growth of 1倍 is one of 100%."""
    if target.op is Op.INCREASE_BY and target.unit == "倍":
        return target.value * 100, "%"
    return to_base(target.value, target.unit)


def _metric_core(metric: str) -> str:
    return metric_core(normalize(metric))


def _in_same_place(
    commitment: Statement, position: int, achievement: Statement, index: int
) -> bool:
    """Whether a number is in its place of a list: 城乡居民收入分别增长6%和8%."""
    place, size = _place_in_list(commitment, position)
    other, other_size = _place_in_list(achievement, index)
    return size != other_size or place == other


def _place_in_list(statement: Statement, position: int) -> tuple[int, int]:
    own = statement.targets[position]
    alike = [
        index
        for index, one in enumerate(statement.targets)
        if (one.metric, one.unit, one.op, one.year) == (own.metric, own.unit, own.op, own.year)
    ]
    return alike.index(position), len(alike)


def _counting_period(sentence: str, target: Target) -> str:
    """The period over which a number is counted: one year's addition is not a total."""
    clause = _clause(sentence, target)
    growth = target.unit in GROWTH_UNITS
    if _sum_pattern().search(clause) or (
        target.year is None and _years_on_pattern().match(sentence)
    ):
        return "sum"
    if several := _several_pattern().search(clause):
        return several[1] or "a year"
    if target.op is Op.INCREASE_BY:
        return "growth" if growth else "added"
    if _added_pattern().search(clause) or _is_in_added_list(sentence, clause):
        return "added"
    is_level = _to_pattern().search(clause) and not _made_pattern().search(clause)
    return "sum" if target.unit in _COUNTS and is_level else ""


def _is_in_added_list(sentence: str, item: str) -> bool:
    """Whether an item without a verb stands in a list that 新增 opens: 新增甲5家、乙8家."""
    whole = next((one for one in _clauses_pattern().findall(sentence) if item in one), item)
    opened = _added_pattern().match(whole)
    own_verb = _made_pattern().search(item) or _to_pattern().search(item)
    return opened is not None and not own_verb and "达" not in item


def _grown(commitment: Statement, position: int, review: _Review) -> Iterator[_Evidence]:
    """A growth that shows in two levels: 翻番 is met by 2.2万P after 0.8万P.

    It is no evidence of a target missed: the two reports may count differently. Money is left out,
    of which growth is given in constant prices.
    """
    target = commitment.targets[position]
    if target.op is not Op.INCREASE_BY or target.unit not in {"%", "倍"} or target.value <= 0:
        return
    core = _metric_core(target.metric)
    for last in _levels(review.before, commitment, core, review.due - 1):
        for achievement in review.achievements:
            for reached in _levels([achievement], commitment, core, review.due):
                if not comparable(last.unit, reached.unit) or reached.unit == "元":
                    continue
                old, new = _amount(last)[0], _amount(reached)[0]
                if old > 0 and (new / old - 1) * 100 >= _amount(target)[0]:
                    score = sentence_similarity(commitment.text, achievement.text)
                    yield _Evidence(_Grade.NEAR, True, score, achievement, reached)


def _doubled(commitment: Statement, position: int, review: _Review) -> Iterator[_Evidence]:
    """A growth that a review says of the level before: 机架4万架、算力2万P，实现“双翻番”."""
    target = commitment.targets[position]
    if target.op is not Op.INCREASE_BY or target.unit not in {"%", "倍"}:
        return
    core = _metric_core(target.metric)
    for achievement in review.achievements:
        shared = not {*commitment.themes}.isdisjoint(achievement.themes)
        for reached in _levels([achievement], commitment, core, review.due, generic=shared):
            at = achievement.text.find(reached.raw) + len(reached.raw)
            said = _doubled_pattern().match(achievement.text, at)
            if said is not None and (300 if said["twice"] else 100) >= _amount(target)[0] > 0:
                score = sentence_similarity(commitment.text, achievement.text)
                yield _Evidence(_Grade.NEAR, True, score, achievement, reached)


def _levels(
    statements: Sequence[Statement],
    commitment: Statement,
    core: str,
    year: int,
    *,
    generic: bool = False,
) -> Iterator[Target]:
    """The totals that statements of the same region give for a metric in a year.

    A generic metric (机架) counts only where ``generic`` is set.
    """
    for one in statements:
        if (one.region, one.topic) != (commitment.region, commitment.topic):
            continue
        for target in one.targets:
            if (
                target.op is not Op.INCREASE_BY
                and target.unit not in GROWTH_UNITS
                and target.year in {None, year}
                and _metric_core(target.metric) == core
                and (generic or not is_generic(target.metric))
                and _counting_period(one.text, target) in {"", "sum"}
                and not _is_part(commitment, one, target)
            ):
                yield target


def _shows_missed(
    commitment: Statement, target: Target, achievement: Statement, reached: Target, grade: _Grade
) -> bool:
    """Whether a number that does not meet the target shows that it was missed."""
    if grade is not _Grade.SAME or not comparable(_amount(target)[1], _amount(reached)[1]):
        return False
    if _is_met(target, reached) or _is_part(commitment, achievement, reached):
        return False
    if _other_basis_pattern().search(achievement.text):
        return False
    home = commitment.region or ""
    if any(one not in home and one not in achievement.text for one in places(commitment.text)):
        return False
    goal, value = _amount(target)[0], _amount(reached)[0]
    if _counting_period(commitment.text, target) != "growth" and (
        min(abs(goal), abs(value)) < FULFILMENT_OTHER_SCOPE * max(abs(goal), abs(value))
    ):
        return False
    # 突破7100万 may be 7140万: a round number is the lower end of a range.
    is_open = reached.op is Op.AT_LEAST and goal > value
    return not is_open or _upper_end(reached) <= goal


def _upper_end(reached: Target) -> float:
    """The next round number: 超7100 is less than 7200, 超7000 less than 8000."""
    exponent = Decimal(repr(float(reached.value))).normalize().as_tuple().exponent
    step = 10.0 ** int(exponent)
    return to_base(reached.value + step, reached.unit)[0]


def _is_several_years(target: Target, reached: Target) -> bool:
    """Whether a number is so large that it adds up several years: 新增就业452万 for 86万."""
    (goal, unit), value = _amount(target), _amount(reached)[0]
    return unit not in _LEVELS and value > FULFILMENT_SEVERAL_YEARS * goal > 0


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
    goal, value = _amount(target)[0], _amount(reached)[0]
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

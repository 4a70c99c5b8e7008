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
from pathlib import Path

from monitor.comparison.cues import lower_is_better, places
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import ratio, sentence_similarity
from monitor.comparison.targets import is_upper_end
from monitor.comparison.thresholds import (
    FULFILMENT_ABOUT,
    FULFILMENT_METRIC,
    FULFILMENT_OPEN_END,
    FULFILMENT_OTHER_SCOPE,
    FULFILMENT_SEVERAL_YEARS,
    FULFILMENT_WORDING,
    SAME_VALUE,
)
from monitor.extraction.measurements import is_generic
from monitor.extraction.metric_history import metric_core
from monitor.extraction.regions import find_region
from monitor.extraction.units import GROWTH_UNITS, comparable, to_base
from monitor.extraction.vocabulary import WordTable, alternation, quantity_words, read_table
from monitor.model.changes import Basis, Change, Delta, Kind, Verdict
from monitor.model.statements import Label, Op, Statement, Target

_TABLE = Path(__file__).parent / "fulfilment.yaml"
_COUNTS = frozenset({"座", "家", "个", "项", "款", "台", "张", "条", "人", "名", "所", "处"})
# One thing is counted with either: 200项场景, 200个场景.
_ITEMS = frozenset({"个", "项", "款", "件"})
# Numbers in these units are levels that no year adds up.
_LEVELS = frozenset({"%", "P", ""})
# Names of computing power as a whole and of its largest part. 超算 and 通算 are told apart.
_SIBLINGS = frozenset({"算力", "智算", "绿色算力", "综合算力"})
# With one of these a metric is another one.
_OTHER_METRIC = ("人均", "户均", "民间", "单位", "占比", "人工智能+")
_STOPS = frozenset("，。；：！？")
# A generic metric this long (典型应用场景) names a thing inside the topic.
_SPECIFIC = 4
# One this long (数字产业增加值) names it in any sentence.
_TELLING = 6


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


@cache
def _words() -> FulfilmentWords:
    return read_table(_TABLE, FulfilmentWords)


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
    home = commitment.region
    core = _metric_core(commitment.targets[position].metric, home)
    found = list(_evidence(commitment, position, review.achievements, review.due))
    found += [
        one
        for one in _evidence(commitment, position, review.others, review.due)
        if _metric_core(one.achieved.metric, home) == core
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
            met = _is_met(target, reached) and not _is_several_years(
                commitment, target, achievement, reached
            )
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
    home = commitment.region
    promised, reported = _metric_core(target.metric, home), _metric_core(reached.metric, home)
    period = _counting_period(commitment.text, target)
    counted = _counting_period(achievement.text, reached)
    if period != counted and not (
        promised == reported
        and (
            _covers(period, counted, target, reached)
            or _is_made_alike(period, counted, _act(commitment.text, target), achievement, reached)
        )
    ):
        return None
    if _is_generic(target.metric) or _is_generic(reached.metric) or not promised or not reported:
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


def _is_made_alike(
    period: str, counted: str, act: str, achievement: Statement, reached: Target
) -> bool:
    """Whether what a year made is what it made anew: 新建成4个 for 建成10个."""
    if (period, counted) != ("", "added"):
        return False
    other = _act(achievement.text, reached)
    return any(act in group and other in group for group in _words().acts)


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


def _metric_core(metric: str, region: str | None) -> str:
    """The metric without scope and totals, and without the name of the region that reports it."""
    name = normalize(metric)
    known = find_region(region) if region else None
    for own in (known.name, known.short) if known else ():
        name = name.removeprefix(own)
    core = metric_core(name)
    return _words().implied.get(core, core)


def _is_generic(metric: str) -> bool:
    """Whether a metric names no thing by itself: 产业规模, but not 数据中心上架率."""
    return is_generic(metric) and not any(thing in metric for thing in _words().things)


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
    core = _metric_core(target.metric, commitment.region)
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
    core = _metric_core(target.metric, commitment.region)
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
                and _metric_core(target.metric, commitment.region) == core
                and (generic or not _is_generic(target.metric))
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
    if _is_met(target, reached) or _other_basis_pattern().search(achievement.text):
        return False
    if _is_part(commitment, achievement, reached) or _counts_others(
        commitment, target, achievement, reached
    ):
        return False
    goal, value = _amount(target)[0], _amount(reached)[0]
    # 突破7100万 may be 7140万: a round number is the lower end of a range.
    is_open = reached.op is Op.AT_LEAST and goal > value
    return not is_open or _upper_end(reached) <= goal


def _counts_others(
    commitment: Statement, target: Target, achievement: Statement, reached: Target
) -> bool:
    """Whether a number with the same metric counts something else than the target.

    It does if it is of another place or of one facility, of those that were chosen, if it is not
    reached yet or was long before, or if another verb made it. What is far below its target has
    to be counted by the same verb.
    """
    return (
        _is_of_another_place(commitment, target, achievement, reached)
        or _is_of_a_facility(commitment, achievement, reached)
        or _is_of_another_doer(commitment, achievement, reached)
        or _is_chosen_or_begun(commitment, target, achievement, reached)
        or _is_a_size_or_start(commitment, target, achievement, reached)
        or _is_made_otherwise(commitment, target, achievement, reached)
    )


def _is_of_another_place(
    commitment: Statement, target: Target, achievement: Statement, reached: Target
) -> bool:
    home = commitment.region or ""
    promised, reported = _places_of(commitment, target), _places_of(achievement, reached)
    return any(place not in home and place not in achievement.text for place in promised) or any(
        place not in home and place not in commitment.text for place in reported
    )


def _is_chosen_or_begun(
    commitment: Statement, target: Target, achievement: Statement, reached: Target
) -> bool:
    """Whether a number counts those that were chosen (8家企业入选名单), or what was begun."""
    clause, before, after = _surroundings(achievement.text, reached)
    own = _clause(commitment.text, target, items=False)
    head = clause[: max(0, clause.find(reached.raw))]
    chosen = any(word in clause and word not in own for word in _words().selections)
    begun = any(word in head and word not in own for word in _words().begun)
    some = before.endswith(("其中，", "其中："))
    # 企业30家入驻园区 says what some of them did.
    goes_on = (
        reached.unit in _COUNTS
        and not _act(achievement.text, reached)
        and not _is_level(achievement.text, reached)
        and _goes_on_pattern().match(after) is not None
    )
    return chosen or begun or some or goes_on


def _is_a_size_or_start(
    commitment: Statement, target: Target, achievement: Statement, reached: Target
) -> bool:
    """Whether a number is the size of a thing, of one not there yet, or where a growth began."""
    _, before, after = _surroundings(achievement.text, reached)
    _, own_before, own_after = _surroundings(commitment.text, target)
    at = _number_at(achievement.text, reached)
    return (
        (
            _size_of_pattern().match(after) is not None
            and _size_of_pattern().match(own_after) is None
        )
        or (
            _not_there_yet_pattern().search(before) is not None
            and _not_there_yet_pattern().search(own_before) is None
        )
        or _start_pattern().search(achievement.text, 0, at) is not None
    )


def _is_made_otherwise(
    commitment: Statement, target: Target, achievement: Statement, reached: Target
) -> bool:
    """Whether another verb than that of the target made a count (支持 and 培育 企业).

    A number far below its target has to be a level, or to have the very same verb.
    """
    goal, value = _amount(target)[0], _amount(reached)[0]
    far = _counting_period(commitment.text, target) != "growth" and (
        min(abs(goal), abs(value)) < FULFILMENT_OTHER_SCOPE * max(abs(goal), abs(value))
    )
    if target.unit not in _COUNTS and target.unit != "元":
        return False
    first, second = _act(commitment.text, target), _act(achievement.text, reached)
    if first == second:
        return far and not first and not _is_level(achievement.text, reached)
    if far or not first or not second:
        return far
    return not any(first in group and second in group for group in _words().acts)


def _places_of(statement: Statement, target: Target) -> frozenset[str]:
    """The places that a number is of: those up to it, in its clause alone if that says 全省."""
    clause = _clause(statement.text, target, items=False)
    at = statement.text.find(clause)
    whole = any(word in clause for word in _words().whole) or (
        statement.region is not None and statement.region in clause
    )
    end = statement.text.find(target.raw, max(at, 0)) + len(target.raw)
    return places(statement.text[at if whole and at >= 0 else 0 : end])


def _is_of_a_facility(commitment: Statement, achievement: Statement, reached: Target) -> bool:
    """Whether the clause before a number completes a facility: 智算中心投运，算力规模达到30P."""
    clause = _clause(achievement.text, reached, items=False)
    if any(word in clause for word in _words().whole):
        return False
    before = achievement.text[: max(0, achievement.text.find(clause))].rstrip("，")
    last = _clauses_pattern().findall(before)[-1:] if before[-1:] not in _STOPS else []
    completed = [found for one in last if (found := _completed_pattern().search(one))]
    # Exactly one of the groups took part.
    return any("".join(filter(None, one.groups())) not in commitment.text for one in completed)


@cache
def _completed_pattern() -> re.Pattern[str]:
    facilities = alternation(_words().facilities)
    done = alternation(_words().completions)
    return re.compile(
        f"(?P<one>[^，。、]{{2}}(?:{facilities}))[^，。]{{0,8}}?(?:{done})[^，。、]{{0,6}}$"
        f"|(?P<whatever>[^，。、]{{2,12}})(?:{alternation(_words().opened)})$"
        f"|(?:{done})[^，。、]{{0,12}}?(?P<other>[^，。、]{{2}}(?:{facilities}))$"
    )


def _is_of_another_doer(commitment: Statement, achievement: Statement, reached: Target) -> bool:
    """Whether a clause names who or where before its verb: 苏北新建2座, 在制造业打造20个."""
    clause = _clause(achievement.text, reached, items=False)
    head = clause[: max(0, clause.find(reached.raw))]
    verb = _verb_pattern().search(head)
    opening = head[: verb.start()] if verb else _items_pattern().findall(head or "，")[-1:]
    opening = "".join(opening)
    home = find_region(achievement.region) if achievement.region else None
    for own in (home.name, home.short) if home else ():
        opening = opening.removeprefix(own)
    return opening not in commitment.text and _said_of_all().fullmatch(opening) is None


@cache
def _said_of_all() -> re.Pattern[str]:
    """What may stand before the verb of a count that is of the whole region."""
    words = quantity_words()
    said = alternation((*words.leading, *words.trailing, *words.verbs, *_words().whole))
    years = "20[0-9]{2}年(?:以来|全年|[底末])?|[一二三四五]年来|过去一年"
    return re.compile(f"(?:{said}|{years}|[“”‘’（）])*")


@cache
def _not_there_yet_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(_words().not_there_yet)})的?$")


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


def _surroundings(sentence: str, target: Target) -> tuple[str, str, str]:
    """The clause of a number, the text before its phrase and after it in the sentence."""
    clause = _clause(sentence, target, items=False)
    start = sentence.find(target.raw, max(0, sentence.find(clause)))
    if start < 0:
        return clause, "", ""
    return clause, sentence[:start], sentence[start + len(target.raw) :]


def _number_at(sentence: str, target: Target) -> int:
    """Where the number of a target begins; of 从20%提升到55% the last."""
    start = max(0, sentence.find(target.raw))
    numbers = [found.start() for found in _number_pattern().finditer(target.raw)]
    return start + (numbers[-1] if numbers else 0)


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile("[0-9][0-9.,]*")


@cache
def _verb_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().verbs)})")


def _act(sentence: str, target: Target) -> str:
    """The verb that made a count, of its item or of the one that opens its list; or nothing."""
    _, before, _ = _surroundings(sentence, target)
    clause = _clauses_pattern().findall(before)[-1:] if before[-1:] not in _STOPS else []
    for part in reversed(re.split("[、和及]", clause[0])) if clause else ():
        verbs = _verb_pattern().findall(part)
        if verbs:
            return str(verbs[-1])
    return ""


def _is_level(sentence: str, target: Target) -> bool:
    """Whether a number says how many there are (达到200家), and not how many were made."""
    clause = _clause(sentence, target)
    return bool(_to_pattern().search(clause)) and not _made_pattern().search(clause)


def _upper_end(reached: Target) -> float:
    """The next round number, or a quarter more: 超7100 is less than 7200, 超7000 than 8000.

    Nobody says 超1万 of 1.5万.
    """
    exponent = Decimal(repr(float(reached.value))).normalize().as_tuple().exponent
    step = 10.0 ** int(exponent)
    end = min(reached.value + step, reached.value * FULFILMENT_OPEN_END)
    return to_base(end, reached.unit)[0]


def _is_several_years(
    commitment: Statement, target: Target, achievement: Statement, reached: Target
) -> bool:
    """Whether a number is so large that it adds up several years: 新增就业452万 for 86万."""
    (goal, unit), value = _amount(target), _amount(reached)[0]
    if unit in _LEVELS or not value > FULFILMENT_SEVERAL_YEARS * goal > 0:
        return False
    levels = _is_level(commitment.text, target) and _is_level(achievement.text, reached)
    return not levels and _one_year_pattern().search(_clause(achievement.text, reached)) is None


@cache
def _one_year_pattern() -> re.Pattern[str]:
    return re.compile("全年|当年|年内|去年|一年")


def _is_part(commitment: Statement, achievement: Statement, reached: Target) -> bool:
    """Whether a number covers a part only: one city, the first quarter, a first batch."""
    clause = _clause(achievement.text, reached)
    if _stage_pattern().search(clause) and not _stage_pattern().search(commitment.text):
        return True
    home = commitment.region or ""
    return any(place not in home and place not in commitment.text for place in places(clause))


def _clause(sentence: str, target: Target, *, items: bool = True) -> str:
    """The item of a list that a number stands in, or else its clause."""
    for pattern in (_items_pattern(), _clauses_pattern()) if items else (_clauses_pattern(),):
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

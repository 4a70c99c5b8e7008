"""The numbers of a sentence that are no targets of its topic, and what they say of its promise.

Such a number (推动人工智能与制造业融合，新增智能工厂100家) may belong to what the sentence
promises, may be the target that the other sentence names with its topic, or may be another matter
in the same unit, so that nobody can tell what became of the target.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from monitor.comparison.cues import cue_pattern, cue_table, is_benefit_ceiling
from monitor.comparison.deadlines import clause_end_pattern
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import ClauseIndex
from monitor.comparison.targets import TargetMove, counterparts, pair_targets, target_moves
from monitor.comparison.thresholds import EQUAL_METRIC, SAME_METRIC
from monitor.extraction.targets import counted_things, figures_beside, parse_targets
from monitor.extraction.text import normalize_characters, split_sentences
from monitor.extraction.units import comparable
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.model.statements import Op, Statement, Target

# Characters by which the name of a thing, or its last part, is known.
_SHORTEST_THING, _SHORTEST_NAME = 4, 3
# Characters by which two things are of one kind: 数据集, 数据产业集群.
_KIN = 2
# Characters before a thing in which a word such as 一批 is sought.
_SOME_REACH = 20


def numbers_of_kin(item: Statement, other: Statement) -> tuple[Target, ...]:
    """The things a sentence counts outside the topic that belong to what both sentences promise.

    They do when the other sentence promises some of the same thing (创建一批试验区, 新增试验区9个),
    or when targets of both sentences are of its kind (数据集, 数据产业集群).
    """
    own = {(target.value, target.unit) for target in item.targets}
    kinds = {_thing(one.metric)[:_KIN] for one in item.targets}
    kinds &= {_thing(one.metric)[:_KIN] for one in other.targets}
    found = []
    for target in counted_things(item.text, item.year):
        thing = _thing(target.metric)
        if (target.value, target.unit) in own or len(thing) < _SHORTEST_THING:
            continue
        if thing[:_KIN] in kinds or _promises_some(other.text, thing):
            found.append(target)
    return tuple(found)


def namesakes(item: Statement, own: Sequence[Target], others: Sequence[Target]) -> list[Target]:
    """The numbers of a sentence outside the topic that measure a target of the other sentence.

    推动5000家规上工业企业应用人工智能 goes on in 推动6000家规上工业企业“智改数转”, where the
    words for the topic stand apart from the number. They carry the metric of that target.

    Args:
        item: the sentence.
        own: the targets that are known of it.
        others: those of the other sentence; only one without a counterpart is looked for.
    """
    pairs = pair_targets(others, own, nearly_identical=False)
    paired = {id(other) for other, _ in pairs}
    numbers = [one for one in _numbers_beside(item, own) if not _is_condition(item.text, one)]
    found: list[Target] = []
    for other in others:
        if id(other) in paired:
            continue
        alike = [one for one in numbers if _counts_the_same(one, other)]
        rivals = [one for one in others if alike and _counts_the_same(alike[0], one)]
        if len(alike) == 1 and len(rivals) == 1:
            found.append(replace(alike[0], metric=other.metric))
    return found


def moves_beside(
    old: Statement, new: Statement, known: Sequence[Target], *, nearly_identical: bool
) -> list[TargetMove]:
    """The moves of numbers that are no targets of the topic and stand in both sentences.

    推动人工智能与制造业融合，新增智能工厂100家 names no topic beside its number; of a promise that
    goes on with another number it is the difference all the same. They say what became of a
    promise where its targets stayed, and only where both sentences give one number for the same
    metric in the same words.

    Args:
        old: the sentence then.
        new: the sentence now.
        known: the targets of both, which are compared by themselves.
        nearly_identical: whether the sentences differ in a word or a number only.
    """
    pairs = []
    then, now = (
        [
            one
            for one in figures_beside(item.text, item.year)
            if not (_is_known(one, known) or _is_limit(one) or _is_condition(item.text, one))
        ]
        for item in (old, new)
    )
    for target in then:
        rivals = [one for one in then if _measures_alike(one, target)]
        found = [one for one in now if _measures_alike(one, target)]
        if len(rivals) == len(found) == 1:
            pairs.append((target, found[0]))
    if nearly_identical and not pairs and len(then) == len(now) == 1:
        # 投入3亿元建设平台, 投入2亿元升级平台: the only sum is the same one, whatever it is called.
        (first,), (second,) = then, now
        if first.unit == second.unit == "元" and _may_be_one_sum(first, second):
            pairs = [(replace(first, metric=second.metric), second)]
    if not nearly_identical:
        pairs = [pair for pair in pairs if len(normalize(pair[0].metric)) >= _SHORTEST_THING]
    return [
        move
        for before, after in pairs
        for move in target_moves(
            [before],
            [after],
            nearly_identical=False,
            years=(old.year, new.year),
            granted=lambda target: is_benefit_ceiling(target, old, new),
        )
        if move.delta.before != move.delta.after
    ]


def has_rival(move: TargetMove, old: Statement, new: Statement) -> bool:
    """Whether the other sentence counts something else in the unit of a number that came or went.

    推广智能机器人进养老院500家 may be what became 服务养老机构800家: nobody can tell that the
    number was given up.
    """
    if move.delta.before is not None and move.delta.after is not None:
        return False
    other = old if move.delta.before is None else new
    value = move.delta.before if move.delta.after is None else move.delta.after
    cues = cue_table()
    return any(
        (
            comparable(one.unit, move.delta.unit)
            and (one.unit not in cues.vague_units or one.value == value)
        )
        or {one.unit, move.delta.unit} <= set(cues.people)
        for one in _numbers_beside(other, other.targets)
    )


def numbers_split_off(
    missing: Sequence[Target],
    item: Statement,
    text: str,
    known: Sequence[Statement],
    other: ClauseIndex,
) -> list[tuple[Target, Target]]:
    """The numbers that stand for missing ones in sentences of the same paragraph, each with it.

    人工智能产业规模达到800亿元，集聚重点企业300家 is edited and split, and the number of
    集聚重点企业260家 is in a sentence that names no topic.

    Args:
        missing: the numbers of the other text's sentence that ``item`` does not give.
        item: the sentence that goes on with it.
        text: the text of ``item``.
        known: the statements of ``text``, whose numbers are looked at elsewhere.
        other: the other text; a sentence that stands there too is no part of this one.
    """
    start = text.rfind("\n", 0, item.start) + 1
    end = text.find("\n", item.end)
    end = len(text) if end < 0 else end
    beside: list[Target] = []
    following: list[Target] = []
    for first, last in split_sentences(text[start:end]) if missing else ():
        spoken = any(one.start < start + last and start + first < one.end for one in known)
        sentence = text[start + first : start + last]
        if spoken or other.holds(sentence):
            continue
        found = figures_beside(sentence, item.year)
        beside += found
        if not text[item.end : start + first].strip() and _is_one_clause(sentence):
            following += found
    numbers = [
        (
            target,
            # 引进人才100人 is not what 培养农民技能人才200人 says.
            counterparts(target, following, EQUAL_METRIC)
            if is_generic(target)
            else counterparts(target, beside, SAME_METRIC),
        )
        for target in missing
    ]
    return [
        (target, replace(alike[0], metric=target.metric))
        for target, alike in numbers
        if len(alike) == 1
    ]


def missing_numbers(
    targets: Sequence[Target], sentence: Statement, others: Sequence[Target], other: Statement
) -> list[Target]:
    """The numbers of a sentence, its targets first, that another one does not give."""
    given = [*others, *figures_beside(other.text, other.year)]
    beside = [
        one
        for one in figures_beside(sentence.text, sentence.year)
        if not (_is_known(one, targets) or _is_limit(one) or _is_condition(sentence.text, one))
    ]
    return [one for one in (*targets, *beside) if not counterparts(one, given)]


def _is_one_clause(sentence: str) -> bool:
    return len([one for one in clause_end_pattern().split(sentence) if one.strip()]) == 1


def with_names_before(
    item: Statement, targets: Sequence[Target], others: Sequence[Target]
) -> list[Target]:
    """The targets of a sentence, those with a general name under that of what they measure.

    算力券发放规模扩大到6000万元 says how much of 算力券; ``others`` are the numbers of the other
    sentence, by whose names they are known.
    """
    found = []
    for target in targets:
        known = [
            other
            for other in others
            if len(normalize(other.metric)) >= _SHORTEST_NAME and not is_generic(other)
        ]
        alike = counterparts(named_in_full(item, target), known, SAME_METRIC)
        named = is_generic(target) and len(alike) == 1 and not counterparts(target, others)
        found.append(replace(target, metric=alike[0].metric) if named else target)
    return found


def named_in_full(item: Statement, target: Target) -> Target:
    """A target with a general name under all that its clause says before the number."""
    at = item.text.find(target.raw)
    if at <= 0 or not is_generic(target):
        return target
    before = clause_end_pattern().split(item.text[:at])[-1]
    return replace(target, metric=f"{before}{target.metric}")


def is_generic(target: Target) -> bool:
    """Whether the name of a number does not say of what it is: 规模, 占比."""
    return normalize(target.metric) in {"", *quantity_words().generic}


def counted_names(sentence: str, target: Target) -> tuple[str, ...]:
    """The names that a number only counts: of 甲、乙、丙3个园区 the three; empty if it does not.

    The first one follows the verb without a mark between, so that its last two characters stand
    for it.
    """
    at = sentence.find(target.raw)
    if at <= 0 or not 2 <= target.value <= 20 or target.value != int(target.value):
        return ()
    clause = clause_end_pattern().split(sentence[:at])[-1].rstrip("等")
    names = [name for name in _list_mark_pattern().split(clause) if name]
    if len(names) < target.value:
        return ()
    names = names[-int(target.value) :]
    return (names[0][-2:], *names[1:]) if _number_first(target) else ()


def _numbers_beside(item: Statement, known: Sequence[Target]) -> list[Target]:
    """The numbers of a sentence that are none of its known targets."""
    return [
        one
        for one in parse_targets(normalize_characters(item.text), this_year=item.year)
        if not _is_known(one, known)
    ]


def _is_known(target: Target, known: Sequence[Target]) -> bool:
    return any(
        one.unit == target.unit and (one.metric == target.metric or one.value == target.value)
        for one in known
    )


def _is_limit(target: Target) -> bool:
    """Whether a number is a ceiling or a reduction, which a statement's targets alone can tell."""
    return target.op is Op.AT_MOST or target.value < 0


def _is_condition(sentence: str, target: Target) -> bool:
    """Whether a number only says of which things: 对年营收1亿元以上的企业给予奖励."""
    at = sentence.find(target.raw)
    return at < 0 or sentence.startswith("的", at + len(target.raw))


def _measures_alike(one: Target, other: Target) -> bool:
    return (
        normalize(one.metric) == normalize(other.metric)
        and comparable(one.unit, other.unit)
        and (one.op is Op.INCREASE_BY) == (other.op is Op.INCREASE_BY)
    )


def _counts_the_same(one: Target, other: Target) -> bool:
    """Whether two numbers of one dimension are of things that share a name."""
    if not comparable(one.unit, other.unit):
        return False
    if (one.op is Op.INCREASE_BY) != (other.op is Op.INCREASE_BY):
        return False
    # 农业产业园区 and 人工智能产业园区 end alike and are of different matters.
    names = normalize(one.metric), normalize(other.metric)
    shorter, longer = sorted(names, key=len)
    if longer.removesuffix(shorter) in cue_table().topic_words and len(shorter) >= _SHORTEST_THING:
        return True
    if longer.endswith(shorter) and shorter.endswith(cue_table().outputs):
        return len(shorter) >= _SHORTEST_NAME
    least = min(_SHORTEST_THING, max(len(shorter), _SHORTEST_NAME))
    return len(shorter) >= least and longer.startswith(shorter[:least])


def _may_be_one_sum(one: Target, other: Target) -> bool:
    """Whether two sums of money may be one: 营业收入 is no 基金."""
    pattern = cue_pattern("sums")
    kinds = [set(pattern.findall(target.raw.replace("投资", "投入"))) for target in (one, other)]
    return not all(kinds) or bool(kinds[0] & kinds[1])


def _promises_some(text: str, thing: str) -> bool:
    """Whether a sentence promises some of a thing, without saying how many."""
    at = text.find(thing)
    while at >= 0:
        if _some_pattern().search(text, max(0, at - _SOME_REACH), at):
            return True
        at = text.find(thing, at + 1)
    return False


def _number_first(target: Target) -> bool:
    """Whether the phrase of a target begins with its number: 3个省级园区."""
    return re.match(r"[\d一二两三四五六七八九十]", target.raw) is not None


def _thing(metric: str) -> str:
    """What a metric counts, without words such as 省级 in front."""
    return _modifiers_pattern().sub("", normalize(metric), count=1)


@cache
def _some_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(cue_table().some)})[^，。；：]{{0,8}}$")


@cache
def _modifiers_pattern() -> re.Pattern[str]:
    return re.compile(f"^(?:{alternation(quantity_words().modifiers)})+(?=..)")


@cache
def _list_mark_pattern() -> re.Pattern[str]:
    return re.compile("[、和与及]")

"""Targets: the quantities of a sentence that are about its topic, each with its metric and year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from monitor.extraction.measurements import (
    Measurement,
    clause_of,
    is_generic,
    measurements,
    share_of_pattern,
    whole_quotes,
)
from monitor.extraction.quantities import Quantity, quantities
from monitor.extraction.text import normalize_characters
from monitor.extraction.units import counts_things
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.extraction.years import NamedYear, named_years
from monitor.model.statements import Op, Target


def parse_targets(
    sentence: str,
    spans: Sequence[tuple[int, int]] | None = None,
    *,
    this_year: int | None = None,
    under_topic_lead: bool = False,
    earlier: str = "",
    mixed: bool = True,
) -> tuple[Target, ...]:
    """The targets in ``sentence``, in order.

    Args:
        sentence: text for analysis (see ``text.normalize_characters``).
        spans: the spans of the topic's words; only quantities about them are returned. None
            returns every quantity that measures something.
        this_year: the year that 今年 means.
        under_topic_lead: whether the paragraph opens with a run-in heading on the topic, so that
            a generic metric (应用落地3000个) belongs to the topic anywhere in the sentence.
        earlier: the text before it, for the year that 届时 means.
        mixed: whether a sentence may go through several subjects, as those of reports do; a
            number then needs a word of the topic beside it.
    """
    found = quantities(sentence)
    if not found:
        return ()
    years = named_years(sentence, this_year, earlier)
    targets: list[Target] = []
    for quantity, what in zip(found, measurements(sentence, found, mixed=mixed), strict=True):
        if (
            not what.metric
            or _counts_no_result(sentence, quantity, what.metric)
            or (
                spans is not None
                and not belongs(
                    sentence,
                    quantity,
                    what,
                    spans,
                    under_topic_lead=under_topic_lead,
                    mixed=mixed,
                )
            )
        ):
            continue
        year = _year_of(sentence, quantity, years)
        start = min(quantity.cue_start, what.start)
        raw = _unquoted(sentence, start, max(quantity.end, what.end))
        if len(raw) > 80:
            raw = _unquoted(sentence, quantity.cue_start, quantity.end)
        op = quantity.op
        added = any(word in what.verbs for word in quantity_words().increments)
        if (
            added
            and not (quantity.unit == "%" and what.metric.endswith(_SHARES))
            and not share_of_pattern().search(what.metric)
            and (not quantity.cue or op in {Op.REACH, Op.AT_LEAST})
        ):
            # 新增算力达到1.7万P is as much an increment as 新增算力1.7万P.
            op = Op.INCREASE_BY
        target = Target(what.metric, op, _number(quantity.value), quantity.unit, year, raw)
        if not (quantity.both and target in targets):
            targets.append(target)
        if quantity.high is not None:
            targets.append(replace(target, value=_number(quantity.high)))
    return tuple(targets)


def _year_of(sentence: str, quantity: Quantity, years: Sequence[NamedYear]) -> int | None:
    """The year that a quantity is for: the last one before it.

    None for what comes in each year of a span: 2026—2028年，每年安排1亿元.
    """
    last = next((year for year in reversed(years) if year.end <= quantity.start), None)
    if last is None:
        return None
    spanned = _span_start_pattern().search(sentence, 0, last.start) is not None
    if spanned and "每年" in sentence[last.end : quantity.start]:
        return None
    return last.year


@cache
def _span_start_pattern() -> re.Pattern[str]:
    return re.compile("20[0-9]{2}年?(?:-|—{1,2}|~|～|至|到)$")


def counted_things(sentence: str, this_year: int | None = None) -> tuple[Target, ...]:
    """The quantities of a sentence that count things (9个, 20家), about the topic or not."""
    found = parse_targets(normalize_characters(sentence), this_year=this_year)
    return tuple(target for target in found if counts_things(target.unit))


def figures_beside(sentence: str, this_year: int | None = None) -> tuple[Target, ...]:
    """The quantities of a sentence that are of no known other matter (粮食, 外贸, 5G)."""
    text = normalize_characters(sentence)
    found = parse_targets(text, this_year=this_year)
    return tuple(
        target for target in found if _other_matter_pattern().search(target.metric) is None
    )


def _unquoted(sentence: str, start: int, end: int) -> str:
    """The text at ``start:end`` with both marks of each quotation in it, or with none."""
    raw = sentence[start:end]
    if raw.count("“") == raw.count("”") + 1 and sentence[end : end + 1] == "”":
        return raw + "”"
    if raw.count("”") == raw.count("“") + 1 and sentence[start - 1 : start] == "“":
        return "“" + raw
    first, last = whole_quotes(raw)
    return raw[first:last]


@cache
def _no_result_pattern() -> re.Pattern[str]:
    words = quantity_words()
    actors, acts = alternation(words.actors), alternation(words.acts)
    return re.compile(
        f"(?:行业|重点|具体|主要|关键|省级)?(?:{alternation(words.plan_parts)})(?!化|数据集)"
        f"|(?:{actors})[^，。；、]{{0,6}}?(?:{acts})"
    )


@cache
def _companions_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().companions)})$")


@cache
def _event_pattern() -> re.Pattern[str]:
    words = quantity_words()
    return re.compile(f"(?:{alternation((*words.events, *words.plan_steps))})$")


@cache
def _forecast_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().forecasts)})[^，。；、]*$")


@cache
def _set_before_pattern() -> re.Pattern[str]:
    # 超额完成规划确定的5万P目标: what was set before is only the measure of what is reached.
    return re.compile(
        "(?:超[过额出]?|远超|高于|提前)[^，。；、]{0,8}[^，。；]*(?:规划|计划|方案|设定|确定|定下|提出|下达)"
    )


def _counts_no_result(sentence: str, quantity: Quantity, metric: str) -> bool:
    """Whether a number counts who acts (23个省份提出), the parts of a plan (4个方面) or events.

    Forecasts and prices are no results either.
    Nor is a time without a cue: 24小时不间断, 在5毫秒内接入.
    """
    if quantity.unit in _TIMES and not quantity.cue:
        return True
    if metric in quantity_words().sites:
        return True
    clause = clause_of(sentence, quantity.cue_start, quantity.cue_start)[0]
    if sentence.startswith(("的目标", "目标", "的要求"), quantity.end) and (
        _set_before_pattern().search(sentence, clause, quantity.cue_start) is not None
    ):
        return True
    if _forecast_pattern().search(sentence, clause, quantity.cue_start):
        return True
    if quantity.unit in _MONEY:
        return not quantity.cue and abs(quantity.value) < _SMALLEST_SUM
    before = max(0, quantity.cue_start - 4)
    return quantity.counted and (
        _no_result_pattern().match(sentence, quantity.end) is not None
        or _event_pattern().search(metric) is not None
        or _companions_pattern().search(sentence, before, quantity.cue_start) is not None
    )


_MONEY = frozenset({"元", "美元", "欧元", "港元"})
_TIMES = frozenset({"毫秒", "分钟", "小时"})
_SHARES = ("占比", "比例", "比重")
"""新增设施国产化比例60% is a share of what is added, and no increment."""
_SMALLEST_SUM = 1000
"""Less money than this, without a cue, is a price and no budget."""


def _number(value: float) -> float:
    return int(value) if value == int(value) else value


def belongs(
    sentence: str,
    quantity: Quantity,
    what: Measurement,
    spans: Sequence[tuple[int, int]],
    *,
    under_topic_lead: bool = False,
    mixed: bool = True,
) -> bool:
    """Whether a quantity is about the words at ``spans``.

    It is when its metric names the topic, or when the metric is generic (企业, 规模) and the topic
    is named in the same clause or in the one right before. In a text that is not ``mixed`` it is
    also when nothing else is named since the topic was.
    """
    listed = _counts_its_list(sentence, quantity, what)
    if not quantity.unit and any(word in what.metric for word in quantity_words().unitless):
        return True  # only data centres have a PUE
    if not mixed and _sizes_another(sentence, quantity):
        return False
    if any(start < what.end and end > what.start for start, end in spans):
        return not listed or any(what.start <= start for start, end in spans)
    if mixed:
        return not listed and _stands_beside(
            sentence, quantity, what, spans, under_topic_lead=under_topic_lead
        )
    left, right = what.clause
    another = what.item and any(start < right and end > left for start, end in spans)
    return not (listed or another) and _goes_on_about(
        sentence, what, spans, under_topic_lead=under_topic_lead
    )


def _stands_beside(
    sentence: str,
    quantity: Quantity,
    what: Measurement,
    spans: Sequence[tuple[int, int]],
    *,
    under_topic_lead: bool,
) -> bool:
    """Whether a generic metric, or what the topic's things went to, is named with the topic."""
    left, right = what.clause
    if _deployed_pattern().search(sentence, left, quantity.cue_start):
        return any(left <= start < right for start, _ in spans)
    if not is_generic(what.metric):
        return False
    if quantity.unit == "元" and sentence.startswith(quantity_words().purposes, right + 1):
        right = clause_of(sentence, right + 1, right + 1)[1]
    if under_topic_lead or any(start < right and end > left for start, end in spans):
        return True
    if left == 0:
        return False
    before = clause_of(sentence, left - 1, left - 1)
    return any(start < before[1] and end > before[0] for start, end in spans)


def _sizes_another(sentence: str, quantity: Quantity) -> bool:
    """Whether a number without a verb is the size of another matter: 50万千瓦光伏电站."""
    bare = not quantity.counted and not quantity.cue
    return bare and _other_matter_pattern().match(sentence, quantity.end) is not None


def _goes_on_about(
    sentence: str,
    what: Measurement,
    spans: Sequence[tuple[int, int]],
    *,
    under_topic_lead: bool,
) -> bool:
    """Whether the topic is what a sentence speaks of where a quantity stands.

    Its clause decides and, when it names nothing, those before; a number in front of everything
    is about what follows.
    """
    generic = is_generic(what.metric)
    if generic and under_topic_lead:
        return True
    if not generic and _other_matter_pattern().search(what.metric):
        return False
    left, right = what.clause
    while True:
        other = _other_matter_pattern().search(sentence, left, right) is not None
        if any(start < right and end > left for start, end in spans):
            # 新能源、算力等基地: what follows such a list is about all of it.
            listed = other and "、" in sentence[left:right]
            return not listed or left == what.clause[0]
        if other:
            return False
        if left == 0:
            break
        left, right = clause_of(sentence, left - 1, left - 1)
    right = what.clause[1]
    after = clause_of(sentence, right + 1, right + 1)
    return any(start < after[1] and end > after[0] for start, end in spans)


@cache
def _other_matter_pattern() -> re.Pattern[str]:
    # 智能船舶 and AI药物 are matters of the topic.
    return re.compile(f"(?<!智能)(?<!AI)(?:{alternation(quantity_words().other_matters)})")


@cache
def _deployed_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().deployed)})(?:了)?$")


def _counts_its_list(sentence: str, quantity: Quantity, what: Measurement) -> bool:
    """甲、乙、丙等3个产业: the number only counts the items listed before it."""
    return (
        what.start >= quantity.end
        and sentence[quantity.start - 1 : quantity.start] == "等"
        and quantity.value <= 20
    )

"""Targets: the quantities of a sentence that belong to its topic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from monitor.extraction.metrics import Measurement, clause_of, measurements
from monitor.extraction.quantities import Quantity, quantities
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.extraction.years import named_years
from monitor.model.statements import Op, Target


def parse_targets(
    sentence: str,
    spans: Sequence[tuple[int, int]] | None = None,
    *,
    this_year: int | None = None,
    under_topic_lead: bool = False,
    earlier: str = "",
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
    """
    found = quantities(sentence)
    if not found:
        return ()
    years = named_years(sentence, this_year, earlier)
    targets: list[Target] = []
    for quantity, what in zip(found, measurements(sentence, found), strict=True):
        if not what.metric or (
            spans is not None
            and not belongs(sentence, quantity, what, spans, under_topic_lead=under_topic_lead)
        ):
            continue
        year = next((y.year for y in reversed(years) if y.end <= quantity.start), None)
        start = min(quantity.cue_start, what.start)
        raw = sentence[start : max(quantity.end, what.end)]
        if len(raw) > 80:
            raw = sentence[quantity.cue_start : quantity.end]
        op = quantity.op
        if not quantity.cue and any(word in what.verbs for word in quantity_words().increments):
            op = Op.INCREASE_BY
        targets.append(Target(what.metric, op, _number(quantity.value), quantity.unit, year, raw))
    return tuple(targets)


def _number(value: float) -> float:
    return int(value) if value == int(value) else value


def belongs(
    sentence: str,
    quantity: Quantity,
    what: Measurement,
    spans: Sequence[tuple[int, int]],
    *,
    under_topic_lead: bool = False,
) -> bool:
    """Whether a quantity is about the words at ``spans``.

    It is when its metric names the topic, or when the metric is generic (企业, 规模) and the topic
    is named in the same clause or in the one right before.
    """
    listed = _counts_its_list(sentence, quantity, what)
    if any(start < what.end and end > what.start for start, end in spans):
        return not listed or any(what.start <= start for start, end in spans)
    left, right = what.clause
    if not listed and _deployed().search(sentence, left, quantity.cue_start):
        return any(left <= start < right for start, _ in spans)
    if listed or not is_generic(what.metric):
        return False
    if quantity.unit == "元" and sentence.startswith(quantity_words().purposes, right + 1):
        right = clause_of(sentence, right + 1, right + 1)[1]
    if under_topic_lead or any(start < right and end > left for start, end in spans):
        return True
    if left == 0:
        return False
    before = clause_of(sentence, left - 1, left - 1)
    return any(start < before[1] and end > before[0] for start, end in spans)


@cache
def _generic() -> re.Pattern[str]:
    words = quantity_words()
    neutral = alternation(words.modifiers + words.generic)
    return re.compile(f"(?:(?:{neutral}|[、和及的])*(?:{alternation(words.generic)}))")


def is_generic(metric: str) -> bool:
    """Whether a metric is generic, that is names no topic by itself (特色企业, 产业规模)."""
    return len(metric) <= 16 and _generic().fullmatch(metric) is not None


@cache
def _deployed() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().deployed)})(?:了)?$")


def _counts_its_list(sentence: str, quantity: Quantity, what: Measurement) -> bool:
    """甲、乙、丙等3个产业: the number only counts the items listed before it."""
    return (
        what.start >= quantity.end
        and sentence[quantity.start - 1 : quantity.start] == "等"
        and quantity.value <= 20
    )

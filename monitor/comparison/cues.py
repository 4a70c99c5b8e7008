"""Cue words, names and numbers that a rewording must keep to count as the same promise.

A year later the same promise is worded differently, which is not a change. It is one when the
only difference is a digit, a place name, or a 不.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import ahocorasick

from monitor.comparison.normalize import normalize
from monitor.extraction.regions import gazetteer
from monitor.extraction.units import to_base
from monitor.extraction.vocabulary import WordTable, alternation, read_table
from monitor.model.statements import Op, Statement, Target

_TABLE = Path(__file__).parent / "cues.yaml"
_BESIDE = 8


@cache
def _name_pattern() -> re.Pattern[str]:
    # Quoted names, titles of documents, and names in Latin letters (DeepSeek, C919).
    return re.compile(
        r"[“\"「《]([^“”\"「」《》]{2,20})[”\"」》]|(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9-]{2,20})"
    )


@cache
def _figure_pattern() -> re.Pattern[str]:
    return re.compile(r"\d+(?:[.]\d+)?%?")


@cache
def _value_pattern() -> re.Pattern[str]:
    # A value with its unit, in a phrase that has words around it.
    return re.compile(r"[\d.,，]+\s*[十百千]?万?亿?\s*(?:元|人民币|[A-Za-z/]+)?")


@cache
def _clause_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；]")


@cache
def _year_pattern() -> re.Pattern[str]:
    # The next report says the next year and, every five years, the next plan: that is no news.
    return re.compile(r"20\d\d|十[一二三四五六七八九]五")


@dataclass(frozen=True)
class CueTable(WordTable):
    """``cues.yaml``; the file says what each list is for."""

    retractions: tuple[str, ...]
    reversals: tuple[str, ...]
    negation_exceptions: tuple[str, ...]
    burdens: tuple[str, ...]
    hedges: tuple[str, ...]
    lower_is_better: tuple[str, ...]
    benefits: tuple[str, ...]


def names(text: str) -> frozenset[str]:
    """Names that a sentence quotes or writes in Latin letters, normalised."""
    return frozenset(normalize(a or b) for a, b in _name_pattern().findall(text))


def differs_in_substance(before: Statement, after: Statement) -> bool:
    """Whether a number, a name, a place or a reversal is in one of two sentences only.

    Targets are ignored: ``target_moves`` compares them after unit conversion. So are the region
    that speaks, years, and the names of plans, which change with every year.
    """
    old, new = _rest(before), _rest(after)
    if Counter(_figure_pattern().findall(old)) != Counter(_figure_pattern().findall(new)):
        return True
    if _reversals(old) != _reversals(new):
        return True
    # A name may stand in the other sentence without its quotes.
    return any(name not in new for name in _names_and_places(before, old)) or any(
        name not in old for name in _names_and_places(after, new)
    )


def same_values_respelled(before: Statement, after: Statement) -> bool:
    """Whether two sentences differ only in how their numbers are written: 3000亿元, 0.3万亿元."""
    if [_target_key(target) for target in before.targets] != [
        _target_key(one) for one in after.targets
    ]:
        return False
    return normalize(_without_values(before)) == normalize(_without_values(after))


def _target_key(target: Target) -> tuple[object, ...]:
    value, unit = to_base(target.value, target.unit)
    return normalize(target.metric), target.op, float(f"{value:.9g}"), unit, target.year


def _without_values(statement: Statement) -> str:
    """A sentence with the values of its targets replaced by a mark."""
    text = statement.text
    for target in statement.targets:
        if len(_value_pattern().findall(target.raw)) == 1:
            text = text.replace(target.raw, _value_pattern().sub("#", target.raw), 1)
    return text


def is_benefit_ceiling(target: Target, *statements: Statement) -> bool:
    """Whether a target is the ceiling of a benefit: 不超过300万元补助."""
    if target.op is not Op.AT_MOST:
        return False
    for statement in statements:
        at = statement.text.find(target.raw)
        if at >= 0:
            end = at + len(target.raw)
            around = statement.text[max(0, at - _BESIDE) : at + len(target.raw)]
            around += _clause_end_pattern().split(statement.text[end : end + _BESIDE])[0]
            return cue_pattern("benefits").search(around) is not None
    return False


def _reversals(text: str) -> Counter[str]:
    return Counter(cue_pattern("reversals").findall(text) + negation_pattern().findall(text))


def _rest(statement: Statement) -> str:
    """A normalised sentence without the phrases of its targets and without years."""
    return _year_pattern().sub(" ", normalize(_without_targets(statement)))


def _without_targets(statement: Statement) -> str:
    text = statement.text
    for target in statement.targets:
        text = text.replace(target.raw, " ", 1)
    return text


def _names_and_places(statement: Statement, rest: str) -> frozenset[str]:
    """The quoted names and the places of a sentence, except the region that speaks."""
    quoted = {name for name in map(_undated, names(_without_targets(statement))) if name}
    home = statement.region or ""
    return frozenset(quoted | {name for name in places(rest) if name not in home})


def _undated(name: str) -> str:
    """A name, or nothing if it contains a year."""
    return "" if _year_pattern().search(name) else name


def places(text: str) -> frozenset[str]:
    """The short names of the regions that a text names."""
    return frozenset(name for _, name in _places().iter(text))


@cache
def _places() -> ahocorasick.Automaton:
    """Short names, which are contained in the official ones."""
    automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
    for region in gazetteer().regions:
        automaton.add_word(region.short, region.short)
    automaton.make_automaton()
    return automaton


@cache
def cue_pattern(
    name: Literal["retractions", "reversals", "burdens", "hedges", "benefits"],
) -> re.Pattern[str]:
    """A pattern for the words of one list of the table, the longest first."""
    return re.compile(alternation(getattr(cue_table(), name)))


def lower_is_better(metric: str) -> bool:
    """Whether a lower value of a metric is better: a cost, a delay, PUE."""
    return _lower_is_better_pattern().search(metric) is not None


@cache
def negation_pattern() -> re.Pattern[str]:
    """Matches 不 as the negation of a verb, not as a part of a word: 不推动, but not 不断推动."""
    return re.compile(f"不(?!{alternation(cue_table().negation_exceptions)})")


@cache
def _lower_is_better_pattern() -> re.Pattern[str]:
    words = alternation(cue_table().lower_is_better)
    return re.compile(f"(?:{words})(?:水平|值|率|强度|指标)?$")


@cache
def cue_table() -> CueTable:
    """The cue words of ``cues.yaml``."""
    return read_table(_TABLE, CueTable)

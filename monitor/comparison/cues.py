"""What another wording must not lose: numbers, names, and the words that turn a promise round.

A year later the same promise stands in other words, and that is no news. It is news when the one
letter that differs is a digit, the name of the place, or a 不.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import ahocorasick
from pydantic import BaseModel, ConfigDict, Field

from monitor.comparison.normalize import normalise
from monitor.extraction.regions import gazetteer
from monitor.extraction.units import to_base
from monitor.model.statements import Op, Statement, Target
from monitor.yaml import read_yaml, validate

_TABLE = Path(__file__).parent / "cues.yaml"
# Quoted names, titles of documents, and names in Latin letters (DeepSeek, C919).
_NAME = re.compile(
    r"[“\"「《]([^“”\"「」《》]{2,20})[”\"」》]|(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9-]{2,20})"
)
_FIGURE = re.compile(r"\d+(?:[.]\d+)?%?")
# A value with its unit, in a phrase that has words around it.
_VALUE = re.compile(r"[\d.,，]+\s*[十百千]?万?亿?\s*(?:元|人民币|[A-Za-z/]+)?")
_CLAUSE_END = re.compile("[，。；]")
_BESIDE = 8
# The next report says the next year and, every five years, the next plan: that is no news.
_YEAR = re.compile(r"20\d\d|十[一二三四五六七八九]五")


class Wording(BaseModel):
    """The table wording.yaml; see there what each list is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retreats: Annotated[tuple[str, ...], Field(min_length=1)]
    reversals: Annotated[tuple[str, ...], Field(min_length=1)]
    not_denied: Annotated[tuple[str, ...], Field(min_length=1)]
    burdens: Annotated[tuple[str, ...], Field(min_length=1)]
    hedges: Annotated[tuple[str, ...], Field(min_length=1)]
    less_is_better: Annotated[tuple[str, ...], Field(min_length=1)]
    benefits: Annotated[tuple[str, ...], Field(min_length=1)]


def names(text: str) -> frozenset[str]:
    """Names a sentence quotes or writes in Latin letters, cosmetics aside."""
    return frozenset(normalise(a or b) for a, b in _NAME.findall(text))


def says_something_else(before: Statement, after: Statement) -> bool:
    """Whether a number, a name, a place or a reversal stands in one of two sentences only.

    Numbers that are targets are left out: ``moves`` compares them, units converted. So are the
    region that speaks, years, and the plan's own name, which a new year brings by itself.
    """
    old, new = _rest(before), _rest(after)
    if Counter(_FIGURE.findall(old)) != Counter(_FIGURE.findall(new)):
        return True
    if _reversals(old) != _reversals(new):
        return True
    # A name need only stand in the other sentence somewhere: quotes come and go.
    return any(name not in new for name in _proper(before, old)) or any(
        name not in old for name in _proper(after, new)
    )


def respelled(before: Statement, after: Statement) -> bool:
    """Whether two sentences differ only in how their numbers are written: 3000亿元, 0.3万亿元."""
    if [_meant(target) for target in before.targets] != [_meant(one) for one in after.targets]:
        return False
    return normalise(_without_values(before)) == normalise(_without_values(after))


def _meant(target: Target) -> tuple[object, ...]:
    value, unit = to_base(target.value, target.unit)
    return normalise(target.metric), target.op, float(f"{value:.9g}"), unit, target.year


def _without_values(statement: Statement) -> str:
    """A sentence with its targets' phrases brought down to their words."""
    text = statement.text
    for target in statement.targets:
        if len(_VALUE.findall(target.raw)) == 1:
            text = text.replace(target.raw, _VALUE.sub("#", target.raw), 1)
    return text


def is_granted(target: Target, *statements: Statement) -> bool:
    """Whether a target is the ceiling of what somebody is given: 不超过300万元补助."""
    if target.op is not Op.AT_MOST:
        return False
    for statement in statements:
        at = statement.text.find(target.raw)
        if at >= 0:
            end = at + len(target.raw)
            around = statement.text[max(0, at - _BESIDE) : at + len(target.raw)]
            around += _CLAUSE_END.split(statement.text[end : end + _BESIDE])[0]
            return words_pattern("benefits").search(around) is not None
    return False


def _reversals(text: str) -> Counter[str]:
    return Counter(words_pattern("reversals").findall(text) + denials().findall(text))


def _rest(statement: Statement) -> str:
    """A sentence in one form, without the phrases of its targets and without years."""
    return _YEAR.sub(" ", normalise(_without_targets(statement)))


def _without_targets(statement: Statement) -> str:
    text = statement.text
    for target in statement.targets:
        text = text.replace(target.raw, " ", 1)
    return text


def _proper(statement: Statement, rest: str) -> frozenset[str]:
    """The names a sentence quotes and the places it names, but not the place that speaks."""
    quoted = {name for name in map(_undated, names(_without_targets(statement))) if name}
    home = statement.region or ""
    return frozenset(quoted | {name for name in places(rest) if name not in home})


def _undated(name: str) -> str:
    """A name if it is one for more than a year, else nothing."""
    return "" if _YEAR.search(name) else name


def places(text: str) -> frozenset[str]:
    """The short names of the places a text names."""
    return frozenset(name for _, name in _places().iter(text))


@cache
def _places() -> ahocorasick.Automaton:
    """Short names, which stand in the official ones too."""
    automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
    for region in gazetteer().regions:
        automaton.add_word(region.short, region.short)
    automaton.make_automaton()
    return automaton


def words_pattern(
    name: Literal["retreats", "reversals", "burdens", "hedges", "benefits"],
) -> re.Pattern[str]:
    """A pattern that finds the words of one of the table's lists, the longest first."""
    return _pattern(tuple(getattr(words(), name)))


@cache
def _pattern(listed: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(listed, key=len, reverse=True)))


def less_is_better(metric: str) -> bool:
    """Whether a metric measures what is to be small: a cost, a delay, PUE."""
    return _less().search(metric) is not None


@cache
def denials() -> re.Pattern[str]:
    """Finds 不 where it denies a verb, not where it is part of a word: 不推动, but 不断推动."""
    return re.compile(f"不(?!{'|'.join(map(re.escape, words().not_denied))})")


@cache
def _less() -> re.Pattern[str]:
    listed = sorted(words().less_is_better, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, listed))})(?:水平|值|率|强度|指标)?$")


@cache
def words() -> Wording:
    """The table wording.yaml."""
    return validate(read_yaml(_TABLE), Wording)

"""What another wording must not lose: numbers, names, and the words that turn a promise round.

A year later the same promise stands in other words, and that is no news. It is news when the one
letter that differs is a digit, the name of the place, or a 不.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Annotated

import ahocorasick
from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import fuzz

from monitor.changes.normal import normalise
from monitor.changes.thresholds import TURNED
from monitor.commitments import gazetteer
from monitor.model import Statement
from monitor.yamlfile import read_yaml, validate

_TABLE = Path(__file__).parent / "wording.yaml"
# Quoted names, titles of documents, and names in Latin letters (DeepSeek, C919).
_NAME = re.compile(
    r"[“\"「《]([^“”\"「」《》]{2,20})[”\"」》]|(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9-]{2,20})"
)
_FIGURE = re.compile(r"\d+(?:[.]\d+)?%?")
# By when something is to be there, which is not the year of the plan.
_BY_YEAR = re.compile(r"[到至]20\d\d年|20\d\d年[底末]?前")
_DIGITS = re.compile(r"\D")
# The next report says the next year and, every five years, the next plan: that is no news.
_YEAR = re.compile(r"20\d\d|十[一二三四五六七八九]五")


class _Wording(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    retreats: Annotated[tuple[str, ...], Field(min_length=1)]
    reversals: Annotated[tuple[str, ...], Field(min_length=1)]


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
    if Counter(_reversals().findall(old)) != Counter(_reversals().findall(new)):
        return True
    # A name need only stand in the other sentence somewhere: quotes come and go.
    return any(name not in new for name in _proper(before, old)) or any(
        name not in old for name in _proper(after, new)
    )


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
    places = {name for _, name in _places().iter(rest) if name not in home}
    return frozenset(quoted | places)


def _undated(name: str) -> str:
    """A name if it is one for more than a year, else nothing."""
    return "" if _YEAR.search(name) else name


@cache
def _places() -> ahocorasick.Automaton:
    """Short names, which stand in the official ones too."""
    automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
    for region in gazetteer().regions:
        automaton.add_word(region.short, region.short)
    automaton.make_automaton()
    return automaton


def turn(before: str, after: str) -> int:
    """Which way a sentence without other numbers was turned: -1 back, 1 forth, 0 neither.

    Back is a word that takes the promise back (暂缓建设 for 建设) or a later year (到2028年 for
    到2027年); only where the sentences are else nearly the same, because such words may also
    come with another matter.
    """
    old, new = normalise(before), normalise(after)
    retreats = _retreats()
    back = len(retreats.findall(new)) - len(retreats.findall(old))
    if back and _alike(retreats.sub("", old), retreats.sub("", new)):
        return -1 if back > 0 else 1
    then, now = _BY_YEAR.findall(old), _BY_YEAR.findall(new)
    if (
        len(then) == len(now)
        and then != now
        and _alike(_BY_YEAR.sub("", old), _BY_YEAR.sub("", new))
    ):
        pairs = zip(then, now, strict=True)
        later = sum(int(_DIGITS.sub("", b)) - int(_DIGITS.sub("", a)) for a, b in pairs)
        return -1 if later > 0 else 1 if later else 0
    return 0


def _alike(first: str, second: str) -> bool:
    return fuzz.ratio(first, second) / 100 >= TURNED


@cache
def _reversals() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in _wording().reversals))


@cache
def _retreats() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in _wording().retreats))


@cache
def _wording() -> _Wording:
    return validate(read_yaml(_TABLE), _Wording)

"""Which rules want a change: one automaton for all keywords, and an index for the rest.

Rules that ask for the same are looked at once, whoever wrote them. And one is looked at only when
the change has what it asks for: one of its words, its region and its kind, as far as it names any.
So the cost of a change follows the rules that could want it, not all there are.
"""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import ahocorasick

from monitor.extraction.regions import find_region, gazetteer
from monitor.extraction.units import comparable, to_base
from monitor.model.alerts import Match
from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.model.statements import Label, Speaker
from monitor.rules.model import Rule, TargetCondition

# In the order in which people are told what failed. Of kinds, labels, speakers and basis none
# wanted is none, not any.
_FACTS = ("kinds", "labels", "speakers", "basis", "regions", "themes", "topics", "sources", "years")
_MOST_KEYS = 60
_MOST_UNITS = 100
_OPEN = (None,)

_Asked = tuple[tuple[str, frozenset[object]], ...]
_Key = tuple[str | None, str | None, str | None, Kind]


def fold(text: str) -> str:
    """A text in one width and case, for comparing words."""
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a change; ``base`` is its value in its unit's base unit."""

    metric: str
    unit: str
    base: float
    percent: float


@dataclass(frozen=True, slots=True)
class _View:
    """A change as rules see it. ``facts`` has what is one of a set, by the rule's field."""

    kind: Kind
    text: str
    words: frozenset[str]
    facts: Mapping[str, frozenset[object]]
    regions: frozenset[str]
    themes: tuple[str, ...]
    numbers: tuple[_Number, ...]


class RuleSet:
    """The rules in force, compiled together."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Build the automaton and the index once."""
        self.rules = rules
        same: defaultdict[Rule, list[int]] = defaultdict(list)
        for position, rule in enumerate(rules):
            same[_wish(rule)].append(position)
        self._wishes = list(same)
        self._askers = list(same.values())
        self._bounds = [_bounds(wish) for wish in self._wishes]
        # What the index answers already need not be asked again.
        self._open = [_unanswered(wish) for wish in self._wishes]
        self._worded = [
            bool(wish.keywords_any or wish.keywords_all or wish.keywords_none or wish.regex)
            for wish in self._wishes
        ]
        self._index: defaultdict[_Key, list[int]] = defaultdict(list)
        for number, wish in enumerate(self._wishes):
            for key in _keys(wish):
                self._index[key].append(number)
        # Which of word, region and theme the keys name: few ways, of which most sets know fewer.
        self._shapes = {tuple(part is not None for part in key[:3]) for key in self._index}
        self._automaton = _automaton(
            word
            for wish in self._wishes
            for word in (*wish.keywords_any, *wish.keywords_all, *wish.keywords_none)
        )
        self._matches = [
            Match(rule.id, rule.recipients, rule.priority, rule.when) for rule in rules
        ]
        self._answers = [
            tuple(self._matches[position] for position in askers) for askers in self._askers
        ]
        self.by_id = {rule.id: rule for rule in rules}

    def match(self, change: Change, *, source_id: str | None = None) -> tuple[Match, ...]:
        """The rules that want a change, in the order of their files.

        Args:
            change: the change; words are looked for in its text before and after.
            source_id: the source it was found in.
        """
        view = self._view(change, source_id)
        candidates: set[int] = set()
        for word, region, theme in self._shapes:
            for key in product(
                view.words if word else _OPEN,
                view.regions if region else _OPEN,
                view.themes if theme else _OPEN,
                (view.kind,),
            ):
                candidates.update(self._index.get(key, ()))
        wanting = [number for number in candidates if self._meets(number, view)]
        if len(wanting) == 1:
            return self._answers[wanting[0]]
        positions = sorted(position for number in wanting for position in self._askers[number])
        return tuple(self._matches[position] for position in positions)

    def _meets(self, number: int, view: _View) -> bool:
        """Whether a change that the index found for a wish has all the rest of it."""
        for name, wanted in self._open[number]:
            if wanted.isdisjoint(view.facts[name]):
                return False
        bounds = self._bounds[number]
        if bounds is not None and not bounds.fit_one(view.numbers):
            return False
        if not self._worded[number]:
            return True
        return next(_refusals(self._wishes[number], (), None, view), None) is None

    def _view(self, change: Change, source_id: str | None) -> _View:
        text = fold("\n".join(s.text for s in (change.before, change.after) if s is not None))
        statement, regions = change.statement, _with_province(change.region)
        return _View(
            kind=change.kind,
            text=text,
            words=_found(self._automaton, text),
            facts={
                "kinds": frozenset({change.kind}),
                "regions": regions,
                "themes": frozenset(statement.themes),
                "labels": frozenset({statement.label}),
                "speakers": frozenset({statement.speaker}),
                "basis": frozenset({change.basis}),
                "topics": frozenset({statement.topic}),
                "sources": frozenset({source_id}),
                "years": frozenset({statement.year}),
            },
            regions=regions,
            themes=statement.themes,
            numbers=tuple(_numbers(change)),
        )


def _wish(rule: Rule) -> Rule:
    """A rule's conditions alone, as something to compare."""
    return replace(
        rule,
        id="",
        name="",
        description="",
        priority=0,
        recipients=(),
        subscribable=True,
        when=None,
        template=None,
    )


def _keys(wish: Rule) -> Iterator[_Key]:
    """Where a wish stands in the index: under one of its words, its region, theme and kind.

    What it names too many of is left open, so that no wish stands in too many places.
    """
    longest = sorted(wish.keywords_all, key=len)[-1:]  # the rarest, as a rule
    words: Sequence[str | None] = longest or tuple(dict.fromkeys(wish.keywords_any)) or _OPEN
    regions: Sequence[str | None] = tuple(wish.regions) or _OPEN
    themes: Sequence[str | None] = tuple(wish.themes) or _OPEN
    kinds = tuple(wish.kinds)
    if len(words) * len(regions) * len(themes) * len(kinds) > _MOST_KEYS:
        themes = _OPEN
    if len(words) * len(regions) * len(kinds) > _MOST_KEYS and words != _OPEN:
        regions = _OPEN
    yield from product(words, regions, themes, kinds)


def explain_match(rule: Rule, change: Change, *, source_id: str | None = None) -> str | None:
    """The first condition of a rule that a change does not meet; None if it meets all."""
    view = RuleSet((rule,))._view(change, source_id)
    return next(_refusals(rule, _asked(rule), _bounds(rule), view), None)


def _asked(rule: Rule) -> _Asked:
    """What a rule wants to be one of a set, by field; what it leaves open is left out."""
    every = {"kinds": Kind, "labels": Label, "speakers": Speaker, "basis": Basis}
    wanted = ((name, getattr(rule, name)) for name in _FACTS)
    return tuple(
        (name, values)
        for name, values in wanted
        if (values or name in every) and len(values) != len(every.get(name, ()))
    )


def _unanswered(wish: Rule) -> _Asked:
    """What a wish asks for that none of its keys in the index stands for."""
    _, region, theme, _ = next(_keys(wish), (None, None, None, Kind.ADDED))
    answered = {"kinds"}
    answered |= {"regions"} if region is not None else set()
    answered |= {"themes"} if theme is not None else set()
    return tuple((name, wanted) for name, wanted in _asked(wish) if name not in answered)


def _refusals(rule: Rule, asked: _Asked, bounds: _Bounds | None, view: _View) -> Iterator[str]:
    for name, wanted in asked:
        given = view.facts[name]
        if wanted.isdisjoint(given):
            yield f"{name}: {_list(given)} is none of {_list(wanted)}"
    if rule.keywords_any and not view.words.intersection(rule.keywords_any):
        yield f"keywords.any: none of {_list(rule.keywords_any)} stands in the text"
    for word in rule.keywords_all:
        if word not in view.words:
            yield f"keywords.all: {word} does not stand in the text"
    for word in rule.keywords_none:
        if word in view.words:
            yield f"keywords.none: {word} stands in the text"
    if rule.regex and not any(pattern.search(view.text) for pattern in rule.regex):
        yield "regex: no expression is found in the text"
    if bounds is not None and not bounds.fit_one(view.numbers):
        yield "targets: no number of the change fits"


def _numbers(change: Change) -> Iterator[_Number]:
    told = (Delta(t.metric, t.unit, None, t.value) for t in change.statement.targets)
    for number in (*change.deltas, *told):
        value = number.after if number.after is not None else number.before
        if value is not None:
            base = to_base(value, number.unit)[0]
            yield _Number(fold(number.metric), number.unit, base, _percent(number))


def _bounds(rule: Rule) -> _Bounds | None:
    target = rule.target
    return None if target is None else _Bounds(target, fold(target.metric or ""))


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The number a rule wants, with its limits in the units it has met so far."""

    wanted: TargetCondition
    metric: str
    known: dict[str, tuple[float, float]] = field(default_factory=dict, compare=False)

    def fit_one(self, numbers: Iterable[_Number]) -> bool:
        """Whether one of a change's numbers is what is wanted."""
        change = self.wanted.relative_change
        for number in numbers:
            least, most = self.known.get(number.unit) or self._limits(number.unit)
            if (
                least <= number.base <= most
                and self.metric in number.metric
                and (change is None or number.percent >= change)
            ):
                return True
        return False

    def _limits(self, unit: str) -> tuple[float, float]:
        """The least and the most in base units; none is both where units do not compare."""
        wanted = self.wanted
        asked = wanted.unit or unit
        limits = math.inf, -math.inf
        if comparable(asked, unit):
            limits = (
                -math.inf if wanted.at_least is None else to_base(wanted.at_least, asked)[0],
                math.inf if wanted.at_most is None else to_base(wanted.at_most, asked)[0],
            )
        if len(self.known) >= _MOST_UNITS:
            # Units are the sources' own words: there is no end of them.
            self.known.clear()
        self.known[unit] = limits
        return limits


def _percent(number: Delta) -> float:
    """How far a number moved, in percent of what it was; -1 where there is nothing to compare."""
    if number.before is None or number.after is None or number.before == 0:
        return -1.0
    # 160 → 176 is 10 % in the user's mind, whatever binary fractions say.
    return round(abs(number.after - number.before) / abs(number.before) * 100, 9)


def _with_province(name: str | None) -> frozenset[str]:
    """A region and the province it lies in."""
    if name is None:
        return frozenset()
    region = find_region(name)
    province = None if region is None else gazetteer().province_of(region)
    return frozenset({name} if province is None else {name, province.name})


def _automaton(words: Iterable[str]) -> ahocorasick.Automaton | None:
    automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
    for word in words:
        automaton.add_word(word, word)
    if not len(automaton):
        return None
    automaton.make_automaton()
    return automaton


def _found(automaton: ahocorasick.Automaton | None, text: str) -> frozenset[str]:
    if automaton is None:
        return frozenset()
    return frozenset(word for _, word in automaton.iter(text))


def _list(values: Iterable[object]) -> str:
    return ", ".join(sorted(str(getattr(value, "value", value)) for value in values)) or "nothing"

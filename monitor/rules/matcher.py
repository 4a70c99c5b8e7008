"""Which rules want a change: one automaton for all keywords, and an index for the rest.

Rules with equal conditions are evaluated once. They are evaluated only for a change that has one
of their words, their region and their kind, as far as they name any. So the cost of a change
follows the number of rules that could match it, not the number of all rules.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product

import ahocorasick

from monitor.extraction.offices import government_of
from monitor.extraction.regions import regions_around
from monitor.extraction.units import comparable, to_base
from monitor.folding import fold
from monitor.model.alerts import Match
from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.statements import NATION, Label, Speaker, Statement
from monitor.rules.model import Rule, TargetCondition

# In the order in which a failed condition is reported. For the fields of ``_EVERY`` an empty set
# matches nothing; for the others it matches everything.
_FACTS = (
    "kinds",
    "labels",
    "speakers",
    "basis",
    "certainty",
    "regions",
    "themes",
    "topics",
    "sources",
    "years",
)
_EVERY: Mapping[str, type[StrEnum]] = {
    "kinds": Kind,
    "labels": Label,
    "speakers": Speaker,
    "basis": Basis,
    "certainty": Certainty,
}
_MAX_KEYS = 60
_MAX_UNITS = 100
_OPEN = (None,)

_SetConditions = tuple[tuple[str, frozenset[object]], ...]
_Key = tuple[str | None, str | None, str | None, Kind]


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a change; ``base`` is its value in its unit's base unit."""

    metric: str
    unit: str
    base: float
    percent: float


@dataclass(frozen=True, slots=True)
class _PreparedChange:
    """A change prepared for matching; ``facts`` are values by the field of a rule."""

    kind: Kind
    text: str
    words: frozenset[str]
    facts: Mapping[str, frozenset[object]]
    regions: frozenset[str]
    themes: tuple[str, ...]
    numbers: tuple[_Number, ...]


class RuleSet:
    """Rules compiled together for matching."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Build the automaton and the index once."""
        self.rules = rules
        same: defaultdict[Rule, list[int]] = defaultdict(list)
        for position, rule in enumerate(rules):
            same[_conditions_of(rule)].append(position)
        self._conditions = list(same)
        self._positions = list(same.values())
        self._bounds = [_bounds(conditions) for conditions in self._conditions]
        # What the index has decided is not evaluated again.
        self._unindexed = [_unindexed(conditions) for conditions in self._conditions]
        self._has_words = [
            bool(
                conditions.keywords_any
                or conditions.keywords_all
                or conditions.keywords_none
                or conditions.regex
            )
            for conditions in self._conditions
        ]
        # Folding texts and converting numbers is most of the work, and many rules ask for neither.
        self._asks_words = any(self._has_words)
        self._asks_numbers = any(bounds is not None for bounds in self._bounds)
        self._index: defaultdict[_Key, list[int]] = defaultdict(list)
        for number, conditions in enumerate(self._conditions):
            for key in _keys(conditions):
                self._index[key].append(number)
        # Which of word, region and theme the keys name: at most eight combinations.
        self._shapes = {tuple(part is not None for part in key[:3]) for key in self._index}
        self._automaton = _automaton(
            word
            for conditions in self._conditions
            for word in (
                *conditions.keywords_any,
                *conditions.keywords_all,
                *conditions.keywords_none,
            )
        )
        self._matches = [
            Match(rule.id, rule.recipients, rule.priority, rule.delivery) for rule in rules
        ]
        self._matches_of = [
            tuple(self._matches[position] for position in positions)
            for positions in self._positions
        ]
        self.by_id = {rule.id: rule for rule in rules}

    def match(self, change: Change, *, source_id: str | None = None) -> tuple[Match, ...]:
        """The rules that match a change, in the order of their files.

        Args:
            change: the change; words are searched for in its text before and after.
            source_id: the source where it was found.
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
            return self._matches_of[wanting[0]]
        positions = sorted(position for number in wanting for position in self._positions[number])
        return tuple(self._matches[position] for position in positions)

    def _meets(self, number: int, view: _PreparedChange) -> bool:
        """Whether a change meets the conditions that the index has not decided."""
        for name, wanted in self._unindexed[number]:
            if wanted.isdisjoint(view.facts[name]):
                return False
        bounds = self._bounds[number]
        if bounds is not None and not bounds.fit_one(view.numbers):
            return False
        if not self._has_words[number]:
            return True
        return next(_mismatches(self._conditions[number], (), None, view), None) is None

    def _view(self, change: Change, source_id: str | None) -> _PreparedChange:
        text = ""
        if self._asks_words:
            text = "\n".join(fold(s.text) for s in (change.before, change.after) if s is not None)
        statement, regions = change.statement, _with_province(change.region)
        return _PreparedChange(
            kind=change.kind,
            text=text,
            words=_found(self._automaton, text),
            facts={
                "kinds": frozenset({change.kind}),
                "regions": regions,
                "themes": frozenset(statement.themes),
                "labels": frozenset({statement.label}),
                "speakers": _speakers(statement),
                "basis": frozenset({change.basis}),
                "certainty": frozenset({change.certainty}),
                "topics": frozenset({statement.topic}),
                "sources": frozenset({source_id}),
                "years": frozenset({statement.year}),
            },
            regions=regions,
            themes=statement.themes,
            numbers=tuple(_numbers(change)) if self._asks_numbers else (),
        )


def _conditions_of(rule: Rule) -> Rule:
    """The conditions of a rule without the rest, for comparison."""
    return replace(
        rule,
        id="",
        name="",
        description="",
        priority=0,
        recipients=(),
        subscribable=True,
        delivery=None,
        template=None,
    )


def _keys(conditions: Rule) -> Iterator[_Key]:
    """The keys of conditions in the index: each is a word, region, theme and kind.

    A field with too many values is left open, which bounds the number of keys.
    """
    longest = sorted(conditions.keywords_all, key=len)[-1:]  # the longest is usually the rarest
    words: Sequence[str | None] = longest or tuple(dict.fromkeys(conditions.keywords_any)) or _OPEN
    regions: Sequence[str | None] = tuple(conditions.regions) or _OPEN
    themes: Sequence[str | None] = tuple(conditions.themes) or _OPEN
    kinds = tuple(conditions.kinds)
    if len(words) * len(regions) * len(themes) * len(kinds) > _MAX_KEYS:
        themes = _OPEN
    if len(words) * len(regions) * len(kinds) > _MAX_KEYS and words != _OPEN:
        regions = _OPEN
    yield from product(words, regions, themes, kinds)


def on_statements(rules: RuleSet) -> RuleSet:
    """The rules for statements that stand rather than change.

    Kinds, basis, certainty and the change of a number are of changes and accept everything.
    """
    return RuleSet(
        tuple(
            replace(
                rule,
                kinds=frozenset(Kind),
                basis=frozenset(Basis),
                certainty=frozenset(Certainty),
                target=rule.target and replace(rule.target, relative_change=None),
            )
            for rule in rules.rules
        )
    )


def as_added_change(statement: Statement) -> Change:
    """A statement as the change that brought it."""
    return Change(Kind.ADDED, Basis.REVISION, statement.region, None, statement)


def explain_match(rule: Rule, change: Change, *, source_id: str | None = None) -> str | None:
    """The first condition of a rule that a change fails; None if it meets all."""
    view = RuleSet((rule,))._view(change, source_id)
    return next(_mismatches(rule, _set_conditions(rule), _bounds(rule), view), None)


def _set_conditions(rule: Rule) -> _SetConditions:
    """The conditions that are sets of values, by field; without those that accept everything."""
    wanted = ((name, getattr(rule, name)) for name in _FACTS)
    return tuple(
        (name, values)
        for name, values in wanted
        if (values or name in _EVERY) and not (name in _EVERY and values.issuperset(_EVERY[name]))
    )


def _unindexed(conditions: Rule) -> _SetConditions:
    """The set conditions that the keys in the index do not decide."""
    _, region, theme, _ = next(_keys(conditions), (None, None, None, Kind.ADDED))
    answered = {"kinds"}
    answered |= {"regions"} if region is not None else set()
    answered |= {"themes"} if theme is not None else set()
    return tuple(
        (name, wanted) for name, wanted in _set_conditions(conditions) if name not in answered
    )


def _mismatches(
    rule: Rule, asked: _SetConditions, bounds: _TargetBounds | None, view: _PreparedChange
) -> Iterator[str]:
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
    targets = (Delta(t.metric, t.unit, None, t.value) for t in change.statement.targets)
    for number in (*change.deltas, *targets):
        value = number.after if number.after is not None else number.before
        if value is not None:
            base = to_base(value, number.unit)[0]
            yield _Number(fold(number.metric), number.unit, base, _percent(number))


def _bounds(rule: Rule) -> _TargetBounds | None:
    target = rule.target
    return None if target is None else _TargetBounds(target, fold(target.metric or ""))


@dataclass(frozen=True, slots=True)
class _TargetBounds:
    """The number of a target condition; ``limits`` caches its limits by unit."""

    wanted: TargetCondition
    metric: str
    limits: dict[str, tuple[float, float]] = field(default_factory=dict, compare=False)

    def fit_one(self, numbers: Iterable[_Number]) -> bool:
        """Whether a number of the change meets the condition."""
        change = self.wanted.relative_change
        for number in numbers:
            least, most = self.limits.get(number.unit) or self._limits(number.unit)
            if (
                least <= number.base <= most
                and self.metric in number.metric
                and (change is None or number.percent >= change)
            ):
                return True
        return False

    def _limits(self, unit: str) -> tuple[float, float]:
        """The least and the most in base units; an empty range for units that do not compare."""
        wanted = self.wanted
        asked = wanted.unit or unit
        limits = math.inf, -math.inf
        if comparable(asked, unit):
            limits = (
                -math.inf if wanted.at_least is None else to_base(wanted.at_least, asked)[0],
                math.inf if wanted.at_most is None else to_base(wanted.at_most, asked)[0],
            )
        if len(self.limits) >= _MAX_UNITS:
            # Units come from the sources, so the cache needs a bound.
            self.limits.clear()
        self.limits[unit] = limits
        return limits


def _percent(number: Delta) -> float:
    """The change of a number in percent of what it was; -1 without a number before."""
    if number.before is None or number.after is None or number.before == 0:
        return -1.0
    # 160 → 176 is 10 %; binary fractions give 10.000000000000002.
    return round(abs(number.after - number.before) / abs(number.before) * 100, 9)


def _speakers(statement: Statement) -> frozenset[object]:
    """The kind of speaker, and the offices that speak.

    What a region promises without an office's name is its government's.
    """
    offices = statement.offices
    if not offices and statement.speaker is Speaker.GOVERNMENT and statement.region != NATION:
        government = government_of(statement.region)
        offices = () if government is None else (government,)
    return frozenset({statement.speaker, *offices})


def _with_province(name: str | None) -> frozenset[str]:
    """A region and its province, of a county its city too."""
    if name is None:
        return frozenset()
    return frozenset({name, *(region.name for region in regions_around(name))})


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

"""Which rules want a change: one automaton for all keywords, and an index for the rest.

A rule is looked at only when something of it stands in the change: one of its keywords, or its
region; rules without either are looked at always. So the cost of a change follows the rules
that could want it, not all there are.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ahocorasick

from monitor.commitments import comparable, find_region, gazetteer, to_base
from monitor.model import Change, Delta, Match, Statement
from monitor.rules.rule import Rule, TargetCondition

# Conditions that hold even when they are empty: no kind wanted is no kind, not any.
_CLOSED = frozenset({"kinds", "labels", "speakers", "basis"})


def fold(text: str) -> str:
    """A text in one width and case, for comparing words."""
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True, slots=True)
class _View:
    """A change as rules see it."""

    change: Change
    statement: Statement
    text: str
    words: frozenset[str]
    regions: frozenset[str]
    source_id: str | None


class RuleSet:
    """The rules in force, compiled together."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Build the automaton and the index once."""
        self.rules = rules
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._by_region: dict[str, list[int]] = defaultdict(list)
        self._always: list[int] = []
        words: set[str] = set()
        for position, rule in enumerate(rules):
            words.update(rule.keywords_any, rule.keywords_all, rule.keywords_none)
            if rule.keywords_all:
                self._by_word[rule.keywords_all[0]].append(position)
            elif rule.keywords_any:
                for word in dict.fromkeys(rule.keywords_any):
                    self._by_word[word].append(position)
            elif rule.regions:
                for region in rule.regions:
                    self._by_region[region].append(position)
            else:
                self._always.append(position)
        self._automaton = _automaton(words)

    def match(self, change: Change, *, source_id: str | None = None) -> tuple[Match, ...]:
        """The rules that want a change, in the order of their files.

        Args:
            change: the change; words are looked for in its text before and after.
            source_id: the source it was found in.
        """
        view = self._view(change, source_id)
        candidates = set(self._always)
        for word in view.words:
            candidates.update(self._by_word.get(word, ()))
        for region in view.regions:
            candidates.update(self._by_region.get(region, ()))
        return tuple(
            Match(rule.id, rule.chats, rule.priority)
            for rule in (self.rules[position] for position in sorted(candidates))
            if _refusal(rule, view) is None
        )

    def _view(self, change: Change, source_id: str | None) -> _View:
        text = fold("\n".join(s.text for s in (change.before, change.after) if s is not None))
        return _View(
            change=change,
            statement=change.statement,
            text=text,
            words=_found(self._automaton, text),
            regions=_with_province(change.region),
            source_id=source_id,
        )


def explain_match(rule: Rule, change: Change, *, source_id: str | None = None) -> str | None:
    """The first condition of a rule that a change does not meet; None if it meets all."""
    return _refusal(rule, RuleSet((rule,))._view(change, source_id))


def _refusal(rule: Rule, view: _View) -> str | None:
    return next(_refusals(rule, view), None)


def _refusals(rule: Rule, view: _View) -> Iterator[str]:
    statement = view.statement
    for name, wanted, given in (
        ("kinds", rule.kinds, {view.change.kind}),
        ("labels", rule.labels, {statement.label}),
        ("speakers", rule.speakers, {statement.speaker}),
        ("basis", rule.basis, {view.change.basis}),
        ("regions", rule.regions, view.regions),
        ("themes", rule.themes, set(statement.themes)),
        ("topics", rule.topics, {statement.topic}),
        ("sources", rule.sources, {view.source_id}),
        ("years", rule.years, {statement.year}),
    ):
        if (wanted or name in _CLOSED) and not wanted & given:
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
    if rule.target is not None and not _has_target(rule.target, view):
        yield "targets: no number of the change fits"


def _has_target(wanted: TargetCondition, view: _View) -> bool:
    numbers = [
        *view.change.deltas,
        *(Delta(t.metric, t.unit, None, t.value) for t in view.statement.targets),
    ]
    return any(_fits(wanted, number) for number in numbers)


def _fits(wanted: TargetCondition, number: Delta) -> bool:
    unit = wanted.unit or number.unit
    value = number.after if number.after is not None else number.before
    if value is None or not comparable(unit, number.unit):
        return False
    in_base = to_base(value, number.unit)[0]
    return (
        (wanted.metric is None or fold(wanted.metric) in fold(number.metric))
        and (wanted.at_least is None or in_base >= to_base(wanted.at_least, unit)[0])
        and (wanted.at_most is None or in_base <= to_base(wanted.at_most, unit)[0])
        and (wanted.relative_change is None or _percent(number) >= wanted.relative_change)
    )


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

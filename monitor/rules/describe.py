"""What a rule matches on, in words: its conditions as they are compared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from monitor.extraction.regions import regions_named
from monitor.folding import fold
from monitor.model.changes import Basis, Certainty, Kind
from monitor.model.statements import Label, Speaker, number
from monitor.rules.model import EACH_LINE, Rule
from monitor.rules.schema import RuleEntry

_MAX_SHOWN = 6
# What a space of an expression is folded into, with how often it may stand there.
_SPACES = re.compile(r"\(\?:\)(?:[*+?]|\{[0-9,]*\})?")
_USUAL = RuleEntry(id="usual", name="usual")


def describe_rule(rule: Rule) -> str:
    """The conditions of a rule in one line; words and expressions as they are looked for.

    What a rule asks for without saying so is left out: commitments of governments and ministries,
    sure changes of any kind but continued ones and verdicts.
    """
    return "; ".join(_parts(rule)) or "all commitments of governments and ministries"


def _parts(rule: Rule) -> Iterator[str]:
    if rule.labels != frozenset(_USUAL.labels) or rule.speakers != frozenset(_USUAL.speakers):
        yield f"{_listed(f'{one}s' for one in _in_order(rule.labels, Label))} {_said_by(rule)}"
    if rule.kinds != frozenset(_USUAL.kinds):
        yield f"kinds {_listed(_in_order(rule.kinds, Kind))}"
    if rule.basis != frozenset(Basis):
        yield f"basis {_listed(_in_order(rule.basis, Basis))}"
    if Certainty.UNSURE in rule.certainty:
        yield "also unsure ones"
    if rule.regions:
        yield f"in {_listed(_provinces_first(rule.regions))}"
    if rule.keywords_any:
        yield f"with {_listed(rule.keywords_any, ' or ')}"
    if rule.keywords_all:
        yield f"with {_listed(rule.keywords_all, ' and ')}"
    if rule.keywords_none:
        yield f"without {_listed(rule.keywords_none)}"
    if rule.regex:
        # Spaces stand for nothing, which people need not read.
        expressions = (_SPACES.sub("", one.pattern.removeprefix(EACH_LINE)) for one in rule.regex)
        yield f"found by {_listed(expressions, ' or ')}"
    yield from _sets(rule)
    yield from _number(rule)


def _said_by(rule: Rule) -> str:
    if rule.speakers.issuperset(Speaker):
        return "of anybody"
    kinds = [str(one) for one in Speaker if one in rule.speakers]
    offices = sorted(str(one) for one in rule.speakers if one not in set(Speaker))
    return f"of {_listed((*kinds, *offices))}"


def _sets(rule: Rule) -> Iterator[str]:
    named: tuple[tuple[str, Collection[object]], ...] = (
        ("theme", rule.themes),
        ("topic", rule.topics),
        ("year", rule.years),
        ("source", rule.sources),
    )
    for name, values in named:
        if values:
            yield f"{name} {_listed(sorted(map(str, values)), ' or ')}"


def _number(rule: Rule) -> Iterator[str]:
    wanted = rule.target
    if wanted is None:
        return
    unit = wanted.unit or ""
    parts = [fold(wanted.metric) if wanted.metric else "a number"]
    parts += [] if wanted.at_least is None else [f"≥ {number(wanted.at_least)}"]
    parts += [] if wanted.at_most is None else [f"≤ {number(wanted.at_most)}"]
    parts += [f"in {unit}"] if unit and len(parts) == 1 else [unit] if unit else []
    if wanted.relative_change is not None:
        parts.append(f"changed by {number(wanted.relative_change)} % or more")
    yield " ".join(parts)


def _provinces_first(names: Iterable[str]) -> list[str]:
    codes = {name: region.code for name in names for region in regions_named(name)}
    return sorted(
        names, key=lambda name: (codes.get(name, "~")[2:] != "0000", codes.get(name, "~"))
    )


def _in_order(values: Collection[str], every: Iterable[str]) -> list[str]:
    return [str(one) for one in every if one in values]


def _listed(values: Iterable[str], between: str = ", ") -> str:
    every = list(values)
    more = f", … ({len(every)})" if len(every) > _MAX_SHOWN else ""
    return (between.join(every[:_MAX_SHOWN]) or "nothing") + more

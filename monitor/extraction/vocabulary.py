"""The built-in word tables of ``data/``: frozen dataclasses, read and validated on first use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, TypeVar

from monitor.model.statements import Op

DATA = Path(__file__).parent / "data"


class WordTable:
    """Base of the dataclasses that describe a table; an unknown key in the file is an error."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


TableT = TypeVar("TableT", bound=WordTable)


def read_table(path: Path, table: type[TableT]) -> TableT:
    """Read the YAML file ``path`` into the dataclass ``table``.

    pydantic and the YAML reader are imported here, so that importing a module of this package
    does not load them.

    Raises:
        pydantic.ValidationError: the file does not fit the dataclass.
    """
    from pydantic import TypeAdapter

    from monitor.yaml import read_yaml

    return TypeAdapter(table).validate_python(read_yaml(path).value)


@dataclass(frozen=True)
class QuantityWords(WordTable):
    """``data/quantities.yaml``."""

    before: dict[str, tuple[str, ...]]
    links: tuple[str, ...]
    after: dict[Op, tuple[str, ...]]
    verbs: tuple[str, ...]
    leading: tuple[str, ...]
    endings: tuple[str, ...]
    cuts: tuple[str, ...]
    trailing: tuple[str, ...]
    generic: tuple[str, ...]
    modifiers: tuple[str, ...]
    inner: tuple[str, ...]
    predicates: tuple[str, ...]
    deployed: tuple[str, ...]
    purposes: tuple[str, ...]
    unitless: tuple[str, ...]
    increments: tuple[str, ...]
    growth_nouns: tuple[str, ...]
    implied_units: dict[str, tuple[str, ...]]
    actors: tuple[str, ...]
    acts: tuple[str, ...]
    plan_parts: tuple[str, ...]
    plan_steps: tuple[str, ...]
    other_matters: tuple[str, ...]
    no_cues: tuple[str, ...]
    companions: tuple[str, ...]
    places: tuple[str, ...]
    sites: tuple[str, ...]
    events: tuple[str, ...]
    forecasts: tuple[str, ...]
    areas: tuple[str, ...]
    thresholds: tuple[str, ...]
    spending: tuple[str, ...]
    granting: tuple[str, ...]


@cache
def quantity_words() -> QuantityWords:
    """The words that stand around numbers."""
    return read_table(DATA / "quantities.yaml", QuantityWords)


@cache
def quantity_cues() -> dict[str, str]:
    """What each word right before a number means: an op, or ``decrease``."""
    words = quantity_words()
    meanings = {word: op for op, group in words.before.items() for word in group}
    for op in (Op.INCREASE_BY.value, "decrease"):
        for word in words.before[op]:
            meanings |= {word + link: op for link in words.links}
    return meanings


def metrics_without_unit() -> tuple[str, ...]:
    """Metrics whose numbers have no unit: PUE, Token调用量."""
    words = quantity_words()
    return (*words.unitless, *words.implied_units[""])


def alternation(words: Iterable[str]) -> str:
    """A pattern that matches one of ``words``, the longest that fits."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda w: (-len(w), w)))


def alternation_by_first_character(names: Iterable[str]) -> str:
    """An alternation that tries only the names that begin with the character at hand."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(name[0], []).append(name[1:])
    branches = "|".join(
        f"{re.escape(first)}(?:{alternation(rest)})" for first, rest in groups.items()
    )
    return f"(?=[{''.join(map(re.escape, groups))}])(?:{branches})"

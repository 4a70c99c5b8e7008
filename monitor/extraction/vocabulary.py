"""The product's own tables of Chinese wording, checked when they are first read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.model.statements import Op
from monitor.yaml import read_yaml, validate

DATA = Path(__file__).parent / "data"


class Table(BaseModel):
    """A table of words; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class QuantityWords(Table):
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


@cache
def quantity_words() -> QuantityWords:
    """How numbers are spoken of."""
    return validate(read_yaml(DATA / "quantities.yaml"), QuantityWords)


@cache
def cues() -> dict[str, str]:
    """What each word right before a number means: an op, or ``decrease``."""
    words = quantity_words()
    meanings = {word: op for op, group in words.before.items() for word in group}
    for op in (Op.INCREASE_BY.value, "decrease"):
        for word in words.before[op]:
            meanings |= {word + link: op for link in words.links}
    return meanings


def alternation(words: Iterable[str]) -> str:
    """A pattern that matches one of ``words``, the longest that fits."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda w: (-len(w), w)))

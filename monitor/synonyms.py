"""What people say for a known word: 加码 for strengthened. It is suggested, never taken."""

from __future__ import annotations

from collections.abc import Container
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("synonyms.yaml")


def synonym(word: str, known: Container[str]) -> str | None:
    """The known word that people mean by ``word``; None if the table has none."""
    return next((one for one in _meanings().get(word.strip().casefold(), ()) if one in known), None)


@cache
def _meanings() -> dict[str, tuple[str, ...]]:
    from monitor.yaml import read_yaml

    found: dict[str, tuple[str, ...]] = {}
    for value, words in read_yaml(_TABLE).value.items():
        for word in words:
            found[word] = (*found.get(word, ()), value)
    return found

"""Themes of a sentence: those its words carry, and those that stand beside them in a clause."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.commitments.topics import Hit, Topic

GENERAL = "general"
"""What ``of`` calls the topic's own words, which carry no theme."""

_CLAUSE = re.compile("[，。；：！？\n]")


def counted(sentence: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that put a sentence in scope.

    They are not hidden by a longer phrase, and have what they need in the same sentence.
    """
    return [
        hit
        for hit in hits
        if hit.use.scope
        and not hit.hidden_by
        and (not hit.use.entry.needs or any(word in sentence for word in hit.use.entry.needs))
    ]


def themes_of(sentence: str, hits: Sequence[Hit], topic: Topic, offset: int) -> dict[str, str]:
    """The themes of a sentence that starts at ``offset``, each with the word that gave it.

    They stand in the order of the topic's file; the theme that ``otherwise`` gives has no word.
    """
    scope = counted(sentence, hits)
    found = {hit.use.theme: hit.word for hit in reversed(scope) if hit.use.theme}
    near: dict[int, set[str]] = {}
    for hit in scope:
        near.setdefault(_clause(sentence, hit.start - offset), set()).add(hit.use.theme or GENERAL)
    anywhere = set().union(*near.values())
    for hit in hits:
        use = hit.use
        if use.scope or hit.hidden_by or use.theme is None or use.theme in found:
            continue
        if use.entry.needs and not any(word in sentence for word in use.entry.needs):
            continue
        clause = _clause(sentence, hit.start - offset)
        beside = anywhere if use.reach == "sentence" else near.get(clause, set())
        if beside and (not use.of or beside.intersection(use.of)):
            found[use.theme] = hit.word
    if not found and topic.otherwise:
        found[topic.otherwise] = ""
    return {theme: found[theme] for theme in topic.themes if theme in found}


def _clause(sentence: str, at: int) -> int:
    """The number of the clause a place stands in."""
    return sum(1 for _ in _CLAUSE.finditer(sentence, 0, at))

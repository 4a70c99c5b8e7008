"""Untouched sentences: their clauses are in the other text too, split differently at most.

A full stop for a semicolon, a paragraph joined to the next: the sentences differ, the words do
not. Whole clauses are compared, so that 不再 in front of one makes a difference. The same words may
be in a text twice, once as a promise and once in the review, so their neighbours matter.
"""

from __future__ import annotations

import re
from functools import cache

from monitor.comparison.normalize import normalize

# Fewer characters do not identify a sentence.
_MIN_LENGTH = 8
_EDGE = "|"
# Characters around a sentence that contain its neighbours.
_NEAR = 400


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile(r"[^，。；：！？,;:!?]+")


class ClauseIndex:
    """The clauses of a text; tells whether a sentence is in it, punctuation aside."""

    def __init__(self, text: str) -> None:
        """Normalise ``text`` once, so that the queries are cheap."""
        self.text = text
        # A line break ends a clause or comes from a column: both readings are tried.
        self._readings = (_clauses(text.replace("\n", "，")), _clauses(text.replace("\n", "")))

    def holds(self, sentence: str) -> bool:
        """Whether all clauses of ``sentence`` are in the text, in sequence."""
        return self.count(sentence) > 0

    def count(self, sentence: str) -> int:
        """How often they are; 0 for a sentence too short to identify."""
        words = _clauses(sentence.replace("\n", ""))
        if len(words) < _MIN_LENGTH:
            return 0
        return max(reading.count(words) for reading in self._readings)

    def count_clause(self, sentence: str, phrase: str) -> int:
        """How often the clause of ``sentence`` that contains ``phrase`` is in the text."""
        clause = next((c for c in _clause_pattern().findall(sentence) if phrase in c), "")
        if not clause:
            return 0
        return max(reading.count(_clauses(clause)) for reading in self._readings)

    def holds_beside(self, sentence: str, neighbours: tuple[str, str]) -> bool:
        """Whether the sentence is in the text next to one of its ``neighbours``."""
        words = _clauses(sentence.replace("\n", ""))
        if len(words) < _MIN_LENGTH:
            return False
        left, right = neighbours
        beside = [left + words[1:]] if left else []
        beside += [words + right[1:]] if right else []
        return any(one in reading for one in beside for reading in self._readings)

    def neighbours(self, start: int, end: int) -> tuple[str, str]:
        """The clauses before and after a passage; empty at the ends of the text."""
        before = _clause_pattern().findall(
            self.text[max(0, start - _NEAR) : start].replace("\n", "，")
        )
        after = _clause_pattern().findall(self.text[end : end + _NEAR].replace("\n", "，"))
        left = next((key for one in reversed(before) if (key := normalize(one))), "")
        right = next((key for one in after if (key := normalize(one))), "")
        return (
            f"{_EDGE}{left}{_EDGE}" if left else "",
            f"{_EDGE}{right}{_EDGE}" if right else "",
        )


class TextPair:
    """The whole text before and after an edit."""

    def __init__(self, before: str, after: str) -> None:
        self.before = ClauseIndex(before)
        self.after = ClauseIndex(after)

    def untouched(self, before: str, after: str) -> bool:
        """Whether each of two sentences is in the other text: they were only split differently."""
        return self.after.holds(before) and self.before.holds(after)


def _clauses(text: str) -> str:
    keys = (normalize(clause) for clause in _clause_pattern().findall(text))
    return _EDGE + "".join(key + _EDGE for key in keys if key)

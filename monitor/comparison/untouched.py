"""Sentences that nobody touched: their clauses stand in the other text, cut another way at most.

A full stop for a semicolon, a paragraph joined to the next: the sentences are others, the words
are not. Clauses are compared whole, so that 不再 in front of one is seen. The same words may stand
in a text twice, once as a promise and once in the review, so it matters where.
"""

from __future__ import annotations

import re

from monitor.comparison.normalize import normalise

_CLAUSE = re.compile(r"[^，。；：！？,;:!?]+")
# Less is too little to know a sentence by.
_SHORTEST = 8
_EDGE = "|"
# So much around a sentence holds its neighbours.
_NEAR = 400


class Intact:
    """Asks whether a sentence stands in a text, word for word, punctuation aside."""

    def __init__(self, text: str) -> None:
        """Read ``text`` once; the questions are then cheap."""
        self.text = text
        # A line's end may be a clause's end or the work of a column: both readings are tried.
        self._readings = (_clauses(text.replace("\n", "，")), _clauses(text.replace("\n", "")))

    def holds(self, sentence: str) -> bool:
        """Whether all clauses of ``sentence`` stand in the text, one after the other."""
        return self.count(sentence) > 0

    def count(self, sentence: str) -> int:
        """How often they do; 0 for a sentence too short to be known."""
        words = _clauses(sentence.replace("\n", ""))
        if len(words) < _SHORTEST:
            return 0
        return max(reading.count(words) for reading in self._readings)

    def count_clause(self, sentence: str, phrase: str) -> int:
        """How often the clause of ``sentence`` with ``phrase`` in it stands in the text."""
        clause = next((c for c in _CLAUSE.findall(sentence) if phrase in c), "")
        if not clause:
            return 0
        return max(reading.count(_clauses(clause)) for reading in self._readings)

    def holds_beside(self, sentence: str, neighbours: tuple[str, str]) -> bool:
        """Whether the sentence stands in the text beside one of its ``neighbours``."""
        words = _clauses(sentence.replace("\n", ""))
        if len(words) < _SHORTEST:
            return False
        left, right = neighbours
        beside = [left + words[1:]] if left else []
        beside += [words + right[1:]] if right else []
        return any(one in reading for one in beside for reading in self._readings)

    def neighbours(self, start: int, end: int) -> tuple[str, str]:
        """The clauses before and after a passage; empty at the ends of the text."""
        before = _CLAUSE.findall(self.text[max(0, start - _NEAR) : start].replace("\n", "，"))
        after = _CLAUSE.findall(self.text[end : end + _NEAR].replace("\n", "，"))
        left = next((key for one in reversed(before) if (key := normalise(one))), "")
        right = next((key for one in after if (key := normalise(one))), "")
        return (
            f"{_EDGE}{left}{_EDGE}" if left else "",
            f"{_EDGE}{right}{_EDGE}" if right else "",
        )


class Sides:
    """The whole text before and after an edit."""

    def __init__(self, before: str, after: str) -> None:
        self.before = Intact(before)
        self.after = Intact(after)

    def untouched(self, before: str, after: str) -> bool:
        """Whether of two sentences each stands in the other text: they were only cut anew."""
        return self.after.holds(before) and self.before.holds(after)


def _clauses(text: str) -> str:
    keys = (normalise(clause) for clause in _CLAUSE.findall(text))
    return _EDGE + "".join(key + _EDGE for key in keys if key)

"""Sentences that nobody touched: their clauses stand in the other text, cut another way at most.

A full stop for a semicolon, a paragraph joined to the next: the sentences are others, the words
are not. Clauses are compared whole, so that 不再 in front of one is seen.
"""

from __future__ import annotations

import re

from monitor.changes.normal import normalise

_CLAUSE = re.compile(r"[^，。；：！？,;:!?]+")
# Less is too little to know a sentence by.
_SHORTEST = 8
_EDGE = "|"


class Intact:
    """Asks whether a sentence stands in a text, word for word, punctuation aside."""

    def __init__(self, text: str) -> None:
        """Read ``text`` once; the questions are then cheap."""
        # A line's end may be a clause's end or the work of a column: both readings are tried.
        self._readings = (_clauses(text.replace("\n", "，")), _clauses(text.replace("\n", "")))

    def holds(self, sentence: str) -> bool:
        """Whether all clauses of ``sentence`` stand in the text, one after the other."""
        words = _clauses(sentence.replace("\n", ""))
        if len(words) < _SHORTEST:
            return False
        return any(words in reading for reading in self._readings)

    def holds_clause(self, sentence: str, phrase: str) -> bool:
        """Whether the clause of ``sentence`` with ``phrase`` in it stands in the text."""
        clause = next((c for c in _CLAUSE.findall(sentence) if phrase in c), "")
        return bool(clause) and any(_clauses(clause) in reading for reading in self._readings)


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

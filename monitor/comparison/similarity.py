"""Similarity of sentences and of whole texts: overlap, fingerprints, suspect and untouched texts.

A sentence is untouched if its clauses are in the other text too, split differently at most: a full
stop for a semicolon, a paragraph joined to the next. Whole clauses are compared, so that 不再 in
front of one makes a difference. The same words may be in a text twice, once as a promise and once
in the review, so their neighbours matter.
"""

from __future__ import annotations

import heapq
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cache, cached_property
from typing import Any

from monitor.comparison.normalize import normalize
from monitor.comparison.thresholds import (
    CHANGED_PAGE,
    FINGERPRINT_MIN_LENGTH,
    FINGERPRINT_SIZE,
    SMALL_TEXT,
)
from monitor.model.statements import Statement

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


GRAM_LENGTH = 2
_SHINGLE = 8
_BROKEN = "\ufffd"


@cache
def _denial_pattern() -> re.Pattern[str]:
    return re.compile(
        "停止执行|不再执行|废止|作废|失效|撤回|撤销|更正|勘误|辟谣|不实|终止实施|暂停实施|暂缓实施"
    )


@cache
def _fuzz() -> Any:
    from rapidfuzz import fuzz

    return fuzz


def ratio(first: str, second: str) -> float:
    """Indel similarity of two strings, 0 to 1."""
    return float(_fuzz().ratio(first, second)) / 100


def reordered_ratio(first: str, second: str) -> float:
    """Similarity of two sentences whose clauses may stand in another order, 0 to 1."""
    one, other = ([key for key in _clauses(text).split(_EDGE) if key] for text in (first, second))
    total = sum(map(len, (*one, *other)))
    scored = sorted(
        (
            (ratio(a, b) * (len(a) + len(b)), i, j)
            for i, a in enumerate(one)
            for j, b in enumerate(other)
        ),
        key=lambda pair: (-pair[0], abs(pair[1] - pair[2]), pair[1] + pair[2]),
    )
    firsts, seconds = set(range(len(one))), set(range(len(other)))
    shared = 0.0
    for weight, i, j in scored:
        if i in firsts and j in seconds:
            firsts.remove(i)
            seconds.remove(j)
            shared += weight
    return shared / total if total else 0.0


def partial_ratio(first: str, second: str) -> float:
    """Indel similarity of the shorter string to the best matching part of the longer, 0 to 1."""
    return float(_fuzz().partial_ratio(first, second)) / 100


def grams_of(key: str) -> Counter[str]:
    """The pairs of characters of a normalised text; a shorter text is its own."""
    return Counter(key[i : i + GRAM_LENGTH] for i in range(max(1, len(key) - GRAM_LENGTH + 1)))


def gram_weights(sentences: Sequence[Counter[str]]) -> dict[str, float]:
    """Inverse document frequency of each gram of some sentences."""
    holders = Counter(gram for one in sentences for gram in one)
    return {gram: math.log((1 + len(sentences)) / (1 + n)) + 1 for gram, n in holders.items()}


def gram_vector(sentence: Counter[str], weights: dict[str, float]) -> dict[str, float]:
    """The weighted grams of a sentence as a vector of length 1."""
    raw = {gram: n * weights[gram] for gram, n in sentence.items()}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {gram: value / length for gram, value in raw.items()}


def same_region(old: Statement, new: Statement) -> bool:
    """Whether two statements have one region; an unknown one matches any."""
    return old.region == new.region or old.region is None or new.region is None


def longest_common_length(first: str, second: str) -> int:
    """Length of the longest run of characters that two strings share."""
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.find_longest_match().size


def sentence_similarity(first: str, second: str) -> float:
    """Similarity of two sentences after normalisation, 0 to 1."""
    return ratio(normalize(first), normalize(second))


class TextShingles:
    """The shingles of a text: its pieces of eight characters, after normalisation."""

    def __init__(self, text: str) -> None:
        """Cut the text up once; every comparison uses the same pieces."""
        key = normalize(text)
        self._length = len(key)
        self._pieces = {key[i : i + _SHINGLE] for i in range(len(key) - _SHINGLE + 1)}

    def overlap(self, other: TextShingles) -> float:
        """Share of the shorter text that is contained in the longer one, 0 to 1.

        A reprint with an editor's line, another heading or a lost paragraph is still the same
        document (Broder 1997, containment).
        """
        smaller = min(len(self._pieces), len(other._pieces))
        if smaller == 0:
            return 1.0 if len(self._pieces) == len(other._pieces) else 0.0
        return len(self._pieces & other._pieces) / smaller

    @cached_property
    def fingerprint(self) -> tuple[int, ...]:
        """A bottom-k MinHash of the text, by which near-duplicates are found (Broder 1997).

        The smallest hashes of the shingles: 16 numbers of 32 bits, fewer for a short text, none for
        one too short to identify.
        """
        if self._length < FINGERPRINT_MIN_LENGTH:
            return ()
        hashes = set(map(zlib.crc32, map(str.encode, self._pieces)))
        return tuple(heapq.nsmallest(FINGERPRINT_SIZE, hashes))


def text_overlap(first: str, second: str) -> float:
    """Share of the shorter text that is contained in the longer one, 0 to 1."""
    return TextShingles(first).overlap(TextShingles(second))


def reprinted_statements(statements: Iterable[Statement], known: ClauseIndex) -> list[Statement]:
    """The statements whose words are all contained in a known text."""
    return [statement for statement in statements if known.holds(statement.text)]


def retracts_known_text(text: str, known: ClauseIndex) -> bool:
    """Whether the lines a text adds to a known one retract it: 以下措施停止执行, 更正, 已废止."""
    return any(
        _denial_pattern().search(line) is not None and not known.holds(line)
        for line in text.split("\n")
    )


def suspect_reason(before: str, after: str, *, shrink: float) -> str:
    """Why a new text at a known address is suspect; empty when it is not.

    Args:
        before: the last good text.
        after: the text of this visit.
        shrink: a text shorter than this share of the last good one is suspect.
    """
    broken = after.count(_BROKEN) - before.count(_BROKEN)
    if broken > 0:
        return f"{broken} characters came broken"
    if len(after) < shrink * len(before):
        return f"the text shrank from {len(before)} to {len(after)} characters"
    if len(before) >= SMALL_TEXT and text_overlap(before, after) < CHANGED_PAGE:
        return "another text stands at this address"
    return ""

"""Whole texts: are they the same document, and may a new text be believed?"""

from __future__ import annotations

import heapq
import re
import zlib
from collections.abc import Iterable

from monitor.comparison.normalize import normalise
from monitor.comparison.thresholds import CHANGED_PAGE, SKETCH, SKETCHED, SMALL_TEXT
from monitor.comparison.untouched import Intact
from monitor.model.statements import Statement

_SHINGLE = 8
_BROKEN = "\ufffd"
_DENIAL = re.compile(
    "停止执行|不再执行|废止|作废|失效|撤回|撤销|更正|勘误|辟谣|不实|终止实施|暂停实施|暂缓实施"
)


def same_document(first: str, second: str) -> float:
    """Share of the shorter text that stands in the longer one, from 0 to 1.

    Measured on shingles of eight letters, so that a reprint with an editor's line, another
    heading or a lost paragraph is still the same document (Broder 1997, containment).
    """
    one, two = _shingles(first), _shingles(second)
    smaller = min(len(one), len(two))
    if smaller == 0:
        return 1.0 if len(one) == len(two) else 0.0
    return len(one & two) / smaller


def sketch(text: str) -> tuple[int, ...]:
    """A few numbers that texts which are mostly the same mostly share (Broder 1997, MinHash).

    The smallest hashes of the text's shingles: 16 numbers of 32 bits, fewer for a short text, and
    none for one too short to be told from others.
    """
    key = normalise(text)
    if len(key) < SKETCHED:
        return ()
    pieces = {key[i : i + _SHINGLE] for i in range(len(key) - _SHINGLE + 1)}
    return tuple(heapq.nsmallest(SKETCH, {zlib.crc32(piece.encode()) for piece in pieces}))


def reprinted(statements: Iterable[Statement], known: str) -> list[Statement]:
    """The statements whose words all stand in a text that is known already."""
    text = Intact(known)
    return [statement for statement in statements if text.holds(statement.text)]


def denies(text: str, known: str) -> bool:
    """Whether what a text adds to a known one takes it back: 以下措施停止执行, 更正, 已废止."""
    before = Intact(known)
    return any(
        _DENIAL.search(line) is not None and not before.holds(line) for line in text.split("\n")
    )


def suspicion(before: str, after: str, *, shrink: float) -> str:
    """Why a new text at a known address may not be believed yet; empty when it may.

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
    if len(before) >= SMALL_TEXT and same_document(before, after) < CHANGED_PAGE:
        return "another text stands at this address"
    return ""


def _shingles(text: str) -> set[int]:
    key = normalise(text)
    return {hash(key[i : i + _SHINGLE]) for i in range(max(0, len(key) - _SHINGLE + 1))}

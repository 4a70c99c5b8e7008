"""Whole texts: are they the same document, and may a new text be believed?"""

from __future__ import annotations

from monitor.changes.normal import normalise
from monitor.changes.thresholds import CHANGED_PAGE, SMALL_TEXT

_SHINGLE = 8


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


def suspicion(before: str, after: str, *, shrink: float) -> str:
    """Why a new text at a known address may not be believed yet; empty when it may.

    Args:
        before: the last good text.
        after: the text of this visit.
        shrink: a text shorter than this share of the last good one is suspect.
    """
    if len(after) < shrink * len(before):
        return f"the text shrank from {len(before)} to {len(after)} characters"
    if len(before) >= SMALL_TEXT and same_document(before, after) < CHANGED_PAGE:
        return "another text stands at this address"
    return ""


def _shingles(text: str) -> set[int]:
    key = normalise(text)
    return {hash(key[i : i + _SHINGLE]) for i in range(max(0, len(key) - _SHINGLE + 1))}

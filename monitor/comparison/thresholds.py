"""Every number that decides what is the same commitment. Measured, not felt: docs/explanation."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.changes import Basis


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores from 0 to 1.

    ``pair``: from this score on two sentences are taken for one commitment.
    ``continued``: from this similarity of wording on a rewording is not worth telling.
    ``same_numbers``: the same for a sentence whose numbers are all there and unchanged.
    ``theme``: what a theme adds to a pair's score that no other sentence of either text has.
    """

    pair: float
    continued: float
    same_numbers: float
    theme: float


BY_BASIS = {
    # An edited page keeps most words of an edited sentence; anything below is another sentence.
    Basis.REVISION: Thresholds(pair=0.50, continued=1.0, same_numbers=1.0, theme=0.0),
    # A year later the same promise is put in other words as a matter of course.
    Basis.SUCCESSION: Thresholds(pair=0.40, continued=0.80, same_numbers=0.45, theme=0.25),
}

ALIKE = 0.70
"""Sentences this much alike are one sentence with a word or a number exchanged."""

TURNED = 0.90
"""Sentences this much alike, but for the word that turns them, are one promise turned round."""

METRIC = 0.60
"""Similarity of two metrics from which on they measure the same thing."""

METRIC_BONUS = 0.30
"""What a shared metric in comparable units adds to a pair's score."""

NAME_BONUS = 0.20
"""What a rare name that both sentences hold adds to a pair's score."""

PART = 0.80
"""Share of a short sentence that must stand in a long one for it to be a part of it."""

PART_GAIN = 0.05
"""How much the parts together must be more like the whole than the larger part alone."""

PROPOSALS = 200_000
"""A piece of text proposes as many pairs of sentences at most: two texts of 400 need 160,000."""

PARTS = 1_000_000
"""As many pairs of a sentence and a possible whole are looked at for splits and merges."""

LARGEST_GROUP = 100
"""Sentences on a side up to which a group of rivals is solved exactly."""

SAME_VALUE = 1e-9
"""Relative difference below which two values are one: conversions round."""

YEAR_WORTH = 0.10
"""What a year's delay takes from a number that grew, as a logarithm: a tenth is an ordinary year's
growth, so that 3000 by 2027 is more than 3100 by 2030."""

LEDGER_METRIC = 0.80
"""Similarity of two metrics from which on a review may tell of a promise kept."""

LEDGER_FULL = 0.90
"""The same for a promise missed, which nobody should be accused of on a likeness."""

LEDGER_KEPT = 0.20
"""What a number that keeps the promise has ahead of one that misses it: of 苏州2座, 全省6座 for one
promise the larger is meant."""

LEDGER_ABOUT = 0.05
"""How far below 3000亿元左右 a number may end and still be about that."""

LEDGER_WORDING = 0.60
"""Similarity of two sentences whose metrics say nothing (规模) for them to mean one thing."""

CHANGED_PAGE = 0.20
"""Share of common text below which an address is taken to show another article."""
"""Set with the two State Council reports, which share 0.06, and edited pages, which keep 0.9."""

SKETCH = 16
"""Hashes kept of a document to find its reprints by."""

SKETCHED = 80
"""Letters below which a text is too short to be known by a sketch."""

SMALL_TEXT = 200
"""Texts of fewer characters are too short to call two of them different articles."""

TOLD_SHARE = 0.70
"""Share of an article's sentence without numbers that must stand in one known commitment."""

TOLD_SHARE_WITH_NUMBERS = 0.30
"""The same for a sentence all of whose numbers are known."""

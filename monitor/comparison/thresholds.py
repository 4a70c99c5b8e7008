"""All thresholds of the comparison; docs/explanation/comparing.md has the measurements."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.changes import Basis


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores from 0 to 1.

    ``pair``: minimum score of two sentences that are one commitment.
    ``continued``: minimum similarity of wording at which a rewording is not reported.
    ``same_numbers``: the same for a sentence whose numbers are all unchanged.
    ``theme``: bonus for a pair of the only sentences of a theme.
    """

    pair: float
    continued: float
    same_numbers: float
    theme: float

    def keeps_wording(self, similarity: float, *, has_numbers: bool) -> bool:
        """Whether wording so similar is no rewording; all numbers, if there are any, stayed."""
        return similarity >= (self.same_numbers if has_numbers else self.continued)


BY_BASIS = {
    # An edited page keeps most words of an edited sentence; anything below is another sentence.
    Basis.REVISION: Thresholds(pair=0.50, continued=1.0, same_numbers=1.0, theme=0.0),
    # A year later the same promise is regularly worded differently.
    Basis.SUCCESSION: Thresholds(pair=0.40, continued=0.80, same_numbers=0.45, theme=0.25),
}

NEARLY_IDENTICAL = 0.70
"""Minimum similarity of sentences that differ in a word or a number only."""

SAME_BUT_CUE = 0.90
"""Minimum similarity, polarity cue aside, of one promise before and after it was reversed."""

METRIC = 0.60
"""Minimum similarity of two metrics that measure the same thing."""

METRIC_ELSEWHERE = 0.80
"""The same for metrics in sentences that are not linked, of which one may be another's sibling."""

SAME_METRIC = 0.90
"""The same for the numbers of sentences that only stand near each other."""

EQUAL_METRIC = 1.00
"""The same where nothing but the name says that two numbers are of one thing."""

METRIC_BONUS = 0.30
"""Bonus of a pair for a shared metric in comparable units."""

NAME_BONUS = 0.20
"""Bonus of a pair for a rare name in both sentences."""

OTHER_MATTER_PENALTY = 0.20
"""Taken from the score of a pair that names no matter in common: 机器人, 大模型."""

PART = 0.80
"""Minimum share of a short sentence inside a long one of which it is a part."""

PART_GAIN = 0.05
"""Minimum gain in similarity to the whole of all parts over the larger part alone."""

SHARED_METRIC = 0.60
"""Minimum share of a metric that stands in the other sentence, for a number that came or went."""

MAX_CANDIDATE_PAIRS = 200_000
"""Pairs of sentences that one gram proposes at most; two texts of 400 sentences need 160,000."""

MAX_PART_PAIRS = 1_000_000
"""Pairs of a sentence and a possible whole that are checked for splits and merges at most."""

SAME_VALUE = 1e-9
"""Relative difference below which two values are equal, because unit conversions round."""

YEAR_WORTH = 0.10
"""What a year of delay costs a number that grew, as a logarithm: a tenth is an ordinary year's
growth, so that 3000 by 2027 is more than 3100 by 2030."""

FULFILMENT_METRIC = 0.80
"""Minimum similarity of metrics for a review to report a target as met."""

FULFILMENT_SEVERAL_YEARS = 3.5
"""A count beyond this multiple of its target adds up the years of a five-year plan."""

FULFILMENT_OTHER_SCOPE = 1 / 3
"""A count below this share of its target counts something else, if the verb is not the same."""

FULFILMENT_OPEN_END = 1.25
"""What is said to exceed a number is at most this multiple of it."""

FULFILMENT_ABOUT = 0.05
"""Relative shortfall that still meets an approximate target (3000亿元左右)."""

FULFILMENT_WORDING = 0.60
"""Minimum similarity of two sentences with generic metrics (规模) that measure one thing."""

CHANGED_PAGE = 0.20
"""Share of common text below which an address shows another article.

Set with the two State Council reports, which share 0.06, and edited pages, which keep 0.9."""

FINGERPRINT_SIZE = 16
"""Hashes kept of a document, by which reprints are found."""

FINGERPRINT_MIN_LENGTH = 80
"""Characters below which a text gets no fingerprint."""

SMALL_TEXT = 200
"""Characters below which two texts are too short to be called different articles."""

CORROBORATED_SHARE = 0.70
"""Minimum share of a sentence without numbers that is contained in one known commitment."""

CORROBORATED_SHARE_WITH_NUMBERS = 0.30
"""The same for a sentence whose numbers are all known."""

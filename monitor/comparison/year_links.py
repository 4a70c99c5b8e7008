"""Links between the plans of two years: which sentences say what became of which promise.

A promise may go on in several sentences, and several in one, so links are many to many. Every pair
of sentences that share text gets features: how much rare text the sentences and their best clauses
share, how the pair ranks among all pairs of either sentence, names, metrics, themes, position. A
logistic model weighs them. Its weights are learned by ``tools/train_links.py`` from judged pairs of
real reports; ``link_model.json`` holds them with the record of the training.
"""

from __future__ import annotations

import heapq
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from monitor.comparison.cues import general_actions, names
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import (
    GRAM_LENGTH,
    gram_vector,
    gram_weights,
    grams_of,
    partial_ratio,
    ratio,
    same_region,
)
from monitor.comparison.targets import metric_likeness
from monitor.model.statements import Statement

_MODEL = Path(__file__).parent / "link_model.json"
# Sentences that are looked at closely for each sentence, those that share most text first.
_MAX_CANDIDATES = 12
_MIN_COSINE = 0.03
# A name in more sentences of a report than this does not identify one of them.
_MAX_RARE = 2
# Information, in the units of inverse frequency, at which a clause is as good as a sentence.
_CLAUSE_INFORMATION = 15.0
# What one gram may propose at most, so that long reports cost time by length, not by its square.
_MAX_POSTINGS = 400_000
_LEAST_ODDS = 0.02


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile("[，、；：。！？;,:\n]")


@dataclass(frozen=True, slots=True)
class PlanSentence:
    """A sentence of a plan; ``in_scope``: it is a commitment about the topic."""

    statement: Statement
    in_scope: bool


@dataclass(frozen=True, slots=True)
class YearLink:
    """A pair of sentences by position, and how probably the later says what became of the earlier.

    ``features`` are the values the model weighed, in the order of ``FEATURES``; none for sentences
    with the same words.
    """

    before: int
    after: int
    probability: float
    features: tuple[float, ...]


FEATURES = (
    "cosine",
    "log_cosine",
    "lower_share_of_best",
    "higher_share_of_best",
    "lower_rank",
    "higher_rank",
    "mutual_best",
    "clause",
    "clause_information",
    "second_clause",
    "long_grams",
    "name",
    "any_name",
    "action",
    "metric",
    "theme",
    "both_in_scope",
    "distance",
    "heading",
    "ratio",
    "partial_ratio",
    "log_shorter",
    "log_longer",
)
"""What the model weighs; docs/explanation/comparing.md tells what each one means."""


@dataclass(frozen=True, slots=True)
class AloneModel:
    """How probably a sentence without a link plainly stands alone: what was dropped, or is new.

    A logistic model over the log odds of its best candidate ``in_scope`` and of its best one
    ``out_of_scope``; ``later`` is added for a sentence of the later plan. ``sure_before`` and
    ``sure_after`` are the least probabilities at which an earlier and a later one is sure; nothing
    is that has a candidate more probable than ``candidate``.
    """

    intercept: float
    in_scope: float
    out_of_scope: float
    later: float
    sure_before: float
    sure_after: float
    candidate: float

    def is_sure(self, best: tuple[float, float], *, later: bool) -> bool:
        """Whether a sentence surely stands alone.

        Args:
            best: the probability of its best candidate in scope, and of its best one out of scope;
                0 for none.
            later: whether it is one of the later plan.
        """
        limit = self.sure_after if later else self.sure_before
        return max(best) <= self.candidate and self.probability(best, later=later) >= limit

    def probability(self, best: tuple[float, float], *, later: bool) -> float:
        """How probably it stands alone; the arguments are those of ``is_sure``."""
        known, other = (log_odds(one) for one in best)
        return _sigmoid(
            self.intercept + self.in_scope * known + self.out_of_scope * other + self.later * later
        )


def log_odds(probability: float) -> float:
    """The log odds of a probability, bounded, so that 0 and 1 have some."""
    return math.log((probability + _LEAST_ODDS) / (1 - probability + _LEAST_ODDS))


def _sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Weights of a logistic model over standardised features, and the limits of its answers.

    ``link`` and ``link_out_of_scope`` are the least probabilities of a link where both sentences
    are in scope, and where one is not.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    link: float
    link_out_of_scope: float
    alone: AloneModel

    def probability(self, features: Sequence[float]) -> float:
        """How probably a pair with these features is linked."""
        return _sigmoid(self.intercept + sum(self.contributions(features)))

    def contributions(self, features: Sequence[float]) -> list[float]:
        """What each feature adds to the score."""
        return [
            weight * (value - mean) / scale
            for weight, value, mean, scale in zip(
                self.weights, features, self.means, self.scales, strict=True
            )
        ]


@cache
def link_model() -> LinkModel:
    """The model that ships with the program."""
    data: dict[str, Any] = json.loads(_MODEL.read_text(encoding="utf-8"))
    by_name = data["features"]
    return LinkModel(
        means=tuple(by_name[name]["mean"] for name in FEATURES),
        scales=tuple(by_name[name]["scale"] for name in FEATURES),
        weights=tuple(by_name[name]["weight"] for name in FEATURES),
        intercept=data["intercept"],
        link=data["limits"]["link"],
        link_out_of_scope=data["limits"]["link_out_of_scope"],
        alone=AloneModel(**data["alone"]),
    )


class _Side:
    """The sentences of one plan, prepared for comparison."""

    def __init__(self, sentences: Sequence[PlanSentence]) -> None:
        self.sentences = sentences
        self.statements = [one.statement for one in sentences]
        self.keys = [normalize(one.text) for one in self.statements]
        self.grams = [grams_of(key) for key in self.keys]
        self.names = [names(one.text) for one in self.statements]
        self.actions = [general_actions(one.text) for one in self.statements]
        self.name_counts = Counter(name for found in self.names for name in found)
        starts = [one.start for one in self.statements]
        first, last = min(starts, default=0), max(starts, default=0)
        self.places = [(start - first) / max(1, last - first) for start in starts]
        self.headings = [normalize(one.section) for one in self.statements]
        self._clauses: dict[int, list[tuple[frozenset[str], float]]] = {}

    def clauses(self, index: int, weights: dict[str, float]) -> list[tuple[frozenset[str], float]]:
        """The grams of each clause, with the sum of their weights."""
        if index not in self._clauses:
            found = []
            for clause in _clause_pattern().split(self.statements[index].text):
                key = normalize(clause)
                if len(key) >= GRAM_LENGTH:
                    grams = frozenset(grams_of(key))
                    found.append((grams, sum(weights.get(gram, 0.0) for gram in grams)))
            self._clauses[index] = found
        return self._clauses[index]


def propose_links(
    before: Sequence[PlanSentence], after: Sequence[PlanSentence]
) -> list[tuple[int, int, tuple[float, ...]]]:
    """Pairs of sentences that may be one promise, with their features; one is in scope at least.

    A sentence that stands in both plans word for word is no candidate for another one.
    """
    same = _equal_pairs(before, after)
    left = sorted(set(range(len(before))) - {i for i, _ in same})
    right = sorted(set(range(len(after))) - {j for _, j in same})
    found = _propose([before[i] for i in left], [after[j] for j in right])
    return [(left[i], right[j], features) for i, j, features in found]


def _equal_pairs(
    before: Sequence[PlanSentence], after: Sequence[PlanSentence]
) -> list[tuple[int, int]]:
    """Sentences with the same words, each used once, those nearest to each other in order."""
    waiting: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for j in reversed(range(len(after))):
        one = after[j].statement
        waiting[normalize(one.text), one.region].append(j)
    pairs = []
    for i, sentence in enumerate(before):
        one = sentence.statement
        rest = waiting.get((normalize(one.text), one.region))
        if rest:
            pairs.append((i, rest.pop()))
    return pairs


def _propose(
    before: Sequence[PlanSentence], after: Sequence[PlanSentence]
) -> list[tuple[int, int, tuple[float, ...]]]:
    old, new = _Side(before), _Side(after)
    weights = gram_weights([*old.grams, *new.grams])
    rows = _cosines(old, new, weights)
    columns: list[dict[int, float]] = [{} for _ in after]
    for i, row in enumerate(rows):
        for j, cosine in row.items():
            columns[j][i] = cosine
    best_of_rows = [_best(row) for row in rows]
    best_of_columns = [_best(column) for column in columns]
    proposed = {
        (i, j) for i, best in enumerate(best_of_rows) if before[i].in_scope for j in best
    } | {(i, j) for j, best in enumerate(best_of_columns) if after[j].in_scope for i in best}
    found = []
    for i, j in sorted(proposed):
        cosine = rows[i][j]
        best_row, best_column = best_of_rows[i], best_of_columns[j]
        ranks = best_row.get(j, _MAX_CANDIDATES), best_column.get(i, _MAX_CANDIDATES)
        # The same in both directions: a link found forwards is found backwards.
        shares = (
            cosine / rows[i][next(iter(best_row))],
            cosine / columns[j][next(iter(best_column))],
        )
        ranking = (
            *sorted(shares),
            *sorted(1 / (1 + rank) for rank in ranks),
            float(ranks == (0, 0)),
        )
        found.append((i, j, _features((old, new), (i, j), cosine, ranking, weights)))
    return found


@dataclass(frozen=True, slots=True)
class YearLinks:
    """The links of two plans, and the most probable candidate of each sentence.

    ``alone_before`` and ``alone_after`` are the sentences that surely stand alone.
    """

    links: tuple[YearLink, ...]
    nearest_after: dict[int, YearLink]
    nearest_before: dict[int, YearLink]
    alone_before: frozenset[int]
    alone_after: frozenset[int]


def find_links(
    before: Sequence[PlanSentence], after: Sequence[PlanSentence], model: LinkModel
) -> YearLinks:
    """Which sentences of one plan say what became of which of the plan of the year before.

    A pair is linked if it is probable enough and the most probable one of either sentence. Pairs
    of different regions are never linked; an unknown region matches any.

    Returns:
        The links in the order of the texts; the same pairs in the other direction, when ``before``
        and ``after`` change places.
    """
    candidates = [
        YearLink(i, j, 1.0, ())
        for i, j in _equal_pairs(before, after)
        if before[i].in_scope or after[j].in_scope
    ]
    candidates += [
        YearLink(i, j, model.probability(features), features)
        for i, j, features in propose_links(before, after)
        if same_region(before[i].statement, after[j].statement)
    ]
    candidates.sort(key=lambda one: (one.before, one.after))
    nearest_after: dict[int, YearLink] = {}
    nearest_before: dict[int, YearLink] = {}
    for one in candidates:
        for nearest, index in ((nearest_after, one.before), (nearest_before, one.after)):
            if index not in nearest or one.probability > nearest[index].probability:
                nearest[index] = one
    links = tuple(
        one
        for one in candidates
        if one.probability >= _limit(before[one.before], after[one.after], model)
        and one.probability
        >= min(nearest_after[one.before].probability, nearest_before[one.after].probability)
    )
    best_of_before = best_candidates(
        (one.before, after[one.after].in_scope, one.probability) for one in candidates
    )
    best_of_after = best_candidates(
        (one.after, before[one.before].in_scope, one.probability) for one in candidates
    )
    return YearLinks(
        links,
        nearest_after,
        nearest_before,
        frozenset(
            i
            for i in range(len(before))
            if model.alone.is_sure(best_of_before.get(i, (0.0, 0.0)), later=False)
        ),
        frozenset(
            j
            for j in range(len(after))
            if model.alone.is_sure(best_of_after.get(j, (0.0, 0.0)), later=True)
        ),
    )


def best_candidates(
    candidates: Iterable[tuple[int, bool, float]],
) -> dict[int, tuple[float, float]]:
    """The highest probability in scope and out of scope for each sentence.

    Args:
        candidates: sentence, whether the candidate is in scope, its probability.
    """
    best: dict[int, tuple[float, float]] = {}
    for index, in_scope, probability in candidates:
        known, other = best.get(index, (0.0, 0.0))
        if in_scope:
            best[index] = (max(known, probability), other)
        else:
            best[index] = (known, max(other, probability))
    return best


def _limit(before: PlanSentence, after: PlanSentence, model: LinkModel) -> float:
    return model.link if before.in_scope and after.in_scope else model.link_out_of_scope


def _features(
    sides: tuple[_Side, _Side],
    pair: tuple[int, int],
    cosine: float,
    ranking: tuple[float, ...],
    weights: dict[str, float],
) -> tuple[float, ...]:
    (old, new), (i, j) = sides, pair
    first, second, information = _best_clauses(old.clauses(i, weights), new.clauses(j, weights))
    shared_names = old.names[i] & new.names[j]
    rare = any(
        old.name_counts[name] <= _MAX_RARE and new.name_counts[name] <= _MAX_RARE
        for name in shared_names
    )
    one, other = old.statements[i], new.statements[j]
    in_scope = old.sentences[i].in_scope and new.sentences[j].in_scope
    themes = set(one.themes), set(other.themes)
    shorter, longer = sorted((len(old.keys[i]), len(new.keys[j])))
    return (
        cosine,
        math.log(cosine + 0.02),
        *ranking,
        first,
        min(information, 60.0) / 30,
        second,
        _long_grams(old.keys[i], new.keys[j], weights),
        float(rare),
        float(bool(shared_names)),
        float(in_scope and bool(old.actions[i] & new.actions[j])),
        metric_likeness(one.targets, other.targets),
        len(themes[0] & themes[1]) / max(1, len(themes[0] | themes[1])),
        float(in_scope),
        abs(old.places[i] - new.places[j]),
        ratio(old.headings[i], new.headings[j]),
        ratio(old.keys[i], new.keys[j]),
        partial_ratio(old.keys[i], new.keys[j]),
        math.log(shorter + 1),
        math.log(longer + 1),
    )


def _best_clauses(
    old: Sequence[tuple[frozenset[str], float]], new: Sequence[tuple[frozenset[str], float]]
) -> tuple[float, float, float]:
    """Likeness of the best and the second pair of clauses, and the most information shared."""
    information = 0.0
    rows = [0.0] * len(old)
    columns = [0.0] * len(new)
    for i, (grams, size) in enumerate(old):
        for j, (others, other_size) in enumerate(new):
            common = len(grams & others)
            if not common:
                continue
            # What a gram is worth on average, in either clause.
            shared = common * (size / len(grams) + other_size / len(others)) / 2
            information = max(information, shared)
            likeness = shared / math.sqrt(size * other_size)
            score = likeness * min(1.0, shared / _CLAUSE_INFORMATION)
            rows[i] = max(rows[i], score)
            columns[j] = max(columns[j], score)
    return (
        max(rows, default=0.0),
        min(_second(rows), _second(columns)),
        information,
    )


def _second(values: Sequence[float]) -> float:
    return sorted(values)[-2] if len(values) > 1 else 0.0


def _long_grams(old: str, new: str, weights: dict[str, float]) -> float:
    """How much of the text of four characters and more two sentences share, as a logarithm."""
    length = 4
    first = {old[k : k + length] for k in range(len(old) - length + 1)}
    second = {new[k : k + length] for k in range(len(new) - length + 1)}
    return math.log1p(
        sum(weights.get(gram[:2], 0.0) + weights.get(gram[2:], 0.0) for gram in first & second)
    )


def _cosines(old: _Side, new: _Side, weights: dict[str, float]) -> list[dict[int, float]]:
    """For each earlier sentence the cosines of the later ones that share text with it."""
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for j, sentence in enumerate(new.grams):
        for gram, weight in gram_vector(sentence, weights).items():
            postings[gram].append((j, weight))
    most = max(1, _MAX_POSTINGS // max(1, len(old.sentences), len(new.sentences)))
    found: list[dict[int, float]] = []
    for sentence in old.grams:
        shared: defaultdict[int, float] = defaultdict(float)
        for gram, weight in gram_vector(sentence, weights).items():
            holders = postings.get(gram, ())
            if len(holders) <= most:
                for j, other in holders:
                    shared[j] += weight * other
        found.append({j: min(one, 1.0) for j, one in shared.items() if one >= _MIN_COSINE})
    return found


def _best(row: dict[int, float]) -> dict[int, int]:
    """The indices with the highest values, best first, with their rank from 0."""
    best = heapq.nlargest(_MAX_CANDIDATES, row.items(), key=lambda one: (one[1], -one[0]))
    return {index: rank for rank, (index, _) in enumerate(best)}

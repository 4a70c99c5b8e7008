"""Alignment of an edited text: which sentence of the new text is which one of the old text.

The plans of two years are linked in year_links.py.

Identical sentences are paired first. Every other pair gets a score: how much rare text the two
share (a name that occurs once in both reports weighs more than 推进 in every sentence), how
similar the wording is, whether they measure the same thing. The best pairs are taken first, each
sentence once. An optimal assignment (the Hungarian algorithm) gave the same pairs on every text
measured.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.comparison.cues import names, names_of_matters, with_one_word_a_matter
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import (
    gram_vector,
    gram_weights,
    grams_of,
    ratio,
    reordered_ratio,
    same_region,
)
from monitor.comparison.stages import stages
from monitor.comparison.targets import shared_metric
from monitor.comparison.thresholds import (
    MAX_CANDIDATE_PAIRS,
    METRIC_BONUS,
    NAME_BONUS,
    NEARLY_IDENTICAL,
    OTHER_MATTER_PENALTY,
    Thresholds,
)
from monitor.model.statements import Statement

# Far below any meaningful difference of scores, even for texts of 400 sentences.
_ORDER_PENALTY = 1e-9
# Similarity of wording from which the clauses of two sentences are compared in any order.
_MAY_BE_REORDERED = 0.3
# Beside a pair in the same words, one that only names the same matter is another promise.
_OTHER_WORD_PENALTY = 0.1
# A name in more sentences than this does not identify one of them.
_MAX_RARE = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions in the two sequences, and the similarity of the wording, 0 to 1."""

    before: int
    after: int
    similarity: float


def assign(scores: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Pair each left with at most one right index, best score first.

    Of equal scores the pair nearer in the order of the texts is taken.

    Args:
        scores: positive scores by (left, right); a missing pair is not allowed.
    """
    lefts: set[int] = set()
    rights: set[int] = set()
    chosen: list[tuple[int, int]] = []
    for left, right in sorted(
        scores, key=lambda pair: (-scores[pair], abs(pair[0] - pair[1]), pair[0] + pair[1])
    ):
        if left not in lefts and right not in rights:
            lefts.add(left)
            rights.add(right)
            chosen.append((left, right))
    return sorted(chosen)


def align(
    before: Sequence[Statement], after: Sequence[Statement], thresholds: Thresholds
) -> list[Pair]:
    """One-to-one pairs of sentences that are one commitment, in the order of ``before``."""
    old_keys = [normalize(item.text) for item in before]
    new_keys = [normalize(item.text) for item in after]
    pairs = _exact(before, after, old_keys, new_keys)
    # An edit that writes 语料库 for 数据集 goes on with the same promise.
    old_words = [with_one_word_a_matter(key) for key in old_keys]
    new_words = [with_one_word_a_matter(key) for key in new_keys]
    left = sorted(set(range(len(before))) - {pair.before for pair in pairs})
    right = sorted(set(range(len(after))) - {pair.after for pair in pairs})
    scores = _scores(
        [(i, before[i], old_words[i]) for i in left],
        [(j, after[j], new_words[j]) for j in right],
        gram_weights([grams_of(key) for key in (*old_words, *new_words)]),
        _rare_names(before, after),
    )
    for i, j in _only_of_theme(before, after):
        if (i, j) in scores:
            scores[i, j] = min(scores[i, j] + thresholds.theme, 1.0)
    # Of equal scores those in the same words, then those nearest in the order of the texts, in
    # either direction.
    kept = {
        (i, j): score
        - _ORDER_PENALTY * (i - j) ** 2
        - _OTHER_WORD_PENALTY
        * max(0.0, ratio(old_words[i], new_words[j]) - ratio(old_keys[i], new_keys[j]))
        for (i, j), score in scores.items()
        if score >= thresholds.pair
    }
    pairs.extend(Pair(i, j, ratio(old_keys[i], new_keys[j])) for i, j in assign(kept))
    return sorted(pairs, key=lambda pair: (pair.before, pair.after))


def _exact(
    before: Sequence[Statement],
    after: Sequence[Statement],
    old_keys: Sequence[str],
    new_keys: Sequence[str],
) -> list[Pair]:
    waiting: dict[str, list[int]] = defaultdict(list)
    for j in reversed(range(len(after))):
        waiting[new_keys[j]].append(j)
    pairs = []
    for i, key in enumerate(old_keys):
        rest = waiting.get(key, [])
        for position in reversed(range(len(rest))):
            if same_region(before[i], after[rest[position]]):
                pairs.append(Pair(i, rest.pop(position), 1.0))
                break
    return pairs


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with what its pairs are scored by."""

    item: Statement
    key: str
    names: frozenset[str]
    things: frozenset[str]
    matters: frozenset[str]


def _prepare(item: Statement, key: str, rare: frozenset[str]) -> _Sentence:
    return _Sentence(
        item,
        key,
        names(item.text) & rare,
        frozenset(stages(item.text)),
        frozenset(names_of_matters(key)),
    )


def _scores(
    left: Sequence[tuple[int, Statement, str]],
    right: Sequence[tuple[int, Statement, str]],
    weights: dict[str, float],
    rare: frozenset[str],
) -> dict[tuple[int, int], float]:
    """Scores of the pairs that share text, by position."""
    vectors = {j: gram_vector(grams_of(key), weights) for j, _, key in right}
    news = {j: _prepare(item, key, rare) for j, item, key in right}
    postings: dict[str, list[int]] = defaultdict(list)
    for j, vector in vectors.items():
        for gram in vector:
            postings[gram].append(j)
    # In very long texts a gram of every other sentence proposes no pair, so that the work grows
    # with the length and not with its square.
    most = max(1, MAX_CANDIDATE_PAIRS // max(1, len(left)))
    scores: dict[tuple[int, int], float] = {}
    for i, item, key in left:
        shared: dict[int, float] = defaultdict(float)
        for gram, weight in gram_vector(grams_of(key), weights).items():
            holders = postings.get(gram, ())
            if len(holders) <= most:
                for j in holders:
                    shared[j] += weight * vectors[j][gram]
        old = _prepare(item, key, rare)
        for j, cosine in shared.items():
            if same_region(item, news[j].item):
                scores[i, j] = _score(old, news[j], cosine)
    return scores


def _score(old: _Sentence, new: _Sentence, cosine: float) -> float:
    wording = ratio(old.key, new.key)
    if _MAY_BE_REORDERED <= wording < NEARLY_IDENTICAL:
        wording = max(wording, reordered_ratio(old.item.text, new.item.text))
    score = (cosine + wording) / 2
    if old.matters and new.matters and old.matters.isdisjoint(new.matters):
        # 规模 of 机器人产业 and of 大模型产业 are two.
        score -= OTHER_MATTER_PENALTY
    elif shared_metric(old.item.targets, new.item.targets):
        score += METRIC_BONUS
    if old.names & new.names or old.things & new.things:
        score += NAME_BONUS
    return min(score, 1.0)


def _rare_names(before: Sequence[Statement], after: Sequence[Statement]) -> frozenset[str]:
    """Names that few sentences contain, on both sides."""
    old = Counter(name for item in before for name in names(item.text))
    new = Counter(name for item in after for name in names(item.text))
    return frozenset(name for name in old if old[name] <= _MAX_RARE and 0 < new[name] <= _MAX_RARE)


def _only_of_theme(before: Sequence[Statement], after: Sequence[Statement]) -> set[tuple[int, int]]:
    """Pairs of the only sentences of a theme: the one on 算力 then, and the one now."""
    found = set()
    for theme in {theme for item in before for theme in item.themes}:
        old = [i for i, item in enumerate(before) if theme in item.themes]
        new = [j for j, item in enumerate(after) if theme in item.themes]
        if len(old) == len(new) == 1:
            found.add((old[0], new[0]))
    return found

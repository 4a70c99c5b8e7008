"""Which sentence of now is which sentence of then: by names, by metric, then by wording.

Exactly the same sentences are paired first. For the rest every pair gets a score: how much rare
text the two share (a name that occurs once in both reports weighs more than 推进 in every
sentence), how alike the wording is, whether they measure the same thing. The best overall
one-to-one assignment wins, not the best pair first.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from monitor.comparison.cues import names
from monitor.comparison.normalize import normalise
from monitor.comparison.targets import shared_metric
from monitor.comparison.thresholds import (
    LARGEST_GROUP,
    METRIC_BONUS,
    NAME_BONUS,
    PROPOSALS,
    Thresholds,
)
from monitor.model.statements import Statement

Edge = tuple[int, int]


def assign(scores: Mapping[Edge, float]) -> list[Edge]:
    """Edges of the assignment with the largest sum of scores; each side's nodes used once.

    Of two pairs that score the same the one nearer in the order of the texts is taken, in groups
    too large to be solved exactly.

    Args:
        scores: positive scores by (left, right); a missing edge is not allowed.
    """
    chosen: list[Edge] = []
    for group in _groups(scores):
        chosen.extend(_solve(group))
    return sorted(chosen)


def _best_first(group: Mapping[Edge, float]) -> list[Edge]:
    lefts: set[int] = set()
    rights: set[int] = set()
    chosen = []
    for left, right in sorted(
        group, key=lambda edge: (-group[edge], abs(edge[0] - edge[1]), edge[0] + edge[1])
    ):
        if left not in lefts and right not in rights:
            lefts.add(left)
            rights.add(right)
            chosen.append((left, right))
    return chosen


def _groups(scores: Mapping[Edge, float]) -> list[dict[Edge, float]]:
    """The connected parts of the table."""
    by_node: dict[tuple[bool, int], list[Edge]] = defaultdict(list)
    for edge in sorted(scores):
        by_node[False, edge[0]].append(edge)
        by_node[True, edge[1]].append(edge)
    seen: set[tuple[bool, int]] = set()
    groups = []
    for start in by_node:
        if start in seen:
            continue
        seen.add(start)
        stack, group = [start], {}
        while stack:
            for edge in by_node[stack.pop()]:
                group[edge] = scores[edge]
                for node in ((False, edge[0]), (True, edge[1])):
                    if node not in seen:
                        seen.add(node)
                        stack.append(node)
        groups.append(group)
    return groups


def _solve(group: Mapping[Edge, float]) -> list[Edge]:
    lefts = sorted({left for left, _ in group})
    rights = sorted({right for _, right in group})
    if len(group) == 1:
        return list(group)
    if min(len(lefts), len(rights)) > LARGEST_GROUP:
        return _best_first(group)
    if len(lefts) > len(rights):
        flipped = _solve({(right, left): score for (left, right), score in group.items()})
        return [(left, right) for right, left in flipped]
    costs = [[-group.get((left, right), 0.0) for right in rights] for left in lefts]
    return [
        (lefts[row], rights[column])
        for row, column in _hungarian(costs)
        if (lefts[row], rights[column]) in group
    ]


def _hungarian(costs: list[list[float]]) -> list[Edge]:
    """Rows ≤ columns; index 0 of the working arrays is the algorithm's own."""
    rows, columns = len(costs), len(costs[0])
    row_potential = [0.0] * (rows + 1)
    column_potential = [0.0] * (columns + 1)
    row_of = [0] * (columns + 1)
    way = [0] * (columns + 1)
    for row in range(1, rows + 1):
        row_of[0] = row
        column = 0
        least = [float("inf")] * (columns + 1)
        used = [False] * (columns + 1)
        while row_of[column]:
            used[column] = True
            here, step, following = row_of[column], float("inf"), 0
            for j in range(1, columns + 1):
                if used[j]:
                    continue
                reduced = costs[here - 1][j - 1] - row_potential[here] - column_potential[j]
                if reduced < least[j]:
                    least[j], way[j] = reduced, column
                if least[j] < step:
                    step, following = least[j], j
            for j in range(columns + 1):
                if used[j]:
                    row_potential[row_of[j]] += step
                    column_potential[j] -= step
                else:
                    least[j] -= step
            column = following
        while column:
            row_of[column] = row_of[way[column]]
            column = way[column]
    return [(row_of[j] - 1, j - 1) for j in range(1, columns + 1) if row_of[j]]


_GRAM = 2
# Far below any difference between scores that means something, for texts of 400 sentences too.
_NEARNESS = 1e-9
# A name that many sentences hold says little of which one it is.
_RARE = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions in the two sequences, and how alike the wording is (0 to 1)."""

    before: int
    after: int
    similarity: float


def similarity(first: str, second: str) -> float:
    """How alike two sentences are, cosmetics aside, from 0 to 1."""
    return fuzz.ratio(normalise(first), normalise(second)) / 100


def align(
    before: Sequence[Statement], after: Sequence[Statement], thresholds: Thresholds
) -> list[Pair]:
    """One-to-one pairs of sentences that are one commitment, in the order of ``before``."""
    old_keys = [normalise(item.text) for item in before]
    new_keys = [normalise(item.text) for item in after]
    pairs = _exact(before, after, old_keys, new_keys)
    left = sorted(set(range(len(before))) - {pair.before for pair in pairs})
    right = sorted(set(range(len(after))) - {pair.after for pair in pairs})
    scores = _scores(
        [(i, before[i], old_keys[i]) for i in left],
        [(j, after[j], new_keys[j]) for j in right],
        _weights([*old_keys, *new_keys]),
        _rare_names(before, after),
    )
    for i, j in _only_of_their_theme(before, after):
        if (i, j) in scores:
            scores[i, j] = min(scores[i, j] + thresholds.theme, 1.0)
    # Of equals those nearest in the order of the texts, whichever of them is the older.
    kept = {
        (i, j): score - _NEARNESS * (i - j) ** 2
        for (i, j), score in scores.items()
        if score >= thresholds.pair
    }
    pairs.extend(Pair(i, j, fuzz.ratio(old_keys[i], new_keys[j]) / 100) for i, j in assign(kept))
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
            if _same_place(before[i], after[rest[position]]):
                pairs.append(Pair(i, rest.pop(position), 1.0))
                break
    return pairs


def _scores(
    left: Sequence[tuple[int, Statement, str]],
    right: Sequence[tuple[int, Statement, str]],
    weights: dict[str, float],
    rare: frozenset[str],
) -> dict[tuple[int, int], float]:
    """Scores of the pairs that share telling text, by position."""
    vectors = {j: _vector(key, weights) for j, _, key in right}
    news = {j: (item, key, names(item.text) & rare) for j, item, key in right}
    postings: dict[str, list[int]] = defaultdict(list)
    for j, vector in vectors.items():
        for gram in vector:
            postings[gram].append(j)
    # In very long texts a piece that stands in every other sentence proposes no pair, so that
    # the work grows with the length and not with its square.
    most = max(1, PROPOSALS // max(1, len(left)))
    scores: dict[tuple[int, int], float] = {}
    for i, old, old_key in left:
        shared: dict[int, float] = defaultdict(float)
        for gram, weight in _vector(old_key, weights).items():
            holders = postings.get(gram, ())
            if len(holders) <= most:
                for j in holders:
                    shared[j] += weight * vectors[j][gram]
        old_names = names(old.text) & rare
        for j, cosine in shared.items():
            new, new_key, new_names = news[j]
            if not _same_place(old, new):
                continue
            score = (cosine + fuzz.ratio(old_key, new_key) / 100) / 2
            if shared_metric(old.targets, new.targets):
                score += METRIC_BONUS
            if old_names & new_names:
                score += NAME_BONUS
            scores[i, j] = min(score, 1.0)
    return scores


def _rare_names(before: Sequence[Statement], after: Sequence[Statement]) -> frozenset[str]:
    """Names that few sentences hold, on both sides."""
    old = Counter(name for item in before for name in names(item.text))
    new = Counter(name for item in after for name in names(item.text))
    return frozenset(name for name in old if old[name] <= _RARE and 0 < new[name] <= _RARE)


def _only_of_their_theme(
    before: Sequence[Statement], after: Sequence[Statement]
) -> set[tuple[int, int]]:
    """Pairs that alone speak of a theme: the one sentence on 算力 then, and the one now."""
    found = set()
    for theme in {theme for item in before for theme in item.themes}:
        old = [i for i, item in enumerate(before) if theme in item.themes]
        new = [j for j, item in enumerate(after) if theme in item.themes]
        if len(old) == len(new) == 1:
            found.add((old[0], new[0]))
    return found


def _same_place(old: Statement, new: Statement) -> bool:
    """One region; where nobody could tell it, any."""
    return old.region == new.region or old.region is None or new.region is None


def _grams(key: str) -> Counter[str]:
    return Counter(key[i : i + _GRAM] for i in range(max(1, len(key) - _GRAM + 1)))


def _weights(keys: Sequence[str]) -> dict[str, float]:
    """Inverse document frequency, the field's usual measure of how telling a piece of text is."""
    holders = Counter(gram for key in keys for gram in set(_grams(key)))
    return {gram: math.log((1 + len(keys)) / (1 + n)) + 1 for gram, n in holders.items()}


def _vector(key: str, weights: dict[str, float]) -> dict[str, float]:
    raw = {gram: n * weights[gram] for gram, n in _grams(key).items()}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {gram: value / length for gram, value in raw.items()}

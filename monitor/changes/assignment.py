"""The best one-to-one assignment over a sparse table of scores.

The scores of two reports fall apart into many small groups of sentences that could be each
other; each group is solved exactly by the Hungarian algorithm (Kuhn 1955, in the O(n³) form with
potentials). A hostile page may hold thousands of sentences that could all be each other: groups of
more than ``LARGEST_GROUP`` take the best pair first, which is never worse than half the best sum.
``scipy.optimize.linear_sum_assignment`` does the same for 60 MB of wheels and a third of this
program's memory; the groups here have a handful of members.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from monitor.changes.thresholds import LARGEST_GROUP

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

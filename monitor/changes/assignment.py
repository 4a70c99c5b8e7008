"""The best one-to-one assignment over a sparse table of scores.

The scores of two reports fall apart into many small groups of sentences that could be each
other; each group is solved exactly by the Hungarian algorithm (Kuhn 1955, in the O(n³) form with
potentials). ``scipy.optimize.linear_sum_assignment`` does the same for 60 MB of wheels and a third
of this program's memory; the groups here have a handful of members.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

Edge = tuple[int, int]


def assign(scores: Mapping[Edge, float]) -> list[Edge]:
    """Edges of the assignment with the largest sum of scores; each side's nodes used once.

    Args:
        scores: positive scores by (left, right); a missing edge is not allowed.
    """
    chosen: list[Edge] = []
    for group in _groups(scores):
        chosen.extend(_solve(group))
    return sorted(chosen)


def _groups(scores: Mapping[Edge, float]) -> list[dict[Edge, float]]:
    """The connected parts of the table."""
    by_left: dict[int, list[Edge]] = defaultdict(list)
    by_right: dict[int, list[Edge]] = defaultdict(list)
    for edge in sorted(scores):
        by_left[edge[0]].append(edge)
        by_right[edge[1]].append(edge)
    seen: set[Edge] = set()
    groups = []
    for start in sorted(scores):
        if start in seen:
            continue
        seen.add(start)
        stack, group = [start], {}
        while stack:
            edge = stack.pop()
            group[edge] = scores[edge]
            for other in (*by_left[edge[0]], *by_right[edge[1]]):
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        groups.append(group)
    return groups


def _solve(group: Mapping[Edge, float]) -> list[Edge]:
    lefts = sorted({left for left, _ in group})
    rights = sorted({right for _, right in group})
    if len(group) == 1:
        return list(group)
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

"""The reading order of a page of a PDF, from where its pieces of text stand.

A PDF keeps its text in the order in which it was drawn: headings may come last, and the lines of
two columns may alternate.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

_MIN_COLUMN_ROWS = 3
_MIN_GAP = 6.0
_MAX_CROSSING = 0.1
_MIDDLE = (0.3, 0.7)
_UPWARD = 0.05


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text on one line and its box; ``top`` grows upwards, as in a PDF."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def ordered_lines(pieces: Sequence[Piece]) -> list[str] | None:
    """The lines in reading order; None where the order they were drawn in is right.

    Args:
        pieces: of one page, in the order they were drawn.
    """
    shown = [piece for piece in pieces if piece.text.strip()]
    if len(shown) < 2:
        return None
    gap = _column_gap(shown)
    if gap is not None:
        return _columns(shown, gap)
    rows = _rows(shown)
    upward = sum(after.bottom > before.top for before, after in itertools.pairwise(shown))
    if not upward or upward < _UPWARD * len(shown):
        return None
    return [_joined(row) for row in rows]


def _column_gap(pieces: Sequence[Piece]) -> float | None:
    """Where the gutter between two columns is, or None for a page of one column."""
    left = min(piece.left for piece in pieces)
    right = max(piece.right for piece in pieces)
    low, high = (left + share * (right - left) for share in _MIDDLE)
    best: tuple[float, float] | None = None
    for start in sorted({piece.right for piece in pieces if low <= piece.right <= high}):
        after = [piece.left for piece in pieces if piece.left > start]
        width = min(after, default=start) - start
        if width >= _MIN_GAP and _splits(pieces, start + width / 2):
            best = max(best or (0.0, 0.0), (width, start + width / 2))
    return None if best is None else best[1]


def _splits(pieces: Sequence[Piece], gap: float) -> bool:
    crossing = [piece for piece in pieces if piece.left < gap < piece.right]
    before = [piece for piece in pieces if piece.right <= gap]
    after = [piece for piece in pieces if piece.left >= gap]
    rows = [len(_rows(side)) for side in (before, after)]
    if min(rows) < _MIN_COLUMN_ROWS or len(crossing) > _MAX_CROSSING * len(pieces) + 2:
        return False
    # The cells of a table stand beside each other too; a column has long lines.
    return all(sum(len(p.text) for p in side) / len(side) >= 8 for side in (before, after))


def _columns(pieces: Sequence[Piece], gap: float) -> list[str]:
    """What crosses the gutter (titles) splits the columns; left comes before right."""
    lines: list[str] = []
    sides: tuple[list[Piece], list[Piece]] = ([], [])

    def flush() -> None:
        for side in sides:
            lines.extend(_joined(row) for row in _rows(side))
            side.clear()

    for row in _rows(pieces):
        if any(piece.left < gap < piece.right for piece in row):
            flush()
            lines.append(_joined(row))
            continue
        for piece in row:
            sides[piece.left >= gap].append(piece)
    flush()
    return lines


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces by line, from the top of the page; each line from the left."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda one: -(one.top + one.bottom)):
        middle = (piece.top + piece.bottom) / 2
        if rows and rows[-1][0].bottom <= middle <= rows[-1][0].top:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _joined(row: Sequence[Piece]) -> str:
    text = row[0].text.strip("\r\n")
    for before, after in itertools.pairwise(row):
        height = max(1.0, after.top - after.bottom)
        gap = " " if after.left - before.right > height else ""
        text += gap + after.text.strip("\r\n")
    return text

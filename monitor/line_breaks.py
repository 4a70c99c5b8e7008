"""Where a line of a terminal may break: never inside a number, a word or a wide character. Pure.

Chinese has no spaces: a line may end after any character, but a closing sign (，。）) does not
begin a line, and an opening one (（《) does not end it. Widths are in cells: a Chinese character
takes two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from rich.cells import cell_len

_CLOSING = "，。；：！？、）》”’」』】〉〕％℃…,.;:!?)%"
_OPENING = "（《“‘「『【〈〔("


@cache
def _unit_pattern() -> re.Pattern[str]:
    # What stays together: a number with its sign, scale and unit (2,000亿元, 190 Eflops, +30%),
    # a day with its time, a Latin word or an address, any other character alone; with the opening
    # signs before it and the closing ones after it.
    number = r"[+\-≥≤≈~约]*\d[\d,.:/%+\-]*[十百千万亿]{0,3}"
    unit = r"(?:[!-'*+\-/-9<-~°²³]+|[元个家张座项条件人台套辆户所年月日天]|公里|平方米|千瓦时?)?"
    apart = r"(?: (?:[A-Za-z%][A-Za-z%/]{0,7}|[一-鿿]{1,3})(?=[\s;；,，。）)]|$))?"
    latin = r"[!-'*-~\u00a1-\u02af]+"
    other = r"[^\s]"
    return re.compile(
        rf"\n|[^\S\n]+|[{re.escape(_OPENING)}]*(?:{number}{unit}{apart}|{latin}|{other})"
        rf"[{re.escape(_CLOSING)}]*"
    )


def unbreakable(text: str) -> Iterator[str]:
    """The pieces of a text that are not broken, with the white space between them."""
    return iter(_unit_pattern().findall(text))


def break_points(text: str, width: int) -> list[int]:
    """Offsets at which to begin a new line, so that each fits into a width.

    A space or a line feed before an offset ends its line; who prints takes it away. A piece that is
    wider than a line, such as an address, is broken, if it can be after one of its signs.

    Args:
        text: may contain line feeds, which break too.
        width: in cells, at least 2.
    """
    points: list[int] = []
    start, used = 0, 0
    for piece in unbreakable(text):
        end, size = start + len(piece), cell_len(piece)
        if piece == "\n":
            points.append(end)
            used = 0
        elif piece.isspace():
            used += size  # beyond the end of a line it is not seen
        elif used + size <= width:
            used += size
        else:
            if used:
                points.append(start)
            *full, rest = _parts(piece, width)
            at = start
            for part in full:
                at += len(part)
                points.append(at)
            used = cell_len(rest)
        start = end
    return points


def broken_lines(text: str, width: int) -> list[str]:
    """The lines of a text in a width, without the space at which they were broken."""
    points = [0, *break_points(text, width), len(text)]
    return [text[a:b].rstrip() for a, b in pairwise(points)]


def widest_piece(text: str) -> int:
    """The width below which a number or a word of a text would be broken."""
    return max((cell_len(piece) for piece in unbreakable(text) if not piece.isspace()), default=0)


def _parts(piece: str, width: int) -> list[str]:
    """A piece in parts that fit; broken after a sign in the last half of a line where there is."""
    parts = []
    while cell_len(piece) > width:
        end, used = 0, 0
        for character in piece:
            used += cell_len(character)
            if used > width:
                break
            end += 1
        end = max(end, 1)
        at = max(piece.rfind(sign, 0, end) for sign in "/?&=-_，；、")
        end = at + 1 if at + 1 > end // 2 else end
        parts.append(piece[:end])
        piece = piece[end:]
    return [*parts, piece]

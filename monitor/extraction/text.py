"""Text normalisation for analysis, with a map of offsets back to the original text.

All later steps read ``CleanText.text``: full-width digits and letters are half-width, half-width
punctuation is full-width, straight quotes are paired, white space inside words is removed, lines
that a column broke are joined. ``CleanText.original`` maps an offset back, so that a statement
shown to the user is always a slice of the original text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from monitor.extraction.zh_simplify import simplification_table

_PARAGRAPH_ENDS = frozenset("。！？”")


@cache
def _space_pattern() -> re.Pattern[str]:
    return re.compile(r" +")


@cache
def _latin_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9]")


@cache
def _latin_follower_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9%“（]")


@cache
def _broken_number_pattern() -> re.Pattern[str]:
    # 达4 800P, 增长30. 1%: one number, broken by a column or a thousands separator; 2026 100家
    # is two.
    return re.compile(
        r"(?<![0-9.])(?<![0-9] )(?!(?:19|20)[0-9]{2} )[0-9]{1,4}(?:\.[0-9]?)?( )\.?[0-9]{1,4}"
        r"(?=[%A-Za-z\u4e00-\u9fff])"
    )


@cache
def _quote_or_newline_pattern() -> re.Pattern[str]:
    return re.compile(r'["\n]')


@dataclass(frozen=True, slots=True)
class CleanText:
    """Text for analysis; ``text[i]`` stands at ``original(i)`` of the text it was made from."""

    text: str
    _starts: tuple[int, ...]
    _shifts: tuple[int, ...]

    def original(self, index: int) -> int:
        """The offset in the original text of the character at ``index``."""
        at = bisect_right(self._starts, index) - 1
        return index + self._shifts[at]


@cache
def _character_table() -> dict[int, str]:
    """For ``str.translate``: wide forms, other spaces and dashes, traditional characters."""
    # Every space of Unicode, visible or not.
    spaces = (*b"\t\r\x0b\x0c", 0x85, 0xA0, 0xAD, 0x1680, 0x180E, *range(0x2000, 0x200E))
    spaces = (*spaces, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)
    table = dict.fromkeys(spaces, " ") | {0x2028: "\n", 0x2029: "\n"}
    table |= {code: chr(code - 0xFEE0) for code in range(ord("！"), ord("～") + 1)}
    # These stay wide: sentence boundaries, headings and quotes are recognised by them.
    wide_forms = "，；：！？（）"
    table |= {ord(half): wide for half, wide in zip(",;:!?()", wide_forms, strict=True)}
    table |= {ord(wide): wide for wide in wide_forms}
    table |= {ord("「"): "“", ord("」"): "”", ord("『"): "‘", ord("』"): "’", ord("＂"): '"'}
    table |= {ord("–"): "-", ord("‐"): "-", ord("－"): "-", ord("―"): "—"}
    return simplification_table() | table


def normalize_characters(text: str) -> str:
    """Normalise width, script, spaces and quotes, one character for one: no offset moves."""
    text = text.translate(_character_table())
    if '"' not in text:
        return text
    opened = False

    def pair_quote(found: re.Match[str]) -> str:
        nonlocal opened
        if found[0] == "\n":
            # A quote may run over a broken line, but not over the end of a paragraph.
            if text[found.start() - 1 : found.start()] in _PARAGRAPH_ENDS:
                opened = False
            return "\n"
        opened = not opened
        return "“" if opened else "”"

    return _quote_or_newline_pattern().sub(pair_quote, text)


def remove_ranges(text: str, drop: list[tuple[int, int]]) -> CleanText:
    """Cut the ranges ``drop`` (sorted, disjoint) out of ``text``."""
    pieces: list[str] = []
    starts: list[int] = [0]
    shifts: list[int] = [0]
    at = length = 0
    for start, end in drop:
        if start > at:
            pieces.append(text[at:start])
            length += start - at
        at = end
        if starts[-1] == length:
            shifts[-1] = end - length
        else:
            starts.append(length)
            shifts.append(end - length)
    pieces.append(text[at:])
    return CleanText("".join(pieces), tuple(starts), tuple(shifts))


def stray_spaces(text: str) -> list[tuple[int, int]]:
    """The white space to remove: all of it, except between two Latin words or numbers."""
    broken = {found.start(1) for found in _broken_number_pattern().finditer(text)}
    return [
        found.span()
        for found in _space_pattern().finditer(text)
        if found.start() in broken
        or not (
            found.start()
            and _latin_pattern().match(text, found.start() - 1)
            and _latin_follower_pattern().match(text, found.end())
            and _latin_pattern().match(text, found.end())
        )
    ]

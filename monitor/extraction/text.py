"""The text as analysis wants it, with a way back to the text as it is.

Everything after this module reads ``Clean.text``: full-width digits and letters made plain,
half-width punctuation made Chinese, straight quotes opened and closed, white space inside words
taken out, lines that a column broke in two put together. ``Clean.original`` leads each offset
back, so that what is shown to the user is always a slice of the untouched text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from monitor.extraction.zh_simplify import simplified_of

_PLAIN = {ord("　"): " ", ord("\t"): " ", ord("\r"): " ", ord("\xa0"): " ", ord("\ufeff"): " "}
_PLAIN |= {ord("\u200b"): " ", ord("\x0b"): " ", ord("\x0c"): " ", ord("\x85"): " "}
# Every other space of Unicode, seen or not.
_PLAIN |= dict.fromkeys((*range(8192, 8203), 8239, 8287, 5760, 6158), " ")
_PLAIN |= dict.fromkeys((8204, 8205, 8288, 173), " ")
_PLAIN |= {ord("\u2028"): "\n", ord("\u2029"): "\n"}
_PLAIN |= {code: chr(code - 0xFEE0) for code in range(ord("！"), ord("～") + 1)}
# The wide forms that stay: sentences are cut at them, headings and quotes are known by them.
_PLAIN |= {ord(plain): wide for plain, wide in zip(",;:!?()", "，；：！？（）", strict=True)} | {
    ord(wide): wide for wide in "，；：！？（）"
}
_PLAIN |= {ord("「"): "“", ord("」"): "”", ord("『"): "‘", ord("』"): "’", ord("＂"): '"'}
_PLAIN |= {ord("–"): "-", ord("‐"): "-", ord("－"): "-", ord("―"): "—"}

_SPACE = re.compile(r" +")
_WORDY = re.compile(r"[A-Za-z0-9]")
_GLUE = re.compile(r"[A-Za-z0-9%“（]")
# 达4 800P, 增长30. 1%: one number that a column or a thousands' space broke; 2026 100家 is two.
_BROKEN_NUMBER = re.compile(
    r"(?<![0-9.])(?<![0-9] )(?!(?:19|20)[0-9]{2} )[0-9]{1,4}(?:\.[0-9]?)?( )\.?[0-9]{1,4}"
    r"(?=[%A-Za-z\u4e00-\u9fff])"
)
_PARAGRAPH_ENDS = frozenset("。！？”")
_STRAIGHT = re.compile(r'["\n]')


@dataclass(frozen=True, slots=True)
class Clean:
    """Text for analysis. ``text[i]`` stands at ``original(i)`` of the text it was made from."""

    text: str
    _starts: tuple[int, ...]
    _shifts: tuple[int, ...]

    def original(self, index: int) -> int:
        """The offset in the untouched text of the character at ``index``."""
        at = bisect_right(self._starts, index) - 1
        return index + self._shifts[at]


@cache
def _table() -> dict[int, str]:
    return simplified_of() | _PLAIN


def plain(text: str) -> str:
    """One character for one: wide forms plain, script simplified, quotes in pairs."""
    text = text.translate(_table())
    if '"' not in text:
        return text
    opened = False

    def turn(found: re.Match[str]) -> str:
        nonlocal opened
        if found[0] == "\n":
            # A quote may run over a broken line, but not over the end of a paragraph.
            if text[found.start() - 1 : found.start()] in _PARAGRAPH_ENDS:
                opened = False
            return "\n"
        opened = not opened
        return "“" if opened else "”"

    return _STRAIGHT.sub(turn, text)


def clean(text: str, drop: list[tuple[int, int]]) -> Clean:
    """Take ``drop`` (sorted, disjoint ranges of ``text``) out of a text made plain."""
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
    return Clean("".join(pieces), tuple(starts), tuple(shifts))


def stray_spaces(text: str) -> list[tuple[int, int]]:
    """Where white space says nothing: all of it, except between two Latin words or numbers."""
    broken = {found.start(1) for found in _BROKEN_NUMBER.finditer(text)}
    return [
        found.span()
        for found in _SPACE.finditer(text)
        if found.start() in broken
        or not (
            found.start()
            and _WORDY.match(text, found.start() - 1)
            and _GLUE.match(text, found.end())
            and _WORDY.match(text, found.end())
        )
    ]

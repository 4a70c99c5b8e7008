"""Suggestions: the known word that a mistyped one was meant to be, or none. Pure.

A far-fetched suggestion is worse than none. A word is near if few letters differ for its length,
if it is a piece of the known one (``cena`` of ``cena-epaper``), or if a Chinese character was
written as another one of the same sound (贵洲).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

_BETWEEN = re.compile(r"[\s_\-./]+")
# What ends the names of many places and offices: the rest decides.
_ENDINGS = frozenset("省市区县州盟局部委")
_SHORTEST_PIECE = 3
# Nobody means a word by a longer text, and each comparison takes time by its length.
_LONGEST = 64
_SHORTEST_CHINESE_PIECE = 2
# GB 2312 has its common characters in the order of their sounds, about nine to a syllable.
_LAST_BY_SOUND = 0xD7
_SAME_SOUND = 10
_SOUND_COST = 0.5


def did_you_mean(word: str, known: Sequence[str]) -> str | None:
    """A hint with the known word that is nearest to ``word``, or None."""
    near = nearest(word, known)
    return None if near is None else f"did you mean {near}?"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was meant to be; None if none is near.

    The first of several that are equally near.
    """
    wanted = _key(word)
    if not 0 < len(wanted) <= _LONGEST:
        return None
    found: tuple[float, str] | None = None
    for one in known:
        distance = _distance(wanted, _key(one))
        if distance is not None and (found is None or distance < found[0]):
            found = (distance, one)
    return None if found is None else found[1]


def _key(word: str) -> str:
    return _BETWEEN.sub("-", unicodedata.normalize("NFKC", word).casefold()).strip("-")


def _distance(word: str, known: str) -> float | None:
    """How far two folded words are from each other; None if neither was meant to be the other."""
    whole = edit_distance(word, known)
    if whole <= _allowed(word, known):
        return whole
    short, long = sorted((word, known), key=len)
    least = _SHORTEST_PIECE if short.isascii() else _SHORTEST_CHINESE_PIECE
    if len(short) >= least:
        # After all that differ in letters; what begins with the word before what contains it.
        if long.startswith(short):
            return 10.0
        pieces = _BETWEEN.split(long)
        if short in pieces or (len(short) > least and short in long):
            return 11.0
    if known.isascii() and "-" in known:
        near = [
            distance
            for piece in known.split("-")
            if len(piece) > _SHORTEST_PIECE
            and (distance := edit_distance(word, piece)) <= _allowed(word, piece)
        ]
        if near:
            return 20.0 + min(near)
    return None


def _allowed(word: str, known: str) -> float:
    if len(word) == 1:
        return 0.0
    if word.isascii() and known.isascii():
        longest = max(len(word), len(known))
        return (longest + 1) // 3 if word[0] == known[:1] else 1.0 * (longest > _SHORTEST_PIECE)
    length = min(len(word), len(known))
    if word[-1] == known[-1:] and word[-1] in _ENDINGS:
        length -= 1
    return 1.0 if length > _SHORTEST_CHINESE_PIECE else _SOUND_COST


def edit_distance(one: str, other: str) -> float:
    """Characters to insert, leave out, replace or exchange with their neighbour.

    A Chinese character in the place of another one of the same sound is half a replacement.
    """
    before: list[float] = []
    row = [float(index) for index in range(len(other) + 1)]
    for i, a in enumerate(one, start=1):
        before, last, row = row, before, [float(i)]
        for j, b in enumerate(other, start=1):
            cost = min(row[-1] + 1, before[j] + 1, before[j - 1] + _replacement(a, b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _replacement(one: str, other: str) -> float:
    if one == other:
        return 0.0
    first, second = _sound(one), _sound(other)
    if first is not None and second is not None and abs(first - second) <= _SAME_SOUND:
        return _SOUND_COST
    return 1.0


@cache
def _sound(character: str) -> int | None:
    """The place of a common Chinese character in the order of sounds."""
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return None
    if len(code) != 2 or not 0xB0 <= code[0] <= _LAST_BY_SOUND:
        return None
    return (code[0] - 0xB0) * 94 + code[1] - 0xA1

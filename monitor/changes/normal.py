"""A sentence without its cosmetics: what two ways of setting the same words have in common."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from monitor.commitments import simplified_of

# Marks that carry meaning beside letters and digits: 30%, 人工智能+, PUE 1.2, 5—6, 5/6.
_SIGNS = frozenset("%‰+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.](?=\d)|(?<=\d)\s*[-—–~～至到]+\s*(?=\d)|(?<=\d)/(?=\d)")
# PUE≤1.25 is not PUE≥1.25; elsewhere these are brackets of a sort.
_BOUND = re.compile(r"[<>≤≥](?=\s*\d)")
# A list that was numbered anew says the same: （一）, 3., 第二，
_NUMBERING = re.compile(
    r"^\s*(?:[(（][一二三四五六七八九十\d]{1,3}[)）]|[一二三四五六七八九十]{1,3}、|\d{1,2}[.、](?!\d)"
    r"|第[一二三四五六七八九十]{1,3}[,，、]|[一二三四五六七八九十]是)"
)
# Thousands: 1,000 and 1000 are one number; 3,5 with one digit after it is a list.
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """The letters, digits and signs of a text, in one width, script and case.

    Spaces, quotes, punctuation and its width, and a number before the sentence are left out, so
    that a page set anew gives the same string; a point or dash between digits stays, because 1.5
    is not 15.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(simplified_of())
    folded = _THOUSANDS.sub("", _NUMBERING.sub("", folded))
    kept: list[str] = []
    last = 0
    for found in _BETWEEN_DIGITS.finditer(folded):
        kept.append(_letters(folded[last : found.start()]))
        kept.append("." if found[0] == "." else "-")
        last = found.end()
    kept.append(_letters(folded[last:]))
    return "".join(kept)


def _letters(text: str) -> str:
    bounds = {found.start() for found in _BOUND.finditer(text)}
    return "".join(c for i, c in enumerate(text) if c.isalnum() or c in _SIGNS or i in bounds)

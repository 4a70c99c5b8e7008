"""A sentence without its cosmetics: what two ways of setting the same words have in common."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from monitor.extraction.numbers import chinese as chinese_number
from monitor.extraction.zh_simplify import simplified_of

_SENTENCE = 400
# Marks that carry meaning beside letters and digits: 30%, 人工智能+, PUE 1.2, 5—6, 5/6.
_SIGNS = frozenset("%‰+")
_BETWEEN_DIGITS = re.compile(
    r"(?<=\d)[.](?=\d)|(?<=\d)\s*[-—–~～至到]+\s*(?=\d)|(?<=\d)/(?=\d)|(?<=\d):(?=\d)"
    # Below nothing: 增长-5%; a dash after a unit of time or before a title is none.
    r"|(?<=[\u4e00-\u9fff])(?<![年月日号时])[-−](?=\d)"
)
# PUE≤1.25 is not PUE≥1.25; elsewhere these are brackets of a sort.
_BOUND = re.compile(r"[<>≤≥](?=\s*\d)")
# A list that was numbered anew says the same: （一）, 3., 第二， But 三、四季度 is no list.
_NUMBERING = re.compile(
    r"^\s*(?:[(（][一二三四五六七八九十\d]{1,3}[)）]"
    r"|[一二三四五六七八九十]{1,3}、(?![一二三四五六七八九十\d])|\d{1,2}[.、](?!\d)"
    r"|第[一二三四五六七八九十]{1,3}[,，、]|[一二三四五六七八九十]是)"
)
# Marks of footnotes and of list items: [3], 〔3〕, ①, ¹; but 平方米 may be written m².
_MARKS = re.compile(
    r"[\[〔［【]\s*\d{1,3}\s*[\]〕］】]|[\u2460-\u2473\u2776-\u277f\u24f5-\u24fe\u3251-\u325f]"
    r"|(?<![a-zA-Z])[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]+"
)
# Thousands: 1,000 and 1000 are one number; 3,5 with one digit after it is a list.
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")
# 二〇二七年 is 2027年, 三座 is 3座.
_SPELLED = re.compile(
    r"[〇零一二三四五六七八九]{4}(?=年)"
    r"|(?<![\d一二两三四五六七八九十百千万亿几数第])[一二两三四五六七八九十百千]{1,7}"
    r"(?=[座家个项所处条名台套只支万亿年倍部辆])(?!个(?:加快|拐点))"
)


def normalise(text: str) -> str:
    """The letters, digits and signs of a text, in one width, script and case.

    Spaces, quotes, punctuation and its width, footnote marks and a number before the sentence are
    left out, and small numbers are written in digits, so that a page set anew gives the same
    string; a point or dash between digits stays, because 1.5 is not 15.
    """
    # Sentences are asked for again and again; whole texts would fill the memory.
    return _kept(text) if len(text) <= _SENTENCE else _normalise(text)


@lru_cache(maxsize=4096)
def _kept(text: str) -> str:
    return _normalise(text)


def _normalise(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _MARKS.sub("", text)).casefold()
    folded = folded.translate(simplified_of())
    folded = _SPELLED.sub(_in_digits, _THOUSANDS.sub("", _NUMBERING.sub("", folded)))
    kept: list[str] = []
    last = 0
    for found in _BETWEEN_DIGITS.finditer(folded):
        kept.append(_letters(folded[last : found.start()]))
        kept.append(found[0] if found[0] in ".:/" else "-")
        last = found.end()
    kept.append(_letters(folded[last:]))
    return "".join(kept)


def _in_digits(found: re.Match[str]) -> str:
    # 一个平台 and 平台 are one thing said in two ways.
    number = None if found[0] == "一" else chinese_number(found[0])
    return found[0] if number is None else str(int(number))


def _letters(text: str) -> str:
    bounds = {found.start() for found in _BOUND.finditer(text)}
    return "".join(c for i, c in enumerate(text) if c.isalnum() or c in _SIGNS or i in bounds)

"""Normalisation for comparison: two typographic variants of a sentence become equal."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from monitor.extraction.numerals import chinese_number
from monitor.folding import simplification_table

_MAX_CACHED_LENGTH = 400
_MAX_CACHED_TEXT = 5_000


@cache
def _between_digits_pattern() -> re.Pattern[str]:
    return re.compile(
        # What it can begin with comes first, so that most characters are passed by at once.
        r"(?=[.\s\-—–~～至到/:−])(?:(?<=\d)(?:[./:]|\s*[-—–~～至到]+\s*)(?=\d)"
        # Below nothing: 增长-5%; a dash after a unit of time or before a title is none.
        r"|(?<=[\u4e00-\u9fff])(?<![年月日号时])[-−](?=\d))"
    )


@cache
def _dropped_pattern() -> re.Pattern[str]:
    # All but letters, digits and the marks that carry meaning beside them: 30%, 人工智能+.
    # PUE≤1.25 is not PUE≥1.25; elsewhere these are brackets of a sort.
    return re.compile(r"[^\w%‰+<>≤≥]+|_+|[<>≤≥](?!\s*\d)")


@cache
def _numbering_pattern() -> re.Pattern[str]:
    # A list that was numbered anew says the same: （一）, 3., 第二， But 三、四季度 is no list.
    return re.compile(
        r"^\s*(?:[(（][一二三四五六七八九十\d]{1,3}[)）]"
        r"|[一二三四五六七八九十]{1,3}、(?![一二三四五六七八九十\d])|\d{1,2}[.、](?!\d)"
        r"|第[一二三四五六七八九十]{1,3}[,，、]|[一二三四五六七八九十]是)"
    )


@cache
def _marks_pattern() -> re.Pattern[str]:
    # Marks of footnotes and of list items: [3], 〔3〕, ①, ¹; but 平方米 may be written m².
    return re.compile(
        r"[\[〔［【]\s*\d{1,3}\s*[\]〕］】]|[\u2460-\u2473\u2776-\u277f\u24f5-\u24fe\u3251-\u325f]"
        r"|(?<![a-zA-Z])[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]+"
    )


@cache
def _thousands_pattern() -> re.Pattern[str]:
    # Thousands: 1,000 and 1000 are one number; 3,5 with one digit after it is a list.
    return re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")


@cache
def _spelled_pattern() -> re.Pattern[str]:
    # 二〇二七年 is 2027年, 三座 is 3座.
    return re.compile(
        r"[〇零一二三四五六七八九]{4}(?=年)"
        r"|(?<![\d一二两三四五六七八九十百千万亿几数第])[一二两三四五六七八九十百千]{1,7}"
        r"(?=[座家个项所处条名台套只支万亿年倍部辆])(?!个(?:加快|拐点))"
    )


def normalize(text: str) -> str:
    """The letters, digits and signs of a text, in one width, script and case.

    Spaces, quotes, punctuation, footnote marks and a number before the sentence are removed, and
    small numbers are written in digits, so that a page with a new layout gives the same string; a
    point or dash between digits stays, because 1.5 is not 15.
    """
    # Sentences are normalised repeatedly, and so are the texts that new ones are compared with; but
    # many of these would fill the memory.
    if len(text) <= _MAX_CACHED_LENGTH:
        return _cached_sentence(text)
    return _cached_text(text) if len(text) <= _MAX_CACHED_TEXT else _normalize(text)


@lru_cache(maxsize=4096)
def _cached_sentence(text: str) -> str:
    return _normalize(text)


@lru_cache(maxsize=256)
def _cached_text(text: str) -> str:
    return _normalize(text)


def _normalize(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _marks_pattern().sub("", text)).casefold()
    if _traditional_pattern().search(folded) is not None:
        folded = folded.translate(simplification_table())
    folded = _spelled_pattern().sub(
        _in_digits, _thousands_pattern().sub("", _numbering_pattern().sub("", folded))
    )
    kept: list[str] = []
    last = 0
    for found in _between_digits_pattern().finditer(folded):
        kept.append(_letters(folded[last : found.start()]))
        kept.append(found[0] if found[0] in ".:/" else "-")
        last = found.end()
    kept.append(_letters(folded[last:]))
    return "".join(kept)


@cache
def _traditional_pattern() -> re.Pattern[str]:
    # Most texts have none of these characters, and to look for them is cheap.
    return re.compile(f"[{''.join(map(chr, simplification_table()))}]")


def _in_digits(found: re.Match[str]) -> str:
    # 一个平台 and 平台 mean the same.
    number = None if found[0] == "一" else chinese_number(found[0])
    return found[0] if number is None else str(int(number))


def _letters(text: str) -> str:
    return _dropped_pattern().sub("", text)

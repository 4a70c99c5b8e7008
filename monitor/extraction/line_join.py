"""Join lines into paragraphs: which line ends are real, and which come from the layout."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from monitor.extraction.regions import starts_with_region
from monitor.extraction.text import CleanText, normalize_characters, remove_ranges, stray_spaces

_ENDED = "。！？；：…”’—"
_STOPS = frozenset("。！？…；")
_OPEN = "，、（“‘《"
_CLOSING = "，、。；）”’》！？%"
# Text without a full stop is cut here, so that the work stays linear in the length of the text.
LONGEST_SENTENCE = 1000
HEADING_LENGTH = 25
"""Characters up to which a line without comma or full stop may be a heading."""


@cache
def _line_pattern() -> re.Pattern[str]:
    return re.compile(r"[^\n]+")


@cache
def _marked_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\s*(?:第?[一二三四五六七八九十]{1,3}(?:部分|章|节|[、.是]|，)|（[一二三四五六七八九十]{1,3}）"
        r"|[0-9]{1,2}[.、）]|——|•|·|●|■|▲|◆|各位代表)"
    )


@cache
def _sentence_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"[^。！？；\n]{{0,{LONGEST_SENTENCE}}}+[。！？；]{{1,9}}+[”’）》]{{0,4}}+"
        rf"|[^。！？；\n]{{1,{LONGEST_SENTENCE}}}+|[。！？；]"
    )


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences, which end at 。！？； with closing quotes, or at a line break."""
    return [found.span() for found in _sentence_pattern().finditer(text)]


def join_lines(text: str, *, press: bool) -> CleanText:
    """Normalise ``text`` and join its broken lines; see ``text.CleanText``.

    In ``press`` a paragraph that ends without a full stop continues in the next one: the text
    layer of a newspaper page has a line break wherever its column ends. In other documents only
    lines that cannot end there are joined, unless the whole document is hard-wrapped.
    """
    flat = normalize_characters(text)
    lines = [found.span() for found in _line_pattern().finditer(flat) if not found[0].isspace()]
    width = _width(flat, lines)
    # A line much shorter than the width ends its paragraph; columns have no reliable width.
    shortest = 17 * width // 20 if width else 0 if press else None
    drop = stray_spaces(flat)
    joins = [
        (end, next_start)
        for (start, end), (next_start, next_end) in pairwise(lines)
        if _continues(flat[start:end], flat[next_start:next_end], shortest=shortest)
    ]
    return remove_ranges(flat, _merged(drop, joins))


def _width(text: str, lines: list[tuple[int, int]]) -> int:
    """The width a document was wrapped at, when most of its longer lines are broken; else 0."""
    long = [(start, end) for start, end in lines if end - start >= 16]
    broken = [end - start for start, end in long if text[end - 1] not in _ENDED]
    if len(long) < 8 or len(broken) <= len(long) / 2:
        return 0
    return sorted(broken)[len(broken) // 2]


def _continues(line: str, following: str, *, shortest: int | None) -> bool:
    indented, line = line.startswith("  "), line.strip()
    if not line or _marked_pattern().match(following):
        return False
    after = following.lstrip()
    # In a column a closing quote without a full stop does not end a paragraph.
    quote = shortest is not None and line[-2:-1] not in _STOPS and line[-1] in {"”", "’"}
    quote = quote and len(line) >= (shortest or 0)
    if line[-1] in _ENDED and not quote and (line[-1] in _STOPS or after[0] not in _CLOSING):
        return False
    if line[-1] in _OPEN or after[0] in _CLOSING or line.rfind("（") > line.rfind("）"):
        return True
    if shortest is None or len(line) + 2 * indented < shortest or following.startswith("  "):
        return False
    # An indented line starts a paragraph in a column of any width; others may be headings.
    if (
        len(line) <= HEADING_LENGTH
        and not shortest
        and not indented
        and "，" not in line
        and "。" not in line
    ):
        return False
    # A paragraph that starts with a region is about that region, not about the line above.
    return not starts_with_region(after)


def _merged(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(first + second):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged

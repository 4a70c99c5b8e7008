"""Lines into paragraphs: which line ends are real, and which a column or a font made."""

from __future__ import annotations

import re
from itertools import pairwise

from monitor.extraction.regions import starts_with_region
from monitor.extraction.text import Clean, clean, plain, stray_spaces

_LINE = re.compile(r"[^\n]+")
_ENDED = "。！？；：…”’—"
_STOPS = frozenset("。！？…；")
_OPEN = "，、（“‘《"
_CLOSING = "，、。；）”’》！？%"
_MARKED = re.compile(
    r"\s*(?:第?[一二三四五六七八九十]{1,3}(?:部分|章|节|[、.是]|，)|（[一二三四五六七八九十]{1,3}）"
    r"|[0-9]{1,2}[.、）]|——|•|·|●|■|▲|◆|各位代表)"
)
# No sentence is longer than this; text without a full stop is cut, so that nothing grows faster
# than the text does.
LONGEST_SENTENCE = 1000
_SENTENCE = re.compile(
    rf"[^。！？；\n]{{0,{LONGEST_SENTENCE}}}+[。！？；]{{1,9}}+[”’）》]{{0,4}}+"
    rf"|[^。！？；\n]{{1,{LONGEST_SENTENCE}}}+|[。！？；]"
)

HEADING_LENGTH = 25
"""A line up to this long without comma or full stop may be a heading (characters)."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Sentences end at 。！？； with the quotes that close there, or at a line break."""
    return [found.span() for found in _SENTENCE.finditer(text)]


def repair(text: str, *, press: bool) -> Clean:
    """Make ``text`` fit for analysis; see ``text.Clean``.

    In ``press`` a paragraph that breaks off without a full stop goes on in the next one: the text
    layer of a newspaper page ends a line wherever its column does. In other documents only lines
    that cannot end there are joined, unless the whole document is hard-wrapped.
    """
    flat = plain(text)
    lines = [found.span() for found in _LINE.finditer(flat) if not found[0].isspace()]
    width = _width(flat, lines)
    # A line that stops well before the width ends its paragraph; columns have no width to trust.
    shortest = 17 * width // 20 if width else 0 if press else None
    drop = stray_spaces(flat)
    joins = [
        (end, next_start)
        for (start, end), (next_start, next_end) in pairwise(lines)
        if _goes_on(flat[start:end], flat[next_start:next_end], shortest=shortest)
    ]
    return clean(flat, _merged(drop, joins))


def _width(text: str, lines: list[tuple[int, int]]) -> int:
    """The width a document was wrapped at, when most of its longer lines break off; or 0."""
    long = [(start, end) for start, end in lines if end - start >= 16]
    broken = [end - start for start, end in long if text[end - 1] not in _ENDED]
    if len(long) < 8 or len(broken) <= len(long) / 2:
        return 0
    return sorted(broken)[len(broken) // 2]


def _goes_on(line: str, following: str, *, shortest: int | None) -> bool:
    indented, line = line.startswith("  "), line.strip()
    if not line or _MARKED.match(following):
        return False
    after = following.lstrip()
    # In a column a quote that closes without a full stop ends no paragraph.
    quote = shortest is not None and line[-2:-1] not in _STOPS and line[-1] in {"”", "’"}
    quote = quote and len(line) >= (shortest or 0)
    if line[-1] in _ENDED and not quote and (line[-1] in _STOPS or after[0] not in _CLOSING):
        return False
    if line[-1] in _OPEN or after[0] in _CLOSING or line.rfind("（") > line.rfind("）"):
        return True
    if shortest is None or len(line) + 2 * indented < shortest or following.startswith("  "):
        return False
    # An indented line opens a paragraph, however short its column is; others may be headings.
    if (
        len(line) <= HEADING_LENGTH
        and not shortest
        and not indented
        and "，" not in line
        and "。" not in line
    ):
        return False
    # A paragraph that opens with a region speaks of that region, whatever broke off above it.
    return not starts_with_region(after)


def _merged(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(first + second):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged

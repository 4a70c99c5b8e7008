"""Lines that were printed, and the paragraphs they belong to.

A text pasted from a PDF, an e-mail or a typewriter's page has a line break where the paper ended:
in the middle of sentences, after a number of characters that hardly changes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

_MIN_WIDTH, _MAX_WIDTH = 14, 80
_SLACK = 2
_MIN_FULL, _FULL_SHARE, _OPEN_SHARE = 4, 0.5, 0.7


@cache
def _heading_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十\d]{1,3}[)）]"
        r"|第[一二三四五六七八九十]{1,3}[章节条部]|\d{1,2}[.、．](?!\d))"
    )


@cache
def _latin_end_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9,.;:]$")


@cache
def _latin_start_pattern() -> re.Pattern[str]:
    return re.compile(r"^[A-Za-z0-9]")


@cache
def _end_pattern() -> re.Pattern[str]:
    return re.compile("[。！？；：…!?;:][”’」』）)]?$")


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile("[，。；、]")


@cache
def _wide_pattern() -> re.Pattern[str]:
    return re.compile("[^\x00-\u02ff]")


def is_numbered(line: str) -> bool:
    """Whether a line begins with the number of a heading or an item: 一、, （二）, 第三条, 4."""
    return _heading_pattern().match(line) is not None


def joined_lines(lines: Sequence[str]) -> str:
    """The printed lines of a paragraph as one; a space only where words need one."""
    text = lines[0]
    for line in lines[1:]:
        words = _latin_end_pattern().search(text) and _latin_start_pattern().match(line)
        # A number that is broken at the end of a line goes on in the next one.
        is_number = text[-1:].isdigit() and line[:1].isdigit()
        text += (" " if words and not is_number else "") + line
    return text


def without_printed_breaks(lines: list[str], apart: Sequence[bool]) -> list[str]:
    """The paragraphs of printed lines; the lines themselves where they are no printed ones.

    They are where most lines are equally long and end within a sentence. The lines of a list
    differ in length, and a paragraph ends with a sentence.

    Args:
        lines: of a text.
        apart: whether each of them certainly begins anew, such as a row of a table.
    """
    if len(lines) < _MIN_FULL or _clause_pattern().search("".join(lines[:40])) is None:
        return lines
    widths = [_width(line) for line in lines]
    full, count = _full_width(widths)
    if count < max(_MIN_FULL, _FULL_SHARE * len(lines)):
        return lines
    long = [full - _SLACK <= width <= full + 1 for width in widths]
    is_open = [
        not (begins or _ends(line)) and of_width
        for line, begins, of_width in zip(lines, [*apart[1:], True], long, strict=True)
    ]
    if sum(is_open) < _OPEN_SHARE * count or max(widths) > full + 2 * _SLACK:
        return lines
    paragraphs: list[list[str]] = [[lines[0]]]
    for before, line in enumerate(lines[1:]):
        goes_on = long[before] and not _ends(lines[before])
        if goes_on and not apart[before + 1] and not is_numbered(line):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return [joined_lines(one) for one in paragraphs]


def _full_width(widths: Sequence[int]) -> tuple[int, int]:
    """The width that most lines have, with a little less, and how many have it."""
    counts = Counter(width for width in widths if _MIN_WIDTH <= width <= _MAX_WIDTH)
    best, most = 0, 0
    for width in counts:
        count = sum(counts[width - less] for less in range(-1, _SLACK + 1))
        if (count, width) > (most, best):
            best, most = width, count
    return best, most


def _width(line: str) -> int:
    """How wide a line is, in Chinese characters."""
    wide = len(_wide_pattern().findall(line))
    return wide + (len(line) - wide + 1) // 2


def _ends(line: str) -> bool:
    return _end_pattern().search(line) is not None

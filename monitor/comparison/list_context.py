"""The line above a list, which the promises under it hang on: 到2027年：, 苏州市：."""

from __future__ import annotations

import re

_LINES = 30
_LONGEST = 60
_TITLE = 24
_COLON = ("：", ":")
_WRITTEN = re.compile("[，。；！？]")


def lead_of(text: str, start: int) -> str:
    """The line that leads the list a sentence stands in, or an empty string.

    Args:
        text: the whole text.
        start: where the sentence begins.

    Returns:
        The nearest line above that ends in a colon, or that is as short as a heading: a year or a
        place alone heads a list too.
    """
    end = text.rfind("\n", 0, start)
    for _ in range(_LINES):
        if end < 0:
            return ""
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end].strip()
        if line.endswith(_COLON) and len(line) <= _LONGEST:
            return line
        if line and len(line) <= _TITLE and _WRITTEN.search(line) is None:
            return line
        end = begin - 1
    return ""

"""The context line above a list, which applies to the promises under it: 到2027年：, 苏州市：."""

from __future__ import annotations

import re
from functools import cache

_MAX_LINES = 30
_MAX_LENGTH = 60
_MAX_TITLE_LENGTH = 24
_COLON = ("：", ":")


@cache
def _written_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！？]")


def list_context(text: str, start: int) -> str:
    """The context line of the list that contains a sentence, or an empty string.

    Args:
        text: the whole text.
        start: where the sentence begins.

    Returns:
        The nearest line above that ends in a colon, or that is as short as a heading: a year or a
        place alone heads a list too.
    """
    end = text.rfind("\n", 0, start)
    for _ in range(_MAX_LINES):
        if end < 0:
            return ""
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end].strip()
        if line.endswith(_COLON) and len(line) <= _MAX_LENGTH:
            return line
        if line and len(line) <= _MAX_TITLE_LENGTH and _written_pattern().search(line) is None:
            return line
        end = begin - 1
    return ""

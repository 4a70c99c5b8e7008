"""What a page may cost: size, and markup that would make a parser's work explode.

An HTML parser looks through all open elements at each new one, and repeats every unclosed
formatting element in each new block. Both are quadratic, so a page of a few hundred kilobytes
can be made to cost gigabytes. The count here is a linear look at the tags before any parsing.
"""

from __future__ import annotations

import re
from collections import Counter

MAX_BYTES = 20_000_000
"""Bodies longer than this are not read."""

_FEW_TAGS = 2_000  # no arrangement of so few is dear
_MAX_DEPTH = 5_000
_MAX_COPIES = 2_000_000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_NEVER_OPEN_NAMES = """
area base br col embed hr img input link meta source track wbr p li dt dd option tr td th
tbody thead tfoot
"""
_FORMATTING_NAMES = "a b big code em font i nobr s small strike strong tt u"
_NEVER_OPEN = frozenset(_NEVER_OPEN_NAMES.split())
_FORMATTING = frozenset(_FORMATTING_NAMES.split())


def too_dear(markup: str) -> str:
    """Why this markup is not parsed, in one line, or an empty string if it may be."""
    if markup.count("<") - markup.count("</") <= _FEW_TAGS:
        return ""
    still_open: Counter[str] = Counter()
    depth = deepest = formatting = most_formatting = blocks = 0
    for match in _TAG.finditer(markup):
        name = match.group(2).lower()
        if name in _NEVER_OPEN:
            blocks += 1
            continue
        step = 1
        if match.group(1):
            if not still_open[name]:
                continue
            step = -1
        still_open[name] += step
        depth += step
        if name in _FORMATTING:
            formatting += step
            most_formatting = max(most_formatting, formatting)
        else:
            blocks += 1
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        return f"{deepest} elements are nested in one another"
    if most_formatting * blocks > _MAX_COPIES and most_formatting > 200:
        return f"{most_formatting} formatting elements are left open"
    return ""

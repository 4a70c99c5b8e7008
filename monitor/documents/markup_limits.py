"""Limits on the cost of parsing: size, and markup with quadratic cost.

An HTML parser searches all open elements at each new one and repeats every unclosed formatting
element in each new block. Both are quadratic: a few hundred kilobytes can take gigabytes of
memory. This module counts tags in linear time before any parsing.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

MAX_BYTES = 20_000_000
"""Longer bodies are not read."""

_MAX_CHEAP_TAGS = 2_000  # so few are cheap in any arrangement
_MAX_DEPTH = 5_000
_MAX_COPIES = 2_000_000


@cache
def _tag_pattern() -> re.Pattern[str]:
    return re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")


_NEVER_OPEN_NAMES = """
area base br col embed hr img input link meta source track wbr p li dt dd option tr td th
tbody thead tfoot
"""
_FORMATTING_NAMES = "a b big code em font i nobr s small strike strong tt u"
_NEVER_OPEN = frozenset(_NEVER_OPEN_NAMES.split())
_FORMATTING = frozenset(_FORMATTING_NAMES.split())


def too_expensive(markup: str) -> str:
    """Why parsing this markup would be too expensive, or an empty string if it would not."""
    if markup.count("<") - markup.count("</") <= _MAX_CHEAP_TAGS:
        return ""
    still_open: Counter[str] = Counter()
    depth = deepest = formatting = most_formatting = blocks = 0
    for match in _tag_pattern().finditer(markup):
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

"""Headings that promise nothing of their own: they name what the sentences below them promise.

（一）加快算力产业发展 over a paragraph on computing is such a heading. One with a number, a name or
a place that no sentence below repeats is a promise, and so is one over sentences about something
else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, partial
from itertools import takewhile

from monitor.comparison.cues import cue_pattern, cue_table, names, negation_pattern, places
from monitor.comparison.normalize import normalize
from monitor.extraction.vocabulary import alternation
from monitor.model.statements import Statement


def bare_headings(statements: Sequence[Statement]) -> frozenset[int]:
    """The identities of the headings among some sentences that promise nothing of their own.

    Args:
        statements: the commitments of one text about one topic.
    """
    ordered = sorted(statements, key=lambda one: one.start)
    found = set()
    for position, one in enumerate(ordered):
        if one.section and normalize(one.section) == normalize(one.text):
            below = list(takewhile(partial(_is_below, one), ordered[position + 1 :]))
            if below and _says_no_more(one, below):
                found.add(id(one))
    return frozenset(found)


def _is_below(heading: Statement, later: Statement) -> bool:
    """Whether a later sentence stands under a heading: no other numbered one is in between."""
    if later.section == heading.section:
        return True
    # The first sentence of a paragraph is read as a heading too.
    marked = _marker_pattern()
    return marked.match(heading.text) is not None and marked.match(later.section) is None


def _says_no_more(heading: Statement, below: Sequence[Statement]) -> bool:
    text = heading.text
    if heading.targets or _number_pattern().search(normalize(text)) is not None:
        return False
    if cue_pattern("reversals").search(text) or negation_pattern().search(text):
        return False
    if _founding_pattern().search(text) is not None:
        return False
    if not any(set(heading.themes) & set(one.themes) for one in below):
        return False
    carried = normalize("\n".join(one.text for one in below))
    return all(name in carried for name in names(text) | places(normalize(text)))


@cache
def _marker_pattern() -> re.Pattern[str]:
    return re.compile(r"\s*(?:[（(]?[一二三四五六七八九十]{1,3}[）)、]|[0-9]{1,2}[.、）])")


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile("[0-9]|[百千万亿]级|翻番|第一")


@cache
def _founding_pattern() -> re.Pattern[str]:
    return re.compile(alternation(cue_table().founding))

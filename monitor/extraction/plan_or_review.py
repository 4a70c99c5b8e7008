"""Where no heading tells a review from a plan: the wording of whole paragraphs does.

A single sentence is often silent about its time; a page of them is not. Each paragraph votes with
its cues, and the cheapest sequence of *review* and *plan* is taken in which a change of mind has
its price (the Viterbi algorithm with two states).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from monitor.extraction.labels import label_words
from monitor.extraction.sections import Paragraph, Section

_VOTE_LIMIT = 12
# A document reviews first and plans then, so the way back is dearer.
_TO_PLAN, _TO_REVIEW = 6, 12
_UNDECIDED = frozenset({Section.UNKNOWN, Section.MIXED})
_LONGEST = 4000


@cache
def _tenses() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = label_words()
    ahead = "|".join(f"(?:{cue.pattern})" for cue in words.future).replace("{verb}", words.verb)
    back = "|".join(f"(?:{cue.pattern})" for cue in (*words.past, *words.result))
    return re.compile(ahead), re.compile(back)


def settle(text: str, lines: Sequence[Paragraph]) -> list[Paragraph]:
    """Give the paragraphs under no telling heading the section their wording speaks for."""
    settled = list(lines)
    run: list[int] = []
    for number, line in enumerate(lines):
        if line.section in _UNDECIDED:
            run.append(number)
        elif line.section is not Section.PROBLEMS:
            _settle_run(text, settled, run)
            run = []
    _settle_run(text, settled, run)
    return settled


def _settle_run(text: str, lines: list[Paragraph], run: Sequence[int]) -> None:
    if not run:
        return
    votes = [_vote(text[lines[n].start : lines[n].end]) for n in run]
    if not any(votes):
        return
    for number, plan in zip(run, _path(votes), strict=True):
        section = Section.PLAN if plan else Section.REVIEW
        lines[number] = replace(lines[number], section=section, reason="wording around it")


def _vote(paragraph: str) -> int:
    """How many more cues look ahead than back, bounded."""
    ahead, back = _tenses()
    told = paragraph[:_LONGEST]
    balance = len(ahead.findall(told)) - 2 * len(back.findall(told))
    return max(-_VOTE_LIMIT, min(_VOTE_LIMIT, balance))


def _path(votes: Sequence[int]) -> list[bool]:
    """The best sequence: True is plan."""
    review, plan = 0, 0
    came: list[tuple[bool, bool]] = []
    for vote in votes:
        from_plan = plan - _TO_REVIEW > review
        from_review = review - _TO_PLAN > plan
        came.append((from_plan, not from_review))
        review, plan = (
            max(review, plan - _TO_REVIEW) - vote,
            max(plan, review - _TO_PLAN) + vote,
        )
    state = plan > review
    path: list[bool] = []
    for was in reversed(came):
        path.append(state)
        state = was[1] if state else was[0]
    return path[::-1]

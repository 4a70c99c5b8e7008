"""Plan or review, by the wording of whole paragraphs, where no heading tells.

A single sentence often has no tense; a page of them does. Each paragraph votes with its cues, and
the best sequence of *review* and *plan* is taken, in which each switch has a cost (the Viterbi
algorithm with two states).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from monitor.extraction.labels import label_words
from monitor.extraction.sections import Paragraph, Section

_VOTE_LIMIT = 12
# A document reviews first and plans afterwards, so the switch back costs more.
_COST_TO_PLAN, _COST_TO_REVIEW = 6, 12
_UNDECIDED = frozenset({Section.UNKNOWN, Section.MIXED})
_MAX_LENGTH = 4000


@cache
def _cue_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = label_words()
    ahead = "|".join(f"(?:{cue.pattern})" for cue in words.future).replace("{verb}", words.verb)
    back = "|".join(f"(?:{cue.pattern})" for cue in (*words.past, *words.result))
    return re.compile(ahead), re.compile(back)


def assign_plan_or_review(text: str, lines: Sequence[Paragraph]) -> list[Paragraph]:
    """Give each paragraph without a telling heading the section that its wording suggests."""
    assigned = list(lines)
    run: list[int] = []
    for number, line in enumerate(lines):
        if line.section in _UNDECIDED:
            run.append(number)
        elif line.section is not Section.PROBLEMS:
            _assign_run(text, assigned, run)
            run = []
    _assign_run(text, assigned, run)
    return assigned


def _assign_run(text: str, lines: list[Paragraph], run: Sequence[int]) -> None:
    if not run:
        return
    votes = [_vote(text[lines[n].start : lines[n].end]) for n in run]
    if not any(votes):
        return
    for number, plan in zip(run, _path(votes), strict=True):
        section = Section.PLAN if plan else Section.REVIEW
        lines[number] = replace(lines[number], section=section, reason="wording around it")


def _vote(paragraph: str) -> int:
    """Cues that look ahead minus (weighted) cues that look back, bounded."""
    ahead, back = _cue_patterns()
    text = paragraph[:_MAX_LENGTH]
    balance = len(ahead.findall(text)) - 2 * len(back.findall(text))
    return max(-_VOTE_LIMIT, min(_VOTE_LIMIT, balance))


def _path(votes: Sequence[int]) -> list[bool]:
    """The best sequence of states; True is plan."""
    review, plan = 0, 0
    came: list[tuple[bool, bool]] = []
    for vote in votes:
        from_plan = plan - _COST_TO_REVIEW > review
        from_review = review - _COST_TO_PLAN > plan
        came.append((from_plan, not from_review))
        review, plan = (
            max(review, plan - _COST_TO_REVIEW) - vote,
            max(plan, review - _COST_TO_PLAN) + vote,
        )
    state = plan > review
    path: list[bool] = []
    for was in reversed(came):
        path.append(state)
        state = was[1] if state else was[0]
    return path[::-1]

"""Labels: what a sentence is, by its section and its wording (in the press see press.py).

Where no heading tells plan from review, the wording of whole paragraphs does. A single sentence
often has no tense; a page of them does. Each paragraph votes with its cues, and the best sequence
of *review* and *plan* is taken, in which each switch has a cost (the Viterbi algorithm with two
states).
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cache

from monitor.extraction.pattern_prefilter import PatternPrefilter
from monitor.extraction.sections import Paragraph, Section
from monitor.extraction.text import joined_before
from monitor.extraction.vocabulary import DATA, WordTable, read_table
from monitor.model.statements import Label


@dataclass(frozen=True)
class Cue(WordTable):
    """A pattern and its weight."""

    weight: int
    pattern: str


@dataclass(frozen=True)
class LabelWords(WordTable):
    """``data/labels.yaml``."""

    verb: str
    future: tuple[Cue, ...]
    past: tuple[Cue, ...]
    result: tuple[Cue, ...]
    state: tuple[Cue, ...]
    strong: int


@dataclass(frozen=True, slots=True)
class CueScores:
    """Sums of the weights of a sentence's cues, by what they express.

    ``future`` looks ahead, ``past`` looks back, ``result`` reports results, ``state`` only
    describes; ``cues`` are the words that were found.
    """

    future: int
    past: int
    result: int
    state: int
    cues: tuple[str, ...]


@cache
def label_words() -> LabelWords:
    """The cues of ``data/labels.yaml``."""
    return read_table(DATA / "labels.yaml", LabelWords)


@cache
def _cues() -> tuple[tuple[str, int, re.Pattern[str]], ...]:
    """What each cue expresses, its weight and its pattern."""
    words = label_words()
    groups = (
        ("future", words.future),
        ("past", words.past),
        ("result", words.result),
        ("state", words.state),
    )
    return tuple(
        (name, cue.weight, re.compile(cue.pattern.replace("{verb}", words.verb)))
        for name, cues in groups
        for cue in cues
    )


@cache
def _cue_prefilter() -> PatternPrefilter:
    return PatternPrefilter.of(pattern.pattern for _, _, pattern in _cues())


def cue_grams() -> frozenset[str]:
    """The runs of characters by which ``score_cues`` knows which cues a sentence may have."""
    return _cue_prefilter().grams


def score_cues(sentence: str, grams: Set[str] | None = None) -> CueScores:
    """Find the cues of a sentence and sum their weights.

    ``grams`` are the runs of the sentence that are in ``cue_grams()``, and perhaps others: with
    them it takes far less time.
    """
    sums = {"future": 0, "past": 0, "result": 0, "state": 0}
    cues: list[str] = []
    known = _cues()
    for place in range(len(known)) if grams is None else _cue_prefilter().candidates(grams):
        name, weight, pattern = known[place]
        found = pattern.search(sentence)
        if found is not None:
            sums[name] += weight
            cues.append(f"{name} {found[0].strip('，；：、“”')!r}")
    return CueScores(cues=tuple(cues), **sums)


def score_cues_in_context(before: str, scores: CueScores) -> CueScores:
    """The scores of a sentence, with the tense of the clauses before it when it has none itself.

    In 已取得成效：建成…1000个；建成4个… the later parts look back like the first.
    """
    if not before or scores.past or scores.result or scores.future > 1:
        return scores
    earlier = score_cues(before)
    if earlier.past + earlier.result <= earlier.future:
        return scores
    return replace(
        scores, past=earlier.past, result=earlier.result, cues=scores.cues + earlier.cues
    )


def cues_of_sentence(
    text: str,
    spans: Sequence[tuple[int, int]],
    index: int,
    grams: Set[str] | None = None,
) -> CueScores:
    """The scores of a sentence in its paragraph.

    Args:
        text: the whole text.
        spans: the sentences of the paragraph in ``text``.
        index: which of them.
        grams: the runs of characters of the sentence, if they are known; see ``score_cues``.
    """
    start, end = spans[index]
    scores = score_cues(text[start:end], grams)
    return score_cues_in_context(joined_before(text, spans, index), scores)


_LABEL_OF_SECTION = {
    Section.PLAN: Label.COMMITMENT,
    Section.OUTLOOK: Label.COMMITMENT,
    Section.LIVELIHOOD: Label.COMMITMENT,
    Section.SELF: Label.COMMITMENT,
    Section.REVIEW: Label.ACHIEVEMENT,
    Section.PROBLEMS: Label.OTHER,
    Section.GLOSSARY: Label.OTHER,
    Section.BOILERPLATE: Label.OTHER,
}


def label_by_section(section: Section, scores: CueScores) -> tuple[Label, str]:
    """The label of a sentence in a government's own document, and the reason."""
    strong = label_words().strong
    default = _LABEL_OF_SECTION.get(section)
    against: Label | None = None
    if default is None:
        against = label_by_wording(scores)
    elif default is Label.COMMITMENT and scores.future < 3:
        if scores.state >= 3:
            against = Label.OTHER
        elif (scores.past >= 3 and section is not Section.OUTLOOK) or scores.past >= strong:
            against = Label.ACHIEVEMENT
    elif section in {Section.REVIEW, Section.PROBLEMS} and scores.future >= strong > scores.past:
        against = Label.COMMITMENT
    return (against, "wording") if against else (default or Label.OTHER, "section")


def label_by_wording(scores: CueScores) -> Label:
    """The label of a government's sentence by its wording alone."""
    if scores.state >= 3 and scores.future < 3:
        return Label.OTHER
    if scores.past + scores.result > scores.future:
        return Label.ACHIEVEMENT
    return Label.COMMITMENT if scores.future else Label.OTHER


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

"""Labels: what a sentence is, from the part it stands in, its wording, and who says it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from monitor.extraction.sections import Section
from monitor.extraction.vocabulary import DATA, Table
from monitor.model.statements import Label
from monitor.yaml import read_yaml, validate


class Cue(Table):
    """A wording and how much it counts."""

    weight: int
    pattern: str


class LabelWords(Table):
    """``data/labels.yaml``."""

    verb: str
    future: tuple[Cue, ...]
    past: tuple[Cue, ...]
    result: tuple[Cue, ...]
    state: tuple[Cue, ...]
    strong: int


@dataclass(frozen=True, slots=True)
class Wording:
    """How much of a sentence looks ahead, looks back, tells results, or only describes.

    ``cues`` are the words that were found.
    """

    future: int
    past: int
    result: int
    state: int
    cues: tuple[str, ...]


@cache
def label_words() -> LabelWords:
    """The cues of ``data/labels.yaml``."""
    return validate(read_yaml(DATA / "labels.yaml"), LabelWords)


@cache
def _patterns() -> tuple[tuple[str, int, re.Pattern[str]], ...]:
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


def wording(sentence: str) -> Wording:
    """The cues of a sentence, summed up."""
    sums = {"future": 0, "past": 0, "result": 0, "state": 0}
    cues: list[str] = []
    for name, weight, pattern in _patterns():
        found = pattern.search(sentence)
        if found is not None:
            sums[name] += weight
            cues.append(f"{name} {found[0].strip('，；：、“”')!r}")
    return Wording(cues=tuple(cues), **sums)


def wording_after(before: str, said: Wording) -> Wording:
    """The wording of a sentence that says little of its time, after others it is joined to.

    In 已取得成效：建成…1000个；建成4个… the later parts look back with the first.
    """
    if not before or said.past or said.result or said.future > 1:
        return said
    earlier = wording(before)
    if earlier.past + earlier.result <= earlier.future:
        return said
    return replace(said, past=earlier.past, result=earlier.result, cues=said.cues + earlier.cues)


_USUAL = {
    Section.PLAN: Label.COMMITMENT,
    Section.OUTLOOK: Label.COMMITMENT,
    Section.LIVELIHOOD: Label.COMMITMENT,
    Section.SELF: Label.COMMITMENT,
    Section.REVIEW: Label.ACHIEVEMENT,
    Section.PROBLEMS: Label.OTHER,
    Section.GLOSSARY: Label.OTHER,
    Section.FURNITURE: Label.OTHER,
}


def label_by_section(section: Section, said: Wording) -> tuple[Label, str]:
    """The label of what a government says in its own document, and what decided."""
    strong = label_words().strong
    usual = _USUAL.get(section)
    against: Label | None = None
    if usual is None:
        against = label_by_wording(said)
    elif usual is Label.COMMITMENT and said.future < 3:
        if said.state >= 3:
            against = Label.OTHER
        elif (said.past >= 3 and section is not Section.OUTLOOK) or said.past >= strong:
            against = Label.ACHIEVEMENT
    elif section in {Section.REVIEW, Section.PROBLEMS} and said.future >= strong > said.past:
        against = Label.COMMITMENT
    return (against, "wording") if against else (usual or Label.OTHER, "section")


def label_by_wording(said: Wording) -> Label:
    """The label of a government's sentence when nothing but its wording is known."""
    if said.state >= 3 and said.future < 3:
        return Label.OTHER
    if said.past + said.result > said.future:
        return Label.ACHIEVEMENT
    return Label.COMMITMENT if said.future else Label.OTHER

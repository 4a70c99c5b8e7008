"""Sections: which part of a document a line stands in, from headings or, without them, wording."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from monitor.extraction.line_join import HEADING_LENGTH
from monitor.extraction.vocabulary import DATA, Table
from monitor.yaml import read_yaml, validate

_NUMERAL = "[一二三四五六七八九十]{1,3}"
_LINE = re.compile(
    rf"(?:[^\n。！？；]|[。！？；](?!(?:第{_NUMERAL}部分|{_NUMERAL}、|（{_NUMERAL}）)))+[。！？；]?"
)
_HEAD_END = re.compile("[。！？；：]")
_LONGEST_HEADING = 60
_OPENING = 40


_Kinds: TypeAlias = "tuple[tuple[Section, re.Pattern[str]], ...]"


class Section(StrEnum):
    """What a part of a document is about."""

    REVIEW = "review"
    OUTLOOK = "outlook"
    PLAN = "plan"
    LIVELIHOOD = "livelihood"
    SELF = "self"
    PROBLEMS = "problems"
    GLOSSARY = "glossary"
    FURNITURE = "furniture"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Marker(Table):
    """What a heading line begins with."""

    level: int
    pattern: str


class KindPattern(Table):
    """Wording that names a kind of section."""

    kind: Section
    pattern: str


class SectionWords(Table):
    """``data/sections.yaml``."""

    markers: tuple[Marker, ...]
    headings: tuple[KindPattern, ...]
    standalone: tuple[str, ...]
    openings: tuple[KindPattern, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line with the section it stands in, the nearest heading, and what decided."""

    start: int
    end: int
    section: Section
    heading: str
    reason: str
    lead: int
    """Where its first sentence ends: a run-in heading, when it is short."""


@cache
def _words() -> SectionWords:
    return validate(read_yaml(DATA / "sections.yaml"), SectionWords)


@cache
def _markers() -> tuple[tuple[int, re.Pattern[str]], ...]:
    return tuple((marker.level, re.compile(marker.pattern)) for marker in _words().markers)


@cache
def _standalone() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in _words().standalone))


@cache
def _kinds(now: int | None) -> tuple[_Kinds, _Kinds]:
    year = "20[0-9]{2}" if now is None else str(now)
    last = "(?!)" if now is None else str(now - 1)

    def compiled(patterns: tuple[KindPattern, ...]) -> _Kinds:
        return tuple(
            (p.kind, re.compile(p.pattern.replace("{now}", year).replace("{last}", last)))
            for p in patterns
        )

    return compiled(_words().headings), compiled(_words().openings)


def paragraphs(text: str, now: int | None) -> list[Paragraph]:
    """All lines of ``text`` with their sections; ``now`` is the year of the plan.

    A heading that stands in the middle of a line, because line breaks were lost, starts a
    paragraph too.
    """
    outline = _Outline(*_kinds(now))
    return [outline.place(text, *found.span()) for found in _LINE.finditer(text)]


@dataclass
class _Outline:
    """Where in the document we are."""

    headings: _Kinds
    openings: _Kinds
    section: Section = Section.UNKNOWN
    opened: Section | None = None
    heading: str = ""

    def place(self, text: str, start: int, end: int) -> Paragraph:
        """The paragraph at ``start:end``, and a step forward in the outline."""
        found = _HEAD_END.search(text, start, end)
        lead = found.end() if found else end
        level = _level(text, start, end)
        head = text[start : found.start() if found else end].strip(" —*#")
        if level == 1 and len(head) > _LONGEST_HEADING:
            head = head[: HEADING_LENGTH + 10]
        if level and len(head) <= _LONGEST_HEADING:
            here, reason = self._headed(level, head)
        else:
            here, reason = self._opened(text[start : min(end, start + _OPENING)])
            heads = lead - start <= HEADING_LENGTH and here is not Section.FURNITURE
            if heads and "，" not in head and head not in _GREETINGS:
                self.heading = head
        return Paragraph(start, end, here, self.heading, reason, lead)

    def _headed(self, level: int, head: str) -> tuple[Section, str]:
        kind = _kind(self.headings, head)
        if level == 1:
            # What a heading does not say, the wording under it will (see tense.py).
            self.section = kind or Section.UNKNOWN
        elif kind is Section.LIVELIHOOD and self.section is Section.REVIEW:
            pass  # 办好民生实事 under the review tells of last year's list
        elif kind in _ANYWHERE or (kind and self.section is Section.MIXED):
            self.section = kind
        self.heading, self.opened = head, None
        return self.section, f"heading {head!r}"

    def _opened(self, opening: str) -> tuple[Section, str]:
        said = _kind(self.openings, opening)
        if said in {Section.PROBLEMS, Section.GLOSSARY, Section.FURNITURE}:
            return said, "opening of the paragraph"
        if said and (self.section in _OPEN or said is Section.REVIEW):
            self.opened = said if self.section in _OPEN else self.opened
            return said, "opening of the paragraph"
        if self.opened:
            return self.opened, "opening of a paragraph before"
        return self.section, f"heading {self.heading!r}" if self.heading else "no heading"


_ANYWHERE = frozenset({Section.GLOSSARY, Section.FURNITURE, Section.LIVELIHOOD})
_GREETINGS = frozenset({"各位代表", "同志们", "各位委员", "现在"})
_OPEN = frozenset({Section.UNKNOWN, Section.MIXED, Section.OUTLOOK})


def _level(text: str, start: int, end: int) -> int:
    while start < end and text[start] in " *#":
        start += 1
    for level, pattern in _markers():
        if pattern.match(text, start, end):
            return level
    if end - start <= 40 and _standalone().fullmatch(text, start, end):
        return 1
    return 0


def _kind(kinds: _Kinds, text: str) -> Section | None:
    return next((kind for kind, pattern in kinds if pattern.search(text)), None)

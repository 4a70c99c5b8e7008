"""Sections: the part of a document a line stands in, by headings or, without them, wording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from monitor.extraction.text import HEADING_LENGTH
from monitor.extraction.vocabulary import DATA, WordTable, read_table

_NUMERAL = "[一二三四五六七八九十]{1,3}"
_LONGEST_HEADING = 60
_LONGEST_STANDALONE = 40
_DECORATION = " —*#■□●◆◇▲★【】〔〕[]"
_SENTENCE_ENDS = frozenset("。；！？")
_PARTS_LEVEL = 2
"""The level of the parts of a chapter: （一）. Below it are items: 1., 一是."""
_OPENING = 40
_LONGEST_FRONT = 2000
_Kinds: TypeAlias = "tuple[tuple[Section, re.Pattern[str]], ...]"


@cache
def _line_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"(?:[^\n。！？；]|[。！？；](?!(?:第{_NUMERAL}部分|{_NUMERAL}、|（{_NUMERAL}）"
        rf"|(?:{_any(_words().plan_headings)})[。：])))+[。！？；]?"
    )


@cache
def _head_end_pattern() -> re.Pattern[str]:
    return re.compile("[。！？；：]")


class Section(StrEnum):
    """What a part of a document is about."""

    REVIEW = "review"
    OUTLOOK = "outlook"
    PLAN = "plan"
    LIVELIHOOD = "livelihood"
    SELF = "self"
    PROBLEMS = "problems"
    GLOSSARY = "glossary"
    BOILERPLATE = "boilerplate"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Marker(WordTable):
    """What a heading line of one level begins with."""

    level: int
    pattern: str


@dataclass(frozen=True)
class KindPattern(WordTable):
    """Wording that names a kind of section."""

    kind: Section
    pattern: str


@dataclass(frozen=True)
class SectionWords(WordTable):
    """``data/sections.yaml``."""

    markers: tuple[Marker, ...]
    headings: tuple[KindPattern, ...]
    plan_headings: tuple[str, ...]
    standalone: tuple[str, ...]
    openings: tuple[KindPattern, ...]
    standing: tuple[KindPattern, ...]
    part_of_plan: str
    preface_acts: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line with its section, the nearest heading, and the reason for the section."""

    start: int
    end: int
    section: Section
    heading: str
    reason: str
    lead: int
    """End of its first sentence, which is a run-in heading when it is short."""


@cache
def _words() -> SectionWords:
    return read_table(DATA / "sections.yaml", SectionWords)


@cache
def _markers() -> tuple[tuple[int, re.Pattern[str]], ...]:
    return tuple((marker.level, re.compile(marker.pattern)) for marker in _words().markers)


@cache
def _standalone_pattern() -> re.Pattern[str]:
    return re.compile(_any(_words().standalone))


@cache
def _plan_heading_pattern() -> re.Pattern[str]:
    return re.compile(_any(_words().plan_headings))


def _any(patterns: tuple[str, ...]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


@cache
def _kinds(plan_year: int | None) -> tuple[_Kinds, _Kinds]:
    year = "20[0-9]{2}" if plan_year is None else str(plan_year)
    last = "(?!)" if plan_year is None else str(plan_year - 1)

    def compiled(patterns: tuple[KindPattern, ...]) -> _Kinds:
        return tuple(
            (p.kind, re.compile(p.pattern.replace("{now}", year).replace("{last}", last)))
            for p in patterns
        )

    return compiled(_words().headings), compiled(_words().openings)


def paragraphs(text: str, plan_year: int | None) -> list[Paragraph]:
    """All lines of ``text`` with their sections.

    A heading in the middle of a line (line breaks were lost) starts a paragraph too.

    Args:
        text: text for analysis.
        plan_year: the year the document plans; None when it is not known.
    """
    outline = _Outline(*_kinds(plan_year))
    return [outline.place(text, *found.span()) for found in _line_pattern().finditer(text)]


def plan_document_sections(text: str, lines: Sequence[Paragraph]) -> list[Paragraph]:
    """The sections of a plan that a government issued: it has no review half.

    Whatever year a line names, it is planned, except under a heading on where things stand
    (发展基础: review; 形势: by its wording) or on how to apply. Title, preface and the names of
    attachments say nothing; a preface that begins something (现组织开展…) does.

    Args:
        text: the text of the plan.
        lines: its lines as ``paragraphs`` found them.
    """
    levels = [marker_level(text, line) for line in lines]
    body = next((number for number, level in enumerate(levels) if level), None)
    has_front = body is not None and lines[body].start <= _LONGEST_FRONT
    background: tuple[int, Section] | None = None
    attached = False
    found: list[Paragraph] = []
    for number, (line, level) in enumerate(zip(lines, levels, strict=True)):
        words = text[line.start : line.end].strip()
        listed = attached and _attached_name_pattern().match(words) is not None
        attached = listed or _attachment_pattern().match(words) is not None
        if level and (background is None or level <= background[0]):
            here = _kind(_standing(), line.heading)
            background = (level, here) if here else None
        front = has_front and number < (body or 0) and _preface_pattern().search(words) is None
        if attached or front:
            reason = "preface or attachment of a plan"
            found.append(replace(line, section=Section.BOILERPLATE, reason=reason))
        elif line.section in _OUTSIDE_OF_PLANS:
            found.append(line)
        elif background is not None:
            found.append(replace(line, section=background[1]))
        elif line.section in _AHEAD:
            found.append(line)
        else:
            found.append(replace(line, section=Section.PLAN, reason="a plan has no review"))
    return found


def opens_part(text: str, lines: Sequence[Paragraph], number: int) -> bool:
    """Whether a line heads the lines below it: they are of a lower level or are prose.

    Args:
        text: the text of a document.
        lines: its lines as ``paragraphs`` found them.
        number: which of them.
    """
    words = [text[line.start : line.end].strip() for line in lines[number : number + 2]]
    if len(words) < 2 or words[0][-1:] in _SENTENCE_ENDS or len(words[0]) > _LONGEST_STANDALONE:
        return False
    level, below = (marker_level(text, line) for line in lines[number : number + 2])
    if level:
        return not below or below > level
    return below > _PARTS_LEVEL or (not below and words[1][-1:] in _SENTENCE_ENDS)


@cache
def plan_part_pattern() -> re.Pattern[str]:
    """The name of a part of a plan with no more than that it is carried out: 实施算力强基行动."""
    return re.compile(_words().part_of_plan)


def marker_level(text: str, line: Paragraph) -> int:
    """The level of the number or sign that a line begins with, 0 for none."""
    return _marker(text, line)[0]


def marker_end(text: str, line: Paragraph) -> int:
    """Where the words of a line begin, after the number or sign in front of them."""
    return _marker(text, line)[1]


def _marker(text: str, line: Paragraph) -> tuple[int, int]:
    start = line.start
    while start < line.end and text[start] in _DECORATION:
        start += 1
    for level, mark in _markers():
        found = mark.match(text, start, line.end)
        if found is not None:
            return level, found.end()
    return 0, start


@cache
def _standing() -> _Kinds:
    return tuple((one.kind, re.compile(one.pattern)) for one in _words().standing)


@cache
def _preface_pattern() -> re.Pattern[str]:
    return re.compile(_words().preface_acts)


@cache
def _attachment_pattern() -> re.Pattern[str]:
    return re.compile("附件(?:[0-9]{1,2}|[一二三四五六七八九十])?(?:：|$)")


@cache
def _attached_name_pattern() -> re.Pattern[str]:
    return re.compile("[0-9]{1,2}[.、][^。；]{2,60}$")


@dataclass
class _Outline:
    """State of the walk through a document: the open section and heading."""

    headings: _Kinds
    openings: _Kinds
    section: Section = Section.UNKNOWN
    opening_section: Section | None = None
    heading: str = ""

    def place(self, text: str, start: int, end: int) -> Paragraph:
        """Return the paragraph at ``start:end`` and advance the outline."""
        found = _head_end_pattern().search(text, start, end)
        lead = found.end() if found else end
        head_end = found.start() if found else end
        level = self._level(text, start, end, head_end)
        head = text[start:head_end].strip(_DECORATION)
        if level == 1 and len(head) > _LONGEST_HEADING:
            head = head[: HEADING_LENGTH + 10]
        if level and len(head) <= _LONGEST_HEADING:
            here, reason = self._by_heading(level, head)
        else:
            here, reason = self._by_opening(text[start : min(end, start + _OPENING)])
            heads = lead - start <= HEADING_LENGTH and here is not Section.BOILERPLATE
            if heads and "，" not in head and head not in _GREETINGS:
                self.heading = head
        return Paragraph(start, end, here, self.heading, reason, lead)

    def _level(self, text: str, start: int, end: int, head_end: int) -> int:
        """The level of the heading at ``start``, 0 for a line that is none."""
        while start < end and text[start] in _DECORATION:
            start += 1
        for level, pattern in _markers():
            marker = pattern.match(text, start, end)
            if marker is not None:
                opens = level > 1 and self._opens_plan(text[marker.end() : head_end])
                return 1 if opens else level
        if self._opens_plan(text[start:head_end]):
            return 1
        whole = text[start:end].strip(_DECORATION + "：")
        return int(
            len(whole) <= _LONGEST_STANDALONE and bool(_standalone_pattern().fullmatch(whole))
        )

    def _opens_plan(self, head: str) -> bool:
        """Whether a heading opens the plan, on whatever level it is numbered."""
        head = head.strip(_DECORATION)
        if len(head) > _LONGEST_STANDALONE or _plan_heading_pattern().fullmatch(head) is None:
            return False
        return _kind(self.headings, head) is Section.PLAN

    def _by_heading(self, level: int, head: str) -> tuple[Section, str]:
        kind = _kind(self.headings, head)
        if level == 1:
            # A heading that does not tell leaves it to the wording (assign_plan_or_review).
            self.section = kind or Section.UNKNOWN
        elif kind is Section.LIVELIHOOD and self.section is Section.REVIEW:
            pass  # 办好民生实事 under the review is last year's list
        elif kind in _AT_ANY_LEVEL or (kind and self.section is Section.MIXED):
            self.section = kind
        self.heading, self.opening_section = head, None
        return self.section, f"heading {head!r}"

    def _by_opening(self, opening: str) -> tuple[Section, str]:
        kind = _kind(self.openings, opening)
        if kind in {Section.PROBLEMS, Section.GLOSSARY, Section.BOILERPLATE}:
            return kind, "opening of the paragraph"
        if kind and (self.section in _UNDECIDED or kind is Section.REVIEW):
            self.opening_section = kind if self.section in _UNDECIDED else self.opening_section
            return kind, "opening of the paragraph"
        if self.opening_section:
            return self.opening_section, "opening of a paragraph before"
        return self.section, f"heading {self.heading!r}" if self.heading else "no heading"


_AT_ANY_LEVEL = frozenset({Section.GLOSSARY, Section.BOILERPLATE, Section.LIVELIHOOD})
_GREETINGS = frozenset({"各位代表", "同志们", "各位委员", "现在"})
_OUTSIDE_OF_PLANS = frozenset({Section.PROBLEMS, Section.GLOSSARY, Section.BOILERPLATE})
_AHEAD = frozenset({Section.PLAN, Section.OUTLOOK, Section.LIVELIHOOD})
_UNDECIDED = frozenset({Section.UNKNOWN, Section.MIXED, Section.OUTLOOK})


def _kind(kinds: _Kinds, text: str) -> Section | None:
    return next((kind for kind, pattern in kinds if pattern.search(text)), None)

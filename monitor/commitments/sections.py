"""Sections: which part of a document a line stands in, from headings or, without them, wording."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from monitor.commitments.layout import HEADING_LENGTH
from monitor.commitments.vocabulary import DATA, Table
from monitor.yamlfile import read_yaml, validate

_LINE = re.compile(r"[^\n]+")
_HEAD_END = re.compile("[。！？；：]")
_LONGEST_HEADING = 60
_OPENING = 40


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
def _kinds(now: int | None) -> tuple[tuple[tuple[Section, re.Pattern[str]], ...], ...]:
    year = "20[0-9]{2}" if now is None else str(now)
    last = "(?!)" if now is None else str(now - 1)

    def compiled(patterns: tuple[KindPattern, ...]) -> tuple[tuple[Section, re.Pattern[str]], ...]:
        return tuple(
            (p.kind, re.compile(p.pattern.replace("{now}", year).replace("{last}", last)))
            for p in patterns
        )

    return compiled(_words().headings), compiled(_words().openings)


def paragraphs(text: str, now: int | None) -> list[Paragraph]:
    """All lines of ``text`` with their sections; ``now`` is the year of the plan."""
    headings, openings = _kinds(now)
    found: list[Paragraph] = []
    section, opened, heading = Section.UNKNOWN, Section.UNKNOWN, ""
    for line in _LINE.finditer(text):
        start, end = line.span()
        lead_match = _HEAD_END.search(text, start, end)
        lead = lead_match.end() if lead_match else end
        level = _level(text, start, end)
        head = text[start : lead - 1 if lead_match else end].strip(" —*#")
        if level and lead - start <= _LONGEST_HEADING:
            kind = _kind(headings, head) if level == 1 or section is Section.MIXED else None
            special = kind if level == 1 else _special(headings, head)
            if special is not None or level == 1:
                section = special or _next(section)
            elif kind is not None:
                section = kind
            heading, opened = head, Section.UNKNOWN
            here, reason = section, f"heading {head!r}"
        else:
            said = _opening(openings, text[start : min(end, start + _OPENING)])
            if said is Section.PROBLEMS:
                here, reason = said, "opening of the paragraph"
            elif said is not None and (section in _OPEN or said is Section.REVIEW):
                here, reason = said, "opening of the paragraph"
                if section in _OPEN:
                    opened = said
            elif opened is not Section.UNKNOWN:
                here, reason = opened, "opening of a paragraph before"
            else:
                here, reason = section, f"heading {heading!r}" if heading else "no heading"
            if lead - start <= HEADING_LENGTH and "，" not in head and head not in _GREETINGS:
                heading = head
        found.append(Paragraph(start, end, here, heading, reason, lead))
    return found


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


def _kind(kinds: tuple[tuple[Section, re.Pattern[str]], ...], text: str) -> Section | None:
    return next((kind for kind, pattern in kinds if pattern.search(text)), None)


def _special(kinds: tuple[tuple[Section, re.Pattern[str]], ...], text: str) -> Section | None:
    kind = _kind(kinds, text)
    return kind if kind in {Section.GLOSSARY, Section.FURNITURE, Section.LIVELIHOOD} else None


def _opening(kinds: tuple[tuple[Section, re.Pattern[str]], ...], text: str) -> Section | None:
    return _kind(kinds, text)


def _next(section: Section) -> Section:
    """A heading that says nothing: what follows a review or a plan is a plan."""
    return Section.UNKNOWN if section is Section.UNKNOWN else Section.PLAN

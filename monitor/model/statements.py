"""What is said: statements, who says them, and the targets in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NATION = "全国"
"""Region of the State Council and the central departments (GB/T 2260 code 100000)."""


class Label(StrEnum):
    """What a statement is."""

    COMMITMENT = "commitment"
    ACHIEVEMENT = "achievement"
    PROPOSAL = "proposal"
    OPINION = "opinion"
    OTHER = "other"


class Speaker(StrEnum):
    """Who says it."""

    GOVERNMENT = "government"  # the region's own
    MINISTRY = "ministry"  # a central department; region 全国
    DELEGATE = "delegate"  # people's congress or consultative conference
    EXPERT = "expert"
    ENTERPRISE = "enterprise"
    MEDIA = "media"  # the paper itself


class Op(StrEnum):
    """How a target's value is meant."""

    AT_LEAST = "at_least"
    REACH = "reach"
    ABOUT = "about"
    INCREASE_BY = "increase_by"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Target:
    """A number in a statement.

    ``value`` is in ``unit`` with 万/亿/万亿 multiplied out; ``year`` is the year the sentence
    names for it, else None (the year of the plan is implied); ``raw`` is the phrase itself.
    """

    metric: str
    op: Op
    value: float
    unit: str
    year: int | None
    raw: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that says something about a topic.

    ``start`` and ``end`` are offsets in code points into the text of its document, and
    ``document.text[start:end] == text``. ``region`` is a full official name (贵州省) or None
    when nobody can tell; ``section`` is the heading it stands under. ``source_name`` is the office
    that speaks, by its official name (several joined by 、), or the document in 《》;
    ``person_title`` is the person's without the office. None where the text names nobody.
    """

    text: str
    start: int
    end: int
    label: Label
    speaker: Speaker
    region: str | None
    year: int | None
    themes: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    section: str = ""
    topic: str = "ai_computing"
    source_name: str | None = None
    person: str | None = None
    person_title: str | None = None

    @property
    def offices(self) -> tuple[str, ...]:
        """The offices that speak, without a document."""
        name = self.source_name or ""
        return () if not name or name.startswith("《") else tuple(name.split("、"))

    @property
    def source_line(self) -> str:
        """Who speaks, by name: 国家数据局, 副局长张某; empty where nobody is named."""
        person = f"{self.person_title or ''}{self.person or ''}"
        return ", ".join(part for part in (self.source_name, person) if part)


def number(value: float | None) -> float | int | None:
    """190 rather than 190.0: whole numbers are shown whole, wherever they are shown."""
    if value is not None and value == int(value):
        return int(value)
    return value


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a report of a region, as a chart or a table shows it."""

    plan_year: int | None
    year: int | None
    label: str
    metric: str
    op: str
    value: float
    unit: str
    text: str
    document_title: str

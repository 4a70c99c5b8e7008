"""A rule: which changes interest whom. Empty sets leave a condition open."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from monitor.model.alerts import Recipient, When
from monitor.model.changes import Basis, Kind
from monitor.model.statements import Label, Speaker


class Pattern(Protocol):
    """A compiled linear-time expression (google-re2)."""

    @property
    def pattern(self) -> str:
        """The expression as written."""

    def search(self, text: str) -> Any:
        """A match anywhere in ``text``, or None."""


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template for alerts, as it stands in its file."""

    path: Path
    source: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What rules may name beside regions; None where nobody knows what there is.

    ``template`` raises a UserError for a template that is wrong. ``looked_at`` is told of each
    template's file before it is read, whether it is there or not.
    """

    themes: Collection[str] | None = None
    topics: Collection[str] | None = None
    sources: Collection[str] | None = None
    channels: Collection[str] | None = None
    template: Callable[[TemplateFile], None] | None = None
    looked_at: Callable[[Path], None] | None = None


ANYTHING = Known()
"""Nothing is checked."""


@dataclass(frozen=True, slots=True)
class TargetCondition:
    """A number a change must have.

    ``metric`` is a part of the metric's name; ``at_least`` and ``at_most`` are in ``unit``, which
    is converted first; ``relative_change`` is the least change of the number in percent.
    """

    metric: str | None = None
    unit: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    relative_change: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a rule file, checked and compiled. Regions are official names."""

    id: str
    name: str
    description: str
    topics: frozenset[str]
    regions: frozenset[str]
    keywords_any: tuple[str, ...]
    keywords_all: tuple[str, ...]
    keywords_none: tuple[str, ...]
    regex: tuple[Pattern, ...]
    themes: frozenset[str]
    kinds: frozenset[Kind]
    basis: frozenset[Basis]
    speakers: frozenset[Speaker]
    labels: frozenset[Label]
    sources: frozenset[str]
    years: frozenset[int]
    target: TargetCondition | None
    priority: int
    recipients: tuple[Recipient, ...]
    subscribable: bool
    when: When | None = None
    template: TemplateFile | None = None

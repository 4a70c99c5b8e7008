"""A rule: which changes are sent to whom. An empty set accepts everything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from monitor.model.alerts import DeliveryMode, Recipient
from monitor.model.changes import Basis, Certainty, Kind
from monitor.model.statements import Label, Speaker


class CertaintyCondition(StrEnum):
    """Which changes a rule takes by their certainty; *unsure* ones alone are never asked for."""

    SURE = "sure"
    ANY = "any"


EACH_LINE = "(?m)"
"""Before each expression: the sentences of a change are lines of the text that is searched."""


class Pattern(Protocol):
    """A compiled linear-time expression (google-re2)."""

    @property
    def pattern(self) -> str:
        """The expression, folded."""

    def search(self, text: str) -> Any:
        """A match anywhere in ``text``, or None."""


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template for alerts, as it stands in its file."""

    path: Path
    source: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RuleVocabulary:
    """The names that rules may use beside regions; None where names are not checked.

    ``source_regions`` has the region of each source all of whose changes are of one.
    ``check_template`` raises a UserError for an invalid template. ``before_template_read`` is
    called with each template's path before it is read, whether it exists or not. Without
    ``reads_templates`` no file is opened: for a rule that somebody only tries.
    """

    themes: Collection[str] | None = None
    topics: Collection[str] | None = None
    sources: Collection[str] | None = None
    channels: Collection[str] | None = None
    source_regions: Mapping[str, str] | None = None
    check_template: Callable[[TemplateFile], None] | None = None
    before_template_read: Callable[[Path], None] | None = None
    reads_templates: bool = True


ANY_VOCABULARY = RuleVocabulary()
"""No name is checked."""


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
    """One entry of a rule file, checked and compiled.

    Regions are official names; ``speakers`` are kinds of speaker and official names of offices.
    """

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
    certainty: frozenset[Certainty]
    speakers: frozenset[Speaker | str]
    labels: frozenset[Label]
    sources: frozenset[str]
    years: frozenset[int]
    target: TargetCondition | None
    priority: int
    recipients: tuple[Recipient, ...]
    subscribable: bool
    delivery: DeliveryMode | None = None
    template: TemplateFile | None = None

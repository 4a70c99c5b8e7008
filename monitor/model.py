"""The words of the product as frozen values. Every room speaks in these; they import nothing.

The glossary is in docs/explanation/design.md; the names here, in SQL, in YAML and in the
command line are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
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


class Kind(StrEnum):
    """What happened to a commitment."""

    ADDED = "added"
    STRENGTHENED = "strengthened"
    WEAKENED = "weakened"
    REWORDED = "reworded"
    CONTINUED = "continued"
    DROPPED = "dropped"


class Basis(StrEnum):
    """What was compared with what."""

    REVISION = "revision"  # a document with its own earlier text (none yet, for a new one)
    SUCCESSION = "succession"  # this year's report with last year's of the same series


class Verdict(StrEnum):
    """What a later report's review says of a target that was due."""

    KEPT = "kept"
    MISSED = "missed"
    SILENT = "silent"
    PENDING = "pending"  # not due yet, or the report that would tell is not there


class Outcome(StrEnum):
    """How a visit ended. Only ``OK`` may become the baseline of a comparison."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    BLOCKED = "blocked"
    EMPTY = "empty"
    SHRUNK = "shrunk"
    GONE = "gone"
    MOVED = "moved"
    ERROR = "error"


class Health(StrEnum):
    """How a source has been of late."""

    OK = "ok"
    FAILING = "failing"  # several visits in a row went wrong
    QUIET = "quiet"  # nothing new for long, although most others of its kind had


class DocumentKind(StrEnum):
    """What a document is."""

    REPORT = "report"  # a government work report: one a year, member of a series
    NEWS = "news"  # an article of the press
    PAGE = "page"  # anything else that is watched at one address


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
    when nobody can tell; ``section`` is the heading it stands under.
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


@dataclass(frozen=True, slots=True)
class Delta:
    """A target before and after; None where there was or is none. Both in ``unit``."""

    metric: str
    unit: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log. At least one of ``before`` and ``after`` is there."""

    kind: Kind
    basis: Basis
    region: str | None
    before: Statement | None
    after: Statement | None
    deltas: tuple[Delta, ...] = ()
    similarity: float = 0.0

    @property
    def statement(self) -> Statement:
        """The statement to show: what is said now, or what was said last."""
        statement = self.after or self.before
        if statement is None:  # pragma: no cover - nobody builds such a change
            raise ValueError("a change has a statement before or after")
        return statement


@dataclass(frozen=True, slots=True)
class Selectors:
    """CSS selectors of a page family; None leaves the search to the general reader."""

    title: str | None = None
    published: str | None = None
    source_line: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A page as read: clean text, and what the page says of itself.

    ``text`` has one line a paragraph, no markup, no navigation; ``outcome`` is ``OK``,
    ``EMPTY``, ``BLOCKED`` or ``GONE`` and says whether the text may be believed.
    """

    text: str
    title: str = ""
    published: date | None = None
    source_line: str | None = None
    charset: str = "utf-8"
    outcome: Outcome = Outcome.OK
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of a document before its text is read: who publishes it, for where, when."""

    kind: DocumentKind
    speaker: Speaker
    region: str | None
    year: int | None = None
    published: date | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An address found on a list page, with the title and date the list gives it."""

    url: str
    title: str = ""
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back for one address.

    ``body`` is empty unless ``outcome`` is ``OK``, or the body is the evidence of a block.
    ``etag`` and ``last_modified`` are kept only if the page they came with was read and stored.
    ``headers`` came with the answer, ``sent`` went with the request, names in lower case.
    """

    url: str
    final_url: str
    outcome: Outcome
    status: int | None
    fetched_at: datetime
    body: bytes = b""
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    retry_after: float | None = None
    sent: Mapping[str, str] = field(default_factory=dict)


class When(StrEnum):
    """When a rule wants its matches told, whatever the chat has chosen."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, order=True)
class Recipient:
    """Who is told: a Telegram chat, one topic of a forum, or another way out by its name.

    ``chat_id`` is Telegram's (0 for a way); ``thread_id`` is its message_thread_id, 0 outside a
    forum's topics.
    """

    chat_id: int
    thread_id: int = 0
    way: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that wants a change, and whom its file names."""

    rule_id: str
    recipients: tuple[Recipient, ...]
    priority: int = 0
    when: When | None = None


def number(value: float | None) -> float | int | None:
    """190 rather than 190.0: whole numbers are shown whole, wherever they are shown."""
    if value is not None and value == int(value):
        return int(value)
    return value

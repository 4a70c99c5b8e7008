"""Values of the three steps of ingest: the request, the loaded state, the plan, the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from monitor.comparison.similarity import ClauseIndex, TextShingles
from monitor.extraction.extract import plan_sentences, review_sentences
from monitor.model.alerts import Match
from monitor.model.changes import Change, Verdict
from monitor.model.documents import (
    Document,
    DocumentKind,
    FetchRecord,
    Origin,
    Outcome,
    Provenance,
    StoredDocument,
    StoredSnapshot,
)
from monitor.model.statements import Speaker, Statement
from monitor.retry import CLOCK_SKEW

MIRROR = "mirror"
"""The reason of a result: the page is a copy of a known document and says nothing new."""

REMOVED = "removed"
"""The reason of a result: the page shows a document that an operator removed."""

NO_COMMITMENT = "no commitment was found in this report"
"""The reason of a result: the plan of a report may not have been recognised."""

FULFILMENT_HORIZON = 5
"""Years a plan reaches: the targets of a five-year plan are in the report that opens it."""


@dataclass(frozen=True, slots=True)
class SuspectPolicy:
    """When a suspect text is believed: after ``visits`` over ``hours`` that saw the same text.

    ``shrink`` is the share of the last good text below which a text is suspect. A text without any
    statement, where there were some, is believed after ``empty_confirm_hours``: it may be an
    unknown kind of error page.
    """

    visits: int = 3
    hours: float = 24.0
    shrink: float = 0.5
    empty_confirm_hours: float = 168.0


@dataclass(frozen=True, slots=True)
class SuspectState:
    """A suspect text at an address: its hash, how many visits saw it, and since when."""

    text_hash: str | None = None
    count: int = 0
    since: datetime | None = None

    def seen(self, text_hash: str, now: datetime) -> SuspectState:
        """The state after one more visit that saw the text with this hash."""
        # A time ahead is of a clock that was wrong: waiting begins anew.
        since = self.since
        if text_hash == self.text_hash and since is not None and since <= now + CLOCK_SKEW:
            return replace(self, count=self.count + 1)
        return SuspectState(text_hash, 1, now)

    def is_confirmed(self, policy: SuspectPolicy, now: datetime, *, emptied: bool) -> bool:
        """Whether enough visits over enough hours saw the text.

        Args:
            policy: the limits.
            now: the time of the visit.
            emptied: the text has no statements, and the last good one had.
        """
        if self.since is None or self.count < policy.visits:
            return False
        hours = max(policy.hours, policy.empty_confirm_hours) if emptied else policy.hours
        return now - self.since >= timedelta(hours=hours)


@dataclass(frozen=True)
class IngestRequest:
    """A page that was read and searched for statements.

    ``document_id`` is the document this address had at its last visit; ``baseline`` says that a
    document that is new was published before its source was watched. ``origin`` is how a document
    that is history came, if neither a first visit nor a file tells.
    """

    document: Document
    provenance: Provenance
    statements: tuple[Statement, ...]
    fetch: FetchRecord
    source_id: str | None = None
    document_id: int | None = None
    baseline: bool = False
    suspect: SuspectState = field(default_factory=SuspectState)
    origin: Origin | None = None

    @cached_property
    def shingles(self) -> TextShingles:
        """The text's shingles, computed once: for its fingerprint and for every comparison."""
        return TextShingles(self.document.text)

    @cached_property
    def plan(self) -> tuple[Statement, ...]:
        """The sentences about other subjects in the plan of a report."""
        return plan_sentences(self.document.text, self.provenance, self.statements)

    @cached_property
    def review(self) -> tuple[Statement, ...]:
        """The sentences about other subjects in the review of a report that give a number."""
        return review_sentences(self.document.text, self.provenance, self.statements)


@dataclass(frozen=True)
class KnownDocument:
    """A stored document with its newest good snapshot.

    ``earlier_sentences`` are the statements of its older snapshots, as they were written.
    """

    document: StoredDocument
    snapshot: StoredSnapshot
    earlier_sentences: frozenset[str] = frozenset()

    @cached_property
    def shingles(self) -> TextShingles:
        """The shingles of the snapshot's text."""
        return TextShingles(self.snapshot.text)

    @cached_property
    def clauses(self) -> ClauseIndex:
        """The clauses of the snapshot's text."""
        return ClauseIndex(self.snapshot.text)


@dataclass(frozen=True, slots=True)
class IngestState:
    """All that the decision needs from storage.

    Attributes:
        document: the document this address had at its last visit.
        known: the same with its snapshot; None if it has none.
        removed: a document that was removed, which the page shows or repeats.
        same_text: a document whose newest snapshot has exactly this text.
        similar: documents with nearly the same text, the most similar first.
        reports: reports by region and year: of the series the page belongs to, of the years that
            are compared with it, and those its statements may repeat.
        compared: snapshots of reports that were compared with the year before.
        told: of a new report, what articles told of its region and year before it came, not linked
            with any commitment yet; ``told_ids`` are the rows, in the same order.
        repeated: of the known document's snapshot, the rows that only repeat a commitment, with
            the commitment's row and the share that is repeated.
    """

    document: StoredDocument | None = None
    known: KnownDocument | None = None
    removed: StoredDocument | None = None
    same_text: StoredDocument | None = None
    similar: tuple[KnownDocument, ...] = ()
    reports: Mapping[tuple[str, int], KnownDocument] = field(default_factory=dict)
    compared: frozenset[int] = frozenset()
    told: tuple[Statement, ...] = ()
    told_ids: tuple[int, ...] = ()
    repeated: Mapping[int, tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatementRef:
    """A statement of the plan: a stored row, or one of the new snapshot by its position.

    ``other`` is a sentence about another subject that no row has yet; ``snapshot`` is the stored
    snapshot and its document that it stands in, None for the new one.
    """

    row_id: int | None = None
    position: int | None = None
    other: Statement | None = None
    snapshot: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change to be logged, with its statements' rows and the rules that match it."""

    change: Change
    before: StatementRef | None
    after: StatementRef | None
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedCorroboration:
    """A new statement that repeats ``share`` of a known commitment."""

    statement: StatementRef
    commitment: StatementRef
    share: float


@dataclass(frozen=True, slots=True)
class PlannedVerdict:
    """What became of one target, by a review; ``review_id`` None is the new snapshot.

    ``review_document_id`` is the document of a stored review. ``change`` is logged, and sent to the
    rules that match it, unless the same verdict on the target was given before.
    """

    review_id: int | None
    review_document_id: int | None
    commitment: StatementRef
    position: int
    due: int
    verdict: Verdict
    achievement: StatementRef | None
    achieved: float | None
    unit: str | None
    change: Change
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """A snapshot to be written; only a believed one (``OK``) keeps its statements."""

    outcome: Outcome = Outcome.OK
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CurrentSnapshot:
    """The new snapshot becomes the document's current one, with this title and date."""

    title: str
    published: date | None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be added, and the fingerprint it is found by."""

    provenance: Provenance
    baseline: bool
    fingerprint: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SuccessorChanges:
    """Changes of a newer report, known already, against the new one; logged without alerts."""

    document_id: int
    snapshot_id: int
    changes: tuple[PlannedChange, ...]


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """All that is to be written, decided.

    ``document_id`` is None for a document that is new (``new_document``). ``versions`` are the
    positions of new statements and the rows they had in the document's snapshot before.
    ``move_home`` gives the document this address and source; ``predecessor_id`` and
    ``successor_id`` are the reports of the year before and after that get linked. ``origin`` is
    that of all statements and changes which are new.
    """

    outcome: Outcome = Outcome.OK
    reason: str = ""
    document_id: int | None = None
    new_document: NewDocument | None = None
    snapshot: NewSnapshot | None = None
    current: CurrentSnapshot | None = None
    versions: tuple[tuple[int, int], ...] = ()
    move_home: bool = False
    suspect: SuspectState | None = None
    predecessor_id: int | None = None
    successor_id: int | None = None
    successor_changes: SuccessorChanges | None = None
    verdicts: tuple[PlannedVerdict, ...] = ()
    corroborations: tuple[PlannedCorroboration, ...] = ()
    changes: tuple[PlannedChange, ...] = ()
    origin: Origin = Origin.LIVE


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of a request; ``suspect`` is set while the text is not believed.

    ``successor_changes`` counts what a newer report, known already, changed against this one.
    ``is_new``: the document was added with it.
    """

    document_id: int | None
    outcome: Outcome
    reason: str = ""
    changes: tuple[Change, ...] = ()
    alerts: int = 0
    suspect: SuspectState | None = None
    successor_changes: int = 0
    is_new: bool = False

    def with_return(self, back: IngestResult | None) -> IngestResult:
        """The result of a visit that also found a withdrawn document back."""
        if back is None:
            return self
        return replace(self, changes=self.changes + back.changes, alerts=self.alerts + back.alerts)


def stored_plan(document: StoredDocument, snapshot: StoredSnapshot) -> tuple[Statement, ...]:
    """The sentences about other subjects in the plan of a stored report."""
    provenance = Provenance(document.kind, Speaker.GOVERNMENT, document.region, document.year)
    return plan_sentences(snapshot.text, provenance, snapshot.statements)


def stored_review(document: StoredDocument, snapshot: StoredSnapshot) -> tuple[Statement, ...]:
    """The sentences about other subjects in the review of a stored report."""
    provenance = Provenance(document.kind, Speaker.GOVERNMENT, document.region, document.year)
    return review_sentences(snapshot.text, provenance, snapshot.statements)


def series_key(one: StoredDocument | Provenance | None) -> tuple[str, int] | None:
    """Region and year of a report of a series; None for anything else."""
    if one is None or one.kind is not DocumentKind.REPORT or not one.region or not one.year:
        return None
    return one.region, one.year


def lacks_address(document: StoredDocument, url: str | None) -> bool:
    """Whether a page is the first web address of a document that came from a file."""
    return document.url is None and url is not None


def is_elsewhere(document: StoredDocument, request: IngestRequest) -> bool:
    """Whether a document is read from another address than the page of a request."""
    return document.url is not None and document.url != request.fetch.url

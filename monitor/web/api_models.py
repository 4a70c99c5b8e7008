"""What the JSON API answers with: the models that its description is made from.

Changes and statements have the shape of ``monitor.json_contract``; a model takes its objects as
they are, and refuses a key that it does not know, so that the two cannot differ unnoticed.
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from monitor.model.changes import Basis, Certainty, Kind, Verdict
from monitor.model.statements import Label, Op, Speaker


class Item(BaseModel):
    """What all answers are: nothing beside what is described."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        from_attributes=True,
        json_schema_serialization_defaults_required=True,
    )


class Target(Item):
    """A number in a statement."""

    metric: str
    op: Op
    value: float
    unit: str
    year: int | None
    raw: str


class Statement(Item):
    """A sentence; its offsets are code points of the text it stands in."""

    text: str
    start: int
    end: int
    label: Label
    speaker: Speaker
    region: str | None
    year: int | None
    themes: list[str]
    targets: list[Target]
    section: str
    source_name: str | None
    person: str | None
    person_title: str | None


class Delta(Item):
    """A target before and after."""

    metric: str
    unit: str
    before: float | None
    after: float | None


class DocumentLink(Item):
    """The document that something stands in."""

    id: int
    title: str
    url: str | None
    published: date | None
    source: str | None


class Change(Item):
    """A line of the change log."""

    id: int
    detected_at: datetime
    kind: Kind
    basis: Basis
    region: str | None
    before: Statement | None
    after: Statement | None
    deltas: list[Delta]
    similarity: float
    score: float | None
    nearest_text: str | None
    certainty: Certainty
    summary: str
    document: DocumentLink


class Evidence(Item):
    """The snapshot that a change's sentence was read from; ``sha256`` is that of the page."""

    snapshot_id: int
    visited_at: datetime
    status: int | None
    url: str | None
    sha256: str | None


class ChangeDetail(Change):
    """A line of the change log, the commitment that it is about, and its evidence."""

    commitment_id: int | None
    evidence: Evidence | None


class StatementItem(Statement):
    """A statement with its document, and whether it holds."""

    id: int
    document: DocumentLink
    snapshot_id: int
    first_version_id: int
    first_seen_at: datetime | None
    origin: str
    is_current: bool
    in_force: bool
    in_force_until: date | None
    withdrawn_at: datetime | None
    superseded_by: int | None
    repeats: int | None


class CommitmentYear(Item):
    """What one year's report said of a commitment."""

    statement_id: int
    year: int
    text: str
    in_scope: bool
    metric: str | None
    op: Op | None
    value: float | None
    unit: str | None
    kind: Kind | None
    change_id: int | None
    merged_into: int | None
    url: str | None


class Commitment(Item):
    """A commitment; what no reports repeat over the years has no history."""

    id: int
    statement: StatementItem
    first_year: int | None
    last_year: int | None
    years: int
    history: list[CommitmentYear]


class DocumentVersion(Item):
    """A snapshot of a document; ``statements`` counts them by label."""

    snapshot_id: int
    visited_at: datetime
    outcome: str
    reason: str
    url: str | None
    published: date | None
    published_from: str | None
    characters: int
    statements: dict[str, int]


class Document(Item):
    """A document; ``commitments`` are those of its newest text."""

    id: int
    kind: str
    region: str | None
    year: int | None
    published: date | None
    title: str
    source_id: str | None
    url: str | None
    baseline: bool
    first_seen_at: datetime
    withdrawn_at: datetime | None
    removed_at: datetime | None
    successor_id: int | None
    commitments: int
    addresses: list[str]
    versions: list[DocumentVersion]


class Snapshot(Item):
    """The text of a document as a visit read it."""

    id: int
    document_id: int | None
    visited_at: datetime
    outcome: str
    reason: str
    url: str | None
    title: str
    published: date | None
    text_hash: str
    sha256: str | None
    text: str


class Region(Item):
    """How a region stands; a line of ``region_summary``."""

    region: str
    report_id: int | None
    report_title: str | None
    report_url: str | None
    report_year: int | None
    report_published: date | None
    commitments: int
    with_numbers: int
    added: int
    strengthened: int
    weakened: int
    dropped: int
    met: int
    missed: int
    not_reported: int
    last_change_at: datetime | None
    sources: int
    failing_sources: int
    quiet_sources: int


class Metric(Item):
    """A metric in one of its units: in how many regions, and in which years."""

    metric: str
    unit: str
    regions: int
    first_year: int
    last_year: int


class SeriesPoint(Item):
    """What a region promised for a year and what it reached in it."""

    region: str
    metric: str
    unit: str
    year: int
    promised: float | None
    promised_op: Op | None
    promised_statement_id: int | None
    reached: float | None
    reached_op: Op | None
    reached_statement_id: int | None


class Fulfilment(Item):
    """A target of a report and what became of it."""

    statement_id: int
    position: int
    region: str | None
    plan_year: int | None
    due: int | None
    verdict: Verdict
    metric: str
    op: Op
    promised: float
    unit: str
    raw: str
    achieved: float | None
    achieved_unit: str | None
    commitment_text: str
    review_text: str | None
    report_title: str
    report_url: str | None
    review_title: str | None
    review_url: str | None
    themes: str


class Source(Item):
    """The health of a source; a line of ``source_health``."""

    source_id: str
    name: str
    region: str | None
    enabled: bool
    health: str
    health_since: datetime | None
    last_visit_at: datetime | None
    last_ok_at: datetime | None
    last_outcome: str | None
    last_reason: str | None
    failures: int
    next_visit_at: datetime | None
    added_at: datetime
    last_new_at: datetime | None
    exceptions: str | None
    paused_at: datetime | None
    paused_until: datetime | None
    pause_reason: str | None
    addresses: int
    suspect_addresses: int
    failing_addresses: int
    documents: int
    newest_document_at: datetime | None
    withdrawn_documents: int
    partial_documents: int


class Page(Item):
    """Part of a list; ``next`` is the address of what follows, null at the end."""

    next: str | None


class Changes(Page):
    """Changes, newest first."""

    items: list[Change]


class Commitments(Page):
    """Commitments in force, newest first."""

    items: list[StatementItem]


class Regions(Page):
    """All regions that have a document or a source."""

    items: list[Region]


class Metrics(Page):
    """Metrics by name."""

    items: list[Metric]


class Series(Page):
    """The years of a metric, by region, unit and year."""

    items: list[SeriesPoint]


class Fulfilments(Page):
    """Targets of reports, the newest plan first."""

    items: list[Fulfilment]


class Sources(Page):
    """Sources, by their ids."""

    items: list[Source]

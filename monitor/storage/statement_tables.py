"""The tables of texts, of what they say, and of what became of it.

They name those of ``monitor.storage.tables``, never the reverse: what only visits pages and finds
nothing new does without them.
"""

# Annotations are values here: SQLAlchemy reads them, and would have to evaluate their text.
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Named,
    String,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    false,
    text,
)

import monitor.storage.tables  # noqa: F401 - the tables that these name
from monitor.model.statements import Speaker
from monitor.storage.base import METADATA, Id, UtcDateTime
from monitor.storage.packing import PackedText


def _ordered_indexes(table: str, column: str) -> tuple[Index, Index]:
    """The index of a column in the order of ``id``, for each database.

    SQLite's indexes end in the number of the row: as a column, too, it would stand there twice.
    """
    return (
        Index(f"ix_{table}_{column}_row", column, info={"dialect": "sqlite"}),
        Index(f"ix_{table}_{column}_id", column, "id", info={"dialect": "postgresql"}),
    )


class DocumentRemovalColumns(TypedColumns):
    """That an operator removed a document, or restored it; rows are only added."""

    id: Named[int] = Column(Id, primary_key=True)
    document_id: Named[int] = Column(Id, ForeignKey("document.id"), index=True)
    at: Named[datetime] = Column(UtcDateTime)
    action: Named[str] = Column(String(8))
    reason: Named[str] = Column(Text)


document_removal_table = Table(
    "document_removal",
    METADATA,
    DocumentRemovalColumns,
)


class TextFingerprintColumns(TypedColumns):
    """A few hashes of a document's first text, by which its reprints are found."""

    hash: Named[int] = Column(BigInteger, primary_key=True, autoincrement=False)
    document_id: Named[int] = Column(Id, ForeignKey("document.id"), primary_key=True)


text_fingerprint_table = Table(
    "text_fingerprint",
    METADATA,
    TextFingerprintColumns,
    sqlite_with_rowid=False,  # the key is the whole row
)


class BasePageColumns(TypedColumns):
    """A page that others of its site are compared with, to store the difference: the newest one."""

    id: Named[int] = Column(Id, primary_key=True)
    site: Named[str] = Column(Text, index=True)
    blob_hash: Named[str] = Column(String(64), ForeignKey("blob.hash"))


base_page_table = Table(
    "base_page",
    METADATA,
    BasePageColumns,
)


class SnapshotTextColumns(TypedColumns):
    """The text of a snapshot.

    A table of its own: a row of SQLite that is larger than half a page takes a whole one.
    """

    snapshot_id: Named[int] = Column(
        Id, ForeignKey("snapshot.id"), primary_key=True, autoincrement=False
    )
    text: Named[str] = Column(PackedText)


snapshot_text_table = Table(
    "snapshot_text",
    METADATA,
    SnapshotTextColumns,
)


class TargetColumns(TypedColumns):
    """A number in a statement."""

    id: Named[int] = Column(Id, primary_key=True)
    statement_id: Named[int] = Column(Id, ForeignKey("statement.id"))
    position: Named[int]
    metric: Named[str] = Column(Text)
    op: Named[str] = Column(String(16))
    value: Named[float] = Column(Float)
    unit: Named[str] = Column(Text)
    year: Named[int | None]
    raw: Named[str] = Column(Text)


target_table = Table(
    "target",
    METADATA,
    TargetColumns,
    UniqueConstraint("statement_id", "position"),
)


class StatementColumns(TypedColumns):
    """A sentence that says something about a topic, in one snapshot."""

    id: Named[int] = Column(Id, primary_key=True)
    snapshot_id: Named[int] = Column(Id, ForeignKey("snapshot.id"), index=True)
    document_id: Named[int] = Column(Id, ForeignKey("document.id"))
    topic: Named[str] = Column(String(64))
    text: Named[str] = Column(Text)
    start_offset: Named[int]
    end_offset: Named[int]
    label: Named[str] = Column(String(16))
    speaker: Named[str] = Column(String(16))
    region: Named[str | None] = Column(Text)
    year: Named[int | None]
    themes: Named[str] = Column(Text)  # comma-joined
    section: Named[str] = Column(Text)
    # Who speaks, by name; NULL where nobody is named, and in rows older than the columns.
    source_name: Named[str | None] = Column(Text)
    person: Named[str | None] = Column(Text)
    person_title: Named[str | None] = Column(Text)
    # False for a sentence about another subject that a change refers to.
    in_scope: Named[bool] = Column(default=True)
    # The row of this sentence in the first snapshot of its document that has it; NULL: this one.
    first_version_id: Named[int | None] = Column(Id, ForeignKey("statement.id"))
    # Origin, and when it was first seen, both of its first version.
    origin: Named[str] = Column(String(8), server_default="live")
    first_seen_at: Named[datetime | None] = Column(UtcDateTime)


statement_table = Table(
    "statement",
    METADATA,
    StatementColumns,
    Index("ix_statement_region", "region", "label", "year"),
    Index(
        "ix_statement_first_version_id",
        "first_version_id",
        sqlite_where=text("first_version_id IS NOT NULL"),
    ),
    Index(
        "ix_statement_source_name",
        "source_name",
        sqlite_where=text("source_name IS NOT NULL"),
    ),
    # Most speakers are governments, which need no index: see monitor.storage.speakers. SQLite does
    # not conclude that another speaker is none, so each is named.
    Index(
        "ix_statement_speaker",
        *("speaker", "label"),
        sqlite_where=text(
            " OR ".join(
                (
                    f"speaker <> '{Speaker.GOVERNMENT}'",
                    *(f"speaker = '{one}'" for one in Speaker if one is not Speaker.GOVERNMENT),
                )
            )
        ),
    ),
)


class CorroborationColumns(TypedColumns):
    """An article's statement that only tells of a commitment a report holds already."""

    statement_id: Named[int] = Column(
        Id, ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    commitment_id: Named[int] = Column(Id, ForeignKey("statement.id"), index=True)
    share: Named[float] = Column(Float)
    noted_at: Named[datetime] = Column(UtcDateTime)


corroboration_table = Table(
    "corroboration",
    METADATA,
    CorroborationColumns,
)


class FulfilmentColumns(TypedColumns):
    """The verdict of a report's review on one target of an earlier report."""

    id: Named[int] = Column(Id, primary_key=True)
    commitment_id: Named[int] = Column(Id, ForeignKey("statement.id"))
    position: Named[int]  # of the target in its commitment
    snapshot_id: Named[int] = Column(Id, ForeignKey("snapshot.id"), index=True)
    due: Named[int]
    verdict: Named[str] = Column(String(16))
    achievement_id: Named[int | None] = Column(Id, ForeignKey("statement.id"))
    achieved: Named[float | None] = Column(Float)
    unit: Named[str | None] = Column(Text)
    assessed_at: Named[datetime] = Column(UtcDateTime)
    # Given when verdicts were no changes yet: the log lacks it.
    predates_log: Named[bool] = Column(default=False, server_default=false())


fulfilment_table = Table(
    "fulfilment",
    METADATA,
    FulfilmentColumns,
    UniqueConstraint("commitment_id", "position", "snapshot_id"),
)


class CurrentStatementColumns(TypedColumns):
    """A statement of a document's current snapshot, with how long it holds.

    What a query filters, groups or adds up by stands here; what is only shown the views look up.

    Made from the other tables by ``monitor.ingest.projection``, in the transaction that changes
    them, so that what is in force is found by index. ``holds_until`` is NULL for what is superseded
    or only repeats a commitment, and the end of time where no end is known; ``in_force_until`` is
    for people.
    """

    statement_id: Named[int] = Column(
        Id, ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    document_id: Named[int] = Column(Id, ForeignKey("document.id"), index=True)
    document_kind: Named[str] = Column(String(16))
    label: Named[str] = Column(String(16))
    speaker: Named[str] = Column(String(16))
    region: Named[str | None] = Column(Text)
    year: Named[int | None]
    topic: Named[str] = Column(String(64))
    themes: Named[str] = Column(Text)
    source_name: Named[str | None] = Column(Text)
    # The first target
    metric: Named[str | None] = Column(Text)
    op: Named[str | None] = Column(String(16))
    value: Named[float | None] = Column(Float)
    unit: Named[str | None] = Column(Text)
    target_year: Named[int | None]
    in_force_until: Named[date | None] = Column(Date)
    superseded_by_id: Named[int | None] = Column(Id, ForeignKey("document.id"))
    repeats_id: Named[int | None] = Column(Id, ForeignKey("statement.id"))
    holds_until: Named[date | None] = Column(Date)


current_statement_table = Table(
    "current_statement",
    METADATA,
    CurrentStatementColumns,
    Index(
        "ix_current_statement_in_force",
        *("label", "region", "holds_until", "year", "topic", "themes", "speaker", "metric"),
        sqlite_where=text("holds_until IS NOT NULL"),
    ),
    Index("ix_current_statement_region", "region", "superseded_by_id", "year"),
    Index(
        "ix_current_statement_repeats",
        "repeats_id",
        sqlite_where=text("repeats_id IS NOT NULL"),
    ),
)


class CurrentTargetColumns(TypedColumns):
    """A target of a current statement, in its canonical metric and unit, and what became of it.

    ``plan_year`` is that of a commitment in a report, else NULL. The verdict is that of the
    current snapshot of the review that gave it.
    """

    statement_id: Named[int] = Column(
        Id, ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    position: Named[int] = Column(primary_key=True, autoincrement=False)
    document_id: Named[int] = Column(Id, ForeignKey("document.id"), index=True)
    document_kind: Named[str] = Column(String(16))
    label: Named[str] = Column(String(16))
    speaker: Named[str] = Column(String(16))
    region: Named[str | None] = Column(Text)
    year: Named[int | None]
    topic: Named[str] = Column(String(64))
    themes: Named[str] = Column(Text)
    source_name: Named[str | None] = Column(Text)
    due: Named[int | None]
    metric: Named[str] = Column(Text)
    op: Named[str] = Column(String(16))
    value: Named[float] = Column(Float)
    unit: Named[str] = Column(Text)
    target_year: Named[int | None]
    canonical_metric: Named[str] = Column(Text)
    canonical_value: Named[float] = Column(Float)
    canonical_unit: Named[str] = Column(Text)
    in_force_until: Named[date | None] = Column(Date)
    holds_until: Named[date | None] = Column(Date)
    plan_year: Named[int | None]
    verdict: Named[str | None] = Column(String(16))
    achieved: Named[float | None] = Column(Float)
    achieved_unit: Named[str | None] = Column(Text)
    achievement_id: Named[int | None] = Column(Id, ForeignKey("statement.id"))
    assessed_at: Named[datetime | None] = Column(UtcDateTime)
    review_id: Named[int | None] = Column(Id, ForeignKey("document.id"))


current_target_table = Table(
    "current_target",
    METADATA,
    CurrentTargetColumns,
    Index(
        "ix_current_target_in_force",
        *("region", "canonical_metric", "canonical_unit", "holds_until"),
        *("due", "op", "canonical_value"),
        sqlite_where=text("holds_until IS NOT NULL"),
    ),
    Index("ix_current_target_metric", "canonical_metric", "region", "due"),
    Index("ix_current_target_region", "region", "document_kind"),
    Index(
        "ix_current_target_review_id",
        "review_id",
        sqlite_where=text("review_id IS NOT NULL"),
    ),
    *(
        Index(
            f"ix_current_target_plan_{columns[0]}",
            *columns,
            sqlite_where=text("plan_year IS NOT NULL"),
        )
        for columns in (
            ("plan_year", "region", "verdict"),
            ("region", "plan_year", "verdict"),
            ("verdict", "plan_year", "region"),
            ("due", "plan_year", "verdict"),
        )
    ),
)


class MetricYearColumns(TypedColumns):
    """What was promised for a year and what was reached in it, of a region's metric.

    Made from ``current_target``. The metric is canonical, the values are in ``unit``.
    """

    region: Named[str] = Column(Text, primary_key=True)
    metric: Named[str] = Column(Text, primary_key=True)
    unit: Named[str] = Column(Text, primary_key=True)
    year: Named[int] = Column(primary_key=True, autoincrement=False)
    promised: Named[float | None] = Column(Float)
    promised_op: Named[str | None] = Column(String(16))
    promised_id: Named[int | None] = Column(Id, ForeignKey("statement.id"))
    reached: Named[float | None] = Column(Float)
    reached_op: Named[str | None] = Column(String(16))
    reached_id: Named[int | None] = Column(Id, ForeignKey("statement.id"))


metric_year_table = Table(
    "metric_year",
    METADATA,
    MetricYearColumns,
    Index("ix_metric_year_metric", "metric", "year"),
    sqlite_with_rowid=False,
)


class DeltaColumns(TypedColumns):
    """A target before and after a change."""

    id: Named[int] = Column(Id, primary_key=True)
    change_id: Named[int] = Column(Id, ForeignKey("change.id"))
    position: Named[int]
    metric: Named[str] = Column(Text)
    unit: Named[str] = Column(Text)
    before: Named[float | None] = Column(Float)
    after: Named[float | None] = Column(Float)


delta_table = Table(
    "delta",
    METADATA,
    DeltaColumns,
    UniqueConstraint("change_id", "position"),
)


class ChangeColumns(TypedColumns):
    """One line of the change log."""

    id: Named[int] = Column(Id, primary_key=True)
    detected_at: Named[datetime] = Column(UtcDateTime, index=True)
    document_id: Named[int] = Column(Id, ForeignKey("document.id"))
    snapshot_id: Named[int] = Column(Id, ForeignKey("snapshot.id"), index=True)
    kind: Named[str] = Column(String(16))
    basis: Named[str] = Column(String(16))
    region: Named[str | None] = Column(Text)
    topic: Named[str] = Column(String(64))
    before_id: Named[int | None] = Column(Id, ForeignKey("statement.id"))
    after_id: Named[int | None] = Column(Id, ForeignKey("statement.id"), index=True)
    similarity: Named[float] = Column(Float)
    # How probably the two sentences, or this and the nearest one, are one promise.
    score: Named[float | None] = Column(Float)
    nearest_text: Named[str | None] = Column(Text)
    certainty: Named[str] = Column(String(8), default="sure")
    summary: Named[str] = Column(Text)  # the deltas in words: 算力规模 160 → 190 Eflops
    origin: Named[str] = Column(String(8), server_default="live")
    # snapshot, basis, before, after, and of a verdict the target's position: a change cannot be
    # written twice, NULLs included.
    identity: Named[str] = Column(String(80), unique=True)


change_table = Table(
    "change",
    METADATA,
    ChangeColumns,
    Index("ix_change_document", "document_id", "basis", "kind"),
    Index(
        "ix_change_before_id",
        "before_id",
        sqlite_where=text("before_id IS NOT NULL"),
    ),
    Index("ix_change_kind", "kind", "detected_at"),
    *_ordered_indexes("change", "kind"),
    *_ordered_indexes("change", "basis"),
    # The others are the whole log, in the order of their numbers.
    Index(
        "ix_change_certainty_id",
        *("certainty", "id"),
        sqlite_where=text("certainty = 'unsure'"),
    ),
    *_ordered_indexes("change", "region"),
    Index("ix_change_region_detected_at", "region", "detected_at"),
)


class FeedbackColumns(TypedColumns):
    """What one person says is wrong with a change, and what an operator decided."""

    id: Named[int] = Column(Id, primary_key=True)
    change_id: Named[int] = Column(Id, ForeignKey("change.id"))
    recipient_id: Named[int] = Column(BigInteger, index=True)
    person: Named[int] = Column(BigInteger)  # a Telegram user
    # The sentences as they were sent.
    before_text: Named[str | None] = Column(Text)
    after_text: Named[str | None] = Column(Text)
    kind: Named[str] = Column(String(16))  # FeedbackKind
    at: Named[datetime] = Column(UtcDateTime)
    state: Named[str] = Column(String(16))  # FeedbackState
    operator: Named[str | None] = Column(Text)
    decided_at: Named[datetime | None] = Column(UtcDateTime)
    note: Named[str | None] = Column(Text)


feedback_table = Table(
    "feedback_entry",
    METADATA,
    FeedbackColumns,
    UniqueConstraint("change_id", "person"),
    Index("ix_feedback_entry_state", "state", "change_id"),
)


class CommitmentYearColumns(TypedColumns):
    """What a report's sentence is of a commitment over the years; see ``commitment_history``.

    Made from the other tables when a report is written (``monitor.storage.commitments``).
    """

    statement_id: Named[int] = Column(
        Id, ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    commitment_id: Named[int] = Column(Id, ForeignKey("statement.id"), index=True)
    region: Named[str | None] = Column(Text)
    first_year: Named[int]
    last_year: Named[int]
    years: Named[int]
    year: Named[int]
    text: Named[str] = Column(Text)  # that of the statement, for searches in reports alone
    metric: Named[str | None] = Column(Text)
    op: Named[str | None] = Column(String(16))
    value: Named[float | None] = Column(Float)
    unit: Named[str | None] = Column(Text)
    kind: Named[str | None] = Column(String(16))
    change_id: Named[int | None] = Column(Id, ForeignKey("change.id"))
    merged_into: Named[int | None] = Column(Id, ForeignKey("statement.id"))
    document_id: Named[int] = Column(Id, ForeignKey("document.id"))


commitment_year_table = Table(
    "commitment_year",
    METADATA,
    CommitmentYearColumns,
    Index("ix_commitment_year_longest", "last_year", "years", "commitment_id"),
    Index("ix_commitment_year_region", "region", "last_year", "years", "commitment_id"),
)


class AlertChangeColumns(TypedColumns):
    """Which changes an alert tells, and which rule asked for each."""

    alert_id: Named[int] = Column(Id, ForeignKey("alert.id"), primary_key=True)
    change_id: Named[int] = Column(Id, ForeignKey("change.id"), primary_key=True)
    rule_id: Named[str] = Column(String(64), primary_key=True)
    priority: Named[int] = Column(default=0, server_default="0")


alert_change_table = Table(
    "alert_change",
    METADATA,
    AlertChangeColumns,
    sqlite_with_rowid=False,  # the key is nearly the whole row
)

ALL_TABLES = METADATA
"""All tables, those of ``monitor.storage.tables`` too: for migrations, copies and checks."""

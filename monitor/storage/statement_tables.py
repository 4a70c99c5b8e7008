"""The tables of texts, of what they say, and of what became of it.

They name those of ``monitor.storage.tables``, never the reverse: what only visits pages and finds
nothing new does without them.

A thread may load this module while others ask for rows of ``tables``, and SQLAlchemy then completes
the relationships of the classes that are there so far: each class stands below those it names.
Otherwise it would refuse every query from then on.
"""

# Annotations are values here: SQLAlchemy reads them, and would have to evaluate their text.
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from monitor.storage.base import Base, Id
from monitor.storage.packing import PackedText
from monitor.storage.tables import DocumentRow


def _ordered_indexes(table: str, column: str) -> tuple[Index, Index]:
    """The index of a column in the order of ``id``, for each database.

    SQLite's indexes end in the number of the row: as a column, too, it would stand there twice.
    """
    return (
        Index(f"ix_{table}_{column}_row", column, info={"dialect": "sqlite"}),
        Index(f"ix_{table}_{column}_id", column, "id", info={"dialect": "postgresql"}),
    )


class DocumentRemovalRow(Base):
    """That an operator removed a document, or restored it; rows are only added."""

    __tablename__ = "document_removal"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str]


class TextFingerprintRow(Base):
    """A few hashes of a document's first text, by which its reprints are found."""

    __tablename__ = "text_fingerprint"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - the key is the whole row

    hash: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)


class BasePageRow(Base):
    """A page that others of its site are compared with, to store the difference: the newest one."""

    __tablename__ = "base_page"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    site: Mapped[str] = mapped_column(index=True)
    blob_hash: Mapped[str] = mapped_column(ForeignKey("blob.hash"))


class SnapshotTextRow(Base):
    """The text of a snapshot.

    A table of its own: a row of SQLite that is larger than half a page takes a whole one.
    """

    __tablename__ = "snapshot_text"

    snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("snapshot.id"), primary_key=True, autoincrement=False
    )
    text: Mapped[str] = mapped_column(PackedText)


class TargetRow(Base):
    """A number in a statement."""

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("statement_id", "position"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    position: Mapped[int]
    metric: Mapped[str]
    op: Mapped[str] = mapped_column(String(16))
    value: Mapped[float]
    unit: Mapped[str]
    year: Mapped[int | None]
    raw: Mapped[str]


class StatementRow(Base):
    """A sentence that says something about a topic, in one snapshot."""

    __tablename__ = "statement"
    __table_args__ = (
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
        # Most speakers are governments, which need no index: see monitor.storage.speakers.
        Index(
            "ix_statement_speaker",
            *("speaker", "label"),
            sqlite_where=text("speaker <> 'government'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    topic: Mapped[str] = mapped_column(String(64))
    text: Mapped[str]
    start_offset: Mapped[int]
    end_offset: Mapped[int]
    label: Mapped[str] = mapped_column(String(16))
    speaker: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None]
    year: Mapped[int | None]
    themes: Mapped[str]  # comma-joined
    section: Mapped[str]
    # Who speaks, by name; NULL where nobody is named, and in rows older than the columns.
    source_name: Mapped[str | None]
    person: Mapped[str | None]
    person_title: Mapped[str | None]
    # False for a sentence about another subject that a change refers to.
    in_scope: Mapped[bool] = mapped_column(default=True)
    # The row of this sentence in the first snapshot of its document that has it; NULL: this one.
    first_version_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    # Origin, and when it was first seen, both of its first version.
    origin: Mapped[str] = mapped_column(String(8), server_default="live")
    first_seen_at: Mapped[datetime | None]
    targets: Mapped[list[TargetRow]] = relationship(
        order_by=TargetRow.position, lazy="selectin", cascade="all"
    )


class CorroborationRow(Base):
    """An article's statement that only tells of a commitment a report holds already."""

    __tablename__ = "corroboration"

    statement_id: Mapped[int] = mapped_column(
        ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    commitment_id: Mapped[int] = mapped_column(ForeignKey("statement.id"), index=True)
    share: Mapped[float]
    noted_at: Mapped[datetime]


class FulfilmentRow(Base):
    """The verdict of a report's review on one target of an earlier report."""

    __tablename__ = "fulfilment"
    __table_args__ = (UniqueConstraint("commitment_id", "position", "snapshot_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    commitment_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    position: Mapped[int]  # of the target in its commitment
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"), index=True)
    due: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(16))
    achievement_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    achieved: Mapped[float | None]
    unit: Mapped[str | None]
    assessed_at: Mapped[datetime]
    # Given when verdicts were no changes yet: the log lacks it.
    predates_log: Mapped[bool] = mapped_column(default=False, server_default=false())


class CurrentStatementRow(Base):
    """A statement of a document's current snapshot, with how long it holds.

    What a query filters, groups or adds up by stands here; what is only shown the views look up.

    Made from the other tables by ``monitor.ingest.projection``, in the transaction that changes
    them, so that what is in force is found by index. ``holds_until`` is NULL for what is superseded
    or only repeats a commitment, and the end of time where no end is known; ``in_force_until`` is
    for people.
    """

    __tablename__ = "current_statement"
    __table_args__ = (
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

    statement_id: Mapped[int] = mapped_column(
        ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    document_kind: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(16))
    speaker: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None]
    year: Mapped[int | None]
    topic: Mapped[str] = mapped_column(String(64))
    themes: Mapped[str]
    source_name: Mapped[str | None]
    # The first target
    metric: Mapped[str | None]
    op: Mapped[str | None] = mapped_column(String(16))
    value: Mapped[float | None]
    unit: Mapped[str | None]
    target_year: Mapped[int | None]
    in_force_until: Mapped[date | None]
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    holds_until: Mapped[date | None]


class CurrentTargetRow(Base):
    """A target of a current statement, in its canonical metric and unit, and what became of it.

    ``plan_year`` is that of a commitment in a report, else NULL. The verdict is that of the
    current snapshot of the review that gave it.
    """

    __tablename__ = "current_target"
    __table_args__ = (
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

    statement_id: Mapped[int] = mapped_column(
        ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    document_kind: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(16))
    speaker: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None]
    year: Mapped[int | None]
    topic: Mapped[str] = mapped_column(String(64))
    themes: Mapped[str]
    source_name: Mapped[str | None]
    due: Mapped[int | None]
    metric: Mapped[str]
    op: Mapped[str] = mapped_column(String(16))
    value: Mapped[float]
    unit: Mapped[str]
    target_year: Mapped[int | None]
    canonical_metric: Mapped[str]
    canonical_value: Mapped[float]
    canonical_unit: Mapped[str]
    in_force_until: Mapped[date | None]
    holds_until: Mapped[date | None]
    plan_year: Mapped[int | None]
    verdict: Mapped[str | None] = mapped_column(String(16))
    achieved: Mapped[float | None]
    achieved_unit: Mapped[str | None]
    achievement_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    assessed_at: Mapped[datetime | None]
    review_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))


class MetricYearRow(Base):
    """What was promised for a year and what was reached in it, of a region's metric.

    Made from ``current_target``. The metric is canonical, the values are in ``unit``.
    """

    __tablename__ = "metric_year"
    __table_args__ = (
        Index("ix_metric_year_metric", "metric", "year"),
        {"sqlite_with_rowid": False},
    )

    region: Mapped[str] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    promised: Mapped[float | None]
    promised_op: Mapped[str | None] = mapped_column(String(16))
    promised_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    reached: Mapped[float | None]
    reached_op: Mapped[str | None] = mapped_column(String(16))
    reached_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))


class DeltaRow(Base):
    """A target before and after a change."""

    __tablename__ = "delta"
    __table_args__ = (UniqueConstraint("change_id", "position"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("change.id"))
    position: Mapped[int]
    metric: Mapped[str]
    unit: Mapped[str]
    before: Mapped[float | None]
    after: Mapped[float | None]


class ChangeRow(Base):
    """One line of the change log."""

    __tablename__ = "change"
    __table_args__ = (
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

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    detected_at: Mapped[datetime] = mapped_column(index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    basis: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None]
    topic: Mapped[str] = mapped_column(String(64))
    before_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    after_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"), index=True)
    similarity: Mapped[float]
    # How probably the two sentences, or this and the nearest one, are one promise.
    score: Mapped[float | None]
    nearest_text: Mapped[str | None]
    certainty: Mapped[str] = mapped_column(String(8), default="sure")
    summary: Mapped[str]  # the deltas in words: 算力规模 160 → 190 Eflops
    origin: Mapped[str] = mapped_column(String(8), server_default="live")
    # snapshot, basis, before, after, and of a verdict the target's position: a change cannot be
    # written twice, NULLs included.
    identity: Mapped[str] = mapped_column(String(80), unique=True)
    before: Mapped[StatementRow | None] = relationship(foreign_keys=[before_id])
    after: Mapped[StatementRow | None] = relationship(foreign_keys=[after_id])
    deltas: Mapped[list[DeltaRow]] = relationship(
        order_by=DeltaRow.position, lazy="selectin", cascade="all"
    )
    document: Mapped[DocumentRow] = relationship()


class FeedbackRow(Base):
    """What one person says is wrong with a change, and what an operator decided."""

    __tablename__ = "feedback_entry"
    __table_args__ = (
        UniqueConstraint("change_id", "person"),
        Index("ix_feedback_entry_state", "state", "change_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("change.id"))
    recipient_id: Mapped[int] = mapped_column(BigInteger, index=True)
    person: Mapped[int] = mapped_column(BigInteger)  # a Telegram user
    # The sentences as they were sent.
    before_text: Mapped[str | None]
    after_text: Mapped[str | None]
    kind: Mapped[str] = mapped_column(String(16))  # FeedbackKind
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))  # FeedbackState
    operator: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]


class CommitmentYearRow(Base):
    """What a report's sentence is of a commitment over the years; see ``commitment_history``.

    Made from the other tables when a report is written (``monitor.storage.commitments``).
    """

    __tablename__ = "commitment_year"
    __table_args__ = (
        Index("ix_commitment_year_longest", "last_year", "years", "commitment_id"),
        Index("ix_commitment_year_region", "region", "last_year", "years", "commitment_id"),
    )

    statement_id: Mapped[int] = mapped_column(
        ForeignKey("statement.id"), primary_key=True, autoincrement=False
    )
    commitment_id: Mapped[int] = mapped_column(ForeignKey("statement.id"), index=True)
    region: Mapped[str | None]
    first_year: Mapped[int]
    last_year: Mapped[int]
    years: Mapped[int]
    year: Mapped[int]
    text: Mapped[str]  # that of the statement, for searches in reports alone
    metric: Mapped[str | None]
    op: Mapped[str | None] = mapped_column(String(16))
    value: Mapped[float | None]
    unit: Mapped[str | None]
    kind: Mapped[str | None] = mapped_column(String(16))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("change.id"))
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))


class AlertChangeRow(Base):
    """Which changes an alert tells, and which rule asked for each."""

    __tablename__ = "alert_change"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - the key is nearly the whole row

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("change.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")


METADATA = Base.metadata
"""All tables, for migrations."""

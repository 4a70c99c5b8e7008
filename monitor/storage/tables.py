"""The tables of chats, of what they chose, and of what is on its way to them."""

# Annotations are values here: SQLAlchemy reads them, and would have to evaluate their text.
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from monitor.storage.base import Base, Id
from monitor.storage.packing import PackedText


class SourceRow(Base):
    """A place that is watched, and how its last visits went."""

    __tablename__ = "source"
    __table_args__ = (Index("ix_source_new", "document_kind", "last_new_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    region: Mapped[str | None]
    document_kind: Mapped[str] = mapped_column(String(16))
    enabled: Mapped[bool] = mapped_column(server_default=true())
    added_at: Mapped[datetime]
    last_visit_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(16))
    last_reason: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    next_visit_at: Mapped[datetime | None]
    exceptions: Mapped[str | None]  # measures of safety it is exempt from
    health: Mapped[str] = mapped_column(String(8), default="ok", server_default="ok")
    health_since: Mapped[datetime | None]
    last_new_at: Mapped[datetime | None]  # when something that is no history was last found
    paused_at: Mapped[datetime | None]  # by an operator
    paused_until: Mapped[datetime | None]  # empty: until it is resumed
    pause_reason: Mapped[str | None]


class SourceHealthEventRow(Base):
    """A turn in the health of a source."""

    __tablename__ = "source_health_event"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"), index=True)
    at: Mapped[datetime]
    health: Mapped[str] = mapped_column(String(8))
    was: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime]  # of the health that ended
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]


class ListPageRow(Base):
    """A list page of a source: what is needed to ask for it conditionally.

    What stands on it at ``first_ok_at``, its first healthy visit, is history.
    """

    __tablename__ = "list_page"

    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[str | None] = mapped_column(String(64))
    first_ok_at: Mapped[datetime | None]
    last_visit_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(16))
    last_status: Mapped[int | None]
    shown: Mapped[str | None]  # marks of the links it showed, by which it is known again
    body_read_at: Mapped[datetime | None]  # when its body was last received


class RobotsRow(Base):
    """A site's robots.txt as it was read last; ``text`` is empty if it has none."""

    __tablename__ = "robots"

    origin: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    read_at: Mapped[datetime]


class HostPauseRow(Base):
    """Until when a host asked to be left alone."""

    __tablename__ = "host_pause"

    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    not_before: Mapped[datetime]


class DocumentRow(Base):
    """One article or report, whatever address it is found at."""

    __tablename__ = "document"
    __table_args__ = (Index("ix_document_series", "kind", "region", "year"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str | None] = mapped_column(ForeignKey("source.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None]
    year: Mapped[int | None]
    title: Mapped[str]
    url: Mapped[str | None]
    published: Mapped[date | None]
    first_seen_at: Mapped[datetime]
    baseline: Mapped[bool]  # history: it raised no "added" when it was first read
    # The snapshot the next visit is compared with. No foreign key: the two tables name each other.
    snapshot_id: Mapped[int | None] = mapped_column(Id)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    withdrawn_at: Mapped[datetime | None]  # since when its page is known to be gone for good
    # Of a plan: what its issues of other years have in common (monitor.comparison.in_force).
    plan_key: Mapped[str | None] = mapped_column(index=True)
    # An operator removed it: it has no snapshot until it is restored and gets this one back.
    removed_at: Mapped[datetime | None]
    removed_snapshot_id: Mapped[int | None] = mapped_column(Id)


class DocumentRemovalRow(Base):
    """That an operator removed a document, or restored it; rows are only added."""

    __tablename__ = "document_removal"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str]


class FrontierEntryRow(Base):
    """An address of a document, and how its last visits went."""

    __tablename__ = "frontier_entry"
    __table_args__ = (Index("ix_frontier_entry_due", "source_id", "next_visit_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(unique=True)
    # What its other spellings have in common (monitor.urls.identity); NULL until computed.
    identity: Mapped[str | None] = mapped_column(index=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"))
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    title: Mapped[str]  # as the list gives it
    listed: Mapped[date | None]
    baseline: Mapped[bool]
    first_seen_at: Mapped[datetime]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[str | None] = mapped_column(String(64))
    text_hash: Mapped[str | None] = mapped_column(String(64))
    last_visit_at: Mapped[datetime | None]
    next_visit_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(16))
    last_status: Mapped[int | None]
    last_reason: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    page_fingerprint: Mapped[str | None]  # see monitor.documents.page_fingerprint
    body_read_at: Mapped[datetime | None]  # when its body was last received
    suspect_hash: Mapped[str | None] = mapped_column(String(64))
    suspect_count: Mapped[int] = mapped_column(default=0, server_default="0")
    suspect_since: Mapped[datetime | None]


class TextFingerprintRow(Base):
    """A few hashes of a document's first text, by which its reprints are found."""

    __tablename__ = "text_fingerprint"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - the key is the whole row

    hash: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)


class BlobRow(Base):
    """The bytes of a page as they came, kept once by their SHA-256."""

    __tablename__ = "blob"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    codec: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    stored_at: Mapped[datetime]
    # Of a difference, the page it is one from. No foreign key: the two tables name each other.
    base_id: Mapped[int | None] = mapped_column(Id)


class BasePageRow(Base):
    """A page that others of its site are compared with, to store the difference: the newest one."""

    __tablename__ = "base_page"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    site: Mapped[str] = mapped_column(index=True)
    blob_hash: Mapped[str] = mapped_column(ForeignKey("blob.hash"))


class SnapshotRow(Base):
    """What one visit saw of a document; written only when the text is new, or suspect."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    frontier_entry_id: Mapped[int | None] = mapped_column(
        ForeignKey("frontier_entry.id"), index=True
    )
    visited_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    status: Mapped[int | None]
    url: Mapped[str | None]  # where the bytes came from, after redirects
    content_type: Mapped[str | None]
    request: Mapped[str | None]  # JSON: the address asked for and the headers sent
    response: Mapped[str | None]  # JSON: the address that answered and its headers
    blob_hash: Mapped[str | None] = mapped_column(ForeignKey("blob.hash"))
    text_hash: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str]
    published: Mapped[date | None]
    published_from: Mapped[str | None]  # which part of the page gave the day
    characters: Mapped[int]  # of its text


class SnapshotTextRow(Base):
    """The text of a snapshot.

    A table of its own: a row of SQLite that is larger than half a page takes a whole one.
    """

    __tablename__ = "snapshot_text"

    snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("snapshot.id"), primary_key=True, autoincrement=False
    )
    text: Mapped[str] = mapped_column(PackedText)


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
        Index("ix_statement_speaker", "speaker", "label"),
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
    targets: Mapped[list["TargetRow"]] = relationship(
        order_by="TargetRow.position", lazy="selectin", cascade="all"
    )


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
    origin: Mapped[str] = mapped_column(String(8))
    first_seen_at: Mapped[datetime | None]
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
    origin: Mapped[str] = mapped_column(String(8))
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


class ReferenceDayRow(Base):
    """The day that is today for the views: that of the last visit or import. One row."""

    __tablename__ = "reference_day"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date]


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
        Index("ix_change_kind_id", "kind", "id"),
        Index("ix_change_basis_id", "basis", "id"),
        Index("ix_change_certainty_id", "certainty", "id"),
        Index("ix_change_region_id", "region", "id"),
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
    deltas: Mapped[list["DeltaRow"]] = relationship(
        order_by="DeltaRow.position", lazy="selectin", cascade="all"
    )
    document: Mapped[DocumentRow] = relationship()


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


METADATA = Base.metadata
"""All tables, for migrations."""


class RecipientRow(Base):
    """A recipient of alerts: a Telegram chat, one topic of a forum, or another channel.

    A chat's ``id`` is Telegram's; topics and channels have numbers of our own, beyond Telegram's.
    ``telegram_id`` is the chat's, and of a topic its forum's.
    """

    __tablename__ = "recipient"
    __table_args__ = (
        Index("uq_recipient_thread", "telegram_id", "thread_id", unique=True),
        Index("uq_recipient_channel", "channel", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    title: Mapped[str]
    language: Mapped[str] = mapped_column(String(8), default="zh", server_default="zh")
    added_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    # RecipientKind
    kind: Mapped[str] = mapped_column(String(16), default="private", server_default="private")
    telegram_id: Mapped[int | None] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str | None] = mapped_column(String(64))
    # Access
    access: Mapped[str] = mapped_column(String(8), default="", server_default="")
    digest: Mapped[str] = mapped_column(String(32), default="off", server_default="off")
    quiet_hours: Mapped[str] = mapped_column(String(16), default="off", server_default="off")
    timezone: Mapped[str] = mapped_column(
        String(64), default="Asia/Shanghai", server_default="Asia/Shanghai"
    )
    muted_until: Mapped[datetime | None]
    defer_until: Mapped[datetime | None]


class SubscriptionRow(Base):
    """The subscription of a chat to a rule."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_rule_id", "rule_id"),)

    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]


class CustomRuleRow(Base):
    """A rule that chats made for themselves; chats that want the same share it."""

    __tablename__ = "custom_rule"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime]


class MuteRow(Base):
    """A rule a chat does not want to hear of, for a while or until it says so."""

    __tablename__ = "mute"

    recipient_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime | None]


class NoticeRow(Base):
    """Something to tell that is no change: to operators, or to all chats."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]
    about: Mapped[int | None] = mapped_column(BigInteger)


class SwitchRow(Base):
    """Something an operator switched, for all processes and across restarts."""

    __tablename__ = "switch"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[str]


class HeartbeatRow(Base):
    """That a loop of the daemon was working; the last time of each loop on a host."""

    __tablename__ = "heartbeat"

    loop: Mapped[str] = mapped_column(String(16), primary_key=True)
    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    process_id: Mapped[int]
    version: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    at: Mapped[datetime]


class LeaseRow(Base):
    """Who works on the database; ``renewals`` grows while the holder is alive."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(32))
    host: Mapped[str] = mapped_column(String(255))
    process_id: Mapped[int]
    machine: Mapped[str] = mapped_column(String(128))
    process_started: Mapped[str] = mapped_column(String(32))
    acquired_at: Mapped[datetime]
    renewed_at: Mapped[datetime]
    renewals: Mapped[int]


class AlertRow(Base):
    """The outbox: one message on the way to a chat.

    It tells the matched changes of one snapshot, one source's turn, one notice, or, as a digest,
    what other alerts of the chat were bundled into it.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("recipient_id", "snapshot_id"),
        UniqueConstraint("recipient_id", "event_id"),
        Index("uq_alert_notice", "recipient_id", "notice_id", unique=True),
        Index("ix_alert_due", "state", "not_before"),
        Index("ix_alert_recipient", "recipient_id", "state"),
        Index("ix_alert_document_id", "document_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    recipient_id: Mapped[int] = mapped_column(BigInteger)
    # AlertKind
    kind: Mapped[str] = mapped_column(String(8), default="changes", server_default="changes")
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("source_health_event.id"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"))
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    # AlertState
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    waiting_for: Mapped[str | None] = mapped_column(String(16))  # WaitReason
    leased_by: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None]
    in_flight_since: Mapped[datetime | None]
    possibly_duplicate: Mapped[bool] = mapped_column(default=False, server_default=false())
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]
    text: Mapped[str | None]  # what the recipient was sent, without its markup
    document: Mapped[DocumentRow | None] = relationship()


class AlertChangeRow(Base):
    """Which changes an alert tells, and which rule asked for each."""

    __tablename__ = "alert_change"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - the key is nearly the whole row

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("change.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")

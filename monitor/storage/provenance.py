"""Where the words of changes stand, and what they were read from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, joinedload

from monitor.model.changes import Basis, Change
from monitor.model.documents import DocumentKind, Outcome, StoredDocument
from monitor.model.statements import Statement
from monitor.storage.documents import get_document
from monitor.storage.mappers import change_of
from monitor.storage.raw_bytes import FORGOTTEN, load_bytes
from monitor.storage.statement_tables import ChangeRow, SnapshotTextRow, StatementRow
from monitor.storage.tables import BlobRow, DocumentRow, FrontierEntryRow, SnapshotRow


@dataclass(frozen=True, slots=True)
class AuditedSnapshot:
    """A snapshot with the bytes it was read from; ``body`` is None when they were deleted."""

    snapshot_id: int
    document: StoredDocument
    text: str
    text_hash: str
    title: str
    published: date | None
    visited_at: datetime
    url: str | None
    content_type: str | None
    blob_hash: str | None
    body: bytes | None
    source_id: str | None
    listed_title: str
    listed: date | None
    outcome: Outcome


BELIEVED = (Outcome.OK, Outcome.PARTIAL)
"""Outcomes of snapshots whose text counts."""


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """A line of the log by its number and its statements' ids."""

    change: Change
    before_id: int | None
    after_id: int | None
    id: int


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """What a snapshot is a record of: its document, the visit, and the bytes it was read from."""

    snapshot_id: int
    document_id: int | None
    title: str
    visited_at: datetime
    outcome: Outcome
    reason: str
    status: int | None
    url: str | None
    content_type: str | None
    published: date | None
    published_from: str | None
    text_hash: str
    blob_hash: str | None
    bytes: int | None
    has_bytes: bool


def snapshot_record(session: Session, snapshot_id: int) -> SnapshotRecord | None:
    """The record of a snapshot, without its text and bytes; None if there is none."""
    if not 0 < snapshot_id < 1 << 63:
        return None
    query = (
        select(SnapshotRow, BlobRow.size, BlobRow.codec)
        .outerjoin(BlobRow, BlobRow.hash == SnapshotRow.blob_hash)
        .where(SnapshotRow.id == snapshot_id)
    )
    found = session.execute(query).first()
    if found is None:
        return None
    row, size, codec = found
    return SnapshotRecord(
        snapshot_id=row.id,
        document_id=row.document_id,
        title=row.title,
        visited_at=row.visited_at,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        status=row.status,
        url=row.url,
        content_type=row.content_type,
        published=row.published,
        published_from=row.published_from,
        text_hash=row.text_hash,
        blob_hash=row.blob_hash,
        bytes=size,
        has_bytes=codec is not None and codec != FORGOTTEN,
    )


def snapshots_between(session: Session, since: datetime, until: datetime) -> list[int]:
    """The snapshots of a span of time that the log was written from, oldest first.

    Those that were believed, and the visits that found a document withdrawn or back.
    """
    query = (
        select(SnapshotRow.id)
        .where(
            SnapshotRow.visited_at >= since,
            SnapshotRow.visited_at < until,
            SnapshotRow.outcome.in_((*BELIEVED, Outcome.GONE, Outcome.NOT_MODIFIED)),
            SnapshotRow.document_id.is_not(None),
        )
        .order_by(SnapshotRow.id)
    )
    return list(session.scalars(query))


def load_audited_snapshot(session: Session, snapshot_id: int) -> AuditedSnapshot:
    """A snapshot and its bytes.

    Raises:
        zlib.error: the stored bytes are damaged.
    """
    row = session.get_one(SnapshotRow, snapshot_id)
    address = (
        session.get(FrontierEntryRow, row.frontier_entry_id) if row.frontier_entry_id else None
    )
    text = session.get_one(SnapshotTextRow, row.id).text
    return AuditedSnapshot(
        snapshot_id=row.id,
        document=get_document(session, row.document_id or 0),
        text=text,
        text_hash=row.text_hash,
        title=row.title,
        published=row.published,
        visited_at=row.visited_at,
        url=row.url,
        content_type=row.content_type,
        blob_hash=row.blob_hash,
        body=load_bytes(session, row.blob_hash, text),
        source_id=address.source_id if address else None,
        listed_title=address.title if address else "",
        listed=address.listed if address else None,
        outcome=Outcome(row.outcome),
    )


def snapshot_before(
    session: Session,
    document_id: int,
    snapshot_id: int,
    *,
    outcomes: Collection[Outcome] = BELIEVED,
) -> int | None:
    """The snapshot of a document that came right before another one: of one of these outcomes."""
    query = select(func.max(SnapshotRow.id)).where(
        SnapshotRow.document_id == document_id,
        SnapshotRow.id < snapshot_id,
        SnapshotRow.outcome.in_(outcomes),
    )
    return session.scalar(query)


def logged_changes_of(session: Session, snapshot_id: int) -> list[LoggedRow]:
    """What the log says came of a snapshot."""
    rows = session.scalars(
        select(ChangeRow).where(ChangeRow.snapshot_id == snapshot_id).order_by(ChangeRow.id)
    )
    return [LoggedRow(change_of(row), row.before_id, row.after_id, row.id) for row in rows]


def succession_of(session: Session, document_id: int) -> list[LoggedRow]:
    """What became of each promise of the report before, as the log says of a report."""
    rows = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.document_id == document_id, ChangeRow.basis == Basis.SUCCESSION)
        .options(joinedload(ChangeRow.before), joinedload(ChangeRow.after))
        .order_by(ChangeRow.id)
    )
    return [LoggedRow(change_of(row), row.before_id, row.after_id, row.id) for row in rows]


def snapshot_of(session: Session, statement_id: int) -> int:
    """The snapshot a statement was found in."""
    return session.get_one(StatementRow, statement_id).snapshot_id


def report_before(session: Session, region: str, year: int, snapshot_id: int) -> int | None:
    """The snapshot of the report a year earlier, as it was known then."""
    query = (
        select(func.max(SnapshotRow.id))
        .join(DocumentRow, SnapshotRow.document_id == DocumentRow.id)
        .where(
            DocumentRow.kind == DocumentKind.REPORT,
            DocumentRow.region == region,
            DocumentRow.year == year - 1,
            SnapshotRow.outcome.in_(BELIEVED),
            SnapshotRow.id < snapshot_id,
        )
        .group_by(DocumentRow.id)
        .order_by(DocumentRow.id)
        .limit(1)
    )
    return session.scalar(query)


def has_snapshot_between(session: Session, since: datetime, until: datetime) -> bool:
    """Whether a visit of a span of time stored what it saw."""
    query = select(SnapshotRow.id).where(
        SnapshotRow.visited_at >= since, SnapshotRow.visited_at < until
    )
    return session.scalars(query.limit(1)).first() is not None


@dataclass(frozen=True, slots=True)
class ChangeProvenance:
    """The snapshot in which a change's statement stands.

    ``statement`` is what is said now, or was said last; ``blob_hash`` is the SHA-256 of the page's
    bytes, which are kept unless ``has_bytes`` says that they were deleted.
    """

    change_id: int
    change: Change
    statement: Statement
    snapshot_id: int
    visited_at: datetime
    status: int | None
    url: str | None
    blob_hash: str | None
    has_bytes: bool


def provenance_of_changes(session: Session, change_ids: Sequence[int]) -> list[ChangeProvenance]:
    """The proofs of some changes, in their order; those that are not there are left out."""
    after = StatementRow.__table__.alias("later")
    # As Change.statement has it.
    shown = case(
        (ChangeRow.basis == Basis.FULFILMENT, ChangeRow.before_id),
        (after.c.in_scope, ChangeRow.after_id),
        else_=ChangeRow.before_id,
    )
    query = (
        select(ChangeRow, SnapshotRow, BlobRow.codec)
        .outerjoin(after, after.c.id == ChangeRow.after_id)
        .join(StatementRow, StatementRow.id == shown)
        .join(SnapshotRow, SnapshotRow.id == StatementRow.snapshot_id)
        .outerjoin(BlobRow, BlobRow.hash == SnapshotRow.blob_hash)
        .where(ChangeRow.id.in_(change_ids))
    )
    found = {}
    for row, snapshot, codec in session.execute(query):
        change = change_of(row)
        found[row.id] = ChangeProvenance(
            change_id=row.id,
            change=change,
            statement=change.statement,
            snapshot_id=snapshot.id,
            visited_at=snapshot.visited_at,
            status=snapshot.status,
            url=snapshot.url,
            blob_hash=snapshot.blob_hash,
            has_bytes=codec is not None and codec != FORGOTTEN,
        )
    return [found[change_id] for change_id in change_ids if change_id in found]

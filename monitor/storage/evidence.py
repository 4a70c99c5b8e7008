"""The bytes behind the log: what a snapshot was read from, and what the log says of it.

Bytes may be let go by age (``forget_bytes``); texts, statements and changes are kept for ever.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from monitor.model import Change, DocumentKind, Outcome
from monitor.storage.history import FORGOTTEN, StoredDocument, get_document
from monitor.storage.rows import change_of
from monitor.storage.tables import (
    AddressRow,
    BlobRow,
    ChangeRow,
    DocumentRow,
    SnapshotRow,
    StatementRow,
)


@dataclass(frozen=True, slots=True)
class Witness:
    """A snapshot with the bytes it was read from; ``body`` is None when they were let go."""

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


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """A line of the log by its statements' ids."""

    change: Change
    before_id: int | None
    after_id: int | None


def snapshots_between(session: Session, since: datetime, until: datetime) -> list[int]:
    """The believed snapshots of a span of time, oldest first."""
    query = (
        select(SnapshotRow.id)
        .where(
            SnapshotRow.visited_at >= since,
            SnapshotRow.visited_at < until,
            SnapshotRow.outcome == Outcome.OK,
            SnapshotRow.document_id.is_not(None),
        )
        .order_by(SnapshotRow.id)
    )
    return list(session.scalars(query))


def witness(session: Session, snapshot_id: int) -> Witness:
    """A snapshot and its bytes.

    Raises:
        zlib.error: the stored bytes are damaged.
    """
    row = session.get_one(SnapshotRow, snapshot_id)
    address = session.get(AddressRow, row.address_id) if row.address_id else None
    blob = session.get(BlobRow, row.blob_hash) if row.blob_hash else None
    kept = blob is not None and blob.codec != FORGOTTEN
    return Witness(
        snapshot_id=row.id,
        document=get_document(session, row.document_id or 0),
        text=row.text,
        text_hash=row.text_hash,
        title=row.title,
        published=row.published,
        visited_at=row.visited_at,
        url=row.url,
        content_type=row.content_type,
        blob_hash=row.blob_hash,
        body=zlib.decompress(blob.body) if blob is not None and kept else None,
        source_id=address.source_id if address else None,
        listed_title=address.title if address else "",
        listed=address.listed if address else None,
    )


def snapshot_before(session: Session, document_id: int, snapshot_id: int) -> int | None:
    """The believed snapshot of a document that came right before another one."""
    query = select(func.max(SnapshotRow.id)).where(
        SnapshotRow.document_id == document_id,
        SnapshotRow.id < snapshot_id,
        SnapshotRow.outcome == Outcome.OK,
    )
    return session.scalar(query)


def logged_of(session: Session, snapshot_id: int) -> list[LoggedRow]:
    """What the log says came of a snapshot."""
    rows = session.scalars(
        select(ChangeRow).where(ChangeRow.snapshot_id == snapshot_id).order_by(ChangeRow.id)
    )
    return [LoggedRow(change_of(row), row.before_id, row.after_id) for row in rows]


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
            SnapshotRow.outcome == Outcome.OK,
            SnapshotRow.id < snapshot_id,
        )
        .group_by(DocumentRow.id)
        .order_by(DocumentRow.id)
        .limit(1)
    )
    return session.scalar(query)


def forget_bytes(session: Session, before: datetime) -> int:
    """Let go of bytes stored before a time; how many pages they were.

    Their hashes stay, so that bytes kept elsewhere can still be proved to be these.
    """
    result = session.execute(
        update(BlobRow)
        .where(BlobRow.stored_at < before, BlobRow.codec != FORGOTTEN)
        .values(codec=FORGOTTEN, body=b"")
    )
    return int(getattr(result, "rowcount", 0))

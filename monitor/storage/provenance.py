"""Where the words of changes stand, and what they were read from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, case, func, select

from monitor.model.changes import Basis, Change
from monitor.model.documents import DocumentKind, Outcome, StoredDocument
from monitor.model.statements import Statement
from monitor.storage.change_rows import changes_of
from monitor.storage.documents import get_document
from monitor.storage.raw_bytes import FORGOTTEN, load_bytes
from monitor.storage.statement_tables import change_table, snapshot_text_table, statement_table
from monitor.storage.tables import blob_table, document_table, frontier_entry_table, snapshot_table


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


def snapshot_record(connection: Connection, snapshot_id: int) -> SnapshotRecord | None:
    """The record of a snapshot, without its text and bytes; None if there is none."""
    if not 0 < snapshot_id < 1 << 63:
        return None
    query = (
        select(snapshot_table, blob_table.c.size, blob_table.c.codec)
        .outerjoin(blob_table, blob_table.c.hash == snapshot_table.c.blob_hash)
        .where(snapshot_table.c.id == snapshot_id)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
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
        bytes=row.size,
        has_bytes=row.codec is not None and row.codec != FORGOTTEN,
    )


def snapshots_between(connection: Connection, since: datetime, until: datetime) -> list[int]:
    """The snapshots of a span of time that the log was written from, oldest first.

    Those that were believed, and the visits that found a document withdrawn or back.
    """
    query = (
        select(snapshot_table.c.id)
        .where(
            snapshot_table.c.visited_at >= since,
            snapshot_table.c.visited_at < until,
            snapshot_table.c.outcome.in_((*BELIEVED, Outcome.GONE, Outcome.NOT_MODIFIED)),
            snapshot_table.c.document_id.is_not(None),
        )
        .order_by(snapshot_table.c.id)
    )
    return list(connection.scalars(query))


def load_audited_snapshot(connection: Connection, snapshot_id: int) -> AuditedSnapshot:
    """A snapshot and its bytes.

    Raises:
        zlib.error: the stored bytes are damaged.
    """
    address = frontier_entry_table.c
    query = (
        select(
            snapshot_table,
            snapshot_text_table.c.text,
            address.source_id,
            address.title.label("listed_title"),
            address.listed,
        )
        .join(snapshot_text_table, snapshot_text_table.c.snapshot_id == snapshot_table.c.id)
        .outerjoin(frontier_entry_table, address.id == snapshot_table.c.frontier_entry_id)
        .where(snapshot_table.c.id == snapshot_id)
    )
    row = connection.execute(query).one()
    return AuditedSnapshot(
        snapshot_id=row.id,
        document=get_document(connection, row.document_id or 0),
        text=row.text,
        text_hash=row.text_hash,
        title=row.title,
        published=row.published,
        visited_at=row.visited_at,
        url=row.url,
        content_type=row.content_type,
        blob_hash=row.blob_hash,
        body=load_bytes(connection, row.blob_hash, row.text),
        source_id=row.source_id,
        listed_title=row.listed_title or "",
        listed=row.listed,
        outcome=Outcome(row.outcome),
    )


def snapshot_before(
    connection: Connection,
    document_id: int,
    snapshot_id: int,
    *,
    outcomes: Collection[Outcome] = BELIEVED,
) -> int | None:
    """The snapshot of a document that came right before another one: of one of these outcomes."""
    query = select(func.max(snapshot_table.c.id)).where(
        snapshot_table.c.document_id == document_id,
        snapshot_table.c.id < snapshot_id,
        snapshot_table.c.outcome.in_(outcomes),
    )
    return connection.scalar(query)


def logged_changes_of(connection: Connection, snapshot_id: int) -> list[LoggedRow]:
    """What the log says came of a snapshot."""
    return _logged_rows(connection, change_table.c.snapshot_id == snapshot_id)


def succession_of(connection: Connection, document_id: int) -> list[LoggedRow]:
    """What became of each promise of the report before, as the log says of a report."""
    return _logged_rows(
        connection,
        change_table.c.document_id == document_id,
        change_table.c.basis == Basis.SUCCESSION,
    )


def _logged_rows(connection: Connection, *where: ColumnElement[bool]) -> list[LoggedRow]:
    query = select(change_table).where(*where).order_by(change_table.c.id)
    rows = connection.execute(query).all()
    changes = changes_of(connection, rows)
    return [LoggedRow(changes[row.id], row.before_id, row.after_id, row.id) for row in rows]


def snapshot_of(connection: Connection, statement_id: int) -> int:
    """The snapshot a statement was found in."""
    query = select(statement_table.c.snapshot_id).where(statement_table.c.id == statement_id)
    return connection.execute(query).scalar_one()


def report_before(connection: Connection, region: str, year: int, snapshot_id: int) -> int | None:
    """The snapshot of the report a year earlier, as it was known then."""
    query = (
        select(func.max(snapshot_table.c.id))
        .join(document_table, snapshot_table.c.document_id == document_table.c.id)
        .where(
            document_table.c.kind == DocumentKind.REPORT,
            document_table.c.region == region,
            document_table.c.year == year - 1,
            snapshot_table.c.outcome.in_(BELIEVED),
            snapshot_table.c.id < snapshot_id,
        )
        .group_by(document_table.c.id)
        .order_by(document_table.c.id)
        .limit(1)
    )
    return connection.scalar(query)


def has_snapshot_between(connection: Connection, since: datetime, until: datetime) -> bool:
    """Whether a visit of a span of time stored what it saw."""
    query = select(snapshot_table.c.id).where(
        snapshot_table.c.visited_at >= since, snapshot_table.c.visited_at < until
    )
    return connection.scalars(query.limit(1)).first() is not None


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


def provenance_of_changes(
    connection: Connection, change_ids: Sequence[int]
) -> list[ChangeProvenance]:
    """The proofs of some changes, in their order; those that are not there are left out."""
    after = statement_table.alias("later")
    # As Change.statement has it.
    shown = case(
        (change_table.c.basis == Basis.FULFILMENT, change_table.c.before_id),
        (after.c.in_scope, change_table.c.after_id),
        else_=change_table.c.before_id,
    )
    query = (
        select(
            change_table,
            snapshot_table.c.id.label("shown_in"),
            snapshot_table.c.visited_at,
            snapshot_table.c.status,
            snapshot_table.c.url,
            snapshot_table.c.blob_hash,
            blob_table.c.codec,
        )
        .outerjoin(after, after.c.id == change_table.c.after_id)
        .join(statement_table, statement_table.c.id == shown)
        .join(snapshot_table, snapshot_table.c.id == statement_table.c.snapshot_id)
        .outerjoin(blob_table, blob_table.c.hash == snapshot_table.c.blob_hash)
        .where(change_table.c.id.in_(change_ids))
    )
    rows = connection.execute(query).all()
    changes = changes_of(connection, rows)
    found = {}
    for row in rows:
        change = changes[row.id]
        found[row.id] = ChangeProvenance(
            change_id=row.id,
            change=change,
            statement=change.statement,
            snapshot_id=row.shown_in,
            visited_at=row.visited_at,
            status=row.status,
            url=row.url,
            blob_hash=row.blob_hash,
            has_bytes=row.codec is not None and row.codec != FORGOTTEN,
        )
    return [found[change_id] for change_id in change_ids if change_id in found]

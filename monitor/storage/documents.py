"""What was seen and what changed: documents, snapshots, statements and the change log.

Functions over a session, all called inside the one transaction of a visit. Nothing here is
altered afterwards but a document's pointer to its newest good snapshot.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from monitor.model.changes import Change
from monitor.model.documents import Document, DocumentKind, Fetched, Outcome, Provenance
from monitor.model.statements import Statement
from monitor.storage.mappers import change_row, statement_of, statement_row
from monitor.storage.tables import (
    BlobRow,
    ChangeRow,
    CorroborationRow,
    DocumentRow,
    SnapshotRow,
    StatementRow,
)

FORGOTTEN = "gone"
"""The codec of bytes that were let go."""


def digest(content: bytes | str) -> str:
    """SHA-256 in hex, of bytes or of a text's UTF-8."""
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the database knows it."""

    id: int
    source_id: str | None
    kind: DocumentKind
    region: str | None
    year: int | None
    title: str
    published: date | None
    url: str | None
    baseline: bool
    snapshot_id: int | None
    successor_id: int | None


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """The text a document had at its last good visit, and what was found in it.

    ``statement_ids`` run parallel to ``statements``.
    """

    id: int
    text: str
    statements: tuple[Statement, ...]
    statement_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a snapshot's bytes came from. All None for a text that came from a file.

    ``fetched`` is the exchange that brought them, of several pieces the first one's.
    """

    address_id: int | None = None
    url: str | None = None
    status: int | None = None
    content_type: str | None = None
    body: bytes | None = None
    fetched: Fetched | None = None


def get_document(session: Session, document_id: int) -> StoredDocument:
    """The document with this id."""
    return _document(session.get_one(DocumentRow, document_id))


def find_report(session: Session, region: str, year: int) -> StoredDocument | None:
    """The report of a region's series for a year: the first one that was seen."""
    query = (
        select(DocumentRow)
        .where(
            DocumentRow.kind == DocumentKind.REPORT,
            DocumentRow.region == region,
            DocumentRow.year == year,
        )
        .order_by(DocumentRow.id)
        .limit(1)
    )
    row = session.scalars(query).first()
    return None if row is None else _document(row)


def find_text(session: Session, text_hash: str) -> StoredDocument | None:
    """The document whose newest good snapshot has exactly this text."""
    query = (
        select(DocumentRow)
        .join(SnapshotRow, SnapshotRow.id == DocumentRow.snapshot_id)
        .where(SnapshotRow.text_hash == text_hash)
        .order_by(DocumentRow.id)
        .limit(1)
    )
    row = session.scalars(query).first()
    return None if row is None else _document(row)


def add_document(
    session: Session,
    *,
    provenance: Provenance,
    source_id: str | None,
    url: str | None,
    baseline: bool,
    now: datetime,
) -> StoredDocument:
    """A new document; it has no snapshot yet."""
    row = DocumentRow(
        source_id=source_id,
        kind=provenance.kind,
        region=provenance.region,
        year=provenance.year,
        title=provenance.title,
        url=url,
        published=provenance.published,
        first_seen_at=now,
        baseline=baseline,
    )
    session.add(row)
    session.flush()
    return _document(row)


def _exchange(fetched: Fetched | None, *, sent: bool) -> str | None:
    """One side of an exchange as JSON."""
    if fetched is None:
        return None
    url, headers = (fetched.url, fetched.sent) if sent else (fetched.final_url, fetched.headers)
    said = {"url": url, "headers": dict(headers)}
    if not sent:
        said["at"] = fetched.fetched_at.isoformat()
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def load_snapshot(session: Session, snapshot_id: int) -> StoredSnapshot:
    """A snapshot with its statements in the order of the text."""
    row = session.get_one(SnapshotRow, snapshot_id)
    statements = session.scalars(
        select(StatementRow)
        .where(StatementRow.snapshot_id == snapshot_id)
        .order_by(StatementRow.start_offset, StatementRow.id)
    ).all()
    return StoredSnapshot(
        row.id,
        row.text,
        tuple(statement_of(item) for item in statements),
        tuple(item.id for item in statements),
    )


def add_snapshot(
    session: Session,
    document_id: int | None,
    document: Document,
    statements: Sequence[Statement],
    *,
    evidence: Evidence,
    now: datetime,
    outcome: Outcome = Outcome.OK,
    reason: str = "",
) -> StoredSnapshot:
    """Keep what a visit saw, with its bytes and statements."""
    row = SnapshotRow(
        document_id=document_id,
        frontier_entry_id=evidence.address_id,
        visited_at=now,
        outcome=outcome,
        reason=reason,
        status=evidence.status,
        url=evidence.url,
        content_type=evidence.content_type,
        request=_exchange(evidence.fetched, sent=True),
        response=_exchange(evidence.fetched, sent=False),
        blob_hash=None if evidence.body is None else _keep_bytes(session, evidence.body, now),
        text_hash=digest(document.text),
        title=document.title,
        published=document.published,
        text=document.text,
    )
    session.add(row)
    session.flush()
    rows = []
    if document_id is not None:
        rows = [
            statement_row(item, snapshot_id=row.id, document_id=document_id) for item in statements
        ]
        session.add_all(rows)
        session.flush()
    return StoredSnapshot(
        row.id, row.text, tuple(statements[: len(rows)]), tuple(item.id for item in rows)
    )


def promote(
    session: Session, document_id: int, snapshot_id: int, *, title: str, published: date | None
) -> None:
    """Make a snapshot the one that the next visit is compared with."""
    row = session.get_one(DocumentRow, document_id)
    row.snapshot_id = snapshot_id
    row.title = title or row.title
    row.published = published or row.published


def settle(session: Session, document_id: int, *, url: str | None, source_id: str | None) -> None:
    """Give a document the address and source its text is read from now on."""
    row = session.get_one(DocumentRow, document_id)
    row.url = url
    row.source_id = source_id


def succeed(session: Session, older_id: int, newer_id: int) -> None:
    """Note that a report of the series has a successor: its commitments are no longer current."""
    session.get_one(DocumentRow, older_id).successor_id = newer_id


def has_changes(session: Session, snapshot_id: int, basis: str) -> bool:
    """Whether the log already holds a comparison of this snapshot on this basis."""
    query = select(exists().where(ChangeRow.snapshot_id == snapshot_id, ChangeRow.basis == basis))
    return bool(session.scalar(query))


def add_changes(
    session: Session,
    changes: Sequence[Change],
    *,
    document_id: int,
    before: StoredSnapshot | None,
    after: StoredSnapshot,
    now: datetime,
) -> list[int]:
    """Write changes into the log; their ids come back in the same order."""
    before_ids = _ids(before)
    after_ids = _ids(after)
    rows = []
    for change in changes:
        before_id = None if change.before is None else before_ids[id(change.before)]
        after_id = None if change.after is None else after_ids[id(change.after)]
        rows.append(
            change_row(
                change,
                document_id=document_id,
                snapshot_id=after.id,
                before_id=before_id,
                after_id=after_id,
                detected_at=now,
            )
        )
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def add_corroborations(
    session: Session,
    found: Sequence[tuple[Statement, Statement, float]],
    *,
    told: StoredSnapshot,
    known: StoredSnapshot,
    now: datetime,
) -> None:
    """Link an article's statements to the commitments they tell of, with the share they tell."""
    told_ids, known_ids = _ids(told), _ids(known)
    session.add_all(
        CorroborationRow(
            statement_id=told_ids[id(statement)],
            commitment_id=known_ids[id(commitment)],
            share=share,
            noted_at=now,
        )
        for statement, commitment, share in found
    )
    session.flush()


def corroborated_ids(session: Session, snapshot_id: int) -> set[int]:
    """The statements of a snapshot that only tell of commitments known before."""
    query = (
        select(CorroborationRow.statement_id)
        .join(StatementRow, StatementRow.id == CorroborationRow.statement_id)
        .where(StatementRow.snapshot_id == snapshot_id)
    )
    return set(session.scalars(query))


def _ids(snapshot: StoredSnapshot | None) -> dict[int, int]:
    """Row ids by the statements' own identity: two sentences of one text may be equal."""
    if snapshot is None:
        return {}
    pairs = zip(snapshot.statements, snapshot.statement_ids, strict=True)
    return {id(statement): row_id for statement, row_id in pairs}


def _keep_bytes(session: Session, body: bytes, now: datetime) -> str:
    key = digest(body)
    row = session.get(BlobRow, key)
    if row is None or row.codec == FORGOTTEN:
        packed = zlib.compress(body, 6)
        kept = BlobRow(hash=key, codec="zlib", size=len(body), body=packed, stored_at=now)
        session.merge(kept)
        session.flush()
    return key


def _document(row: DocumentRow) -> StoredDocument:
    return StoredDocument(
        id=row.id,
        source_id=row.source_id,
        kind=DocumentKind(row.kind),
        region=row.region,
        year=row.year,
        title=row.title,
        published=row.published,
        url=row.url,
        baseline=row.baseline,
        snapshot_id=row.snapshot_id,
        successor_id=row.successor_id,
    )

"""Documents for those who keep them: listed, shown, removed and restored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session, aliased

from monitor.model.documents import DocumentKind, StoredDocument
from monitor.storage.base import insert_rows
from monitor.storage.documents import get_document, link_successor, reports_of_regions
from monitor.storage.statement_tables import CorroborationRow, DocumentRemovalRow, StatementRow
from monitor.storage.tables import DocumentRow, FrontierEntryRow, SnapshotRow


class RemovalAction(StrEnum):
    """What an operator did with a document."""

    REMOVED = "removed"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents are listed; None leaves a condition out.

    ``title`` is a part of the title; ``year`` the plan year, or that of issue where there is none.
    """

    region: str | None = None
    year: int | None = None
    kind: DocumentKind | None = None
    source: str | None = None
    title: str | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in the list; ``commitments`` are those of its newest version."""

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


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """A snapshot of a document: when it was seen, how it was read, and what is in it."""

    snapshot_id: int
    visited_at: datetime
    outcome: str
    reason: str
    url: str | None
    published: date | None
    published_from: str | None
    characters: int
    statements: Counter[str]


@dataclass(frozen=True, slots=True)
class Removal:
    """A line of ``document_removal``."""

    at: datetime
    action: RemovalAction
    reason: str


def list_documents(
    session: Session, wanted: DocumentFilter, *, limit: int | None = None
) -> list[DocumentLine]:
    """The documents that pass a filter, those of the newest year and day first."""
    # Which ones first: their commitments are counted for these alone.
    chosen = (
        select(DocumentRow.id).where(*_conditions(wanted)).order_by(*_newest_first()).limit(limit)
    )
    query = _lines().where(DocumentRow.id.in_(chosen)).order_by(*_newest_first())
    return [DocumentLine(*row) for row in session.execute(query)]


def count_documents(session: Session, wanted: DocumentFilter) -> int:
    """How many documents pass a filter."""
    query = select(func.count()).select_from(DocumentRow).where(*_conditions(wanted))
    return session.scalar(query) or 0


def find_document(session: Session, document_id: int) -> DocumentLine | None:
    """The document with this id, if there is one."""
    if not 0 < document_id < 1 << 63:
        return None
    query = _lines().where(DocumentRow.id == document_id)
    row = session.execute(query).first()
    return None if row is None else DocumentLine(*row)


def document_versions(session: Session, document_id: int) -> list[DocumentVersion]:
    """The snapshots of a document, the oldest first."""
    counted = (
        select(StatementRow.snapshot_id, StatementRow.label, func.count())
        .join(SnapshotRow, SnapshotRow.id == StatementRow.snapshot_id)
        .where(SnapshotRow.document_id == document_id, StatementRow.in_scope)
        .group_by(StatementRow.snapshot_id, StatementRow.label)
    )
    counts: dict[int, Counter[str]] = {}
    for snapshot_id, label, number in session.execute(counted):
        counts.setdefault(snapshot_id, Counter())[label] = number
    query = (
        select(
            SnapshotRow.id.label("snapshot_id"),
            SnapshotRow.visited_at,
            SnapshotRow.outcome,
            SnapshotRow.reason,
            SnapshotRow.url,
            SnapshotRow.published,
            SnapshotRow.published_from,
            SnapshotRow.characters,
        )
        .where(SnapshotRow.document_id == document_id)
        .order_by(SnapshotRow.id)
    )
    return [
        DocumentVersion(**row._asdict(), statements=counts.get(row.snapshot_id, Counter()))
        for row in session.execute(query)
    ]


def report_series(session: Session) -> dict[str, list[int]]:
    """The years whose report is known, newest first, of each region; the newest report's first."""
    # Sorted here: asked for in the order of the ids, SQLite reads every document.
    query = select(DocumentRow.id, DocumentRow.region, DocumentRow.year).where(
        DocumentRow.kind == DocumentKind.REPORT,
        DocumentRow.region.is_not(None),
        DocumentRow.year.is_not(None),
        DocumentRow.removed_at.is_(None),
    )
    found: dict[str, list[int]] = {}
    for _, region, year in sorted(session.execute(query), key=lambda row: -row.id):
        years = found.setdefault(region or "", [])
        if year is not None and year not in years:
            years.append(year)
    return {region: sorted(years, reverse=True) for region, years in found.items()}


def repeating_documents(session: Session, document_id: int) -> set[int]:
    """The documents that only repeat a commitment of another one."""
    commitment = aliased(StatementRow)
    query = (
        select(StatementRow.document_id)
        .join(CorroborationRow, CorroborationRow.statement_id == StatementRow.id)
        .join(commitment, commitment.id == CorroborationRow.commitment_id)
        .where(commitment.document_id == document_id)
    )
    return set(session.scalars(query.distinct()))


def document_addresses(session: Session, document_id: int) -> list[str]:
    """The addresses that show a document."""
    query = select(FrontierEntryRow.url).where(FrontierEntryRow.document_id == document_id)
    return list(session.scalars(query.order_by(FrontierEntryRow.id)))


def document_origin(session: Session, document_id: int) -> str | None:
    """How a document came into the log, if it has a statement."""
    query = select(StatementRow.origin).where(StatementRow.document_id == document_id)
    return session.scalars(query.order_by(StatementRow.id).limit(1)).first()


def removals(session: Session, document_id: int) -> list[Removal]:
    """When a document was removed and restored, the oldest first."""
    query = (
        select(DocumentRemovalRow)
        .where(DocumentRemovalRow.document_id == document_id)
        .order_by(DocumentRemovalRow.id)
    )
    return [
        Removal(row.at, RemovalAction(row.action), row.reason) for row in session.scalars(query)
    ]


def remove_document(session: Session, document_id: int, *, reason: str, now: datetime) -> bool:
    """Take a document out of the history; its text and the change log stay.

    The caller projects the document anew (``monitor.ingest.removal``).

    Returns:
        Whether it was there to be removed.
    """
    document = get_document(session, document_id)
    if document.removed_at is not None:
        return False
    session.execute(
        update(DocumentRow)
        .where(DocumentRow.successor_id == document_id)
        .values(successor_id=document.successor_id)
    )
    session.execute(
        update(DocumentRow)
        .where(DocumentRow.id == document_id)
        .values(snapshot_id=None, removed_snapshot_id=document.snapshot_id, removed_at=now)
    )
    _note(session, document_id, RemovalAction.REMOVED, reason, now)
    return True


def restore_document(session: Session, document_id: int, *, reason: str, now: datetime) -> bool:
    """Put a removed document back; its addresses are due at once.

    Returns:
        Whether it was removed.
    """
    document = get_document(session, document_id)
    if document.removed_at is None:
        return False
    session.execute(
        update(DocumentRow)
        .where(DocumentRow.id == document_id)
        .values(snapshot_id=document.removed_snapshot_id, removed_snapshot_id=None, removed_at=None)
    )
    _link(session, document)
    # What its addresses showed meanwhile was not compared with it.
    session.execute(
        update(FrontierEntryRow)
        .where(FrontierEntryRow.document_id == document_id)
        .values(
            text_hash=None,
            body_hash=None,
            page_fingerprint=None,
            etag=None,
            last_modified=None,
            next_visit_at=now,
        )
    )
    _note(session, document_id, RemovalAction.RESTORED, reason, now)
    return True


def _link(session: Session, document: StoredDocument) -> None:
    """Put a report between those of the year before and after."""
    if document.kind is not DocumentKind.REPORT or not document.region or not document.year:
        return
    reports = reports_of_regions(session, [document.region])
    older = reports.get((document.region, document.year - 1))
    newer = reports.get((document.region, document.year + 1))
    if older is not None:
        link_successor(session, older.id, document.id)
    if newer is not None:
        link_successor(session, document.id, newer.id)


def _note(
    session: Session, document_id: int, action: RemovalAction, reason: str, now: datetime
) -> None:
    row = {"document_id": document_id, "at": now, "action": action, "reason": reason}
    insert_rows(session, DocumentRemovalRow, [row], wanted=False)


def _lines() -> Select[Any]:
    commitments = (
        select(func.count())
        .where(
            StatementRow.snapshot_id
            == func.coalesce(DocumentRow.snapshot_id, DocumentRow.removed_snapshot_id),
            StatementRow.label == "commitment",
            StatementRow.in_scope,
        )
        .correlate(DocumentRow)
        .scalar_subquery()
    )
    columns = [
        getattr(DocumentRow, one.name) for one in fields(DocumentLine) if one.name != "commitments"
    ]
    return select(*columns, commitments)


def _newest_first() -> tuple[ColumnElement[Any], ...]:
    row = DocumentRow
    return (
        *(row.year.is_(None), row.year.desc(), row.published.is_(None), row.published.desc()),
        row.id.desc(),
    )


def _conditions(wanted: DocumentFilter) -> Iterator[ColumnElement[bool]]:
    yield (
        DocumentRow.removed_at.is_not(None) if wanted.removed else DocumentRow.removed_at.is_(None)
    )
    if wanted.region is not None:
        yield DocumentRow.region == wanted.region
    if wanted.year is not None:
        yield DocumentRow.year == wanted.year
    if wanted.kind is not None:
        yield DocumentRow.kind == wanted.kind
    if wanted.source is not None:
        yield DocumentRow.source_id == wanted.source
    if wanted.title is not None:
        yield func.lower(DocumentRow.title).contains(wanted.title.lower(), autoescape=True)

"""Documents for those who keep them: listed, shown, removed and restored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from monitor.model.documents import DocumentKind, StoredDocument
from monitor.storage.base import insert_rows
from monitor.storage.documents import get_document, link_successor, reports_of_regions
from monitor.storage.statement_tables import (
    corroboration_table,
    document_removal_table,
    statement_table,
)
from monitor.storage.tables import document_table, frontier_entry_table, snapshot_table


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
    connection: Connection, wanted: DocumentFilter, *, limit: int | None = None
) -> list[DocumentLine]:
    """The documents that pass a filter, those of the newest year and day first."""
    # Which ones first: their commitments are counted for these alone.
    chosen = (
        select(document_table.c.id)
        .where(*_conditions(wanted))
        .order_by(*_newest_first())
        .limit(limit)
    )
    query = _lines().where(document_table.c.id.in_(chosen)).order_by(*_newest_first())
    return [DocumentLine(*row) for row in connection.execute(query)]


def count_documents(connection: Connection, wanted: DocumentFilter) -> int:
    """How many documents pass a filter."""
    query = select(func.count()).select_from(document_table).where(*_conditions(wanted))
    return connection.scalar(query) or 0


def find_document(connection: Connection, document_id: int) -> DocumentLine | None:
    """The document with this id, if there is one."""
    if not 0 < document_id < 1 << 63:
        return None
    query = _lines().where(document_table.c.id == document_id)
    row = connection.execute(query).first()
    return None if row is None else DocumentLine(*row)


def document_versions(connection: Connection, document_id: int) -> list[DocumentVersion]:
    """The snapshots of a document, the oldest first."""
    counted = (
        select(statement_table.c.snapshot_id, statement_table.c.label, func.count())
        .join(snapshot_table, snapshot_table.c.id == statement_table.c.snapshot_id)
        .where(snapshot_table.c.document_id == document_id, statement_table.c.in_scope)
        .group_by(statement_table.c.snapshot_id, statement_table.c.label)
    )
    counts: dict[int, Counter[str]] = {}
    for snapshot_id, label, number in connection.execute(counted):
        counts.setdefault(snapshot_id, Counter())[label] = number
    query = (
        select(
            snapshot_table.c.id.label("snapshot_id"),
            snapshot_table.c.visited_at,
            snapshot_table.c.outcome,
            snapshot_table.c.reason,
            snapshot_table.c.url,
            snapshot_table.c.published,
            snapshot_table.c.published_from,
            snapshot_table.c.characters,
        )
        .where(snapshot_table.c.document_id == document_id)
        .order_by(snapshot_table.c.id)
    )
    return [
        DocumentVersion(**row._asdict(), statements=counts.get(row.snapshot_id, Counter()))
        for row in connection.execute(query)
    ]


def report_series(connection: Connection) -> dict[str, list[int]]:
    """The years whose report is known, newest first, of each region; the newest report's first."""
    # Sorted here: asked for in the order of the ids, SQLite reads every document.
    query = select(document_table.c.id, document_table.c.region, document_table.c.year).where(
        document_table.c.kind == DocumentKind.REPORT,
        document_table.c.region.is_not(None),
        document_table.c.year.is_not(None),
        document_table.c.removed_at.is_(None),
    )
    found: dict[str, list[int]] = {}
    for _, region, year in sorted(connection.execute(query), key=lambda row: -row.id):
        years = found.setdefault(region or "", [])
        if year is not None and year not in years:
            years.append(year)
    return {region: sorted(years, reverse=True) for region, years in found.items()}


def repeating_documents(connection: Connection, document_id: int) -> set[int]:
    """The documents that only repeat a commitment of another one."""
    commitments = statement_table.alias()
    commitment = commitments.c
    query = (
        select(statement_table.c.document_id)
        .join(corroboration_table, corroboration_table.c.statement_id == statement_table.c.id)
        .join(commitments, commitment.id == corroboration_table.c.commitment_id)
        .where(commitment.document_id == document_id)
    )
    return set(connection.scalars(query.distinct()))


def document_addresses(connection: Connection, document_id: int) -> list[str]:
    """The addresses that show a document."""
    query = select(frontier_entry_table.c.url).where(
        frontier_entry_table.c.document_id == document_id
    )
    return list(connection.scalars(query.order_by(frontier_entry_table.c.id)))


def document_origin(connection: Connection, document_id: int) -> str | None:
    """How a document came into the log, if it has a statement."""
    query = select(statement_table.c.origin).where(statement_table.c.document_id == document_id)
    return connection.scalars(query.order_by(statement_table.c.id).limit(1)).first()


def removals(connection: Connection, document_id: int) -> list[Removal]:
    """When a document was removed and restored, the oldest first."""
    query = (
        select(document_removal_table)
        .where(document_removal_table.c.document_id == document_id)
        .order_by(document_removal_table.c.id)
    )
    return [
        Removal(row.at, RemovalAction(row.action), row.reason) for row in connection.execute(query)
    ]


def remove_document(
    connection: Connection, document_id: int, *, reason: str, now: datetime
) -> bool:
    """Take a document out of the history; its text and the change log stay.

    The caller projects the document anew (``monitor.ingest.removal``).

    Returns:
        Whether it was there to be removed.
    """
    document = get_document(connection, document_id)
    if document.removed_at is not None:
        return False
    connection.execute(
        update(document_table)
        .where(document_table.c.successor_id == document_id)
        .values(successor_id=document.successor_id)
    )
    connection.execute(
        update(document_table)
        .where(document_table.c.id == document_id)
        .values(snapshot_id=None, removed_snapshot_id=document.snapshot_id, removed_at=now)
    )
    _note(connection, document_id, RemovalAction.REMOVED, reason, now)
    return True


def restore_document(
    connection: Connection, document_id: int, *, reason: str, now: datetime
) -> bool:
    """Put a removed document back; its addresses are due at once.

    Returns:
        Whether it was removed.
    """
    document = get_document(connection, document_id)
    if document.removed_at is None:
        return False
    connection.execute(
        update(document_table)
        .where(document_table.c.id == document_id)
        .values(snapshot_id=document.removed_snapshot_id, removed_snapshot_id=None, removed_at=None)
    )
    _link(connection, document)
    # What its addresses showed meanwhile was not compared with it.
    connection.execute(
        update(frontier_entry_table)
        .where(frontier_entry_table.c.document_id == document_id)
        .values(
            text_hash=None,
            body_hash=None,
            page_fingerprint=None,
            etag=None,
            last_modified=None,
            next_visit_at=now,
        )
    )
    _note(connection, document_id, RemovalAction.RESTORED, reason, now)
    return True


def _link(connection: Connection, document: StoredDocument) -> None:
    """Put a report between those of the year before and after."""
    if document.kind is not DocumentKind.REPORT or not document.region or not document.year:
        return
    reports = reports_of_regions(connection, [document.region])
    older = reports.get((document.region, document.year - 1))
    newer = reports.get((document.region, document.year + 1))
    if older is not None:
        link_successor(connection, older.id, document.id)
    if newer is not None:
        link_successor(connection, document.id, newer.id)


def _note(
    connection: Connection, document_id: int, action: RemovalAction, reason: str, now: datetime
) -> None:
    row = {"document_id": document_id, "at": now, "action": action, "reason": reason}
    insert_rows(connection, document_removal_table, [row], wanted=False)


def _lines() -> Select[Any]:
    commitments = (
        select(func.count())
        .where(
            statement_table.c.snapshot_id
            == func.coalesce(document_table.c.snapshot_id, document_table.c.removed_snapshot_id),
            statement_table.c.label == "commitment",
            statement_table.c.in_scope,
        )
        .correlate(document_table)
        .scalar_subquery()
    )
    columns = [
        document_table.c[one.name] for one in fields(DocumentLine) if one.name != "commitments"
    ]
    return select(*columns, commitments)


def _newest_first() -> tuple[ColumnElement[Any], ...]:
    document = document_table.c
    return (
        document.year.is_(None),
        document.year.desc(),
        document.published.is_(None),
        document.published.desc(),
        document.id.desc(),
    )


def _conditions(wanted: DocumentFilter) -> Iterator[ColumnElement[bool]]:
    yield (
        document_table.c.removed_at.is_not(None)
        if wanted.removed
        else document_table.c.removed_at.is_(None)
    )
    if wanted.region is not None:
        yield document_table.c.region == wanted.region
    if wanted.year is not None:
        yield document_table.c.year == wanted.year
    if wanted.kind is not None:
        yield document_table.c.kind == wanted.kind
    if wanted.source is not None:
        yield document_table.c.source_id == wanted.source
    if wanted.title is not None:
        yield func.lower(document_table.c.title).contains(wanted.title.lower(), autoescape=True)

"""Documents: where they are read from, which snapshot is theirs, and which texts are alike.

Functions over a connection, called in the transaction of a visit. Of a document the pointer to its
newest good snapshot changes, and where it is read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, exists, func, select

from monitor.model.documents import DocumentKind, Provenance, StoredDocument
from monitor.storage.base import batches, insert_rows, is_in, update_by_id
from monitor.storage.statement_tables import statement_table, text_fingerprint_table
from monitor.storage.tables import document_table, snapshot_table

_DOCUMENT = tuple(document_table.c[one.name] for one in fields(StoredDocument))


def get_document(connection: Connection, document_id: int) -> StoredDocument:
    """The document with this id."""
    return _document(connection.execute(_document_query(), {"document_id": document_id}).one())


def documents_by_id(connection: Connection, ids: Collection[int]) -> dict[int, StoredDocument]:
    """The documents with these ids."""
    return {
        row.id: _document(row)
        for some in batches(ids)
        for row in connection.execute(_documents_query(), {"ids": some})
    }


# The statements that each new page needs are built once: that takes longer than to run them.
@cache
def _document_query() -> Select[Any]:
    return _documents().where(document_table.c.id == bindparam("document_id"))


@cache
def _documents_query() -> Select[Any]:
    return _documents().where(is_in(document_table.c.id, "ids"))


def reports_of_regions(
    connection: Connection, regions: Collection[str]
) -> dict[tuple[str, int], StoredDocument]:
    """All reports of some regions by region and year; of several for one year the first seen."""
    found: dict[tuple[str, int], StoredDocument] = {}
    for some in batches(regions):
        for row in connection.execute(_reports_query(), {"regions": some}):
            if row.region is not None and row.year is not None:
                found.setdefault((row.region, row.year), _document(row))
    return found


@cache
def _reports_query() -> Select[Any]:
    columns = document_table.c
    return (
        _documents()
        .where(
            columns.kind == DocumentKind.REPORT,
            is_in(columns.region, "regions"),
            columns.removed_at.is_(None),
        )
        .order_by(columns.id)
    )


def find_text(connection: Connection, text_hash: str) -> StoredDocument | None:
    """The document whose newest good snapshot has exactly this text; a removed one if no other."""
    row = connection.execute(_text_query(), {"text_hash": text_hash}).first()
    return None if row is None else _document(row)


@cache
def _text_query() -> Select[Any]:
    documents, snapshots = document_table.c, snapshot_table
    current = func.coalesce(documents.snapshot_id, documents.removed_snapshot_id)
    return (
        _documents()
        .join(snapshots, snapshots.c.document_id == documents.id)
        .where(snapshots.c.text_hash == bindparam("text_hash"), snapshots.c.id == current)
        .order_by(documents.removed_at.is_not(None), documents.id)
        .limit(1)
    )


def add_document(
    connection: Connection,
    *,
    provenance: Provenance,
    source_id: str | None,
    url: str | None,
    baseline: bool,
    now: datetime,
) -> StoredDocument:
    """A new document; it has no snapshot yet."""
    document = StoredDocument(
        id=0,
        source_id=source_id,
        kind=provenance.kind,
        region=provenance.region,
        year=provenance.year,
        title=provenance.title,
        published=provenance.published,
        url=url,
        baseline=baseline,
        snapshot_id=None,
        successor_id=None,
    )
    values = {one.name: getattr(document, one.name) for one in fields(document) if one.name != "id"}
    (document_id,) = insert_rows(connection, document_table, [{**values, "first_seen_at": now}])
    return replace(document, id=document_id)


def has_other_report(connection: Connection, document: StoredDocument) -> bool:
    """Whether the report of the same region and year stands in another document, too."""
    if document.kind is not DocumentKind.REPORT or not document.region or not document.year:
        return False
    query = select(
        exists().where(
            document_table.c.kind == DocumentKind.REPORT,
            document_table.c.region == document.region,
            document_table.c.year == document.year,
            document_table.c.id != document.id,
            document_table.c.url.is_not(None),
            document_table.c.removed_at.is_(None),
        )
    )
    return bool(connection.scalar(query))


def set_withdrawn(connection: Connection, document_id: int, since: datetime | None) -> None:
    """Note that a document's page is gone for good, or (None) that it is back."""
    _set(connection, document_id, {"withdrawn_at": since})


def set_current_snapshot(
    connection: Connection,
    document_id: int,
    snapshot_id: int,
    *,
    title: str,
    published: date | None,
) -> None:
    """Make a snapshot the one that the next visit is compared with."""
    values: dict[str, object] = {"snapshot_id": snapshot_id}
    if title:
        values["title"] = title
    if published:
        values["published"] = published
    _set(connection, document_id, values)


def set_home(
    connection: Connection, document_id: int, *, url: str | None, source_id: str | None
) -> None:
    """Set the address and source a document is read from."""
    _set(connection, document_id, {"url": url, "source_id": source_id})


def link_successor(connection: Connection, older_id: int, newer_id: int) -> None:
    """Note that a report has a successor: its commitments are no longer current."""
    _set(connection, older_id, {"successor_id": newer_id})


def documents_of_statements(connection: Connection, statement_ids: Collection[int]) -> set[int]:
    """The documents that some statements stand in."""
    found: set[int] = set()
    for some in batches(statement_ids):
        query = select(statement_table.c.document_id).where(statement_table.c.id.in_(some))
        found.update(connection.scalars(query))
    return found


def add_fingerprint(connection: Connection, document_id: int, hashes: Sequence[int]) -> None:
    """Keep a document's fingerprint."""
    rows = [{"hash": value, "document_id": document_id} for value in hashes]
    insert_rows(connection, text_fingerprint_table, rows, wanted=False)


def find_similar(
    connection: Connection, hashes: Sequence[int], *, shared: int, limit: int = 3
) -> list[int]:
    """The documents that share at least ``shared`` of these hashes, most of them first."""
    if len(hashes) < shared:
        return []
    given = {"hashes": list(hashes), "shared": shared, "most": limit}
    return list(connection.execute(_similar_query(), given).scalars())


@cache
def _similar_query() -> Select[Any]:
    columns, count = text_fingerprint_table.c, func.count()
    return (
        select(columns.document_id)
        .where(is_in(columns.hash, "hashes"))
        .group_by(columns.document_id)
        .having(count >= bindparam("shared"))
        .order_by(count.desc(), columns.document_id)
        .limit(bindparam("most", type_=Integer))
    )


def _documents() -> Select[tuple[object, ...]]:
    return select(*_DOCUMENT)


def _document(row: Row[tuple[object, ...]]) -> StoredDocument:
    values = row._asdict()
    return StoredDocument(**values | {"kind": DocumentKind(values["kind"])})


def _set(connection: Connection, document_id: int, values: dict[str, object]) -> None:
    given = {"id_of": document_id, **values}
    connection.execute(update_by_id(document_table, tuple(values)), given)

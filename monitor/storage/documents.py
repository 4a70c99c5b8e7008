"""Documents, snapshots, statements and the change log.

Functions over a session, called in the transaction of a visit. Rows are only added; of a document
the pointer to its newest good snapshot changes, and where it is read. Everything goes through
SQLAlchemy Core: a report has hundreds of rows, and as ORM objects they cost ten times as much.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Integer, Row, Select, bindparam, exists, func, select
from sqlalchemy.orm import Session

from monitor.model.changes import Change
from monitor.model.documents import (
    Document,
    DocumentKind,
    Fetched,
    FetchRecord,
    Origin,
    Outcome,
    Provenance,
    StoredDocument,
    StoredSnapshot,
    sha256_hex,
)
from monitor.model.statements import Statement, Target
from monitor.storage.base import batches, insert_rows, is_in, table_of, update_by_id
from monitor.storage.mappers import (
    change_values,
    delta_values,
    statement_values,
    stored_statement,
    stored_target,
    target_values,
)
from monitor.storage.raw_bytes import keep_bytes
from monitor.storage.statement_tables import (
    ChangeRow,
    CorroborationRow,
    DeltaRow,
    SnapshotTextRow,
    StatementRow,
    TargetRow,
    TextFingerprintRow,
)
from monitor.storage.tables import DocumentRow, SnapshotRow
from monitor.storage.word_index import add_words

_document_table = table_of(DocumentRow)
_DOCUMENT = tuple(_document_table.c[one.name] for one in fields(StoredDocument))


def get_document(session: Session, document_id: int) -> StoredDocument:
    """The document with this id."""
    return _document(session.execute(_document_query(), {"document_id": document_id}).one())


def documents_by_id(session: Session, ids: Collection[int]) -> dict[int, StoredDocument]:
    """The documents with these ids."""
    return {
        row.id: _document(row)
        for some in batches(ids)
        for row in session.execute(_documents_query(), {"ids": some})
    }


# The statements that each new page needs are built once: that takes longer than to run them.
@cache
def _document_query() -> Select[Any]:
    return _documents().where(_document_table.c.id == bindparam("document_id"))


@cache
def _documents_query() -> Select[Any]:
    return _documents().where(is_in(_document_table.c.id, "ids"))


def reports_of_regions(
    session: Session, regions: Collection[str]
) -> dict[tuple[str, int], StoredDocument]:
    """All reports of some regions by region and year; of several for one year the first seen."""
    found: dict[tuple[str, int], StoredDocument] = {}
    for some in batches(regions):
        for row in session.execute(_reports_query(), {"regions": some}):
            if row.region is not None and row.year is not None:
                found.setdefault((row.region, row.year), _document(row))
    return found


@cache
def _reports_query() -> Select[Any]:
    columns = _document_table.c
    return (
        _documents()
        .where(
            columns.kind == DocumentKind.REPORT,
            is_in(columns.region, "regions"),
            columns.removed_at.is_(None),
        )
        .order_by(columns.id)
    )


def find_text(session: Session, text_hash: str) -> StoredDocument | None:
    """The document whose newest good snapshot has exactly this text; a removed one if no other."""
    row = session.execute(_text_query(), {"text_hash": text_hash}).first()
    return None if row is None else _document(row)


@cache
def _text_query() -> Select[Any]:
    documents, snapshots = _document_table.c, table_of(SnapshotRow)
    current = func.coalesce(documents.snapshot_id, documents.removed_snapshot_id)
    return (
        _documents()
        .join(snapshots, snapshots.c.document_id == documents.id)
        .where(snapshots.c.text_hash == bindparam("text_hash"), snapshots.c.id == current)
        .order_by(documents.removed_at.is_not(None), documents.id)
        .limit(1)
    )


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
    (document_id,) = insert_rows(session, DocumentRow, [{**values, "first_seen_at": now}])
    return replace(document, id=document_id)


def has_other_report(session: Session, document: StoredDocument) -> bool:
    """Whether the report of the same region and year stands in another document, too."""
    if document.kind is not DocumentKind.REPORT or not document.region or not document.year:
        return False
    query = select(
        exists().where(
            DocumentRow.kind == DocumentKind.REPORT,
            DocumentRow.region == document.region,
            DocumentRow.year == document.year,
            DocumentRow.id != document.id,
            DocumentRow.url.is_not(None),
            DocumentRow.removed_at.is_(None),
        )
    )
    return bool(session.scalar(query))


def set_withdrawn(session: Session, document_id: int, since: datetime | None) -> None:
    """Note that a document's page is gone for good, or (None) that it is back."""
    _set(session, document_id, {"withdrawn_at": since})


def load_snapshot(session: Session, snapshot_id: int) -> StoredSnapshot:
    """A snapshot with its statements in the order of the text."""
    return load_snapshots(session, (snapshot_id,))[snapshot_id]


def load_snapshots(session: Session, snapshot_ids: Collection[int]) -> dict[int, StoredSnapshot]:
    """Snapshots with their statements in the order of the text, by id."""
    texts: dict[int, tuple[str, Outcome]] = {}
    for some in batches(snapshot_ids):
        believed = select(SnapshotRow.id, SnapshotTextRow.text, SnapshotRow.outcome).join(
            SnapshotTextRow, SnapshotTextRow.snapshot_id == SnapshotRow.id
        )
        for one in session.execute(believed.where(SnapshotRow.id.in_(some))):
            texts[one.id] = one.text, Outcome(one.outcome)
    targets: defaultdict[int, list[Target]] = defaultdict(list)
    statements: defaultdict[int, list[Statement]] = defaultdict(list)
    ids: defaultdict[int, list[int]] = defaultdict(list)
    for some in batches(snapshot_ids):
        listed = (
            select(*table_of(TargetRow).c)
            .join(StatementRow, StatementRow.id == TargetRow.statement_id)
            .where(StatementRow.snapshot_id.in_(some), StatementRow.in_scope)
            .order_by(TargetRow.statement_id, TargetRow.position)
        )
        for row in session.execute(listed):
            targets[row.statement_id].append(stored_target(row))
        found = (
            select(*table_of(StatementRow).c)
            .where(StatementRow.snapshot_id.in_(some), StatementRow.in_scope)
            .order_by(StatementRow.start_offset, StatementRow.id)
        )
        for row in session.execute(found):
            ids[row.snapshot_id].append(row.id)
            statements[row.snapshot_id].append(stored_statement(row, tuple(targets[row.id])))
    return {
        snapshot_id: StoredSnapshot(
            snapshot_id, text, tuple(statements[snapshot_id]), tuple(ids[snapshot_id]), outcome
        )
        for snapshot_id, (text, outcome) in texts.items()
    }


def load_texts(session: Session, snapshot_ids: Collection[int]) -> dict[int, str]:
    """The texts of snapshots by id."""
    texts: dict[int, str] = {}
    for some in batches(snapshot_ids):
        found = session.execute(_texts_query(), {"ids": some})
        texts.update({row.snapshot_id: row.text for row in found})
    return texts


@cache
def _texts_query() -> Select[Any]:
    columns = table_of(SnapshotTextRow).c
    return select(columns.snapshot_id, columns.text).where(is_in(columns.snapshot_id, "ids"))


def add_snapshot(
    session: Session,
    document_id: int | None,
    document: Document,
    statements: Sequence[Statement],
    *,
    fetch: FetchRecord,
    now: datetime,
    outcome: Outcome = Outcome.OK,
    reason: str = "",
    versions: Mapping[int, int] = MappingProxyType({}),
    is_first: bool = False,
    origin: Origin = Origin.LIVE,
) -> StoredSnapshot:
    """Keep what a visit saw, with its bytes and statements.

    Args:
        session: a writing transaction.
        document_id: the document; None while it is unknown.
        document: what was read.
        statements: what was found in it.
        fetch: what was asked and answered.
        now: the time of the visit.
        outcome: of the visit.
        reason: of the outcome.
        versions: rows of the document's snapshots before, by the positions of statements that they
            are a version of; the others are known again by their words.
        is_first: the document has no other snapshot.
        origin: of the statements that no snapshot of the document had before.
    """
    values = {
        "document_id": document_id,
        "frontier_entry_id": fetch.frontier_entry_id,
        "visited_at": now,
        "outcome": outcome,
        "reason": reason,
        "status": fetch.status,
        "url": fetch.url,
        "content_type": fetch.content_type,
        "request": _exchange(fetch.fetched, sent=True),
        "response": _exchange(fetch.fetched, sent=False),
        "blob_hash": None
        if fetch.body is None
        else keep_bytes(session, fetch.body, text=document.text, url=fetch.url, now=now),
        "text_hash": sha256_hex(document.text),
        "title": document.title,
        "published": document.published,
        "published_from": document.published_from or None,
        "characters": len(document.text),
    }
    (snapshot_id,) = insert_rows(session, SnapshotRow, [values])
    text_row = {"snapshot_id": snapshot_id, "text": document.text}
    insert_rows(session, SnapshotTextRow, [text_row], wanted=False)
    kept = () if document_id is None else tuple(statements)
    first = (
        {}
        if document_id is None or is_first
        else _first_versions(session, document_id, kept, versions)
    )
    seen = _first_seen(session, first)
    ids = _insert_statements(
        session,
        [
            {
                **statement_values(s, snapshot_id=snapshot_id, document_id=document_id),
                "first_version_id": first.get(position),
                "origin": origin.value,
                "first_seen_at": now,
                **seen.get(position, {}),
            }
            for position, s in enumerate(kept)
        ],
    )
    insert_rows(
        session,
        TargetRow,
        [
            values
            for statement_id, statement in zip(ids, kept, strict=True)
            for values in target_values(statement, statement_id)
        ],
        wanted=False,
    )
    return StoredSnapshot(snapshot_id, document.text, kept, tuple(ids), outcome)


def _insert_statements(session: Session, values: Sequence[Mapping[str, object]]) -> list[int]:
    """Insert statements, and put them into the index of words."""
    ids = insert_rows(session, StatementRow, values)
    texts = (str(one["text"]) for one in values)
    add_words(session.connection(), zip(ids, texts, strict=True))
    return ids


def _first_versions(
    session: Session,
    document_id: int,
    statements: Sequence[Statement],
    versions: Mapping[int, int],
    snapshot_id: int | None = None,
) -> dict[int, int]:
    """The rows that statements had in the first snapshot of their document that has them.

    Args:
        session: a writing transaction.
        document_id: the document.
        statements: of its new snapshot.
        versions: rows of a snapshot before, by the positions of statements.
        snapshot_id: the new snapshot, if it has rows already.

    Returns:
        The rows by position; of two sentences with the same words each has one of its own.
    """
    first = func.coalesce(StatementRow.first_version_id, StatementRow.id).label("first")
    first_of = {
        row.id: row.first
        for some in batches(versions.values())
        for row in session.execute(select(StatementRow.id, first).where(StatementRow.id.in_(some)))
    }
    found = {position: first_of[row_id] for position, row_id in versions.items()}
    rest = {one.text for position, one in enumerate(statements) if position not in found}
    known: defaultdict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    for some in batches(rest):
        query = (
            select(StatementRow.topic, StatementRow.text, first)
            .join(SnapshotRow, SnapshotRow.id == StatementRow.snapshot_id)
            .where(SnapshotRow.document_id == document_id, StatementRow.text.in_(some))
            .order_by(StatementRow.id)
        )
        if snapshot_id is not None:
            query = query.where(SnapshotRow.id != snapshot_id)
        for row in session.execute(query):
            known[row.topic, row.text][row.first] = None
    taken = set(found.values())
    for position, one in enumerate(statements):
        if position not in found:
            again = next(
                (row_id for row_id in known[one.topic, one.text] if row_id not in taken), None
            )
            if again is not None:
                found[position] = again
                taken.add(again)
    return found


def _first_seen(session: Session, first: Mapping[int, int]) -> dict[int, dict[str, object]]:
    """Origin and time of first versions, by the positions of the statements that have one."""
    rows: dict[int, dict[str, object]] = {}
    for some in batches(first.values()):
        query = select(StatementRow.id, StatementRow.origin, StatementRow.first_seen_at)
        for row in session.execute(query.where(StatementRow.id.in_(some))):
            rows[row.id] = {"origin": row.origin, "first_seen_at": row.first_seen_at}
    return {position: rows[row_id] for position, row_id in first.items()}


def set_current_snapshot(
    session: Session, document_id: int, snapshot_id: int, *, title: str, published: date | None
) -> None:
    """Make a snapshot the one that the next visit is compared with."""
    values: dict[str, object] = {"snapshot_id": snapshot_id}
    if title:
        values["title"] = title
    if published:
        values["published"] = published
    _set(session, document_id, values)


def set_home(session: Session, document_id: int, *, url: str | None, source_id: str | None) -> None:
    """Set the address and source a document is read from."""
    _set(session, document_id, {"url": url, "source_id": source_id})


def link_successor(session: Session, older_id: int, newer_id: int) -> None:
    """Note that a report has a successor: its commitments are no longer current."""
    _set(session, older_id, {"successor_id": newer_id})


def has_changes(session: Session, snapshot_id: int, basis: str) -> bool:
    """Whether the log has a comparison of this snapshot on this basis."""
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
    """Write changes whose statements are those of two snapshots into the log.

    Returns:
        Their ids in the same order.
    """
    before_ids, after_ids = _ids(before), _ids(after)
    return log_changes(
        session,
        [
            (
                change,
                None if change.before is None else before_ids[id(change.before)],
                None if change.after is None else after_ids[id(change.after)],
            )
            for change in changes
        ],
        document_id=document_id,
        snapshot_id=after.id,
        now=now,
    )


def add_other_sentences(
    session: Session,
    document_id: int,
    snapshot_id: int,
    sentences: Iterable[Statement],
    *,
    now: datetime,
    origin: Origin = Origin.LIVE,
) -> dict[int, int]:
    """Keep sentences about other subjects that changes refer to.

    Args:
        session: a writing transaction.
        document_id: the document.
        snapshot_id: its snapshot.
        sentences: what is kept.
        now: the time of the visit.
        origin: how they came into the log.

    Returns:
        The row of each, by where the sentence starts; those that were kept before too.
    """
    known = other_sentences(session, snapshot_id)
    new = {one.start: one for one in sentences if one.start not in known}
    first = _first_versions(session, document_id, tuple(new.values()), {}, snapshot_id)
    seen = _first_seen(session, first)
    ids = _insert_statements(
        session,
        [
            {
                **statement_values(one, snapshot_id=snapshot_id, document_id=document_id),
                "in_scope": False,
                "first_version_id": first.get(position),
                "origin": origin.value,
                "first_seen_at": now,
                **seen.get(position, {}),
            }
            for position, one in enumerate(new.values())
        ],
    )
    return known | dict(zip(new, ids, strict=True))


def other_sentences(session: Session, snapshot_id: int) -> dict[int, int]:
    """The rows of a snapshot's sentences about other subjects, by where they start."""
    query = select(StatementRow.start_offset, StatementRow.id).where(
        StatementRow.snapshot_id == snapshot_id, StatementRow.in_scope.is_(False)
    )
    return {row.start_offset: row.id for row in session.execute(query)}


def log_changes(
    session: Session,
    changes: Sequence[tuple[Change, int | None, int | None]],
    *,
    document_id: int,
    snapshot_id: int,
    now: datetime,
    positions: Sequence[int] = (),
    origin: Origin = Origin.LIVE,
) -> list[int]:
    """Write changes into the log, each with the ids of its statements before and after.

    Args:
        session: a writing transaction.
        changes: the changes with their statements' rows.
        document_id: the document they were found in.
        snapshot_id: its snapshot.
        now: the time of the visit.
        positions: of verdicts, the place of each one's target in its commitment.
        origin: how they came into the log.

    Returns:
        The changes' ids in the same order.
    """
    ids = insert_rows(
        session,
        ChangeRow,
        [
            change_values(
                change,
                document_id=document_id,
                snapshot_id=snapshot_id,
                before_id=before_id,
                after_id=after_id,
                detected_at=now,
                position=positions[index] if positions else None,
                origin=origin,
            )
            for index, (change, before_id, after_id) in enumerate(changes)
        ],
    )
    insert_rows(
        session,
        DeltaRow,
        [
            values
            for change_id, (change, _, _) in zip(ids, changes, strict=True)
            for values in delta_values(change, change_id)
        ],
        wanted=False,
    )
    return ids


def add_corroborations(
    session: Session, found: Iterable[tuple[int, int, float]], *, now: datetime
) -> None:
    """Link statements to the commitments they repeat.

    Args:
        session: a writing transaction.
        found: ids of statement and commitment, and the share of the statement that is repeated.
        now: the time of the visit.
    """
    rows = [
        {
            "statement_id": statement_id,
            "commitment_id": commitment_id,
            "share": share,
            "noted_at": now,
        }
        for statement_id, commitment_id, share in found
    ]
    insert_rows(session, CorroborationRow, rows, wanted=False)


def documents_of_statements(session: Session, statement_ids: Collection[int]) -> set[int]:
    """The documents that some statements stand in."""
    found: set[int] = set()
    for some in batches(statement_ids):
        query = select(StatementRow.document_id).where(StatementRow.id.in_(some))
        found.update(session.scalars(query))
    return found


def corroborations_of(session: Session, snapshot_id: int) -> dict[int, tuple[int, float]]:
    """The statements of a snapshot that only repeat commitments known before.

    Returns:
        For each the commitment, and the share of the statement that is repeated.
    """
    query = (
        select(
            CorroborationRow.statement_id, CorroborationRow.commitment_id, CorroborationRow.share
        )
        .join(StatementRow, StatementRow.id == CorroborationRow.statement_id)
        .where(StatementRow.snapshot_id == snapshot_id)
    )
    return {row.statement_id: (row.commitment_id, row.share) for row in session.execute(query)}


def add_fingerprint(session: Session, document_id: int, hashes: Sequence[int]) -> None:
    """Keep a document's fingerprint."""
    rows = [{"hash": value, "document_id": document_id} for value in hashes]
    insert_rows(session, TextFingerprintRow, rows, wanted=False)


def find_similar(
    session: Session, hashes: Sequence[int], *, shared: int, limit: int = 3
) -> list[int]:
    """The documents that share at least ``shared`` of these hashes, most of them first."""
    if len(hashes) < shared:
        return []
    given = {"hashes": list(hashes), "shared": shared, "most": limit}
    return list(session.execute(_similar_query(), given).scalars())


@cache
def _similar_query() -> Select[Any]:
    columns, count = table_of(TextFingerprintRow).c, func.count()
    return (
        select(columns.document_id)
        .where(is_in(columns.hash, "hashes"))
        .group_by(columns.document_id)
        .having(count >= bindparam("shared"))
        .order_by(count.desc(), columns.document_id)
        .limit(bindparam("most", type_=Integer))
    )


def earlier_sentences(
    session: Session, documents: Sequence[StoredDocument]
) -> dict[int, frozenset[str]]:
    """The statements of older snapshots of some documents, as they were written."""
    if not documents:
        return {}
    query = (
        select(SnapshotRow.document_id, StatementRow.text)
        .join(StatementRow, StatementRow.snapshot_id == SnapshotRow.id)
        .where(
            SnapshotRow.document_id.in_([one.id for one in documents]),
            SnapshotRow.id.not_in([one.snapshot_id for one in documents]),
            StatementRow.in_scope,
        )
        .distinct()
    )
    found: defaultdict[int, set[str]] = defaultdict(set)
    for document_id, sentence in session.execute(query):
        found[document_id or 0].add(sentence)
    return {document_id: frozenset(sentences) for document_id, sentences in found.items()}


def _documents() -> Select[tuple[object, ...]]:
    return select(*_DOCUMENT)


def _document(row: Row[tuple[object, ...]]) -> StoredDocument:
    values = row._asdict()
    return StoredDocument(**values | {"kind": DocumentKind(values["kind"])})


def _set(session: Session, document_id: int, values: dict[str, object]) -> None:
    given = {"id_of": document_id, **values}
    session.connection().execute(update_by_id(_document_table, tuple(values)), given)


def _ids(snapshot: StoredSnapshot | None) -> dict[int, int]:
    """Row ids by the statements' own identity: two sentences of one text may be equal."""
    if snapshot is None:
        return {}
    pairs = zip(snapshot.statements, snapshot.statement_ids, strict=True)
    return {id(statement): row_id for statement, row_id in pairs}


def _exchange(fetched: Fetched | None, *, sent: bool) -> str | None:
    """One side of an exchange as JSON."""
    if fetched is None:
        return None
    url, headers = (fetched.url, fetched.sent) if sent else (fetched.final_url, fetched.headers)
    exchange = {"url": url, "headers": dict(headers)}
    if not sent:
        exchange["at"] = fetched.fetched_at.isoformat()
    return json.dumps(exchange, ensure_ascii=False, sort_keys=True)

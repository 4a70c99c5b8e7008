"""Snapshots: what a visit saw of a document, with its statements and targets.

Rows are only added. Everything goes through SQLAlchemy Core: a report has hundreds of rows, and as
ORM objects they cost ten times as much.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from monitor.model.documents import (
    Document,
    Fetched,
    FetchRecord,
    Origin,
    Outcome,
    StoredDocument,
    StoredSnapshot,
    sha256_hex,
)
from monitor.model.statements import Statement, Target
from monitor.storage.base import batches, insert_rows, is_in, table_of
from monitor.storage.mappers import statement_values, stored_statement, stored_target, target_values
from monitor.storage.raw_bytes import keep_bytes
from monitor.storage.statement_tables import SnapshotTextRow, StatementRow, TargetRow
from monitor.storage.tables import SnapshotRow
from monitor.storage.word_index import add_words


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


def _exchange(fetched: Fetched | None, *, sent: bool) -> str | None:
    """One side of an exchange as JSON."""
    if fetched is None:
        return None
    url, headers = (fetched.url, fetched.sent) if sent else (fetched.final_url, fetched.headers)
    exchange = {"url": url, "headers": dict(headers)}
    if not sent:
        exchange["at"] = fetched.fetched_at.isoformat()
    return json.dumps(exchange, ensure_ascii=False, sort_keys=True)

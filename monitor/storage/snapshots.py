"""Snapshots: what a visit saw of a document, with its statements and targets.

Rows are only added.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

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
from monitor.model.statements import Statement
from monitor.storage.base import batches, insert_rows, is_in
from monitor.storage.change_rows import statements_of
from monitor.storage.mappers import statement_values, target_values
from monitor.storage.raw_bytes import keep_bytes
from monitor.storage.statement_tables import snapshot_text_table, statement_table, target_table
from monitor.storage.tables import snapshot_table
from monitor.storage.word_index import add_words


def load_snapshot(connection: Connection, snapshot_id: int) -> StoredSnapshot:
    """A snapshot with its statements in the order of the text."""
    return load_snapshots(connection, (snapshot_id,))[snapshot_id]


def load_snapshots(
    connection: Connection, snapshot_ids: Collection[int]
) -> dict[int, StoredSnapshot]:
    """Snapshots with their statements in the order of the text, by id."""
    texts: dict[int, tuple[str, Outcome]] = {}
    for some in batches(snapshot_ids):
        believed = select(
            snapshot_table.c.id, snapshot_text_table.c.text, snapshot_table.c.outcome
        ).join(snapshot_text_table, snapshot_text_table.c.snapshot_id == snapshot_table.c.id)
        for one in connection.execute(believed.where(snapshot_table.c.id.in_(some))):
            texts[one.id] = one.text, Outcome(one.outcome)
    rows: list[Row[Any]] = []
    for some in batches(snapshot_ids):
        found = (
            select(statement_table)
            .where(statement_table.c.snapshot_id.in_(some), statement_table.c.in_scope)
            .order_by(statement_table.c.start_offset, statement_table.c.id)
        )
        rows += connection.execute(found).all()
    said = statements_of(connection, rows)
    statements: defaultdict[int, list[Statement]] = defaultdict(list)
    ids: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        ids[row.snapshot_id].append(row.id)
        statements[row.snapshot_id].append(said[row.id])
    return {
        snapshot_id: StoredSnapshot(
            snapshot_id, text, tuple(statements[snapshot_id]), tuple(ids[snapshot_id]), outcome
        )
        for snapshot_id, (text, outcome) in texts.items()
    }


def load_texts(connection: Connection, snapshot_ids: Collection[int]) -> dict[int, str]:
    """The texts of snapshots by id."""
    texts: dict[int, str] = {}
    for some in batches(snapshot_ids):
        found = connection.execute(_texts_query(), {"ids": some})
        texts.update({row.snapshot_id: row.text for row in found})
    return texts


@cache
def _texts_query() -> Select[int, str]:
    columns = snapshot_text_table.c
    return select(columns.snapshot_id, columns.text).where(is_in(columns.snapshot_id, "ids"))


def add_snapshot(
    connection: Connection,
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
        connection: a writing transaction.
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
        else keep_bytes(connection, fetch.body, text=document.text, url=fetch.url, now=now),
        "text_hash": sha256_hex(document.text),
        "title": document.title,
        "published": document.published,
        "published_from": document.published_from or None,
        "characters": len(document.text),
    }
    (snapshot_id,) = insert_rows(connection, snapshot_table, [values])
    text_row = {"snapshot_id": snapshot_id, "text": document.text}
    insert_rows(connection, snapshot_text_table, [text_row], wanted=False)
    kept = () if document_id is None else tuple(statements)
    first = (
        {}
        if document_id is None or is_first
        else _first_versions(connection, document_id, kept, versions)
    )
    seen = _first_seen(connection, first)
    ids = _insert_statements(
        connection,
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
        connection,
        target_table,
        [
            values
            for statement_id, statement in zip(ids, kept, strict=True)
            for values in target_values(statement, statement_id)
        ],
        wanted=False,
    )
    return StoredSnapshot(snapshot_id, document.text, kept, tuple(ids), outcome)


def _insert_statements(connection: Connection, values: Sequence[Mapping[str, object]]) -> list[int]:
    """Insert statements, and put them into the index of words."""
    ids = insert_rows(connection, statement_table, values)
    texts = (str(one["text"]) for one in values)
    add_words(connection, zip(ids, texts, strict=True))
    return ids


def _first_versions(
    connection: Connection,
    document_id: int,
    statements: Sequence[Statement],
    versions: Mapping[int, int],
    snapshot_id: int | None = None,
) -> dict[int, int]:
    """The rows that statements had in the first snapshot of their document that has them.

    Args:
        connection: a writing transaction.
        document_id: the document.
        statements: of its new snapshot.
        versions: rows of a snapshot before, by the positions of statements.
        snapshot_id: the new snapshot, if it has rows already.

    Returns:
        The rows by position; of two sentences with the same words each has one of its own.
    """
    first = func.coalesce(statement_table.c.first_version_id, statement_table.c.id).label("first")
    first_of = {
        row.id: row.first
        for some in batches(versions.values())
        for row in connection.execute(
            select(statement_table.c.id, first).where(statement_table.c.id.in_(some))
        )
    }
    found = {position: first_of[row_id] for position, row_id in versions.items()}
    rest = {one.text for position, one in enumerate(statements) if position not in found}
    known: defaultdict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    for some in batches(rest):
        query = (
            select(statement_table.c.topic, statement_table.c.text, first)
            .join(snapshot_table, snapshot_table.c.id == statement_table.c.snapshot_id)
            .where(snapshot_table.c.document_id == document_id, statement_table.c.text.in_(some))
            .order_by(statement_table.c.id)
        )
        if snapshot_id is not None:
            query = query.where(snapshot_table.c.id != snapshot_id)
        for row in connection.execute(query):
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


def _first_seen(connection: Connection, first: Mapping[int, int]) -> dict[int, dict[str, object]]:
    """Origin and time of first versions, by the positions of the statements that have one."""
    rows: dict[int, dict[str, object]] = {}
    for some in batches(first.values()):
        query = select(
            statement_table.c.id, statement_table.c.origin, statement_table.c.first_seen_at
        )
        for row in connection.execute(query.where(statement_table.c.id.in_(some))):
            rows[row.id] = {"origin": row.origin, "first_seen_at": row.first_seen_at}
    return {position: rows[row_id] for position, row_id in first.items()}


def add_other_sentences(
    connection: Connection,
    document_id: int,
    snapshot_id: int,
    sentences: Iterable[Statement],
    *,
    now: datetime,
    origin: Origin = Origin.LIVE,
) -> dict[int, int]:
    """Keep sentences about other subjects that changes refer to.

    Args:
        connection: a writing transaction.
        document_id: the document.
        snapshot_id: its snapshot.
        sentences: what is kept.
        now: the time of the visit.
        origin: how they came into the log.

    Returns:
        The row of each, by where the sentence starts; those that were kept before too.
    """
    known = other_sentences(connection, snapshot_id)
    new = {one.start: one for one in sentences if one.start not in known}
    first = _first_versions(connection, document_id, tuple(new.values()), {}, snapshot_id)
    seen = _first_seen(connection, first)
    ids = _insert_statements(
        connection,
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


def other_sentences(connection: Connection, snapshot_id: int) -> dict[int, int]:
    """The rows of a snapshot's sentences about other subjects, by where they start."""
    query = select(statement_table.c.start_offset, statement_table.c.id).where(
        statement_table.c.snapshot_id == snapshot_id, statement_table.c.in_scope.is_(False)
    )
    return {row.start_offset: row.id for row in connection.execute(query)}


def earlier_sentences(
    connection: Connection, documents: Sequence[StoredDocument]
) -> dict[int, frozenset[str]]:
    """The statements of older snapshots of some documents, as they were written."""
    if not documents:
        return {}
    query = (
        select(snapshot_table.c.document_id, statement_table.c.text)
        .join(statement_table, statement_table.c.snapshot_id == snapshot_table.c.id)
        .where(
            snapshot_table.c.document_id.in_([one.id for one in documents]),
            snapshot_table.c.id.not_in([one.snapshot_id for one in documents]),
            statement_table.c.in_scope,
        )
        .distinct()
    )
    found: defaultdict[int, set[str]] = defaultdict(set)
    for document_id, sentence in connection.execute(query):
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

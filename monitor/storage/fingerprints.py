"""Documents that may be near-duplicates, found by shared hashes in one lookup."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.model.documents import StoredDocument
from monitor.storage.base import insert_rows
from monitor.storage.tables import SnapshotRow, StatementRow, TextFingerprintRow


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
    count = func.count()
    query = (
        select(TextFingerprintRow.document_id)
        .where(TextFingerprintRow.hash.in_(hashes))
        .group_by(TextFingerprintRow.document_id)
        .having(count >= shared)
        .order_by(count.desc(), TextFingerprintRow.document_id)
        .limit(limit)
    )
    return list(session.scalars(query))


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
        )
        .distinct()
    )
    found: defaultdict[int, set[str]] = defaultdict(set)
    for document_id, sentence in session.execute(query):
        found[document_id or 0].add(sentence)
    return {document_id: frozenset(sentences) for document_id, sentences in found.items()}

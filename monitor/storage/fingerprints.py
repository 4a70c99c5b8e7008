"""Documents that may be one: found by hashes they share, in a few lookups whatever the history."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.storage.tables import SnapshotRow, StatementRow, TextFingerprintRow


def add_sketch(session: Session, document_id: int, hashes: Sequence[int]) -> None:
    """Keep a document's sketch."""
    session.add_all(TextFingerprintRow(hash=value, document_id=document_id) for value in hashes)
    session.flush()


def find_alike(
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


def known_sentences(session: Session, document_id: int) -> frozenset[str]:
    """Every statement that any text of a document ever held, as it was written."""
    query = (
        select(StatementRow.text)
        .join(SnapshotRow, SnapshotRow.id == StatementRow.snapshot_id)
        .where(SnapshotRow.document_id == document_id)
        .distinct()
    )
    return frozenset(session.scalars(query))

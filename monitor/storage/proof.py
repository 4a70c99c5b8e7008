"""Where the words of changes stand, and what they were read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.model import Change, Statement
from monitor.storage.history import FORGOTTEN
from monitor.storage.rows import change_of
from monitor.storage.tables import BlobRow, ChangeRow, SnapshotRow, StatementRow


@dataclass(frozen=True, slots=True)
class Proof:
    """The snapshot in which a change's statement stands.

    ``statement`` is what is said now, or was said last; ``blob_hash`` is the SHA-256 of the page's
    bytes, which are kept unless ``has_bytes`` says that they were let go.
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


def proofs_of(session: Session, change_ids: Sequence[int]) -> list[Proof]:
    """The proofs of some changes, in their order; those that are not there are left out."""
    shown = func.coalesce(ChangeRow.after_id, ChangeRow.before_id)
    query = (
        select(ChangeRow, SnapshotRow, BlobRow.codec)
        .join(StatementRow, StatementRow.id == shown)
        .join(SnapshotRow, SnapshotRow.id == StatementRow.snapshot_id)
        .outerjoin(BlobRow, BlobRow.hash == SnapshotRow.blob_hash)
        .where(ChangeRow.id.in_(change_ids))
    )
    found = {}
    for row, snapshot, codec in session.execute(query):
        change = change_of(row)
        found[row.id] = Proof(
            change_id=row.id,
            change=change,
            statement=change.statement,
            snapshot_id=snapshot.id,
            visited_at=snapshot.visited_at,
            status=snapshot.status,
            url=snapshot.url,
            blob_hash=snapshot.blob_hash,
            has_bytes=codec is not None and codec != FORGOTTEN,
        )
    return [found[change_id] for change_id in change_ids if change_id in found]

"""Changes of two stored snapshots, written into the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from monitor.model.changes import Change
from monitor.model.documents import StoredSnapshot
from monitor.storage.change_log import log_changes


def add_changes(
    connection: Connection,
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
        connection,
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


def _ids(snapshot: StoredSnapshot | None) -> dict[int, int]:
    """Row ids by the statements' own identity: two sentences of one text may be equal."""
    if snapshot is None:
        return {}
    pairs = zip(snapshot.statements, snapshot.statement_ids, strict=True)
    return {id(statement): row_id for statement, row_id in pairs}

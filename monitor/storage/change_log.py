"""The change log as a visit writes it: changes, and the commitments that articles repeat.

What is asked of the log is in ``changes.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, select

from monitor.model.changes import Change
from monitor.model.documents import Origin
from monitor.storage.base import insert_rows
from monitor.storage.mappers import change_values, delta_values
from monitor.storage.statement_tables import (
    change_table,
    corroboration_table,
    delta_table,
    statement_table,
)


def has_changes(connection: Connection, snapshot_id: int, basis: str) -> bool:
    """Whether the log has a comparison of this snapshot on this basis."""
    query = select(
        exists().where(change_table.c.snapshot_id == snapshot_id, change_table.c.basis == basis)
    )
    return bool(connection.scalar(query))


def log_changes(
    connection: Connection,
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
        connection: a writing transaction.
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
        connection,
        change_table,
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
        connection,
        delta_table,
        [
            values
            for change_id, (change, _, _) in zip(ids, changes, strict=True)
            for values in delta_values(change, change_id)
        ],
        wanted=False,
    )
    return ids


def add_corroborations(
    connection: Connection, found: Iterable[tuple[int, int, float]], *, now: datetime
) -> None:
    """Link statements to the commitments they repeat.

    Args:
        connection: a writing transaction.
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
    insert_rows(connection, corroboration_table, rows, wanted=False)


def corroborations_of(connection: Connection, snapshot_id: int) -> dict[int, tuple[int, float]]:
    """The statements of a snapshot that only repeat commitments known before.

    Returns:
        For each the commitment, and the share of the statement that is repeated.
    """
    query = (
        select(
            corroboration_table.c.statement_id,
            corroboration_table.c.commitment_id,
            corroboration_table.c.share,
        )
        .join(statement_table, statement_table.c.id == corroboration_table.c.statement_id)
        .where(statement_table.c.snapshot_id == snapshot_id)
    )
    return {row.statement_id: (row.commitment_id, row.share) for row in connection.execute(query)}

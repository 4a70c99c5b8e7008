"""Leases in the database: taken and renewed in one transaction each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from monitor.model.leases import Claim, Holder, Lease, judge
from monitor.storage.base import get_row, insert_into
from monitor.storage.engine import Database
from monitor.storage.tables import lease_table


def prepare_leases(database: Database) -> None:
    """Upgrade a schema that has no leases yet; another one not: its daemon may be running.

    Raises:
        StorageError: the database cannot be opened or upgraded.
    """
    database.refuse_foreign()
    try:
        has_leases = database.exists and database.has_table(lease_table.name)
    except SQLAlchemyError:
        # The upgrade fails, too, and says why.
        has_leases = False
    if not has_leases:
        database.upgrade()


def acquire(
    connection: Connection,
    name: str,
    holder: Holder,
    now: datetime,
    *,
    silent: Lease | None = None,
    is_running: Callable[[Holder], bool | None] = lambda _: None,
) -> Lease:
    """Take a lease if it is free.

    Args:
        connection: a writing transaction.
        name: of the lease.
        holder: who wants it.
        now: the current time.
        silent: the lease as it was ``STALE_SECONDS`` ago: it is free if nobody renewed it since.
        is_running: whether the process of a holder exists; None if that cannot be seen.

    Returns:
        The lease as it is now: held by ``holder``, or by who holds it already.
    """
    made = insert_into(connection, lease_table).values(
        name=name, **_columns(holder), acquired_at=now, renewed_at=now, renewals=0
    )
    connection.execute(made.on_conflict_do_nothing(index_elements=[lease_table.c.name]))
    # Another transaction cannot delete it meanwhile: SQLite has one writer, PostgreSQL waits for
    # the row's lock. It may have been released between the two statements.
    row = connection.execute(
        select(lease_table).where(lease_table.c.name == name).with_for_update()
    ).first()
    if row is None:
        return acquire(connection, name, holder, now, silent=silent, is_running=is_running)
    lease = _lease(row)
    if lease.holder.id == holder.id:
        return lease
    if lease != silent:
        claim = judge(lease, holder, now, is_running=is_running(lease.holder))
        if claim is not Claim.FREE:
            return lease
    values = {**_columns(holder), "acquired_at": now, "renewed_at": now, "renewals": 0}
    connection.execute(update(lease_table).where(lease_table.c.name == name).values(**values))
    return Lease(name, holder, now, now)


def renew(connection: Connection, name: str, holder: Holder, now: datetime) -> bool:
    """Renew a lease; False if ``holder`` does not hold it any more."""
    renewed = (
        update(lease_table)
        .where(lease_table.c.name == name, lease_table.c.holder == holder.id)
        .values(renewed_at=now, renewals=lease_table.c.renewals + 1)
        .returning(lease_table.c.name)
    )
    return connection.execute(renewed).first() is not None


def release(connection: Connection, name: str, holder: Holder) -> None:
    """Give a lease back, unless another one holds it."""
    connection.execute(
        delete(lease_table).where(lease_table.c.name == name, lease_table.c.holder == holder.id)
    )


def find_lease(connection: Connection, name: str) -> Lease | None:
    """A lease as it is stored; None if nobody holds it."""
    row = get_row(connection, lease_table, name)
    return None if row is None else _lease(row)


def _columns(holder: Holder) -> dict[str, object]:
    return {
        "holder": holder.id,
        "host": holder.host,
        "process_id": holder.process_id,
        "machine": holder.machine,
        "process_started": holder.started,
    }


def _lease(row: Row[Any]) -> Lease:
    holder = Holder(row.holder, row.host, row.process_id, row.machine, row.process_started)
    return Lease(row.name, holder, row.acquired_at, row.renewed_at, row.renewals)

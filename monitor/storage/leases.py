"""Leases in the database: taken and renewed in one transaction each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from monitor.model.leases import Claim, Holder, Lease, judge
from monitor.storage.base import insert_into
from monitor.storage.engine import Database
from monitor.storage.tables import LeaseRow


def prepare_leases(database: Database) -> None:
    """Upgrade a schema that has no leases yet; another one not: its daemon may be running.

    Raises:
        StorageError: the database cannot be opened or upgraded.
    """
    database.refuse_foreign()
    try:
        has_leases = database.exists and database.has_table(LeaseRow.__tablename__)
    except SQLAlchemyError:
        # The upgrade fails, too, and says why.
        has_leases = False
    if not has_leases:
        database.upgrade()


def acquire(
    session: Session,
    name: str,
    holder: Holder,
    now: datetime,
    *,
    silent: Lease | None = None,
    is_running: Callable[[Holder], bool | None] = lambda _: None,
) -> Lease:
    """Take a lease if it is free.

    Args:
        session: a writing transaction.
        name: of the lease.
        holder: who wants it.
        now: the current time.
        silent: the lease as it was ``STALE_SECONDS`` ago: it is free if nobody renewed it since.
        is_running: whether the process of a holder exists; None if that cannot be seen.

    Returns:
        The lease as it is now: held by ``holder``, or by who holds it already.
    """
    made = insert_into(session, LeaseRow).values(
        name=name, **_columns(holder), acquired_at=now, renewed_at=now, renewals=0
    )
    session.execute(made.on_conflict_do_nothing(index_elements=[LeaseRow.name]))
    # Another transaction cannot delete it meanwhile: SQLite has one writer, PostgreSQL waits for
    # the row's lock. It may have been released between the two statements.
    row = session.scalars(select(LeaseRow).where(LeaseRow.name == name).with_for_update()).first()
    if row is None:
        return acquire(session, name, holder, now, silent=silent, is_running=is_running)
    lease = _lease(row)
    if lease.holder.id == holder.id:
        return lease
    if lease != silent:
        claim = judge(lease, holder, now, is_running=is_running(lease.holder))
        if claim is not Claim.FREE:
            return lease
    values = {**_columns(holder), "acquired_at": now, "renewed_at": now, "renewals": 0}
    session.execute(update(LeaseRow).where(LeaseRow.name == name).values(**values))
    return Lease(name, holder, now, now)


def renew(session: Session, name: str, holder: Holder, now: datetime) -> bool:
    """Renew a lease; False if ``holder`` does not hold it any more."""
    renewed = (
        update(LeaseRow)
        .where(LeaseRow.name == name, LeaseRow.holder == holder.id)
        .values(renewed_at=now, renewals=LeaseRow.renewals + 1)
        .returning(LeaseRow.name)
    )
    return session.execute(renewed).first() is not None


def release(session: Session, name: str, holder: Holder) -> None:
    """Give a lease back, unless another one holds it."""
    session.execute(delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder.id))


def find_lease(session: Session, name: str) -> Lease | None:
    """A lease as it is stored; None if nobody holds it."""
    row = session.scalars(
        select(LeaseRow).where(LeaseRow.name == name).execution_options(populate_existing=True)
    ).first()
    return None if row is None else _lease(row)


def _columns(holder: Holder) -> dict[str, object]:
    return {
        "holder": holder.id,
        "host": holder.host,
        "process_id": holder.process_id,
        "machine": holder.machine,
        "process_started": holder.started,
    }


def _lease(row: LeaseRow) -> Lease:
    holder = Holder(row.holder, row.host, row.process_id, row.machine, row.process_started)
    return Lease(row.name, holder, row.acquired_at, row.renewed_at, row.renewals)

"""Locks that processes on one PostgreSQL share; on SQLite a writing transaction has them all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Set
from typing import TypeVar

from sqlalchemy import Connection, text

T = TypeVar("T")

QUEUE_SCHEMA = "monitor_queue"
"""The PostgreSQL schema of the jobs of several processes."""

# A machine that lost power holds its locks until the server finds that out, by default in hours.
_IDLE = "60s"


def lock_together(
    connection: Connection, keys: Set[str], load: Callable[[], T], needed: Callable[[T], Set[str]]
) -> T:
    """Load what a decision depends on, and keep others from changing that before the commit.

    Two sources may bring the same report in the same second: without locks both would find nothing
    like it, and both would log and alert. What must be locked is known in part only when it is
    loaded: then it is loaded again. Locks are always taken in one order, so that nobody waits in a
    circle.

    Args:
        connection: a writing transaction.
        keys: names of what is read or changed, as far as they are known.
        load: reads it.
        needed: the names of all that was read and may be changed.
    """
    if connection.dialect.name == "sqlite":
        return load()
    while True:
        # Rolled back, it gives back the locks, too.
        savepoint = connection.begin_nested()
        _lock(connection, keys)
        loaded = load()
        more = needed(loaded) - keys
        if not more:
            savepoint.commit()
            return loaded
        savepoint.rollback()
        keys = keys | more


def lock_frontier(connection: Connection) -> None:
    """Let nobody else add addresses before the commit: two lists may link to the same page."""
    if connection.dialect.name != "sqlite":
        _lock(connection, {"frontier"})


def _lock(connection: Connection, keys: Set[str]) -> None:
    connection.execute(
        text(
            "SELECT set_config('idle_in_transaction_session_timeout', :idle, true), "
            "pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) key"
        ),
        {"idle": _IDLE, "keys": sorted(map(_number, keys))},
    )


def _number(key: str) -> int:
    """The number of a lock; a hash, as PostgreSQL knows no names of locks."""
    digest = hashlib.blake2b(f"policy-monitor {key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def holds_job(connection: Connection, job_id: int) -> bool:
    """Whether a job is still being done by whom it was given to; it is kept until the commit."""
    found = connection.scalar(
        text(
            "SELECT set_config('idle_in_transaction_session_timeout', :idle, true) "  # noqa: S608
            f"FROM {QUEUE_SCHEMA}.procrastinate_jobs "
            "WHERE id = :id AND status = 'doing' FOR SHARE"
        ),
        {"idle": _IDLE, "id": job_id},
    )
    return found is not None

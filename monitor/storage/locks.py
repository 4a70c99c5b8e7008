"""Locks that processes on one PostgreSQL share; on SQLite a writing transaction has them all."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

QUEUE_SCHEMA = "monitor_queue"
"""The PostgreSQL schema of the jobs of several processes."""

# Any number serves, as long as nobody else on the server takes the same one: "policymh" in ASCII.
_HISTORY_LOCK = 0x706F6C6963796D68
# A machine that lost power holds its locks until the server finds that out, by default in hours.
_IDLE_SECONDS = 60


def lock_history(session: Session) -> None:
    """Let nobody else decide what is new, or a copy, before the transaction ends.

    Two sources may bring the same report in the same second: without the lock both would find
    nothing like it, and both would log and alert.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    session.execute(
        text(
            "SELECT set_config('idle_in_transaction_session_timeout', :idle, true), "
            "pg_advisory_xact_lock(:lock)"
        ),
        {"idle": f"{_IDLE_SECONDS}s", "lock": _HISTORY_LOCK},
    )


def holds_job(session: Session, job_id: int) -> bool:
    """Whether a job is still being done by whom it was given to; it is kept until the commit."""
    found = session.scalar(
        text(
            f"SELECT 1 FROM {QUEUE_SCHEMA}.procrastinate_jobs "  # noqa: S608
            "WHERE id = :id AND status = 'doing' FOR SHARE"
        ),
        {"id": job_id},
    )
    return found is not None

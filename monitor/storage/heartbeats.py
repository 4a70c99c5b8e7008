"""Heartbeats of the daemon's loops: one row a loop and host."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from monitor.model.processes import Heartbeat, Loop
from monitor.storage.base import insert_into
from monitor.storage.tables import HeartbeatRow


def write_heartbeat(session: Session, beat: Heartbeat) -> None:
    """Store a heartbeat in place of the loop's last one on this host."""
    values = asdict(beat)
    changed = {name: values[name] for name in ("process_id", "version", "started_at", "at")}
    made = insert_into(session, HeartbeatRow).values(**values)
    session.execute(
        made.on_conflict_do_update(
            index_elements=[HeartbeatRow.loop, HeartbeatRow.host], set_=changed
        )
    )


def delete_heartbeats(session: Session, *, host: str | None = None, before: datetime) -> None:
    """Delete what ended processes left: all of one host, and what is older than ``before``."""
    old = [HeartbeatRow.at < before]
    if host is not None:
        old.append(HeartbeatRow.host == host)
    session.execute(delete(HeartbeatRow).where(or_(*old)))


def delete_heartbeat(session: Session, loop: Loop, host: str, process_id: int) -> None:
    """Delete the heartbeat of a process that ends by itself."""
    session.execute(
        delete(HeartbeatRow).where(
            HeartbeatRow.loop == loop,
            HeartbeatRow.host == host,
            HeartbeatRow.process_id == process_id,
        )
    )


def heartbeats(session: Session) -> tuple[Heartbeat, ...]:
    """All heartbeats, by loop, the newest first."""
    rows = session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.loop, HeartbeatRow.at.desc()))
    return tuple(
        Heartbeat(Loop(row.loop), row.host, row.process_id, row.version, row.started_at, row.at)
        for row in rows
    )

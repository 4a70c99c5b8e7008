"""Heartbeats of the daemon's loops: one row a loop and host."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, or_, select

from monitor.model.processes import Heartbeat, Loop
from monitor.storage.base import insert_into
from monitor.storage.tables import heartbeat_table


def write_heartbeat(connection: Connection, beat: Heartbeat) -> None:
    """Store a heartbeat in place of the loop's last one on this host."""
    values = asdict(beat)
    changed = {name: values[name] for name in ("process_id", "version", "started_at", "at")}
    made = insert_into(connection, heartbeat_table).values(**values)
    connection.execute(
        made.on_conflict_do_update(
            index_elements=[heartbeat_table.c.loop, heartbeat_table.c.host], set_=changed
        )
    )


def delete_heartbeats(connection: Connection, *, host: str | None = None, before: datetime) -> None:
    """Delete what ended processes left: all of one host, and what is older than ``before``."""
    old = [heartbeat_table.c.at < before]
    if host is not None:
        old.append(heartbeat_table.c.host == host)
    connection.execute(delete(heartbeat_table).where(or_(*old)))


def delete_heartbeat(connection: Connection, loop: Loop, host: str, process_id: int) -> None:
    """Delete the heartbeat of a process that ends by itself."""
    connection.execute(
        delete(heartbeat_table).where(
            heartbeat_table.c.loop == loop,
            heartbeat_table.c.host == host,
            heartbeat_table.c.process_id == process_id,
        )
    )


def heartbeats(connection: Connection) -> tuple[Heartbeat, ...]:
    """All heartbeats, by loop, the newest first."""
    rows = connection.execute(
        select(heartbeat_table).order_by(heartbeat_table.c.loop, heartbeat_table.c.at.desc())
    )
    return tuple(
        Heartbeat(Loop(row.loop), row.host, row.process_id, row.version, row.started_at, row.at)
        for row in rows
    )

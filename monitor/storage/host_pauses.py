"""Until when hosts asked to be left alone: what one process is told, all others obey."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, not_, select

from monitor.retry import CLOCK_SKEW, LONGEST_SITE_PAUSE
from monitor.storage.base import insert_into
from monitor.storage.tables import host_pause_table

MAX_HOSTS = 4_096
"""So many pauses are read at most: a hostile site may have a host for each of its pages."""


def host_pauses(connection: Connection, *, now: datetime) -> dict[str, datetime]:
    """The hosts that are to be left alone, and until when."""
    rows = connection.execute(
        select(host_pause_table.c.host, host_pause_table.c.not_before)
        .where(_is_in_force(now))
        .order_by(host_pause_table.c.not_before)
        .limit(MAX_HOSTS)
    )
    return {row.host: row.not_before for row in rows}


def save_host_pause(connection: Connection, host: str, not_before: datetime) -> None:
    """Keep a pause in place of the host's last one."""
    made = insert_into(connection, host_pause_table).values(host=host, not_before=not_before)
    connection.execute(
        made.on_conflict_do_update(
            index_elements=[host_pause_table.c.host], set_={"not_before": not_before}
        )
    )


def count_ended_pauses(connection: Connection, *, now: datetime) -> int:
    """How many pauses ``delete_ended_pauses`` would delete."""
    query = select(func.count()).select_from(host_pause_table).where(not_(_is_in_force(now)))
    return connection.scalar(query) or 0


def delete_ended_pauses(connection: Connection, *, now: datetime) -> int:
    """Delete the pauses that are over, and those that no site can have asked for.

    Returns:
        How many.
    """
    done = connection.execute(delete(host_pause_table).where(not_(_is_in_force(now))))
    return int(getattr(done, "rowcount", 0))


def _is_in_force(now: datetime) -> ColumnElement[bool]:
    """A pause that ends later than any can was stored while the clock was wrong."""
    longest = now + LONGEST_SITE_PAUSE + CLOCK_SKEW
    return host_pause_table.c.not_before.between(now, longest)

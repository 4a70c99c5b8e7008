"""The sites' robots.txt as they were read last, so that a restart need not ask again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from monitor.storage.base import get_row, insert_into
from monitor.storage.tables import robots_table


def load_robots(connection: Connection, origin: str) -> tuple[str | None, datetime] | None:
    """The text of an origin's file (None: it has none) and when it was read; None if never."""
    row = get_row(connection, robots_table, origin)
    return None if row is None else (row.text, row.read_at)


def save_robots(connection: Connection, origin: str, text: str | None, read_at: datetime) -> None:
    """Keep a file in place of an earlier one."""
    # PostgreSQL keeps no zero characters in a text.
    kept = None if text is None else text.replace("\x00", "")
    values = {"text": kept, "read_at": read_at}
    connection.execute(
        insert_into(connection, robots_table)
        .values(origin=origin, **values)
        .on_conflict_do_update(index_elements=[robots_table.c.origin], set_=values)
    )

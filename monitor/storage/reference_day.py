"""The day that is today for the views of what is in force."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, select

from monitor.storage.base import insert_into
from monitor.storage.tables import reference_day_table


def set_reference_day(connection: Connection, day: date) -> None:
    """Note the day that is today for the views; nothing is written when it is noted already."""
    if connection.execute(_reference_day_query()).scalar() == day:
        return
    values = {"day": day}
    connection.execute(
        insert_into(connection, reference_day_table)
        .values(id=1, **values)
        .on_conflict_do_update(index_elements=[reference_day_table.c.id], set_=values)
    )


@cache
def _reference_day_query() -> Select[Any]:
    # Each page that is written asks, and to build it takes longer than to run it.
    return select(reference_day_table.c.day)

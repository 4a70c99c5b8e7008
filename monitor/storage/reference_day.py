"""The day that is today for the views of what is in force."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor.storage.base import insert_into, table_of
from monitor.storage.tables import ReferenceDayRow


def set_reference_day(session: Session, day: date) -> None:
    """Note the day that is today for the views; nothing is written when it is noted already."""
    if session.execute(_reference_day_query()).scalar() == day:
        return
    values = {"day": day}
    session.connection().execute(
        insert_into(session, ReferenceDayRow)
        .values(id=1, **values)
        .on_conflict_do_update(index_elements=[ReferenceDayRow.id], set_=values)
    )


@cache
def _reference_day_query() -> Select[Any]:
    # Each page that is written asks, and to build it takes longer than to run it.
    return select(table_of(ReferenceDayRow).c.day)

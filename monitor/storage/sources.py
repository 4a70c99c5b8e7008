"""The sources as operators see and steer them: how they are, pauses, and pages to visit now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from monitor.model.documents import Health
from monitor.model.status import PausedSource
from monitor.storage.base import get_known_row, update_row
from monitor.storage.tables import frontier_entry_table, source_table


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """How a source is; times are None for what never was, ``pause`` without one in force."""

    id: str
    health: Health
    last_visit_at: datetime | None
    next_visit_at: datetime | None
    outcome: str | None
    reason: str
    pause: PausedSource | None


def source_overviews(connection: Connection, *, now: datetime) -> dict[str, SourceOverview]:
    """The sources that were ever watched, by id."""
    source = source_table.c
    columns = (
        source.id,
        source.health,
        source.last_visit_at,
        source.next_visit_at,
        source.last_outcome,
        source.last_reason,
        source.paused_at,
        source.paused_until,
        source.pause_reason,
    )
    return {
        one.id: SourceOverview(
            one.id,
            Health(one.health),
            one.last_visit_at,
            one.next_visit_at,
            one.last_outcome,
            one.last_reason or "",
            pause_of(one, now=now),
        )
        for one in connection.execute(select(*columns))
    }


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source as the board shows it; ``watched`` unless the catalogue has it no more.

    ``health_since`` is when its health began, ``last_new_at`` when something that is no history
    was last found, ``failures`` how many visits in a row went wrong.
    """

    id: str
    name: str
    region: str | None
    kind: str
    watched: bool
    added_at: datetime
    health: Health
    health_since: datetime
    last_visit_at: datetime | None
    last_ok_at: datetime | None
    outcome: str | None
    reason: str
    failures: int
    next_visit_at: datetime | None
    last_new_at: datetime | None
    pause: PausedSource | None


def source_lines(
    connection: Connection, *, now: datetime, source_id: str | None = None
) -> list[SourceLine]:
    """The sources that were ever watched, by id; one alone if it is named."""
    query = select(source_table).order_by(source_table.c.id)
    if source_id is not None:
        query = query.where(source_table.c.id == source_id)
    return [
        SourceLine(
            row.id,
            row.name,
            row.region,
            row.document_kind,
            row.enabled,
            row.added_at,
            Health(row.health),
            row.health_since or row.added_at,
            row.last_visit_at,
            row.last_ok_at,
            row.last_outcome,
            row.last_reason or "",
            row.failures,
            row.next_visit_at,
            row.last_new_at,
            pause_of(row, now=now),
        )
        for row in connection.execute(query)
    ]


def source_names(connection: Connection) -> dict[str, str]:
    """The names of all sources by their ids, in the order of the ids."""
    query = select(source_table.c.id, source_table.c.name).order_by(source_table.c.id)
    return {row.id: row.name for row in connection.execute(query)}


def pause_of(row: Any, *, now: datetime) -> PausedSource | None:
    """The pause in force of a row that has these columns of ``source``."""
    until = row.paused_until
    if row.paused_at is None or (until is not None and until <= now):
        return None
    return PausedSource(row.id, row.paused_at, until, row.pause_reason or "")


def pause_source(
    connection: Connection, source_id: str, *, until: datetime | None, reason: str, now: datetime
) -> None:
    """Keep a source from being visited; one that is paused stays so since it was.

    Args:
        connection: a writing transaction.
        source_id: a source that the database has.
        until: when it ends by itself.
        reason: for those who look at it later.
        now: the current time.
    """
    values: dict[str, object] = {"paused_until": until, "pause_reason": reason or None}
    if pause_of(get_known_row(connection, source_table, source_id), now=now) is None:
        values["paused_at"] = now
    update_row(connection, source_table, source_id, **values)


def resume_source(connection: Connection, source_id: str, *, now: datetime) -> bool:
    """End the pause of a source; whether one was in force."""
    was = pause_of(get_known_row(connection, source_table, source_id), now=now) is not None
    ended = dict.fromkeys(("paused_at", "paused_until", "pause_reason"))
    update_row(connection, source_table, source_id, **ended)
    return was


def claim_visit(
    connection: Connection,
    source_id: str,
    identities: Sequence[str],
    *,
    now: datetime,
    until: datetime,
) -> datetime | None:
    """Prepare a visit that is made now, whatever is due.

    Args:
        connection: a writing transaction.
        source_id: a source that the database has.
        identities: of the pages that the visit is to read even if they are not due.
        now: the current time.
        until: the daemon starts no visit of the source before.

    Returns:
        When the source was due.
    """
    due: datetime | None = get_known_row(connection, source_table, source_id).next_visit_at
    update_row(connection, source_table, source_id, next_visit_at=until)
    entry = frontier_entry_table.c
    connection.execute(
        update(frontier_entry_table)
        .where(entry.source_id == source_id, entry.identity.in_(identities))
        .values(next_visit_at=now)
    )
    return due


def replace_claim(
    connection: Connection, source_id: str, claimed_until: datetime | None, due: datetime | None
) -> None:
    """Put another time in place of a claim, unless the visit has ended: then its own stays."""
    source = source_table.c
    connection.execute(
        update(source_table)
        .where(source.id == source_id, source.next_visit_at == claimed_until)
        .values(next_visit_at=due)
    )

"""The sources as operators see and steer them: how they are, pauses, and pages to visit now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from monitor.model.documents import Health
from monitor.model.status import PausedSource
from monitor.storage.tables import FrontierEntryRow, SourceRow


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


def source_overviews(session: Session, *, now: datetime) -> dict[str, SourceOverview]:
    """The sources that were ever watched, by id."""
    row = SourceRow
    columns = (
        *(row.id, row.health, row.last_visit_at, row.next_visit_at, row.last_outcome),
        *(row.last_reason, row.paused_at, row.paused_until, row.pause_reason),
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
        for one in session.execute(select(*columns))
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
    session: Session, *, now: datetime, source_id: str | None = None
) -> list[SourceLine]:
    """The sources that were ever watched, by id; one alone if it is named."""
    query = select(SourceRow).order_by(SourceRow.id)
    if source_id is not None:
        query = query.where(SourceRow.id == source_id)
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
        for row in session.scalars(query)
    ]


def source_names(session: Session) -> dict[str, str]:
    """The names of all sources by their ids, in the order of the ids."""
    query = select(SourceRow.id, SourceRow.name).order_by(SourceRow.id)
    return {row.id: row.name for row in session.execute(query)}


def pause_of(row: Any, *, now: datetime) -> PausedSource | None:
    """The pause in force of a row that has these columns of ``source``."""
    until = row.paused_until
    if row.paused_at is None or (until is not None and until <= now):
        return None
    return PausedSource(row.id, row.paused_at, until, row.pause_reason or "")


def pause_source(
    session: Session, source_id: str, *, until: datetime | None, reason: str, now: datetime
) -> None:
    """Keep a source from being visited; one that is paused stays so since it was.

    Args:
        session: a writing transaction.
        source_id: a source that the database has.
        until: when it ends by itself.
        reason: for those who look at it later.
        now: the current time.
    """
    row = session.get_one(SourceRow, source_id)
    if pause_of(row, now=now) is None:
        row.paused_at = now
    row.paused_until = until
    row.pause_reason = reason or None


def resume_source(session: Session, source_id: str, *, now: datetime) -> bool:
    """End the pause of a source; whether one was in force."""
    row = session.get_one(SourceRow, source_id)
    was = pause_of(row, now=now) is not None
    row.paused_at = row.paused_until = row.pause_reason = None
    return was


def claim_visit(
    session: Session,
    source_id: str,
    identities: Sequence[str],
    *,
    now: datetime,
    until: datetime,
) -> datetime | None:
    """Prepare a visit that is made now, whatever is due.

    Args:
        session: a writing transaction.
        source_id: a source that the database has.
        identities: of the pages that the visit is to read even if they are not due.
        now: the current time.
        until: the daemon starts no visit of the source before.

    Returns:
        When the source was due.
    """
    source = session.get_one(SourceRow, source_id)
    due, source.next_visit_at = source.next_visit_at, until
    entry = FrontierEntryRow
    session.execute(
        update(entry)
        .where(entry.source_id == source_id, entry.identity.in_(identities))
        .values(next_visit_at=now)
        .execution_options(synchronize_session=False)
    )
    return due


def replace_claim(
    session: Session, source_id: str, claimed_until: datetime | None, due: datetime | None
) -> None:
    """Put another time in place of a claim, unless the visit has ended: then its own stays."""
    row = SourceRow
    session.execute(
        update(row)
        .where(row.id == source_id, row.next_visit_at == claimed_until)
        .values(next_visit_at=due)
        .execution_options(synchronize_session=False)
    )

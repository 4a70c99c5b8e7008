"""The ledger of promises in the database: verdicts are added, never altered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from monitor.model.changes import Verdict
from monitor.storage.base import insert_rows
from monitor.storage.tables import FulfilmentRow


@dataclass(frozen=True, slots=True)
class FulfilmentRecord:
    """A verdict to be written: which target of which commitment, and the evidence."""

    commitment_id: int
    position: int
    due: int
    verdict: Verdict
    achievement_id: int | None = None
    achieved: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class FulfilmentLine:
    """A line of the view ``target_fulfilment``."""

    statement_id: int
    position: int
    region: str | None
    plan_year: int | None
    due: int | None
    verdict: Verdict
    metric: str
    op: str
    promised: float
    unit: str
    raw: str
    achieved: float | None
    achieved_unit: str | None
    commitment_text: str
    review_text: str | None
    report_title: str
    report_url: str | None
    review_title: str | None
    review_url: str | None
    themes: str


_LEDGER = table("target_fulfilment", *(column(one.name) for one in fields(FulfilmentLine)))


def add_fulfilments(
    session: Session, promises: Sequence[FulfilmentRecord], *, snapshot_id: int, now: datetime
) -> None:
    """Write the verdicts that a snapshot of a report gives; known ones are left as they are."""
    query = select(FulfilmentRow.commitment_id, FulfilmentRow.position).where(
        FulfilmentRow.snapshot_id == snapshot_id
    )
    known = {(commitment_id, position) for commitment_id, position in session.execute(query)}
    insert_rows(
        session,
        FulfilmentRow,
        [
            {
                "commitment_id": promise.commitment_id,
                "position": promise.position,
                "snapshot_id": snapshot_id,
                "due": promise.due,
                "verdict": promise.verdict,
                "achievement_id": promise.achievement_id,
                "achieved": promise.achieved,
                "unit": promise.unit,
                "assessed_at": now,
            }
            for promise in promises
            if (promise.commitment_id, promise.position) not in known
        ],
        wanted=False,
    )


def list_fulfilments(
    session: Session,
    *,
    region: str | None = None,
    due: int | None = None,
    verdict: Verdict | None = None,
    limit: int = 200,
) -> list[FulfilmentLine]:
    """The ledger, the newest plan first.

    Args:
        session: a reading transaction.
        region: an official name.
        due: the year in which a target was due.
        verdict: one verdict.
        limit: how many lines at most.
    """
    shown = _LEDGER.c
    query = select(_LEDGER).order_by(
        shown.plan_year.desc(), shown.region, shown.statement_id, shown.position
    )
    if region is not None:
        query = query.where(shown.region == region)
    if due is not None:
        query = query.where(shown.due == due)
    if verdict is not None:
        query = query.where(shown.verdict == verdict)
    return [
        FulfilmentLine(**{**row, "verdict": Verdict(row["verdict"])})
        for row in session.execute(query.limit(limit)).mappings()
    ]

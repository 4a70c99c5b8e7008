"""Which reports judge which: each review judges what was due in the year before it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from monitor.comparison.fulfilment import assess_fulfilment
from monitor.model.documents import DocumentKind
from monitor.storage.documents import StoredDocument, find_report, load_snapshot
from monitor.storage.fulfilment import Promise, add_promises

_HORIZON = 5
"""Plans reach so many years: a five-year plan's targets stand in the report that opens it."""


def settle_promises(session: Session, report: StoredDocument, now: datetime) -> None:
    """Judge what this report's review tells of, and let later reviews judge its own promises.

    Reports may come in any order: what can be judged is judged when the second of two is there,
    and again when either was edited.
    """
    if report.kind is not DocumentKind.REPORT or report.region is None or report.year is None:
        return
    region, year = report.region, report.year
    for plan_year in range(year - _HORIZON, year):
        _judge(session, region, plan_year, year, now)
    for review_year in range(year + 1, year + _HORIZON + 1):
        _judge(session, region, year, review_year, now)


def _judge(session: Session, region: str, plan_year: int, review_year: int, now: datetime) -> None:
    plan = find_report(session, region, plan_year)
    review = find_report(session, region, review_year)
    if plan is None or review is None or plan.snapshot_id is None or review.snapshot_id is None:
        return
    promised = load_snapshot(session, plan.snapshot_id)
    told = load_snapshot(session, review.snapshot_id)
    ids = {
        id(statement): row_id
        for side in (promised, told)
        for statement, row_id in zip(side.statements, side.statement_ids, strict=True)
    }
    add_promises(
        session,
        [
            Promise(
                commitment_id=ids[id(one.commitment)],
                position=one.position,
                due=review_year - 1,
                verdict=one.verdict,
                achievement_id=None if one.achievement is None else ids[id(one.achievement)],
                achieved=None if one.achieved is None else one.achieved.value,
                unit=None if one.achieved is None else one.achieved.unit,
            )
            for one in assess_fulfilment(promised.statements, told.statements, due=review_year - 1)
        ],
        snapshot_id=review.snapshot_id,
        now=now,
    )

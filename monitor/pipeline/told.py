"""What an article tells out of a government's report is no news beside that report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from monitor.changes import corroborate
from monitor.model import Change, Kind
from monitor.storage.history import (
    StoredSnapshot,
    add_corroborations,
    find_report,
    load_snapshot,
)


def without_told(
    session: Session, changes: Sequence[Change], after: StoredSnapshot, now: datetime
) -> tuple[Change, ...]:
    """Link what an article tells out of a report to that report; only the rest is news."""
    new = [c.after for c in changes if c.kind is Kind.ADDED and c.after is not None]
    told: set[int] = set()
    for region, year in sorted({(s.region, s.year) for s in new if s.region and s.year}):
        report = find_report(session, region, year)
        if report is None or report.snapshot_id is None:
            continue
        known = load_snapshot(session, report.snapshot_id)
        mine = [s for s in new if (s.region, s.year) == (region, year)]
        found = corroborate(mine, known.statements)
        links = [(item.told, item.commitment, item.share) for item in found]
        add_corroborations(session, links, told=after, known=known, now=now)
        told |= {id(item.told) for item in found}
    return tuple(c for c in changes if c.kind is not Kind.ADDED or id(c.after) not in told)

"""The sites' robots.txt as they were read last, so that a restart need not ask again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from monitor.storage.tables import RobotsRow


def load_robots(session: Session, origin: str) -> tuple[str | None, datetime] | None:
    """The text of an origin's file (None: it has none) and when it was read; None if never."""
    row = session.get(RobotsRow, origin)
    return None if row is None else (row.text, row.read_at)


def save_robots(session: Session, origin: str, text: str | None, read_at: datetime) -> None:
    """Keep a file in place of an earlier one."""
    # PostgreSQL keeps no zero characters in a text.
    kept = None if text is None else text.replace("\x00", "")
    session.merge(RobotsRow(origin=origin, text=kept, read_at=read_at))

"""The ways out that the settings name, as rows among those who are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from monitor.model import Recipient
from monitor.storage.chats import ensure_recipients
from monitor.storage.hours import DEFAULT_ZONE
from monitor.storage.outbox_tables import ChatRow


@dataclass(frozen=True, slots=True)
class WayChoice:
    """What a way chose, by the settings: see ``storage/hours.py`` for digest and quiet hours."""

    name: str
    language: str = "zh"
    digest: str = "off"
    quiet: str = "off"
    timezone: str = DEFAULT_ZONE

    @property
    def to(self) -> Recipient:
        """Where its messages go."""
        return Recipient(0, 0, self.name)


def sync_ways(session: Session, ways: Sequence[WayChoice], *, now: datetime) -> None:
    """Write down the ways that there are; the others are sent nothing more.

    One that was given up on (its receiver answered *gone*) is active again: whoever starts the
    program with it means it.

    Args:
        session: a writing transaction.
        ways: all that the settings name.
        now: when one that is new was added.
    """
    keys = ensure_recipients(session, [way.to for way in ways], now=now)
    for way in ways:
        row = session.get_one(ChatRow, keys[way.to])
        row.active = True
        row.language = way.language
        row.digest, row.quiet, row.timezone = way.digest, way.quiet, way.timezone
    session.flush()
    session.execute(
        update(ChatRow)
        .where(ChatRow.way.is_not(None), ChatRow.way.not_in([way.name for way in ways]))
        .values(active=False)
        .execution_options(synchronize_session="fetch")
    )

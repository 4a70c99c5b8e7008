"""What comes to be written into the history, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.changes import Change
from monitor.model.documents import Document, Outcome, Provenance
from monitor.model.statements import Statement
from monitor.rules.matcher import RuleSet
from monitor.storage.documents import Evidence


@dataclass(frozen=True, slots=True)
class Arrival:
    """A page with all pure work done: read, and searched for statements."""

    document: Document
    provenance: Provenance
    statements: tuple[Statement, ...]
    evidence: Evidence
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """What earlier visits thought of a suspect text at this address, and when it is believed."""

    text_hash: str | None = None
    count: int = 0
    since: datetime | None = None
    visits: int = 3
    hours: float = 24.0
    shrink: float = 0.5
    emptied_hours: float = 168.0

    def again(self, text_hash: str, now: datetime) -> Doubt:
        """The doubt after one more visit that saw ``text_hash``."""
        if text_hash == self.text_hash and self.since is not None:
            return replace(self, count=self.count + 1)
        return replace(self, text_hash=text_hash, count=1, since=now)

    def settled(self, now: datetime, *, emptied: bool = False) -> bool:
        """Whether enough visits over enough hours saw the same text.

        ``emptied``: the new text holds nothing of what was promised. It may be a notice that
        nobody knew for one, which stands for days; a deletion can wait until it is sure.
        """
        if self.since is None or self.count < self.visits:
            return False
        hours = max(self.hours, self.emptied_hours) if emptied else self.hours
        return now - self.since >= timedelta(hours=hours)


@dataclass(frozen=True, slots=True)
class Interest:
    """Whom changes interest: the rules in force, and where everything goes without Telegram."""

    rules: RuleSet
    terminal_chat: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an arrival."""

    document_id: int | None
    outcome: Outcome
    reason: str = ""
    changes: tuple[Change, ...] = ()
    alerts: int = 0
    doubt: Doubt | None = None

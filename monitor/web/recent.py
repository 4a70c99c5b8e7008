"""The newest changes and commitments in force, kept in memory until the log grows.

To read two thousand changes takes longer than to match a rule with them, and a rule is tried
several times until it is right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from monitor.model.changes import LoggedChange
from monitor.storage.changes import list_changes, newest_change_id
from monitor.storage.engine import Database
from monitor.storage.statements import StatementInForce, log_version, newest_commitments

MAX_CHANGES = 2_000
MAX_COMMITMENTS = 1_000
_KEPT = timedelta(minutes=10)


@dataclass(slots=True)
class RecentHistory:
    """What rules are tried on. It may be asked from any thread, and may block."""

    _lock: Lock = field(default_factory=Lock)
    _newest: int = 0
    _changes: tuple[LoggedChange, ...] = ()
    _version: object = None
    _read_at: datetime | None = None
    _commitments: tuple[StatementInForce, ...] = ()
    _has_all: bool = True

    def changes(self, database: Database) -> tuple[LoggedChange, ...]:
        """The newest changes of the log, newest first, 2,000 at most; the log is append-only."""
        with self._lock:
            with database.read() as session:
                newest = newest_change_id(session)
                missing = min(newest - self._newest, MAX_CHANGES)
                if missing < 0:  # another database
                    self._changes, missing = (), MAX_CHANGES
                if missing:
                    found = list_changes(session, label=None, limit=missing)
                    # A number may be missing in the log; then some of these are known.
                    known = self._changes[0].id if self._changes else 0
                    fresh = [one for one in found if one.id > known]
                    self._changes = (*fresh, *self._changes)[:MAX_CHANGES]
                    self._newest = newest
            return self._changes

    def commitments(
        self, database: Database, now: datetime
    ) -> tuple[tuple[StatementInForce, ...], bool]:
        """The newest commitments in force, newest first, and whether these are all."""
        with self._lock:
            with database.read() as session:
                version = log_version(session)
                is_fresh = self._read_at is not None and now - self._read_at < _KEPT
                if version != self._version or not is_fresh:
                    found, self._has_all = newest_commitments(session, limit=MAX_COMMITMENTS)
                    self._commitments = tuple(found)
                    self._version, self._read_at = version, now
            return self._commitments, self._has_all

"""The newest changes and commitments in force, kept in memory until the log grows.

To read that many changes takes longer than to match a rule with them, and a rule is tried
several times until it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar, cast

from sqlalchemy import Connection

from monitor.model.changes import LoggedChange
from monitor.storage.changes import ChangeConditions, list_changes, newest_change_id
from monitor.storage.engine import Database
from monitor.storage.statements import StatementInForce, log_version, newest_commitments

MAX_CHANGES = 1_500
MAX_COMMITMENTS = 700
_KEPT = timedelta(minutes=10)
_MAX_ANSWERS = 200

AnswerT = TypeVar("AnswerT")


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
        """The newest changes of the log, newest first, 1,500 at most; the log is append-only."""
        with self._lock:
            with database.read() as connection:
                newest = newest_change_id(connection)
                missing = min(newest - self._newest, MAX_CHANGES)
                if missing < 0:  # another database
                    self._changes, missing = (), MAX_CHANGES
                if missing:
                    found = list_changes(connection, ChangeConditions(label=None), limit=missing)
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
            with database.read() as connection:
                version = log_version(connection)
                is_fresh = self._read_at is not None and now - self._read_at < _KEPT
                if version != self._version or not is_fresh:
                    found, self._has_all = newest_commitments(connection, limit=MAX_COMMITMENTS)
                    self._commitments = tuple(found)
                    self._version, self._read_at = version, now
            return self._commitments, self._has_all


@dataclass(slots=True)
class AnswerCache:
    """Answers that change only with the log, kept until it grows; it may be asked from any thread.

    An operator may take a document out without a new line in the log, so they are kept for a few
    minutes at most.
    """

    _lock: Lock = field(default_factory=Lock)
    _version: object = None
    _since: datetime | None = None
    _answers: dict[Hashable, object] = field(default_factory=dict)

    def get(
        self, connection: Connection, key: Hashable, now: datetime, read: Callable[[], AnswerT]
    ) -> AnswerT:
        """The answer that is kept under a key, or the one that is read now.

        Args:
            connection: a reading transaction.
            key: what is asked; equal keys have equal answers.
            now: the current time.
            read: asks the database.
        """
        version = log_version(connection)
        with self._lock:
            is_old = self._since is None or not timedelta(0) <= now - self._since < _KEPT
            if version != self._version or is_old or len(self._answers) >= _MAX_ANSWERS:
                self._answers = {}
                self._version, self._since = version, now
            if key in self._answers:
                return cast("AnswerT", self._answers[key])
        answer = read()
        with self._lock:
            if self._version == version:
                self._answers[key] = answer
        return answer

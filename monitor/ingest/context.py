"""The context a visit runs in, the report of how it went, and the health that follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.extraction.topics import Topics
from monitor.fetching.fetcher import Fetcher
from monitor.fetching.robots import RobotsCopy
from monitor.ingest.policy import HealthPolicy, RevalidationPolicy, SuspectPolicy
from monitor.model.changes import Change
from monitor.model.documents import Fetched, Health, Origin, Outcome
from monitor.parser_process import ParserProcess
from monitor.rules.matcher import RuleSet
from monitor.storage.engine import Database, Transaction
from monitor.storage.host_pauses import host_pauses, save_host_pause
from monitor.storage.robots import load_robots, save_robots

if TYPE_CHECKING:
    from monitor.ingest.plan import IngestResult

_MOST = 0.5
"""Share of its kind that must have had news for a source without any to count as quiet."""

_MAX_FAULT = 300


def next_health(
    health: Health,
    *,
    healthy: bool,
    failures: int,
    last_new_at: datetime,
    now: datetime,
    policy: HealthPolicy,
    share_with_news: Callable[[], float],
) -> Health:
    """The health of a source after a visit.

    Args:
        health: its health before.
        healthy: whether the visit went well.
        failures: failed visits in a row, this one included.
        last_new_at: when it last had something new.
        now: the time of the visit.
        policy: the limits.
        share_with_news: the share of the other sources of its kind that had something new within
            ``policy.quiet``; called only when it matters.
    """
    if not healthy:
        return Health.FAILING if failures >= policy.failures else health
    if now - last_new_at <= policy.quiet:
        return Health.OK
    if health is Health.QUIET:
        return health  # until it has something new, whatever the others have
    return Health.QUIET if share_with_news() > _MOST else Health.OK


HEALTHY = frozenset({Outcome.OK, Outcome.PARTIAL, Outcome.NOT_MODIFIED})
"""Outcomes of an address that works."""


@dataclass(frozen=True, slots=True)
class VisitContext:
    """The edges of a visit: network, database, clock, rules, and the process for costly bytes.

    ``rules`` gives the rules in force; it may block and open a connection of its own.
    ``terminal_chat`` stands for all Telegram chats where there is no bot; ``wake`` is called when
    something was put into the outbox. With ``origin``, everything that is read is history.
    ``guard`` is called in each writing transaction and raises when the visit may write no more.
    """

    database: Database
    fetcher: Fetcher
    topics: Topics
    rules: Callable[[], RuleSet]
    now: Callable[[], datetime]
    parser: ParserProcess = field(default_factory=ParserProcess)
    suspects: SuspectPolicy = field(default_factory=SuspectPolicy)
    health: HealthPolicy = field(default_factory=HealthPolicy)
    revalidation: RevalidationPolicy = field(default_factory=RevalidationPolicy)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    terminal_chat: int | None = None
    wake: Callable[[], None] = lambda: None
    origin: Origin | None = None
    guard: Callable[[Transaction], None] | None = None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A writing transaction of the visit.

        Raises:
            VisitLost: another process has taken over the visit.
        """
        with self.database.write() as connection:
            if self.guard is not None:
                self.guard(connection)
            yield connection


@dataclass(slots=True)
class VisitReport:
    """How a visit to a source went.

    ``transition`` is its new health, if that changed. ``retry_after``: seconds that the server of
    a failed list asked us to wait. ``fault``: the first exception, which ended the visit, a list or
    a page. ``closed``: the outcome is in the database. ``answered``: a host gave some answer;
    ``unreachable``: to some no connection was made. ``successor_changes`` counts what newer
    reports, known already, changed against those that were read.
    """

    source_id: str
    outcome: Outcome = Outcome.OK
    reason: str = ""
    new_addresses: int = 0
    pages: Counter[Outcome] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    alerts: int = 0
    transition: Health | None = None
    retry_after: float | None = None
    fault: str = ""
    closed: bool = False
    answered: bool = False
    unreachable: bool = False
    successor_changes: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether all went well and nothing was new."""
        return self.outcome in HEALTHY and not (
            self.reason
            or self.new_addresses
            or self.changes
            or self.successor_changes
            or self.alerts
            or self.transition
        )

    def add_answers(self, answers: Iterable[Fetched]) -> None:
        """Note whether the hosts were reached."""
        for fetched in answers:
            self.answered = self.answered or fetched.status is not None
            self.unreachable = self.unreachable or fetched.unreachable

    def add_result(self, result: IngestResult) -> None:
        """Add what a page brought."""
        self.changes.extend(result.changes)
        self.alerts += result.alerts
        self.successor_changes += result.successor_changes

    def add_fault(self, error: Exception, where: str = "") -> None:
        """Note an exception; the visit counts as failed, whatever else was read."""
        words = " ".join(f"{where} {type(error).__name__}: {error}".split())
        # It may hold what a site sent, half characters that no database takes included.
        plain = "".join(char if char.isprintable() else "?" for char in words[:_MAX_FAULT])
        self.fault = self.fault or plain


@dataclass(frozen=True, slots=True)
class StoredRobots:
    """Keeps copies of robots.txt in the database for the fetcher; implements ``RobotsStore``."""

    database: Database

    def load(self, origin: str) -> RobotsCopy | None:
        """The latest copy, or None."""
        with self.database.read() as connection:
            found = load_robots(connection, origin)
        return None if found is None else RobotsCopy(*found)

    def save(self, origin: str, copy: RobotsCopy) -> None:
        """Replace any earlier copy."""
        with self.database.write() as connection:
            save_robots(connection, origin, copy.text, copy.read_at)


@dataclass(frozen=True, slots=True)
class StoredPauses:
    """Shares the pauses that hosts ask for over the database; implements ``PauseStore``."""

    database: Database

    def load(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that are to be left alone, and until when."""
        with self.database.read() as connection:
            return host_pauses(connection, now=now)

    def save(self, host: str, not_before: datetime) -> None:
        """Keep a pause in place of the host's last one."""
        with self.database.write() as connection:
            save_host_pause(connection, host, not_before)

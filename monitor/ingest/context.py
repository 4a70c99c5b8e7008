"""What a visit is given, and what it reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.extraction.topics import Topics
from monitor.fetching.fetcher import Fetcher
from monitor.ingest.plan import SuspectPolicy
from monitor.ingest.source_health import Watch
from monitor.model.changes import Change
from monitor.model.documents import Health, Outcome
from monitor.rules.matcher import RuleSet
from monitor.storage.engine import Database

HEALTHY = frozenset({Outcome.OK, Outcome.NOT_MODIFIED})
"""Outcomes after which nothing is wrong with an address."""


@dataclass(frozen=True, slots=True)
class VisitContext:
    """The edges of a visit: network, database, clock, rules.

    ``rules`` gives the rules in force; it may block and open a connection of its own.
    ``terminal_chat`` stands for all Telegram chats where there is no bot; ``wake`` is called when
    something was put into the outbox.
    """

    database: Database
    fetcher: Fetcher
    topics: Topics
    rules: Callable[[], RuleSet]
    now: Callable[[], datetime]
    suspects: SuspectPolicy = field(default_factory=SuspectPolicy)
    watch: Watch = field(default_factory=Watch)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    terminal_chat: int | None = None
    wake: Callable[[], None] = lambda: None


@dataclass(slots=True)
class VisitReport:
    """How a visit to a source went, for the log and the person who watches it."""

    source_id: str
    outcome: Outcome = Outcome.OK
    reason: str = ""
    new_addresses: int = 0
    pages: Counter[Outcome] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    alerts: int = 0
    turned: Health | None = None

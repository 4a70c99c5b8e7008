"""What a visit is given, and what it reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.extraction.topics import Topics
from monitor.fetching.fetcher import Fetcher
from monitor.ingest.request import Doubt, Interest
from monitor.ingest.source_health import Watch
from monitor.model.changes import Change
from monitor.model.documents import Health, Outcome
from monitor.storage.engine import Database

HEALTHY = frozenset({Outcome.OK, Outcome.NOT_MODIFIED})
"""Outcomes after which nothing is wrong with an address."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything at the edges, passed in: the network, the database, the clock, the rules."""

    database: Database
    fetcher: Fetcher
    topics: Topics
    interest: Callable[[], Interest]
    now: Callable[[], datetime]
    doubt: Doubt = field(default_factory=Doubt)
    watch: Watch = field(default_factory=Watch)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
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

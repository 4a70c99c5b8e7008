"""Reads how the monitor is, for ``monitor status`` and for metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.ingest.schedule import SPREAD
from monitor.model.processes import Loop
from monitor.model.status import Problem, StatusFacts, StatusLimits, assess
from monitor.outbox.admin import outbox_facts
from monitor.outbox.worker import MAX_ATTEMPTS
from monitor.storage.engine import Database, newest_revision
from monitor.storage.heartbeats import heartbeats
from monitor.storage.status import (
    ChannelState,
    ChatCounts,
    UnhealthySource,
    channel_states,
    chat_counts,
    source_facts,
    unhealthy_sources,
)


@dataclass(frozen=True, slots=True)
class Status:
    """The facts, what is wrong, and what is only shown; ``size`` of the database in bytes."""

    facts: StatusFacts
    problems: tuple[Problem, ...]
    address: str
    size: int | None
    chats: ChatCounts
    channels: Sequence[ChannelState] = ()
    unhealthy: Sequence[UnhealthySource] = ()


def read_status(store: Database, *, limits: StatusLimits, now: datetime, bot: bool) -> Status:
    """How the monitor of a database is; of another schema only that it is another.

    Args:
        store: the database, which is only read.
        limits: what is still right.
        now: the current time.
        bot: whether there is a token; a heartbeat of a bot tells as much.
    """
    facts = StatusFacts(now, store.revision(), newest_revision())
    if facts.schema != facts.expected_schema:
        return Status(facts, assess(facts, limits), store.shown, store.size(), ChatCounts(0, 0, 0))
    with store.read() as connection:
        beats = heartbeats(connection)
        # The token may be in the environment of the daemon only.
        has_bot = bot or any(beat.loop is Loop.BOT for beat in beats)
        facts = StatusFacts(
            now,
            facts.schema,
            facts.expected_schema,
            source_facts(connection, now=now, put_off=SPREAD),
            outbox_facts(connection, now=now, max_attempts=MAX_ATTEMPTS, bot=has_bot),
            beats,
        )
        return Status(
            facts,
            assess(facts, limits),
            store.shown,
            store.size(),
            chat_counts(connection),
            channel_states(connection),
            unhealthy_sources(connection),
        )

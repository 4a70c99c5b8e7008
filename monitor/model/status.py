"""The state of a running monitor as seen from outside, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.documents import Health
from monitor.model.processes import Heartbeat, Loop


@dataclass(frozen=True, slots=True)
class PausedSource:
    """A source that an operator paused; ``until`` is None if it is to be resumed by hand."""

    id: str
    since: datetime
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The enabled sources.

    ``due`` of them are to be visited now, the longest since ``lag``. ``next_visit_at`` is the
    earliest of all. Those that are paused are in nothing but ``paused`` and the total.
    """

    health: Mapping[Health, int] = field(default_factory=dict)
    paused: tuple[PausedSource, ...] = ()
    never_visited: int = 0
    last_visit_at: datetime | None = None
    next_visit_at: datetime | None = None
    due: int = 0
    lag: timedelta = timedelta(0)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.health.values()) + len(self.paused)


@dataclass(frozen=True, slots=True)
class OutboxFacts:
    """The outbox.

    ``due_since`` is when the oldest alert that could go was due; None if all may still wait.
    ``refused`` counts those given up in the last day after the last attempt; ``dead`` all that
    were ever given up, also those that a chat withdrew.
    """

    pending: int = 0
    scheduled: int = 0
    due_since: datetime | None = None
    sent: int = 0
    dead: int = 0
    refused: int = 0
    paused_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What ``assess`` judges. ``schema`` is the revision of the database, None if it has none."""

    now: datetime
    schema: str | None
    expected_schema: str
    sources: SourceFacts = SourceFacts()
    outbox: OutboxFacts = OutboxFacts()
    heartbeats: tuple[Heartbeat, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusLimits:
    """What is still right.

    Attributes:
        failing: failing sources; None: a fifth of the enabled ones.
        outbox: how long an alert may be due.
        refused: alerts given up in a day.
        silence: how long nothing may be visited while sources are due.
        lag: how long a source may be due.
        heartbeat: age of the newest heartbeat of a loop.
        pause: how long delivery may be paused.
    """

    failing: int | None = None
    outbox: timedelta = timedelta(minutes=30)
    refused: int = 0
    silence: timedelta = timedelta(hours=2)
    lag: timedelta = timedelta(days=1)
    heartbeat: timedelta = timedelta(minutes=10)
    pause: timedelta = timedelta(days=1)


class ProblemKind(StrEnum):
    """What can be wrong."""

    SCHEMA = "schema"
    HEARTBEAT = "heartbeat"
    NO_SOURCES = "no_sources"
    NO_VISITS = "no_visits"
    LAG = "lag"
    FAILING_SOURCES = "failing_sources"
    OUTBOX = "outbox"
    DEAD_ALERTS = "dead_alerts"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and in words for a person how much."""

    kind: ProblemKind
    text: str


def assess(facts: StatusFacts, limits: StatusLimits) -> tuple[Problem, ...]:
    """What is wrong; of a database with another schema nothing else is judged."""
    if facts.schema != facts.expected_schema:
        found = "no schema" if facts.schema is None else f"schema {facts.schema}"
        text = f"the database has {found}, this version has {facts.expected_schema}"
        return (Problem(ProblemKind.SCHEMA, text),)
    return (
        *_silent_loops(facts, limits),
        *_source_problems(facts, limits),
        *_outbox_problems(facts, limits),
    )


def newest_heartbeats(facts: StatusFacts) -> dict[Loop, Heartbeat]:
    """The newest heartbeat of each loop: a container leaves those of its former host names."""
    return {beat.loop: beat for beat in sorted(facts.heartbeats, key=lambda beat: beat.at)}


def shown_heartbeats(facts: StatusFacts, within: timedelta) -> list[Heartbeat]:
    """The newest heartbeat of each loop, and all of the other processes that work: by loop."""
    newest = set(newest_heartbeats(facts).values())
    return [beat for beat in facts.heartbeats if beat in newest or facts.now - beat.at <= within]


def _silent_loops(facts: StatusFacts, limits: StatusLimits) -> Iterator[Problem]:
    for loop, beat in newest_heartbeats(facts).items():
        age = facts.now - beat.at
        if age > limits.heartbeat:
            yield Problem(ProblemKind.HEARTBEAT, f"no heartbeat of the {loop} for {span(age)}")
        elif -age > limits.heartbeat:
            text = f"the heartbeat of the {loop} lies {span(-age)} ahead: a clock is wrong"
            yield Problem(ProblemKind.HEARTBEAT, text)


def _source_problems(facts: StatusFacts, limits: StatusLimits) -> Iterator[Problem]:
    sources = facts.sources
    if not sources.total:
        text = "no source is watched: the daemon has not run here, or its catalogue has none"
        yield Problem(ProblemKind.NO_SOURCES, text)
    visited = sources.last_visit_at
    quiet = sources.lag if visited is None else min(sources.lag, facts.now - visited)
    waiting = f"{sources.due} of {sources.total} sources are due"
    if sources.due and quiet > limits.silence:
        text = f"nothing was visited for {span(quiet)}, and {waiting}"
        yield Problem(ProblemKind.NO_VISITS, text)
    elif sources.lag > limits.lag:
        yield Problem(ProblemKind.LAG, f"{waiting}, the longest for {span(sources.lag)}")
    failing = sources.health.get(Health.FAILING, 0)
    most = sources.total // 5 if limits.failing is None else limits.failing
    if failing > most:
        text = f"{failing} of {sources.total} sources fail, more than {most}"
        yield Problem(ProblemKind.FAILING_SOURCES, text)


def _outbox_problems(facts: StatusFacts, limits: StatusLimits) -> Iterator[Problem]:
    outbox = facts.outbox
    if outbox.due_since is not None and facts.now - outbox.due_since > limits.outbox:
        age = span(facts.now - outbox.due_since)
        yield Problem(ProblemKind.OUTBOX, f"alerts are due and not sent for {age}")
    if outbox.refused > limits.refused:
        text = f"alerts that were given up in the last day: {outbox.refused}"
        yield Problem(ProblemKind.DEAD_ALERTS, text)
    if outbox.paused_since is not None and facts.now - outbox.paused_since > limits.pause:
        age = span(facts.now - outbox.paused_since)
        yield Problem(ProblemKind.PAUSED, f"delivery is paused for {age}")


def span(length: timedelta) -> str:
    """A length of time in its two largest units: 3d 4h, 2h 5m, 12m, 40s."""
    seconds = max(int(length.total_seconds()), 0)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes = rest // 60
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    while parts and not parts[0][0]:
        del parts[0]
    shown = [f"{number}{unit}" for number, unit in parts[:2] if number]
    return " ".join(shown) or f"{seconds}s"

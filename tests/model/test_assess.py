"""What ``monitor status`` calls wrong, and what not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model.documents import Health
from monitor.model.processes import Heartbeat, Loop
from monitor.model.status import OutboxFacts, SourceFacts, StatusFacts, StatusLimits, assess, span

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SOURCES = SourceFacts({Health.OK: 9, Health.FAILING: 1}, last_visit_at=NOW - MINUTE)


def beat(loop: Loop, age: timedelta, host: str = "a") -> Heartbeat:
    return Heartbeat(loop, host, 7, "1.0", NOW - 9 * DAY, NOW - age)


def facts(**changed: object) -> StatusFacts:
    well = StatusFacts(NOW, "0023", "0023", SOURCES, heartbeats=(beat(Loop.BOT, MINUTE),))
    return replace(well, **changed)  # type: ignore[arg-type]


def sources(**changed: object) -> StatusFacts:
    return facts(sources=replace(SOURCES, **changed))  # type: ignore[arg-type]


def outbox(**changed: object) -> StatusFacts:
    return facts(outbox=OutboxFacts(**changed))  # type: ignore[arg-type]


SILENT = (beat(Loop.BOT, MINUTE), beat(Loop.DELIVERY, 14 * MINUTE))
RENAMED = (beat(Loop.BOT, MINUTE, "new"), beat(Loop.BOT, HOUR, "old"))


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (facts(), []),
        (facts(heartbeats=()), []),
        (facts(heartbeats=RENAMED), []),
        (facts(heartbeats=SILENT), ["no heartbeat of the delivery for 14m"]),
        (
            facts(heartbeats=(beat(Loop.SCHEDULER, -HOUR),)),
            ["the heartbeat of the scheduler lies 1h ahead: a clock is wrong"],
        ),
        (facts(schema=None), ["the database has no schema, this version has 0023"]),
        (
            facts(schema="0022", heartbeats=SILENT),
            ["the database has schema 0022, this version has 0023"],
        ),
        (sources(due=3, lag=5 * HOUR), []),
        (
            sources(due=3, lag=5 * HOUR, last_visit_at=NOW - 3 * HOUR),
            ["nothing was visited for 3h, and 3 of 10 sources are due"],
        ),
        (
            sources(due=10, lag=5 * HOUR, last_visit_at=None),
            ["nothing was visited for 5h, and 10 of 10 sources are due"],
        ),
        (sources(last_visit_at=NOW - 3 * DAY), []),
        (
            sources(due=2, lag=26 * HOUR),
            ["2 of 10 sources are due, the longest for 1d 2h"],
        ),
        (sources(health={Health.OK: 8, Health.FAILING: 2}), []),
        (sources(health={Health.OK: 2, Health.QUIET: 8}), []),
        (
            sources(health={Health.OK: 7, Health.FAILING: 3}),
            ["3 of 10 sources fail, more than 2"],
        ),
        (outbox(pending=9, dead=4, due_since=NOW - 29 * MINUTE), []),
        (
            outbox(pending=9, due_since=NOW - 31 * MINUTE),
            ["alerts are due and not sent for 31m"],
        ),
        (outbox(refused=2), ["alerts that were given up in the last day: 2"]),
        (outbox(pending=9, paused_since=NOW - HOUR), []),
        (outbox(paused_since=NOW - 30 * HOUR), ["delivery is paused for 1d 6h"]),
    ],
)
def test_what_is_wrong(found: StatusFacts, wrong: list[str]) -> None:
    assert [problem.text for problem in assess(found, StatusLimits())] == wrong


def test_limits_can_be_set() -> None:
    found = facts(heartbeats=SILENT, outbox=OutboxFacts(due_since=NOW - HOUR, refused=2))
    limits = StatusLimits(failing=0, outbox=2 * HOUR, refused=2, heartbeat=HOUR)
    assert [p.text for p in assess(found, limits)] == ["1 of 10 sources fail, more than 0"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0s"), (59, "59s"), (61, "1m"), (7_500, "2h 5m"), (86_400, "1d"), (270_300, "3d 3h")],
)
def test_spans_are_short(seconds: int, shown: str) -> None:
    assert span(timedelta(seconds=seconds)) == shown

"""The recurring jobs of the daemon."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.app import App, refresh_rules, report_refused_token, token_setting
from monitor.daemon.retention import apply_retention
from monitor.storage.retention import CHECK_INTERVAL, RetentionPeriods

log = logging.getLogger(__name__)

_VISITS_INTERVAL = timedelta(seconds=15)
_RULES_INTERVAL = timedelta(seconds=15)
_TOKEN_INTERVAL = timedelta(minutes=10)


class Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires an interval after it fired last.

    APScheduler's own trigger counts each time that a clock passed: a jump of a year is two million.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, _previous_fire_time: datetime | None, now: datetime) -> datetime:
        """When to fire again."""
        return now + self.interval


class Visits(Protocol):
    """Starts visits, or has them started, when they are due."""

    async def start(self) -> None:
        """Start what is due."""


def schedule(
    app: App, visits: Visits, *, beat: Callable[[], Awaitable[None]] | None = None
) -> AsyncIOScheduler:
    """The recurring jobs, not started yet; ``beat`` is called after each look for due visits.

    No job waits for the time of a visit: times are in the database, and a job looks at them.
    """
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )

    def add(name: str, interval: timedelta, job: Callable[[], Awaitable[None]]) -> None:
        scheduler.add_job(
            _run_job,
            Every(interval),
            args=[name, job],
            id=name,
            next_run_time=datetime.now(UTC),
        )

    async def start_visits() -> None:
        await visits.start()
        if beat is not None:
            await beat()

    add("visits", _VISITS_INTERVAL, start_visits)
    add("rules", _RULES_INTERVAL, lambda: refresh_rules(app))
    if app.is_token_refused is not None:
        add("token", _TOKEN_INTERVAL, TokenWatch(app).look)
    periods = RetentionPeriods.of_days(**app.settings.retention_days())
    add("retention", CHECK_INTERVAL, lambda: apply_retention(app, periods))
    return scheduler


def advance_jobs(scheduler: AsyncIOScheduler) -> None:
    """Run the jobs that would wait longer than their interval: the clock was set back."""
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time > now + job.trigger.interval:
            job.modify(next_run_time=now)


async def _run_job(name: str, job: Callable[[], Awaitable[None]]) -> None:
    try:
        await job()
    except asyncio.CancelledError:
        log.debug("daemon.job_cancelled", extra={"job": name})
    except Exception:
        # For example a locked database. What is due stays due.
        log.exception("daemon.job_failed", extra={"job": name})


@dataclass(slots=True)
class TokenWatch:
    """Says once that Telegram refuses the token: in the log, and to the other channels."""

    app: App
    refused: bool = False

    async def look(self) -> None:
        """Ask Telegram."""
        ask = self.app.is_token_refused
        was, self.refused = self.refused, ask is not None and await ask()
        self.app.observer.token_checked(refused=self.refused)
        if self.refused and not was:
            log.error(
                "telegram.token_refused",
                extra={"setting": token_setting(self.app.settings), "what": "alerts are kept"},
            )
            await asyncio.to_thread(report_refused_token, self.app)
        elif was and not self.refused:
            log.info("telegram.token_accepted")

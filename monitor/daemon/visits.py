"""Visits of a daemon: one of a source at a time, their log lines, and outages of the network."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from monitor.app import App
from monitor.catalogue.model import Source
from monitor.daemon.due import due_sources, first_visits, next_visit, paused_sources
from monitor.daemon.network import (
    PROBED_HOSTS,
    SILENT_HOSTS,
    any_answers,
    asked_hosts,
    other_hosts,
    tell_down,
    tell_up,
)
from monitor.ingest.context import HEALTHY, VisitReport
from monitor.ingest.rounds import (
    Reachability,
    failed_visits,
    failure_counts,
    failure_details,
)
from monitor.ingest.visit import visit
from monitor.model.documents import Outcome
from monitor.retry import Backoff

log = logging.getLogger(__name__)

_START_INTERVAL = 0.5
_PROGRESS_SECONDS = 15.0
_MAX_AGAIN = 3
_NETWORK_BACKOFF = Backoff(initial=120.0, maximum=1800.0)
_PAUSED_HOST_SECONDS = 600.0
_UNWRITTEN_BACKOFF = Backoff(initial=60.0, maximum=3600.0)


@dataclass(slots=True)
class _Round:
    """The visits since none was under way: how many there are, and how those that ended went.

    ``baseline`` are those of a source that was not visited before; ``answered``: some host gave an
    answer; ``doubted``: other hosts were asked whether there is a network.
    """

    told_at: float
    size: int = 0
    baseline: int = 0
    answered: bool = False
    doubted: bool = False
    reports: list[VisitReport] = field(default_factory=list)


@dataclass(slots=True)
class _Outage:
    """No host answers: since when, how often was looked, and when to look again (monotonic)."""

    since: datetime
    looks: int = 0
    next_look: float = 0.0


@dataclass(slots=True)
class DueVisits:
    """Starts the visits that the database says are due, one of a source at a time.

    The due times are stored with each visit, so that a retry comes when it was promised, whatever
    else happened.

    Attributes:
        app: the open application.
        clock: monotonic seconds.
        sleep: waits for so many seconds.
    """

    app: App
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _held_until: dict[str, float] = field(default_factory=dict)
    _unwritten: Counter[str] = field(default_factory=Counter)
    _limit: asyncio.Semaphore = field(init=False)
    _round: _Round = field(init=False)
    _network: Reachability = field(default_factory=Reachability)
    _outage: _Outage | None = None
    _again: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the limit of visits at the same time."""
        self._limit = asyncio.Semaphore(self.app.settings.crawl.concurrency)
        self._round = _Round(self.clock())

    async def start(self) -> None:
        """Start what is due and not under way; without a network nothing but a look for it."""
        if self._outage is not None and not await self._is_over(self._outage):
            return
        due = await asyncio.to_thread(due_sources, self.app, spread_out=True)
        ids = {source.id for source in due}
        if self._again:
            paused = await asyncio.to_thread(paused_sources, self.app)
            again = self._again.keys() - ids - paused
            due += [source for source in self.app.sources if source.id in again]
        clock = self.clock()
        free = [s for s in due if self._held_until.get(s.id, clock) <= clock]
        starting = [s for s in free if s.id not in self._tasks]
        self._round.size += len(starting)
        self._round.baseline += await asyncio.to_thread(first_visits, self.app, starting)
        for position, source in enumerate(starting):
            # Sources that are due together begin one after the other.
            task = asyncio.create_task(self._visit(source, _START_INTERVAL * position))
            self._tasks[source.id] = task
            task.add_done_callback(partial(self._forget, source.id))

    async def finish(self) -> None:
        """Wait for the visits that are under way."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def cancel(self) -> None:
        """End the visits that are under way."""
        while self._tasks:
            for task in self._tasks.values():
                task.cancel()
            await self.finish()

    def _forget(self, source_id: str, _task: asyncio.Task[None]) -> None:
        del self._tasks[source_id]

    async def _visit(self, source: Source, delay: float) -> None:
        await self.sleep(delay)
        async with self._limit:
            report = await visit_safely(source, self.app)
        self._network.note(report, source)
        self._hold_unreachable(source, report)
        await self._tell(report)
        if report.closed:
            self._unwritten.pop(source.id, None)
            self._held_until.pop(source.id, None)
            return
        # Nothing of the visit is in the database, where the source is still due.
        self._unwritten[source.id] += 1
        pause = _UNWRITTEN_BACKOFF.delay(self._unwritten[source.id])
        self._held_until[source.id] = self.clock() + pause

    def _hold_unreachable(self, source: Source, report: VisitReport) -> None:
        """Forget that a source waits for the network, or let a host that is still paused be."""
        left = self._again.pop(source.id, 0)
        if left and not report.answered:
            self._again[source.id] = left - 1
            self._held_until[source.id] = self.clock() + _PAUSED_HOST_SECONDS
            if left == 1:
                del self._again[source.id]

    async def _tell(self, report: VisitReport) -> None:
        """Log the progress of a long round, and its end."""
        current = self._round
        current.reports.append(report)
        current.answered = current.answered or report.answered
        if len(current.reports) >= current.size:
            self._round = _Round(self.clock())
            await self._tell_end(current)
        elif not current.doubted and len(self._network.hosts) >= SILENT_HOSTS:
            current.doubted = True
            if await self._is_cut_off(current):
                self._give_up_round(current)
        elif self.clock() - current.told_at >= _PROGRESS_SECONDS:
            current.told_at = self.clock()
            read = f"{len(current.reports)} of {current.size} sources"
            is_baseline = 2 * current.baseline > current.size
            documents, changes, alerts = _totals(current.reports)
            log.info(
                "visits.progress",
                extra={
                    "baseline": read if is_baseline else "",
                    "visited": "" if is_baseline else read,
                    "documents": documents,
                    "changes": changes,
                    "alerts": alerts,
                },
            )

    async def _is_cut_off(self, current: _Round) -> bool:
        """Whether there is no network: several hosts are away, and others do not answer either."""
        if current.answered or not self._network.is_offline:
            return False
        # The last ones: no visit is at them yet, whose requests would go first.
        current.answered = await self._any_answers(
            other_hosts(self.app, self._network.hosts)[-PROBED_HOSTS:]
        )
        return not current.answered

    async def _any_answers(self, hosts: Sequence[str]) -> bool:
        """Whether one of the hosts answers."""
        if not await any_answers(self.app, hosts):
            return False
        self._network.silent.clear()
        return True

    def _give_up_round(self, current: _Round) -> None:
        """End a round without a network before each of its sources has found that out."""
        if self._round is not current:
            return
        self._round = _Round(self.clock())
        for task in self._tasks.values():
            if task is not asyncio.current_task():
                task.cancel()
        self._begin_outage(current.reports[-1].reason)

    async def _tell_end(self, current: _Round) -> None:
        reports = current.reports
        if self._outage is not None:
            return
        if await self._is_cut_off(current):
            self._begin_outage(reports[-1].reason)
            return
        log_failures(reports)
        documents, changes, alerts = _totals(reports)
        log.info(
            "visits.done",
            extra={
                "visited": len(reports),
                "documents": documents,
                "changes": changes,
                "alerts": alerts,
                "next_visit": await asyncio.to_thread(next_visit, self.app),
            },
        )

    def _begin_outage(self, reason: str) -> None:
        self._outage = _Outage(self.app.context.now())
        tell_down(
            self.app,
            self._network,
            seconds=self._look_later(self._outage),
            reason=reason,
            waiting=len(self.app.sources) - len(self._network.silent),
        )

    def _look_later(self, outage: _Outage) -> float:
        outage.looks += 1
        seconds = _NETWORK_BACKOFF.delay(outage.looks)
        outage.next_look = self.clock() + seconds
        return seconds

    async def _is_over(self, outage: _Outage) -> bool:
        """Look whether some host answers again; then what failed for it is visited at once."""
        if self.clock() < outage.next_look:
            return False
        away = list(self._network.silent)
        hosts = asked_hosts(self.app, self._network.hosts, outage.looks)
        if not await self._any_answers(hosts):
            seconds = self._look_later(outage)
            log.debug("network.still_down", extra={"seconds": seconds})
            return False
        tell_up(self.app, since=outage.since, again=len(away))
        self._again = dict.fromkeys(away, _MAX_AGAIN)
        self._outage = None
        return True


async def visit_safely(source: Source, app: App) -> VisitReport:
    """Visit a source; an error is logged and ends this visit alone."""
    begun = time.monotonic()
    try:
        report = await visit(source, app.context)
    except Exception as error:
        log.exception("visit.failed", extra={"source": source.id})
        report = VisitReport(source.id, Outcome.ERROR)
        report.add_fault(error)
        report.reason = report.fault
    app.observer.visited(report, time.monotonic() - begun)
    return report


def log_failures(reports: Sequence[VisitReport]) -> None:
    """Log the failed visits of a round in one line."""
    failed = failed_visits(reports)
    if failed:
        log.warning(
            "visits.failed",
            extra={
                "failed": f"{len(failed)} of {len(reports)}",
                "outcomes": failure_counts(failed),
                "reasons": failure_details(failed),
            },
        )


def _totals(reports: Sequence[VisitReport]) -> tuple[int, int, int]:
    """What visits brought together: documents, changes, alerts."""
    return (
        sum(report.pages[outcome] for report in reports for outcome in HEALTHY),
        sum(len(report.changes) for report in reports),
        sum(report.alerts for report in reports),
    )

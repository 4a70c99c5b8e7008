"""Visits of a daemon: one of a source at a time, their log lines, and outages of the network."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from monitor.app import App
from monitor.catalogue.model import Source
from monitor.daemon.due import (
    due_sources,
    first_visits,
    is_due,
    next_visit,
    paused_sources,
)
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
    hosts_of,
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
    answer; ``doubted``: other hosts were asked whether there is a network. Of a visit that ended
    it is kept what it adds to the sums, and its report if it failed.
    """

    told_at: float
    size: int = 0
    baseline: int = 0
    answered: bool = False
    doubted: bool = False
    visited: int = 0
    documents: int = 0
    changes: int = 0
    alerts: int = 0
    last_reason: str = ""
    failed: list[VisitReport] = field(default_factory=list)

    def add(self, report: VisitReport) -> None:
        """Take the end of a visit into account."""
        self.visited += 1
        self.documents += sum(report.pages[outcome] for outcome in HEALTHY)
        self.changes += len(report.changes)
        self.alerts += report.alerts
        self.answered = self.answered or report.answered
        self.last_reason = report.reason
        self.failed += failed_visits([report])


@dataclass(slots=True)
class _Outage:
    """No host answers: since when, how often was looked, and when to look again (monotonic)."""

    since: datetime
    looks: int = 0
    next_look: float = 0.0


@dataclass(slots=True)
class SilentHosts:
    """The hosts that did not answer when they were asked last."""

    hosts: set[str] = field(default_factory=set)

    def is_silent(self, source: Source) -> bool:
        """Whether none of the hosts of a source answered when it was asked last."""
        hosts = hosts_of(source)
        return bool(hosts) and self.hosts.issuperset(hosts)

    def note(self, report: VisitReport, source: Source) -> None:
        """Take the end of a visit into account."""
        if report.answered:
            self.hosts.difference_update(hosts_of(source))
        elif report.closed:
            self.hosts.update(hosts_of(source))


@dataclass(slots=True)
class DueVisits:
    """Starts the visits that the database says are due, one of a source at a time.

    The due times are stored with each visit, so that a retry comes when it was promised, whatever
    else happened. A source that waits costs a place in a line: a task for each of thousands would
    take megabytes.

    A host that takes a connection and answers nothing holds a place for minutes. Sources whose
    hosts did not answer last time share half of the places, so that the others never wait for
    them alone.

    Attributes:
        app: the open application.
        clock: monotonic seconds.
        sleep: waits for so many seconds.
    """

    app: App
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _lines: set[asyncio.Task[None]] = field(default_factory=set)
    _waiting: set[str] = field(default_factory=set)
    _ready: deque[Source] = field(default_factory=deque)
    _set_aside: deque[Source] = field(default_factory=deque)
    _silent: SilentHosts = field(default_factory=SilentHosts)
    _doubtful: set[str] = field(default_factory=set)
    _held_until: dict[str, float] = field(default_factory=dict)
    _unwritten: Counter[str] = field(default_factory=Counter)
    _limit: int = field(init=False)
    _round: _Round = field(init=False)
    _network: Reachability = field(default_factory=Reachability)
    _outage: _Outage | None = None
    _again: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the limit of visits at the same time."""
        self._limit = self.app.settings.crawl.concurrency
        self._round = _Round(self.clock())

    async def start(self) -> None:
        """Start what is due and not under way; without a network nothing but a look for it."""
        if self._outage is not None and not await self._is_over(self._outage):
            return
        due = await asyncio.to_thread(due_sources, self.app, spread_out=True)
        if self._again:
            paused = await asyncio.to_thread(paused_sources, self.app)
            again = self._again.keys() - {source.id for source in due} - paused
            due += [source for source in self.app.sources if source.id in again]
        clock = self.clock()
        free = [s for s in due if self._held_until.get(s.id, clock) <= clock]
        starting = [s for s in free if s.id not in self._tasks and s.id not in self._waiting]
        if not starting:
            return
        ids = {source.id for source in starting}
        self._waiting |= ids
        try:
            baseline = await asyncio.to_thread(first_visits, self.app, starting)
        except BaseException:
            self._waiting -= ids
            raise
        if self._outage is not None:  # it began meanwhile
            self._waiting -= ids
            return
        self._round.size += len(starting)
        self._round.baseline += baseline
        line = asyncio.create_task(self._line_up(starting))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def finish(self) -> None:
        """Wait for the visits that were started."""
        while started := self._started():
            await asyncio.gather(*started, return_exceptions=True)

    async def cancel(self) -> None:
        """End the visits that were started."""
        while started := self._started():
            self._drop_waiting()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*started, return_exceptions=True)

    def _started(self) -> list[asyncio.Task[None]]:
        return [*self._lines, *self._tasks.values()]

    async def _line_up(self, sources: Sequence[Source]) -> None:
        """Let sources that are due together begin one after the other."""
        begun = self.clock()
        for position, source in enumerate(sources):
            try:
                await self.sleep(max(0.0, begun + _START_INTERVAL * position - self.clock()))
            except asyncio.CancelledError:
                self._waiting.difference_update(one.id for one in sources[position:])
                raise
            self._ready.append(source)
            self._begin_ready()

    def _begin_ready(self) -> None:
        """Visit those whose turn has come, as many at a time as the settings say."""
        while len(self._tasks) < self._limit and (source := self._next()) is not None:
            self._waiting.discard(source.id)
            if self._silent.is_silent(source):
                self._doubtful.add(source.id)
            task = self._tasks[source.id] = asyncio.create_task(self._visit(source))
            task.add_done_callback(partial(self._forget, source.id))

    def _next(self) -> Source | None:
        """The next to visit: those of silent hosts have places of their own, the others all."""
        has_place = len(self._doubtful) < max(1, self._limit // 2)
        if has_place and self._set_aside:
            return self._set_aside.popleft()
        while self._ready:
            source = self._ready.popleft()
            if has_place or not self._silent.is_silent(source):
                return source
            self._set_aside.append(source)
        return None

    def _drop_waiting(self) -> None:
        """Begin no visit that has not begun."""
        for line in self._lines:
            line.cancel()
        self._ready.clear()
        self._set_aside.clear()
        self._waiting.clear()

    def _forget(self, source_id: str, _task: asyncio.Task[None]) -> None:
        del self._tasks[source_id]
        self._doubtful.discard(source_id)
        self._begin_ready()

    async def _visit(self, source: Source) -> None:
        if not await self._is_wanted(source):
            self._round.size -= 1
            await self._end_round()
            return
        report = await visit_safely(source, self.app)
        self._network.note(report, source)
        self._silent.note(report, source)
        self._hold(source, report)
        await self._tell(report)

    async def _is_wanted(self, source: Source) -> bool:
        """Whether a source whose turn has come is still to be visited; it may have waited long."""
        try:
            if source.id in self._again:
                return not await asyncio.to_thread(paused_sources, self.app, source)
            return await asyncio.to_thread(is_due, self.app, source)
        except Exception:  # noqa: BLE001 - whatever a driver raises: the visit says it, too
            return True

    def _hold(self, source: Source, report: VisitReport) -> None:
        """Note when a source may be visited again that is due in the database, or waits for a host.

        Nothing of a visit that could not be written is in the database, where the source is still
        due; and after an outage of the network its host may be paused for a while.
        """
        self._held_until.pop(source.id, None)
        if report.closed:
            self._unwritten.pop(source.id, None)
        else:
            self._unwritten[source.id] += 1
            pause = _UNWRITTEN_BACKOFF.delay(self._unwritten[source.id])
            self._held_until[source.id] = self.clock() + pause
        left = self._again.pop(source.id, 0)
        if left > 1 and not report.answered:
            self._again[source.id] = left - 1
            self._held_until[source.id] = self.clock() + _PAUSED_HOST_SECONDS

    async def _tell(self, report: VisitReport) -> None:
        """Log the progress of a long round, and its end."""
        current = self._round
        current.add(report)
        if await self._end_round():
            return
        if not current.doubted and len(self._network.hosts) >= SILENT_HOSTS:
            current.doubted = True
            if await self._is_cut_off(current):
                self._give_up_round(current)
        elif self.clock() - current.told_at >= _PROGRESS_SECONDS:
            current.told_at = self.clock()
            read = f"{current.visited} of {current.size} sources"
            is_baseline = 2 * current.baseline > current.size
            log.info(
                "visits.progress",
                extra={
                    "baseline": read if is_baseline else "",
                    "visited": "" if is_baseline else read,
                    "documents": current.documents,
                    "changes": current.changes,
                    "alerts": current.alerts,
                },
            )

    async def _end_round(self) -> bool:
        """Whether none of the visits of the round is left; then its end is told."""
        current = self._round
        if current.visited < current.size:
            return False
        self._round = _Round(self.clock())
        if current.visited:
            await self._tell_end(current)
        return True

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
        self._drop_waiting()
        for task in self._tasks.values():
            if task is not asyncio.current_task():
                task.cancel()
        self._begin_outage(current.last_reason)

    async def _tell_end(self, current: _Round) -> None:
        if self._outage is not None:
            return
        if await self._is_cut_off(current):
            self._begin_outage(current.last_reason)
            return
        log_failures(current.failed, visited=current.visited)
        log.info(
            "visits.done",
            extra={
                "visited": current.visited,
                "documents": current.documents,
                "changes": current.changes,
                "alerts": current.alerts,
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
        self._silent.hosts.clear()
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


def log_failures(reports: Sequence[VisitReport], *, visited: int | None = None) -> None:
    """Log the failed visits of a round in one line.

    Args:
        reports: those of the round, or of its failed visits alone.
        visited: how many visits there were, where it is not the number of the reports.
    """
    failed = failed_visits(reports)
    if failed:
        log.warning(
            "visits.failed",
            extra={
                "failed": f"{len(failed)} of {len(reports) if visited is None else visited}",
                "outcomes": failure_counts(failed),
                "reasons": failure_details(failed),
            },
        )

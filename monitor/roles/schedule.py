"""The role ``schedule``: finds the sources that are due and gives a job for each."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.app import App
from monitor.daemon.due import due_sources
from monitor.model.processes import Loop
from monitor.retry import CLOCK_SKEW, Backoff
from monitor.roles.configuration import configuration_mark
from monitor.roles.hosts import host_locks
from monitor.roles.queue import JobQueue, VisitJob
from monitor.storage.frontier import VisitTimes, visit_times
from monitor.storage.heartbeats import heartbeats

log = logging.getLogger(__name__)

_REPEAT_BACKOFF = Backoff(initial=60.0, maximum=3600.0)


@dataclass(slots=True)
class _QueuedJobs:
    """The jobs that were given for one visit of a source: how many, and when the next may be.

    ``last_visit_at`` is that of the visit before.
    """

    last_visit_at: datetime | None
    count: int = 0
    next_at: float = 0.0


@dataclass(slots=True)
class DueJobs:
    """Gives the jobs that the database says are due, one of a source at a time.

    A source that is still due when its job has ended was not visited to the end: the worker was
    killed, or the database failed. It gets a second job at once, and further ones later and later.

    A host that takes a connection and answers nothing holds a place of a worker for minutes. Jobs
    of sources whose last visit failed take half of the places of all workers, so that the others
    never wait for them alone.

    Attributes:
        app: the open application.
        queue: takes the jobs.
        clock: monotonic seconds.
    """

    app: App
    queue: JobQueue
    clock: Callable[[], float] = time.monotonic
    _locks: dict[str, str] = field(init=False)
    _given: dict[str, _QueuedJobs] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find out which sources share a host."""
        self._locks = host_locks(self.app.sources)

    async def start(self) -> None:
        """Take jobs from workers that went silent, and give those that are due."""
        for source_id in await self.queue.drop_stalled():
            log.warning("job.stalled", extra={"source": source_id, "what": "its worker is silent"})
        # In this order: a visit that ends in between is not due any more.
        waiting = await self.queue.open_sources()
        due, times = await asyncio.to_thread(self._due)
        ready = {
            source_id: self._next(source_id, times[source_id].last_visit_at)
            for source_id in due
            if source_id not in waiting
        }
        clock = self.clock()
        ready = {source_id: given for source_id, given in ready.items() if given.next_at <= clock}
        ready = await asyncio.to_thread(self._within_places, ready, times, waiting)
        if not ready:
            return
        mark = await asyncio.to_thread(configuration_mark, self.app.settings)
        added = await self.queue.defer(VisitJob(key, self._locks[key], mark) for key in ready)
        for given in ready.values():
            given.count += 1
            pause = _REPEAT_BACKOFF.delay(given.count - 1) if given.count > 1 else 0.0
            given.next_at = clock + pause
        self._given |= ready
        log.info("jobs.given", extra={"jobs": added, "open": len(waiting)})

    def _within_places(
        self,
        ready: dict[str, _QueuedJobs],
        times: Mapping[str, VisitTimes],
        waiting: Collection[str],
    ) -> dict[str, _QueuedJobs]:
        """Those that may get a job now; of the doubtful ones those that waited longest."""
        doubtful = [source_id for source_id in ready if times[source_id].is_doubtful]
        if not doubtful:
            return ready
        with self.app.context.database.read() as connection:
            workers = len(
                {
                    beat.host
                    for beat in heartbeats(connection)
                    if beat.loop is Loop.CRAWL and beat.at > self.app.context.now() - CLOCK_SKEW
                }
            )
        places = self.app.settings.crawl.concurrency * max(workers, 1)
        taken = sum(1 for one in waiting if one in times and times[one].is_doubtful)
        doubtful.sort(key=lambda one: times[one].last_visit_at or datetime.min.replace(tzinfo=UTC))
        later = set(doubtful[max(0, max(1, places // 2) - taken) :])
        return {source_id: given for source_id, given in ready.items() if source_id not in later}

    def _due(self) -> tuple[list[str], dict[str, VisitTimes]]:
        """The sources that are due, and the last visit of each that is known."""
        due = due_sources(self.app, spread_out=True)
        with self.app.context.database.read() as connection:
            times = visit_times(connection)
        return [source.id for source in due if source.id in times], times

    def _next(self, source_id: str, last_visit_at: datetime | None) -> _QueuedJobs:
        """The jobs of the visit that is due: those given before, unless there was one since."""
        known = self._given.get(source_id)
        if known is not None and known.last_visit_at == last_visit_at:
            return known
        return _QueuedJobs(last_visit_at)

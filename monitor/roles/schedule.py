"""The role ``schedule``: finds the sources that are due and gives a job for each."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from monitor.app import App
from monitor.daemon.due import due_sources
from monitor.retry import Backoff
from monitor.roles.configuration import configuration_mark
from monitor.roles.hosts import host_locks
from monitor.roles.queue import JobQueue, VisitJob
from monitor.storage.frontier import visit_times

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
        due = await asyncio.to_thread(self._due)
        ready = {
            source_id: self._next(source_id, last_visit_at)
            for source_id, last_visit_at in due.items()
            if source_id not in waiting
        }
        clock = self.clock()
        ready = {source_id: given for source_id, given in ready.items() if given.next_at <= clock}
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

    def _due(self) -> dict[str, datetime | None]:
        """The sources that are due, with their last visit."""
        due = due_sources(self.app, spread_out=True)
        with self.app.context.database.read() as connection:
            times = visit_times(connection)
        return {source.id: times[source.id].last_visit_at for source in due if source.id in times}

    def _next(self, source_id: str, last_visit_at: datetime | None) -> _QueuedJobs:
        """The jobs of the visit that is due: those given before, unless there was one since."""
        known = self._given.get(source_id)
        if known is not None and known.last_visit_at == last_visit_at:
            return known
        return _QueuedJobs(last_visit_at)

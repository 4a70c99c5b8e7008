"""The role ``schedule``: finds the sources that are due and gives a job for each."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.app import App
from monitor.daemon.due import due_sources
from monitor.retry import Backoff
from monitor.roles.configuration import configuration_mark
from monitor.roles.hosts import host_locks
from monitor.roles.queue import JobQueue, VisitJob

log = logging.getLogger(__name__)

_REPEAT_BACKOFF = Backoff(initial=60.0, maximum=3600.0)


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
    _given: dict[str, int] = field(default_factory=dict)
    _held_until: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find out which sources share a host."""
        self._locks = host_locks(self.app.sources)

    async def start(self) -> None:
        """Take jobs from workers that went silent, and give those that are due."""
        for source_id in await self.queue.drop_stalled():
            log.warning("job.stalled", extra={"source": source_id, "what": "its worker is silent"})
        # In this order: a visit that ends in between is not due any more.
        waiting = await self.queue.open_sources()
        due = [s.id for s in await asyncio.to_thread(due_sources, self.app, spread_out=True)]
        self._given = {key: self._given[key] for key in due if key in self._given}
        clock = self.clock()
        ready = [
            key for key in due if key not in waiting and self._held_until.get(key, clock) <= clock
        ]
        if not ready:
            return
        mark = await asyncio.to_thread(configuration_mark, self.app.settings)
        added = await self.queue.defer(VisitJob(key, self._locks[key], mark) for key in ready)
        for key in ready:
            self._given[key] = given = self._given.get(key, 0) + 1
            pause = _REPEAT_BACKOFF.delay(given - 1) if given > 1 else 0.0
            self._held_until[key] = clock + pause
        log.info("jobs.given", extra={"jobs": added, "open": len(waiting)})

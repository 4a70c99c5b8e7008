"""One round of visits, without what the daemon has beside it: loops, probes, the site, the bot."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import InitVar, dataclass, field

from monitor.app import App, outbox_worker
from monitor.catalogue.model import Source
from monitor.daemon.due import due_sources, is_due
from monitor.daemon.heartbeats import forget_heartbeats
from monitor.daemon.visits import SilentHosts, visit_safely
from monitor.ingest.context import VisitReport
from monitor.outbox.worker import deliver_due, delivery_loop
from monitor.storage.frontier import visit_times


@dataclass(slots=True)
class _Waiting:
    """The sources that have not had their turn.

    A host that takes a connection and answers nothing holds a place for minutes. Sources whose
    last visit failed, or whose hosts answered nothing in this round, begin in one half of the
    places; the other half takes them when no other source is left.

    Attributes:
        sources: all that are due.
        doubtful_ids: those whose last visit failed.
    """

    sources: InitVar[Sequence[Source]]
    doubtful_ids: InitVar[Collection[str]]
    _usual: deque[Source] = field(init=False)
    _doubtful: deque[Source] = field(init=False)
    _silent: SilentHosts = field(default_factory=SilentHosts)

    def __post_init__(self, sources: Sequence[Source], doubtful_ids: Collection[str]) -> None:
        """Tell them apart."""
        self._usual = deque(source for source in sources if source.id not in doubtful_ids)
        self._doubtful = deque(source for source in sources if source.id in doubtful_ids)

    def take(self, *, doubtful_first: bool) -> Source | None:
        """The next for a place; None if none is left."""
        while self._usual and self._silent.is_silent(self._usual[0]):
            self._doubtful.append(self._usual.popleft())
        first, then = self._usual, self._doubtful
        if doubtful_first:
            first, then = then, first
        return first.popleft() if first else then.popleft() if then else None

    def note(self, report: VisitReport, source: Source) -> None:
        """Take the end of a visit into account."""
        self._silent.note(report, source)


def _doubtful(app: App) -> set[str]:
    with app.context.database.read() as connection:
        known = visit_times(connection)
    return {source_id for source_id, times in known.items() if times.is_doubtful}


async def run_once(
    app: App, *, done: Callable[[VisitReport], None] = lambda _: None
) -> list[VisitReport]:
    """Visit every source that is due, deliver the alerts meanwhile, and return.

    Args:
        app: the open application.
        done: called with the report of each visit as it ends.
    """
    await asyncio.to_thread(forget_heartbeats, app)
    waiting = _Waiting(
        await asyncio.to_thread(due_sources, app), await asyncio.to_thread(_doubtful, app)
    )
    reports: list[VisitReport] = []
    places = app.settings.crawl.concurrency

    async def work(place: int) -> None:
        while (source := waiting.take(doubtful_first=place < places // 2)) is not None:
            if not await asyncio.to_thread(is_due, app, source):
                continue
            report = await visit_safely(source, app)
            waiting.note(report, source)
            done(report)
            reports.append(report)

    worker = outbox_worker(app)
    delivery = asyncio.create_task(delivery_loop(worker, wake=app.wake))
    try:
        async with asyncio.TaskGroup() as group:
            for place in range(places):
                group.create_task(work(place))
        worker.stop.set()
        await delivery
        # What failed meanwhile may be due again, and a fault of the database is raised.
        worker.stop.clear()
        await deliver_due(worker)
    finally:
        delivery.cancel()
        await worker.abandon()
    return reports

"""Whether a crawl worker has a network: without one it makes no visits, which would all fail."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from monitor.app import App
from monitor.catalogue.model import Source
from monitor.daemon.network import SILENT_HOSTS, any_answers, asked_hosts, tell_down, tell_up
from monitor.ingest.context import VisitReport
from monitor.ingest.rounds import Reachability, hosts_of
from monitor.retry import Backoff

_BACKOFF = Backoff(initial=15.0, maximum=300.0)


@dataclass(slots=True)
class NetworkWatch:
    """Counts the hosts that cannot be reached, and looks whether others can.

    Attributes:
        app: the open application.
        suspected: set when several hosts in a row could not be reached.
    """

    app: App
    suspected: asyncio.Event = field(default_factory=asyncio.Event)
    _network: Reachability = field(default_factory=Reachability)

    def note(self, report: VisitReport, source: Source) -> None:
        """Take the end of a visit into account."""
        self._network.note(report, source)
        enough = min(SILENT_HOSTS, len({h for s in self.app.sources for h in hosts_of(s)}))
        if self._network.is_offline and len(self._network.hosts) >= enough:
            self.suspected.set()

    async def wait_for_answer(self, stop: asyncio.Event) -> None:
        """Return when some host answers, or ``stop`` is set; then nothing is suspected."""
        looks, since = 0, self.app.context.now()
        while not stop.is_set() and not await self._any_answers(looks):
            looks += 1
            seconds = _BACKOFF.delay(looks)
            if looks == 1:
                tell_down(self.app, self._network, seconds=seconds)
            try:
                await asyncio.wait_for(stop.wait(), seconds)
            except TimeoutError:
                continue
        if looks and not stop.is_set():
            tell_up(self.app, since=since)
        self._network.silent.clear()
        self.suspected.clear()

    async def _any_answers(self, looks: int) -> bool:
        return await any_answers(self.app, asked_hosts(self.app, self._network.hosts, looks))

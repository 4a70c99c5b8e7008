"""Politeness: few requests to one host at a time, a pause between them, and patience when asked.

The pause is the host's own: it widens when the host is slow or strained (``tempo.py``).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from math import inf

from monitor.errors import FetchError
from monitor.fetching.throttle import Sign, Tempo, adapt, rest, with_floor
from monitor.model.documents import Outcome

_MAX_HOSTS = 4_096
_FREE = nullcontext()


class NotAsked(FetchError):
    """A page is not asked for, and in how many seconds that may be another matter."""

    def __init__(
        self, outcome: Outcome, reason: str, *, seconds: float | None = None, url: str
    ) -> None:
        """Keep what the visit ends as, and why."""
        self.outcome = outcome
        self.reason = reason
        self.seconds = seconds
        super().__init__(reason, url=url)


class HostClosed(NotAsked):
    """The host is left alone for longer than anybody waits."""

    def __init__(self, host: str, seconds: float, *, silent: bool) -> None:
        """Say for how many seconds more, and whether it asked for it or just does not answer."""
        said = "host does not answer and is" if silent else "site asked to be"
        super().__init__(
            Outcome.ERROR if silent else Outcome.BLOCKED,
            f"the {said} left alone for {seconds:.0f} s more",
            seconds=seconds,
            url=host,
        )


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    tempo: Tempo
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    last_start: float = -inf
    closed_until: float = 0.0
    silent: bool = False
    users: int = 0


class Pace:
    """Slots and pauses per host. ``clock`` is monotonic seconds, ``sleep`` waits for some."""

    def __init__(
        self,
        *,
        per_host: int,
        pause: float,
        longest: float,
        patience: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Keep the limits, per host: requests at a time, seconds between their starts.

        Args:
            per_host: requests at a time while all is well; one at a time otherwise.
            pause: seconds between two starts while all is well.
            longest: seconds that pause grows to at most.
            patience: seconds that a turn waits at most for a host to open again.
            clock: monotonic seconds.
            sleep: waits.
        """
        self._per_host = per_host
        self._pause = pause
        self._longest = longest
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def check(self, host: str) -> None:
        """Nothing, if the host may be asked within the patience.

        Raises:
            HostClosed: it may not.
        """
        if self.is_closed(host):
            known = self._hosts[host]
            raise HostClosed(host, known.closed_until - self._clock(), silent=known.silent)

    def is_closed(self, host: str) -> bool:
        """Whether the host may not be asked within the patience."""
        known = self._hosts.get(host)
        return known is not None and known.closed_until - self._clock() > self._patience

    def close(self, host: str, seconds: float) -> None:
        """Leave the host alone for so long, as it asked."""
        self._close(self._host(host), seconds, silent=False)

    def at_least(self, host: str, seconds: float) -> None:
        """Let so many seconds lie between two requests to the host, if more than usual."""
        known = self._host(host)
        known.tempo = with_floor(known.tempo, max(self._pause, seconds))

    def note(self, host: str, sign: Sign, seconds: float | None) -> None:
        """Learn from a request how fast the host may be asked from now on.

        Args:
            host: which was asked.
            sign: how it went.
            seconds: to the first byte of its answer.
        """
        known = self._host(host)
        known.tempo = adapt(known.tempo, sign, seconds, self._longest)
        if idle := rest(known.tempo):
            self._close(known, idle, silent=sign is Sign.SILENT)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a slot, and until the host may be asked; the slot is free again at the end.

        Raises:
            HostClosed: it may not be asked for longer than the patience.
        """
        known = self._host(host)
        known.users += 1
        try:
            async with known.slots, known.alone if known.tempo.alone else _FREE:
                self.check(host)
                now = self._clock()
                start = max(now, known.last_start + known.tempo.pause, known.closed_until)
                known.last_start = start
                if start > now:
                    await self._sleep(start - now)
                yield
        finally:
            known.users -= 1

    def _close(self, known: _Host, seconds: float, *, silent: bool) -> None:
        until = self._clock() + seconds
        if until > known.closed_until:
            known.closed_until, known.silent = until, silent

    def _host(self, host: str) -> _Host:
        known = self._hosts.get(host)
        if known is None:
            tempo = Tempo(self._pause, self._pause)
            known = self._hosts[host] = _Host(asyncio.Semaphore(self._per_host), tempo)
            for name in list(self._hosts)[: max(0, len(self._hosts) - _MAX_HOSTS)]:
                if not self._hosts[name].users:
                    del self._hosts[name]
        self._hosts.move_to_end(host)
        return known

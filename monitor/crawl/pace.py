"""Politeness: few requests to one host at a time, a pause between them, and patience when asked."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

_MAX_HOSTS = 4_096


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    next_start: float = 0.0
    closed_until: float = 0.0
    users: int = 0


class Pace:
    """Slots and pauses per host. ``clock`` is monotonic seconds, ``sleep`` waits for some."""

    def __init__(
        self,
        *,
        per_host: int,
        pause: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Keep the limits: requests at a time and seconds between their starts, per host."""
        self._per_host = per_host
        self._pause = pause
        self._clock = clock
        self._sleep = sleep
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def closed_for(self, host: str) -> float:
        """Seconds for which the host has asked to be left alone; 0 if it has not."""
        known = self._hosts.get(host)
        return 0.0 if known is None else max(0.0, known.closed_until - self._clock())

    def close(self, host: str, seconds: float) -> None:
        """Leave the host alone for so long."""
        known = self._host(host)
        known.closed_until = max(known.closed_until, self._clock() + seconds)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a slot, and until the host may be asked; the slot is free again at the end."""
        known = self._host(host)
        known.users += 1
        try:
            async with known.slots:
                now = self._clock()
                start = max(now, known.next_start, known.closed_until)
                known.next_start = start + self._pause
                if start > now:
                    await self._sleep(start - now)
                yield
        finally:
            known.users -= 1

    def _host(self, host: str) -> _Host:
        known = self._hosts.get(host)
        if known is None:
            known = self._hosts[host] = _Host(asyncio.Semaphore(self._per_host))
            for name in list(self._hosts)[: max(0, len(self._hosts) - _MAX_HOSTS)]:
                if not self._hosts[name].users:
                    del self._hosts[name]
        self._hosts.move_to_end(host)
        return known

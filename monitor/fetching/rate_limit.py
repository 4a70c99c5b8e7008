"""The rate limit per host: few requests at a time, a delay between them, pauses on request.

The delay adapts to each host (``throttle.py``).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple, Protocol

from monitor.errors import FetchError
from monitor.fetching.throttle import HostSignal, Throttle, adapt, cooldown, with_min_delay
from monitor.model.documents import Outcome

_MAX_HOSTS = 4_096
_READ_SECONDS = 1.0
_NO_LOCK = nullcontext()


class PauseStore(Protocol):
    """Tells other processes which hosts asked to be left alone; called from worker threads."""

    def load(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that are to be left alone, and until when."""

    def save(self, host: str, not_before: datetime) -> None:
        """Keep a pause in place of the host's last one."""


class FetchSkipped(FetchError):
    """A page is not requested; ``seconds`` later it may be, if that is known."""

    def __init__(
        self,
        outcome: Outcome,
        reason: str,
        *,
        seconds: float | None = None,
        url: str,
        unreachable: bool = False,
    ) -> None:
        """Keep the outcome of the visit, its reason, and whether its host cannot be reached."""
        self.outcome = outcome
        self.reason = reason
        self.unreachable = unreachable
        self.seconds = seconds
        super().__init__(reason, url=url)


class HostPaused(FetchSkipped):
    """The host is paused for longer than a request waits."""

    def __init__(self, host: str, seconds: float, *, silent: bool) -> None:
        """Build the reason.

        Args:
            host: which is paused.
            seconds: until requests go on.
            silent: it does not answer; otherwise it asked for the pause.
        """
        who = "host does not answer and is" if silent else "site asked to be"
        super().__init__(
            Outcome.ERROR if silent else Outcome.BLOCKED,
            f"the {who} left alone for {seconds:.0f} s more",
            seconds=seconds,
            url=host,
        )


class _Gates(NamedTuple):
    """What the requests to a host wait for."""

    slots: asyncio.Semaphore
    exclusive: asyncio.Lock


@dataclass(slots=True)
class _HostState:
    """What is known of a host; only one with ``users`` has gates, of the thousands there are."""

    throttle: Throttle
    gates: _Gates | None = None
    last_start: float = -inf
    paused_until: float = 0.0
    silent: bool = False
    users: int = 0


class HostRateLimiter:
    """Slots and delays per host. ``clock`` is monotonic seconds, ``sleep`` waits for some."""

    def __init__(
        self,
        *,
        per_host: int,
        min_delay: float,
        max_delay: float,
        max_wait: float,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        store: PauseStore | None,
    ) -> None:
        """Keep the limits of each host.

        Args:
            per_host: concurrent requests to a host in good health; to any other, one.
            min_delay: seconds between two starts while the host is in good health.
            max_delay: seconds that the delay grows to at most.
            max_wait: seconds that a request waits at most for the end of a pause.
            now: aware wall clock, for what other processes are told.
            clock: monotonic seconds.
            sleep: waits for so many seconds.
            store: shares pauses with other processes; None for this one alone.
        """
        self._per_host = per_host
        self._min_delay = min_delay
        self._max_delay = max_delay
        self._max_wait = max_wait
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._store = store
        self._stored: Mapping[str, datetime] = {}
        self._read_at = -inf
        self._reading = asyncio.Lock()
        self._hosts: OrderedDict[str, _HostState] = OrderedDict()

    async def read_pauses(self) -> None:
        """Learn which hosts other processes, or this one in its last life, were told to leave.

        At most once a second: visits of all hosts share the answer.
        """
        if self._store is None or not self._is_old():
            return
        async with self._reading:
            if self._is_old():
                at = self._clock()
                self._stored = await asyncio.to_thread(self._store.load, self._now())
                self._read_at = at

    def check(self, host: str) -> None:
        """Return if the host accepts requests within ``max_wait``.

        Raises:
            HostPaused: it does not.
        """
        seconds, silent = self._left(host)
        if seconds > self._max_wait:
            raise HostPaused(host, seconds, silent=silent)

    def is_paused(self, host: str) -> bool:
        """Whether the host is paused for longer than ``max_wait``."""
        return self._left(host)[0] > self._max_wait

    async def pause(self, host: str, seconds: float) -> None:
        """Send the host no request for so long, because it asked for that; tell the others."""
        if not self._pause(self._host(host), seconds, silent=False) or self._store is None:
            return
        not_before = self._now() + timedelta(seconds=seconds)
        await asyncio.to_thread(self._store.save, host, not_before)

    def raise_min_delay(self, host: str, seconds: float) -> None:
        """Keep at least so many seconds between two requests to the host."""
        known = self._host(host)
        known.throttle = with_min_delay(known.throttle, max(self._min_delay, seconds))

    def record(self, host: str, signal: HostSignal, seconds: float | None) -> None:
        """Adapt the delay of a host to the result of a request.

        Args:
            host: of the request.
            signal: how the request went.
            seconds: to the first byte of the answer.
        """
        known = self._host(host)
        known.throttle = adapt(known.throttle, signal, seconds, self._max_delay)
        if seconds_off := cooldown(known.throttle):
            self._pause(known, seconds_off, silent=signal is HostSignal.NO_ANSWER)

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Hold a slot of the host, after waiting for it and for the delay.

        Raises:
            HostPaused: the host is paused for longer than ``max_wait``.
        """
        known = self._host(host)
        known.users += 1
        if known.gates is None:
            known.gates = _Gates(asyncio.Semaphore(self._per_host), asyncio.Lock())
        slots, exclusive = known.gates
        try:
            async with slots, exclusive if known.throttle.exclusive else _NO_LOCK:
                self.check(host)
                now = self._clock()
                paused_until = now + self._left(host)[0]
                start = max(now, known.last_start + known.throttle.delay, paused_until)
                known.last_start = start
                if start > now:
                    await self._sleep(start - now)
                yield
        finally:
            known.users -= 1
            if not known.users:
                known.gates = None

    def _pause(self, known: _HostState, seconds: float, *, silent: bool) -> bool:
        """Pause a host; whether it is paused for longer than before."""
        now = self._clock()
        if now + seconds <= max(now, known.paused_until):
            return False
        known.paused_until, known.silent = now + seconds, silent
        return True

    def _left(self, host: str) -> tuple[float, bool]:
        """Seconds until the end of a host's pause, and whether the reason is that it is silent."""
        known, stored = self._hosts.get(host), self._stored.get(host)
        own = 0.0 if known is None else known.paused_until - self._clock()
        told = 0.0 if stored is None else (stored - self._now()).total_seconds()
        if known is None or told > own:
            return told, False
        return own, known.silent

    def _is_old(self) -> bool:
        """Whether pauses are to be read from the store again."""
        return self._clock() >= self._read_at + _READ_SECONDS

    def _host(self, host: str) -> _HostState:
        known = self._hosts.get(host)
        if known is None:
            throttle = Throttle(self._min_delay, self._min_delay)
            known = self._hosts[host] = _HostState(throttle)
            for name in list(self._hosts)[: max(0, len(self._hosts) - _MAX_HOSTS)]:
                if not self._hosts[name].users:
                    del self._hosts[name]
        self._hosts.move_to_end(host)
        return known

"""Watches the loops of the daemon: one that ends or falls silent is started again.

A loop that fails again and again ends the process with a reason: a supervisor (systemd, compose)
starts it anew. The silence of the bot does not: Telegram may be away, which no restart mends. Nor
does that of a loop whose database cannot be reached.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from monitor.daemon.heartbeats import HeartbeatWriter
from monitor.errors import LoopFailed, UserError
from monitor.model.processes import Loop
from monitor.retry import Backoff

log = logging.getLogger(__name__)

MAX_RESTARTS = 5
"""So many failures of a loop within an hour are mended; one more ends the process."""

_WINDOW_SECONDS = 3600.0
_WATCH_SECONDS = 5.0
_END_SECONDS = 10.0
_BACKOFF = Backoff(initial=2.0, maximum=300.0)

Service = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs a loop until the daemon stops; it calls its argument when the loop is ready."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a loop does not work; ``is_counted`` if that may end the process."""

    reason: str
    is_counted: bool = True


@dataclass(slots=True)
class Supervisor:
    """Runs one loop, and starts it again.

    Attributes:
        loop: which loop.
        service: runs it.
        writer: of its heartbeats; knows how long it has been silent.
        stop: set when the daemon stops; the service then ends by itself.
        report: tells the operators.
        has_database: whether the database can be read.
        clock: monotonic seconds.
        watch_seconds: how often is looked for a silence.
        ready: set when the loop is ready for the first time.
    """

    loop: Loop
    service: Service
    writer: HeartbeatWriter
    stop: asyncio.Event
    report: Callable[[str], Awaitable[None]]
    has_database: Callable[[], Awaitable[bool]]
    clock: Callable[[], float] = time.monotonic
    watch_seconds: float = _WATCH_SECONDS
    backoff: Backoff = _BACKOFF
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _failed_at: deque[float] = field(default_factory=deque)

    async def run(self) -> None:
        """Run the loop until ``stop``.

        Raises:
            UserError: of the service; another start does not correct it.
            LoopFailed: restarts do not help.
        """
        while (failure := await self._run_once()) is not None:
            seconds = await self._note(failure)
            waiter = asyncio.create_task(self.stop.wait())
            await asyncio.wait({waiter}, timeout=seconds)
            waiter.cancel()
            if self.stop.is_set():
                return

    async def _run_once(self) -> _Failure | None:
        """Run the loop until it fails; None if it ended because the daemon stops."""
        self.writer.hear()
        task = asyncio.ensure_future(self.service(self.ready.set))
        stopping = asyncio.create_task(self.stop.wait())
        try:
            while True:
                await asyncio.wait(
                    {task, stopping},
                    timeout=self.watch_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if task.done() or self.stop.is_set():
                    return await self._outcome(task)
                if self.writer.is_silent and await self.has_database():
                    # The bot beats only while Telegram answers it.
                    return _Failure("it does not respond", is_counted=self.loop is not Loop.BOT)
        finally:
            stopping.cancel()
            await self._end(task)

    async def _outcome(self, task: asyncio.Future[None]) -> _Failure | None:
        await asyncio.wait({task})
        if self.stop.is_set() and task.cancelled():
            return None
        error = None if task.cancelled() else task.exception()
        if isinstance(error, UserError):
            raise error
        if error is not None:
            log.error("loop.failed", extra={"loop": self.loop.value}, exc_info=error)
        if self.stop.is_set():
            return None
        if error is not None:
            return _Failure(f"{type(error).__name__}: {error}")
        # The bot ends when Telegram refuses its token, which it may accept later.
        return _Failure("it ended", is_counted=self.loop is not Loop.BOT)

    async def _end(self, task: asyncio.Future[None]) -> None:
        """End a loop; one that does not end is left behind."""
        if task.done():
            return
        task.cancel()
        await asyncio.wait({task}, timeout=_END_SECONDS)
        if not task.done():
            log.error("loop.left_behind", extra={"loop": self.loop.value})

    async def _note(self, failure: _Failure) -> float:
        """Log a failure, tell the operators, and give the seconds until the restart."""
        now = self.clock()
        if not failure.is_counted:
            seconds = self.backoff.maximum
            log.warning("bot.restarting", extra={"reason": failure.reason, "seconds": seconds})
            return seconds
        while self._failed_at and now - self._failed_at[0] > _WINDOW_SECONDS:
            self._failed_at.popleft()
        self._failed_at.append(now)
        count = len(self._failed_at)
        said = f"the {self.loop.value} stopped working: {failure.reason}"
        if count > MAX_RESTARTS:
            reason = f"{said}; {MAX_RESTARTS} restarts within an hour did not help"
            await self.report(f"{self.loop.value}: {failure.reason}; the process ends")
            raise LoopFailed(reason)
        seconds = self.backoff.delay(count)
        log.error(
            "loop.restarting",
            extra={"loop": self.loop.value, "reason": failure.reason, "seconds": seconds},
        )
        if count == 1:
            await self.report(f"{self.loop.value}: {failure.reason}")
        return seconds

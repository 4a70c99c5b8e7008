"""Heartbeats: each loop of the daemon stores that it is working."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor import __version__
from monitor.app import App
from monitor.model.processes import Heartbeat, Loop
from monitor.storage.heartbeats import delete_heartbeats, write_heartbeat

log = logging.getLogger(__name__)

_HEARTBEAT_INTERVAL = timedelta(minutes=1)
_DEAD_INTERVAL = timedelta(days=1)
_SILENT_SECONDS = 600.0


@dataclass(slots=True)
class HeartbeatWriter:
    """Stores that a loop is working, once a minute at most.

    Attributes:
        app: the open application.
        loop: which loop.
        started_at: when the process started.
        host: where; the rows of a loop differ in it.
        clock: monotonic seconds.
    """

    app: App
    loop: Loop
    started_at: datetime
    host: str = field(default_factory=platform.node)
    clock: Callable[[], float] = time.monotonic
    _beat_at: datetime | None = None
    _heard: float = field(init=False)

    def __post_init__(self) -> None:
        """Count from the start."""
        self._heard = self.clock()

    @property
    def is_silent(self) -> bool:
        """Whether the loop was not working of late, whatever the database took."""
        return self.clock() - self._heard > _SILENT_SECONDS

    def hear(self) -> None:
        """Count the silence from now on: the loop is working, or begins to."""
        self._heard = self.clock()

    async def beat(self) -> None:
        """Store a heartbeat if it is time; that this fails does not stop the loop."""
        self.hear()
        now, last = self.app.context.now(), self._beat_at
        # A last one that lies ahead is of a clock that was set back.
        if last is not None and last <= now < last + _HEARTBEAT_INTERVAL:
            return
        self._beat_at = now
        try:
            await asyncio.to_thread(self._write, now)
        except Exception:
            log.exception("heartbeat.failed", extra={"loop": self.loop.value})

    def _write(self, now: datetime) -> None:
        beat = Heartbeat(self.loop, self.host, os.getpid(), __version__, self.started_at, now)
        with self.app.context.database.write() as connection:
            write_heartbeat(connection, beat)


def forget_heartbeats(app: App, *, host: str | None = None) -> None:
    """Delete what daemons that ended left: those of this host, and all that are a day old.

    Otherwise ``monitor status`` would miss a bot that is no longer configured, and the daemon
    of those who now run ``monitor run --once``.
    """
    with app.context.database.write() as connection:
        delete_heartbeats(connection, host=host, before=app.context.now() - _DEAD_INTERVAL)

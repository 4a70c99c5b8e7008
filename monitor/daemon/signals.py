"""SIGTERM and Ctrl-C end the daemon cleanly, and in bounded time."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

STOP_SECONDS = 8.0


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C set ``stop``; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def request_stop(number: signal.Signals) -> None:
        log.info("daemon.stopping", extra={"signal": number.name})
        stop.set()
        end_late()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, request_stop, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def end_late(code: int = 0) -> None:
    """End the process if it does not end by itself: a thread that asks a resolver cannot be.

    Args:
        code: the exit code then.
    """

    def end() -> None:
        log.warning("daemon.forced", extra={"seconds": STOP_SECONDS})
        sys.stdout.flush()
        os._exit(code)

    timer = threading.Timer(STOP_SECONDS, end)
    timer.daemon = True
    timer.start()

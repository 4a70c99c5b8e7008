"""Tells systemd that the daemon is ready, works and stops (sd_notify(3), protocol)."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)

_MICROSECONDS = 1_000_000
_LOOKS = 3


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send lines ``KEY=value``; without systemd nothing happens.

    Args:
        state: for example ``READY=1``.
        environment: of the process.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # An abstract socket begins with NUL, written as @.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as client:
            client.setblocking(False)
            client.sendto(state.encode(), name)
    except OSError as error:
        log.warning("systemd.not_notified", extra={"reason": error.strerror})


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often ``WATCHDOG=1`` is to be sent, a third of the limit; None if systemd wants none."""
    try:
        limit = int(environment.get("WATCHDOG_USEC", ""))
        process_id = int(environment.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return limit / _MICROSECONDS / _LOOKS if limit > 0 and process_id == os.getpid() else None

"""The processes of a running monitor, and the loops that work in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What one of several processes does; without a role a process does everything."""

    SCHEDULE = "schedule"
    CRAWL = "crawl"
    DELIVER = "deliver"
    BOT = "bot"


class Loop(StrEnum):
    """The loops of the daemon, each with a heartbeat of its own.

    There is a loop of crawl workers only where these are processes of their own.
    """

    SCHEDULER = "scheduler"
    CRAWL = "crawl"
    DELIVERY = "delivery"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """That a loop was working at ``at``, in which process and version of the program."""

    loop: Loop
    host: str
    process_id: int
    version: str
    started_at: datetime
    at: datetime

"""Leases: one process at a time does a thing on a database. Pure.

No decision compares the clocks of two machines, or of one before and after it was set. A process
of this machine is asked for directly; whether another one works is seen from its renewals, which
are counted: a candidate watches whether the number grows. ``renewed_at`` only shortens the wait
for a second process that was started by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RENEW_SECONDS = 15.0
"""How often a lease is renewed."""

FENCE_SECONDS = 50.0
"""After so long without a renewal its holder renews it before it writes anything."""

STALE_SECONDS = 75.0
"""After so long without a renewal, as a candidate sees it, it is free."""

_FRESH = timedelta(seconds=2 * RENEW_SECONDS)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds or wants a lease.

    ``id`` names this run of it. ``machine`` names what ``process_id`` counts in, and ``started``
    tells one process of this number from a later one; both are empty where the system does not
    say.
    """

    id: str
    host: str
    process_id: int
    machine: str = ""
    started: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a lease, since when, and how often it was renewed."""

    name: str
    holder: Holder
    acquired_at: datetime
    renewed_at: datetime
    renewals: int = 0


class Claim(StrEnum):
    """What a candidate knows of a lease: another may take it, may not, or has to watch it."""

    FREE = "free"
    HELD = "held"
    UNCLEAR = "unclear"


def judge(
    lease: Lease | None, candidate: Holder, now: datetime, *, is_running: bool | None
) -> Claim:
    """Whether ``candidate`` may take a lease.

    Args:
        lease: as it is stored; None if nobody holds it.
        candidate: wants it.
        now: the current time.
        is_running: whether the holder's process exists; None if that cannot be seen from here.
    """
    if lease is None or lease.holder.id == candidate.id or is_running is False:
        return Claim.FREE
    # A process that runs and does not renew the lease holds that of another database, of which
    # this one is a copy; or it hangs.
    if is_running and abs(now - lease.renewed_at) <= _FRESH:
        return Claim.HELD
    return Claim.UNCLEAR

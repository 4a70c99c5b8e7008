"""Holds the lease of a database, so that one daemon at a time works on it."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from monitor.clock import utc_now
from monitor.errors import LeaseLost, UserError
from monitor.model.leases import (
    FENCE_SECONDS,
    RENEW_SECONDS,
    STALE_SECONDS,
    Claim,
    Holder,
    Lease,
    judge,
)
from monitor.storage import leases
from monitor.storage.engine import DATABASE_FAULTS, Database

log = logging.getLogger(__name__)

DAEMON = "daemon"
"""The lease of ``monitor run`` in one process."""

_LOOK_SECONDS = 5.0
_PROC = Path("/proc")


def elapsed() -> float:
    """Monotonic seconds that also count while the machine sleeps, where the system has them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def this_process() -> Holder:
    """This run of the program."""
    process_id = os.getpid()
    machine = ""
    with suppress(OSError):
        # Process numbers count anew in each boot, and in each container.
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        machine = f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    started = _started(process_id) or ""
    return Holder(uuid4().hex, platform.node(), process_id, machine, started)


def is_running(holder: Holder, here: Holder) -> bool | None:
    """Whether the process of ``holder`` exists; None if that cannot be seen from ``here``."""
    if holder.host != here.host or holder.machine != here.machine:
        return None
    started = _started(holder.process_id) if here.machine else None
    if started is not None:
        return started == holder.started
    try:
        os.kill(holder.process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # Another user's, which /proc may hide.
        return None
    # Perhaps another process has its number now.
    return None


def _started(process_id: int) -> str | None:
    """When a process started, in ticks since the boot (proc(5), stat).

    Empty if it has ended and its parent has not noticed; None where it is not shown.
    """
    try:
        stat = (_PROC / str(process_id) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name before it is in brackets, and may have any character.
    state, *numbers = stat.rpartition(")")[2].split()
    return "" if state in {"Z", "X"} else numbers[18]


@dataclass(slots=True)
class HeldLease:
    """A lease that this process holds until ``lost`` is set.

    Attributes:
        database: where it is.
        name: of the lease.
        holder: this process.
        now: the current time.
        clock: seconds that pass, whatever the clock is set to.
        lost: set when another process holds it.
    """

    database: Database
    name: str
    holder: Holder
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = elapsed
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _renewed: float = field(init=False)
    _is_failing: bool = False
    # A thread of its own: those of asyncio may all wait for a slow site or a locked database.
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="lease")
    )

    def __post_init__(self) -> None:
        """Count from the start."""
        self._renewed = self.clock()

    def check(self) -> None:
        """Refuse to write while another process holds the lease; see ``Database.fence``.

        One that was not renewed for ``FENCE_SECONDS`` is renewed first, in this thread.

        Raises:
            LeaseLost: another process holds it.
        """
        self.raise_if_lost()
        begun = self.clock()
        if begun - self._renewed <= FENCE_SECONDS:
            return
        # After a suspend of the machine the next renewal is up to RENEW_SECONDS away: what is
        # written now must not fail if nobody took the lease meanwhile.
        if not self._renew():
            raise self._taken_over()
        self._renewed = begun

    def raise_if_lost(self) -> None:
        """Refuse to go on when another process holds the lease.

        Raises:
            LeaseLost: it was lost.
        """
        if self.lost.is_set():
            raise self._taken_over()

    def _taken_over(self) -> LeaseLost:
        return LeaseLost(
            f"another process took over {self.database.shown}, because this one did not "
            f"renew its lease for {STALE_SECONDS:.0f} s"
        )

    async def renew(self) -> None:
        """Renew it, or set ``lost``; where the database fails, the next attempt tells."""
        begun = self.clock()
        try:
            is_held = await asyncio.get_running_loop().run_in_executor(self._thread, self._renew)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            if not self._is_failing:
                log.warning("lease.not_renewed", extra={"reason": type(error).__name__})
            self._is_failing = True
            return
        self._is_failing = False
        if is_held:
            self._renewed = begun
        else:
            self.lost.set()

    def _renew(self) -> bool:
        with self.database.write() as connection:
            return leases.renew(connection, self.name, self.holder, self.now())

    async def keep(self) -> None:
        """Renew it until it is lost."""
        while not self.lost.is_set():
            await asyncio.sleep(RENEW_SECONDS)
            await self.renew()

    def release(self) -> None:
        """Give it back."""
        self._thread.shutdown(wait=False)
        with self.database.write() as connection:
            leases.release(connection, self.name, self.holder)


@asynccontextmanager
async def hold_lease(
    database: Database,
    name: str = DAEMON,
    *,
    holder: Holder | None = None,
    now: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[HeldLease]:
    """Hold a lease while the block runs; the schema is upgraded only if it has no leases yet.

    A holder that cannot be asked, because it is on another machine, is watched for
    ``STALE_SECONDS``: if it renews the lease it is alive.

    Args:
        database: for the lease alone; its transactions pass no fence.
        name: of the lease.
        holder: this process.
        now: the current time.
        sleep: waits some seconds.

    Raises:
        UserError: another process holds it.
        StorageError: the database cannot be opened or upgraded.
    """
    holder = holder or this_process()
    await asyncio.to_thread(leases.prepare_leases, database)
    with database.faults_told():
        await _take(database, name, holder, now=now, sleep=sleep)
    held = HeldLease(database, name, holder, now)
    keeper = asyncio.create_task(held.keep())
    try:
        yield held
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        try:
            await asyncio.to_thread(held.release)
        except DATABASE_FAULTS as error:
            # It becomes free by time, and at once for the next process of this machine.
            log.warning("lease.not_released", extra={"reason": type(error).__name__})


async def _take(
    database: Database,
    name: str,
    holder: Holder,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    def acquire(silent: Lease | None = None) -> Lease:
        with database.write() as connection:
            return leases.acquire(
                connection,
                name,
                holder,
                now(),
                silent=silent,
                is_running=lambda other: is_running(other, holder),
            )

    first = await asyncio.to_thread(acquire)
    if first.holder.id == holder.id:
        return
    if judge(first, holder, now(), is_running=is_running(first.holder, holder)) is Claim.HELD:
        raise _refusal(database, first)
    log.warning(
        "lease.waiting",
        extra={
            "what": f"process {first.holder.process_id} on {first.holder.host} had the database; "
            f"waiting up to {STALE_SECONDS:.0f} s for a sign of it"
        },
    )
    # Looks are counted, not seconds: this process may itself be stopped for a while.
    for _ in range(round(STALE_SECONDS / _LOOK_SECONDS)):
        await sleep(_LOOK_SECONDS)
        found = await asyncio.to_thread(acquire)
        if found.holder.id == holder.id:
            return
        if found != first:
            raise _refusal(database, found)
    taken = await asyncio.to_thread(acquire, first)
    if taken.holder.id != holder.id:
        raise _refusal(database, taken)


def _refusal(database: Database, lease: Lease) -> UserError:
    other = lease.holder
    return UserError(
        f"{database.shown} is in use by process {other.process_id} on {other.host} "
        f"since {lease.acquired_at:%Y-%m-%d %H:%M} UTC",
        hint="stop that one first; after a crash of it another start takes over, "
        f"at once on {other.host} and after {STALE_SECONDS:.0f} s elsewhere",
    )

"""A second daemon on a database is refused, a crashed one is followed, a stalled one writes not."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fresh_database import fresh_sqlite

from monitor.daemon.lease import HeldLease, hold_lease, is_running, this_process
from monitor.errors import LeaseLost, UserError
from monitor.model.leases import FENCE_SECONDS, STALE_SECONDS, Holder
from monitor.storage.engine import Database, newest_revision
from monitor.storage.leases import acquire, find_lease, release, renew

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
FAR = Holder("3", "elsewhere", 1)


@pytest.fixture
def held(sqlite_database):
    """A lease that a process of another machine holds; gives the function that renews it."""
    with sqlite_database.write() as connection:
        acquire(connection, "daemon", FAR, NOW)

    def renewed():
        with sqlite_database.write() as connection:
            assert renew(connection, "daemon", FAR, NOW)

    return renewed


async def test_a_second_one_is_refused_at_once_and_follows_a_clean_end(sqlite_database):
    me = this_process()
    async with hold_lease(sqlite_database, holder=me):
        with pytest.raises(UserError) as refused:
            async with hold_lease(sqlite_database, sleep=None):
                pass
        assert f"in use by process {os.getpid()} on {me.host} since" in str(refused.value)
        assert f"after {STALE_SECONDS:.0f} s elsewhere" in str(refused.value)
    async with hold_lease(sqlite_database, sleep=None) as lease:
        assert lease.holder.id != me.id
    with sqlite_database.read() as connection:
        assert find_lease(connection, "daemon") is None


async def test_a_process_that_was_killed_is_followed_at_once(sqlite_database):
    me = this_process()
    assert is_running(me, me) in {True, None}
    assert is_running(FAR, me) is None
    killed = replace(me, id="killed", process_id=2**22 + 5, started="1")
    reused = replace(me, id="reused", started="1")
    for gone in (killed, reused) if me.machine else (killed,):
        assert is_running(gone, me) is False
        with sqlite_database.write() as connection:
            acquire(connection, "daemon", gone, NOW)
        async with hold_lease(sqlite_database, holder=me, sleep=None) as lease:
            assert lease.holder is me


@pytest.mark.parametrize("years", [-1, 0, 1])
async def test_a_silent_one_elsewhere_is_followed_after_a_while(sqlite_database, held, years):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    def now():
        return NOW + years * timedelta(days=365)

    async with hold_lease(sqlite_database, now=now, sleep=sleep):
        assert sum(waits) == STALE_SECONDS


@pytest.mark.parametrize("years", [-1, 0, 1])
async def test_one_that_is_alive_elsewhere_keeps_the_lease(sqlite_database, held, years):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)
        if sum(waits) == 15:
            held()

    def now():
        return NOW + years * timedelta(days=365)

    with pytest.raises(UserError, match="in use by process 1 on elsewhere since 2026-06-10 08:00"):
        async with hold_lease(sqlite_database, now=now, sleep=sleep):
            pass
    assert sum(waits) == 15


async def test_a_late_lease_is_renewed_to_write_and_a_lost_one_writes_nothing(tmp_path):
    seconds = [0.0]
    own, fenced = (Database(fresh_sqlite(tmp_path / "monitor.db")) for _ in range(2))
    me = this_process()
    with own.write() as connection:
        acquire(connection, "daemon", me, NOW)
    lease = HeldLease(own, "daemon", me, clock=lambda: seconds[0])
    fenced.fence = lease.check

    def write():
        with fenced.write():
            pass

    write()
    seconds[0] += FENCE_SECONDS + 1
    write()
    with own.read() as connection:
        assert find_lease(connection, "daemon").renewals == 1
    with own.write() as connection:
        release(connection, "daemon", me)
        acquire(connection, "daemon", FAR, NOW)
    seconds[0] += FENCE_SECONDS + 1
    with pytest.raises(LeaseLost, match="another process took over"):
        write()
    assert not lease.lost.is_set()
    await lease.renew()
    assert lease.lost.is_set()
    await asyncio.wait_for(lease.keep(), 10)
    with pytest.raises(LeaseLost, match="another process took over"):
        write()
    own.close()
    fenced.close()


async def test_a_schema_with_leases_is_not_upgraded_before_its_daemon_ended(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    async with hold_lease(database):
        assert database.revision() == newest_revision()
    upgrades = []
    database.upgrade = lambda: upgrades.append(1)
    async with hold_lease(database):
        pass
    assert upgrades == []
    database.close()

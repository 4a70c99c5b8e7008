"""A lease has one holder at a time, whatever clocks say, and a crash frees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model.leases import Claim, Holder, Lease, judge
from monitor.storage.leases import acquire, find_lease, release, renew

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
ONE = Holder("1", "watcher", 812, "boot pid:[1]", "99")
TWO = Holder("2", "watcher", 813, "boot pid:[1]", "120")
FAR = Holder("3", "elsewhere", 1)


@pytest.mark.parametrize(
    ("candidate", "renewed", "is_running", "claim"),
    [
        (ONE, timedelta(0), True, Claim.FREE),
        (TWO, timedelta(0), True, Claim.HELD),
        (TWO, timedelta(seconds=20), True, Claim.HELD),
        (TWO, timedelta(0), False, Claim.FREE),
        # A copy of the database of a running daemon, or a clock that was set.
        (TWO, timedelta(hours=1), True, Claim.UNCLEAR),
        (TWO, -YEAR, True, Claim.UNCLEAR),
        (TWO, YEAR, True, Claim.UNCLEAR),
        # Clocks of other machines decide nothing.
        (FAR, timedelta(0), None, Claim.UNCLEAR),
        (FAR, YEAR, None, Claim.UNCLEAR),
        (FAR, -YEAR, None, Claim.UNCLEAR),
    ],
)
def test_who_may_take_a_lease(candidate, renewed, is_running, claim):
    lease = Lease("daemon", ONE, NOW - YEAR, NOW - renewed, 7)
    assert judge(lease, candidate, NOW, is_running=is_running) is claim
    assert judge(None, candidate, NOW, is_running=None) is Claim.FREE


def test_a_lease_has_one_holder_until_it_is_given_back(database):
    def asks(holder, now=NOW, **options):
        with database.write() as connection:
            return acquire(connection, "daemon", holder, now, **options).holder

    with database.write() as connection:
        assert find_lease(connection, "daemon") is None
        assert not renew(connection, "daemon", ONE, NOW)
    assert asks(ONE) == ONE
    assert asks(ONE) == ONE
    assert [asks(TWO, at) for at in (NOW, NOW + YEAR, NOW - YEAR)] == [ONE] * 3
    with database.write() as connection:
        assert acquire(connection, "bot", TWO, NOW).holder == TWO
        release(connection, "daemon", TWO)
        assert renew(connection, "daemon", ONE, NOW + YEAR)
        held = find_lease(connection, "daemon")
        assert (held.renewals, held.acquired_at, held.renewed_at) == (1, NOW, NOW + YEAR)
        release(connection, "daemon", ONE)
    assert asks(TWO) == TWO


def test_a_lease_that_nobody_renewed_or_whose_process_ended_is_taken_over(database):
    with database.write() as connection:
        first = acquire(connection, "daemon", ONE, NOW)
        assert acquire(connection, "daemon", FAR, NOW, silent=replace(first, renewals=5)) == first
        assert renew(connection, "daemon", ONE, NOW)
        assert acquire(connection, "daemon", FAR, NOW, silent=first).holder == ONE
        silent = find_lease(connection, "daemon")
        assert acquire(connection, "daemon", FAR, NOW, silent=silent).holder == FAR
        assert not renew(connection, "daemon", ONE, NOW)
        assert acquire(connection, "daemon", TWO, NOW, is_running=lambda _: False).holder == TWO
        assert find_lease(connection, "daemon").renewals == 0

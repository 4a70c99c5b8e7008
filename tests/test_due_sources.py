"""When the scheduler visits a source again: as its lists and pages ask, a little later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.catalogue.loader import load_catalogue
from monitor.daemon import _VisitTrigger

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
HUNAN = load_catalogue()["hunan"]


def wait_after(source, last, now=NOW):
    return _VisitTrigger(source, SHANGHAI).get_next_fire_time(last, now) - (last or now)


@pytest.mark.parametrize("last", [None, NOW, NOW - timedelta(minutes=20)])
def test_a_source_is_due_after_its_interval_and_a_tenth_at_most(last):
    for _ in range(20):
        assert HUNAN.list_interval <= wait_after(HUNAN, last) <= HUNAN.list_interval * 1.1


def test_pages_that_are_due_sooner_than_lists_bring_the_visit_forward():
    often = replace(HUNAN, page_interval=timedelta(hours=1))
    assert wait_after(often, NOW) <= timedelta(hours=1.1)


def test_in_the_season_lists_are_visited_more_often():
    january = datetime(2026, 1, 20, tzinfo=UTC)
    assert wait_after(HUNAN, january, january) <= HUNAN.season.list_interval * 1.1
    assert HUNAN.season.list_interval < HUNAN.list_interval


def test_the_season_begins_with_a_visit():
    eve = datetime(2026, 12, 31, 23, 0, tzinfo=SHANGHAI)
    assert timedelta(hours=1) <= wait_after(HUNAN, eve, eve) <= timedelta(hours=1.1)


def test_a_clock_that_was_set_back_does_not_stop_the_visits():
    later = NOW + timedelta(days=400)  # the last visit, as it seemed then
    due = _VisitTrigger(HUNAN, SHANGHAI).get_next_fire_time(later, NOW)
    assert due > later
    # Started anew, the daemon goes by the clock as it is.
    assert wait_after(HUNAN, None) <= HUNAN.list_interval * 1.1

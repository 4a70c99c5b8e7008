"""robots.txt in the database: what the fetcher keeps there comes back."""

from datetime import UTC, datetime, timedelta

from monitor.fetching.robots import RobotsCopy
from monitor.ingest.context import StoredRobots

NOW = datetime(2026, 2, 1, tzinfo=UTC)
HERE = "https://www.example.gov.cn"


def test_a_copy_comes_back_and_a_newer_one_takes_its_place(database):
    memory = StoredRobots(database)
    assert memory.load(HERE) is None
    memory.save(HERE, RobotsCopy("User-agent: *\nDisallow: /政务", NOW))
    assert memory.load(HERE) == RobotsCopy("User-agent: *\nDisallow: /政务", NOW)
    later = RobotsCopy(None, NOW + timedelta(days=1))
    memory.save(HERE, later)
    assert memory.load(HERE) == later
    assert memory.load("http://www.example.gov.cn") is None


def test_what_no_database_keeps_is_left_out(database):
    memory = StoredRobots(database)
    memory.save(HERE, RobotsCopy("Disallow:\x00 /\ufffd", NOW))
    assert memory.load(HERE) == RobotsCopy("Disallow: /\ufffd", NOW)

"""Digests and quiet hours, by the clocks of a chat's own zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.delivery_times import DAYS, Digest, Quiet, parse_digest, parse_quiet, zone_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 2, 3, 4, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Shanghai

moments = st.integers(1_577_836_800, 2_051_222_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")])
digests = st.builds(Digest, clocks, st.none() | st.integers(0, 6))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("daily", "daily 09:00"),
        ("Daily  7:05", "daily 07:05"),
        ("weekly", "weekly mon 09:00"),
        ("weekly FRI 18:30", "weekly fri 18:30"),
        ("weekly sun", "weekly sun 09:00"),
        ("weekly 23：59", "weekly mon 23:59"),
        ("9:00", "daily 09:00"),
        ("daily 9", "daily 09:00"),
        ("fri 18:00", "weekly fri 18:00"),
        ("每天 9点", "daily 09:00"),
        ("每周五18:30", "weekly fri 18:30"),
        ("每星期日", "weekly sun 09:00"),
    ],
)
def test_a_digest_is_read_as_people_write_it(text: str, kept: str) -> None:
    assert str(parse_digest(text)) == kept


@pytest.mark.parametrize(
    "text", ["", "hourly", "daily 24:00", "daily fri", "weekly xyz", "daily 09:60", "每月", "99"]
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_digest(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("22:00-08:00", "22:00-08:00"),
        ("9:30 – 17:00", "09:30-17:00"),
        ("22：00至8：00", "22:00-08:00"),
        ("22-8", "22:00-08:00"),
        ("22点到8点", "22:00-08:00"),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(text: str, kept: str) -> None:
    assert str(parse_quiet(text)) == kept


@pytest.mark.parametrize("text", ["", "22:00", "25:00-08:00", "08:00-08:00", "8-8", "night"])
def test_what_are_no_quiet_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_quiet(text)


def test_off_is_neither() -> None:
    assert parse_digest("off") is None
    assert parse_quiet("OFF") is None


def test_the_next_digest_is_tomorrows_when_todays_is_over() -> None:
    assert Digest(time(9)).next_after(NOON, SHANGHAI) == NOON + timedelta(hours=21)
    assert Digest(time(9)).next_after(NOON, BERLIN) == datetime(2026, 2, 3, 8, 0, tzinfo=UTC)
    friday = Digest(time(18), DAYS.index("fri")).next_after(NOON, SHANGHAI)
    assert friday == datetime(2026, 2, 6, 10, 0, tzinfo=UTC)


def test_quiet_hours_over_midnight_end_in_the_morning() -> None:
    night = Quiet(time(22), time(8))
    late = datetime(2026, 2, 3, 15, 0, tzinfo=UTC)  # 23:00
    assert night.ends_after(late, SHANGHAI) == datetime(2026, 2, 4, 0, 0, tzinfo=UTC)
    early = datetime(2026, 2, 3, 23, 59, tzinfo=UTC)  # 07:59
    assert night.ends_after(early, SHANGHAI) == datetime(2026, 2, 4, 0, 0, tzinfo=UTC)
    assert night.ends_after(NOON, SHANGHAI) is None
    assert night.ends_after(datetime(2026, 2, 4, 0, 0, tzinfo=UTC), SHANGHAI) is None


@given(digests)
def test_what_is_kept_is_read_back(digest: Digest) -> None:
    assert parse_digest(str(digest)) == digest


@given(digests, moments, zones)
def test_a_digest_comes_at_its_hour_and_within_eight_days(
    digest: Digest, now: datetime, zone: ZoneInfo
) -> None:
    moment = digest.next_after(now, zone)
    assert now < moment <= now + timedelta(days=8)
    assert moment.time() == digest.at
    assert digest.weekday in {None, moment.weekday()}


@given(clocks, clocks, moments, zones)
def test_quiet_hours_end_within_a_day_and_outside_of_themselves(
    begin: time, end: time, now: datetime, zone: ZoneInfo
) -> None:
    if begin == end:
        return
    quiet = Quiet(begin, end)
    until = quiet.ends_after(now, zone)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert until.time() == end
        assert quiet.ends_after(until, zone) is None


def test_a_zone_that_is_no_more_is_the_usual_one() -> None:
    assert zone_of("Europe/Berlin") == BERLIN
    for name in ("Mars/Olympus", "../../etc/passwd", "", "/etc/localtime"):
        assert zone_of(name) == SHANGHAI

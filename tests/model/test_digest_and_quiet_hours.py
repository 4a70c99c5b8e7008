"""Digests and quiet hours, by the clocks of a chat's own zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.delivery_times import (
    DAYS,
    MAX_MUTE,
    Digest,
    Quiet,
    find_zone,
    parse_digest,
    parse_duration,
    parse_quiet,
    parse_until,
    zone_label,
    zone_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 2, 3, 4, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Shanghai

moments = st.integers(1_577_836_800, 2_051_222_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")])
digests = st.builds(Digest, clocks, st.frozensets(st.integers(0, 6), min_size=1))


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
        ("每天9点半", "daily 09:30"),
        ("早上8点", "daily 08:00"),
        ("晚上九点", "daily 21:00"),
        ("晚上12点", "daily 00:00"),
        ("中午", "daily 12:00"),
        ("下午三点一刻", "daily 15:15"),
        ("每天 二十点十五分", "daily 20:15"),
        ("２１：３０", "daily 21:30"),
        ("7pm", "daily 19:00"),
        ("周五 18:00", "weekly fri 18:00"),
        ("周五六点", "weekly fri 06:00"),
        ("周一至周五 8:30", "weekly mon-fri 08:30"),
        ("周一、三、五 9点", "weekly mon,wed,fri 09:00"),
        ("工作日", "weekly mon-fri 09:00"),
        ("周末上午十点", "weekly sat-sun 10:00"),
        ("weekdays at 8:30", "weekly mon-fri 08:30"),
        ("sat-mon 9:00", "weekly mon,sat-sun 09:00"),
        ("Monday to Friday 18:00", "weekly mon-fri 18:00"),
        ("每天早上", "daily 08:00"),
        ("每天晚上", "daily 20:00"),
        ("每晚", "daily 20:00"),
        ("every morning", "daily 08:00"),
        ("周五下午", "weekly fri 14:00"),
    ],
)
def test_a_digest_is_read_as_people_write_it(text: str, kept: str) -> None:
    assert str(parse_digest(text)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hourly",
        "daily 24:00",
        "daily fri",
        "weekly xyz",
        "daily 09:60",
        "每月",
        "99",
        "周八",
        "9:5",
        "早上25点",
        "每" * 4000,
        "周一" * 40,
        "9" * 400,
        "\x00",
    ],
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
        ("22:00-24:00", "22:00-00:00"),
        ("22:00—7:00", "22:00-07:00"),
        ("２２：００——７：３０", "22:00-07:30"),
        ("晚上十点到早上7点半", "22:00-07:30"),
        ("22点到明早7点", "22:00-07:00"),
        ("从23:00到次日6点", "23:00-06:00"),
        ("10pm to 7am", "22:00-07:00"),
        ("10 pm to 7 am", "22:00-07:00"),
        ("22:00 08:00", "22:00-08:00"),
        ("晚上11点 早上7点半", "23:00-07:30"),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(text: str, kept: str) -> None:
    assert str(parse_quiet(text)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "22:00",
        "25:00-08:00",
        "08:00-08:00",
        "8-8",
        "night",
        "00:00-24:00",
        "-" * 4000,
        "22:00-",
    ],
)
def test_what_are_no_quiet_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_quiet(text)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("3d", 72),
        ("３Ｄ", 72),
        ("3 days", 72),
        ("2h30m", 2.5),
        ("1h 30min", 1.5),
        ("1.5h", 1.5),
        ("an hour", 1),
        ("half an hour", 0.5),
        ("三天", 72),
        ("两天半", 60),
        ("半天", 12),
        ("十五天", 360),
        ("一周", 168),
        ("两个星期", 336),
        ("2小时", 2),
        ("一个半小时", 1.5),
        ("1小时30分", 1.5),
        ("90分钟", 1.5),
        ("三个月", 90 * 24),
        ("半年", 182.5 * 24),
        ("for two hours", 2),
        ("1h30", 1.5),
        ("2 wks", 336),
        ("99999w", MAX_MUTE.total_seconds() / 3600),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, hours: float) -> None:
    assert parse_duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["", "3", "三", "天", "0d", "3d x", "guizhou 3d", "-3d", "1" * 4000 + "d", "半" * 4000]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("到明天", "02-04 08:00"),
        ("直到后天为止", "02-05 08:00"),
        ("到周五", "02-06 08:00"),
        ("到周二", "02-10 08:00"),
        ("到周二下午3点", "02-03 15:00"),
        ("到下周一中午", "02-09 12:00"),
        ("until 18:00", "02-03 18:00"),
        ("till 9", "02-04 09:00"),
        ("18点半", "02-03 18:30"),
        ("11:59", "02-04 11:59"),
        ("今晚", "02-04 08:00"),
        ("tonight", "02-04 08:00"),
        ("到今晚", "02-03 20:00"),
        ("今晚十点", "02-03 22:00"),
        ("到今晚12点", "02-04 00:00"),
        ("今天", "02-04 00:00"),
        ("到明早8点", "02-04 08:00"),
        ("明早", "02-04 08:00"),
        ("明晚9点", "02-04 21:00"),
        ("until tomorrow at 7 pm", "02-04 19:00"),
        ("until Friday 18:30", "02-06 18:30"),
        ("until next monday", "02-09 08:00"),
        ("until 6pm tomorrow", "02-04 18:00"),
        ("6 pm tomorrow", "02-04 18:00"),
        ("until tomorrow 18:00", "02-04 18:00"),
        ("till 9 on monday", "02-09 09:00"),
        ("until noon tomorrow", "02-04 12:00"),
        ("到18点明天", "02-04 18:00"),
        ("until 10 Feb", "02-10 08:00"),
        ("until february 10 9:30", "02-10 09:30"),
        ("until the day after tomorrow", "02-05 08:00"),
        ("到3月1日", "03-01 08:00"),
        ("until 2026-02-11 10:00", "02-11 10:00"),
        *(
            (text, "")
            for text in ("", "到", "until", "8", "明天", "周五", "到昨天", "到今天上午", "算力")
        ),
        *(
            (text, "")
            for text in ("到2月30日", "until 2025-01-01", "到25点", "到" * 4000, "x 18:00")
        ),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, until: str) -> None:
    found = parse_until(text, NOON, SHANGHAI)
    assert (f"{found.astimezone(SHANGHAI):%m-%d %H:%M}" if found else "") == until


def test_nothing_is_muted_for_longer_than_a_year() -> None:
    assert parse_until("until 2031-01-01", NOON, SHANGHAI) == NOON + MAX_MUTE


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        *((text, SHANGHAI.key) for text in ("东八区", "东8区", "東八區", "GMT+8", "UTC +8")),
        *((text, SHANGHAI.key) for text in ("UTC8", "+08:00", "+8", "+0800", "ＵＴＣ＋０８：００")),
        *((text, SHANGHAI.key) for text in ("CST", "Beijing", "北京时间", "Beijing time")),
        ("asia/shanghai", "Asia/Shanghai"),
        ("new york", "America/New_York"),
        ("Berlin", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("零时区", "UTC"),
        ("UTC+2", "Etc/GMT-2"),
        ("西五区", "Etc/GMT+5"),
        ("UTC+5:30", "Asia/Kolkata"),
        *((text, None) for text in ("", "Mars", "UTC+15", "+99", "东二十区", "../../etc/passwd")),
        *((text, None) for text in ("8", "UTC+8" * 900, "\x00", "<b>")),
    ],
)
def test_a_time_zone_is_read_as_people_write_it(text: str, zone: str | None) -> None:
    aliases = dict.fromkeys(("北京", "beijing", "cst"), SHANGHAI.key)
    found = find_zone(text, aliases)
    assert found == zone


def test_a_zone_of_hours_is_shown_with_its_usual_sign() -> None:
    assert zone_label("Etc/GMT-2") == "UTC+2"
    assert zone_label("Etc/GMT+5") == "UTC-5"
    assert zone_label("Europe/Berlin") == "Europe/Berlin"


def test_a_digest_of_some_days_leaves_out_the_others() -> None:
    digest = parse_digest("工作日 8:30")
    assert digest is not None
    friday = datetime(2026, 2, 6, 10, 0, tzinfo=UTC)
    assert digest.next_after(friday, SHANGHAI) == datetime(2026, 2, 9, 0, 30, tzinfo=UTC)
    assert max(len(str(Digest(time(9), frozenset(days)))) for days in _some_days()) <= 32


def _some_days() -> list[list[int]]:
    return [[day for day in range(7) if number >> day & 1] for number in range(1, 128)]


def test_off_is_neither() -> None:
    assert parse_digest("off") is None
    assert parse_quiet("OFF") is None


def test_the_next_digest_is_tomorrows_when_todays_is_over() -> None:
    assert Digest(time(9)).next_after(NOON, SHANGHAI) == NOON + timedelta(hours=21)
    assert Digest(time(9)).next_after(NOON, BERLIN) == datetime(2026, 2, 3, 8, 0, tzinfo=UTC)
    friday = Digest(time(18), frozenset({DAYS.index("fri")})).next_after(NOON, SHANGHAI)
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
    assert moment.weekday() in digest.weekdays


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

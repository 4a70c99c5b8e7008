"""When a chat gets its alerts: digests and quiet hours, as it chose them and as they are stored.

They are kept in words (``daily 09:00``, ``weekly mon 09:00``, ``weekly mon-fri 08:30``,
``22:00-08:00``, ``off``) beside the chat's time zone, so that anybody can read them in SQL.
People write them in many ways, in Chinese and English: 每天9点半, 工作日 8:30, 晚上十点到早上7点.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week, as people write them; Monday is 0, as in ``datetime.weekday``."""

DEFAULT_ZONE = "Asia/Shanghai"
MAX_MUTE = timedelta(days=366)
"""The longest time that a chat or a rule can be muted for."""

_DAY = timedelta(days=1)
_WEEKDAYS, _WEEKEND = frozenset(range(5)), frozenset({5, 6})
_LONGEST = 64  # characters of a time that is read
_NOON = 12
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DIGITS = {one: n for n, one in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_DAY_CHARACTERS = {one: n for n, one in enumerate("一二三四五六日")} | {"天": 6}


@dataclass(frozen=True, slots=True)
class Digest:
    """A chat's digest: at ``at`` every day, or on some days of the week."""

    at: time = time(9)
    weekdays: frozenset[int] = frozenset(range(7))

    def __str__(self) -> str:
        """As it is kept; 32 characters at most."""
        day = "daily" if len(self.weekdays) == len(DAYS) else f"weekly {_day_list(self.weekdays)}"
        return f"{day} {self.at:%H:%M}"

    @property
    def runs(self) -> list[tuple[int, int]]:
        """The days as spans, each with its first and its last day."""
        return _runs_of(self.weekdays)

    def next_after(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first moment of a digest after ``now``, by the clocks of ``zone``."""
        day = now.astimezone(zone).date()
        while True:
            moment = datetime.combine(day, self.at, zone)
            if moment > now and day.weekday() in self.weekdays:
                return moment
            day += _DAY


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which a chat is not disturbed; they may span midnight."""

    begin: time
    end: time

    def __str__(self) -> str:
        """As it is written and kept."""
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def ends_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours that ``now`` lies in end; None outside of them."""
        today = now.astimezone(zone).date()
        for day in (today - _DAY, today):
            begin = datetime.combine(day, self.begin, zone)
            last = day if self.begin < self.end else day + _DAY
            end = datetime.combine(last, self.end, zone)
            if begin <= now < end:
                return end
        return None


def parse_digest(text: str) -> Digest | None:
    """``daily``, ``9:00``, ``weekly fri 18:30``, 每天9点半, 每天晚上; None for ``off``.

    Raises:
        ValueError: it is none of these.
    """
    words = _plain(text)
    if words == "off":
        return None
    if not words:
        raise ValueError(text)
    days, rest = _days_of(words)
    rest = rest.strip(" ,，的在")
    if days is None:
        days = frozenset(range(7))
    return Digest(_part_or_clock(rest) if rest else time(9), days)


def parse_quiet(text: str) -> Quiet | None:
    """``22:00-08:00``, ``22:00 08:00``, 22:00—24:00, 晚上十点到早上7点半; None for ``off``.

    Raises:
        ValueError: it is no span of hours, or one of no length.
    """
    words = _plain(text)
    if words == "off":
        return None
    found = _span_pattern().fullmatch(words)
    ends = words.split() if found is None else [found["begin"], found["end"]]
    if len(ends) != 2:
        raise ValueError(text)
    quiet = Quiet(_clock(ends[0]), _clock(ends[1], end=True))
    if quiet.begin == quiet.end:
        raise ValueError(text)
    return quiet


def parse_duration(text: str) -> timedelta | None:
    """3d, 2h30m, for two hours, 三天, 半天, 两个半小时, 90分钟; None for what is no duration.

    A month has 30 days; what is longer than ``MAX_MUTE`` is cut to it.
    """
    words = _plain(text).removeprefix("for ")
    words = _number_word_pattern().sub(lambda found: _NUMBER_WORDS[found[0]], words)
    words = _hours_and_minutes_pattern().sub(r"\1m", "".join(words.split()))
    total = timedelta()
    at = 0
    for part in _part_pattern().finditer(words):
        if part.start() != at:
            return None
        at = part.end()
        unit = _units()[part["unit"]]
        if part["half_of"]:
            total += unit / 2
            continue
        number = _number(part["number"])
        if number is None:
            return None
        total += min(number, 10_000) * unit
        if part["half"] or part["and_half"]:
            total += unit / 2
    if at != len(words) or not total:
        return None
    return min(total, MAX_MUTE)


def parse_until(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """到明天, until 18:00, until 6pm tomorrow, 明早8点; None for what is no moment after ``now``.

    A day without an hour means its morning, an hour without a day the next one of that name. 今晚
    and 今天 alone are silent until they are over; so is ``tonight``.

    Args:
        text: as people write it.
        now: the current time.
        zone: whose days and hours they are.
    """
    words = _day_first(_plain(text).removesuffix("为止").strip())
    found = _until_pattern().fullmatch(words)
    if found is None or not (found["until"] or _says_when(words)):
        return None
    day, clock = found["day"] or "", found["clock"]
    if not (day or clock):
        return None
    today = now.astimezone(zone).date()
    if not found["until"] and words in _WHOLE_TODAY:
        at = _WHOLE_TODAY[words]
        moment = datetime.combine(today, at, zone)
        moment = moment if moment > now else datetime.combine(today + _DAY, at, zone)
        return moment.astimezone(UTC)
    try:
        days = _days_meant(day, today)
        at = _part_or_clock(clock) if clock else time(0 if day in _TODAY else _MORNING)
    except ValueError:
        return None
    # 今晚12点, and today without an hour, are the end of that day.
    late = at == time(0) and (day in _TODAY or "晚" in clock or "夜" in clock)
    moments = (datetime.combine(one + _DAY if late else one, at, zone) for one in days)
    moment = next((one for one in moments if one > now), now)
    return None if moment <= now else min(moment.astimezone(UTC), now.astimezone(UTC) + MAX_MUTE)


def find_zone(text: str, aliases: Mapping[str, str]) -> str | None:
    """The name of the time zone that a text means; None for one that nobody knows.

    Args:
        text: Asia/Shanghai, new york, 东八区, GMT+8, UTC+08:00, +8, CST (China's), Beijing time.
        aliases: further names, case-folded: 北京.
    """
    words = _plain(text)
    offset = _offset_of("".join(words.split()))
    if offset is not None:
        return _zone_at(offset)
    named = {**_zone_names(), **aliases}
    for name in (words, _zone_ending_pattern().sub("", words)):
        found = named.get(name.strip().replace(" ", "_")) or aliases.get(name.strip())
        if found is not None:
            return found
    return None


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name; the default for one that is not there any more."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)


def zone_label(name: str) -> str:
    """How a zone is shown: UTC+2 for Etc/GMT-2, whose sign is the other way round."""
    found = re.fullmatch(r"Etc/GMT([+-])(\d{1,2})", name)
    return name if found is None else f"UTC{'-' if found[1] == '+' else '+'}{found[2]}"


# Offsets that are no whole hours, in minutes, and a zone that has each all year.
_BROKEN_OFFSETS = {
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    570: "Australia/Darwin",
}
_MAX_EAST, _MAX_WEST = 14, -12


@cache
def _zone_ending_pattern() -> re.Pattern[str]:
    return re.compile(r"\s*(?:标准|標準|standard )?(?:时间|時間|时区|時區|time|time zone)$")


@cache
def _zone_names() -> dict[str, str]:
    """Time zones by their names, and by their cities where only one has it; case-folded."""
    names = sorted(available_timezones())
    known = {name.casefold(): name for name in names}
    cities: dict[str, list[str]] = {}
    for name in names:
        cities.setdefault(name.rpartition("/")[2].casefold(), []).append(name)
    return known | {
        city: found[0] for city, found in cities.items() if len(found) == 1 and city not in known
    }


@cache
def _offset_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:(?:(?:utc|gmt|z)(?=\d)|(?:utc|gmt|z)?(?P<sign>[+-]))(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?"
        r"|(?P<side>[东東西])(?P<number>十?[一二两三四五六七八九]|十|\d{1,2})(?:时|時)?[区區]"
        r"|(?P<zero>utc|gmt|z|零时区|零時區|世界时|世界時))(?:时间|時間|time)?"
    )


def _offset_of(words: str) -> int | None:
    """The offset that a text gives, in minutes east of Greenwich."""
    found = _offset_pattern().fullmatch(words)
    if found is None:
        return None
    if found["zero"]:
        return 0
    if found["side"]:
        return (_whole(found["number"]) or 0) * (-60 if found["side"] == "西" else 60)
    minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
    return -minutes if found["sign"] == "-" else minutes


def _zone_at(offset: int) -> str | None:
    """A zone with an offset in minutes; that of China where it is China's."""
    hours, rest = divmod(offset, 60)
    if rest:
        return _BROKEN_OFFSETS.get(offset)
    if hours == 8:
        return DEFAULT_ZONE
    if not _MAX_WEST <= hours <= _MAX_EAST:
        return None
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"


def _plain(text: str) -> str:
    """A text in one width and case, without control characters; empty for one that is too long."""
    if len(text) > _LONGEST:
        return ""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(one if one.isprintable() else " " for one in plain).split())


@cache
def _day_pattern() -> re.Pattern[str]:
    """What begins a digest's time and says on which days it comes."""
    longer = "|".join(f"{name}s?" for name in (*_DAY_NAMES, "tue", "thur"))
    english = rf"(?:{longer}|{'|'.join(DAYS)})"
    return re.compile(
        r"(?P<daily>daily|every\s*day|每天|每日|天天)"
        r"|(?P<weekdays>(?:每个|每個|每)?(?:工作日|平日|weekdays?|workdays?|working days?))"
        r"|(?P<weekend>(?:每个|每個|每)?(?:周末|週末|weekends?))"
        rf"|(?:weekly\s*|every\s*)?(?P<english>{english}(?:\s*(?:[-–—~,/]|to|and)\s*{english})*)"
        r"|(?P<chinese>每?(?:周|週|星期|礼拜)[一二三四五六日天]"
        # 周五六点 is Friday at six.
        r"(?:\s*[-–—~～至到、,和]?\s*(?:周|週|星期|礼拜)?[一二三四五六日天](?!\s*[点點时時]))*)"
        r"|(?P<weekly>weekly|every\s*week|每周|每週|每星期)"
    )


def _days_of(words: str) -> tuple[frozenset[int] | None, str]:
    """The days that a digest's time begins with, None where it names none; and the rest."""
    found = _day_pattern().match(words)
    if found is None:
        return None, words
    rest = words[found.end() :]
    for name, days in _NAMED_DAYS.items():
        if found[name]:
            return days, rest
    tokens = re.findall(r"[a-z]+|[-–—~]", (found["english"] or "").replace("to", "-"))
    signs = [*(found["chinese"] or ""), *(one for one in tokens if one != "and")]
    return _joined_days(_DAY_NUMBERS.get(one[:3], one) for one in signs), rest


_NAMED_DAYS = {
    "daily": frozenset(range(7)),
    "weekdays": _WEEKDAYS,
    "weekend": _WEEKEND,
    "weekly": frozenset({0}),
}
_DAY_NUMBERS = _DAY_CHARACTERS | {day: number for number, day in enumerate(DAYS)}
_RANGE = frozenset("-–—~～至到")


def _joined_days(tokens: Iterable[int | str]) -> frozenset[int]:
    """Days one by one, or from one to another where - or 至 stands between: fri-mon has four."""
    days: set[int] = set()
    last: int | None = None
    is_range = False
    for token in tokens:
        if isinstance(token, str):
            is_range = is_range or token in _RANGE
            continue
        if is_range and last is not None:
            days.update((last + n) % 7 for n in range((token - last) % 7 + 1))
        days.add(token)
        last, is_range = token, False
    return frozenset(days)


def _day_list(days: frozenset[int]) -> str:
    """Days as they are kept: mon-fri, or mon,wed-thu."""
    return ",".join(
        DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
        for first, last in _runs_of(days)
    )


def _runs_of(days: frozenset[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for day in sorted(days):
        if runs and runs[-1][1] == day - 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


_PARTS_OF_DAY = (
    ("凌晨", 0),
    ("清晨", 0),
    ("早晨", 0),
    ("早上", 0),
    ("上午", 0),
    ("中午", 12),
    ("下午", 12),
    ("傍晚", 12),
    ("晚上", 12),
    ("夜里", 12),
    ("晚间", 12),
    ("半夜", 12),
    ("早", 0),
    ("晚", 12),
)
_MORNING, _AFTERNOON, _EVENING = 8, 14, 20
_PART_CLOCKS = {
    **dict.fromkeys(("早上", "早晨", "清晨", "上午", "早", "morning", "mornings"), time(_MORNING)),
    **dict.fromkeys(("下午", "afternoon", "afternoons"), time(_AFTERNOON)),
    **dict.fromkeys(("晚上", "晚间", "傍晚", "晚", "evening", "evenings"), time(_EVENING)),
    **dict.fromkeys(("night", "nights", "tonight"), time(_EVENING)),
}
"""When the parts of a day are taken to be, where no hour is named."""

_TODAY = frozenset({"今天", "今日", "today"})
_WHOLE_TODAY = {
    **dict.fromkeys(_TODAY, time(0)),
    **dict.fromkeys(("今晚", "今夜", "今天晚上", "tonight"), time(_MORNING)),
}
_NEAR_DAYS = {
    **dict.fromkeys((*_TODAY, "今"), 0),
    **dict.fromkeys(("明天", "明日", "明", "tomorrow"), 1),
    **dict.fromkeys(("后天", "后日", "the day after tomorrow", "day after tomorrow"), 2),
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
}
_NUMBER = r"(?:\d{1,2}|二?十[一二三四五六七八九]?|[零〇一二两三四五六七八九])"


@cache
def _clock_pattern() -> re.Pattern[str]:
    parts = "|".join(part for part, _ in _PARTS_OF_DAY)
    return re.compile(
        rf"(?:at\s*)?(?P<part>{parts})?\s*(?P<hours>{_NUMBER})"
        rf"(?:\s*(?::|点钟?|點鐘?|时|時|h)\s*(?:(?P<half>半)|(?P<quarters>[一三])刻"
        r"|(?P<minutes>\d{1,2}|[零〇]?[一二两三四五六七八九]|[二三四五]?十[一二三四五六七八九]?)\s*分?)?\s*整?)?"
        r"\s*(?P<noon>am|pm|a\.m\.|p\.m\.)?"
        r"|(?P<named>noon|midnight|中午|正午|午夜|零点)"
    )


@cache
def _span_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:from\s*|从)?(?P<begin>[^-–—~～至到]+?)\s*(?:[-–—~～至到]+|\bto\b|\buntil\b)\s*(?:次日|第二天|翌日|明天|明(?=早))?"
        r"(?P<end>[^-–—~～至到]+)"
    )


def _clock(text: str, *, end: bool = False) -> time:
    """A time of day; 24:00 is one where a span ends.

    Raises:
        ValueError: it is none.
    """
    found = _clock_pattern().fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    if found["named"]:
        return time(_NOON if found["named"] in {"noon", "中午", "正午"} else 0)
    hours = _whole(found["hours"])
    if ":" in text and found["minutes"] and len(found["minutes"]) == 1:
        raise ValueError(text)
    minutes = 30 if found["half"] else 0
    if found["quarters"]:
        minutes = 15 if found["quarters"] == "一" else 45
    elif found["minutes"]:
        minutes = _whole(found["minutes"].lstrip("零〇") or "0") or 0
    if hours is None:
        raise ValueError(text)
    hours = _in_day(hours, found["part"], found["noon"])
    if end and hours == 24 and not minutes:
        hours = 0
    return time(hours, minutes)


def _part_or_clock(text: str) -> time:
    """A time of day, or the usual one of a part of the day: 早上, every evening, 每晚.

    Raises:
        ValueError: it is neither.
    """
    part = re.sub(r"^(?:(?:every|each|in the|the)\s+|每天?)", "", text.strip())
    return _PART_CLOCKS.get(part) or _clock(text)


_UNTIL = r"(?P<until>直到|到|until|till|til)?\s*"


@cache
def _day() -> str:
    """A pattern of the names of a day."""
    near = "|".join(sorted((re.escape(one) for one in _NEAR_DAYS), key=len, reverse=True))
    english, months = "|".join((*_DAY_NAMES, *DAYS)), "|".join(_MONTHS)
    return (
        rf"{near}|(?:下个?|本|这)?(?:周|星期|礼拜)[一二三四五六日天]|下个?(?:周|星期|礼拜)"
        rf"|(?:next\s+)?(?:{english})(?![a-z])|next week"
        rf"|(?:{months})[a-z]*\s*\d{{1,2}}(?!\d|:|\s*[ap]\.?m)|(?<!\d)\d{{1,2}}\s*(?:{months})[a-z]*"
        r"|\d{4}-\d{1,2}-\d{1,2}|(?<!\d)\d{1,2}月\d{1,2}[日号]"
    )


@cache
def _until_pattern() -> re.Pattern[str]:
    """A moment: its day, and what is left is a clock's time or a part of the day."""
    return re.compile(rf"{_UNTIL}(?P<day>{_day()})?(?:\s*(?:的|,|at\b))?\s*(?P<clock>.*)")


@cache
def _day_last_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"{_UNTIL}(?P<clock>[^-]*?(?:\d|[ap]\.?m\.?|[点點半刻分]|noon|midnight|morning|evening))"
        rf"\s*(?:on\s+|,\s*)?(?P<day>{_day()})"
    )


def _day_first(words: str) -> str:
    """A moment with its day before its hour: until tomorrow 6pm, for until 6pm tomorrow."""
    found = _day_last_pattern().fullmatch(words)
    return words if found is None else f"{found['until'] or ''} {found['day']} {found['clock']}"


def _says_when(words: str) -> bool:
    """Whether a text without 到 is a moment all the same: not the name of a day, or a number."""
    return (
        words in _WHOLE_TODAY
        or re.search(r"\d:\d|[点點]|\d\s*[ap]\.?m|[今明][早晚]", words) is not None
    )


def _days_meant(day: str, today: date) -> list[date]:
    """The days that a name may mean, the nearest first.

    Raises:
        ValueError: there is no such date.
    """
    if not day:
        return [today, today + _DAY]
    if day in _NEAR_DAYS:
        return [today + _NEAR_DAYS[day] * _DAY]
    if "-" in day:
        return [date(*map(int, day.split("-")))]
    month_name = next((name for name in _MONTHS if re.search(rf"{name}[a-z]*", day)), None)
    if month_name is not None and (number_of := re.search(r"\d+", day)) is not None:
        day = f"{_MONTHS.index(month_name) + 1}月{number_of[0]}"
    if "月" in day:
        month, number = (int(one) for one in re.findall(r"\d+", day))
        return [date(today.year + ahead, month, number) for ahead in (0, 1)]
    monday = today - today.weekday() * _DAY
    name = day.removeprefix("next").strip()
    wanted = _DAY_NUMBERS.get(name[:3], _DAY_NUMBERS.get(name[-1], 0))
    if day.startswith(("下", "next")):
        return [monday + (7 + wanted) * _DAY]
    this = monday + wanted * _DAY
    return [this] if day.startswith(("本", "这")) else [this, this + 7 * _DAY]


def _in_day(hours: int, part: str | None, noon: str | None) -> int:
    """The hour of the day: 晚上九点 is 21, 晚上12点 and 12 a.m. are 0, 中午12点 is 12."""
    if hours > _NOON:
        return hours
    if part is None and noon is None:
        return hours
    late = noon[0] == "p" if noon else dict(_PARTS_OF_DAY)[part or ""] > 0
    night = part in {"晚上", "夜里", "晚间", "半夜", "晚", "凌晨"}
    if hours == _NOON:
        return 0 if night or (noon is not None and not late) else _NOON
    small = part in {"半夜", "夜里"} and hours < 6
    return hours + _NOON if late and not small and not (part == "中午" and hours > 10) else hours


@cache
def _units() -> dict[str, timedelta]:
    named = {
        timedelta(minutes=1): "m min mins minute minutes 分 分钟 分鐘",
        timedelta(hours=1): "h hr hrs hour hours 小时 小時 钟头 時 时",
        timedelta(days=1): "d day days 天 日",
        timedelta(weeks=1): "w wk wks week weeks 周 週 星期 礼拜",
        timedelta(days=30): "mo month months 月",
        timedelta(days=365): "y year years 年",
    }
    return {name: unit for unit, names in named.items() for name in names.split()}


@cache
def _part_pattern() -> re.Pattern[str]:
    unit = "|".join(sorted(_units(), key=len, reverse=True))
    return re.compile(
        r"(?:and)?(?:(?P<half_of>半|half(?:an?)?)|(?P<number>\d{1,5}(?:\.\d)?|[零〇一二两俩三四五六七八九十百]{1,5}|an?))"
        rf"(?:个|個)?(?P<half>半)?(?:个|個)?(?P<unit>{unit})(?P<and_half>半)?"
    )


@cache
def _number_word_pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b")


@cache
def _hours_and_minutes_pattern() -> re.Pattern[str]:
    """1h30, without a unit at the end."""
    return re.compile(r"(?<=\dh)(\d{1,2})$")


def _number(text: str) -> float | None:
    if text in {"a", "an"}:
        return 1
    return float(text) if "." in text else _whole(text)


def _whole(text: str) -> int | None:
    """A whole number in digits or Chinese characters, below a thousand; None if it is none."""
    if text.isascii():
        return int(text) if text.isdigit() else None
    total, digit = 0, None
    for one in text:
        if one in "十百":
            total += (1 if digit is None else digit) * (10 if one == "十" else 100)
            digit = None
        elif one in _DIGITS:
            digit = _DIGITS[one]
        else:
            return None
    return total + (digit or 0)

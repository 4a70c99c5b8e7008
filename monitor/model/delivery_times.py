"""When a chat gets its alerts: digests and quiet hours, as it chose them and as they are stored.

They are kept as people write them (``daily 09:00``, ``weekly mon 09:00``, ``22:00-08:00``,
``off``) beside the chat's time zone, so that anybody can read them in SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week, as people write them; Monday is 0, as in ``datetime.weekday``."""

DEFAULT_ZONE = "Asia/Shanghai"
MAX_MUTE = timedelta(days=366)
"""The longest time that a chat or a rule can be muted for."""

_DAY = timedelta(days=1)
# 9:00, 9：00, 9点, 9
_CLOCK = r"(\d{1,2})(?:[:：](\d{2})|点)?"
_DIGEST = re.compile(rf"(daily|weekly)?(?:\s*({'|'.join(DAYS)}))?(?:\s*{_CLOCK})?")
_CHINESE = (
    *((f"每周{day}", f"weekly {DAYS[i]} ") for i, day in enumerate("一二三四五六日")),
    *((f"每星期{day}", f"weekly {DAYS[i]} ") for i, day in enumerate("一二三四五六日")),
    ("每周天", "weekly sun "),
    ("每周", "weekly "),
    ("每天", "daily "),
    ("每日", "daily "),
)
_QUIET = re.compile(rf"{_CLOCK}\s*[-–—~～至到]\s*{_CLOCK}")


@dataclass(frozen=True, slots=True)
class Digest:
    """A chat's digest: at ``at`` every day, or on one day of the week."""

    at: time = time(9)
    weekday: int | None = None

    def __str__(self) -> str:
        """As it is written and kept."""
        day = "daily" if self.weekday is None else f"weekly {DAYS[self.weekday]}"
        return f"{day} {self.at:%H:%M}"

    def next_after(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first moment of a digest after ``now``, by the clocks of ``zone``."""
        day = now.astimezone(zone).date()
        while True:
            moment = datetime.combine(day, self.at, zone)
            if moment > now and self.weekday in {None, day.weekday()}:
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
    """``daily``, ``9:00``, ``daily 09:00``, ``weekly fri 18:30``, 每天 9点; None for ``off``.

    Raises:
        ValueError: it is none of these.
    """
    text = text.lower()
    for chinese, plain in _CHINESE:
        text = text.replace(chinese, plain)
    text = " ".join(text.split())
    if text == "off":
        return None
    found = _DIGEST.fullmatch(text)
    if found is None or not any(found.groups()) or (found[1] == "daily" and found[2]):
        raise ValueError(text)
    weekly = found[1] == "weekly" or found[2] is not None
    weekday = DAYS.index(found[2] or "mon") if weekly else None
    return Digest(_clock(found[3], found[4]) if found[3] else time(9), weekday)


def parse_quiet(text: str) -> Quiet | None:
    """``22:00-08:00``; None for ``off``.

    Raises:
        ValueError: it is no span of hours, or one of no length.
    """
    text = text.strip().lower()
    if text == "off":
        return None
    found = _QUIET.fullmatch(text)
    if found is None:
        raise ValueError(text)
    quiet = Quiet(_clock(found[1], found[2]), _clock(found[3], found[4]))
    if quiet.begin == quiet.end:
        raise ValueError(text)
    return quiet


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name; the default for one that is not there any more."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)


def _clock(hours: str, minutes: str | None) -> time:
    return time(int(hours), int(minutes or 0))

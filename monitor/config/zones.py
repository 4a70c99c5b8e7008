"""Names of time zones, and what those who write another name meant."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from monitor.suggestion import nearest

_CHINA = "Asia/Shanghai"


@cache
def _chinese_zone_pattern() -> re.Pattern[str]:
    # +08:00, UTC+8, GMT+0800, Etc/GMT-8, 东八区, and what people call the zone or its cities.
    return re.compile(
        r"(?:utc|gmt|z)? ?\+ ?0?8(?::?00)?|etc/gmt-8|cst|cst-8|prc|china(?: standard)?(?: time)?|"
        r"(?:asia/)?(?:beijing|peking|shanghai|shenzhen|guangzhou)(?: time)?|"
        r"北京(?:时间)?|东八区|中国(?:标准时间)?|上海|asia/china",
        re.IGNORECASE,
    )


def zone_name(name: str) -> str:
    """Validate the name of a time zone.

    Raises:
        ValueError: there is no such time zone; the nearest one is named after a dash.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no such time zone – {_hint(name.strip())}") from None
    return name


def _hint(name: str) -> str:
    if _chinese_zone_pattern().fullmatch(name):
        return f"write {_CHINA}"
    known = sorted(available_timezones())
    cities = {zone.rpartition("/")[2]: zone for zone in known}
    near = nearest(name, known) or cities.get(nearest(name, cities) or "")
    return f"did you mean {near}?" if near else f"one such as {_CHINA}"

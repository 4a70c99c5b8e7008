"""Names for groups of regions: 京津冀, 东部地区, 贵州各市州."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from monitor.extraction.regions import Region, find_region, gazetteer

_TABLE = Path(__file__).parent / "data" / "groups.yaml"


@cache
def _same_pattern() -> re.Pattern[str]:
    return re.compile(r"^粤港澳(?=大湾区$)|(?:地区|区域|经济圈|地区双城经济圈|经济区|枢纽)$")


@cache
def _within_pattern() -> re.Pattern[str]:
    return re.compile(r"^(.+?)(?:各|所有)(?:地级)?(?:市州|州市|地市|盟市|市|地州|区县)$")


@cache
def region_groups() -> Mapping[str, tuple[Region, ...]]:
    """The named groups and their regions."""
    from monitor.yaml import read_yaml

    found: dict[str, tuple[Region, ...]] = {}
    for name, members in read_yaml(_TABLE).value.items():
        regions = tuple(find_region(member) for member in members)
        found[name] = tuple(region for region in regions if region is not None)
        if len(found[name]) < len(members):
            raise ValueError(f"{_TABLE.name}: {name} contains an unknown region")
    return found


def regions_named(name: str) -> tuple[Region, ...]:
    """The regions a name stands for: one, those of a group, or all prefectures of a province.

    Empty for an unknown name.

    Args:
        name: 贵州, 贵州省, 520000, 京津冀, 东部地区, 贵州各市州 (without the province itself).
    """
    name = name.strip()
    one = find_region(name)
    if one is not None:
        return (one,)
    groups = region_groups()
    group = groups.get(name) or groups.get(_same_pattern().sub("", name))
    if group is not None:
        return group
    within = _within_pattern().match(name)
    province = None if within is None else find_region(within[1])
    if province is None or province.level != "province":
        return ()
    prefix = province.code[:2]
    return tuple(
        region
        for region in gazetteer().regions
        if region.code.startswith(prefix) and region.level in {"prefecture", "county"}
    )


def suggest_region(name: str) -> str | None:
    """A hint that names the known region or group nearest to an unknown name, or None."""
    import difflib

    group = difflib.get_close_matches(name, list(region_groups()), n=1, cutoff=0.6)
    return f"did you mean {group[0]}?" if group else gazetteer().suggest(name)

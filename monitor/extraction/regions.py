"""Every province, prefecture and directly administered county: names, short names, codes, groups.

The table is written by ``tools/regions.py`` from a maintained package and follows GB/T 2260.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "data" / "regions.csv"
_DISTRICTS = Path(__file__).parent / "data" / "districts.csv"
_RANK = {"nation": 0, "province": 1, "prefecture": 2, "county": 3}


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the table. ``level`` is nation, province, prefecture or county."""

    code: str
    name: str
    short: str
    level: str


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All regions, found by official name, short name or six-digit code."""

    regions: tuple[Region, ...]
    by_name: Mapping[str, Region]

    def find(self, name: str) -> Region | None:
        """The region called ``name``; of two with one short name (吉林) the higher in level."""
        return self.by_name.get(name.strip())

    def suggest(self, name: str) -> str | None:
        """A hint that names the known region nearest to an unknown name, or None."""
        from monitor.yaml import did_you_mean

        # 贵洲 is as near to 贵阳 as to 贵州; people mostly name provinces.
        provinces = [r for r in self.regions if r.level in {"nation", "province"}]
        likely = [written for r in provinces for written in (r.short, r.name)]
        return did_you_mean(name, likely) or did_you_mean(name, list(self.by_name))

    def province_of(self, region: Region) -> Region | None:
        """The province a region lies in, by its code; None for the nation."""
        return self.by_name.get(region.code[:2] + "0000") if region.level != "nation" else None


@cache
def gazetteer() -> Gazetteer:
    """The built-in table."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    regions = tuple(Region(r["code"], r["name"], r["short"], r["level"]) for r in rows)
    by_name: dict[str, Region] = {}
    for region in sorted(regions, key=lambda r: (_RANK[r.level], r.code)):
        for name in (region.name, region.code):
            by_name[name] = region
    for region in sorted(regions, key=lambda r: (_RANK[r.level], r.code)):
        by_name.setdefault(region.short, region)
    return Gazetteer(regions, by_name)


@cache
def districts() -> Mapping[str, Region]:
    """Districts and counties, by name, with the prefecture or municipality they lie in."""
    with _DISTRICTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    by_name = gazetteer().by_name
    return {row["name"]: by_name[row["region"]] for row in rows}


def find_region(name: str) -> Region | None:
    """The region with this official name, short name or GB/T 2260 code, or None."""
    return gazetteer().find(name)


def regions_around(name: str) -> tuple[Region, ...]:
    """The known regions that a region is or lies in: 合肥市蜀山区 in 合肥市 and 安徽省.

    Documents of counties name them in full after their city; the table has no counties. Empty for
    a name that begins with no known region.
    """
    region = find_region(name)
    if region is None:
        begins = names_pattern().match(name)
        region = None if begins is None else find_region(begins[0])
    province = None if region is None else gazetteer().province_of(region)
    return tuple(one for one in (region, province) if one is not None)


def region_names() -> list[str]:
    """Official and short names of all regions, for suggestions."""
    return [name for name in gazetteer().by_name if not name.isdigit()]


@cache
def names_pattern() -> re.Pattern[str]:
    """Official names of all regions, and the short names of provinces, longest first."""
    names = {region.name for region in gazetteer().regions if region.level != "nation"}
    names |= {region.short for region in gazetteer().regions if region.level == "province"}
    return re.compile("|".join(sorted(names, key=lambda name: (-len(name), name))))


def starts_with_region(text: str) -> bool:
    """Whether ``text`` opens with the name of a region."""
    return names_pattern().match(text) is not None


_GROUPS_TABLE = Path(__file__).parent / "data" / "groups.yaml"


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
    for name, members in read_yaml(_GROUPS_TABLE).value.items():
        regions = tuple(find_region(member) for member in members)
        found[name] = tuple(region for region in regions if region is not None)
        if len(found[name]) < len(members):
            raise ValueError(f"{_GROUPS_TABLE.name}: {name} contains an unknown region")
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

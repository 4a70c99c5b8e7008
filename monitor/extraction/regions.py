"""Every province, prefecture and directly administered county: names, short names, codes.

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


def find_region(name: str) -> Region | None:
    """The region with this official name, short name or GB/T 2260 code, or None."""
    return gazetteer().find(name)


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

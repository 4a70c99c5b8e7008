"""Every province, prefecture and directly administered county: names, short names, codes, groups.

The table is written by ``tools/regions.py`` from a maintained package and follows GB/T 2260.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).parent / "data" / "regions.csv"
_DISTRICTS = Path(__file__).parent / "data" / "districts.csv"
_PINYIN = Path(__file__).parent / "data" / "region_pinyin.csv"
_NAMES = Path(__file__).parent / "data" / "region_names.yaml"
_MARKS = frozenset(" '’.-_,")  # in names in Latin letters
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
    rows = _rows(_TABLE)
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
    by_name = gazetteer().by_name
    return {row["name"]: by_name[row["region"]] for row in _rows(_DISTRICTS)}


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


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

    Empty for an unknown name, and for one in pinyin that several regions have (Suzhou).

    Args:
        name: 贵州, 贵州省, 520000, 黔, Guizhou, inner mongolia, 京津冀, 东部地区, 贵州各市州
            (without the province itself).
    """
    name = name.strip()
    one = find_region(name) or _short_forms().get(name)
    if one is not None:
        return (one,)
    if name.isascii():
        meant = regions_spelt(name)
        return meant[0] if len(meant) == 1 else ()
    groups = region_groups()
    group = groups.get(name) or groups.get(_same_pattern().sub("", name))
    if group is not None:
        return group
    within = _within_pattern().match(name)
    province = None if within is None else find_region(within[1])
    if province is None or province.level != "province":
        meant = regions_spelt(name)
        return meant[0] if len(meant) == 1 else ()
    prefix = province.code[:2]
    return tuple(
        region
        for region in gazetteer().regions
        if region.code.startswith(prefix) and region.level in {"prefecture", "county"}
    )


def regions_spelt(name: str) -> tuple[tuple[Region, ...], ...]:
    """What a name in pinyin or English may stand for: regions, each alone, or a group.

    A province goes before a prefecture of the same name, as in Chinese; several prefectures of one
    name are all given.

    Args:
        name: Guizhou, guizhou sheng, Jilin City, Ürümqi, Xi'an, Yangtze River Delta.
    """
    letters = _letters(name)
    if not letters:
        return ()
    known = _spellings()
    if letters in known:
        return known[letters]
    for rank, endings in _names()["latin_ranks"].items():
        for ending in map(_letters, endings):
            stem = letters.removesuffix(ending)
            found = _prefectures(stem) if rank == "prefecture" else known.get(stem, ())
            if stem != letters and found:
                return found
    return ()


@cache
def _names() -> dict[str, Any]:
    from monitor.yaml import read_yaml

    return dict(read_yaml(_NAMES).value)


@cache
def _short_forms() -> Mapping[str, Region]:
    """黔 for 贵州, 内蒙 for 内蒙古."""
    by_name = gazetteer().by_name
    return {form: by_name[name] for name, forms in _names()["chinese"].items() for form in forms}


@cache
def _all_spellings() -> Mapping[str, tuple[Region, ...]]:
    """The regions by what they are called in Latin letters, those of higher rank first."""
    found: defaultdict[str, dict[Region, None]] = defaultdict(dict)
    by_name = gazetteer().by_name
    pinyin = {row["code"]: _letters(row["pinyin"]) for row in _rows(_PINYIN)}
    for region in sorted(gazetteer().regions, key=lambda one: (_RANK[one.level], one.code)):
        found[pinyin[region.code]][region] = None
    for name, spelt in _names()["latin"].items():
        for one in spelt:
            found[_letters(one)][by_name[name]] = None
    return {letters: tuple(regions) for letters, regions in found.items()}


@cache
def _spellings() -> Mapping[str, tuple[tuple[Region, ...], ...]]:
    meant: dict[str, tuple[tuple[Region, ...], ...]] = {
        letters: tuple((one,) for one in regions if len(regions) == 1 or one.level == rank)
        for letters, regions in _all_spellings().items()
        for rank in [regions[0].level]
    }
    groups = region_groups()
    for name, spelt in _names()["latin_groups"].items():
        meant |= {_letters(one): (groups[name],) for one in spelt}
    return meant


def _prefectures(letters: str) -> tuple[tuple[Region, ...], ...]:
    """Jilin City is no province; Beijing City is one."""
    regions = _all_spellings().get(letters, ())
    below = tuple((one,) for one in regions if _RANK[one.level] > _RANK["province"])
    return below or tuple((one,) for one in regions)


def english_name(name: str) -> str:
    """What English calls a region (Guizhou, Xi'an); empty for an unknown name."""
    region = find_region(name)
    if region is None:
        return ""
    named = _names()["english"].get(region.short)
    return str(named) if named else _pinyin_by_code().get(region.code, "")


@cache
def _pinyin_by_code() -> Mapping[str, str]:
    """Guizhou; an apostrophe stands before a syllable that begins with a vowel (Xi'an)."""
    joined = {row["code"]: re.sub(" (?=[aeo])", "'", row["pinyin"]) for row in _rows(_PINYIN)}
    return {code: pinyin.replace(" ", "").capitalize() for code, pinyin in joined.items()}


def spellings() -> tuple[str, ...]:
    """All names of regions and groups in Latin letters, without spaces, for suggestions."""
    return tuple(_spellings())


def _letters(name: str) -> str:
    """A name in Latin letters without case, accents, spaces and marks; empty for any other."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(one for one in plain if one.isalpha())
    marks = {one for one in plain if not one.isalpha() and not unicodedata.combining(one)}
    is_name = letters.isascii() and plain[:1].isalpha() and marks <= _MARKS
    return letters if is_name else ""


def suggest_region(name: str) -> str | None:
    """A hint that names the known regions or the group nearest to an unknown name, or None."""
    import difflib

    from monitor.extraction.fuzzy_place_names import likely_names

    likely = likely_names(name)
    if likely:
        return f"did you mean {' or '.join(likely)}?"
    if name.isascii():
        return None
    group = difflib.get_close_matches(name, list(region_groups()), n=1, cutoff=0.6)
    return f"did you mean {group[0]}?" if group else gazetteer().suggest(name)

"""Offices of the State, the Party and the regions: official names for the short ones in use.

A central office has one name; a local one is a kind of office (工业和信息化厅) of a region.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from monitor.extraction.regions import Region, find_region, gazetteer, suggest_region
from monitor.extraction.vocabulary import DATA, WordTable, alternation, read_table
from monitor.folding import simplification_table
from monitor.model.statements import NATION

_LONGEST_REGION = 11
_LONGEST_COUNTY = 4
_SHORTEST_KIND = 3
"""Shorter names of kinds of offices (政府, 委) are ordinary words."""
_OWN = {"省": "province", "自治区": "province", "市": "prefecture", "州": "prefecture"}
"""What stands for the region in an office's name (省工信厅, 我市财政局), and its level."""
_LOCAL = frozenset("省市州区县旗各地方级")
"""Before a name that is central and local, these make it a local one: 各地发改委."""
_NOT_A_COMMITTEE = "委(?![员托会派])"
_NOT_A_MINISTRY = "(?![门分署])"


@dataclass(frozen=True)
class CentralOffice(WordTable):
    """A central office: its official name and the others in use."""

    name: str
    short: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    expert: bool = False


@dataclass(frozen=True)
class LocalOffice(WordTable):
    """A kind of office that regions have: its name without the region."""

    name: str
    short: tuple[str, ...] = ()
    group: str = ""

    def of(self, region: str) -> str:
        """The official name of this office of a region."""
        return self.name.format(region=region) if "{" in self.name else region + self.name


@dataclass(frozen=True)
class OfficeTable(WordTable):
    """``data/offices.yaml``."""

    central: tuple[CentralOffice, ...]
    same: tuple[tuple[str, ...], ...]
    local: tuple[LocalOffice, ...]
    other_local: str
    zone: str


@dataclass(frozen=True, slots=True)
class OfficeMention:
    """An office that a text names, by its official name, and its span.

    ``region`` is 全国 for a central office; ``expert`` marks an institute, which does not govern.
    """

    start: int
    end: int
    name: str
    region: str
    expert: bool = False


@cache
def office_table() -> OfficeTable:
    """The built-in table."""
    return read_table(DATA / "offices.yaml", OfficeTable)


@cache
def _central_by_name() -> dict[str, tuple[CentralOffice, bool]]:
    """Each name of a central office, with whether it also means a local one."""
    found: dict[str, tuple[CentralOffice, bool]] = {}
    for office in office_table().central:
        found |= dict.fromkeys((office.name, *office.short), (office, False))
        found |= dict.fromkeys(office.bare, (office, True))
    return found


@cache
def _local_by_name() -> dict[str, LocalOffice]:
    table = office_table().local
    full = {office.name: office for office in table if "{" not in office.name}
    return {name: office for office in table for name in office.short} | full


@cache
def _names_pattern() -> re.Pattern[str]:
    """Names of offices, local ones without their region; the longest at each place."""
    names = {*_central_by_name(), *_local_by_name()} - {"委"}
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name[0], []).append(name[1:])
    every = "|".join(f"{first}(?:{alternation(rest)})" for first, rest in sorted(groups.items()))
    return re.compile(f"(?:{every}){_NOT_A_MINISTRY}|{_NOT_A_COMMITTEE}")


@cache
def _other_pattern() -> re.Pattern[str]:
    return re.compile(office_table().other_local)


@cache
def _zone_pattern() -> re.Pattern[str]:
    return re.compile(office_table().zone)


def offices_in(text: str, home: str | None, *, bare: bool = False) -> tuple[OfficeMention, ...]:
    """The offices that a text names, in order.

    Args:
        text: a clause.
        home: the region that 省工信厅 and 我市 refer to.
        bare: whether a name that local offices share (发改委) is the central one's when no region
            stands before it.
    """
    found: list[OfficeMention] = []
    for match in _names_pattern().finditer(text):
        mention = _mention(text, match, home, bare=bare)
        if mention is not None:
            found.append(mention)
    if not found:
        found += _other_offices(text)
    return tuple(found)


def _mention(
    text: str, match: re.Match[str], home: str | None, *, bare: bool
) -> OfficeMention | None:
    name, start = match[0], match.start()
    central = _central_by_name().get(name)
    local = _local_by_name().get(name)
    place = _region_before(text, start, home) if local or (central and central[1]) else None
    if local is not None and place is not None:
        begin, region = place
        return OfficeMention(begin, match.end(), local.of(region), region)
    if central is None or (
        central[1] and (not bare or place is not None or text[start - 1 : start] in _LOCAL)
    ):
        return None
    office = central[0]
    return OfficeMention(start, match.end(), office.name, NATION, office.expert)


def _region_before(text: str, end: int, home: str | None) -> tuple[int, str] | None:
    """The region whose name ends at ``end``, and where the name begins."""
    region = _region_ending(text, end)
    if region is not None:
        begin, named = region
        outer = _region_ending(text, begin)  # 广东省深圳市 is 深圳市
        inside = outer is not None and outer[1].code[:2] == named.code[:2]
        return (outer[0] if outer and inside else begin), named.name
    own = _own_before(text, end)
    name = _own_region(own, home) if own else None
    return _county_before(text, end) if name is None else (end - len(own), name)


def _county_before(text: str, end: int) -> tuple[int, str] | None:
    """A district or county, which the table of regions does not hold: 某某区, 某某县."""
    match = _county_pattern().search(text, max(0, end - _LONGEST_REGION), end)
    if match is None or text.endswith("自治区", 0, end):
        return None
    name = re.split("[省市州盟]", match[0])[-1]
    # Where words run on before it (记者从某某区), a county's name mostly has three characters.
    name = name if len(name) <= _LONGEST_COUNTY else name[-3:]
    return (end - len(name), name) if len(name) > 1 else None


@cache
def _county_pattern() -> re.Pattern[str]:
    return re.compile("[一-鿿]+[区县旗]$")


def _region_ending(text: str, end: int) -> tuple[int, Region] | None:
    for begin in range(max(0, end - _LONGEST_REGION), end - 1):
        region = find_region(text[begin:end])
        if region is not None and region.level != "nation":
            return begin, region
    return None


def _own_before(text: str, end: int) -> str:
    return next((own for own in _OWN if text.endswith(own, 0, end)), "")


def _own_region(own: str, home: str | None) -> str | None:
    """The region that 省 or 市 means in a text about ``home``."""
    region = find_region(home) if home else None
    if region is None or region.level == "nation":
        return None
    if _OWN[own] == "province":
        region = gazetteer().province_of(region)
    elif region.level == "province" and not region.name.endswith("市"):
        return None
    return region.name if region else None


def _other_offices(text: str) -> Iterator[OfficeMention]:
    """Local offices that the table does not name: any that its region stands before."""
    for match in _zone_pattern().finditer(text):
        name = match[0].replace("管委会", "管理委员会")
        yield OfficeMention(match.start(), match.end(), name, "")
        return
    if _other_pattern().search(text) is None:
        return
    for begin in range(len(text)):
        for end in range(min(len(text), begin + _LONGEST_REGION), begin + 1, -1):
            region = find_region(text[begin:end])
            if region is None or region.level == "nation":
                continue
            rest = _other_pattern().match(text, end)
            if rest is not None:
                yield OfficeMention(begin, rest.end(), region.name + rest[0], region.name)
            return


def is_central(name: str) -> bool:
    """Whether an official name is a central office's."""
    known = _central_by_name().get(name)
    return known is not None and known[0].name == name


def government_of(region: str | None) -> str | None:
    """The official name of a region's government: 贵州省人民政府, 国务院; None without a region."""
    if region is None:
        return None
    return "国务院" if region == NATION else f"{region}人民政府"


def offices_named(name: str) -> tuple[str, ...]:
    """The official names of the offices that a name stands for; empty for an unknown one.

    A name that central and local offices share (发改委, 数据局) is the central one's; for those of
    some regions see ``offices_in_regions``. The first is the office itself. The others are what
    asking for it means too: the other name of one body, and the offices of a region that do the
    same work elsewhere under another name.

    Args:
        name: 工信部, 国家数据局, 贵州工信厅, in any width and in either script.
    """
    name = _plain(name)
    central = _central_by_name().get(name)
    if central is not None:
        first = central[0].name
        rest = (other for same in office_table().same if first in same for other in same)
        return tuple(dict.fromkeys((first, *rest)))
    for split in range(2, len(name)):
        place = _region_before(name[:split], split, None)
        office = _local_by_name().get(name[split:])
        if place is not None and place[0] == 0 and office is not None:
            return _in_region(office, place[1])
    return _official(name)


def offices_in_regions(name: str, regions: Iterable[str]) -> tuple[str, ...]:
    """The local offices that a name without a region (发改委, 数据局) means in some regions.

    Those of a region that do the same work under another name are among them. Empty for a name of
    no local office and for the nation.

    Args:
        name: a name of a kind of office, in any width and in either script.
        regions: official names of regions.
    """
    office = _local_by_name().get(_plain(name)) if len(name) >= _SHORTEST_KIND else None
    found = (_in_region(office, region) for region in regions if office and region != NATION)
    return tuple(dict.fromkeys(one for offices in found for one in offices))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).translate(simplification_table()).strip()


def _in_region(office: LocalOffice, region: str) -> tuple[str, ...]:
    group = (o for o in office_table().local if office.group and o.group == office.group)
    return tuple(dict.fromkeys((office.of(region), *(other.of(region) for other in group))))


@cache
def _official_pattern() -> re.Pattern[str]:
    named = (office.name for office in office_table().local if "{" in office.name)
    return re.compile("|".join(re.escape(n).replace(r"\{region\}", "(.+?)") for n in named))


def _official(name: str) -> tuple[str, ...]:
    """A local office by its official name, where that does not begin with the region."""
    match = _official_pattern().fullmatch(name)
    region = next((find_region(part) for part in match.groups() if part), None) if match else None
    return (name,) if region is not None and region.name in name else ()


def suggest_office(name: str) -> str | None:
    """A hint that names the office nearest to an unknown name, or None."""
    from monitor.yaml import did_you_mean

    ends = [place for at in range(len(name), 1, -1) if (place := _region_ending(name, at))]
    if ends:
        begin, region = ends[0]
        written = name[begin : len(name)]
        places = {region.name, region.short}
        known = [place + office for place in places for office in _local_by_name()]
        return did_you_mean(written, known)
    for at in range(2, len(name)):
        if name[at:] in _local_by_name() and (near := suggest_region(name[:at])):
            return near.replace("?", f"{name[at:]}?")
    return did_you_mean(name, list(_central_by_name()))

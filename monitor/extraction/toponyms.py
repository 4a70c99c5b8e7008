"""Toponyms, the names of places, in a text: where they stand, and which region each one is.

Which of them a sentence is about is told in ``topic_region.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress, count
from operator import add

from monitor.extraction.regions import Region, districts, find_region, gazetteer
from monitor.extraction.speaker_words import PLACE_MARK, speaker_words
from monitor.extraction.vocabulary import alternation_by_first_character
from monitor.model.statements import NATION


@cache
def _zones() -> dict[str, Region]:
    found = dict(districts())
    for name, zones in speaker_words().zones.items():
        region = find_region(name)
        if region is None:
            raise ValueError(f"speakers.yaml: {name} is no region")
        found |= dict.fromkeys(zones, region)
    return found


def _place_names() -> set[str]:
    """Names of regions as the press writes them, without ambiguous short names."""
    names = {r.name for r in gazetteer().regions if r.level != "nation"}
    names |= {r.short for r in gazetteer().regions if r.level != "nation" and len(r.short) > 1}
    return (names - set(speaker_words().ambiguous)) | set(_zones())


@cache
def region_pattern() -> re.Pattern[str]:
    """Names of regions as the press writes them, without ambiguous short names."""
    names = alternation_by_first_character(_place_names())
    return re.compile(f"(?:{names})(?!{speaker_words().institution})")


@dataclass(frozen=True, slots=True)
class _PlaceTable:
    """The names of ``region_pattern`` by their first two characters, and what hides them.

    ``inner`` are the names that count only behind that of their province, by its code.
    """

    names: Mapping[str, Sequence[tuple[str, Region]]]
    inner: Mapping[str, Mapping[str, Region]]
    contained: Mapping[str, re.Pattern[str]]
    institution: re.Pattern[str]


@cache
def _places() -> _PlaceTable:
    words = speaker_words()
    names: dict[str, list[tuple[str, Region]]] = {}
    for name in sorted(_place_names(), key=lambda name: (-len(name), name)):
        region = find_region(name) or _zones()[name]
        names.setdefault(name[:2], []).append((name, region))
    inner: dict[str, dict[str, Region]] = {}
    for name in words.ambiguous:
        city = find_region(name)
        if city is not None and city.level != "province":
            inner.setdefault(city.code[:2], {})[name] = city
    for name, region in districts().items():
        stem = _district_rank_pattern().sub("", name)
        if len(stem) >= _SHORTEST_STEM and stem not in words.ordinary_names:
            inner.setdefault(region.code[:2], {}).setdefault(stem, region)
    contained = {name: re.compile(pattern) for name, pattern in words.contained.items()}
    return _PlaceTable(names, inner, contained, re.compile(words.institution))


_SHORTEST_STEM = 2
_LONGEST_STEM = 4


@cache
def _district_rank_pattern() -> re.Pattern[str]:
    return re.compile("(?:自治[县旗]|[区县市旗])$")


@lru_cache(maxsize=2048)
def _found_places(text: str) -> tuple[tuple[int, int, Region], ...]:
    return tuple(_scan_places(text))


def _scan_places(text: str, *, institutions: bool = False) -> Iterator[tuple[int, int, Region]]:
    """The regions a text names, from left to right (thousands of names: too many for ``re``).

    Those that begin the name of an institution (某市日报) only with ``institutions``.
    """
    table = _places()
    begins = compress(count(), map(table.names.__contains__, map(add, text, text[1:])))
    free = 0
    for at in begins:
        if at < free:
            continue
        for name, region in table.names[text[at : at + 2]]:
            if not text.startswith(name, at):
                continue
            if not institutions and table.institution.match(text, at + len(name)):
                continue
            if name in table.contained and not table.contained[name].match(text, at):
                continue
            free = at + len(name)
            yield at, free, region
            if region.level == "province" and (inside := _inside_province(text, free, region)):
                yield inside
                free = inside[1]
            break


def _inside_province(text: str, at: int, province: Region) -> tuple[int, int, Region] | None:
    """The place behind its province's name that counts only there: 浙江德清, 辽宁朝阳."""
    table = _places()
    others = table.names.get(text[at : at + 2], ())
    if any(text.startswith(name, at) for name, _ in others):
        return None
    names = table.inner.get(province.code[:2], {})
    for size in range(_LONGEST_STEM, _SHORTEST_STEM - 1, -1):
        region = names.get(text[at : at + size])
        if region is not None and not table.institution.match(text, at + size):
            return at, at + size, region
    return None


@lru_cache(maxsize=2048)
def places_in(text: str) -> tuple[tuple[int, int, Region], ...]:
    """The regions a text names, with their spans; 广东省深圳市 is 深圳市 alone."""
    found: list[tuple[int, int, Region]] = []
    for start, end, region in _found_places(text):
        if found and found[-1][1] == start and region.code[:2] == found[-1][2].code[:2]:
            first, _, outer = found.pop()
            # A zone may be known by its province alone: 昆明市 with one stays 昆明市.
            found.append((first, end, outer if region.level == "province" else region))
            continue
        found.append((start, end, region))
    return tuple(found)


def named_in_full(sentences: Iterable[str]) -> dict[str, str]:
    """The counties and districts that a text names in full, by their names without the rank.

    Those that are ordinary words without it are left out, and those that other places are called.
    """
    words = speaker_words()
    known = districts()
    found: dict[str, str] = {}
    for sentence in sentences:
        for start, end, _ in _found_places(sentence):
            name = sentence[start:end]
            stem = _district_rank_pattern().sub("", name) if name in known else name
            if _SHORTEST_STEM <= len(stem) < len(name) and stem not in words.ordinary_names:
                found[stem] = name
    return {stem: name for stem, name in found.items() if not regions_in(stem)}


def regions_of_names(text: str) -> list[Region]:
    """The regions a text names, also in the names of firms, schools and newspapers."""
    return [region for _, _, region in _scan_places(text, institutions=True)]


def mark_places(text: str) -> str:
    """The text with the names of regions replaced by marks, offsets unchanged.

    Patterns with thousands of names would take long to compile and to match.
    """
    for start, end, _ in places_in(text):
        text = text[:start] + PLACE_MARK * (end - start) + text[end:]
    return text


def regions_in(text: str) -> list[Region]:
    """The regions a text names, in order."""
    return [region for _, _, region in places_in(text)]


def region_of_all(regions: Sequence[Region]) -> str | None:
    """The smallest area that holds all of several regions; None when none is named.

    杭州、宁波 is 浙江省, 北京、上海 is the nation; a province with its own city is the province.
    """
    names = list(dict.fromkeys(region.name for region in regions))
    if len(names) < 2:
        return names[0] if names else None
    provinces = {province_name(name) for name in names}
    return provinces.pop() if len(provinces) == 1 else NATION


def province_name(name: str) -> str:
    """The province a region lies in, or the region itself when it lies in none."""
    region = find_region(name)
    province = gazetteer().province_of(region) if region else None
    return province.name if province else name

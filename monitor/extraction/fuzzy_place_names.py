"""Names of places as people type them: which one a misspelt name means, and names in a text.

贵洲 is 贵州, written with a character that sounds like it; Guizou is Guizhou; 昆山 lies in 苏州.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from monitor.extraction.regions import (
    Region,
    districts,
    gazetteer,
    region_groups,
    regions_named,
    regions_spelt,
    spellings,
)

_HOMOPHONES = Path(__file__).parent / "data" / "homophones.csv"
_MOST_LIKELY = 3
_MIN_SIMILARITY = 0.8
_SHORTEST_SPELLING = 4
_LONGEST_NAME = 12
_LONGEST_SPELLING = 40
_MOST_WORDS = 4
_LONGEST_JOINED = 40
_SHORTEST_REST = 2
_RANKS = ("特别行政区", "自治区", "自治州", "自治县", "地区", "省", "市")


@cache
def _latin_word_pattern() -> re.Pattern[str]:
    return re.compile(r"[^\W\d_\u2e80-\uffff]+(?:['’.-][^\W\d_\u2e80-\uffff]+)*")


@cache
def _ranked_pattern() -> re.Pattern[str]:
    """A name that ends as those of places do; not 全省, 智慧城市 or 百强县, which are none."""
    return re.compile(
        r"(?!(?:全|各|我|本|外|每|该|中心|试点|重点|示范|百强|所有|其他|有关|相关|沿海|节点|枢纽))"
        r"(?:(?![省市区县])[\u4e00-\u9fff]){2,7}"
        r"(?:(?<!全)省|自治区|自治州|自治县|特别行政区"
        r"|(?<![城都上超股门楼集闹夜级])市|(?<![各全级强郊])县)"
    )


# Cities whose names are ordinary words without their rank.
_ORDINARY = frozenset({"合作"})


def likely_names(name: str) -> tuple[str, ...]:
    """The regions or groups that an unknown name probably means, the likeliest first.

    Empty for a known name, and where nothing is near enough to ask.
    """
    if len(name) > _LONGEST_SPELLING or regions_named(name):
        return ()
    if meant := regions_spelt(name):
        return tuple(_called(regions) for regions in meant)[:_MOST_LIKELY]
    if name.isascii():
        return _likely_spellings(name)
    if len(name) > _LONGEST_NAME:
        return ()
    near = tuple(_home_of(name)) or (*_sounding_like(name), *_one_character_off(name))
    return tuple(dict.fromkeys(near))[:_MOST_LIKELY]


def names_a_place(word: str) -> bool:
    """Whether an unknown word is meant as a place: like one that is known, or ranked as one."""
    if regions_named(word):
        return False
    return bool(likely_names(word)) or _ranked_pattern().fullmatch(word) is not None


def split_place(word: str) -> tuple[str, ...]:
    """The places that a word begins with, and the rest of it: 贵州的算力 is 贵州 and 算力.

    Of a city behind its province only the city is given. Empty for a word that is a place, or
    that begins with none.
    """
    if len(word) > _LONGEST_JOINED or regions_named(word):
        return ()
    for end in range(min(len(word) - 1, _LONGEST_NAME), 1, -1):
        if _is_chinese_place(word[:end]):
            return _split_after(word[:end], word[end:])
    return ()


def _split_after(place: str, behind: str) -> tuple[str, ...]:
    rest = re.sub(r"^(?:以及|[的和与及跟或])", "", behind)
    if not rest and behind == "的":
        return (place,)
    if len(rest) < _SHORTEST_REST:
        return ()
    inner = (rest,) if _is_chinese_place(rest) else split_place(rest) or (rest,)
    if rest == behind and _lies_in(inner[0], place):
        return inner
    if any(home in regions_named(place) for home in _homes_of(rest)):
        return (place,)
    return (place, *inner)


def _is_chinese_place(name: str) -> bool:
    return not name.isascii() and name not in _ORDINARY and bool(regions_named(name))


def _lies_in(name: str, place: str) -> bool:
    """Whether a place, by its name, lies in the province that another is."""
    found = regions_named(name)
    provinces = [gazetteer().province_of(region) for region in found]
    return bool(found) and all(province in regions_named(place) for province in provinces)


def latin_names(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """The places that a text names in Latin letters: start, end, and what each may mean.

    Of names within each other (Inner Mongolia Autonomous Region) the longest counts.
    """
    words = list(_latin_word_pattern().finditer(text))
    at = 0
    while at < len(words):
        for last in range(min(at + _MOST_WORDS, len(words)), at, -1):
            start, end = words[at].start(), words[last - 1].end()
            if end - start > _LONGEST_SPELLING or not _is_apart(text, start, end):
                continue
            if text[start:end].count("\n") or re.search(r"[,，、;；|]", text[start:end]):
                continue
            if meant := regions_spelt(text[start:end]):
                yield start, end, tuple(_called(regions) for regions in meant)
                at = last - 1
                break
        at += 1


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether no letter, digit, or sign of a condition touches a name."""
    around = text[start - 1 : start] + text[end : end + 1]
    return not any(one.isalnum() or one in "-|_" for one in around)


def _called(regions: tuple[Region, ...]) -> str:
    """The name by which regions are found again: short where that is no other's."""
    if len(regions) > 1:
        return next(name for name, members in region_groups().items() if members == regions)
    (region,) = regions
    return region.short if gazetteer().find(region.short) == region else region.name


def _likely_spellings(name: str) -> tuple[str, ...]:
    letters = "".join(one for one in name.casefold() if one.isalpha())
    if len(letters) < _SHORTEST_SPELLING or not name.replace(" ", "").isalpha():
        return ()
    near = difflib.get_close_matches(letters, spellings(), n=_MOST_LIKELY, cutoff=_MIN_SIMILARITY)
    # Most people who mistype a name leave its first letter right; "token" is no Tokyo.
    meant = (regions_spelt(one) for one in near if one[0] == letters[0])
    return tuple(dict.fromkeys(_called(regions) for found in meant for regions in found))


def _sounding_like(name: str) -> Iterator[str]:
    """The regions whose name is written with other characters that sound the same."""
    for spelt, shown in _names_of_length(name):
        same = sum(one == other for one, other in zip(name, spelt, strict=True))
        # A word that only sounds the same (背景) is a word.
        if same and all(_sound_alike(*pair) for pair in zip(name, spelt, strict=True)):
            yield shown


def _one_character_off(name: str) -> Iterator[str]:
    if len(name) < 3:
        return
    for spelt, shown in _names_of_length(name):
        if len(shown) > 2 and sum(map(str.__ne__, name, spelt)) == 1:
            yield shown


def _home_of(name: str) -> Iterator[str]:
    """The name of the city that a district or county lies in."""
    yield from (_called((home,)) for home in _homes_of(name))


def _homes_of(name: str) -> Iterator[Region]:
    """The city or municipality that a district or county lies in, also without its rank."""
    ranked = [name]
    if name not in _ORDINARY:
        ranked += [f"{name}市", *(f"{name}{rank}" for rank in "区县" if len(name) > 2)]
    homes = (districts().get(one) for one in ranked)
    yield from (home for home in homes if home is not None)


def _names_of_length(name: str) -> Iterator[tuple[str, str]]:
    """Names as long as this one, its rank left out on both sides, and how they are shown."""
    ranked = next((rank for rank in _RANKS if name.endswith(rank) and len(name) > len(rank)), "")
    for short, shown in _by_length().get(len(name) - len(ranked), ()):
        yield short + ranked, shown


@cache
def _by_length() -> Mapping[int, tuple[tuple[str, str], ...]]:
    found: defaultdict[int, dict[tuple[str, str], None]] = defaultdict(dict)
    for region in gazetteer().regions:
        # Few people type the names of counties, and many words sound like one (新型, 新星).
        if region.level in {"province", "prefecture"}:
            found[len(region.short)][region.short, _called((region,))] = None
    for name in region_groups():
        found[len(name)][name, name] = None
    return {length: tuple(names) for length, names in found.items()}


def _sound_alike(one: str, other: str) -> bool:
    return one == other or not _syllables(one).isdisjoint(_syllables(other))


def _syllables(character: str) -> frozenset[str]:
    return _readings().get(character, frozenset())


@cache
def _readings() -> Mapping[str, frozenset[str]]:
    """Each character with the syllables it is read as."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    with _HOMOPHONES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            for character in row["characters"]:
                found[character].add(row["syllable"])
    return {character: frozenset(syllables) for character, syllables in found.items()}

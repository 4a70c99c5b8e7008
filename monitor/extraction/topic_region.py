"""Which region a sentence of the press is about.

Not every place a sentence names is its matter: datelines, venues, and the places in the names of
firms and universities are nobody's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from monitor.extraction.regions import Region, regions_named
from monitor.extraction.speaker_words import press_pattern, speaker_words
from monitor.extraction.toponyms import places_in, province_name, region_of_all, regions_of_names
from monitor.model.statements import NATION


@lru_cache(maxsize=2048)
def news_start(sentence: str) -> int:
    """Where the news begins: after the headline and the dateline that stand before it."""
    match = press_pattern("dateline").match(sentence)
    return match.end() if match is not None and match.end() < len(sentence) else 0


def headline(sentence: str) -> str:
    """The headline that was joined to the news, or an empty text."""
    match = press_pattern("dateline").match(sentence)
    return match["headline"] if match is not None else ""


@lru_cache(maxsize=4096)
def topic_regions(text: str) -> tuple[Region, ...]:
    """The regions a text is about: those it names except venues and parts of firms' names."""
    places = places_in(text)
    if not places:
        return ()
    words = speaker_words()
    held = any(word in text for word in words.event_verbs)
    national = press_pattern("national_event").search(text) if held else None
    held = held and any(word in text for word in words.events)
    core = press_pattern("as_core").search(text) if "以" in text else None
    sent = press_pattern("delegation").search(text) is not None
    found: list[Region] = []
    for start, end, region in places:
        if core is not None and core.start() < start < core.end():
            continue
        if press_pattern("organisation").match(text, end):
            continue
        if press_pattern("home").search(text[max(0, start - 5) : start]):
            continue
        towards = sent and text[start - 1 : start] in {"赴", "在", "到", "往"}
        if towards and press_pattern("destination").match(text, end):
            continue
        begins = not start or text[start - 1] in "，。；：“"
        if not begins and press_pattern("ranked").match(text, end):
            continue
        # 2025年某市…大会 is an event of the city, 2025某市世界…大会 is none.
        own = national and start == national.end("scope")
        own = own and not press_pattern("world_wide").match(text, end)
        if national and region.level != "province" and not own:
            continue
        if held and press_pattern("venue").search(text[max(0, start - 14) : start]):
            continue
        is_event = text[:start].endswith(words.events)
        if held and is_event and text.startswith(words.event_verbs, end):
            continue
        found.append(region)
    return tuple(found)


def is_national(text: str) -> bool:
    """Whether a text speaks of the whole country, or of places everywhere in it."""
    return press_pattern("nation").search(text) is not None


@lru_cache(maxsize=2048)
def region_of_topic(text: str) -> str | None:
    """The region a text is about: a place, the nation, or None when it names none.

    Of several places in separate clauses the first counts; those of one clause act together.
    """
    regions = topic_regions(text)
    if not regions:
        return NATION if is_national(text) else None
    first = _telling_clause(text)
    together = topic_regions(first)
    names = {region.name for region in together}
    if len(names) > 1 and (subject := _subject_place(first)) is not None:
        return subject
    if len(names) > 1 and not _joined(first) and not _is_list(names):
        # 距离苏州不到百公里的嘉兴: what the words before describe is the subject.
        described = places_in(first)[-1]
        if first[described[0] - 1 : described[0]] == "的":
            return described[2].name
        return narrowest(together[:2])
    named = region_of_all(together) or regions[0].name
    return province_name(named) if press_pattern("whole_province").search(text) else named


def _telling_clause(text: str) -> str:
    """The first clause that names a place, unless it only says what the subject behind it is."""
    clauses = filter(topic_regions, text.split("，"))
    first = next(clauses, text)
    if press_pattern("aside").match(first) is None:
        return first
    return next(filter(_begins_with_place, clauses), first)


def _subject_place(clause: str) -> str | None:
    """The place that a clause begins with, when it does something that concerns others.

    None when they act together (北京、上海). A city of the first one is the matter itself, unless
    the matter only happens there (某省人工智能学院在某市揭牌).
    """
    spans = places_in(clause)
    opening = press_pattern("opening").match(clause)
    start, end, first = spans[0]
    together = press_pattern("acts_together").match(clause, end)
    if together or start != (opening.end() if opening else 0):
        return None
    elsewhere = any(
        (other.name != first.name and not lies_in(other.name, first.name))
        or clause[begin - 1] == "在"
        for begin, _, other in spans[1:]
    )
    if press_pattern("ranked").match(clause, end) and any(
        lies_in(other.name, first.name) for _, _, other in spans[1:]
    ):
        return None  # 某省首个人工智能局在某市揭牌 is the city's
    return first.name if elsewhere and first in topic_regions(clause) else None


def subject_region(text: str) -> str | None:
    """The region of the place that is the subject of a text: 作为枢纽，某省已有…."""
    clause = _telling_clause(text)
    return next((r.name for r in topic_regions(clause)[:1] if _begins_with_place(clause)), None)


def _begins_with_place(clause: str) -> bool:
    opening = press_pattern("opening").match(clause)
    begin = opening.end() if opening else 0
    return any(start == begin for start, _, _ in places_in(clause))


def region_of_body(text: str) -> str | None:
    """The region of a public body that a text names (某市…研究院), when it names no other place."""
    for _, end, region in places_in(text):
        if press_pattern("public_body").match(text, end):
            return region.name
    return None


_SHORTEST_LIST = 3


def _is_list(names: Collection[str]) -> bool:
    """Whether so many places are named, and of several provinces, that they stand for a list."""
    return len(names) >= _SHORTEST_LIST and len({province_name(name) for name in names}) > 1


def _joined(clause: str) -> bool:
    """Whether the places of a clause are members of one list (北京、上海), not apart."""
    spans = places_in(clause)
    return any(
        clause[one[1] : other[0]] in {"、", "和", "与", "及", "以及", "省、", "市、", "市和"}
        for one, other in pairwise(spans)
    )


def narrowest(regions: Sequence[Region]) -> str:
    """Of a place and one that lies in it, the narrower; else the first."""
    first, *rest = regions
    if rest and lies_in(rest[0].name, first.name):
        return rest[0].name
    return first.name


def lies_in(inner: str, outer: str) -> bool:
    """Whether a region lies in another one."""
    return inner != outer and (outer == NATION or province_name(inner) == outer)


def own_place(sentences: Iterable[str]) -> str | None:
    """The place that speaks of itself (我市, 市委), named only in names: 某市日报, 某市分公司."""
    sentences = list(sentences)
    city, province = (
        sum(press_pattern(name).search(one) is not None for one in sentences)
        for name in ("own_city", "own_province")
    )
    if not city and not province:
        return None
    counts: Counter[str] = Counter()
    for sentence in sentences:
        regions = [*regions_of_names(sentence), *_regions_abbreviated(sentence)]
        if city >= province:
            names = {one.name for one in regions if one.level != "province" or _is_city(one)}
        else:
            names = {province_name(one.name) for one in regions}
        counts.update(names)
    (best, number), *_ = counts.most_common(1) or [("", 0)]
    return best if number > counts.total() - number else None


def _regions_abbreviated(sentence: str) -> Iterator[Region]:
    """The provinces that a text calls by one character: 在皖企业."""
    for match in press_pattern("abbreviated").finditer(sentence):
        yield from regions_named(match["place"])


def _is_city(region: Region) -> bool:
    return region.level == "province" and region.name.endswith("市")

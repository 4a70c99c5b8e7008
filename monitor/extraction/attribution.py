"""Reporting clauses of the press (某某表示): the subject before a verb of saying, and its role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from monitor.extraction.regions import Region, find_region, gazetteer
from monitor.extraction.vocabulary import DATA, WordTable, alternation, read_table
from monitor.model.statements import NATION, Speaker


class Manner(StrEnum):
    """How something is said; verbs of saying are listed by manner in ``data/speakers.yaml``."""

    PROPOSE = "propose"
    OPINE = "opine"
    ANNOUNCE = "announce"
    REPORT = "report"
    NONE = ""  # nobody is quoted


@dataclass(frozen=True)
class Role(WordTable):
    """A pattern that identifies the kind of a speaker, and the region where it implies one."""

    speaker: Speaker
    pattern: str
    region: str | None = None


@dataclass(frozen=True)
class SpeakerWords(WordTable):
    """``data/speakers.yaml``."""

    roles: tuple[Role, ...]
    saying: dict[Manner, tuple[str, ...]]
    not_saying: tuple[str, ...]
    proposing: str
    agent_should: str
    paper: str
    agent: str
    issuing: str
    subject: str
    planning: str
    pronoun: str
    anaphora: str
    issues: str
    everywhere: str
    several: str
    caption: str
    answer: str
    local_agent: str
    own_office: str
    list_goes_on: str
    local: str
    national: str
    subject_place: str
    that_place: str
    according: str
    office: str
    official: str
    going_on: str
    institution: str
    titles: tuple[str, ...]
    surnames: str
    ambiguous: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who says a sentence, and how.

    ``cue`` is the text that decided.
    """

    speaker: Speaker
    region: str | None
    manner: Manner
    cue: str


@dataclass(frozen=True, slots=True)
class ReportingClause:
    """A subject with a verb of saying, found outside quotes.

    ``speaker`` is None for a pronoun or a name that only the context of the article resolves;
    ``closes`` tells that nothing follows, so that the reported words are those before it.
    """

    speaker: Speaker | None
    region: str | None
    manner: Manner
    subject: str
    verb: str
    closes: bool
    several: bool = False
    """Whether it names several regions (北京、上海等地提出), so that none is the speaker."""

    @property
    def cue(self) -> str:
        """The end of the subject with the verb, for explanations."""
        return f"{self.subject[-30:]}{self.verb}"


@cache
def speaker_words() -> SpeakerWords:
    """Roles, verbs of saying, and the patterns of the press."""
    return read_table(DATA / "speakers.yaml", SpeakerWords)


@cache
def region_pattern() -> re.Pattern[str]:
    """Names of regions as the press writes them, without ambiguous short names."""
    ambiguous = set(speaker_words().ambiguous)
    names = {r.name for r in gazetteer().regions if r.level != "nation"}
    names |= {r.short for r in gazetteer().regions if r.level != "nation" and len(r.short) > 1}
    return re.compile(f"(?:{alternation(names - ambiguous)})(?!{speaker_words().institution})")


@cache
def press_pattern(name: str) -> re.Pattern[str]:
    """The pattern ``name`` of ``data/speakers.yaml``, with ``{region}`` filled in."""
    pattern = getattr(speaker_words(), name)
    return re.compile(pattern.replace("{region}", f"(?:{region_pattern().pattern})"))


@cache
def _verbs() -> tuple[re.Pattern[str], dict[str, Manner]]:
    words = speaker_words()
    manner = {verb: name for name, verbs in words.saying.items() for verb in verbs}
    never = alternation(words.not_saying)
    return re.compile(f"(?P<never>{never})|(?P<verb>{alternation(manner)})"), manner


@cache
def roles() -> tuple[tuple[Role, re.Pattern[str]], ...]:
    """The roles in order of precedence."""
    return tuple((role, re.compile(role.pattern)) for role in speaker_words().roles)


@cache
def _person() -> re.Pattern[str]:
    words = speaker_words()
    return re.compile(f"(?:{alternation(words.titles)})([{words.surnames}][一-鿿]{{1,2}})")


def regions_in(text: str) -> list[Region]:
    """The regions a text names, in order; 广东省深圳市 is 深圳市 alone."""
    found: list[tuple[int, Region]] = []
    for match in region_pattern().finditer(text):
        region = find_region(match[0])
        if region is None:
            continue
        if found and found[-1][0] == match.start() and region.code[:2] == found[-1][1].code[:2]:
            found.pop()
        found.append((match.end(), region))
    return [region for _, region in found]


def region_of_all(regions: Sequence[Region]) -> str | None:
    """The acting region when several are named: 杭州、宁波将 is 浙江省, 北京、上海将 is None.

    Of regions of different levels the last one acts (广东提出，深圳将).
    """
    *others, last = regions
    peers = [region for region in others if region.level == last.level and region != last]
    if not peers:
        return last.name
    if last.level == "province" or any(peer.code[:2] != last.code[:2] for peer in peers):
        return None
    province = gazetteer().province_of(last)
    return province.name if province else None


def province_name(name: str) -> str:
    """The province a region lies in, or the region itself when it lies in none."""
    region = find_region(name)
    province = gazetteer().province_of(region) if region else None
    return province.name if province else name


_SUBJECT_LIMIT = 90


@cache
def _short_pattern() -> re.Pattern[str]:
    # Possibly nothing but a name: 周云杰表示, 据李镇介绍.
    return re.compile("(?:^|[，。；：])据?[^，。；：]{1,4}$")


def is_quoted(sentence: str, at: int) -> bool:
    """Whether the offset ``at`` is inside a quote that opened in this sentence."""
    return sentence.count("“", 0, at) > sentence.count("”", 0, at)


def reporting_clauses(sentence: str) -> Iterator[ReportingClause]:
    """The reporting clauses of a sentence outside quotes, in order."""
    pattern, manner = _verbs()
    for match in pattern.finditer(sentence, 0, _SUBJECT_LIMIT + 40):
        if match["verb"] is None or is_quoted(sentence, match.start()):
            continue
        subject = sentence[: match.start()]
        subject = subject[subject.rfind("”") + 1 :] if subject.endswith("”") else subject
        if len(subject) > _SUBJECT_LIMIT:
            return
        found = _speaker_of_subject(subject, match["verb"], manner[match["verb"]])
        if found is not None:
            closes = sentence[match.end() : match.end() + 1] in {"。", "", "！"}
            speaker, region = found
            several = press_pattern("several").search(subject) is not None
            verb = match["verb"]
            yield ReportingClause(speaker, region, manner[verb], subject, verb, closes, several)


def first_reporting_clause(sentence: str) -> ReportingClause | None:
    """The first reporting clause of a sentence outside quotes, or None."""
    return next(reporting_clauses(sentence), None)


def _speaker_of_subject(
    subject: str, verb: str, manner: Manner
) -> tuple[Speaker | None, str | None] | None:
    """Speaker and region of a subject; (None, None) when the context must resolve it."""
    clause = subject.rpartition("，")[2]
    earlier = subject.removesuffix(clause)
    if clause[:1] in {"他", "她"} and people_in(earlier):
        return _speaker_of_subject(earlier.rstrip("，"), verb, manner)
    regions = regions_in(subject)
    named = regions[0].name if regions else None
    # 谈及下一步，该负责人说: a person named before, whatever office the words name.
    if (
        (named is None and press_pattern("anaphora").search(subject))
        or press_pattern("pronoun").match(clause)
        or press_pattern("office").match(clause)
    ):
        return None, None
    role = role_of(subject)
    if role is not None:
        region = role.region or (NATION if role.speaker is Speaker.MINISTRY else named)
        return role.speaker, region
    # 山东明确, 广东省也提出: a region that announces something is its government.
    if manner == Manner.ANNOUNCE and (
        press_pattern("subject").search(subject) or press_pattern("several").search(subject)
    ):
        return Speaker.GOVERNMENT, named
    if press_pattern("pronoun").match(subject) or _short_pattern().search(subject):
        return None, None
    return None


def role_of(subject: str) -> Role | None:
    """The role that a subject's words match first, or None."""
    return next((role for role, pattern in roles() if pattern.search(subject)), None)


def people_in(text: str) -> list[str]:
    """Names (two or three characters) of the persons a text introduces with a title."""
    return [match[1] for match in _person().finditer(text)]

"""Speakers in the press: who says each sentence, for which region, and in what manner."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from monitor.commitments.regions import Region, find_region, gazetteer
from monitor.commitments.vocabulary import DATA, Table, alternation
from monitor.model import NATION, Provenance, Speaker
from monitor.yamlfile import read_yaml, validate


class Role(Table):
    """Words that give a speaker away."""

    speaker: Speaker
    pattern: str


class SpeakerWords(Table):
    """``data/speakers.yaml``."""

    roles: tuple[Role, ...]
    saying: dict[str, tuple[str, ...]]
    not_saying: tuple[str, ...]
    proposing: str
    agent_should: str
    paper: str
    agent: str
    subject: str
    planning: str
    pronoun: str
    institution: str
    ambiguous: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """Who says a sentence. ``manner`` is propose, opine, announce, report, or '' for none."""

    speaker: Speaker
    region: str | None
    manner: str
    cue: str


@cache
def speaker_words() -> SpeakerWords:
    """Roles, verbs of saying, and the turns of phrase of the press."""
    return validate(read_yaml(DATA / "speakers.yaml"), SpeakerWords)


@cache
def place_pattern() -> re.Pattern[str]:
    """Names of regions as the press writes them, without the short names that mean other things."""
    dull = set(speaker_words().ambiguous)
    names = {r.name for r in gazetteer().regions if r.level != "nation"}
    names |= {r.short for r in gazetteer().regions if r.level != "nation" and len(r.short) > 1}
    return re.compile(f"(?:{alternation(names - dull)})(?!{speaker_words().institution})")


@cache
def _filled(name: str) -> re.Pattern[str]:
    pattern = getattr(speaker_words(), name)
    return re.compile(pattern.replace("{region}", f"(?:{place_pattern().pattern})"))


@cache
def _verbs() -> tuple[re.Pattern[str], dict[str, str]]:
    words = speaker_words()
    manner = {verb: name for name, verbs in words.saying.items() for verb in verbs}
    never = alternation(words.not_saying)
    return re.compile(f"(?P<never>{never})|(?P<verb>{alternation(manner)})"), manner


@cache
def _roles() -> tuple[tuple[Speaker, re.Pattern[str]], ...]:
    return tuple((role.speaker, re.compile(role.pattern)) for role in speaker_words().roles)


def regions_in(text: str) -> list[Region]:
    """The regions a text names, in its order; 广东省深圳市 is 深圳市 alone."""
    found: list[tuple[int, Region]] = []
    for match in place_pattern().finditer(text):
        region = find_region(match[0])
        if region is None:
            continue
        if found and found[-1][0] == match.start() and region.code[:2] == found[-1][1].code[:2]:
            found.pop()
        found.append((match.end(), region))
    return [region for _, region in found]


_SUBJECT_LIMIT = 90
_TAIL = re.compile("[。！？；，：“”]|$")


def attribution(sentence: str) -> tuple[Voice, int, bool] | None:
    """The first attribution of a sentence outside quotes.

    Gives the voice, where its words begin, and whether it only closes what was quoted before.
    """
    pattern, manner = _verbs()
    for match in pattern.finditer(sentence, 0, _SUBJECT_LIMIT + 40):
        if match["verb"] is None or _quoted(sentence, match.start()):
            continue
        subject = sentence[: match.start()]
        subject = subject[subject.rfind("”") + 1 :]
        if len(subject) > _SUBJECT_LIMIT:
            return None
        verb = match["verb"]
        speaker = _speaker(subject, verb)
        if speaker is None:
            continue
        regions = regions_in(subject)
        region = NATION if speaker is Speaker.MINISTRY else None
        if regions and region is None:
            region = regions[0].name
        closes = sentence[match.end() : match.end() + 1] in {"。", "", "！"}
        voice = Voice(speaker, region, manner[verb], f"{subject[-30:]}{verb}")
        return voice, match.end(), closes
    return None


def _quoted(sentence: str, at: int) -> bool:
    opened = sentence.count("“", 0, at)
    return opened > sentence.count("”", 0, at)


def _speaker(subject: str, verb: str) -> Speaker | None:
    for speaker, pattern in _roles():
        if pattern.search(subject):
            return speaker
    # 山东明确, 广东省也提出: a region that announces something is its government.
    if verb in speaker_words().saying["announce"] and _filled("subject").search(subject):
        return Speaker.GOVERNMENT
    return None


def voices(paragraphs: Sequence[Sequence[str]], provenance: Provenance) -> list[list[Voice]]:
    """For each sentence of each paragraph of an article, who says it."""
    pending: Voice | None = None
    result: list[list[Voice]] = []
    for sentences in paragraphs:
        spoken, pending = _paragraph(sentences, provenance, pending)
        result.append(spoken)
    return result


def _paragraph(
    sentences: Sequence[str], provenance: Provenance, pending: Voice | None
) -> tuple[list[Voice], Voice | None]:
    spoken: list[Voice] = []
    current: Voice | None = None
    unattributed: list[int] = []
    inside = False
    place = provenance.region
    for index, sentence in enumerate(sentences):
        opens = sentence.startswith("“") and not inside
        quoted = inside or opens
        inside = _inside(sentence, inside)
        # What stands before a closing quote was said inside it.
        found = None if quoted and (inside or sentence.endswith("”")) else attribution(sentence)
        if found is not None:
            voice, _, closes = found
            voice = _completed(voice, sentence, pending, place)
            pending = None if voice.cue.startswith("continued") else pending
            for earlier in unattributed:
                spoken[earlier] = voice
            unattributed = []
            spoken.append(voice)
            place = voice.region if voice.speaker is not Speaker.MINISTRY else place
            current = None if closes else voice
            continue
        pending = _pending(sentence) or pending
        if quoted:
            spoken.append(current or _paper(sentence, provenance, place))
            if current is None:
                unattributed.append(index)
            continue
        pronoun = _filled("pronoun").match(sentence)
        agent = _agent(sentence)
        if agent is not None and not (current and current.speaker is Speaker.DELEGATE):
            current, unattributed = None, []
            spoken.append(agent)
        elif current is not None and (pronoun or not _filled("paper").match(sentence)):
            current = _manner(current, sentence)
            spoken.append(current)
        else:
            current = None
            voice = _paper(sentence, provenance, place)
            spoken.append(voice)
            if _filled("planning").match(sentence):
                unattributed.append(index)
            else:
                unattributed = []
    return spoken, pending


def _inside(sentence: str, inside: bool) -> bool:
    last_open, last_close = sentence.rfind("“"), sentence.rfind("”")
    return inside if last_open == last_close else last_open > last_close


def _completed(voice: Voice, sentence: str, pending: Voice | None, place: str | None) -> Voice:
    if pending is not None and voice.cue.endswith("看来"):
        return replace(pending, manner=voice.manner, cue=f"continued {voice.cue}")
    if voice.region is None:
        regions = regions_in(sentence)
        return replace(voice, region=regions[0].name if regions else place)
    return voice


def _pending(sentence: str) -> Voice | None:
    """在某代表 without 看来: a column broke off there, the rest stands further down."""
    start = sentence.find("在")
    if not 0 <= start <= 6:
        return None
    subject = sentence[start : start + 40]
    speaker, pattern = _roles()[0]
    if pattern.search(subject) is None:
        return None
    regions = regions_in(subject)
    return Voice(speaker, regions[0].name if regions else None, "opine", subject)


def _agent(sentence: str) -> Voice | None:
    """A region or a ministry that will do something, without anybody saying it."""
    ministry = _roles()[1][1].search(sentence, 0, 20)
    if ministry is not None:
        return Voice(Speaker.MINISTRY, NATION, "report", ministry[0])
    match = _filled("agent").search(sentence, 0, 40)
    if match is None or _quoted(sentence, match.start()):
        return None
    return Voice(Speaker.GOVERNMENT, regions_in(match[0])[0].name, "report", match[0])


def _manner(voice: Voice, sentence: str) -> Voice:
    verb = next((v for v in speaker_words().saying["propose"] if v in sentence[:20]), None)
    return replace(voice, manner="propose") if verb else voice


def _paper(sentence: str, provenance: Provenance, place: str | None) -> Voice:
    regions = regions_in(sentence)
    region = regions[0].name if regions else place
    return Voice(provenance.speaker, region, "", "")

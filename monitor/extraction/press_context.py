"""What an article has told so far: who has been named in it, and whose words a reference means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from monitor.extraction.attribution import (
    Attribution,
    Voice,
    attributions,
    people_in,
    province_name,
    regions_in,
    role_of,
    roles,
    turn,
)
from monitor.extraction.regions import find_region
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Speaker

RULERS = frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY})
_PEOPLE_LIMIT = 200


@dataclass
class Article:
    """What the article has said so far of who speaks in it."""

    provenance: Provenance
    pending: Voice | None = None
    """A speaker whose 看来 stands further down, because a column broke off."""
    person: Voice | None = None
    ruler: Voice | None = None
    people: dict[str, Voice] = field(default_factory=dict)
    place: str | None = None
    """The region that was named last."""
    caption: Voice | None = None
    """The region under whose heading we are (上海：, 【广东】)."""
    listing: Voice | None = None
    """Who was making proposals when the last paragraph ended."""

    def attributed(self, sentence: str, place: str | None) -> tuple[Attribution, Voice] | None:
        """The first attribution of a sentence that the article can explain, and its voice.

        ``place`` is the region the paragraph speaks of.
        """
        for found in attributions(sentence):
            voice = self._resolved(found, sentence, place)
            if voice is not None:
                return found, voice
        return None

    def remember(self, sentence: str) -> None:
        """Keep who and what is named without saying anything yet."""
        if sentence.startswith("“"):
            return
        named = regions_in(sentence)
        first_clause = regions_in(sentence.partition("，")[0])
        # 距离苏州不到百公里的嘉兴: the last one named is spoken of.
        self.place = (first_clause[-1:] or named[:1])[0].name if named else self.place
        if turn("issues").search(sentence, 0, 60):
            self.ruler = _issuer(sentence, named[0].name if named else self.place)
        opening = sentence[:60]
        role = role_of(opening)
        if role is None:
            return
        regions = regions_in(opening)
        region = regions[0].name if regions else self.provenance.region
        if role.speaker in RULERS:
            if people_in(opening) or turn("official").match(sentence):
                region = NATION if role.speaker is Speaker.MINISTRY else region
                self._introduce(opening, Voice(role.speaker, region, "report", sentence[:30]))
            return
        voice = Voice(role.speaker, region, "opine", sentence[:30])
        if 0 <= sentence.find("在") <= 6 and role.speaker is roles()[1][0].speaker:
            self.pending = voice
        if people_in(opening):
            self._introduce(opening, voice)

    def _resolved(self, found: Attribution, sentence: str, place: str | None) -> Voice | None:
        if self.pending is not None and found.verb == "看来":
            voice = replace(self.pending, manner=found.manner, cue=f"continued {found.cue}")
            self.pending = None
            return voice
        if found.speaker is None:
            return self._referred(found)
        speaker, region = found.speaker, found.region
        if found.several and speaker is Speaker.GOVERNMENT:
            return Voice(speaker, None, found.manner, found.cue)
        if region is None and speaker is Speaker.GOVERNMENT:
            speaker, region = self._government(found, place)
        elif region is None:
            regions = regions_in(sentence)
            region = regions[0].name if regions else place
        voice = Voice(speaker, region, found.manner, found.cue)
        clause = found.subject.rpartition("，")[2]
        if speaker in RULERS:
            self.ruler = voice
        # An office is no person: 他 is not 广州市工业和信息化局.
        if speaker not in RULERS or people_in(found.subject) or turn("official").search(clause):
            self._introduce(found.subject + found.verb, voice)
        return voice

    def _government(self, found: Attribution, place: str | None) -> tuple[Speaker, str | None]:
        """Which government 省数据局 or 政府工作报告 is, when nothing names its place."""
        agent = turn("agent").search(found.subject)
        own = regions_in(agent[0]) if agent else []
        region = own[0].name if own else place or self.place
        if not own and region and turn("own_office").search(found.subject):
            region = province_name(region)
        if region is None and not turn("local").search(found.subject):
            region = NATION
        if region == NATION and not turn("national").search(found.subject):
            return Speaker.MINISTRY, region
        return Speaker.GOVERNMENT, region

    def _referred(self, found: Attribution) -> Voice | None:
        """他认为, 报告提出, 张三说: the words of somebody the article has named before."""
        clause = found.subject.rpartition("，")[2]
        known = next(
            (voice for name, voice in self.people.items() if name in found.subject[-12:]), None
        )
        if known is None and turn("anaphora").search(found.subject):
            known = self.ruler or self._national(found)
        elif known is None and turn("office").match(clause):
            known = self.ruler
        elif known is None and turn("pronoun").match(clause):
            known = self.person
        return None if known is None else replace(known, manner=found.manner, cue=found.cue)

    def _national(self, found: Attribution) -> Voice | None:
        """A bare 报告 in an article of no region is the State Council's."""
        if self.provenance.region is None and "报告" in found.subject:
            return Voice(Speaker.GOVERNMENT, NATION, found.manner, found.cue)
        return None

    def _introduce(self, text: str, voice: Voice) -> None:
        self.person = voice
        for name in people_in(text):
            if len(self.people) < _PEOPLE_LIMIT:
                self.people[name[:3]] = voice
                self.people.setdefault(name[:2], voice)


def placed(voice: Voice, sentence: str, article: Article) -> Voice:
    """The voice of a government with the place in it that a sentence is about.

    In a province's answer 合肥是主引擎，该市已聚集… speaks of the city.
    """
    if voice.speaker is not Speaker.GOVERNMENT or voice.region is None:
        return voice
    subject = turn("subject_place").match(sentence)
    if subject is not None:
        named = regions_in(subject["place"])
        region = named[-1].name if named else None
    else:
        region = article.place if turn("that_place").match(sentence) else None
    if region is None or not _lies_in(region, voice.region):
        return voice
    return replace(voice, region=region)


def _lies_in(inner: str, outer: str) -> bool:
    return inner != outer and province_name(inner) == outer and find_region(inner) is not None


def _issuer(sentence: str, region: str | None) -> Voice | None:
    """The ruler whose document a sentence announces."""
    role = role_of(sentence[:40])
    if role is not None and role.speaker is Speaker.MINISTRY:
        return Voice(Speaker.MINISTRY, NATION, "announce", sentence[:30])
    return Voice(Speaker.GOVERNMENT, region, "announce", sentence[:30]) if region else None

"""Discourse state of a press article: people, authorities and places named so far.

It resolves references (他表示, 报告提出, 该市) to the speaker or region named before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from monitor.extraction.attribution import (
    Attribution,
    Manner,
    ReportingClause,
    people_in,
    press_pattern,
    province_name,
    regions_in,
    reporting_clauses,
    role_of,
    roles,
)
from monitor.extraction.regions import find_region
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Speaker

AUTHORITIES = frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY})
_PEOPLE_LIMIT = 200


@dataclass
class PressContext:
    """Who and what the sentences read so far have named."""

    provenance: Provenance
    pending_speaker: Attribution | None = None
    """A speaker whose 看来 follows in a later line, because a column broke the sentence."""
    last_person: Attribution | None = None
    authority: Attribution | None = None
    people: dict[str, Attribution] = field(default_factory=dict)
    place: str | None = None
    """The region named last."""
    caption: Attribution | None = None
    """The region of the caption above (上海：, 【广东】)."""
    list_speaker: Attribution | None = None
    """The speaker whose list of proposals was open at the end of the last paragraph."""

    def resolve_first(
        self, sentence: str, place: str | None
    ) -> tuple[ReportingClause, Attribution] | None:
        """The first reporting clause of a sentence that can be resolved, and its attribution.

        ``place`` is the region the paragraph is about.
        """
        for found in reporting_clauses(sentence):
            attribution = self._resolve(found, sentence, place)
            if attribution is not None:
                return found, attribution
        return None

    def update(self, sentence: str) -> None:
        """Record the people, authorities and places that a sentence without attribution names."""
        if sentence.startswith("“"):
            return
        named = regions_in(sentence)
        first_clause = regions_in(sentence.partition("，")[0])
        # 距离苏州不到百公里的嘉兴: the last region named is the subject.
        self.place = (first_clause[-1:] or named[:1])[0].name if named else self.place
        if press_pattern("issues").search(sentence, 0, 60):
            self.authority = _issuer(sentence, named[0].name if named else self.place)
        opening = sentence[:60]
        role = role_of(opening)
        if role is None:
            return
        regions = regions_in(opening)
        region = regions[0].name if regions else self.provenance.region
        if role.speaker in AUTHORITIES:
            if people_in(opening) or press_pattern("official").match(sentence):
                region = NATION if role.speaker is Speaker.MINISTRY else region
                self._add_person(
                    opening, Attribution(role.speaker, region, Manner.REPORT, sentence[:30])
                )
            return
        attribution = Attribution(role.speaker, region, Manner.OPINE, sentence[:30])
        if 0 <= sentence.find("在") <= 6 and role.speaker is roles()[1][0].speaker:
            self.pending_speaker = attribution
        if people_in(opening):
            self._add_person(opening, attribution)

    def _resolve(
        self, found: ReportingClause, sentence: str, place: str | None
    ) -> Attribution | None:
        if self.pending_speaker is not None and found.verb == "看来":
            attribution = replace(
                self.pending_speaker, manner=found.manner, cue=f"continued {found.cue}"
            )
            self.pending_speaker = None
            return attribution
        if found.speaker is None:
            return self._resolve_reference(found)
        speaker, region = found.speaker, found.region
        if found.several and speaker is Speaker.GOVERNMENT:
            return Attribution(speaker, None, found.manner, found.cue)
        if region is None and speaker is Speaker.GOVERNMENT:
            speaker, region = self._government(found, place)
        elif region is None:
            regions = regions_in(sentence)
            region = regions[0].name if regions else place
        attribution = Attribution(speaker, region, found.manner, found.cue)
        clause = found.subject.rpartition("，")[2]
        if speaker in AUTHORITIES:
            self.authority = attribution
        # An office is not a person: 他 does not mean 广州市工业和信息化局.
        if (
            speaker not in AUTHORITIES
            or people_in(found.subject)
            or press_pattern("official").search(clause)
        ):
            self._add_person(found.subject + found.verb, attribution)
        return attribution

    def _government(self, found: ReportingClause, place: str | None) -> tuple[Speaker, str | None]:
        """Resolve 省数据局 or 政府工作报告 to a government when no region is named with it."""
        agent = press_pattern("agent").search(found.subject)
        own = regions_in(agent[0]) if agent else []
        region = own[0].name if own else place or self.place
        if not own and region and press_pattern("own_office").search(found.subject):
            region = province_name(region)
        if region is None and not press_pattern("local").search(found.subject):
            region = NATION
        if region == NATION and not press_pattern("national").search(found.subject):
            return Speaker.MINISTRY, region
        return Speaker.GOVERNMENT, region

    def _resolve_reference(self, found: ReportingClause) -> Attribution | None:
        """Resolve 他认为, 报告提出, 张三说 to a speaker named before."""
        clause = found.subject.rpartition("，")[2]
        known = next(
            (
                attribution
                for name, attribution in self.people.items()
                if name in found.subject[-12:]
            ),
            None,
        )
        if known is None and press_pattern("anaphora").search(found.subject):
            known = self.authority or self._state_council(found)
        elif known is None and press_pattern("office").match(clause):
            known = self.authority
        elif known is None and press_pattern("pronoun").match(clause):
            known = self.last_person
        return None if known is None else replace(known, manner=found.manner, cue=found.cue)

    def _state_council(self, found: ReportingClause) -> Attribution | None:
        """报告 alone, in an article without a region, is the State Council's."""
        if self.provenance.region is None and "报告" in found.subject:
            return Attribution(Speaker.GOVERNMENT, NATION, found.manner, found.cue)
        return None

    def _add_person(self, text: str, attribution: Attribution) -> None:
        self.last_person = attribution
        for name in people_in(text):
            if len(self.people) < _PEOPLE_LIMIT:
                self.people[name[:3]] = attribution
                self.people.setdefault(name[:2], attribution)


def with_place(attribution: Attribution, sentence: str, context: PressContext) -> Attribution:
    """Narrow a government's attribution to the place in its region that a sentence is about.

    In a province's answer 合肥是主引擎，该市已聚集… is about the city.
    """
    if attribution.speaker is not Speaker.GOVERNMENT or attribution.region is None:
        return attribution
    subject = press_pattern("subject_place").match(sentence)
    if subject is not None:
        named = regions_in(subject["place"])
        region = named[-1].name if named else None
    else:
        region = context.place if press_pattern("that_place").match(sentence) else None
    if region is None or not _lies_in(region, attribution.region):
        return attribution
    return replace(attribution, region=region)


def _lies_in(inner: str, outer: str) -> bool:
    return inner != outer and province_name(inner) == outer and find_region(inner) is not None


def _issuer(sentence: str, region: str | None) -> Attribution | None:
    """The authority whose document a sentence announces."""
    role = role_of(sentence[:40])
    if role is not None and role.speaker is Speaker.MINISTRY:
        return Attribution(Speaker.MINISTRY, NATION, Manner.ANNOUNCE, sentence[:30])
    return (
        Attribution(Speaker.GOVERNMENT, region, Manner.ANNOUNCE, sentence[:30]) if region else None
    )

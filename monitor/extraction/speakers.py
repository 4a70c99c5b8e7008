"""Speaker attribution in the press: who says each sentence of an article.

The state of the discourse (people, authorities and places named so far) resolves references
(他表示, 报告提出, 该市) to the speaker or region named before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from monitor.extraction.attribution import (
    Attribution,
    Manner,
    ReportingClause,
    first_reporting_clause,
    is_quoted,
    people_in,
    press_pattern,
    province_name,
    region_of_all,
    regions_in,
    reporting_clauses,
    role_of,
    roles,
    speaker_words,
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


def attribute_sentences(
    paragraphs: Sequence[Sequence[str]], provenance: Provenance
) -> list[list[Attribution]]:
    """The attribution of each sentence, paragraph by paragraph, in the shape of ``paragraphs``."""
    context = PressContext(provenance, place=provenance.region)
    return [_attribute_paragraph(sentences, context) for sentences in paragraphs]


def _attribute_paragraph(sentences: Sequence[str], context: PressContext) -> list[Attribution]:
    attributions: list[Attribution] = []
    if sentences:
        context.caption = _caption(sentences[0], context)
    opens = bool(sentences) and press_pattern("list_goes_on").match(sentences[0])
    current = context.list_speaker if opens else None
    unattributed: list[int] = []  # quotes and plans whose speaker follows
    inside = False
    place = context.provenance.region
    interviewee = _interviewee(sentences, context)
    for index, sentence in enumerate(sentences):
        if interviewee is not None:
            context.update(sentence)
            attributions.append(with_place(interviewee, sentence, context))
            continue
        in_quote = inside or sentence.startswith("“")
        inside = _inside(sentence, inside)
        # Text before a closing quote belongs to the quote.
        whole_quote = in_quote and (inside or sentence.rstrip("。！？；").endswith("”"))
        resolved = None if whole_quote else context.resolve_first(sentence, place)
        if resolved is not None:
            found, attribution = resolved
            for earlier in unattributed:
                attributions[earlier] = attribution
            unattributed = []
            attributions.append(attribution)
            place = attribution.region if attribution.region not in {None, NATION} else place
            current = None if found.closes else attribution
            words = sentence.partition(found.verb)[2].lstrip("，：“")
            region = None if attribution.region == NATION else attribution.region
            context.place = _subject_place(words) or region or context.place
            continue
        context.update(sentence)
        place = _subject_place(sentence) or place
        if in_quote:
            attributions.append(
                _with_manner(current, sentence) or _newspaper(sentence, context, place)
            )
            if current is None:
                unattributed.append(index)
            continue
        acting = _acting_region(sentence, place or context.place) or _acting_local_region(
            sentence, place, context
        )
        if acting is not None and (current is None or current.speaker in AUTHORITIES):
            current, unattributed = acting, []
            attributions.append(acting)
        elif current is not None and (
            _continues(current, sentence) or (index and sentences[index - 1].endswith("；"))
        ):
            current = _with_manner(current, sentence)
            attributions.append(
                with_place(current, sentence, context)
                if current
                else _newspaper(sentence, context, place)
            )
        else:
            current = None
            captioned = None if press_pattern("paper").match(sentence) else context.caption
            attributions.append(captioned or _newspaper(sentence, context, place))
            unattributed = (
                [*unattributed, index] if press_pattern("planning").match(sentence) else []
            )
    context.list_speaker = current if current and current.speaker not in AUTHORITIES else None
    return attributions


def _interviewee(sentences: Sequence[str], context: PressContext) -> Attribution | None:
    """The speaker of a paragraph of an interview (秦某：…); the newspaper for a question."""
    match = press_pattern("answer").match(sentences[0]) if sentences else None
    if match is None:
        return None
    who = match["who"]
    known = context.people.get(who) or (context.last_person if who in {"答", "他", "她"} else None)
    if known is not None:
        return replace(known, manner=known.manner or Manner.REPORT, cue=match[0])
    if who in {"记者", "问", "本报记者", "主持人"}:
        return Attribution(context.provenance.speaker, None, Manner.NONE, match[0])
    return None


def _caption(sentence: str, context: PressContext) -> Attribution | None:
    """The region whose plans a paragraph lists: by its own caption, or by the one above."""
    match = press_pattern("caption").match(sentence)
    if match is not None:
        (region, *_) = regions_in(match["place"])
        return Attribution(Speaker.GOVERNMENT, region.name, Manner.REPORT, match[0])
    named = {region.name for region in regions_in(sentence)}
    if context.caption and (first_reporting_clause(sentence) or named - {context.caption.region}):
        return None
    return context.caption


def _inside(sentence: str, inside: bool) -> bool:
    last_open, last_close = sentence.rfind("“"), sentence.rfind("”")
    return inside if last_open == last_close else last_open > last_close


def _continues(current: Attribution, sentence: str) -> bool:
    """Whether a sentence continues the words of the current speaker.

    A person's words continue until the newspaper speaks, an authority's only in sentences that
    still plan.
    """
    if press_pattern("pronoun").match(sentence):
        return True
    if press_pattern("paper").match(sentence):
        return False
    if current.speaker in AUTHORITIES:
        return bool(
            press_pattern("planning").match(sentence) or press_pattern("going_on").match(sentence)
        )
    return True


def _subject_place(sentence: str) -> str | None:
    """The region that is the subject of a sentence: 湖南则把目光放在…."""
    match = press_pattern("subject_place").match(sentence)
    named = regions_in(match["place"]) if match else []
    return named[-1].name if named else None


def _acting_region(sentence: str, place: str | None) -> Attribution | None:
    """A region or a ministry that will do something, without a reporting clause."""
    issued = press_pattern("issuing").match(sentence)
    manner = Manner.ANNOUNCE if issued else Manner.REPORT
    role = role_of(sentence[:20])
    if role is not None and role.speaker is Speaker.MINISTRY:
        return Attribution(Speaker.MINISTRY, NATION, manner, sentence[:20])
    according = press_pattern("according").match(sentence)
    if according is not None:
        named = regions_in(according[0])
        region = named[-1].name if named else place
        return (
            Attribution(Speaker.GOVERNMENT, region, Manner.ANNOUNCE, according[0])
            if region
            else None
        )
    match = issued or press_pattern("agent").search(sentence, 0, 90)
    if match is None or is_quoted(sentence, match.end() - 1):
        return None
    agents = regions_in(match[0].partition("《")[0])
    return (
        Attribution(Speaker.GOVERNMENT, region_of_all(agents), manner, match[0]) if agents else None
    )


def _acting_local_region(
    sentence: str, place: str | None, context: PressContext
) -> Attribution | None:
    """The same for a region referred to by 该市, or not at all (今年，将…)."""
    match = press_pattern("local_agent").match(sentence)
    if match is not None and press_pattern("that_place").search(match[0]):
        place = context.place or context.provenance.region
    if match is None or place is None:
        return None
    return Attribution(Speaker.GOVERNMENT, place, Manner.REPORT, match[0])


def _with_manner(attribution: Attribution | None, sentence: str) -> Attribution | None:
    if attribution is None:
        return None
    verb = next((v for v in speaker_words().saying[Manner.PROPOSE] if v in sentence[:20]), None)
    return replace(attribution, manner=Manner.PROPOSE) if verb else attribution


def _newspaper(sentence: str, context: PressContext, place: str | None) -> Attribution:
    regions = regions_in(sentence)
    if not regions and press_pattern("everywhere").search(sentence):
        place = context.provenance.region
    elif not regions and press_pattern("that_place").match(sentence):
        place = context.place
    region = regions[0].name if regions else place
    return Attribution(context.provenance.speaker, region, Manner.NONE, "")

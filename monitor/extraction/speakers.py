"""Speaker attribution in the press: who says each sentence of an article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.extraction.attribution import (
    Attribution,
    Manner,
    first_reporting_clause,
    is_quoted,
    press_pattern,
    region_of_all,
    regions_in,
    role_of,
    speaker_words,
)
from monitor.extraction.press_context import AUTHORITIES, PressContext, with_place
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Speaker


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

"""Speaker attribution in the press: who says each sentence of an article, and for which region.

A reader knows this from the sentences before: who was introduced, whose document is spoken of,
which place the article is about. ``article_frame`` reads the article as a whole, ``discourse`` is
the knowledge carried through it, and here each sentence is given its speaker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from monitor.extraction.acting_authority import (
    acting_authority,
    is_backward_looking,
    is_forward_looking,
    is_plan_without_subject,
    only_issues,
)
from monitor.extraction.article_blocks import answering, caption, excerpted, names_block
from monitor.extraction.article_frame import ArticleFrame, read_frame
from monitor.extraction.attribution import (
    Attribution,
    KnownBy,
    ReportingClause,
    mask_quotes,
    people_in,
)
from monitor.extraction.coreference import note, resolve_first
from monitor.extraction.discourse import Discourse
from monitor.extraction.issuers import AUTHORITIES, first_region
from monitor.extraction.quantities import quantities
from monitor.extraction.speaker_words import Manner, press_pattern
from monitor.extraction.topic_region import (
    lies_in,
    news_start,
    region_of_body,
    region_of_topic,
    subject_region,
)
from monitor.extraction.toponyms import (
    mark_places,
    named_in_full,
    places_in,
    province_name,
    region_of_all,
    regions_in,
)
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Speaker


def attribute_sentences(
    paragraphs: Sequence[Sequence[str]],
    provenance: Provenance,
    frame: ArticleFrame | None = None,
) -> list[list[Attribution]]:
    """The attribution of each sentence, paragraph by paragraph, in the shape of ``paragraphs``.

    ``frame`` is that of the article, where it is read already.
    """
    frame = frame or read_frame(paragraphs, provenance)
    state = Discourse(provenance, frame, carried=frame.voice, place=provenance.region)
    found: list[list[Attribution]] = []
    for number, sentences in enumerate(paragraphs):
        state.author = frame.authors[number] if frame.authors else None
        if frame.digest and sentences and _is_heading(sentences):
            state.begin_item()
        found.append(_attribute_paragraph(sentences, state))
    return _with_headings(paragraphs, found)


def with_full_names(paragraphs: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """The sentences with the names of counties in full, where the article has them so elsewhere.

    莫干山下的德清 is 德清县 to whoever has read of 德清县政府.
    """
    names = named_in_full(chain.from_iterable(paragraphs))
    if not names:
        return paragraphs
    # Not in a quoted name: “天河二号” is no place.
    stems = (f"{stem}(?!{name[len(stem)]})" for stem, name in names.items())
    short = re.compile(f"(?:{'|'.join(stems)})(?![^，。；”]{{0,6}}”)")
    return [
        [short.sub(lambda match: names[match[0]], sentence) for sentence in sentences]
        for sentences in paragraphs
    ]


def _attribute_paragraph(sentences: Sequence[str], state: Discourse) -> list[Attribution]:
    """The attributions of a paragraph's sentences, and the state after it."""
    if not sentences:
        return []
    state.carried, state.current = state.current or state.carried, None
    state.paragraph_place = state.subject_place = state.convener = None
    state.caption = caption(sentences[0], state)
    if state.author is not None and state.author.known_by is KnownBy.ISSUED:
        return [_attribute_issued(state.author, sentence, state) for sentence in sentences]
    state.current = _speaker_of_list(sentences, state)
    if state.begun and names_block(sentences, state):
        return [state.block or _attribute_newspaper(sentence, state) for sentence in sentences]
    asked = _asks_respondent(sentences, state)
    state.begun = True
    state.block = None if asked else state.block
    found, inside = _attribute_each(sentences, state)
    state.open_quote = state.current if inside else None
    state.listing = state.current if sentences[-1].endswith("：") else state.listing
    state.block = state.frame.respondent if asked else state.block
    return found


def _attribute_each(sentences: Sequence[str], state: Discourse) -> tuple[list[Attribution], bool]:
    """The attributions of a paragraph's sentences, and whether it ends inside a quotation."""
    found: list[Attribution] = []
    waiting: list[int] = []  # quotations whose speaker follows
    inside = False
    for index, sentence in enumerate(sentences):
        state.current = answering(sentence, state) or state.current
        quoted = inside or sentence.startswith("“", news_start(sentence))
        clause = resolve_first(sentence, state, inside=inside)
        whole = quoted and _is_one_quotation(sentence[news_start(sentence) :], inside)
        inside = _ends_inside_quotation(sentence, inside)
        if whole and clause is None:
            found.append(_attribute_quotation(sentence, state))
            if state.current is None or not state.current.person:
                waiting.append(index)
            continue
        if clause is not None:
            for earlier in waiting:
                if _claims_quotation(clause, found[earlier]):
                    said = replace(clause[1], known_by=KnownBy.QUOTE, distance=index - earlier)
                    found[earlier] = _with_region(said, sentences[earlier], state)
        waiting = []
        found.append(_attribute_sentence(sentence, clause, state))
        found[-1] = _with_news_region(found[-1], sentence, state)
        if (
            not index
            and clause is None
            and found[0].known_by in _UNSURE
            and is_plan_without_subject(sentence)
        ):
            waiting.append(index)  # 部署…，建设…。山东明确，…
    return found, inside


def _asks_respondent(sentences: Sequence[str], state: Discourse) -> bool:
    """Whether a paragraph asks whoever the headline says answers the questions."""
    return state.begun and state.frame.respondent is not None and sentences[-1].endswith("？")


def _speaker_of_list(sentences: Sequence[str], state: Discourse) -> Attribution | None:
    """The speaker whose list, or whose quotation over several paragraphs, a paragraph goes on."""
    if state.open_quote is not None and sentences[0].startswith("“"):
        return state.open_quote
    if state.listing is None:
        return None
    item = press_pattern("item").match(sentences[0]) or sentences[0][-1:] == "；"
    last = state.listing if item or is_plan_without_subject(sentences[0]) else None
    state.listing = last
    if last is None:
        return None
    return replace(last, known_by=KnownBy.CONTINUED, distance=last.distance + 1)


def _attribute_issued(issuer: Attribution, sentence: str, state: Discourse) -> Attribution:
    """The attribution of a sentence of an authority's own document; questions are its too."""
    note(sentence, state)
    return _with_region(issuer, sentence, state)


_UNSURE = frozenset({KnownBy.OWNER, KnownBy.NEWSPAPER})


def _claims_quotation(clause: tuple[ReportingClause, Attribution], earlier: Attribution) -> bool:
    """Whether a reporting clause tells who said the sentence before it."""
    reported, attribution = clause
    return bool(attribution.person) or reported.closes or earlier.known_by in _UNSURE


def _attribute_sentence(
    sentence: str, clause: tuple[ReportingClause, Attribution] | None, state: Discourse
) -> Attribution:
    """The attribution of a sentence that is no mere quotation, and the state after it."""
    note(sentence, state)
    cited, state.cited = state.cited, None
    if clause is not None:
        return _attribute_reported(sentence, *clause, state)
    if cited is not None and (is_plan_without_subject(sentence) or sentence.endswith("；")):
        state.cited = cited if sentence.endswith("；") else None
        again = replace(cited, known_by=KnownBy.CONTINUED, distance=cited.distance + 1)
        return _with_region(again, sentence, state)
    throughout = state.author or state.block
    if throughout is not None:
        return _with_region(throughout, sentence, state)
    if sentence.endswith("？"):
        return _attribute_newspaper(sentence, state)
    _open_excerpt(sentence, state)
    return _attribute_narration(sentence, state)


def _attribute_narration(sentence: str, state: Discourse) -> Attribution:
    """The attribution of a sentence in which nobody is named as its speaker."""
    acting = acting_authority(sentence, state)
    state.current = _continuing_speaker(sentence, acting, state)
    if state.current is not None:
        return _with_region(state.current, sentence, state)
    if acting is not None:
        state.current = state.owner = acting
        told = not only_issues(sentence) or press_pattern("future").search(sentence) is not None
        if acting.speaker is not Speaker.MINISTRY or told:
            return acting
        return replace(_attribute_newspaper(sentence, state), cue=acting.cue)
    if state.caption is not None and _belongs_to_caption(sentence, state):
        return _attribute_below_caption(sentence, state.caption, state)
    if press_pattern("both_sides").search(sentence):
        state.carried = None  # 另一方面 goes on with the newspaper's words
    return _attribute_newspaper(sentence, state)


def _attribute_below_caption(sentence: str, caption: Attribution, state: Discourse) -> Attribution:
    """The region of a caption; where the paragraph goes on about a place in it, that place.

    What a province plans for its cities stays the province's.
    """
    there = state.paragraph_place
    plans = sentence.startswith(caption.cue) or is_plan_without_subject(sentence)
    if plans or there is None or not lies_in(there, caption.region or ""):
        return caption
    return replace(caption, region=there)


def _belongs_to_caption(sentence: str, state: Discourse) -> bool:
    """Whether a sentence below the name of a region is that region's.

    A headline that begins with it only says what the article is about: its plans are the region's.
    """
    if press_pattern("paper").match(sentence):
        return False
    if not state.frame.feature or is_plan_without_subject(sentence):
        return True
    plans = any(press_pattern(name).search(sentence) for name in ("future", "concrete", "content"))
    return plans and not is_backward_looking(sentence)


def _attribute_reported(
    sentence: str, reported: ReportingClause, attribution: Attribution, state: Discourse
) -> Attribution:
    """The attribution of a sentence with a reporting clause."""
    if reported.appears and not quantities(sentence):
        state.current = attribution
        return replace(_attribute_newspaper(sentence, state), cue=attribution.cue)
    cited = state.author is not None or _is_citation(reported, attribution, state)
    state.current = None if cited else attribution
    state.cited = attribution if cited and sentence.endswith("；") else None
    if not cited and attribution.speaker in AUTHORITIES:
        state.owner = attribution
    if state.block is not None and state.block.cue == _EXCERPT:
        state.block = None
    _open_excerpt(sentence, state)
    words = sentence[news_start(sentence) + reported.end :].lstrip("，：")
    state.place = region_of_topic(words) or state.place
    return _with_region(attribution, words, state)


_EXCERPT = "excerpt"


def _open_excerpt(sentence: str, state: Discourse) -> None:
    """Begin a block at 以下为部分摘录：; the next reporting clause ends it."""
    if press_pattern("excerpt").search(sentence) is None:
        return
    speaker = state.current or excerpted(sentence, state) or state.last_person or state.owner
    if speaker is not None:
        state.block = replace(speaker, cue=_EXCERPT, known_by=KnownBy.BLOCK)


def _is_citation(reported: ReportingClause, attribution: Attribution, state: Discourse) -> bool:
    """Whether leaders and plans are only quoted, in an article about other things."""
    if state.frame.comment:
        return attribution.speaker in AUTHORITIES
    if attribution.region != NATION or attribution.speaker is not Speaker.GOVERNMENT:
        return False
    if attribution.known_by is KnownBy.DOCUMENT:
        return press_pattern("state_document").search(reported.subject.text) is not None
    return not state.frame.leader


def _attribute_quotation(sentence: str, state: Discourse) -> Attribution:
    """Who is quoted when the sentence does not tell: who speaks already, or spoke last."""
    speaker = state.author or state.block or state.current or state.last_person
    if speaker is None:
        return _attribute_newspaper(sentence, state)
    known_by = KnownBy.CONTINUED if state.current else KnownBy.QUOTE
    goes_on = replace(speaker, known_by=known_by, distance=speaker.distance + 1)
    return _with_region(goes_on, sentence, state)


def _continuing_speaker(
    sentence: str, acting: Attribution | None, state: Discourse
) -> Attribution | None:
    """The speaker before, when the words go on; None when somebody else is the subject."""
    body = sentence[news_start(sentence) :]
    if _newspaper_speaks(body, state):
        return None
    current = state.current or _speaker_resumed(body, state)
    if current is None:
        return _owner_of_plan(body, acting, state)
    if acting is not None and _ends_words_of(acting, current):
        return None
    if _names_another(body, current):
        return None
    if current.known_by in _NARRATED_PLANS and not _continues_plan(body, current, state):
        return None
    return replace(current, known_by=_how_known_after(current), distance=current.distance + 1)


def _names_another(body: str, current: Attribution) -> bool:
    """Whether a sentence is about somebody else, or tells of a place that a firm only is at."""
    if current.speaker is Speaker.ENTERPRISE and _is_about_place(body):
        return True
    told = current.speaker is Speaker.GOVERNMENT and current.known_by in _NARRATED_PLANS
    if told and _is_elsewhere(body, current.region):
        return True
    others = people_in(mask_quotes(body).partition("，")[0])
    return bool(others) and not any(name.startswith(current.person or "?") for name in others)


def _is_elsewhere(body: str, region: str | None) -> bool:
    """Whether a sentence opens with a place of another province, where something happens."""
    place = press_pattern("elsewhere").match(mark_places(body))
    there = region_of_all(regions_in(body[slice(*place.span("place"))])) if place else None
    if there is None or region in {None, NATION}:
        return False
    return province_name(there) != province_name(region or "")


def _is_about_place(body: str) -> bool:
    """Whether a sentence tells of a place, outside quotes, what it has or does."""
    subject = press_pattern("subject_place").match(mark_places(body))
    return subject is not None and body[:1] != "“" and body.count("“") == body.count("”")


def _ends_words_of(acting: Attribution, current: Attribution) -> bool:
    """Whether an authority that acts ends the words of the speaker before."""
    if current.known_by is not KnownBy.NAMED and acting.region != current.region:
        return True
    if acting.speaker is current.speaker is Speaker.GOVERNMENT and _is_foreign(acting, current):
        return True
    return acting.speaker is not current.speaker and acting.region != NATION


def _is_foreign(acting: Attribution, current: Attribution) -> bool:
    """Whether a place acts for which the speaker does not govern: it lies beside his own."""
    there, own = acting.region, current.region
    if there is None or own is None or there == own:
        return False
    return not lies_in(there, own) and not lies_in(own, there)


def _newspaper_speaks(sentence: str, state: Discourse) -> bool:
    """Whether a sentence is the newspaper's own, by its opening.

    Inside a person's words 当前 and 近年来 are the person's.
    """
    speaking = state.current is not None and state.current.known_by not in _NARRATED_PLANS
    if state.frame.leader and press_pattern("visits").search(mask_quotes(sentence)):
        return True
    if press_pattern("stranger").match(sentence):
        return True
    if state.frame.figures and press_pattern("figures_go_on").match(sentence):
        return False
    if state.frame.only_source and press_pattern("results_go_on").match(sentence):
        return False
    cues = ("paper_again",) if speaking else ("paper_again", "paper")
    scene = press_pattern("scene").match(mark_places(sentence))
    return scene is not None or any(press_pattern(cue).match(sentence) for cue in cues)


_NARRATED_PLANS = frozenset({KnownBy.ACTING, KnownBy.DOCUMENT, KnownBy.OWNER})
"""Nobody speaks: the newspaper tells a plan, and only what plans is its owner's."""


def _continues_plan(sentence: str, current: Attribution, state: Discourse) -> bool:
    """Whether a sentence after a plan that the newspaper tells belongs to the plan too."""
    if is_plan_without_subject(sentence):
        return not is_backward_looking(sentence)
    if press_pattern("defines").search(sentence):
        return False
    if current.known_by is KnownBy.DOCUMENT and press_pattern("duty").search(sentence):
        return True
    told = press_pattern("trend").match(sentence) or press_pattern("judges").search(sentence)
    if told or press_pattern("firm_acts").search(mask_quotes(sentence)):
        return False
    if state.frame.owner is not None:
        return not is_backward_looking(sentence)
    return press_pattern("future").search(sentence) is not None and (
        current.known_by is KnownBy.DOCUMENT or press_pattern("goes_on").match(sentence) is not None
    )


def _how_known_after(current: Attribution) -> KnownBy:
    keep = _NARRATED_PLANS | {KnownBy.BLOCK}
    return current.known_by if current.known_by in keep else KnownBy.CONTINUED


def _speaker_resumed(sentence: str, state: Discourse) -> Attribution | None:
    """The speaker of the last paragraph, when this one goes on with the words."""
    carried = state.carried
    if carried is None or carried is state.frame.voice:
        return carried
    frame = state.frame
    official = carried.speaker in AUTHORITIES and (frame.briefing or frame.owner or frame.leader)
    source = frame.voice or frame.owner
    sourced = frame.sourced and (source is None or source.speaker is carried.speaker)
    goes_on = official or sourced or press_pattern("goes_on").match(sentence)
    return carried if goes_on else None


def _owner_of_plan(
    sentence: str, acting: Attribution | None, state: Discourse
) -> Attribution | None:
    """Whose a plan without a subject is: the owner of the plans told before, or of the article."""
    if acting is not None:
        return None
    owner = state.frame.owner or state.owner
    if (
        owner is None
        or state.frame.comment
        or not is_plan_without_subject(sentence)
        or _is_heading([sentence])
    ):
        return None
    return replace(owner, known_by=KnownBy.OWNER, distance=owner.distance + 1)


def _is_one_quotation(sentence: str, inside: bool) -> bool:
    """Whether a sentence that begins in a quotation has no words outside it.

    “东数西算”工程… with a name in quotes at its end has some.
    """
    masked = mask_quotes(sentence, inside=inside)
    return not masked.strip("“”《》□，、：。！？；… ") and masked.count("《") == masked.count("》")


def _ends_inside_quotation(sentence: str, inside: bool) -> bool:
    last_open, last_close = sentence.rfind("“"), sentence.rfind("”")
    return inside if last_open == last_close else last_open > last_close


def _with_region(attribution: Attribution, words: str, state: Discourse) -> Attribution:
    """The attribution with the region of this sentence's matter."""
    if attribution.speaker is Speaker.MINISTRY or (
        attribution.speaker is Speaker.GOVERNMENT and attribution.region == NATION
    ):
        return replace(attribution, region=_region_directed(words, attribution))
    if attribution.speaker is Speaker.GOVERNMENT:
        if attribution.region is None:
            region = region_of_topic(words) or state.home() or state.place
            return replace(attribution, region=region)
        return _narrowed_to_subject(attribution, words, state)
    if press_pattern("firm_notice").match(attribution.cue):
        return replace(attribution, region=None)
    named = region_of_topic(words)
    home = state.base()
    general = attribution.speaker is Speaker.EXPERT or press_pattern("nation_subject").match(words)
    if named == NATION and home and not general:
        named = home
    if named is None and press_pattern("that_place").search(words):
        named = state.place
    if _is_example(named, attribution, words):
        named = attribution.region
    if named is None and attribution.speaker is Speaker.DELEGATE:
        named = _place_of_official(attribution, state) or attribution.region
    if named is None and attribution.speaker is Speaker.DELEGATE:
        named = home
    if named is None and attribution.speaker is not Speaker.ENTERPRISE:
        named = NATION  # what an expert says is no matter of the place that the article is about
    return replace(attribution, region=named)


def _is_example(named: str | None, attribution: Attribution, words: str) -> bool:
    """Whether a place is only named in what a delegate of its province says of the province."""
    own = attribution.region
    local = attribution.speaker is Speaker.DELEGATE and own not in {None, NATION}
    return (
        local and named is not None and lies_in(named, own or "") and subject_region(words) is None
    )


def _place_of_official(delegate: Attribution, state: Discourse) -> str | None:
    """The place that a delegate who governs it goes on to speak of: 全国人大代表、某市市长….

    None for other delegates, and when the place named last is not his own.
    """
    official = press_pattern("governs").search(delegate.named_by)
    own = first_region(delegate.named_by) if official is not None else None
    if own is None or state.place is None or delegate.manner is Manner.PROPOSE:
        return None
    return own if own == state.place or lies_in(state.place, own) else None


def _region_directed(words: str, attribution: Attribution) -> str:
    """The nation, or the place that one of its leaders tells what to do."""
    if attribution.speaker is not Speaker.GOVERNMENT:
        return NATION
    told = attribution.cue.endswith(("要求", "勉励", "希望"))
    directed = press_pattern("directs").match(mark_places(words)) if told else None
    return regions_in(words[slice(*directed.span("place"))])[0].name if directed else NATION


def _narrowed_to_subject(attribution: Attribution, words: str, state: Discourse) -> Attribution:
    """A government's attribution, narrowed to the place in its region that is the subject.

    In a province's answer 合肥是主引擎，该市已聚集… is about the city.
    """
    subject = press_pattern("subject_place").match(mark_places(words))
    region: str | None = None
    planned = attribution.manner is Manner.ANNOUNCE and is_forward_looking(words)
    if subject is not None and not planned and not is_plan_without_subject(words):
        region = region_of_all(regions_in(words[slice(*subject.span("place"))]))
    elif press_pattern("that_city").match(words):
        region = state.place
    elif not planned and (named := subject_region(words)) and attribution.region:
        if lies_in(attribution.region, named):
            return replace(attribution, region=named)
    elif attribution.region and press_pattern("wider").match(words):
        return replace(attribution, region=province_name(attribution.region))
    if region and attribution.region and lies_in(region, attribution.region):
        return replace(attribution, region=region)
    return attribution


def _attribute_newspaper(sentence: str, state: Discourse) -> Attribution:
    """What the newspaper says itself."""
    body = sentence[news_start(sentence) :]
    return Attribution(
        state.provenance.speaker,
        _region_of_news(body, state) or NATION,
        Manner.NONE,
        "",
        KnownBy.NEWSPAPER,
    )


def _region_of_news(body: str, state: Discourse) -> str | None:
    home = state.base()
    if state.frame.leader:
        return home or (None if _names_facility(body) else region_of_topic(body))
    region = region_of_topic(body)
    as_such = region is None and press_pattern("as_such").match(body) is not None
    if as_such or (region is None and press_pattern("defines").search(mask_quotes(body))):
        return NATION
    that = press_pattern("that_place").search(body) if region in {None, NATION} else None
    general = region == NATION and not press_pattern("nation_subject").match(body)
    if that is not None and (region is None or not that.start() or general):
        place = home if state.place in {None, NATION} else state.place
        # 全省 after a city is the city's province.
        return province_name(place) if place and "省" in that[0] else place
    if region == NATION and home and not press_pattern("nation_subject").match(body):
        return state.home()
    if region is None and _is_here(body, state):
        return state.place
    return region or state.home() or region_of_body(body)


def _names_facility(body: str) -> bool:
    """Whether a sentence names a place only for what stands there: 某市算力中心."""
    return any(press_pattern("facility").match(body, end) for _, end, _ in places_in(body))


def _is_here(body: str, state: Discourse) -> bool:
    """Whether a sentence goes on about the place named last (这里, 园区已有…), or one in it."""
    if state.place is None or press_pattern("here").match(body) is None:
        return False
    home = state.home()
    return home is None or lies_in(state.place, home)


def _with_news_region(attribution: Attribution, sentence: str, state: Discourse) -> Attribution:
    """The attribution with the region of the sentence if, after a plan, it is the newspaper's."""
    if attribution.speaker not in AUTHORITIES or not attribution.distance:
        return attribution
    region = _region_of_news(sentence[news_start(sentence) :], state) or NATION
    return replace(attribution, news_region=region)


_HEADING_LENGTH = 40


def _with_headings(
    paragraphs: Sequence[Sequence[str]], found: list[list[Attribution]]
) -> list[list[Attribution]]:
    """Give each heading that names nobody the attribution of the text below it."""
    for number in range(len(paragraphs) - 1, -1, -1):
        heading = paragraphs[number]
        if not _is_heading(heading) or press_pattern("bare_heading").search(heading[0]):
            continue
        known = found[number][0]
        # A headline may say of the nation (我国将…) what a ministry tells below.
        told = known.known_by is KnownBy.ACTING or not number
        if known.known_by is not KnownBy.NEWSPAPER and not (told and known.region == NATION):
            continue
        below = next((_first_speaker(one) for one in found[number + 1 :] if one), None)
        if below is not None and below.speaker is not Speaker.MEDIA:
            below = replace(below, known_by=KnownBy.HEADING, manner=Manner.NONE)
            own = region_of_topic(paragraphs[number][0])
            if below.speaker is Speaker.GOVERNMENT and own is not None:
                below = replace(below, region=own)
            found[number] = [below]
    return found


def _first_speaker(paragraph: Sequence[Attribution]) -> Attribution:
    """Whose a paragraph is: the first sentence's, unless somebody only appears in it."""
    appears = paragraph[0].known_by is KnownBy.NEWSPAPER and paragraph[0].cue
    return paragraph[1] if appears and len(paragraph) > 1 else paragraph[0]


def _is_heading(sentences: Sequence[str]) -> bool:
    return (
        len(sentences) == 1
        and len(sentences[0]) <= _HEADING_LENGTH
        and sentences[0][-1] not in "。！？；”…："
    )

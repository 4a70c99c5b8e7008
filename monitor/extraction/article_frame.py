"""What a press article as a whole is: read from its headline, its lead and its last lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from monitor.extraction.attribution import (
    Attribution,
    KnownBy,
    Reference,
    mask_quotes,
    read_subject,
    reporting_clauses,
    role_of,
)
from monitor.extraction.issuers import AUTHORITIES, first_region, issuer_of, region_of_role
from monitor.extraction.official_documents import issued_text
from monitor.extraction.speaker_words import Manner, Role, press_pattern
from monitor.extraction.topic_region import (
    headline,
    is_national,
    news_start,
    own_place,
    region_of_body,
    topic_regions,
)
from monitor.extraction.toponyms import mark_places, province_name, region_of_all, regions_in
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Speaker

_LEAD_LENGTH = 3
"""Paragraphs, the headline included, in which an article says what it is about."""


_SHORT_ARTICLE = 14
_BRIEF = 6


@dataclass(frozen=True, slots=True)
class ArticleFrame:
    """What the article as a whole is.

    Attributes:
        place: the region it is about.
        authors: who speaks in all of a paragraph (an essay, a notice), by paragraph.
        owner: whose plan it tells.
        briefing: it reports what officials told the press.
        leader: it reports a visit, a meeting or a speech of the nation's leaders.
        comment: it argues, so that what it quotes ends with the sentence.
        sourced: it is short and tells what one source told.
        host: whose press conference it reports.
        voice: whom its headline quotes (某某部：…).
        digest: it is a round of news items, each below a headline of its own.
        feature: a story about the one place with which its headline begins.
        respondent: who answers the questions of an interview that does not repeat it.
        only_source: it is short, and nobody but one authority speaks in it.
        figures: it tells the figures of one office, which speaks in it.
    """

    place: str | None = None
    authors: tuple[Attribution | None, ...] = ()
    owner: Attribution | None = None
    briefing: bool = False
    leader: bool = False
    comment: bool = False
    sourced: bool = False
    host: Attribution | None = None
    voice: Attribution | None = None
    digest: bool = False
    feature: bool = False
    respondent: Attribution | None = None
    figures: bool = False
    only_source: bool = False


def read_frame(paragraphs: Sequence[Sequence[str]], provenance: Provenance) -> ArticleFrame:
    """Read the frame of an article from its sentences."""
    filled = [sentences for sentences in paragraphs if sentences]
    if not filled:
        return ArticleFrame(provenance.region)
    first = filled[0][0]
    title = headline(first) or provenance.title or first[news_start(first) :]
    lead = [sentence for sentences in filled[:_LEAD_LENGTH] for sentence in sentences]
    place = provenance.region or _place_of_article(title, filled)
    briefing = any(press_pattern("briefing").search(one) for one in (title, *lead))
    length = sum(map(len, filled))
    digest = press_pattern("digest").search(title) is not None
    voice = None if digest else _voice(title, lead, place, length)
    only = None if digest or voice is not None else _only_source(filled, lead, place)
    told = [one for one in lead if press_pattern("figures").search(mask_quotes(one))]
    figures = only if any(any(_named_sources(one, place)) for one in told) else None
    if only is not None and (length > _SHORT_ARTICLE or role_of(only.cue) is None):
        only = None  # a place that announces something (云南提出) does not speak
    voice = voice or figures
    owner = None if digest else _owner_of_plan(title, lead, length, place)
    return ArticleFrame(
        host=_host(filled, place) if briefing else None,
        voice=voice,
        digest=digest,
        feature=length > _BRIEF and sum(map(_is_captioned, filled)) == 1,
        comment=place is None and _is_comment(title, filled, briefing=briefing),
        figures=figures is not None,
        sourced=figures is not None
        or only is not None
        or (
            length <= _SHORT_ARTICLE
            and (voice is not None or owner is not None or any(map(_is_sourced, lead)))
        ),
        only_source=only is not None,
        place=place,
        authors=tuple(_authors(paragraphs, place)),
        respondent=next(filter(None, (_respondent(one, place) for one in (title, *lead))), None),
        owner=owner,
        briefing=briefing,
        leader=_is_leader_event(title, 8)
        or any(_is_leader_event(one, 40) for one in lead if news_start(one)),
    )


def _respondent(sentence: str, place: str | None) -> Attribution | None:
    """Who answers, by a headline or lead such as 某局负责人就《…》答记者问.

    Officials whose office is not named are the ministries', or those of the article's place.
    """
    match = press_pattern("respondent").search(sentence)
    if match is None:
        return None
    role = role_of(match["who"])
    region = role.region if role is not None and role.region else first_region(match["who"])
    speaker = role.speaker if role is not None else None
    if speaker not in AUTHORITIES or not match["office"]:
        if speaker not in {None, Speaker.ENTERPRISE, *AUTHORITIES}:
            return None
        speaker = Speaker.GOVERNMENT if region or place else Speaker.MINISTRY
    region = region_of_role(speaker, region, match["who"], place)
    return Attribution(speaker, region, Manner.REPORT, match[0][:30], KnownBy.BLOCK)


def _is_captioned(sentences: Sequence[str]) -> bool:
    return press_pattern("caption").match(mark_places(sentences[0])) is not None


_ARGUING_SHARE = 0.14


def _is_comment(title: str, paragraphs: Sequence[Sequence[str]], *, briefing: bool) -> bool:
    """Whether the newspaper argues: by its rubric, or by its words where it quotes nobody."""
    if press_pattern("comment").search(title):
        return True
    sentences = [sentence for sentences in paragraphs for sentence in sentences]
    news = any(press_pattern("dateline").match(one) for one in sentences[:_LEAD_LENGTH])
    if news or briefing or len(sentences) < _SHORT_ARTICLE:
        return False
    arguing = sum(press_pattern("argues").search(mask_quotes(one)) is not None for one in sentences)
    return arguing >= _ARGUING_SHARE * len(sentences) and not any(map(_quotes_a_person, sentences))


def _quotes_a_person(sentence: str) -> bool:
    return any(
        clause.subject.name and clause.subject.speaker for clause in reporting_clauses(sentence)
    )


def _is_sourced(sentence: str) -> bool:
    if press_pattern("informed").search(sentence) is not None:
        return True
    match = press_pattern("according").search(sentence)
    if match is None:
        return False
    role = role_of(match["who"])
    cited = role is not None and role.speaker is Speaker.EXPERT
    return not cited or press_pattern("counted").search(match[0]) is None


def _host(paragraphs: Sequence[Sequence[str]], place: str | None) -> Attribution | None:
    """Whose press conference an article reports: the first authority that speaks in it."""
    for sentences in paragraphs:
        for sentence in sentences:
            for clause in reporting_clauses(sentence[news_start(sentence) :]):
                subject = clause.subject
                if subject.speaker in AUTHORITIES and subject.reference is Reference.ROLE:
                    region = region_of_role(subject.speaker, subject.region, subject.text, place)
                    return Attribution(subject.speaker, region, Manner.REPORT, clause.cue)
    return None


def _voice(title: str, lead: Sequence[str], place: str | None, length: int) -> Attribution | None:
    """Whom a headline quotes: 某某部：…; a place alone is a topic, not a voice.

    In a longer text only an authority is believed to speak throughout.
    """
    who, colon, _ = title.partition("：")
    subject = read_subject(who, mask_quotes(who), Manner.REPORT) if colon else None
    named = subject is not None and subject.reference is Reference.NAME
    if subject is not None and named and _may_be_firm(who) and _is_firm_news(lead):
        subject = replace(subject, reference=Reference.ROLE, speaker=Speaker.ENTERPRISE)
    if subject is None or subject.speaker is None or subject.speaker is Speaker.MEDIA:
        return None
    limit = 2 * _SHORT_ARTICLE if subject.speaker in AUTHORITIES else _SHORT_ARTICLE
    region = region_of_role(subject.speaker, subject.region, subject.text, place)
    attribution = Attribution(subject.speaker, region, Manner.REPORT, who, KnownBy.NAMED)
    return attribution if length <= limit else None


def _only_source(
    paragraphs: Sequence[Sequence[str]], lead: Sequence[str], place: str | None
) -> Attribution | None:
    """The one authority that an article quotes, from its lead on; None where others speak too."""
    sentences = [sentence for sentences in paragraphs for sentence in sentences]
    if len(sentences) > 3 * _SHORT_ARTICLE:
        return None
    source = next((found for one in lead for found in _named_sources(one, place)), None)
    if source is None or source.speaker not in AUTHORITIES or is_leader(role_of(source.cue)):
        return None
    others = {
        (found.speaker, found.region) for one in sentences for found in _named_sources(one, place)
    }
    return source if others == {(source.speaker, source.region)} else None


def _named_sources(sentence: str, place: str | None) -> Iterator[Attribution]:
    """Who speaks in a sentence by name: 某部数据显示, 从某局获悉, 某某表示."""
    body = sentence[news_start(sentence) :]
    subjects = [clause.subject for clause in reporting_clauses(body)]
    for name in ("informed", "according"):
        match = press_pattern(name).search(body, 0, 120)
        if match is not None:
            heard = read_subject(match["who"], match["who"], Manner.REPORT)
            subjects += [heard] if heard is not None else []
    published = press_pattern("publishes").match(body)
    if published is not None:
        office = read_subject(published["who"], published["who"], Manner.REPORT)
        subjects += [office] if office is not None else []
    for subject in subjects:
        if press_pattern("bureau").match(subject.text):
            continue  # of the office that published the figures
        if subject.reference is Reference.ROLE and subject.speaker not in {None, Speaker.MEDIA}:
            region = region_of_role(subject.speaker, subject.region, subject.text, place)
            yield Attribution(subject.speaker, region, Manner.REPORT, subject.text, KnownBy.NAMED)


_FIRM_LENGTH = 12


def _may_be_firm(who: str) -> bool:
    """Whether the words before a headline's colon may name a firm: 某某智能, but not 青岛."""
    places = mark_places(who)
    return "“" not in who and len(who) <= _FIRM_LENGTH and places.strip(places[:1]) != ""


def _is_firm_news(lead: Sequence[str]) -> bool:
    return any(press_pattern("firm_news").search(sentence) for sentence in lead)


def _is_leader_event(sentence: str, within: int) -> bool:
    """Whether a headline or a lead tells what a leader of the nation does, and begins with him."""
    body = mask_quotes(sentence[news_start(sentence) :])[:90]
    return (
        is_leader(role_of(body[:within]))
        and press_pattern("leader_event").search(body) is not None
        and not press_pattern("heard").search(body[:within])
    )


def is_leader(role: Role | None) -> bool:
    """Whether a role is that of the nation's leaders."""
    return role is not None and role.speaker is Speaker.GOVERNMENT and role.region == NATION


def _place_of_article(title: str, paragraphs: Sequence[Sequence[str]]) -> str | None:
    """The region an article is about: its headline's, if the text keeps to it.

    A headline without a place leaves it to the text: most sentences that name a place name this.
    """
    counts: dict[str, int] = {}
    national = 0
    for sentences in paragraphs:
        for sentence in sentences:
            names = [r.name for r in topic_regions(sentence[news_start(sentence) :])]
            for name in dict.fromkeys([*names, *map(province_name, names)]):
                counts[name] = counts.get(name, 0) + 1
            national += not names and is_national(sentence)
    if press_pattern("national_event").search(title):
        return None
    captioned = press_pattern("caption").fullmatch(mark_places(title)) is not None
    titled = None if captioned else region_of_all(topic_regions(title)) or region_of_body(title)
    if titled is not None and titled != NATION:
        return titled
    total = sum(len(s) for s in paragraphs)
    # Of a city and its province with one count the city wins.
    best = max(counts, key=lambda name: (counts[name], name != province_name(name)), default=None)
    if titled == NATION or is_national(title):
        return None
    if best is None:
        return own_place(chain.from_iterable(paragraphs))
    others = {province_name(name) for name in counts} - {province_name(best)}
    strong = counts[best] * 3 >= total and counts[best] > 2 * national
    return best if strong and len(others) <= 1 else own_place(chain.from_iterable(paragraphs))


def _authors(paragraphs: Sequence[Sequence[str]], place: str | None) -> list[Attribution | None]:
    """Who speaks in all of a text, by paragraph: the author of an essay, the office of a notice.

    A line that signs (作者为某大学教授) stands for the text above it, back to the signature before.
    """
    lines = ["".join(sentences) for sentences in paragraphs]
    authors: list[Attribution | None] = [None] * len(lines)
    begin = 0
    if any(press_pattern("motion").search(line) for line in lines[:_LEAD_LENGTH]):
        return _movers(lines, place)
    for number, line in enumerate(lines):
        signed = press_pattern("signature").search(line)
        if signed is None:
            continue
        end = number + 1 if begin or number > _LEAD_LENGTH else len(lines)
        authors[begin:end] = [_signed_by(signed["who"], place)] * (end - begin)
        begin = end
    issued = None if begin else issued_text(lines, place)
    if issued is not None:
        at, issuer = issued
        authors[at:] = [issuer] * (len(lines) - at)
    return authors


def _movers(lines: Sequence[str], place: str | None) -> list[Attribution | None]:
    """The members who move a 提案: first they tell the matter, and then what is to be done."""
    asks = next((n for n, x in enumerate(lines) if press_pattern("motion_asks").search(x)), 0)
    tells = Attribution(Speaker.DELEGATE, place or NATION, Manner.OPINE, lines[0], KnownBy.BLOCK)
    return [
        replace(tells, manner=Manner.PROPOSE if n >= asks else Manner.OPINE)
        for n, _ in enumerate(lines)
    ]


def _signed_by(who: str, place: str | None) -> Attribution | None:
    role = role_of(who)
    if role is None or role.speaker is Speaker.MEDIA:
        return None
    if role.speaker is not Speaker.DELEGATE and press_pattern("scholar").search(who):
        return Attribution(Speaker.EXPERT, place, Manner.OPINE, who, KnownBy.BLOCK)
    region = region_of_role(role.speaker, role.region or first_region(who), who, place)
    return Attribution(role.speaker, region, Manner.OPINE, who, KnownBy.BLOCK)


def _owner_of_plan(
    title: str, lead: Sequence[str], length: int, place: str | None
) -> Attribution | None:
    """Whose plan an article tells, when it is about one plan: named in the headline or the lead."""
    if length > _SHORT_ARTICLE and not press_pattern("plan_title").search(title):
        return None
    for sentence in lead:
        issued = None if sentence.endswith("？") else issuer_of(sentence, place)
        if issued is not None:
            return issued
    region = region_of_all(regions_in(title))
    if region is None or press_pattern("explained").search(title) is None:
        return None
    return Attribution(Speaker.GOVERNMENT, region, Manner.ANNOUNCE, title, KnownBy.DOCUMENT)

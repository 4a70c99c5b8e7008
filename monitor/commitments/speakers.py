"""Speakers in the press: how far the words of each go, sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from monitor.commitments.attribution import (
    Attribution,
    Voice,
    attribution,
    people_in,
    province_name,
    quoted,
    region_of_all,
    regions_in,
    role_of,
    roles,
    speaker_words,
    turn,
)
from monitor.model import NATION, Provenance, Speaker

_RULERS = frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY})
_PEOPLE_LIMIT = 200


@dataclass
class _Article:
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


def voices(paragraphs: Sequence[Sequence[str]], provenance: Provenance) -> list[list[Voice]]:
    """For each sentence of each paragraph of an article, who says it."""
    article = _Article(provenance, place=provenance.region)
    return [_paragraph(sentences, article) for sentences in paragraphs]


def _paragraph(sentences: Sequence[str], article: _Article) -> list[Voice]:
    spoken: list[Voice] = []
    if sentences:
        article.caption = _caption(sentences[0], article)
    opens = bool(sentences) and turn("list_goes_on").match(sentences[0])
    current = article.listing if opens else None
    waiting: list[int] = []  # quotes and plans whose speaker is named after them
    inside = False
    place = article.provenance.region
    answering = _answering(sentences, article)
    for index, sentence in enumerate(sentences):
        if answering is not None:
            _remember(sentence, article)
            spoken.append(answering)
            continue
        in_quote = inside or sentence.startswith("“")
        inside = _inside(sentence, inside)
        # What stands before a closing quote was said inside it.
        whole_quote = in_quote and (inside or sentence.rstrip("。！？；").endswith("”"))
        found = None if whole_quote else attribution(sentence)
        voice = _resolved(found, sentence, article, place) if found else None
        if found is not None and voice is not None:
            for earlier in waiting:
                spoken[earlier] = voice
            waiting = []
            spoken.append(voice)
            place = voice.region if voice.region not in {None, NATION} else place
            current = None if found.closes else voice
            article.place = voice.region if voice.region not in {None, NATION} else article.place
            continue
        _remember(sentence, article)
        if in_quote:
            spoken.append(_manner(current, sentence) or _paper(sentence, article, place))
            if current is None:
                waiting.append(index)
            continue
        agent = _agent(sentence) or _local_agent(sentence, article)
        if agent is not None and (current is None or current.speaker in _RULERS):
            current, waiting = None, []
            spoken.append(agent)
        elif current is not None and (
            _goes_on(current, sentence) or (index and sentences[index - 1].endswith("；"))
        ):
            current = _manner(current, sentence)
            spoken.append(current or _paper(sentence, article, place))
        else:
            current = None
            captioned = None if turn("paper").match(sentence) else article.caption
            spoken.append(captioned or _paper(sentence, article, place))
            waiting = [*waiting, index] if turn("planning").match(sentence) else []
    article.listing = current if current and current.speaker not in _RULERS else None
    return spoken


def _answering(sentences: Sequence[str], article: _Article) -> Voice | None:
    """Who speaks in a paragraph of an interview: 秦某：…; the paper when it asks."""
    match = turn("answer").match(sentences[0]) if sentences else None
    if match is None:
        return None
    who = match["who"]
    known = article.people.get(who) or (article.person if who in {"答", "他", "她"} else None)
    if known is not None:
        return replace(known, manner=known.manner or "report", cue=match[0])
    if who in {"记者", "问", "本报记者", "主持人"}:
        return Voice(article.provenance.speaker, None, "", match[0])
    return None


def _local_agent(sentence: str, article: _Article) -> Voice | None:
    """A region that goes by 该市 or 当地 and will do something."""
    match = turn("local_agent").match(sentence)
    place = article.place or article.provenance.region
    if match is None or place is None:
        return None
    return Voice(Speaker.GOVERNMENT, place, "report", match[0])


def _caption(sentence: str, article: _Article) -> Voice | None:
    """Whose plans a paragraph lists: a heading of its own, or the one it still stands under."""
    match = turn("caption").match(sentence)
    if match is not None:
        (region, *_) = regions_in(match["place"])
        return Voice(Speaker.GOVERNMENT, region.name, "report", match[0])
    named = {region.name for region in regions_in(sentence)}
    if article.caption and (attribution(sentence) or named - {article.caption.region}):
        return None
    return article.caption


def _inside(sentence: str, inside: bool) -> bool:
    last_open, last_close = sentence.rfind("“"), sentence.rfind("”")
    return inside if last_open == last_close else last_open > last_close


def _goes_on(current: Voice, sentence: str) -> bool:
    """Whether a speaker's words go on.

    A person's do until the paper speaks, a ruler's only in sentences that still plan.
    """
    if turn("pronoun").match(sentence):
        return True
    if turn("paper").match(sentence):
        return False
    if current.speaker in _RULERS:
        return bool(turn("planning").match(sentence) or turn("going_on").match(sentence))
    return True


def _resolved(
    found: Attribution, sentence: str, article: _Article, place: str | None
) -> Voice | None:
    """The voice of an attribution, with what the article knows of pronouns, names and places."""
    if article.pending is not None and found.verb == "看来":
        voice = replace(article.pending, manner=found.manner, cue=f"continued {found.cue}")
        article.pending = None
        return voice
    if found.speaker is None:
        return _referred(found, article)
    speaker, region = found.speaker, found.region
    if found.several and speaker is Speaker.GOVERNMENT:
        return Voice(speaker, None, found.manner, found.cue)
    if region is None and speaker is Speaker.GOVERNMENT:
        agent = turn("agent").search(sentence)
        own = regions_in(agent[0]) if agent else []
        region = own[0].name if own else place or article.place
        if not own and region and turn("own_office").search(found.subject):
            region = province_name(region)
        if region is None and not turn("local").search(found.subject):
            region = NATION
        if region == NATION and not turn("national").search(found.subject):
            speaker = Speaker.MINISTRY
    elif region is None:
        regions = regions_in(sentence)
        region = regions[0].name if regions else place
    voice = Voice(speaker, region, found.manner, found.cue)
    if speaker in _RULERS:
        article.ruler = voice
    _introduce(found.subject + found.verb, voice, article)
    return voice


def _referred(found: Attribution, article: _Article) -> Voice | None:
    """他认为, 报告提出, 张三说: the words of somebody the article has named before."""
    known = next(
        (voice for name, voice in article.people.items() if name in found.subject[-12:]), None
    )
    if known is None and turn("anaphora").search(found.subject):
        known = article.ruler or _national(found, article)
    elif known is None and turn("pronoun").match(found.subject):
        known = article.person
    return None if known is None else replace(known, manner=found.manner, cue=found.cue)


def _national(found: Attribution, article: _Article) -> Voice | None:
    """A bare 报告 in an article of no region is the State Council's."""
    if article.provenance.region is None and "报告" in found.subject:
        return Voice(Speaker.GOVERNMENT, NATION, found.manner, found.cue)
    return None


def _introduce(text: str, voice: Voice, article: _Article) -> None:
    article.person = voice
    for name in people_in(text):
        if len(article.people) < _PEOPLE_LIMIT:
            article.people[name[:3]] = voice
            article.people.setdefault(name[:2], voice)


def _remember(sentence: str, article: _Article) -> None:
    """Keep who is named without saying anything yet."""
    if sentence.startswith("“"):
        return
    named = regions_in(sentence)
    first_clause = regions_in(sentence.partition("，")[0])
    # 距离苏州不到百公里的嘉兴: the last one named is spoken of.
    article.place = (first_clause[-1:] or named[:1])[0].name if named else article.place
    if turn("issues").search(sentence, 0, 60):
        article.ruler = _issuer(sentence, named[0].name if named else article.place)
    role = role_of(sentence[:60])
    if role is None:
        return
    regions = regions_in(sentence[:60])
    if role.speaker in _RULERS:
        if people_in(sentence[:60]):
            place = regions[0].name if regions else article.provenance.region
            region = NATION if role.speaker is Speaker.MINISTRY else place
            _introduce(sentence[:60], Voice(role.speaker, region, "report", sentence[:30]), article)
        return
    region = regions[0].name if regions else article.provenance.region
    voice = Voice(role.speaker, region, "opine", sentence[:30])
    if 0 <= sentence.find("在") <= 6 and role.speaker is roles()[1][0].speaker:
        article.pending = voice
    if people_in(sentence[:60]):
        _introduce(sentence[:60], voice, article)


def _issuer(sentence: str, region: str | None) -> Voice | None:
    """The ruler whose document a sentence announces."""
    role = role_of(sentence[:40])
    if role is not None and role.speaker is Speaker.MINISTRY:
        return Voice(Speaker.MINISTRY, NATION, "announce", sentence[:30])
    return Voice(Speaker.GOVERNMENT, region, "announce", sentence[:30]) if region else None


def _agent(sentence: str) -> Voice | None:
    """A region or a ministry that will do something, without anybody saying it."""
    issued = turn("issuing").match(sentence)
    manner = "announce" if issued else "report"
    role = role_of(sentence[:20])
    if role is not None and role.speaker is Speaker.MINISTRY:
        return Voice(Speaker.MINISTRY, NATION, manner, sentence[:20])
    match = issued or turn("agent").search(sentence, 0, 90)
    if match is None or quoted(sentence, match.end() - 1):
        return None
    agents = regions_in(match[0].partition("《")[0])
    return Voice(Speaker.GOVERNMENT, region_of_all(agents), manner, match[0]) if agents else None


def _manner(voice: Voice | None, sentence: str) -> Voice | None:
    if voice is None:
        return None
    verb = next((v for v in speaker_words().saying["propose"] if v in sentence[:20]), None)
    return replace(voice, manner="propose") if verb else voice


def _paper(sentence: str, article: _Article, place: str | None) -> Voice:
    regions = regions_in(sentence)
    if not regions and turn("everywhere").search(sentence):
        place = article.provenance.region
    region = regions[0].name if regions else place
    return Voice(article.provenance.speaker, region, "", "")

"""Speakers in the press: how far the words of each go, sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.extraction.attribution import (
    Voice,
    attribution,
    quoted,
    region_of_all,
    regions_in,
    role_of,
    speaker_words,
    turn,
)
from monitor.extraction.press_context import RULERS, Article, placed
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Speaker


def voices(paragraphs: Sequence[Sequence[str]], provenance: Provenance) -> list[list[Voice]]:
    """For each sentence of each paragraph of an article, who says it."""
    article = Article(provenance, place=provenance.region)
    return [_paragraph(sentences, article) for sentences in paragraphs]


def _paragraph(sentences: Sequence[str], article: Article) -> list[Voice]:
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
            article.remember(sentence)
            spoken.append(placed(answering, sentence, article))
            continue
        in_quote = inside or sentence.startswith("“")
        inside = _inside(sentence, inside)
        # What stands before a closing quote was said inside it.
        whole_quote = in_quote and (inside or sentence.rstrip("。！？；").endswith("”"))
        attributed = None if whole_quote else article.attributed(sentence, place)
        if attributed is not None:
            found, voice = attributed
            for earlier in waiting:
                spoken[earlier] = voice
            waiting = []
            spoken.append(voice)
            place = voice.region if voice.region not in {None, NATION} else place
            current = None if found.closes else voice
            words = sentence.partition(found.verb)[2].lstrip("，：“")
            region = None if voice.region == NATION else voice.region
            article.place = _subject_place(words) or region or article.place
            continue
        article.remember(sentence)
        place = _subject_place(sentence) or place
        if in_quote:
            spoken.append(_manner(current, sentence) or _paper(sentence, article, place))
            if current is None:
                waiting.append(index)
            continue
        agent = _agent(sentence, place or article.place) or _local_agent(sentence, place, article)
        if agent is not None and (current is None or current.speaker in RULERS):
            current, waiting = agent, []
            spoken.append(agent)
        elif current is not None and (
            _goes_on(current, sentence) or (index and sentences[index - 1].endswith("；"))
        ):
            current = _manner(current, sentence)
            spoken.append(
                placed(current, sentence, article) if current else _paper(sentence, article, place)
            )
        else:
            current = None
            captioned = None if turn("paper").match(sentence) else article.caption
            spoken.append(captioned or _paper(sentence, article, place))
            waiting = [*waiting, index] if turn("planning").match(sentence) else []
    article.listing = current if current and current.speaker not in RULERS else None
    return spoken


def _answering(sentences: Sequence[str], article: Article) -> Voice | None:
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


def _caption(sentence: str, article: Article) -> Voice | None:
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
    if current.speaker in RULERS:
        return bool(turn("planning").match(sentence) or turn("going_on").match(sentence))
    return True


def _subject_place(sentence: str) -> str | None:
    """The region that is what a sentence is about: 湖南则把目光放在…."""
    match = turn("subject_place").match(sentence)
    named = regions_in(match["place"]) if match else []
    return named[-1].name if named else None


def _agent(sentence: str, place: str | None) -> Voice | None:
    """A region or a ministry that will do something, without anybody saying it."""
    issued = turn("issuing").match(sentence)
    manner = "announce" if issued else "report"
    role = role_of(sentence[:20])
    if role is not None and role.speaker is Speaker.MINISTRY:
        return Voice(Speaker.MINISTRY, NATION, manner, sentence[:20])
    according = turn("according").match(sentence)
    if according is not None:
        named = regions_in(according[0])
        region = named[-1].name if named else place
        return Voice(Speaker.GOVERNMENT, region, "announce", according[0]) if region else None
    match = issued or turn("agent").search(sentence, 0, 90)
    if match is None or quoted(sentence, match.end() - 1):
        return None
    agents = regions_in(match[0].partition("《")[0])
    return Voice(Speaker.GOVERNMENT, region_of_all(agents), manner, match[0]) if agents else None


def _local_agent(sentence: str, place: str | None, article: Article) -> Voice | None:
    """A region that goes by 该市, or by nothing (今年，将…), and will do something."""
    match = turn("local_agent").match(sentence)
    if match is not None and turn("that_place").search(match[0]):
        place = article.place or article.provenance.region
    if match is None or place is None:
        return None
    return Voice(Speaker.GOVERNMENT, place, "report", match[0])


def _manner(voice: Voice | None, sentence: str) -> Voice | None:
    if voice is None:
        return None
    verb = next((v for v in speaker_words().saying["propose"] if v in sentence[:20]), None)
    return replace(voice, manner="propose") if verb else voice


def _paper(sentence: str, article: Article, place: str | None) -> Voice:
    regions = regions_in(sentence)
    if not regions and turn("everywhere").search(sentence):
        place = article.provenance.region
    elif not regions and turn("that_place").match(sentence):
        place = article.place
    region = regions[0].name if regions else place
    return Voice(article.provenance.speaker, region, "", "")

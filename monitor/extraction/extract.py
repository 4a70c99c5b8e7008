"""From a document's text to its statements, with the reasons on demand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.extraction.attribution import Voice
from monitor.extraction.labels import label_by_section, wording, wording_after
from monitor.extraction.line_join import HEADING_LENGTH, repair, sentences
from monitor.extraction.plan_or_review import settle
from monitor.extraction.press import label_by_voice
from monitor.extraction.sections import Paragraph, Section, paragraphs
from monitor.extraction.speakers import voices
from monitor.extraction.targets import parse_targets
from monitor.extraction.topics import Hit, Topic, Topics, counted, themes_of
from monitor.extraction.years import named_years
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Statement

_SECTION_LENGTH = 40
_JOINED = 8
_LOOK_BACK = 200


@dataclass(frozen=True, slots=True)
class Explained:
    """A sentence in which a topic's word stands, and why it became what it is.

    ``statement`` is None when no topic took the sentence; ``rejected`` then says why.
    """

    text: str
    start: int
    end: int
    statement: Statement | None
    section: str
    section_reason: str
    label_reason: str
    cues: tuple[str, ...]
    words: tuple[str, ...]
    voice: str
    theme_words: tuple[tuple[str, str], ...]
    """Each theme with the lexicon's word that gave it; no word when the topic's default did."""
    rejected: str = ""


def extract(text: str, provenance: Provenance, topics: Topics) -> tuple[Statement, ...]:
    """All statements of ``text`` that concern a topic, in its order; one for each topic.

    ``text[statement.start:statement.end] == statement.text`` for each of them.
    """
    found = explain(text, provenance, topics)
    return tuple(item.statement for item in found if item.statement is not None)


def explain(text: str, provenance: Provenance, topics: Topics) -> tuple[Explained, ...]:
    """What ``extract`` finds, with what decided, and the sentences that were looked at in vain."""
    press = provenance.kind is DocumentKind.NEWS
    clean = repair(text, press=press)
    hits = topics.hits(clean.text)
    if not any(hit.use.scope for hit in hits):
        return ()
    lines = paragraphs(clean.text, _now(provenance))
    if not press:
        lines = settle(clean.text, lines)
    found: list[Explained] = []
    for unit in _units(clean.text, lines, hits, provenance):
        start, end = clean.original(unit.start), clean.original(unit.end - 1) + 1
        for topic in topics.topics:
            mine = [hit for hit in unit.hits if hit.use.topic == topic.id]
            if any(hit.use.scope for hit in mine):
                found.append(_judge(unit, mine, topic, provenance, (text[start:end], start, end)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence of the clean text with a topic's word in it."""

    text: str
    start: int
    end: int
    line: Paragraph
    led: bool
    hits: list[Hit]
    voice: Voice | None
    before: str
    """What stands before it up to the last full stop: 建成…；投用… share their tense."""
    earlier: str
    """What stands before it in its paragraph, as far as it may point back."""


def _units(
    text: str, lines: Sequence[Paragraph], hits: Sequence[Hit], provenance: Provenance
) -> Iterator[_Unit]:
    cut = [
        [
            (line.start + start, line.start + end)
            for start, end in sentences(text[line.start : line.end])
        ]
        for line in lines
    ]
    spoken: list[list[Voice]] | None = None
    if provenance.kind is DocumentKind.NEWS:
        spoken = voices([[text[a:b] for a, b in spans] for spans in cut], provenance)
    starts = [hit.start for hit in hits]
    scope = [hit.start for hit in hits if hit.use.scope]
    for number, (line, spans) in enumerate(zip(lines, cut, strict=True)):
        if not _between(scope, line.start, line.end):
            continue
        led = line.lead - line.start <= HEADING_LENGTH and bool(
            _between(scope, line.start, line.lead)
        )
        for index, (start, end) in enumerate(spans):
            if _between(scope, start, end):
                mine = list(hits[bisect_left(starts, start) : bisect_left(starts, end)])
                voice = spoken[number][index] if spoken else None
                before = _before(text, spans, index)
                earlier = text[max(line.start, start - _LOOK_BACK) : start]
                yield _Unit(text[start:end], start, end, line, led, mine, voice, before, earlier)


def _before(text: str, spans: Sequence[tuple[int, int]], index: int) -> str:
    first = index
    while first and text[spans[first - 1][1] - 1] == "；" and index - first < _JOINED:
        first -= 1
    return text[spans[first][0] : spans[index][0]]


def _between(places: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _now(provenance: Provenance) -> int | None:
    if provenance.year is not None:
        return provenance.year
    return provenance.published.year if provenance.published else None


def _judge(
    unit: _Unit,
    hits: Sequence[Hit],
    topic: Topic,
    provenance: Provenance,
    place: tuple[str, int, int],
) -> Explained:
    text, start, end = place
    said = wording_after(unit.before, wording(unit.text))
    words = tuple(dict.fromkeys(hit.hidden_by or hit.word for hit in hits if hit.use.scope))
    scope = counted(unit.text, hits)
    voice = unit.voice or Voice(provenance.speaker, provenance.region, "", "")
    line = unit.line
    if line.section in {Section.GLOSSARY, Section.FURNITURE} or unit.voice is None:
        label, reason = label_by_section(line.section, said)
    else:
        label, reason = label_by_voice(unit.text, unit.voice, said)
    statement: Statement | None = None
    themes: dict[str, str] = {}
    if scope:
        themes = themes_of(unit.text, hits, topic, unit.start)
        now = _now(provenance)
        spans = [(hit.start - unit.start, hit.end - unit.start) for hit in scope]
        targets = (
            parse_targets(unit.text, spans, now=now, led=unit.led, earlier=unit.earlier)
            if label in {Label.COMMITMENT, Label.ACHIEVEMENT}
            else ()
        )
        statement = Statement(
            text=text,
            start=start,
            end=end,
            label=label,
            speaker=voice.speaker,
            region=voice.region,
            year=_year(unit.text, label, provenance, now),
            themes=tuple(themes),
            targets=targets,
            section=line.heading[:_SECTION_LENGTH],
            topic=topic.id,
        )
    return Explained(
        text=text,
        start=start,
        end=end,
        statement=statement,
        section=line.section.value,
        section_reason=line.reason,
        label_reason=reason,
        cues=said.cues,
        words=words,
        voice=voice.cue,
        theme_words=tuple(themes.items()),
        rejected="" if scope else f"{'、'.join(words)} means something else here",
    )


def _year(sentence: str, label: Label, provenance: Provenance, now: int | None) -> int | None:
    """The plan's year; for what was achieved the year before; in the press the year it names."""
    if provenance.kind is DocumentKind.NEWS:
        named = (
            year.year
            for year in named_years(sentence, now)
            if sentence[year.start - 1 : year.start] not in {"到", "至"}
            and sentence[year.end : year.end + 1] not in {"底", "末", "前"}
        )
        return next(named, now)
    if now is not None and label is Label.ACHIEVEMENT and provenance.kind is DocumentKind.REPORT:
        return now - 1
    return now

"""Extract statements from a document's text, with the reasons on demand."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from monitor.extraction.attribution import Attribution
from monitor.extraction.context_scope import count_words
from monitor.extraction.issuers import first_region
from monitor.extraction.labels import (
    CueScores,
    assign_plan_or_review,
    cues_of_sentence,
    label_by_section,
    label_words,
)
from monitor.extraction.press import PressReader, PressReading, ScopeCandidate
from monitor.extraction.press_model import PressModel
from monitor.extraction.sections import (
    Paragraph,
    Section,
    opens_part,
    paragraphs,
    plan_document_sections,
    plan_part_pattern,
)
from monitor.extraction.source_names import NOBODY, SourceName, fitting_name, source_of_document
from monitor.extraction.speaker_words import Manner, press_pattern
from monitor.extraction.targets import parse_targets
from monitor.extraction.task_lines import is_task_line
from monitor.extraction.text import HEADING_LENGTH, join_lines, split_sentences
from monitor.extraction.topic_region import own_place
from monitor.extraction.topics import Hit, Topics, in_scope_hits, themes_of
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.extraction.years import named_years
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import NATION, Label, Speaker, Statement, Target

if TYPE_CHECKING:
    from monitor.extraction.topic_schema import Topic

_MAX_HEADING_LENGTH = 40
_LOOK_BACK_LENGTH = 200
_MIN_PLAN_SENTENCE = 6
_NO_PROSE = frozenset({Section.GLOSSARY, Section.BOILERPLATE})
_NOT_PLANNED = frozenset({Section.REVIEW, Section.PROBLEMS}) | _NO_PROSE

WORDS, CONTEXT = "words", "context"


@dataclass(frozen=True, slots=True)
class ExplainedSentence:
    """A sentence about a topic, or with a word of it, and what decided its classification.

    ``statement`` is None when the sentence is out of scope; ``rejected`` then says why.
    ``attribution`` is the text that identified the speaker.
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
    attribution: str
    theme_words: tuple[tuple[str, str], ...]
    """Each theme with the word that assigned it; no word for the topic's default theme."""
    rejected: str = ""
    in_scope_by: str = WORDS
    """``words`` of the topic, or ``context``: what the sentence refers to."""


def extract(
    text: str, provenance: Provenance, topics: Topics, *, model: PressModel | None = None
) -> tuple[Statement, ...]:
    """All statements of ``text`` about a topic, in text order; one for each topic of a sentence.

    ``text[statement.start:statement.end] == statement.text`` holds for each of them. ``model``
    reads the press in place of the one that ships.
    """
    found = _read(text, provenance, topics, model=model, reasons=False)
    return tuple(item.statement for item in found if item.statement is not None)


def plan_sentences(
    text: str, provenance: Provenance, statements: Sequence[Statement]
) -> tuple[Statement, ...]:
    """The other sentences of a report's plan: what is promised there about other subjects.

    A promise whose word for the topic is gone may go on in one of them.

    Args:
        text: the text of a report.
        provenance: what the report is.
        statements: what ``extract`` found in it.

    Returns:
        Sentences that are no commitment of ``statements``, in text order, with the label *other*
        and without themes.
    """
    known = {one.start for one in statements if one.label is Label.COMMITMENT}
    return tuple(
        _other_statement(text, one, provenance)
        for one in _report_sentences(text, provenance)
        if one.line.section not in _NOT_PLANNED and one.start not in known
    )


def review_sentences(
    text: str, provenance: Provenance, statements: Sequence[Statement]
) -> tuple[Statement, ...]:
    """The other sentences of a report's review that give a number.

    Reports measure a target of this topic (数字经济增加值) in a sentence about another.

    Args:
        text: the text of a report.
        provenance: what the report is.
        statements: what ``extract`` found in it.

    Returns:
        Sentences that are no achievement of ``statements``, in text order, with all their numbers,
        the label *other* and without themes.
    """
    year = _plan_year(provenance)
    known = {one.start for one in statements if one.label is Label.ACHIEVEMENT}
    return tuple(
        replace(
            _other_statement(text, one, provenance),
            year=None if year is None else year - 1,
            targets=targets,
        )
        for one in _report_sentences(text, provenance)
        if one.line.section is Section.REVIEW
        and one.start not in known
        and (targets := parse_targets(one.text, this_year=year, earlier=one.earlier))
    )


@dataclass(frozen=True, slots=True)
class _ReportSentence:
    """A sentence of a report, normalised, and its span in the original text."""

    text: str
    start: int
    end: int
    line: Paragraph
    earlier: str


def _report_sentences(text: str, provenance: Provenance) -> Iterator[_ReportSentence]:
    clean = join_lines(text, press=False)
    lines = assign_plan_or_review(clean.text, paragraphs(clean.text, _plan_year(provenance)))
    for line in lines:
        for first, last in split_sentences(clean.text[line.start : line.end]):
            begin, stop = line.start + first, line.start + last
            start, end = clean.original(begin), clean.original(stop - 1) + 1
            if end - start >= _MIN_PLAN_SENTENCE:
                earlier = clean.text[max(line.start, begin - _LOOK_BACK_LENGTH) : begin]
                yield _ReportSentence(clean.text[begin:stop], start, end, line, earlier)


def _other_statement(text: str, one: _ReportSentence, provenance: Provenance) -> Statement:
    return Statement(
        text=text[one.start : one.end],
        start=one.start,
        end=one.end,
        label=Label.OTHER,
        speaker=provenance.speaker,
        region=provenance.region,
        year=_plan_year(provenance),
        section=one.line.heading[:_MAX_HEADING_LENGTH],
    )


def explain(text: str, provenance: Provenance, topics: Topics) -> tuple[ExplainedSentence, ...]:
    """What ``extract`` finds, with the reasons, and the sentences that were rejected."""
    return _read(text, provenance, topics, model=None, reasons=True)


def _read(
    text: str, provenance: Provenance, topics: Topics, *, model: PressModel | None, reasons: bool
) -> tuple[ExplainedSentence, ...]:
    press = provenance.kind is DocumentKind.NEWS
    clean = join_lines(text, press=press)
    provenance = _placed(provenance, clean.text)
    hits = topics.hits(clean.text)
    if not any(hit.use.scope for hit in hits):
        return ()
    lines = paragraphs(clean.text, _plan_year(provenance))
    if provenance.kind is DocumentKind.PLAN:
        lines = plan_document_sections(clean.text, lines)
    elif not press:
        lines = assign_plan_or_review(clean.text, lines)
    found: list[ExplainedSentence] = []
    for candidate in _candidates(
        clean.text, lines, hits, provenance, topics, model=model, reasons=reasons
    ):
        start, end = clean.original(candidate.start), clean.original(candidate.end - 1) + 1
        for topic in topics.topics:
            own_hits = [hit for hit in candidate.hits if hit.use.topic == topic.id]
            if candidate.refers_to is not None:
                concerned = candidate.refers_to.topic == topic.id
            else:
                concerned = any(hit.use.scope for hit in own_hits)
            if concerned:
                span = (text[start:end], start, end)
                found.append(_classify(candidate, own_hits, topic, provenance, span))
    return tuple(found)


_TITLE_LENGTH = 120


def _placed(provenance: Provenance, text: str) -> Provenance:
    """The provenance of a plan whose issuer names no region.

    It is that of a zone it is for; one that speaks of the state and of no place is the ministries'.
    """
    local = provenance.kind is DocumentKind.PLAN and provenance.speaker is Speaker.GOVERNMENT
    if not local or provenance.region is not None:
        return provenance
    region = first_region(text[:_TITLE_LENGTH]) or own_place(text.split("\n"))
    if region is None and "国家" in text and press_pattern("that_place").search(text) is None:
        return replace(provenance, speaker=Speaker.MINISTRY, region=NATION)
    return replace(provenance, region=region)


@dataclass(frozen=True, slots=True)
class _Reference:
    """A sentence with words of a topic, to which one without them refers."""

    topic: str
    text: str
    start: int
    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence of the normalised text that contains a word of a topic, or refers to one."""

    text: str
    start: int
    end: int
    line: Paragraph
    under_topic_lead: bool
    heading: bool
    """Whether it is a line of its own that heads the lines below, in a plan."""
    task: bool
    """Whether it is a line of its own that says what is done."""
    hits: list[Hit]
    reading: PressReading | None
    """The label and speaker in the press; None in other documents."""
    source: SourceName
    scores: CueScores
    """Its cues, with the tense of the clauses before it that it shares: 建成…；投用…."""
    earlier: str
    """The text before it in its paragraph, as far as a reference (届时) may reach."""
    refers_to: _Reference | None = None
    """What puts it in scope where its own words do not."""


def _candidates(
    text: str,
    lines: Sequence[Paragraph],
    hits: Sequence[Hit],
    provenance: Provenance,
    topics: Topics,
    *,
    model: PressModel | None,
    reasons: bool,
) -> Iterator[_Candidate]:
    cut = [
        [
            (line.start + start, line.start + end)
            for start, end in split_sentences(text[line.start : line.end])
        ]
        for line in lines
    ]
    news = provenance.kind is DocumentKind.NEWS
    press = PressReader(text, cut, provenance, model) if news else None
    plan = provenance.kind is DocumentKind.PLAN
    issuer = (
        NOBODY
        if press
        else fitting_name(
            source_of_document(text, provenance), provenance.speaker, provenance.region
        )
    )
    starts = [hit.start for hit in hits]
    scope = [hit.start for hit in hits if hit.use.scope]
    references = _References(text, cut, hits, press, topics)
    for number, (line, spans) in enumerate(zip(lines, cut, strict=True)):
        if not (references.in_paragraph(number) or _any_between(scope, line.start, line.end)):
            continue
        under_topic_lead = line.lead - line.start <= HEADING_LENGTH and bool(
            _any_between(scope, line.start, line.lead)
        )
        for index, (start, end) in enumerate(spans):
            readings: list[tuple[PressReading | None, _Reference | None]] = []
            if _any_between(scope, start, end):
                reading = press.read(number, index, reason=reasons) if press else None
                readings.append((reading, None))
            if line.section not in _NO_PROSE:
                readings += references.read(number, index, reason=reasons)
            for reading, reference in readings:
                yield _Candidate(
                    text=text[start:end],
                    start=start,
                    end=end,
                    line=line,
                    under_topic_lead=under_topic_lead,
                    heading=plan and len(spans) == 1 and opens_part(text, lines, number),
                    task=not news and len(spans) == 1 and is_task_line(text, lines, number),
                    hits=list(hits[bisect_left(starts, start) : bisect_left(starts, end)]),
                    reading=reading,
                    source=reading.source if reading else issuer,
                    scores=reading.scores if reading else cues_of_sentence(text, spans, index),
                    earlier=text[max(line.start, start - _LOOK_BACK_LENGTH) : start],
                    refers_to=reference,
                )


class _References:
    """The sentences of an article that belong to the model's topic by what they refer to."""

    def __init__(
        self,
        text: str,
        paragraphs: Sequence[Sequence[tuple[int, int]]],
        hits: Sequence[Hit],
        press: PressReader | None,
        topics: Topics,
    ) -> None:
        model = press.model.scope if press else None
        self._press = press
        self._text = text
        self._paragraphs = paragraphs
        self._topic = model.topic if model else ""
        self._hits = [hit for hit in hits if hit.use.topic == self._topic]
        self._found: dict[tuple[int, int], ScopeCandidate] = {}
        if press and model and any(topic.id == model.topic for topic in topics.topics):
            words = count_words(text, paragraphs, self._hits, model.topic)
            self._found = {one.place: one for one in press.in_context(words)}
        self._numbers = {number for number, _ in self._found}

    def in_paragraph(self, number: int) -> bool:
        """Whether a paragraph has such a sentence."""
        return number in self._numbers

    def read(
        self, number: int, index: int, *, reason: bool
    ) -> list[tuple[PressReading | None, _Reference | None]]:
        """What a sentence is if it is one of them, and to what it refers."""
        found = self._found.get((number, index))
        reading = (
            self._press.read_in_context(found, reason=reason) if self._press and found else None
        )
        if found is None or reading is None:
            return []
        paragraph, place = found.nearest
        start, end = self._paragraphs[paragraph][place]
        hits = [hit for hit in self._hits if start <= hit.start < end]
        return [(reading, _Reference(self._topic, self._text[start:end], start, hits))]


def _any_between(places: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _plan_year(provenance: Provenance) -> int | None:
    if provenance.year is not None:
        return provenance.year
    return provenance.published.year if provenance.published else None


def _classify(
    candidate: _Candidate,
    hits: Sequence[Hit],
    topic: Topic,
    provenance: Provenance,
    span: tuple[str, int, int],
) -> ExplainedSentence:
    text, start, end = span
    reading = candidate.reading
    scores = candidate.scores
    about = candidate.refers_to or _Reference(topic.id, candidate.text, candidate.start, [*hits])
    words = tuple(dict.fromkeys(hit.hidden_by or hit.word for hit in about.hits if hit.use.scope))
    scope = in_scope_hits(about.text, about.hits)
    attribution = (
        reading.attribution
        if reading
        else Attribution(provenance.speaker, provenance.region, Manner.NONE, "")
    )
    line = candidate.line
    label, reason = _label_of(candidate)
    statement: Statement | None = None
    themes: dict[str, str] = {}
    if scope:
        themes = themes_of(about.text, about.hits, topic, about.start)
        statement = Statement(
            text=text,
            start=start,
            end=end,
            label=label,
            speaker=attribution.speaker,
            region=attribution.region,
            year=_year(candidate.text, label, provenance, _plan_year(provenance)),
            themes=tuple(themes),
            targets=_targets_of(candidate, scope, label, provenance),
            section=line.heading[:_MAX_HEADING_LENGTH],
            topic=topic.id,
            source_name=candidate.source.source,
            person=candidate.source.person,
            person_title=candidate.source.title,
        )
    return ExplainedSentence(
        text=text,
        start=start,
        end=end,
        statement=statement,
        section=line.section.value,
        section_reason=line.reason,
        label_reason=reason,
        cues=scores.cues,
        words=words,
        attribution=attribution.cue,
        theme_words=tuple(themes.items()),
        rejected="" if scope else f"{'、'.join(words)} means something else here",
        in_scope_by=CONTEXT if candidate.refers_to else WORDS,
    )


def _label_of(candidate: _Candidate) -> tuple[Label, str]:
    """The label of a sentence, and what decided it."""
    reading, section = candidate.reading, candidate.line.section
    if _file_name_pattern().search(candidate.text):
        return Label.OTHER, "name of a file"
    if reading is None and _is_bare_heading(candidate):
        return Label.OTHER, "heading without an action"
    if reading is None or section in _NO_PROSE:
        return label_by_section(section, candidate.scores)
    return reading.label, reading.reason


def _targets_of(
    candidate: _Candidate, scope: Sequence[Hit], label: Label, provenance: Provenance
) -> tuple[Target, ...]:
    """The targets of a sentence about a topic; only plans and results have some."""
    if label not in {Label.COMMITMENT, Label.ACHIEVEMENT}:
        return ()
    spans = [(hit.start - candidate.start, hit.end - candidate.start) for hit in scope]
    return parse_targets(
        candidate.text,
        None if candidate.refers_to else spans,
        this_year=_plan_year(provenance),
        under_topic_lead=candidate.under_topic_lead,
        earlier=candidate.earlier,
        mixed=provenance.kind is DocumentKind.REPORT,
    )


@cache
def _file_name_pattern() -> re.Pattern[str]:
    """The name of an attachment: 附件1：…申报表, ….docx."""
    return re.compile(
        "^(?:附件|附表)[0-9一二三四五六七八九十]{0,2}[：.、][^，。；！？]*$"
        r"|\.(?:docx?|pdf|xlsx?|pptx?|wps|ofd|zip|rar)[”》）]?$",
        re.IGNORECASE,
    )


def _is_bare_heading(candidate: _Candidate) -> bool:
    """Whether a line is a heading that only names a subject: （二）人工智能产业.

    A heading that opens with a verb (加快算力产业发展) states an intention, and a line of a list
    may be a task (算力券按季度发放). In a plan, which is divided into actions and tasks, carrying
    out one of them (实施算力强基行动) only names what the lines below promise.
    """
    line = candidate.line
    if (candidate.start, candidate.end) != (line.start, line.end):
        return False
    words = _heading_mark_pattern().sub("", candidate.text)
    if words == candidate.text and words.endswith("。"):
        return False
    words = words.rstrip("。：")
    if candidate.heading and plan_part_pattern().fullmatch(words) is not None:
        return True
    if candidate.task:
        return False
    return len(words) <= HEADING_LENGTH and _subject_pattern().fullmatch(words) is not None


@cache
def _heading_mark_pattern() -> re.Pattern[str]:
    return re.compile(
        r"^[ #*]*(?:第?[一二三四五六七八九十]{1,3}(?:部分|章|节|[、.是]|，)"
        r"|（[一二三四五六七八九十]{1,3}）|[0-9]{1,2}[.、）]"
        r"|(?:专栏|附?[表图])[0-9]{1,2}(?:[-—.][0-9]{1,2})?(?=[ ：]|[^0-9年月])"
        r"|——|•|·|●|■|▲|◆)*[ ：]*"
        # 2026年算力建设重点项目 names what the lines below promise.
        r"(?:20[0-9]{2}年度?(?=[^，。；]*(?:工作|重点|任务|清单|目标|安排|计划|项目|要点|措施|部署)$))?"
    )


@cache
def _subject_pattern() -> re.Pattern[str]:
    """A phrase of which no part opens with a verb or a preposition, and that gives no number."""
    verbs = alternation(quantity_words().verbs)
    when = (
        "[一二三四上下][个半]?[季年]度?|[今明本全][年省市区县]|[我各][省市区县]|年[内底]|[近远]期"
    )
    opens = f"{label_words().verb}|{verbs}|{when}|[将要以用让把向为在按从对由举倾集]|力争"
    return re.compile(f"(?:(?:^|[、和与 ])(?!{opens})[^，。；、和与 0-9]+)+")


def _year(sentence: str, label: Label, provenance: Provenance, plan_year: int | None) -> int | None:
    """The year of the plan, for an achievement the year before, in the press the year named."""
    if provenance.kind is DocumentKind.NEWS:
        named = (
            year.year
            for year in named_years(sentence, plan_year)
            if sentence[year.start - 1 : year.start] not in {"到", "至"}
            and sentence[year.end : year.end + 1] not in {"底", "末", "前"}
        )
        return next(named, plan_year)
    if (
        plan_year is not None
        and label is Label.ACHIEVEMENT
        and provenance.kind is DocumentKind.REPORT
    ):
        return plan_year - 1
    return plan_year

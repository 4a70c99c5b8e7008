"""The variables of a template: plain fields of an alert, in the language of the chat."""

from __future__ import annotations

from dataclasses import dataclass, fields

from monitor.messages.alert_message import ranked_changes
from monitor.messages.change_text import (
    headline,
    kind_name,
    metric_name,
    relative_change,
    sentence_spans,
    speaker_and_label,
    unsure_note,
    value_change,
)
from monitor.messages.i18n import AlertTexts, alert_texts, kind_symbol, short_region, speaker_name
from monitor.messages.richtext import Message, Span, one_line
from monitor.model.alerts import AlertChange, AlertDocument, OutboxAlert
from monitor.model.changes import Change, Delta
from monitor.model.statements import number

_LINE = 120
_SENTENCE = 280
_NAME = 40
_MAX_FIGURES = 4
_EXACT = 1e15


class TemplateError(Exception):
    """A template that is refused or failed; ``line`` is the template's, where it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Take a reason, with its hint after `` – ``, as one line."""
        self.line = line
        super().__init__(" ".join(message.split()))


@dataclass(frozen=True, slots=True)
class StyledText:
    """Styled text: HTML when a template outputs it, plain text for filters."""

    spans: tuple[Span, ...]

    def __html__(self) -> str:
        """The markup, which Jinja2 does not escape again."""
        return Message(self.spans).html

    def __str__(self) -> str:
        """The text without styles."""
        return Message(self.spans).text


@dataclass(frozen=True, slots=True)
class FigureView:
    """A number that changed; ``before`` or ``after`` is None if there is only one."""

    metric: str
    before: float | None
    after: float | None
    unit: str
    shown: str
    growth: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change."""

    id: int
    kind: str
    kind_name: str
    symbol: str
    region: str
    short_region: str
    headline: str
    text: str
    before: str
    diff: StyledText
    speaker: str
    source_name: str
    person: str
    person_title: str
    label: str
    attribution: str
    themes: tuple[str, ...]
    section: str
    year: int | None
    figures: tuple[FigureView, ...]
    summary: str
    certainty: str
    nearest_text: str
    score: float | None
    note: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """The document of the changes; ``url`` is empty unless it is http(s)."""

    title: str
    url: str
    published: str
    source: str
    region: str
    kind: str


@dataclass(frozen=True, slots=True)
class TextsView:
    """Texts in the chat's language; ``more`` is the number of changes left out."""

    was: str
    now: str
    dropped: str
    colon: str
    more: str
    opening: str
    closing: str


VARIABLES: dict[str, type[object]] = {
    "changes": ChangeView,
    "document": DocumentView,
    "texts": TextsView,
    "rest": int,
    "language": str,
}
"""The variables of a template and their types (``changes`` is a list)."""

FIELDS = frozenset(
    field.name
    for view in (ChangeView, FigureView, DocumentView, TextsView)
    for field in fields(view)
)
"""All field names that a template may use."""


def change_views(alert: OutboxAlert, most: int) -> tuple[ChangeView, ...]:
    """The strongest changes of an alert, strongest first."""
    strongest = ranked_changes(alert)
    return tuple(_change(item, alert.language) for item in strongest[:most])


def template_variables(
    alert: OutboxAlert, document: AlertDocument, changes: tuple[ChangeView, ...]
) -> dict[str, object]:
    """The variables of a template that renders these changes of an alert."""
    texts = alert_texts(alert.language)
    rest = len(alert.changes) - len(changes)
    return {
        "changes": changes,
        "rest": rest,
        "document": _document(document),
        "language": "en" if alert.language == "en" else "zh",
        "texts": TextsView(
            was=texts.was,
            now=texts.now,
            dropped=texts.dropped,
            colon=texts.colon,
            more=texts.more.format(count=rest) if rest else "",
            opening=texts.quote[0],
            closing=texts.quote[1],
        ),
    }


def _change(item: AlertChange, language: str) -> ChangeView:
    change, texts = item.change, alert_texts(language)
    statement = change.statement
    region = one_line(change.region or statement.region, _NAME)
    both = change.before is not None and change.after is not None
    return ChangeView(
        id=item.change_id,
        kind=change.kind.value,
        kind_name=kind_name(change, texts),
        symbol=kind_symbol(change.kind),
        region=region,
        short_region=short_region(region),
        headline=headline(change, language),
        text=one_line(statement.text, _SENTENCE),
        before=one_line(change.before.text, _SENTENCE) if both and change.before else "",
        diff=StyledText(tuple(sentence_spans(change, texts))),
        speaker=speaker_name(
            statement, one_line(statement.region or change.region, _NAME), language
        ),
        source_name=one_line(statement.source_name, _LINE),
        person=one_line(statement.person, _NAME),
        person_title=one_line(statement.person_title, _NAME),
        label=texts.labels[statement.label],
        attribution=speaker_and_label(change, language),
        themes=tuple(
            one_line(texts.themes.get(theme, theme), _NAME) for theme in statement.themes[:5]
        ),
        section=one_line(statement.section, _LINE),
        year=statement.year,
        figures=tuple(_figure(delta, change, texts) for delta in change.deltas[:_MAX_FIGURES]),
        summary=one_line(item.summary, _SENTENCE),
        certainty=change.certainty.value,
        nearest_text=one_line(change.nearest_text, _SENTENCE),
        score=None if change.score is None else round(change.score, 2),
        note=unsure_note(change, texts),
    )


def _figure(delta: Delta, change: Change, texts: AlertTexts) -> FigureView:
    return FigureView(
        metric=metric_name(delta),
        before=_whole(delta.before),
        after=_whole(delta.after),
        unit=one_line(texts.units.get(delta.unit, delta.unit), _NAME),
        shown=value_change(delta, change, texts),
        growth=relative_change(delta, change, texts),
    )


def _whole(value: float | None) -> float | None:
    return number(value) if value is not None and abs(value) < _EXACT else value


def _document(document: AlertDocument) -> DocumentView:
    link = Span("", link=document.url).link or ""
    return DocumentView(
        title=one_line(document.title, _LINE) or one_line(document.url, _LINE) or "?",
        url=link,
        published="" if document.published is None else document.published.isoformat(),
        source=one_line(document.source_name, _NAME),
        region=one_line(document.region, _NAME),
        kind=document.kind.value,
    )

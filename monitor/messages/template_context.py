"""What a template sees of an alert: plain fields, shortened and in the language of the chat."""

from __future__ import annotations

from dataclasses import dataclass, fields

from monitor.messages.alert_message import ranked_changes
from monitor.messages.change_text import (
    headline,
    metric_name,
    relative_change,
    sentence_spans,
    speaker_and_label,
    value_change,
)
from monitor.messages.i18n import AlertTexts, alert_texts, kind_symbol, short_region, speaker_name
from monitor.messages.richtext import Message, Span, one_line
from monitor.model.changes import Change, Delta
from monitor.model.statements import number
from monitor.outbox.load import AlertChange, AlertDocument, OutboxAlert

_LINE = 120
_SENTENCE = 280
_NAME = 40
_MOST_FIGURES = 4
_EXACT = 1e15


class TemplateError(Exception):
    """A template that is refused or failed; ``line`` is the template's, where it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Take a reason, with its hint after `` – ``, as one line."""
        self.line = line
        super().__init__(" ".join(message.split()))


@dataclass(frozen=True, slots=True)
class StyledText:
    """Styled text: as HTML where a template shows it, plain for its filters."""

    spans: tuple[Span, ...]

    def __html__(self) -> str:
        """The markup, which autoescape leaves as it is."""
        return Message(self.spans).html

    def __str__(self) -> str:
        """The text without its styles."""
        return Message(self.spans).text


@dataclass(frozen=True, slots=True)
class FigureView:
    """A number that moved; ``before`` and ``after`` are None where there was or is none."""

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
    mark: str
    region: str
    short_region: str
    headline: str
    text: str
    before: str
    difference: StyledText
    speaker: str
    label: str
    said_by: str
    themes: tuple[str, ...]
    section: str
    year: int | None
    figures: tuple[FigureView, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """Where the changes were found; ``url`` is empty unless it is an address of the web."""

    title: str
    url: str
    published: str
    source: str
    region: str
    kind: str


@dataclass(frozen=True, slots=True)
class WordsView:
    """Words of the chat's language; ``more`` says how many changes were left out."""

    was: str
    now: str
    gone: str
    colon: str
    more: str
    opening: str
    closing: str


VARIABLES: dict[str, type[object]] = {
    "changes": ChangeView,
    "document": DocumentView,
    "words": WordsView,
    "rest": int,
    "language": str,
}
"""What a template may name, and what each is (``changes`` is a list of them)."""

FIELDS = frozenset(
    field.name
    for view in (ChangeView, FigureView, DocumentView, WordsView)
    for field in fields(view)
)
"""All that may stand after a dot."""


def change_views(alert: OutboxAlert, most: int) -> tuple[ChangeView, ...]:
    """The strongest changes of an alert, strongest first."""
    strongest = ranked_changes(alert)
    return tuple(_change(item, alert.language) for item in strongest[:most])


def template_variables(
    alert: OutboxAlert, document: AlertDocument, changes: tuple[ChangeView, ...]
) -> dict[str, object]:
    """What a template may name when these changes of the alert are told."""
    table = alert_texts(alert.language)
    rest = len(alert.changes) - len(changes)
    return {
        "changes": changes,
        "rest": rest,
        "document": _document(document),
        "language": "en" if alert.language == "en" else "zh",
        "words": WordsView(
            was=table.was,
            now=table.now,
            gone=table.gone,
            colon=table.colon,
            more=table.more.format(count=rest) if rest else "",
            opening=table.quote[0],
            closing=table.quote[1],
        ),
    }


def _change(item: AlertChange, language: str) -> ChangeView:
    change, table = item.change, alert_texts(language)
    statement = change.statement
    region = one_line(change.region or statement.region, _NAME)
    both = change.before is not None and change.after is not None
    return ChangeView(
        id=item.change_id,
        kind=change.kind.value,
        kind_name=table.kinds[change.kind],
        mark=kind_symbol(change.kind),
        region=region,
        short_region=short_region(region),
        headline=headline(change, language),
        text=one_line(statement.text, _SENTENCE),
        before=one_line(change.before.text, _SENTENCE) if both and change.before else "",
        difference=StyledText(tuple(sentence_spans(change, table))),
        speaker=speaker_name(
            statement.speaker, one_line(statement.region or change.region, _NAME), language
        ),
        label=table.labels[statement.label],
        said_by=speaker_and_label(change, language),
        themes=tuple(
            one_line(table.themes.get(theme, theme), _NAME) for theme in statement.themes[:5]
        ),
        section=one_line(statement.section, _LINE),
        year=statement.year,
        figures=tuple(_figure(delta, change, table) for delta in change.deltas[:_MOST_FIGURES]),
        summary=one_line(item.summary, _SENTENCE),
    )


def _figure(delta: Delta, change: Change, table: AlertTexts) -> FigureView:
    return FigureView(
        metric=metric_name(delta),
        before=_whole(delta.before),
        after=_whole(delta.after),
        unit=one_line(table.units.get(delta.unit, delta.unit), _NAME),
        shown=value_change(delta, change, table),
        growth=relative_change(delta, table),
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

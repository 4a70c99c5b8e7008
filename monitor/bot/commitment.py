"""``/commitment``: one change of the log in full, with the numbers of all years."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.bot.context import ROOM, Answer, Asked, Office, Picture, number_of, say
from monitor.messages.change_text import headline
from monitor.messages.chart import build_chart, chart_caption, chart_png, chart_svg
from monitor.messages.i18n import (
    AlertTexts,
    BotTexts,
    alert_texts,
    bot_texts,
    fill,
    short_metric,
    speaker_name,
)
from monitor.messages.number_format import format_amount
from monitor.messages.richtext import Button, Message, Span, one_line, trim, utf16_length
from monitor.model.changes import Change, LoggedChange
from monitor.model.statements import Figure, Op
from monitor.storage.changes import find_change
from monitor.storage.views import figures_of

_TEXT = 1_200
_LINE = 160
_MOST_FIGURES = 20


def commitment(office: Office, asker: Asked) -> Answer:
    """A change by its number: both sentences whole, its history, its source, and a chart."""
    bot = office.words(asker.key)
    number = number_of(asker.words)
    if number is None:
        return say(bot.which_commitment)
    with office.database.read() as session:
        found = find_change(session, number)
        if found is None:
            return say(fill(bot.no_commitment, id=number))
        figures = history_of(found.change, lambda r, m: figures_of(session, r, m))
    language = office.chat(asker.key).language
    picture = picture_of(found.change, figures, language)
    return Answer(_whole(office, asker, found, figures), picture=picture)


def history_of(change: Change, figures: Callable[[str, str], list[Figure]]) -> list[Figure]:
    """The numbers a region's reports gave of what a change is about, in its unit.

    Args:
        change: any change.
        figures: finds the numbers of a region's metric.
    """
    subject = _subject(change)
    region = change.statement.region or change.region
    if subject is None or region is None:
        return []
    metric, unit = subject
    # 智能算力规模 has 算力规模 in it, and is another number.
    found = figures(region, metric)
    same = [f for f in found if f.unit == unit and short_metric(f.metric) == metric]
    return same[-_MOST_FIGURES:]


def _subject(change: Change) -> tuple[str, str] | None:
    """The metric and the unit of the number that a change is about first."""
    numbers = [(delta.metric, delta.unit) for delta in change.deltas]
    numbers += [(target.metric, target.unit) for target in change.statement.targets]
    named = ((short_metric(metric), unit) for metric, unit in numbers if metric)
    return next(named, None)


def _whole(
    office: Office,
    asker: Asked,
    found: LoggedChange,
    figures: Sequence[Figure],
) -> Message:
    change, statement = found.change, found.change.statement
    language = office.chat(asker.key).language
    bot, table = bot_texts(language), alert_texts(language)
    spans = [Span(f"#{found.id} {headline(change, language)}", bold=True)]
    spans.append(Span(f"\n{table.kinds[change.kind]} · {table.labels[statement.label]} · "))
    spans.append(Span(speaker_name(statement.speaker, statement.region or change.region, language)))
    for name, side in ((bot.before, change.before), (bot.after, change.after)):
        if side is not None:
            said = trim(" ".join(side.text.split()), _TEXT)
            spans += [Span(f"\n\n{name}\n", bold=True), Span(said)]
    spans += _history(figures, bot, table)
    spans.append(Span("\n"))
    if statement.section:
        spans.append(Span(f"\n{bot.section}: {one_line(statement.section, _LINE)}"))
    zone = office.zone(asker.key)
    spans.append(Span(f"\n{bot.detected} {found.detected_at.astimezone(zone):%Y-%m-%d %H:%M}"))
    day = "" if found.published is None else f" {found.published.isoformat()}"
    title = one_line(found.document_title, _LINE) or bot.source_link
    spans += [Span("\n"), Span(title, link=found.url), Span(day)]
    buttons = ((Button(bot.evidence, f"v:{found.id}"),),)
    return Message(tuple(spans), buttons)


def _history(figures: Sequence[Figure], bot: BotTexts, table: AlertTexts) -> list[Span]:
    if not figures:
        return []
    spans = [Span(f"\n\n{bot.history}", bold=True)]
    room = ROOM // 4
    for figure in figures:
        told = bot.reached if figure.label == "achievement" else bot.promised
        op = "" if figure.label == "achievement" else table.ops.get(_op(figure), "")
        shown = (
            f"\n{figure.year or '?'} {told} {op}{format_amount(figure.value, figure.unit, table)}"
        )
        room -= utf16_length(shown)
        if room < 0:
            break
        spans.append(Span(shown))
    return spans


def _op(figure: Figure) -> Op:
    try:
        return Op(figure.op)
    except ValueError:  # a later version's word, read by this one
        return Op.REACH


def picture_of(change: Change, figures: Sequence[Figure], language: str) -> Picture | None:
    """A picture of a target's history; None where there is too little of it."""
    subject = _subject(change)
    if subject is None:
        return None
    metric, unit = subject
    chart = build_chart(figures, metric=metric, unit=unit)
    if chart is None:
        return None
    region = change.statement.region or change.region
    return Picture(
        chart_png(chart_svg(chart, region, language)), chart_caption(chart, region, language)
    )

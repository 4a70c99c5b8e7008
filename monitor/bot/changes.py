"""``/latest``, ``/search``, ``/region``: the change log.

``/commitment``: one change in full, or a commitment over the years.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from monitor.bot.context import (
    MAX_LIST_TEXT,
    MAX_NAME,
    BotContext,
    Picture,
    Reply,
    Request,
    parse_number,
    text_reply,
)
from monitor.extraction.fuzzy_place_names import likely_names
from monitor.extraction.metric_history import growth_of, metric_core, metric_history, search_terms
from monitor.extraction.units import to_base
from monitor.messages.change_text import change_spans, format_amount, headline, kind_name
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
from monitor.messages.richtext import (
    ENTITY_LIMIT,
    Button,
    CallbackPrefix,
    Message,
    Span,
    callback_data,
    entity_count,
    one_line,
    trim,
    utf16_length,
)
from monitor.model.changes import Basis, Change, CommitmentYear, Kind, LoggedChange
from monitor.model.statements import Figure, Label, Op
from monitor.rules.custom import Query, parse_alternatives, parse_query, suggest_region_name
from monitor.storage.changes import ChangeConditions, find_change, list_changes
from monitor.storage.commitments import commitment_of_change, commitment_years, find_commitments
from monitor.storage.feedback import feedback_summary
from monitor.storage.views import figures_of

_PAGE_SIZE = 5
_NEWEST = 10**15  # no change has so large a number: the list begins with the newest
_MAX_LATEST = 10
_MAX_TITLE = 160
_MAX_SECTION = 160
_MAX_SENTENCE = 1_200
_MAX_FIGURES = 20
_MAX_QUERY_BYTES = 40  # of a button; the rest of its 64 bytes is for the number


class _ListKind(StrEnum):
    """How the changes of a list are chosen, as the button below it carries it."""

    LATEST = "l"
    SEARCH = "s"
    REGION = "r"


def latest(context: BotContext, request: Request) -> Reply:
    """The newest commitments of the log; a number says how many, words say which."""
    most = parse_number(request.short_args)
    if most is None and request.short_args and not request.short_args.isdecimal():
        query = parse_query(request.short_args)
        is_region = bool(query.places) and not query.words
        return region(context, request) if is_region else search(context, request)
    return Reply(_list_page(context, request.recipient_id, min(most or _PAGE_SIZE, _MAX_LATEST)))


def search(context: BotContext, request: Request) -> Reply:
    """The newest changes with some words in them."""
    if not request.short_args:
        return text_reply(context.texts(request.recipient_id).which_words)
    kind, query = _ListKind.SEARCH, request.short_args
    return Reply(_list_page(context, request.recipient_id, _PAGE_SIZE, kind, query))


def region(context: BotContext, request: Request) -> Reply:
    """The newest changes of a region, or of a group of regions."""
    bot = context.texts(request.recipient_id)
    if not request.short_args:
        return text_reply(bot.which_region)
    query = parse_query(request.short_args)
    if query.words and not (apart := parse_query(request.short_args, apart=True)).words:
        query = apart
    if query.words:
        return Reply(_which_region(context, request, query.words[0]))
    kind = _ListKind.REGION
    return Reply(_list_page(context, request.recipient_id, _PAGE_SIZE, kind, query.text))


def _which_region(context: BotContext, request: Request, name: str) -> Message:
    """The question back for a place nobody knows; its buttons list those that may be meant."""
    bot = context.texts(request.recipient_id)
    likely = likely_names(name)
    hint = bot.enumeration.join(likely) or suggest_region_name(name)
    near = "" if hint is None else f"\n{fill(bot.did_you_mean, rule=hint)}"
    buttons = (
        Button(one, callback_data(CallbackPrefix.OLDER_CHANGES, _ListKind.REGION, _NEWEST, one))
        for one in likely
    )
    text = fill(bot.no_region, region=one_line(name, MAX_NAME)) + near
    return Message((Span(text),), (tuple(buttons),) if likely else ())


def older(context: BotContext, request: Request) -> Reply:
    """The button below a list: the changes before it, as a new message."""
    kind, _, rest = request.args.partition(":")
    before, _, query = rest.partition(":")
    number = parse_number(before)
    if number is None or kind not in set(_ListKind):
        return Reply(toast=context.texts(request.recipient_id).expired)
    listed = _list_page(
        context, request.recipient_id, _PAGE_SIZE, _ListKind(kind), query, before=number
    )
    return Reply(listed)


def commitment(context: BotContext, request: Request) -> Reply:
    """A change by its number: both sentences in full, its history, its source, and a chart.

    Words find commitments: since when each is promised, and how its number moved.
    """
    bot = context.texts(request.recipient_id)
    number = parse_number(request.short_args)
    if number is None and not request.short_args:
        return text_reply(bot.which_commitment)
    if number is None:
        return Reply(_commitment_list(context, request))
    with context.database.read() as connection:
        found = find_change(connection, number)
        if found is None:
            return text_reply(fill(bot.no_commitment, id=number))
        figures = history_of(found.change, lambda r, m: figures_of(connection, r, *m))
        commitment_id = commitment_of_change(connection, number)
        years = [] if commitment_id is None else commitment_years(connection, commitment_id)
        correction = feedback_summary(connection, number).correction
    language = context.settings(request.recipient_id).language
    picture = picture_of(found.change, figures, language)
    message = _change_in_full(context, request, found, figures, years)
    if correction is not None:
        note = Span(f"⚠️ {bot.corrections[correction]}\n", bold=True)
        message = replace(message, spans=(note, *message.spans))
    return Reply(message, picture=picture)


def history_of(
    change: Change, figures: Callable[[str, Sequence[str]], list[Figure]]
) -> list[Figure]:
    """The figures of a region's reports for the metric of a change, in one unit.

    Args:
        change: any change.
        figures: finds the figures of a region and of names of a metric.
    """
    subject = _subject(change)
    region = change.statement.region or change.region
    if subject is None or region is None:
        return []
    metric, unit = subject
    found = metric_history(figures(region, search_terms(metric)), metric, unit=unit)
    return [replace(figure, metric=metric) for figure in found[-_MAX_FIGURES:]]


def picture_of(change: Change, figures: Sequence[Figure], language: str) -> Picture | None:
    """A chart of a target's history; None where there are too few figures."""
    subject = _subject(change)
    if subject is None:
        return None
    metric, unit = subject
    if figures:
        unit = figures[0].unit
    chart = build_chart(figures, metric=metric, unit=unit)
    if chart is None:
        return None
    region = change.statement.region or change.region
    return Picture(
        chart_png(chart_svg(chart, region, language)), chart_caption(chart, region, language)
    )


def _list_page(
    context: BotContext,
    recipient_id: int,
    size: int,
    kind: _ListKind = _ListKind.LATEST,
    query: str = "",
    *,
    before: int | None = None,
) -> Message:
    """A page of changes, newest first, and the button for the page after it.

    Args:
        context: what handlers work with.
        recipient_id: of the chat, whose language is used.
        size: changes at most.
        kind: how the changes are chosen.
        query: the words or the regions.
        before: list the changes with a smaller number only.
    """
    chat = context.settings(recipient_id)
    bot = bot_texts(chat.language)
    found = _listed(context, kind, query, before=before, limit=size + 1)
    if not found:
        return Message((Span(fill(bot.no_found, words=query) if query else bot.no_latest),))
    title = {
        _ListKind.LATEST: bot.latest,
        _ListKind.SEARCH: fill(bot.found, words=query),
        _ListKind.REGION: fill(bot.region, region=query),
    }[kind]
    spans = [Span(title, bold=True)]
    room, styles = MAX_LIST_TEXT - utf16_length(title), ENTITY_LIMIT - 1
    shown = 0
    for item in found[:size]:
        entry = (Span("\n\n"), *change_spans(item.change, chat.language), *_source_of(item))
        room -= utf16_length("".join(span.text for span in entry))
        styles -= entity_count(entry)
        if shown and (room < 0 or styles < 0):
            break
        spans += entry
        shown += 1
    is_last = len(found) == shown
    if is_last or len(query.encode()) > _MAX_QUERY_BYTES:
        return Message(tuple(spans))
    data = callback_data(CallbackPrefix.OLDER_CHANGES, kind, found[shown - 1].id, query)
    return Message(tuple(spans), ((Button(bot.older, data),),))


def _listed(
    context: BotContext, kind: _ListKind, query: str, *, before: int | None, limit: int
) -> list[LoggedChange]:
    """The changes of a list, newest first.

    A place in a search (贵州 液冷, Guizhou) is the region of a change; where none is found so, it
    is a word of its sentence. Later pages are found in the same way as the first. Of 液冷|风冷,
    either has to stand there.
    """
    with context.database.read() as connection:
        if kind is _ListKind.LATEST:
            # A review that is silent is no news; who looks for a place or a word finds it.
            newest = ChangeConditions(before=before, without=(Kind.NOT_REPORTED,))
            return list_changes(connection, newest, limit=limit)
        if kind is _ListKind.REGION:
            regions = parse_query(query.rstrip("…")).regions
            of_region = ChangeConditions(before=before, regions=regions)
            return list_changes(connection, of_region, limit=limit)
        asked = parse_alternatives(query.rstrip("…"))
        apart = parse_alternatives(query.rstrip("…"), apart=True)
        as_words = [replace(one, regions=(), words=(*one.places, *one.words)) for one in asked]
        tried: set[Query] = set()
        for queries in map(set, (asked, apart, as_words)):
            found: dict[int, LoggedChange] = {}
            for one in queries - tried:
                if not (one.words or one.regions):
                    continue  # of marks alone nothing is left, which would fit every change
                wanted = ChangeConditions(
                    before=before, words=one.words, regions=one.regions or None
                )
                listed = list_changes(connection, wanted, limit=limit)
                found |= {change.id: change for change in listed}
            tried |= queries
            if found:
                return [found[number] for number in sorted(found, reverse=True)[:limit]]
        return []


def _commitment_list(context: BotContext, request: Request) -> Message:
    """The commitments with some words in them, those promised longest first."""
    language = context.settings(request.recipient_id).language
    bot, table = bot_texts(language), alert_texts(language)
    query = parse_query(request.short_args)
    with context.database.read() as connection:
        found = find_commitments(
            connection, words=query.words, regions=query.regions or None, limit=_PAGE_SIZE
        )
        apart = parse_query(request.short_args, apart=True)
        if not found and apart != query:
            found = find_commitments(
                connection, words=apart.words, regions=apart.regions, limit=_PAGE_SIZE
            )
    if not found:
        nothing = fill(bot.no_found, words=request.short_args)
        return Message((Span(f"{nothing}\n{bot.which_commitment}"),))
    title = fill(bot.found_commitments, words=request.short_args)
    spans = [Span(title, bold=True)]
    room = MAX_LIST_TEXT - utf16_length(title)
    for years in found:
        newest = years[-1]
        entry = [
            Span(f"\n\n{one_line(newest.text, _MAX_TITLE)}", link=newest.url),
            Span(f"\n{newest.region or '?'} · {_identity(years, bot, table)}"),
        ]
        if newest.change_id is not None:
            entry.append(Span(f"\n/commitment_{newest.change_id}"))
        room -= utf16_length("".join(span.text for span in entry))
        if room < 0 and len(spans) > 1:
            break
        spans += entry
    return Message(tuple(spans))


def _identity(years: Sequence[CommitmentYear], bot: BotTexts, table: AlertTexts) -> str:
    """First promised in, repeated in, grew from … to …, in one line."""
    first = years[0].first_year
    parts = [fill(bot.first_promised, year=first)]
    again = sorted({one.year for one in years if one.kind is not Kind.DROPPED} - {first})
    if again:
        parts.append(fill(bot.repeated, years=bot.enumeration.join(map(str, again))))
    if any(one.merged_into is not None for one in years):
        parts.append(bot.merged)
    growth = growth_of(years, metric_core)
    if growth is not None:
        old, new = (to_base(one.value or 0, one.unit or "")[0] for one in growth)
        text = bot.grew if new > old else bot.fell if new < old else bot.stayed
        before, after = (format_amount(one.value or 0, one.unit or "", table) for one in growth)
        parts.append(
            fill(text, metric=short_metric(growth[1].metric or ""), before=before, after=after)
        )
    return bot.separator.join(parts)


def _source_of(item: LoggedChange) -> tuple[Span, ...]:
    title = one_line(item.document_title, _MAX_TITLE)
    day = "" if item.published is None else f" {item.published.isoformat()}"
    return (
        Span("\n"),
        Span(title, link=item.url),
        Span(f"{day}\n/commitment_{item.id}"),
    )


def _subject(change: Change) -> tuple[str, str] | None:
    """The first metric that a change is about, and its unit."""
    numbers = [(delta.metric, delta.unit) for delta in change.deltas]
    numbers += [(target.metric, target.unit) for target in change.statement.targets]
    named = ((short_metric(metric), unit) for metric, unit in numbers if metric)
    return next(named, None)


def _change_in_full(
    context: BotContext,
    request: Request,
    found: LoggedChange,
    figures: Sequence[Figure],
    years: Sequence[CommitmentYear],
) -> Message:
    change, statement = found.change, found.change.statement
    language = context.settings(request.recipient_id).language
    bot, table = bot_texts(language), alert_texts(language)
    spans = [Span(f"#{found.id} {headline(change, language)}", bold=True)]
    spans.append(Span(f"\n{kind_name(change, table)} · {table.labels[statement.label]} · "))
    spans.append(Span(speaker_name(statement, statement.region or change.region, language)))
    names = (bot.before, bot.after)
    if change.basis is Basis.FULFILMENT:
        names = (bot.promise, bot.review)
    for name, side in zip(names, (change.before, change.after), strict=True):
        if side is not None:
            text = trim(" ".join(side.text.split()), _MAX_SENTENCE)
            spans += [Span(f"\n\n{name}\n", bold=True), Span(text)]
    if change.nearest_text is not None:
        sure = table.certainty[change.certainty]
        spans += [Span(f"\n\n{table.nearest} ({sure})\n", bold=True)]
        spans.append(Span(trim(" ".join(change.nearest_text.split()), _MAX_SENTENCE)))
    if years:
        spans.append(Span(f"\n\n{_identity(years, bot, table)}"))
    spans += _history(figures, bot, table)
    spans.append(Span("\n"))
    if statement.section:
        spans.append(Span(f"\n{bot.section}: {one_line(statement.section, _MAX_SECTION)}"))
    zone = context.timezone(request.recipient_id)
    spans.append(Span(f"\n{bot.detected} {found.detected_at.astimezone(zone):%Y-%m-%d %H:%M}"))
    day = "" if found.published is None else f" {found.published.isoformat()}"
    title = one_line(found.document_title, _MAX_SECTION) or bot.source_link
    spans += [Span("\n"), Span(title, link=found.url), Span(day)]
    button = Button(bot.evidence, callback_data(CallbackPrefix.CHANGE_EVIDENCE, found.id))
    return Message(tuple(spans), ((button,),))


def _history(figures: Sequence[Figure], bot: BotTexts, table: AlertTexts) -> list[Span]:
    if not figures:
        return []
    spans = [Span(f"\n\n{bot.history}", bold=True)]
    room = MAX_LIST_TEXT // 4
    for figure in figures:
        reached = figure.label == Label.ACHIEVEMENT
        verb = bot.reached if reached else bot.promised
        op = "" if reached else table.ops.get(_op(figure), "")
        amount = format_amount(figure.value, figure.unit, table)
        line = f"\n{figure.year or '?'} {verb} {op}{amount}"
        room -= utf16_length(line)
        if room < 0:
            break
        spans.append(Span(line))
    return spans


def _op(figure: Figure) -> Op:
    try:
        return Op(figure.op)
    except ValueError:  # written by a later version
        return Op.REACH

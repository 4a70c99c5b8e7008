"""The buttons under an alert: its other changes, evidence, chart, and muting its rule."""

from __future__ import annotations

from monitor.bot.changes import history_of, picture_of
from monitor.bot.context import (
    MAX_LIST_TEXT,
    MAX_NAME,
    BotContext,
    Reply,
    Request,
    name_to_type,
    parse_number,
)
from monitor.messages.alert_message import document_line, ranked_changes, render_alert
from monitor.messages.change_text import change_spans, headline
from monitor.messages.i18n import BotTexts, fill
from monitor.messages.richtext import (
    ENTITY_LIMIT,
    Button,
    CallbackPrefix,
    Message,
    Span,
    callback_data,
    entity_count,
    one_line,
    short_hash,
    utf16_length,
)
from monitor.model.alerts import AlertChange, OutboxAlert
from monitor.model.delivery_times import zone_of
from monitor.outbox.load import get_alert, unsure_changes
from monitor.storage import subscriptions
from monitor.storage.provenance import ChangeProvenance, provenance_of_changes
from monitor.storage.recipients import RecipientSettings
from monitor.storage.views import figures_of

_MAX_CHANGES = 8
_MAX_RULES = 8
_MAX_URL = 300
_MAX_SECTION = 120


def show_page(context: BotContext, request: Request) -> Reply:
    """Replace the page of an alert that is shown by another."""
    alert, page = _alert(context, request)
    if alert is None:
        return Reply(toast=context.texts(request.recipient_id).expired)
    return Reply(edit=render_alert(alert, page))


def evidence_of_alert(context: BotContext, request: Request) -> Reply:
    """The provenance of an alert's changes, as a new message."""
    alert, _ = _alert(context, request)
    if alert is None:
        return Reply(toast=context.texts(request.recipient_id).expired)
    return Reply(
        _evidence(
            context, request, [item.change_id for item in ranked_changes(alert)[:_MAX_CHANGES]]
        )
    )


def evidence_of_change(context: BotContext, request: Request) -> Reply:
    """The provenance of one change, under ``/commitment``."""
    number = parse_number(request.args)
    if number is None:
        return Reply(toast=context.texts(request.recipient_id).expired)
    return Reply(_evidence(context, request, [number]))


def unsure(context: BotContext, request: Request) -> Reply:
    """What an alert counts as unsure, each with the nearest sentence, as a new message."""
    chat, bot = context.settings(request.recipient_id), context.texts(request.recipient_id)
    # The page in the data is the number of the change after which the list goes on.
    number, _, last = request.args.partition(":")
    alert = _alert_of_chat(context, request, parse_number(number) or 0)
    found: list[AlertChange] = []
    if alert is not None:
        after = parse_number(last) or 0
        with context.database.read() as connection:
            found = unsure_changes(connection, alert.id, after=after, limit=_MAX_CHANGES + 1)
    if alert is None or not found:
        return Reply(toast=bot.expired)
    spans = [Span(bot.unsure_title, bold=True)]
    room, styles = MAX_LIST_TEXT, ENTITY_LIMIT - 1
    shown = 0
    for item in found[:_MAX_CHANGES]:
        entry = [Span("\n\n"), *change_spans(item.change, chat.language, speaker=False)]
        if alert.document is None and item.document is not None:
            entry += [Span("\n"), *document_line(item.document)]
        entry.append(Span(f"\n/commitment_{item.change_id}"))
        room -= utf16_length("".join(span.text for span in entry))
        styles -= entity_count(entry)
        if shown and (room < 0 or styles < 0):
            break
        spans += entry
        shown += 1
    if shown == len(found):
        return Reply(Message(tuple(spans)))
    data = callback_data(CallbackPrefix.ALERT_UNSURE, alert.id, found[shown - 1].change_id)
    return Reply(Message(tuple(spans), ((Button(bot.unsure_more, data),),)))


def chart(context: BotContext, request: Request) -> Reply:
    """A chart of the first metric of an alert that has a history."""
    chat, bot = context.settings(request.recipient_id), context.texts(request.recipient_id)
    alert, _ = _alert(context, request)
    if alert is None:
        return Reply(toast=bot.expired)
    with context.database.read() as connection:
        for item in ranked_changes(alert)[:_MAX_CHANGES]:
            figures = history_of(item.change, lambda r, m: figures_of(connection, r, *m))
            picture = picture_of(item.change, figures, chat.language)
            if picture is not None:
                return Reply(picture=picture)
    return Reply(toast=bot.no_chart)


def mute_rule(context: BotContext, request: Request) -> Reply:
    """Mute the rule of an alert; offer a choice if there are several."""
    bot = context.texts(request.recipient_id)
    alert, page = _alert(context, request)
    if alert is None:
        return Reply(toast=bot.expired)
    names = _rules_of(context, alert)
    if len(names) == 1:
        return Reply(toast=_mute(context, request, *next(iter(names.items()))))
    shown = render_alert(alert, page)
    rows = tuple(
        (
            Button(
                f"🔕 {one_line(name, MAX_NAME)}",
                callback_data(CallbackPrefix.MUTE_CHOSEN_RULE, alert.id, short_hash(rule_id)),
            ),
        )
        for rule_id, name in list(names.items())[:_MAX_RULES]
    )
    data = callback_data(CallbackPrefix.ALERT_PAGE, alert.id, page)
    back = ((Button(bot.previous, data),),)
    return Reply(edit=Message(shown.spans, rows + back), toast=bot.which_mute)


def mute_chosen_rule(context: BotContext, request: Request) -> Reply:
    """Mute the chosen rule."""
    bot = context.texts(request.recipient_id)
    number, _, hashed = request.args.partition(":")
    alert = _alert_of_chat(context, request, parse_number(number) or 0)
    names = {} if alert is None else _rules_of(context, alert)
    chosen = next((pair for pair in names.items() if short_hash(pair[0]) == hashed), None)
    if alert is None or chosen is None:
        return Reply(toast=bot.expired)
    return Reply(edit=render_alert(alert), toast=_mute(context, request, *chosen))


def _alert(context: BotContext, request: Request) -> tuple[OutboxAlert | None, int]:
    number, _, page = request.args.partition(":")
    return _alert_of_chat(context, request, parse_number(number) or 0), parse_number(
        page, most=1_000
    ) or 0


def _alert_of_chat(context: BotContext, request: Request, alert_id: int) -> OutboxAlert | None:
    """An alert, if it belongs to this chat: callback data can be forged."""
    with context.database.read() as connection:
        alert = get_alert(connection, alert_id)
    return alert if alert is not None and alert.recipient_id == request.recipient_id else None


def _rules_of(context: BotContext, alert: OutboxAlert) -> dict[str, str]:
    ids = dict.fromkeys(rule_id for item in ranked_changes(alert) for rule_id in item.rule_ids)
    with context.database.read() as connection:
        own = {rule.id: rule.name for rule in subscriptions.custom_rules(connection, list(ids))}
    files = context.rules.files.by_id
    return {i: own.get(i) or (files[i].name if i in files else i) for i in ids}


def _mute(context: BotContext, request: Request, rule_id: str, name: str) -> str:
    with context.database.write() as connection:
        subscriptions.mute(connection, request.recipient_id, rule_id, until=None)
    text = context.texts(request.recipient_id).muted_now
    return fill(text, rule=one_line(name, MAX_NAME), rule_id=name_to_type(rule_id, name))


def _evidence(context: BotContext, request: Request, change_ids: list[int]) -> Message:
    chat, bot = context.settings(request.recipient_id), context.texts(request.recipient_id)
    with context.database.read() as connection:
        found = provenance_of_changes(connection, change_ids)
    if not found:
        return Message((Span(bot.expired),))
    spans = [Span(bot.evidence, bold=True)]
    room = MAX_LIST_TEXT
    for item in found:
        entry = _provenance(item, bot, chat)
        room -= utf16_length("".join(span.text for span in entry))
        if room < 0:
            break
        spans += entry
    return Message(tuple(spans))


def _provenance(item: ChangeProvenance, bot: BotTexts, chat: RecipientSettings) -> list[Span]:
    statement = item.statement
    visited = item.visited_at.astimezone(zone_of(chat.timezone))
    lines = [
        f"\n\n#{item.change_id} {headline(item.change, chat.language)}",
        f"\n/commitment_{item.change_id}",
        *(
            [f"\n{bot.section}: {one_line(statement.section, _MAX_SECTION)}"]
            if statement.section
            else []
        ),
        f"\n{fill(bot.place, start=statement.start, end=statement.end)}",
        f"\n{bot.snapshot} {item.snapshot_id} · {visited:%Y-%m-%d %H:%M}"
        + ("" if item.status is None else f" · {fill(bot.status, status=item.status)}"),
    ]
    spans = [Span(line) for line in lines]
    if item.blob_hash is not None:
        spans.append(Span("\n" + fill(bot.fingerprint, hash=item.blob_hash)))
        if not item.has_bytes:
            spans.append(Span("\n" + bot.no_bytes))
    if item.url is not None:
        spans += [Span("\n"), Span(one_line(item.url, _MAX_URL), link=item.url)]
    return spans

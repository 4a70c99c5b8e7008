"""Feedback: the button "wrong" under an alert, and what operators decide about it.

Only the buttons of the alert change while somebody chooses, not its text: in a group anybody may
press, and the others go on reading.
"""

from __future__ import annotations

from datetime import timedelta

from monitor.bot.context import (
    MAX_LIST_TEXT,
    MAX_NAME,
    BotContext,
    Reply,
    Request,
    parse_number,
    text_reply,
)
from monitor.messages.alert_message import (
    TEMPLATE_PAGE,
    feedback_counts,
    feedback_message,
    page_buttons,
    page_changes,
    ranked_changes,
)
from monitor.messages.change_text import headline
from monitor.messages.i18n import BotTexts, fill
from monitor.messages.richtext import (
    Button,
    CallbackPrefix,
    Message,
    Span,
    callback_data,
    one_line,
    utf16_length,
)
from monitor.model.alerts import AlertChange, OutboxAlert
from monitor.model.feedback import FeedbackKind, FeedbackResult
from monitor.outbox.corrections import decide, notify_operators, recipients_of_change
from monitor.outbox.load import change_item, get_alert
from monitor.storage import feedback as storage_feedback

MAX_PER_HOUR = 30
"""Changes that a person may call wrong in an hour."""

_MAX_OPEN = 8
_PER_ROW = 4
_MAX_PAGE = 1_000


def choose(context: BotContext, request: Request) -> Reply:
    """The steps of the button: which change, what is wrong with it, and that it is stored."""
    bot = context.texts(request.recipient_id)
    number, page, change, kind, *_ = (*request.args.split(":"), "", "", "")
    alert = _alert_of_chat(context, request, number)
    if alert is None:
        return Reply(toast=bot.expired)
    shown = _page_number(page)
    offered = page_changes(alert, shown)
    if not change and len(offered) > 1:
        return Reply(buttons=_which_change(alert, shown, offered, bot))
    chosen = offered[0] if not change and offered else _find(alert, parse_number(change))
    if chosen is None:
        return Reply(toast=bot.expired)
    if not kind:
        return Reply(buttons=_which_kind(alert, shown, chosen, bot))
    if kind not in set(FeedbackKind):
        return Reply(toast=bot.expired)
    toast = _store(context, request, chosen[1].change_id, FeedbackKind(kind), bot)
    return Reply(buttons=page_buttons(alert, shown), toast=toast)


def back(context: BotContext, request: Request) -> Reply:
    """Show the buttons of the alert again."""
    number, _, page = request.args.partition(":")
    alert = _alert_of_chat(context, request, number)
    if alert is None:
        return Reply(toast=context.texts(request.recipient_id).expired)
    return Reply(buttons=page_buttons(alert, _page_number(page)))


def list_open(context: BotContext, request: Request) -> Reply:
    """What waits for an operator's decision: the changes that most people call wrong first."""
    bot = context.texts(request.recipient_id)
    language = context.settings(request.recipient_id).language
    with context.database.read() as connection:
        ids = storage_feedback.open_changes(connection, limit=10_000)
        summaries = storage_feedback.feedback_summaries(connection, ids[:_MAX_OPEN])
        items = [change_item(connection, change_id) for change_id in ids[:_MAX_OPEN]]
    if not ids:
        return text_reply(bot.feedback_none)
    spans = [Span(fill(bot.feedback_open, count=len(ids)), bold=True)]
    room = MAX_LIST_TEXT
    buttons: list[Button] = []
    for number, item in enumerate((item for item in items if item is not None), 1):
        entry = f"\n\n{number}. {headline(item.change, language)}\n"
        entry += feedback_counts(summaries[item.change_id], bot)
        entry += f"\n/commitment_{item.change_id}"
        room -= utf16_length(entry)
        if room < 0:
            break
        spans.append(Span(entry))
        data = callback_data(CallbackPrefix.FEEDBACK_OPEN, item.change_id)
        buttons.append(Button(str(number), data))
    rows = tuple(
        tuple(buttons[start : start + _PER_ROW]) for start in range(0, len(buttons), _PER_ROW)
    )
    return Reply(Message(tuple(spans), rows))


def open_case(context: BotContext, request: Request) -> Reply:
    """One change of the list, with the buttons to decide."""
    message = _case(context, request, parse_number(request.args) or 0)
    if message is None:
        return Reply(toast=context.texts(request.recipient_id).expired)
    return Reply(message)


def confirm(context: BotContext, request: Request) -> Reply:
    """An operator confirms what is wrong: the change is corrected, and its recipients are told."""
    bot = context.texts(request.recipient_id)
    number, _, kind = request.args.partition(":")
    if kind not in set(FeedbackKind):
        return Reply(toast=bot.expired)
    return _decide(context, request, parse_number(number) or 0, FeedbackKind(kind))


def reject(context: BotContext, request: Request) -> Reply:
    """An operator rejects all that people say is wrong with a change."""
    return _decide(context, request, parse_number(request.args) or 0, None)


def _decide(
    context: BotContext, request: Request, change_id: int, confirmed: FeedbackKind | None
) -> Reply:
    bot = context.texts(request.recipient_id)
    named = [to.chat_id for rule in context.rules.files.rules for to in rule.recipients]
    with context.database.write() as connection:
        decided = decide(
            connection,
            change_id,
            confirmed,
            operator=str(request.recipient.chat_id),
            now=context.now(),
            named=named,
        )
        told = len(recipients_of_change(connection, change_id, named)) if confirmed else 0
    message = _case(context, request, change_id)
    if message is None:
        return Reply(toast=bot.expired)
    if not decided:
        return Reply(edit=message, toast=bot.feedback_decided)
    said = bot.feedback_rejected
    if confirmed is not None:
        kind = bot.feedback_kinds[confirmed]
        said = fill(bot.feedback_confirmed, kind=kind, count=told)
    return Reply(edit=Message((*message.spans, Span(f"\n\n{said}", bold=True))), toast=said)


def _store(
    context: BotContext, request: Request, change_id: int, kind: FeedbackKind, bot: BotTexts
) -> str:
    person = request.person or request.recipient.chat_id
    now = context.now()
    with context.database.write() as connection:
        since = now - timedelta(hours=1)
        if storage_feedback.count_feedback(connection, person, since=since) >= MAX_PER_HOUR:
            return bot.feedback_limit
        result = storage_feedback.add_feedback(
            connection,
            change_id,
            kind,
            recipient_id=request.recipient_id,
            person=person,
            now=now,
        )
        if result is FeedbackResult.STORED:
            notify_operators(connection, change_id, context.policy.operators, now=now)
    return fill(bot.feedback_results[result], kind=bot.feedback_kinds[kind])


def _which_change(
    alert: OutboxAlert, page: int, offered: list[tuple[int, AlertChange]], bot: BotTexts
) -> tuple[tuple[Button, ...], ...]:
    rows = [
        (
            Button(
                one_line(f"{number}. {headline(item.change, alert.language)}", MAX_NAME),
                callback_data(CallbackPrefix.FEEDBACK, alert.id, page, item.change_id),
            ),
        )
        for number, item in offered
    ]
    return (*rows, (_back_button(alert, page, bot),))


def _which_kind(
    alert: OutboxAlert, page: int, chosen: tuple[int, AlertChange], bot: BotTexts
) -> tuple[tuple[Button, ...], ...]:
    number, item = chosen
    kinds = [
        Button(
            bot.feedback_kinds[kind],
            callback_data(CallbackPrefix.FEEDBACK, alert.id, page, item.change_id, kind),
        )
        for kind in FeedbackKind
    ]
    rows = [tuple(kinds[start : start + 2]) for start in range(0, len(kinds), 2)]
    if len(alert.changes) > 1:
        title = one_line(f"‹ {number}. {headline(item.change, alert.language)}", MAX_NAME)
        again = callback_data(CallbackPrefix.FEEDBACK, alert.id, page)
        rows.insert(0, (Button(title, again),))
    return (*rows, (_back_button(alert, page, bot),))


def _back_button(alert: OutboxAlert, page: int, bot: BotTexts) -> Button:
    return Button(bot.back, callback_data(CallbackPrefix.FEEDBACK_BACK, alert.id, page))


def _alert_of_chat(context: BotContext, request: Request, number: str) -> OutboxAlert | None:
    """An alert with changes, if it belongs to this chat: callback data can be forged."""
    with context.database.read() as connection:
        alert = get_alert(connection, parse_number(number) or 0)
    mine = alert is not None and alert.recipient_id == request.recipient_id
    return alert if mine and alert is not None and alert.changes else None


def _page_number(text: str) -> int:
    if text == str(TEMPLATE_PAGE):
        return TEMPLATE_PAGE
    return parse_number(text, most=_MAX_PAGE) or 0


def _find(alert: OutboxAlert, change_id: int | None) -> tuple[int, AlertChange] | None:
    numbered = enumerate(ranked_changes(alert), 1)
    return next((pair for pair in numbered if pair[1].change_id == change_id), None)


def _case(context: BotContext, request: Request, change_id: int) -> Message | None:
    language = context.settings(request.recipient_id).language
    with context.database.read() as connection:
        item = change_item(connection, change_id)
        summary = storage_feedback.feedback_summary(connection, change_id)
    return None if item is None else feedback_message(item, summary, language)

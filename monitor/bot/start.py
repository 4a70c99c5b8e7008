"""``/start``: the greeting and the tour."""

from __future__ import annotations

from monitor.bot.context import BotContext, Reply, Request
from monitor.messages.richtext import Button, CallbackPrefix, Message, Span, callback_data


def start(context: BotContext, request: Request) -> Reply:
    """Store the chat, say what the bot does, and offer the first steps."""
    with context.database.write() as session:
        context.remember(session, request)
    bot = context.texts(request.recipient_id)
    rows = (
        (
            Button(bot.button_tour, callback_data(CallbackPrefix.TOUR, 0)),
            Button(bot.button_rules, callback_data(CallbackPrefix.RULES_PAGE, 0)),
        ),
        (Button(bot.button_latest, callback_data(CallbackPrefix.LATEST_CHANGES)),),
    )
    return Reply(Message((Span(bot.start),), rows))


def tour(context: BotContext, request: Request) -> Reply:
    """One page of the tour."""
    bot = context.texts(request.recipient_id)
    page = int(request.args) if request.args in {"0", "1", "2"} else 0
    row = [Button(bot.button_rules, callback_data(CallbackPrefix.RULES_PAGE, 0))]
    if page + 1 < len(bot.tour):
        row.insert(0, Button(bot.next, callback_data(CallbackPrefix.TOUR, page + 1)))
    return Reply(edit=Message((Span(bot.tour[page]),), (tuple(row),)))

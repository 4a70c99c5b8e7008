"""``/start``: the greeting, the tour, and links that subscribe to a rule."""

from __future__ import annotations

import base64
import binascii
import re

from monitor.bot.context import MAX_NAME, BotContext, Reply, Request
from monitor.bot.subscriptions import find_rule, similar_rule, subscribe_rule
from monitor.messages.i18n import fill
from monitor.messages.richtext import (
    Button,
    CallbackPrefix,
    Message,
    Span,
    callback_data,
    one_line,
    short_hash,
)
from monitor.rules.model import Rule

_MAX_PAYLOAD = 64


def start(context: BotContext, request: Request) -> Reply:
    """Store the chat, say what the bot does, and offer the first steps.

    A link (``t.me/BOT?start=RULE``) subscribes the chat to its rule.
    """
    with context.database.write() as connection:
        context.remember(connection, request)
    bot = context.texts(request.recipient_id)
    first: list[Span] = []
    rows = [
        (
            Button(bot.button_tour, callback_data(CallbackPrefix.TOUR, 0)),
            Button(bot.button_rules, callback_data(CallbackPrefix.RULES_PAGE, 0)),
        ),
        (Button(bot.button_latest, callback_data(CallbackPrefix.LATEST_CHANGES)),),
    ]
    if request.short_args:
        rule = linked_rule(context, request.short_args)
        near = None if rule is not None else similar_rule(context, request.short_args)
        if rule is not None:
            first = [*subscribe_rule(context, request, rule).spans, Span("\n\n")]
        else:
            first = [Span(fill(bot.unknown, rule=one_line(request.short_args, MAX_NAME)) + "\n\n")]
        if near is not None:
            suggestion = callback_data(CallbackPrefix.SUBSCRIBE_SUGGESTION, short_hash(near.id))
            rows.insert(0, (Button(f"＋ {one_line(near.name, MAX_NAME)}", suggestion),))
    return Reply(Message((*first, Span(bot.start)), tuple(rows)))


def start_payload(rule: str) -> str | None:
    """What a link carries for a rule's id or name: itself, or its base64url form.

    None for one that is too long: a payload has 64 of the characters A-Z, a-z, 0-9, _ and -.
    """
    if _payload_pattern().fullmatch(rule):
        return rule
    coded = base64.urlsafe_b64encode(rule.encode()).decode().rstrip("=")
    return coded if len(coded) <= _MAX_PAYLOAD else None


def _payload_pattern() -> re.Pattern[str]:
    return re.compile(rf"[A-Za-z0-9_-]{{1,{_MAX_PAYLOAD}}}")


def linked_rule(context: BotContext, payload: str) -> Rule | None:
    """The rule that the payload of a link names; None if there is none."""
    if not payload:
        return None
    decoded = _decoded(payload)
    return find_rule(context, payload) or (find_rule(context, decoded) if decoded else None)


def _decoded(payload: str) -> str:
    try:
        coded = payload.encode("ascii") + b"=" * (-len(payload) % 4)
        return base64.b64decode(coded, b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        return ""


def tour(context: BotContext, request: Request) -> Reply:
    """One page of the tour."""
    bot = context.texts(request.recipient_id)
    page = int(request.args) if request.args in {"0", "1", "2"} else 0
    row = [Button(bot.button_rules, callback_data(CallbackPrefix.RULES_PAGE, 0))]
    if page + 1 < len(bot.tour):
        row.insert(0, Button(bot.next, callback_data(CallbackPrefix.TOUR, page + 1)))
    return Reply(edit=Message((Span(bot.tour[page]),), (tuple(row),)))

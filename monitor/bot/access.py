"""Access control: who may use the bot, and what happens when membership or settings change."""

from __future__ import annotations

from dataclasses import replace

from monitor.bot.context import MAX_NAME, BotContext, Reply, Request, shorten, text_reply
from monitor.bot.start import linked_rule
from monitor.messages.i18n import bot_texts, fill
from monitor.messages.richtext import one_line
from monitor.model.alerts import Access, AccessMode, NoticeKind, Recipient
from monitor.outbox import chats
from monitor.outbox.queue import enqueue_notice
from monitor.rules.model import Rule
from monitor.storage import recipients, subscriptions
from monitor.storage.engine import Transaction


def recipient_id_of(context: BotContext, recipient: Recipient) -> int:
    """The id of a chat, or of a forum's topic, in our tables."""
    if not recipient.thread_id:
        return recipient.chat_id
    with context.database.read() as connection:
        return recipients.find_recipient_id(connection, recipient)


def is_allowed(context: BotContext, request: Request) -> bool:
    """Whether a chat may use the bot. Chats are compared as numbers."""
    return _is_allowed(context, request.recipient.chat_id)


def _is_allowed(context: BotContext, chat_id: int) -> bool:
    policy = context.policy
    if policy.access is AccessMode.OPEN or chat_id in policy.allowed or chat_id in policy.operators:
        return True
    return (
        policy.access is AccessMode.APPROVAL and context.settings(chat_id).access == Access.GRANTED
    )


def deny_reply(context: BotContext, request: Request, command: str) -> Reply | None:
    """The reply to a chat that may not use the bot; None for one that may.

    Where operators decide, ``/start`` asks them for access, once. The rule of a link is subscribed
    to at once, and nothing is sent before they agree.
    """
    if is_allowed(context, request):
        return None
    chat_id = request.recipient.chat_id
    if command == "mine":
        return _access_reply(context, request)
    if command != "start":
        return Reply()
    if context.policy.access is not AccessMode.APPROVAL:
        return text_reply(fill(bot_texts().private, chat=chat_id))
    access = context.settings(chat_id).access
    if access == Access.DENIED:
        return Reply()
    if access != Access.PENDING:
        _request_access(context, request)
    bot = context.texts(request.recipient_id)
    asked = fill(bot.asked, chat=chat_id)
    rule = linked_rule(context, request.short_args)
    if rule is not None:
        _subscribe_later(context, request, rule)
        asked += "\n" + fill(bot.asked_rule, rule=one_line(rule.name, MAX_NAME))
    return text_reply(asked)


def _subscribe_later(context: BotContext, request: Request, rule: Rule) -> None:
    """Subscribe a chat that waits for operators; it is inactive, unless a rule file names it."""
    named = bool(context.rules_addressed_to(request.recipient))
    with context.database.write() as connection:
        context.remember(connection, request)
        subscriptions.subscribe(connection, request.recipient_id, rule.id, now=context.now())
        if not named:
            recipients.deactivate_recipient(connection, request.recipient_id)


def _access_reply(context: BotContext, request: Request) -> Reply:
    """Why nothing is sent to a chat that was let in once or has asked; nothing to any other."""
    chat_id = request.recipient.chat_id
    access = context.settings(chat_id).access
    if access == Access.PENDING and context.policy.access is AccessMode.APPROVAL:
        return text_reply(fill(context.texts(request.recipient_id).asked, chat=chat_id))
    if access in {Access.PENDING, Access.REVOKED}:
        return text_reply(fill(context.texts(request.recipient_id).private, chat=chat_id))
    return Reply()


def welcome_back(context: BotContext, request: Request) -> Request:
    """A chat that was given up on and writes again hears again, with all its topics.

    One that said /stop does not: it has no title and no subscriptions, and says /start.
    """
    chat = context.settings(request.recipient_id)
    if chat.active:
        return request
    with context.database.write() as connection:
        if not chat.title and not subscriptions.rules_of(connection, request.recipient_id):
            return request
        recipients.reactivate_chat(connection, request.recipient.chat_id)
    return replace(request, returned=context.settings(request.recipient_id).active)


def is_operator(context: BotContext, request: Request) -> bool:
    """Whether the chat is an operator's. Chats are compared as numbers."""
    return request.recipient.chat_id in context.policy.operators


def on_bot_removed(context: BotContext, chat_id: int) -> None:
    """The bot was removed from a chat: send nothing more until it is added again."""
    with context.database.write() as connection:
        for ended in recipients.deactivate_chat(connection, chat_id):
            chats.withdraw_alerts(connection, ended, reason="the bot was removed from the chat")


def on_bot_added(context: BotContext, chat_id: int) -> None:
    """The bot is back, or may write again: the chat hears again if it may receive alerts."""
    if not _may_receive(context, chat_id):
        return
    with context.database.write() as connection:
        recipients.reactivate_chat(connection, chat_id)


def on_chat_migrated(context: BotContext, old_id: int, new_id: int) -> None:
    """A group became a supergroup: its data moves to the new id; revoked access stays revoked."""
    revoked = not context.settings(old_id).active and not _may_receive(context, old_id)
    with context.database.write() as connection:
        chats.move_chat(connection, old_id, new_id, now=context.now())
        if revoked:
            recipients.deactivate_chat(connection, new_id)
        chats.move_alerts(connection, old_id, new_id)


def deny_access(connection: Transaction, chat_id: int) -> None:
    """An operator denies a chat access: withdraw its alerts and send nothing more."""
    recipients.set_access(connection, chat_id, Access.DENIED)
    for ended in recipients.deactivate_chat(connection, chat_id):
        chats.withdraw_alerts(connection, ended, reason=chats.ACCESS_REVOKED)


def _may_receive(context: BotContext, chat_id: int) -> bool:
    """Whether a chat may use the bot, or a rule file names it or one of its topics."""
    named = (to.chat_id for rule in context.rules.files.rules for to in rule.recipients)
    return _is_allowed(context, chat_id) or chat_id in named


def _request_access(context: BotContext, request: Request) -> None:
    """Ask the operators. The request itself does not activate the chat."""
    recipient = request.recipient
    chat_id = recipient.chat_id
    with context.database.write() as connection:
        inactive = not recipients.get_recipient(connection, chat_id).active
        recipients.save_chat(
            connection,
            chat_id,
            title=request.title,
            now=context.now(),
            kind=request.kind,
            to=Recipient(chat_id) if recipient.thread_id else recipient,
        )
        recipients.set_access(connection, chat_id, Access.PENDING)
        if inactive:
            # It may have subscriptions from when it had access: they wait for the decision.
            recipients.deactivate_recipient(connection, chat_id)
        enqueue_notice(
            connection,
            NoticeKind.ACCESS_REQUESTED,
            shorten(request.title) or "?",
            context.policy.operators,
            now=context.now(),
            about=chat_id,
        )

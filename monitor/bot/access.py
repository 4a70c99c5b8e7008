"""Who comes in: chats and topics by their numbers, and what those hear who may not."""

from __future__ import annotations

from collections.abc import Collection

from monitor.bot.context import Answer, Asked, Office, asked, say
from monitor.messages.i18n import bot_texts, fill
from monitor.messages.richtext import Button, Message, Span
from monitor.model.alerts import Access, NoticeKind, Recipient
from monitor.outbox import admin as outbox_admin
from monitor.outbox.queue import enqueue_notice
from monitor.storage import recipients
from monitor.storage.engine import Database, Transaction

_ASKS = "start"
_SHUT_OUT = "the chat may not use the bot any more"


def key_of(office: Office, to: Recipient) -> int:
    """The number of a chat, or of a forum's topic, in our tables."""
    if not to.thread_id:
        return to.chat_id
    with office.database.read() as session:
        return recipients.find_recipient_id(session, to)


def admitted(office: Office, asker: Asked) -> bool:
    """Whether a chat may use the bot. Chats are compared as numbers."""
    return _admits(office, asker.to.chat_id)


def _admits(office: Office, chat_id: int) -> bool:
    policy = office.policy
    if policy.access == "open" or chat_id in policy.allowed or chat_id in policy.operators:
        return True
    return policy.access == "approval" and office.chat(chat_id).access == Access.GRANTED


def refusal(office: Office, asker: Asked, command: str) -> Answer | None:
    """What a chat hears that may not use the bot; None lets it in.

    Where operators decide, ``/start`` asks them, once.
    """
    if admitted(office, asker):
        return None
    chat_id = asker.to.chat_id
    if command != _ASKS:
        return Answer()
    if office.policy.access != "approval":
        return say(fill(bot_texts().private, chat=chat_id))
    access = office.chat(chat_id).access
    again = access == Access.PENDING
    return Answer() if access == Access.DENIED else _ask(office, asker, again=again)


def is_operator(office: Office, asker: Asked) -> bool:
    """Whether this chat is an operator's; a chat is its number, compared as one."""
    return asker.to.chat_id in office.policy.operators


def start(office: Office, asker: Asked) -> Answer:
    """Remember the chat, say what this is, and offer the first steps."""
    with office.database.write() as session:
        office.remember(session, asker)
    bot = office.words(asker.key)
    rows = (
        (Button(bot.button_tour, "t:0"), Button(bot.button_rules, "p:0")),
        (Button(bot.button_latest, "latest"),),
    )
    return Answer(Message((Span(bot.start),), rows))


def tour(office: Office, asker: Asked) -> Answer:
    """One page of the short tour."""
    bot = office.words(asker.key)
    page = int(asker.said) if asker.said in {"0", "1", "2"} else 0
    row = [Button(bot.button_rules, "p:0")]
    if page + 1 < len(bot.tour):
        row.insert(0, Button(bot.next, f"t:{page + 1}"))
    return Answer(edit=Message((Span(bot.tour[page]),), (tuple(row),)))


def help_(office: Office, asker: Asked) -> Answer:
    """All commands; operators see theirs too."""
    bot = office.words(asker.key)
    spans = [Span(bot.help_title, bold=True)]
    spans += [Span(f"\n/{name}  {what}") for name, what in bot.commands.items()]
    if is_operator(office, asker):
        spans.append(Span(f"\n\n{bot.help_operator}", bold=True))
        spans += [Span(f"\n/{name}  {what}") for name, what in bot.operator_commands.items()]
    return Answer(Message(tuple(spans)))


def gone(office: Office, chat_id: int) -> None:
    """The chat has thrown the bot out: nothing more is sent until it calls again."""
    with office.database.write() as session:
        for ended in recipients.deactivate_chat(session, chat_id):
            outbox_admin.withdraw_alerts(session, ended, reason="the bot was removed from the chat")


def back(office: Office, chat_id: int) -> None:
    """The chat took the bot in again: what it chose counts again, if it may use the bot."""
    if not _may_hear(office, chat_id):
        return
    with office.database.write() as session:
        recipients.reactivate_chat(session, chat_id)


def moved(office: Office, old_id: int, new_id: int) -> None:
    """A group has a new id; one that was shut out stays so under it."""
    stays_out = not office.chat(old_id).active and not _may_hear(office, old_id)
    with office.database.write() as session:
        outbox_admin.move_chat(session, old_id, new_id, now=office.now())
        if stays_out:
            recipients.deactivate_chat(session, new_id)
        outbox_admin.move_alerts(session, old_id, new_id)


def refuse(session: Transaction, chat_id: int) -> None:
    """An operator does not let a chat in, or not any longer: nothing more is sent there."""
    recipients.set_access(session, chat_id, Access.DENIED)
    for ended in recipients.deactivate_chat(session, chat_id):
        outbox_admin.withdraw_alerts(session, ended, reason=_SHUT_OUT)


def revoke_access(
    database: Database, *, access: str, allowed: Collection[int], named: Collection[int]
) -> list[int]:
    """Send nothing more to chats that may not use the bot any more; returns them.

    What waits for them is given up: it was for those who were let in.

    Args:
        database: holds the chats.
        access: as ``Policy`` has it.
        allowed: chats that may use it, operators' among them.
        named: chats that rules name: they are told what these rules say.
    """
    keep = None if access == "open" else {*allowed, *named}
    with database.write() as session:
        # Who was shut out by a slip, and is named again, need not ask for it.
        recipients.restore_access(session, keep)
        if keep is None:
            return []
        shut = recipients.revoke_access(session, keep=keep, granted_too=access == "approval")
        for chat_id in shut:
            outbox_admin.withdraw_alerts(session, chat_id, reason=_SHUT_OUT)
    return shut


def _may_hear(office: Office, chat_id: int) -> bool:
    """Whether a chat may use the bot, or is named by a rule's file, itself or a topic of it."""
    named = (to.chat_id for rule in office.rules.files.rules for to in rule.recipients)
    return _admits(office, chat_id) or chat_id in named


def _ask(office: Office, asker: Asked, *, again: bool) -> Answer:
    chat_id = asker.to.chat_id
    if not again:
        with office.database.write() as session:
            whole = asker.to if not asker.to.thread_id else Recipient(chat_id)
            kind = asker.kind
            shut = not recipients.get_recipient(session, chat_id).active
            recipients.save_chat(
                session, chat_id, title=asker.title, now=office.now(), kind=kind, to=whole
            )
            recipients.set_access(session, chat_id, Access.PENDING)
            if shut:
                # It may have chosen something when it still might: that waits for the operators.
                recipients.deactivate_recipient(session, chat_id)
            enqueue_notice(
                session,
                NoticeKind.ACCESS_REQUESTED,
                asked(asker.title) or "?",
                office.policy.operators,
                now=office.now(),
                about=chat_id,
            )
    return say(fill(office.words(asker.key).asked, chat=chat_id))

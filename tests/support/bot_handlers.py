"""Chats that call the bot's handlers directly, without Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot_app import bot_context

from monitor.bot.commands import handle_callback, handle_command
from monitor.bot.context import BotContext, Reply, Request
from monitor.messages.richtext import Message, parse_callback_data
from monitor.model.alerts import Recipient
from monitor.storage.engine import Database


def buttons(message: Message) -> dict[str, str]:
    """Callback data of a message's buttons by their labels."""
    return {button.text: button.callback_data for row in message.buttons for button in row}


@dataclass
class Chat:
    """A private chat; ``replies`` are the non-empty replies it got."""

    context: BotContext
    id: int = 7
    replies: list[Reply] = field(default_factory=list)

    def command(self, line: str) -> Reply:
        """The reply to a line such as ``/subscribe guizhou``."""
        name, _, args = line.removeprefix("/").partition(" ")
        return self._kept(handle_command(self.context, name, self._request(args)))

    def ask(self, line: str) -> Message:
        """The message in reply to a command."""
        message = self.command(line).message
        assert message is not None
        return message

    def press(self, data: str) -> Reply:
        """The reply to a button with this callback data."""
        prefix, args = parse_callback_data(data)
        return self._kept(handle_callback(self.context, prefix, self._request(args)))

    def press_for_edit(self, message: Message, label: str) -> Message:
        """What a message becomes when its button is pressed."""
        edit = self.press(buttons(message)[label]).edit
        assert edit is not None
        return edit

    def _request(self, args: str) -> Request:
        return replace(Request(self.id, Recipient(self.id), "聊天"), args=args)

    def _kept(self, reply: Reply) -> Reply:
        if reply != Reply():
            self.replies.append(reply)
        return reply


def chat_of(database: Database, chat_id: int = 7, **how: object) -> Chat:
    """A chat with a context of its own; ``how`` is for ``bot_context``."""
    return Chat(bot_context(database, **how), chat_id)  # type: ignore[arg-type]

"""What carries a message to a chat: the contract every sender keeps."""

from __future__ import annotations

from typing import Protocol

from monitor.alerts.message import Message


class Sender(Protocol):
    """Takes a message to a chat. It keeps the pace its service asks for by itself."""

    async def send(self, chat_id: int, message: Message) -> int:
        """Send, and return the id the service gave the message.

        Raises:
            ChatGone: the chat will never take a message again.
            ChatMoved: the chat has a new id; the message was not sent.
            RetryLater: the service asks for patience, or cannot be reached.
            DeliveryError: it refused for another reason.
        """
        ...

"""A channel for tests: keeps what it is given, and refuses when told to."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

from monitor.errors import DeliveryError
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that arrived."""

    to: Recipient
    message: Message
    message_id: int

    @property
    def chat_id(self) -> int:
        """Telegram's number of the chat."""
        return self.to.chat_id


class FakeChannel:
    """Keeps the contract of ``Channel`` without a network."""

    def __init__(self) -> None:
        """Nothing was sent yet, and nothing will be refused."""
        self.sent: list[Sent] = []
        self._refusals: defaultdict[int, deque[Exception]] = defaultdict(deque)

    def refuse(self, chat_id: int, *errors: Exception) -> None:
        """Raise these, one a message, before the chat takes messages again."""
        self._refusals[chat_id].extend(errors)

    async def ready(self, to: Recipient) -> None:
        """There is nothing to wait for."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Keep a message, or raise what was arranged."""
        if self._refusals[to.chat_id]:
            raise self._refusals[to.chat_id].popleft()
        if not message.text.strip() or not message.fits:
            raise DeliveryError("the message is empty or too long")
        self.sent.append(Sent(to, message, len(self.sent) + 1))
        return len(self.sent)

"""A channel for tests: it keeps its messages and fails on request."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

from monitor.errors import DeliveryError
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent."""

    to: Recipient
    message: Message
    message_id: int

    @property
    def chat_id(self) -> int:
        """Telegram's id of the chat."""
        return self.to.chat_id


class FakeChannel:
    """A ``Channel`` without a network."""

    def __init__(self) -> None:
        """Start without messages and refusals."""
        self.sent: list[Sent] = []
        self._refusals: defaultdict[int, deque[Exception]] = defaultdict(deque)

    def refuse(self, chat_id: int, *errors: Exception) -> None:
        """Raise these errors, one a message, before the chat takes messages again."""
        self._refusals[chat_id].extend(errors)

    async def ready(self, to: Recipient) -> None:
        """There is no rate limit."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Keep a message, or raise the next refusal."""
        if self._refusals[to.chat_id]:
            raise self._refusals[to.chat_id].popleft()
        if not message.text.strip() or not message.fits:
            raise DeliveryError("the message is empty or too long")
        self.sent.append(Sent(to, message, len(self.sent) + 1))
        return len(self.sent)

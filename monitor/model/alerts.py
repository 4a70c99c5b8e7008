"""What is told, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class When(StrEnum):
    """When a rule wants its matches told, whatever the chat has chosen."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, order=True)
class Recipient:
    """Who is told: a Telegram chat, one topic of a forum, or another way out by its name.

    ``chat_id`` is Telegram's (0 for a way); ``thread_id`` is its message_thread_id, 0 outside a
    forum's topics.
    """

    chat_id: int
    thread_id: int = 0
    way: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that wants a change, and whom its file names."""

    rule_id: str
    recipients: tuple[Recipient, ...]
    priority: int = 0
    when: When | None = None

"""Callback data of inline buttons: a registered prefix and its arguments, at most 64 bytes."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2s

MAX_CALLBACK_BYTES = 64
"""Telegram's limit for the data of a button."""


class CallbackPrefix(StrEnum):
    """The first field of callback data; ``bot/commands.py`` registers a handler for each."""

    TOUR = "t"
    RULES_PAGE = "p"
    SUBSCRIBE = "+"
    UNSUBSCRIBE = "-"
    SUBSCRIBE_SUGGESTION = "n"
    SUBSCRIBE_WORDS = "w"
    END_SUBSCRIPTION = "m"
    LATEST_CHANGES = "latest"
    OLDER_CHANGES = "o"
    ALERT_PAGE = "a"
    ALERT_EVIDENCE = "e"
    ALERT_CHART = "g"
    CHANGE_EVIDENCE = "v"
    MUTE_RULE = "q"
    MUTE_CHOSEN_RULE = "k"
    BROADCAST = "bc"
    GRANT_ACCESS = "ok"
    DENY_ACCESS = "no"


def callback_data(prefix: CallbackPrefix, *arguments: object) -> str:
    """The data of a button. Only the last argument may contain a colon."""
    return ":".join((prefix, *map(str, arguments)))


def fits_callback_data(prefix: CallbackPrefix, *arguments: object) -> bool:
    """Whether the data is short enough for a button."""
    return len(callback_data(prefix, *arguments).encode()) <= MAX_CALLBACK_BYTES


def parse_callback_data(data: str) -> tuple[str, str]:
    """The prefix of callback data, which may be unknown, and its arguments as one text."""
    prefix, _, arguments = data[:MAX_CALLBACK_BYTES].partition(":")
    return prefix, arguments


def short_hash(text: str) -> str:
    """Sixteen hexadecimal digits that stand for a text too long for callback data: a rule id."""
    return blake2s(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()

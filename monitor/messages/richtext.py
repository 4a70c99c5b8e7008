"""A message as spans of styled text, which give its HTML, its plain text and length; its buttons.

Only this module generates markup, so no text from outside can become markup. Telegram counts a
message in UTF-16 units after parsing the markup (Bot API, sendMessage: 1-4096 characters) and
keeps at most 100 entities of it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from hashlib import blake2s

from monitor.model.alerts import OutboxAlert

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
    SUBSCRIBE_PLACE = "l"
    ADD_WORD = "x"
    END_SUBSCRIPTION = "m"
    LATEST_CHANGES = "latest"
    OLDER_CHANGES = "o"
    ALERT_PAGE = "a"
    ALERT_EVIDENCE = "e"
    ALERT_CHART = "g"
    ALERT_UNSURE = "u"
    CHANGE_EVIDENCE = "v"
    MUTE_RULE = "q"
    MUTE_CHOSEN_RULE = "k"
    FEEDBACK = "f"
    FEEDBACK_BACK = "fb"
    FEEDBACK_OPEN = "fl"
    FEEDBACK_CONFIRM = "fc"
    FEEDBACK_REJECT = "fr"
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


TEXT_LIMIT = 4096
"""UTF-16 units of a message's text, after parsing."""

ENTITY_LIMIT = 100
"""Entities (styled places) of a message; Telegram drops those beyond."""

_URL_LIMIT = 2048


@cache
def _forbidden_pattern() -> re.Pattern[str]:
    # Control characters; zero-width and bidirectional characters, which make a text look like
    # another; halves of surrogate pairs, which UTF-8 cannot encode. Variation selectors and
    # joiners are allowed: emoji need them.
    return re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff"
        "\ud800-\udfff]"
    )


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. ``link`` is an http(s) address; others are dropped."""

    text: str
    bold: bool = False
    strike: bool = False
    italic: bool = False
    link: str | None = None

    def __post_init__(self) -> None:
        """Remove forbidden characters and links that are not http(s)."""
        object.__setattr__(self, "text", _forbidden_pattern().sub("", self.text))
        if self.link is not None and not _is_link(self.link):
            object.__setattr__(self, "link", None)

    @property
    def styled(self) -> bool:
        """Whether it makes an entity."""
        return self.bold or self.strike or self.italic or self.link is not None

    @property
    def html(self) -> str:
        """The span in Telegram's HTML."""
        shown = html.escape(self.text, quote=False)
        if not shown:
            return ""
        for wanted, tag in ((self.bold, "b"), (self.italic, "i"), (self.strike, "s")):
            if wanted:
                shown = f"<{tag}>{shown}</{tag}>"
        if self.link is not None:
            shown = f'<a href="{html.escape(self.link, quote=True)}">{shown}</a>'
        return shown


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button; ``callback_data`` (at most 64 bytes) is sent back when it is pressed."""

    text: str
    callback_data: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one recipient, with rows of inline buttons.

    ``alert`` is its content, for channels that send data instead of text.
    """

    spans: tuple[Span, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    alert: OutboxAlert | None = field(default=None, repr=False, compare=False)

    @property
    def html(self) -> str:
        """The message for ``parse_mode=HTML``."""
        return "".join(span.html for span in self.spans)

    @property
    def text(self) -> str:
        """The message as Telegram shows it, without styles."""
        return "".join(span.text for span in self.spans)

    @property
    def plain(self) -> str:
        """The message without markup, cut to ``TEXT_LIMIT``.

        Links follow at the end of their line; struck-out text is put between ``~~``.
        """
        text = ""
        links: list[str] = []
        for span in self.spans:
            line, newline, rest = span.text.partition("\n")
            if newline:
                line, links = " ".join([line, *links]), []
            shown = line + newline + rest
            text += f"~~{shown}~~" if span.strike and shown else shown
            links += [span.link] if span.link is not None else []
        return trim(" ".join([text, *links]), TEXT_LIMIT)

    @property
    def fits(self) -> bool:
        """Whether Telegram accepts it whole, with all its entities."""
        return utf16_length(self.text) <= TEXT_LIMIT and entity_count(self.spans) <= ENTITY_LIMIT


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 code units, as Telegram counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def entity_count(spans: Iterable[Span]) -> int:
    """How many entities Telegram makes of the spans, at most."""
    return sum(s.bold + s.strike + s.italic + (s.link is not None) for s in spans)


def trim(text: str, limit: int) -> str:
    """The text, or its beginning and ``…``, in at most ``limit`` UTF-16 units."""
    if utf16_length(text) <= limit:
        return text
    room = limit - 1
    kept = 0
    for character in text:
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def one_line(text: str | None, limit: int) -> str:
    """A text from outside on one line of at most ``limit`` UTF-16 units."""
    return trim(" ".join(_forbidden_pattern().sub(" ", text or "").split()), limit)


def _is_link(url: str) -> bool:
    return (
        url.startswith(("http://", "https://"))
        and len(url) <= _URL_LIMIT
        and _forbidden_pattern().search(url) is None
        and not any(character.isspace() for character in url)
    )

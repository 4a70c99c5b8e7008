"""What every answer of the bot is made with: who asks, what there is, and what comes back."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2s
from typing import Protocol
from zoneinfo import ZoneInfo

from monitor.errors import UserError
from monitor.messages.i18n import BotTexts, bot_texts
from monitor.messages.richtext import Message, Span, one_line
from monitor.model.alerts import Recipient, RecipientKind
from monitor.model.schedule import DEFAULT_ZONE, zone_of
from monitor.outbox.digest import set_timezone
from monitor.rules.matcher import RuleSet, fold
from monitor.rules.model import Rule
from monitor.storage import recipients
from monitor.storage.engine import Database, Transaction

ARGUMENT = 64
NAME = 48
DESCRIPTION = 160
ROOM = 3_900
"""UTF-16 units of a message that lists things; the rest is for its frame."""


class Rules(Protocol):
    """The rules in force."""

    @property
    def files(self) -> RuleSet:
        """Those of the rule files, which chats may choose from."""
        ...

    @property
    def broken(self) -> UserError | None:
        """What is wrong with the files as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may use the bot, and how much of it.

    ``access`` is ``open``, ``listed`` (only ``allowed`` chats) or ``approval`` (operators decide).
    Operators are chats, compared as numbers.
    """

    access: str = "open"
    allowed: frozenset[int] = frozenset()
    operators: tuple[int, ...] = ()
    own_rules: int = 20
    zone: str = DEFAULT_ZONE


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat that wrote or pressed something.

    ``key`` is its number in our tables, ``to`` where answers go; ``said`` is what came after the
    command, or the rest of what the button carries.
    """

    key: int
    to: Recipient
    title: str = ""
    kind: RecipientKind = RecipientKind.PRIVATE
    said: str = ""

    @property
    def words(self) -> str:
        """What was said, in one short line."""
        return asked(self.said)

    @property
    def plain(self) -> str:
        """The same in one width and case: ``ＯＦＦ`` and ``Off`` are ``off``."""
        return fold(self.words)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG image with a few words under it."""

    png: bytes
    caption: Message


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back: a new message, a picture; for a button also a toast and a new text."""

    message: Message | None = None
    edit: Message | None = None
    toast: str = ""
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """What answers are made with. Every answer runs in a worker thread, in its own transactions.

    ``drafts`` are broadcasts that wait for a yes, by chat.
    """

    database: Database
    rules: Rules
    now: Callable[[], datetime]
    policy: Policy = field(default_factory=Policy)
    started: datetime | None = None
    drafts: dict[int, str] = field(default_factory=dict)

    def chat(self, key: int) -> recipients.RecipientSettings:
        """What a chat chose."""
        with self.database.read() as session:
            return recipients.get_recipient(session, key)

    def words(self, key: int) -> BotTexts:
        """What the bot says in the language of a chat."""
        return bot_texts(self.chat(key).language)

    def zone(self, key: int) -> ZoneInfo:
        """The time zone of a chat."""
        return zone_of(self.chat(key).timezone)

    def remember(self, session: Transaction, asker: Asked) -> None:
        """Keep a chat that chooses something; one new to us gets the usual time zone."""
        new = not recipients.is_known(session, asker.key)
        recipients.save_chat(
            session, asker.key, title=asker.title, now=self.now(), kind=asker.kind, to=asker.to
        )
        if new and self.policy.zone != DEFAULT_ZONE:
            set_timezone(session, asker.key, self.policy.zone, now=self.now())

    def offered(self) -> list[Rule]:
        """The rules any chat may subscribe to."""
        return [rule for rule in self.rules.files.rules if rule.subscribable]

    def named_for(self, to: Recipient) -> list[Rule]:
        """The rules whose file names this chat."""
        return [rule for rule in self.rules.files.rules if to in rule.recipients]


def say(text: str) -> Answer:
    """An answer of plain words."""
    return Answer(Message((Span(text),)))


def asked(text: str) -> str:
    """What somebody wrote, cut to one line of bounded length."""
    return one_line(text[: 4 * ARGUMENT], ARGUMENT)


def press_of(text: str) -> str:
    """A rule id, or what else may be longer than a button's 64 bytes, as a button carries it."""
    return blake2s(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def number_of(text: str, *, most: int = 10**15) -> int | None:
    """A whole number somebody wrote, or None."""
    text = unicodedata.normalize("NFKC", text).strip().lstrip("#")
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
        return None
    return min(int(text), most)

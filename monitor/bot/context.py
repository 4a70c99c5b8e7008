"""What handlers take and return: the context, the request of a chat, the reply."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.bot.in_force import CommitmentsInForce
from monitor.extraction.topics import Topics, load_topics
from monitor.messages.i18n import BotTexts, bot_texts
from monitor.messages.richtext import Button, Message, Span, one_line
from monitor.model.alerts import CUSTOM_RULE_PREFIX, AccessMode, Recipient, RecipientKind
from monitor.model.delivery_times import DEFAULT_ZONE, zone_of
from monitor.outbox.digest import set_timezone
from monitor.rules.model import Rule
from monitor.rules.provider import RuleProvider
from monitor.storage import recipients
from monitor.storage.engine import Database, Transaction

MAX_ARGS = 64
MAX_NAME = 48
MAX_DESCRIPTION = 160
MAX_LIST_TEXT = 3_900
"""UTF-16 units of a message that lists things; the rest is for its title and ellipsis."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Who may use the bot, and how much of it.

    ``allowed`` chats and operators may use it whatever the mode is; chats are compared as numbers.
    """

    access: AccessMode = AccessMode.OPEN
    allowed: frozenset[int] = frozenset()
    operators: tuple[int, ...] = ()
    max_custom_rules: int = 20
    timezone: str = DEFAULT_ZONE


@dataclass(frozen=True, slots=True)
class Request:
    """A command, or a press of a button.

    Attributes:
        recipient_id: id of the chat or topic in our tables.
        recipient: where the reply goes.
        person: the Telegram user who wrote or pressed; 0 where Telegram names none.
        args: the text after the command, or the arguments of the callback data.
        returned: the chat had been given up on, and hears again since it wrote this.
    """

    recipient_id: int
    recipient: Recipient
    title: str = ""
    kind: RecipientKind = RecipientKind.PRIVATE
    args: str = ""
    returned: bool = False
    person: int = 0

    @property
    def short_args(self) -> str:
        """The arguments as one line, cut to ``MAX_ARGS``."""
        return shorten(self.args)

    @property
    def normalized_args(self) -> str:
        """The same in one width and case: ``ＯＦＦ`` and ``Off`` are ``off``."""
        return unicodedata.normalize("NFKC", self.short_args).casefold()


EVERYTHING = frozenset(
    {
        *("all", "everything", "anything", "any", "*", "all rules", "every rule", "all of it"),
        *("all regions", "全部", "所有", "一切", "都要", "全都要", "全部规则", "所有规则"),
        *("全部地区", "所有地区"),
    }
)
"""What people write for all that there is, case-folded."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG image with its caption."""

    png: bytes
    caption: Message


@dataclass(frozen=True, slots=True)
class Reply:
    """A new message or picture; in reply to a button also a toast and a change of its message.

    ``edit`` is its new text with its buttons; ``buttons`` replaces these alone.
    """

    message: Message | None = None
    edit: Message | None = None
    toast: str = ""
    picture: Picture | None = None
    buttons: tuple[tuple[Button, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class BotContext:
    """What handlers work with. A handler runs in a worker thread, in its own transactions.

    ``drafts`` are broadcasts that wait for confirmation, by recipient id; ``topics`` gives the
    words that are offered beside a chat's own.
    """

    database: Database
    rules: RuleProvider
    now: Callable[[], datetime]
    policy: AccessPolicy = field(default_factory=AccessPolicy)
    started_at: datetime | None = None
    drafts: dict[int, str] = field(default_factory=dict)
    topics: Callable[[], Topics] = load_topics
    in_force: CommitmentsInForce = field(default_factory=CommitmentsInForce)

    def settings(self, recipient_id: int) -> recipients.RecipientSettings:
        """The settings of a chat."""
        with self.database.read() as connection:
            return recipients.get_recipient(connection, recipient_id)

    def texts(self, recipient_id: int) -> BotTexts:
        """The bot's texts in the language of a chat."""
        return bot_texts(self.settings(recipient_id).language)

    def timezone(self, recipient_id: int) -> ZoneInfo:
        """The time zone of a chat."""
        return zone_of(self.settings(recipient_id).timezone)

    def remember(self, connection: Transaction, request: Request) -> None:
        """Store a chat that makes a choice; a new one gets the configured time zone."""
        new = not recipients.is_known(connection, request.recipient_id)
        recipients.save_chat(
            connection,
            request.recipient_id,
            title=request.title,
            now=self.now(),
            kind=request.kind,
            to=request.recipient,
        )
        if new and self.policy.timezone != DEFAULT_ZONE:
            set_timezone(connection, request.recipient_id, self.policy.timezone, now=self.now())

    def subscribable_rules(self) -> list[Rule]:
        """The rules any chat may subscribe to."""
        return [rule for rule in self.rules.files.rules if rule.subscribable]

    def rules_addressed_to(self, recipient: Recipient) -> list[Rule]:
        """The rules whose file names this chat."""
        return [rule for rule in self.rules.files.rules if recipient in rule.recipients]


Handler = Callable[[BotContext, Request], Reply]


def name_to_type(rule_id: str, name: str) -> str:
    """What to write after a command for a rule: a custom one has no id that people know."""
    is_custom = rule_id.startswith(CUSTOM_RULE_PREFIX) and len(name) <= MAX_NAME
    return one_line(name if is_custom else rule_id, MAX_DESCRIPTION)


def text_reply(text: str) -> Reply:
    """A reply of plain text."""
    return Reply(Message((Span(text),)))


def shorten(text: str) -> str:
    """Text from a chat, cut to one line of bounded length."""
    return one_line(text[: 4 * MAX_ARGS], MAX_ARGS)


def parse_number(text: str, *, most: int = 10**15) -> int | None:
    """A whole number from a chat's text, at most ``most``; None if the text is none."""
    text = unicodedata.normalize("NFKC", text).strip().lstrip("#")
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
        return None
    return min(int(text), most)

"""Alerts: recipients, matches of rules, and what is delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor.model.changes import Change
from monitor.model.documents import DocumentKind, SourceHealthEvent
from monitor.model.statements import Target

if TYPE_CHECKING:
    from monitor.model.feedback import FeedbackKind, FeedbackSummary

CUSTOM_RULE_PREFIX = "own-"
"""How the id of a custom rule of a chat begins; no rule in a file may begin so."""


class DeliveryMode(StrEnum):
    """How a rule's matches are delivered, whatever the chat has chosen."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"


class AlertState(StrEnum):
    """The state of an alert in the outbox.

    A scheduled alert waits for a digest; one that is in a digest is delivered with it.
    """

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    DEAD = "dead"
    SCHEDULED = "scheduled"
    IN_DIGEST = "in_digest"


class RecipientKind(StrEnum):
    """What a recipient is; all but the last are Telegram's."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"
    THREAD = "thread"  # a topic of a forum
    EXTERNAL = "external"  # a notification channel beside Telegram


class AccessMode(StrEnum):
    """Which chats the bot serves."""

    OPEN = "open"
    LISTED = "listed"  # those that the settings name
    APPROVAL = "approval"  # and those that operators approve


class Access(StrEnum):
    """Whether a chat may use the bot, where operators decide that."""

    NONE = ""  # nobody was asked
    PENDING = "pending"
    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"  # by the settings


class WaitReason(StrEnum):
    """Why an alert waits for its ``not_before``."""

    DIGEST = "digest"
    MUTED = "muted"
    QUIET_HOURS = "quiet_hours"
    RATE_LIMIT = "rate_limit"
    RETRY = "retry"
    EARLIER_ALERT = "earlier_alert"  # one of the same recipient, which was refused


class AlertKind(StrEnum):
    """What an alert is about."""

    CHANGES = "changes"
    SOURCE = "source"
    NOTICE = "notice"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, order=True)
class Recipient:
    """A recipient: a Telegram chat, one topic of a forum, or another channel by its name.

    ``chat_id`` is Telegram's, 0 for another channel; ``thread_id`` is its message_thread_id, 0
    outside a forum's topics.
    """

    chat_id: int
    thread_id: int = 0
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that wants a change, and whom its file names."""

    rule_id: str
    recipients: tuple[Recipient, ...]
    priority: int = 0
    delivery: DeliveryMode | None = None


TERMINAL = Recipient(0)
"""The recipient of alerts that are printed."""


@dataclass(frozen=True, slots=True)
class AlertDocument:
    """The document of the changes of an alert."""

    title: str
    url: str | None
    kind: DocumentKind
    region: str | None
    published: date | None
    source_name: str | None


@dataclass(frozen=True, slots=True)
class AlertChange:
    """A change of an alert, its document, and the rules that match it.

    ``priority`` is the highest of the rules. ``correction`` is what operators confirmed to be
    wrong with the change.
    """

    change_id: int
    change: Change
    rule_ids: tuple[str, ...]
    summary: str = ""
    priority: int = 0
    document: AlertDocument | None = None
    correction: FeedbackKind | None = None


class NoticeKind(StrEnum):
    """What a notice is about; the last three are for chats, the others for operators."""

    CHAT_GONE = "chat_gone"
    ACCESS_REQUESTED = "access"
    RULES_BROKEN = "rules"
    FEEDBACK = "feedback"
    UPDATE_SKIPPED = "update_skipped"
    POLLING_CONFLICT = "conflict"
    POLLING_RESUMED = "conflict_over"
    TOKEN_REFUSED = "token"  # noqa: S105 - no secret; told to the channels beside Telegram
    LOOP_FAILED = "loop"
    BROADCAST = "broadcast"
    ACCESS_GRANTED = "granted"
    CORRECTION = "correction"


CHANGE_NOTICES = frozenset({NoticeKind.FEEDBACK, NoticeKind.CORRECTION})
"""The notices whose ``about`` is a change."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that brings no changes.

    ``about`` is the chat it is about, of ``CHANGE_NOTICES`` the change. These have the change as
    ``item``, and what people say of it as ``feedback``.
    """

    kind: NoticeKind
    text: str
    at: datetime
    about: int | None = None
    item: AlertChange | None = None
    feedback: FeedbackSummary | None = None


@dataclass(frozen=True, slots=True)
class TargetsDue:
    """The targets that are due in a year and not judged yet: how many, and the first of them."""

    year: int
    count: int
    first: tuple[tuple[str | None, Target], ...]  # each with its region


@dataclass(frozen=True, slots=True)
class OutboxAlert:
    """An alert that is being delivered.

    It has ``changes`` with their ``document``, or without one if it is a digest; or an ``event``
    of a source; or a ``notice``. ``attempts`` includes this attempt. ``possibly_delivered`` says
    that it may have been delivered before. ``language`` and ``timezone`` are the chat's, ``to`` is
    the recipient. ``unsure`` counts what may have been dropped or added in the same documents and
    is not among ``changes``. ``due`` is what the first digest of a month says of the
    year's targets.
    """

    id: int
    recipient_id: int
    attempts: int
    created_at: datetime
    possibly_delivered: bool
    document: AlertDocument | None
    changes: tuple[AlertChange, ...]
    language: str = "zh"
    event: SourceHealthEvent | None = None
    notice: Notice | None = None
    to: Recipient = TERMINAL
    timezone: str = "Asia/Shanghai"
    unsure: int = 0
    due: TargetsDue | None = None

    @property
    def kind(self) -> AlertKind:
        """What it is about."""
        if self.event is not None:
            return AlertKind.SOURCE
        if self.notice is not None:
            return AlertKind.NOTICE
        return AlertKind.DIGEST if self.document is None else AlertKind.CHANGES

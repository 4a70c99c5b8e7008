"""The tables of chats, of what they chose, and of what is on its way to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from monitor.storage.columns import Base, Id
from monitor.storage.tables import DocumentRow

METADATA = Base.metadata
"""All tables, for migrations."""


class ChatRow(Base):
    """Somebody who is told: a Telegram chat, one topic of a forum, or another way out.

    A chat's ``id`` is Telegram's; topics and ways have numbers of our own, beyond Telegram's.
    ``telegram_id`` is the chat's, and of a topic its forum's.
    """

    __tablename__ = "chat"
    __table_args__ = (
        Index("uq_chat_thread", "telegram_id", "thread_id", unique=True),
        Index("uq_chat_way", "way", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    title: Mapped[str]
    language: Mapped[str] = mapped_column(String(8), default="zh", server_default="zh")
    added_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    # private, group, supergroup, channel, thread, way
    kind: Mapped[str] = mapped_column(String(16), default="private", server_default="private")
    telegram_id: Mapped[int | None] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    way: Mapped[str | None] = mapped_column(String(64))
    # asked, granted, refused; empty where nobody has to ask
    access: Mapped[str] = mapped_column(String(8), default="", server_default="")
    digest: Mapped[str] = mapped_column(String(32), default="off", server_default="off")
    quiet: Mapped[str] = mapped_column(String(16), default="off", server_default="off")
    timezone: Mapped[str] = mapped_column(
        String(64), default="Asia/Shanghai", server_default="Asia/Shanghai"
    )
    muted_until: Mapped[datetime | None]
    held_until: Mapped[datetime | None]


class SubscriptionRow(Base):
    """A chat's wish to hear of what a rule matches."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_rule_id", "rule_id"),)

    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]


class OwnRuleRow(Base):
    """A rule that chats made for themselves; chats that want the same share it."""

    __tablename__ = "own_rule"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime]


class MuteRow(Base):
    """A rule a chat does not want to hear of, for a while or until it says so."""

    __tablename__ = "mute"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime | None]


class NoticeRow(Base):
    """Something to tell that is no change: to operators, or to all chats."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]
    about: Mapped[int | None] = mapped_column(BigInteger)


class SwitchRow(Base):
    """Something an operator switched, for all processes and across restarts."""

    __tablename__ = "switch"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[str]


class AlertRow(Base):
    """The outbox: one message on the way to a chat.

    It tells the matched changes of one snapshot, one source's turn, one notice, or, as a digest,
    what other alerts of the chat were bundled into it.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("chat_id", "snapshot_id"),
        UniqueConstraint("chat_id", "event_id"),
        Index("uq_alert_notice", "chat_id", "notice_id", unique=True),
        Index("ix_alert_due", "state", "not_before"),
        Index("ix_alert_chat", "chat_id", "state"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    # changes, source, notice, digest
    kind: Mapped[str] = mapped_column(String(8), default="changes", server_default="changes")
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("source_event.id"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"))
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    # held (for a digest), pending, leased, sent, dead, bundled (told by a digest)
    state: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    doubtful: Mapped[bool] = mapped_column(default=False, server_default=false())
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]
    document: Mapped[DocumentRow | None] = relationship()


class AlertChangeRow(Base):
    """Which changes an alert tells, and which rule asked for each."""

    __tablename__ = "alert_change"

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("change.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")

"""The tables of chats and of what is on its way to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from monitor.storage.columns import Base, Id
from monitor.storage.tables import DocumentRow

METADATA = Base.metadata
"""All tables, for migrations."""


class ChatRow(Base):
    """A Telegram chat that talks with the bot."""

    __tablename__ = "chat"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    title: Mapped[str]
    language: Mapped[str] = mapped_column(String(8), default="zh", server_default="zh")
    added_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True, server_default=true())


class SubscriptionRow(Base):
    """A chat's wish to hear of what a rule matches."""

    __tablename__ = "subscription"

    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]


class AlertRow(Base):
    """The outbox: matched changes of one snapshot, or one source's turn, on the way to a chat."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("chat_id", "snapshot_id"),
        UniqueConstraint("chat_id", "event_id"),
        Index("ix_alert_due", "state", "not_before"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("source_event.id"))
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[str] = mapped_column(String(8))  # pending, leased, sent, dead
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    lease_until: Mapped[datetime | None]
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

"""The tables of sources and documents, of chats, and of what is on its way to them."""

# Annotations are values here: SQLAlchemy reads them, and would have to evaluate their text.
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from monitor.storage.base import Base, Id


class SourceRow(Base):
    """A place that is watched, and how its last visits went."""

    __tablename__ = "source"
    __table_args__ = (Index("ix_source_new", "document_kind", "last_new_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    region: Mapped[str | None]
    document_kind: Mapped[str] = mapped_column(String(16))
    enabled: Mapped[bool] = mapped_column(server_default=true())
    added_at: Mapped[datetime]
    last_visit_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(16))
    last_reason: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    next_visit_at: Mapped[datetime | None]
    exceptions: Mapped[str | None]  # measures of safety it is exempt from
    health: Mapped[str] = mapped_column(String(8), default="ok", server_default="ok")
    health_since: Mapped[datetime | None]
    last_new_at: Mapped[datetime | None]  # when something that is no history was last found
    paused_at: Mapped[datetime | None]  # by an operator
    paused_until: Mapped[datetime | None]  # empty: until it is resumed
    pause_reason: Mapped[str | None]


class SourceHealthEventRow(Base):
    """A turn in the health of a source."""

    __tablename__ = "source_health_event"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"), index=True)
    at: Mapped[datetime]
    health: Mapped[str] = mapped_column(String(8))
    was: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime]  # of the health that ended
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]


class ListPageRow(Base):
    """A list page of a source: what is needed to ask for it conditionally.

    What stands on it at ``first_ok_at``, its first healthy visit, is history.
    """

    __tablename__ = "list_page"

    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[str | None] = mapped_column(String(64))
    first_ok_at: Mapped[datetime | None]
    last_visit_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(16))
    last_status: Mapped[int | None]
    shown: Mapped[str | None]  # marks of the links it showed, by which it is known again
    body_read_at: Mapped[datetime | None]  # when its body was last received


class RobotsRow(Base):
    """A site's robots.txt as it was read last; ``text`` is empty if it has none."""

    __tablename__ = "robots"

    origin: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    read_at: Mapped[datetime]


class HostPauseRow(Base):
    """Until when a host asked to be left alone."""

    __tablename__ = "host_pause"

    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    not_before: Mapped[datetime]


class DocumentRow(Base):
    """One article or report, whatever address it is found at."""

    __tablename__ = "document"
    __table_args__ = (Index("ix_document_series", "kind", "region", "year"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str | None] = mapped_column(ForeignKey("source.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None]
    year: Mapped[int | None]
    title: Mapped[str]
    url: Mapped[str | None]
    published: Mapped[date | None]
    first_seen_at: Mapped[datetime]
    baseline: Mapped[bool]  # history: it raised no "added" when it was first read
    # The snapshot the next visit is compared with. No foreign key: the two tables name each other.
    snapshot_id: Mapped[int | None] = mapped_column(Id)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    withdrawn_at: Mapped[datetime | None]  # since when its page is known to be gone for good
    # Of a plan: what its issues of other years have in common (monitor.comparison.in_force).
    plan_key: Mapped[str | None] = mapped_column(index=True)
    # An operator removed it: it has no snapshot until it is restored and gets this one back.
    removed_at: Mapped[datetime | None]
    removed_snapshot_id: Mapped[int | None] = mapped_column(Id)


class FrontierEntryRow(Base):
    """An address of a document, and how its last visits went."""

    __tablename__ = "frontier_entry"
    __table_args__ = (Index("ix_frontier_entry_due", "source_id", "next_visit_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(unique=True)
    # What its other spellings have in common (monitor.urls.identity); NULL until computed.
    identity: Mapped[str | None] = mapped_column(index=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"))
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    title: Mapped[str]  # as the list gives it
    listed: Mapped[date | None]
    baseline: Mapped[bool]
    first_seen_at: Mapped[datetime]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[str | None] = mapped_column(String(64))
    text_hash: Mapped[str | None] = mapped_column(String(64))
    last_visit_at: Mapped[datetime | None]
    next_visit_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(16))
    last_status: Mapped[int | None]
    last_reason: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    page_fingerprint: Mapped[str | None]  # see monitor.documents.page_fingerprint
    body_read_at: Mapped[datetime | None]  # when its body was last received
    suspect_hash: Mapped[str | None] = mapped_column(String(64))
    suspect_count: Mapped[int] = mapped_column(default=0, server_default="0")
    suspect_since: Mapped[datetime | None]


class BlobRow(Base):
    """The bytes of a page as they came, kept once by their SHA-256."""

    __tablename__ = "blob"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    codec: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    stored_at: Mapped[datetime]
    # Of a difference, the page it is one from. No foreign key: the two tables name each other.
    base_id: Mapped[int | None] = mapped_column(Id)


class SnapshotRow(Base):
    """What one visit saw of a document; written only when the text is new, or suspect."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    frontier_entry_id: Mapped[int | None] = mapped_column(
        ForeignKey("frontier_entry.id"), index=True
    )
    visited_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    status: Mapped[int | None]
    url: Mapped[str | None]  # where the bytes came from, after redirects
    content_type: Mapped[str | None]
    request: Mapped[str | None]  # JSON: the address asked for and the headers sent
    response: Mapped[str | None]  # JSON: the address that answered and its headers
    blob_hash: Mapped[str | None] = mapped_column(ForeignKey("blob.hash"))
    text_hash: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str]
    published: Mapped[date | None]
    published_from: Mapped[str | None]  # which part of the page gave the day
    characters: Mapped[int]  # of its text


class ReferenceDayRow(Base):
    """The day that is today for the views: that of the last visit or import. One row."""

    __tablename__ = "reference_day"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date]


class RecipientRow(Base):
    """A recipient of alerts: a Telegram chat, one topic of a forum, or another channel.

    A chat's ``id`` is Telegram's; topics and channels have numbers of our own, beyond Telegram's.
    ``telegram_id`` is the chat's, and of a topic its forum's.
    """

    __tablename__ = "recipient"
    __table_args__ = (
        Index("uq_recipient_thread", "telegram_id", "thread_id", unique=True),
        Index("uq_recipient_channel", "channel", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    title: Mapped[str]
    language: Mapped[str] = mapped_column(String(8), default="zh", server_default="zh")
    added_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    # RecipientKind
    kind: Mapped[str] = mapped_column(String(16), default="private", server_default="private")
    telegram_id: Mapped[int | None] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str | None] = mapped_column(String(64))
    # Access
    access: Mapped[str] = mapped_column(String(8), default="", server_default="")
    digest: Mapped[str] = mapped_column(String(32), default="off", server_default="off")
    quiet_hours: Mapped[str] = mapped_column(String(16), default="off", server_default="off")
    timezone: Mapped[str] = mapped_column(
        String(64), default="Asia/Shanghai", server_default="Asia/Shanghai"
    )
    muted_until: Mapped[datetime | None]
    defer_until: Mapped[datetime | None]


class SubscriptionRow(Base):
    """The subscription of a chat to a rule."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_rule_id", "rule_id"),)

    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]


class CustomRuleRow(Base):
    """A rule that chats made for themselves; chats that want the same share it."""

    __tablename__ = "custom_rule"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime]


class MuteRow(Base):
    """A rule a chat does not want to hear of, for a while or until it says so."""

    __tablename__ = "mute"

    recipient_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
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


class HeartbeatRow(Base):
    """That a loop of the daemon was working; the last time of each loop on a host."""

    __tablename__ = "heartbeat"

    loop: Mapped[str] = mapped_column(String(16), primary_key=True)
    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    process_id: Mapped[int]
    version: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    at: Mapped[datetime]


class LeaseRow(Base):
    """Who works on the database; ``renewals`` grows while the holder is alive."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(32))
    host: Mapped[str] = mapped_column(String(255))
    process_id: Mapped[int]
    machine: Mapped[str] = mapped_column(String(128))
    process_started: Mapped[str] = mapped_column(String(32))
    acquired_at: Mapped[datetime]
    renewed_at: Mapped[datetime]
    renewals: Mapped[int]


class AlertRow(Base):
    """The outbox: one message on the way to a chat.

    It tells the matched changes of one snapshot, one source's turn, one notice, or, as a digest,
    what other alerts of the chat were bundled into it.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("recipient_id", "snapshot_id"),
        UniqueConstraint("recipient_id", "event_id"),
        Index("uq_alert_notice", "recipient_id", "notice_id", unique=True),
        Index("ix_alert_due", "state", "not_before"),
        Index("ix_alert_recipient", "recipient_id", "state"),
        Index("ix_alert_document_id", "document_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    recipient_id: Mapped[int] = mapped_column(BigInteger)
    # AlertKind
    kind: Mapped[str] = mapped_column(String(8), default="changes", server_default="changes")
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("source_health_event.id"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"))
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    # AlertState
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    waiting_for: Mapped[str | None] = mapped_column(String(16))  # WaitReason
    leased_by: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None]
    in_flight_since: Mapped[datetime | None]
    possibly_duplicate: Mapped[bool] = mapped_column(default=False, server_default=false())
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]
    text: Mapped[str | None]  # what the recipient was sent, without its markup
    document: Mapped[DocumentRow | None] = relationship()

"""The tables of sources and documents, of chats, and of what is on its way to them."""

# Annotations are values here: SQLAlchemy reads them, and would have to evaluate their text.
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    Named,
    String,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    false,
    true,
)

from monitor.storage.base import METADATA, Id, UtcDateTime


class SourceColumns(TypedColumns):
    """A place that is watched, and how its last visits went."""

    id: Named[str] = Column(String(64), primary_key=True)
    name: Named[str] = Column(Text)
    region: Named[str | None] = Column(Text)
    document_kind: Named[str] = Column(String(16))
    enabled: Named[bool] = Column(server_default=true())
    added_at: Named[datetime] = Column(UtcDateTime)
    last_visit_at: Named[datetime | None] = Column(UtcDateTime)
    last_ok_at: Named[datetime | None] = Column(UtcDateTime)
    last_outcome: Named[str | None] = Column(String(16))
    last_reason: Named[str | None] = Column(Text)
    failures: Named[int] = Column(default=0, server_default="0")
    next_visit_at: Named[datetime | None] = Column(UtcDateTime)
    exceptions: Named[str | None] = Column(Text)  # measures of safety it is exempt from
    health: Named[str] = Column(String(8), default="ok", server_default="ok")
    health_since: Named[datetime | None] = Column(UtcDateTime)
    # when something that is no history was last found
    last_new_at: Named[datetime | None] = Column(UtcDateTime)
    paused_at: Named[datetime | None] = Column(UtcDateTime)  # by an operator
    paused_until: Named[datetime | None] = Column(UtcDateTime)  # empty: until it is resumed
    pause_reason: Named[str | None] = Column(Text)


source_table = Table(
    "source",
    METADATA,
    SourceColumns,
    Index("ix_source_new", "document_kind", "last_new_at"),
)


class SourceHealthEventColumns(TypedColumns):
    """A turn in the health of a source."""

    id: Named[int] = Column(Id, primary_key=True)
    source_id: Named[str] = Column(String(64), ForeignKey("source.id"), index=True)
    at: Named[datetime] = Column(UtcDateTime)
    health: Named[str] = Column(String(8))
    was: Named[str] = Column(String(8))
    since: Named[datetime] = Column(UtcDateTime)  # of the health that ended
    outcome: Named[str] = Column(String(16))
    reason: Named[str] = Column(Text)


source_health_event_table = Table(
    "source_health_event",
    METADATA,
    SourceHealthEventColumns,
)


class ListPageColumns(TypedColumns):
    """A list page of a source: what is needed to ask for it conditionally.

    What stands on it at ``first_ok_at``, its first healthy visit, is history.
    """

    source_id: Named[str] = Column(String(64), ForeignKey("source.id"), primary_key=True)
    url: Named[str] = Column(Text, primary_key=True)
    etag: Named[str | None] = Column(Text)
    last_modified: Named[str | None] = Column(Text)
    body_hash: Named[str | None] = Column(String(64))
    first_ok_at: Named[datetime | None] = Column(UtcDateTime)
    last_visit_at: Named[datetime | None] = Column(UtcDateTime)
    last_outcome: Named[str | None] = Column(String(16))
    last_status: Named[int | None]
    # marks of the links it showed, by which it is known again
    shown: Named[str | None] = Column(Text)
    body_read_at: Named[datetime | None] = Column(UtcDateTime)  # when its body was last received


list_page_table = Table(
    "list_page",
    METADATA,
    ListPageColumns,
)


class RobotsColumns(TypedColumns):
    """A site's robots.txt as it was read last; ``text`` is empty if it has none."""

    origin: Named[str] = Column(Text, primary_key=True)
    text: Named[str | None] = Column(Text)
    read_at: Named[datetime] = Column(UtcDateTime)


robots_table = Table(
    "robots",
    METADATA,
    RobotsColumns,
)


class HostPauseColumns(TypedColumns):
    """Until when a host asked to be left alone."""

    host: Named[str] = Column(String(255), primary_key=True)
    not_before: Named[datetime] = Column(UtcDateTime)


host_pause_table = Table(
    "host_pause",
    METADATA,
    HostPauseColumns,
)


class DocumentColumns(TypedColumns):
    """One article or report, whatever address it is found at."""

    id: Named[int] = Column(Id, primary_key=True)
    source_id: Named[str | None] = Column(String(64), ForeignKey("source.id"), index=True)
    kind: Named[str] = Column(String(16))
    region: Named[str | None] = Column(Text)
    year: Named[int | None]
    title: Named[str] = Column(Text)
    url: Named[str | None] = Column(Text)
    published: Named[date | None] = Column(Date)
    first_seen_at: Named[datetime] = Column(UtcDateTime)
    baseline: Named[bool]  # history: it raised no "added" when it was first read
    # The snapshot the next visit is compared with. No foreign key: the two tables name each other.
    snapshot_id: Named[int | None] = Column(Id)
    successor_id: Named[int | None] = Column(Id, ForeignKey("document.id"))
    # since when its page is known to be gone for good
    withdrawn_at: Named[datetime | None] = Column(UtcDateTime)
    # Of a plan: what its issues of other years have in common (monitor.comparison.in_force).
    plan_key: Named[str | None] = Column(Text, index=True)
    # An operator removed it: it has no snapshot until it is restored and gets this one back.
    removed_at: Named[datetime | None] = Column(UtcDateTime)
    removed_snapshot_id: Named[int | None] = Column(Id)


document_table = Table(
    "document",
    METADATA,
    DocumentColumns,
    Index("ix_document_series", "kind", "region", "year"),
)


class FrontierEntryColumns(TypedColumns):
    """An address of a document, and how its last visits went."""

    id: Named[int] = Column(Id, primary_key=True)
    url: Named[str] = Column(Text, unique=True)
    # What its other spellings have in common (monitor.urls.identity); NULL until computed.
    identity: Named[str | None] = Column(Text, index=True)
    source_id: Named[str] = Column(String(64), ForeignKey("source.id"))
    document_id: Named[int | None] = Column(Id, ForeignKey("document.id"), index=True)
    title: Named[str] = Column(Text)  # as the list gives it
    listed: Named[date | None] = Column(Date)
    baseline: Named[bool]
    first_seen_at: Named[datetime] = Column(UtcDateTime)
    etag: Named[str | None] = Column(Text)
    last_modified: Named[str | None] = Column(Text)
    body_hash: Named[str | None] = Column(String(64))
    text_hash: Named[str | None] = Column(String(64))
    last_visit_at: Named[datetime | None] = Column(UtcDateTime)
    next_visit_at: Named[datetime | None] = Column(UtcDateTime)
    last_outcome: Named[str | None] = Column(String(16))
    last_status: Named[int | None]
    last_reason: Named[str | None] = Column(Text)
    failures: Named[int] = Column(default=0, server_default="0")
    page_fingerprint: Named[str | None] = Column(Text)  # see monitor.documents.page_fingerprint
    body_read_at: Named[datetime | None] = Column(UtcDateTime)  # when its body was last received
    suspect_hash: Named[str | None] = Column(String(64))
    suspect_count: Named[int] = Column(default=0, server_default="0")
    suspect_since: Named[datetime | None] = Column(UtcDateTime)


frontier_entry_table = Table(
    "frontier_entry",
    METADATA,
    FrontierEntryColumns,
    Index("ix_frontier_entry_due", "source_id", "next_visit_at"),
)


class BlobColumns(TypedColumns):
    """The bytes of a page as they came, kept once by their SHA-256."""

    hash: Named[str] = Column(String(64), primary_key=True)
    codec: Named[str] = Column(String(8))
    size: Named[int]
    body: Named[bytes] = Column(LargeBinary)
    stored_at: Named[datetime] = Column(UtcDateTime)
    # Of a difference, the page it is one from. No foreign key: the two tables name each other.
    base_id: Named[int | None] = Column(Id)


blob_table = Table(
    "blob",
    METADATA,
    BlobColumns,
)


class SnapshotColumns(TypedColumns):
    """What one visit saw of a document; written only when the text is new, or suspect."""

    id: Named[int] = Column(Id, primary_key=True)
    document_id: Named[int | None] = Column(Id, ForeignKey("document.id"), index=True)
    frontier_entry_id: Named[int | None] = Column(Id, ForeignKey("frontier_entry.id"), index=True)
    visited_at: Named[datetime] = Column(UtcDateTime)
    outcome: Named[str] = Column(String(16))
    reason: Named[str] = Column(Text)
    status: Named[int | None]
    url: Named[str | None] = Column(Text)  # where the bytes came from, after redirects
    content_type: Named[str | None] = Column(Text)
    request: Named[str | None] = Column(Text)  # JSON: the address asked for and the headers sent
    response: Named[str | None] = Column(Text)  # JSON: the address that answered and its headers
    blob_hash: Named[str | None] = Column(String(64), ForeignKey("blob.hash"))
    text_hash: Named[str] = Column(String(64), index=True)
    title: Named[str] = Column(Text)
    published: Named[date | None] = Column(Date)
    published_from: Named[str | None] = Column(Text)  # which part of the page gave the day
    characters: Named[int]  # of its text


snapshot_table = Table(
    "snapshot",
    METADATA,
    SnapshotColumns,
)


class ReferenceDayColumns(TypedColumns):
    """The day that is today for the views: that of the last visit or import. One row."""

    id: Named[int] = Column(primary_key=True, autoincrement=False)
    day: Named[date] = Column(Date)


reference_day_table = Table(
    "reference_day",
    METADATA,
    ReferenceDayColumns,
)


class RecipientColumns(TypedColumns):
    """A recipient of alerts: a Telegram chat, one topic of a forum, or another channel.

    A chat's ``id`` is Telegram's; topics and channels have numbers of our own, beyond Telegram's.
    ``telegram_id`` is the chat's, and of a topic its forum's.
    """

    id: Named[int] = Column(BigInteger, primary_key=True, autoincrement=False)
    title: Named[str] = Column(Text)
    language: Named[str] = Column(String(8), default="zh", server_default="zh")
    added_at: Named[datetime] = Column(UtcDateTime)
    active: Named[bool] = Column(default=True, server_default=true())
    # RecipientKind
    kind: Named[str] = Column(String(16), default="private", server_default="private")
    telegram_id: Named[int | None] = Column(BigInteger)
    thread_id: Named[int | None] = Column(BigInteger)
    channel: Named[str | None] = Column(String(64))
    # Access
    access: Named[str] = Column(String(8), default="", server_default="")
    digest: Named[str] = Column(String(32), default="off", server_default="off")
    quiet_hours: Named[str] = Column(String(16), default="off", server_default="off")
    timezone: Named[str] = Column(
        String(64), default="Asia/Shanghai", server_default="Asia/Shanghai"
    )
    muted_until: Named[datetime | None] = Column(UtcDateTime)
    defer_until: Named[datetime | None] = Column(UtcDateTime)


recipient_table = Table(
    "recipient",
    METADATA,
    RecipientColumns,
    Index("uq_recipient_thread", "telegram_id", "thread_id", unique=True),
    Index("uq_recipient_channel", "channel", unique=True),
)


class SubscriptionColumns(TypedColumns):
    """The subscription of a chat to a rule."""

    recipient_id: Named[int] = Column(BigInteger, ForeignKey("recipient.id"), primary_key=True)
    rule_id: Named[str] = Column(String(64), primary_key=True)
    since: Named[datetime] = Column(UtcDateTime)


subscription_table = Table(
    "subscription",
    METADATA,
    SubscriptionColumns,
    Index("ix_subscription_rule_id", "rule_id"),
)


class CustomRuleColumns(TypedColumns):
    """A rule that chats made for themselves; chats that want the same share it."""

    id: Named[str] = Column(String(64), primary_key=True)
    name: Named[str] = Column(Text)
    body: Named[str] = Column(Text)
    created_at: Named[datetime] = Column(UtcDateTime)


custom_rule_table = Table(
    "custom_rule",
    METADATA,
    CustomRuleColumns,
)


class MuteColumns(TypedColumns):
    """A rule a chat does not want to hear of, for a while or until it says so."""

    recipient_id: Named[int] = Column(BigInteger, primary_key=True, autoincrement=False)
    rule_id: Named[str] = Column(String(64), primary_key=True)
    until: Named[datetime | None] = Column(UtcDateTime)


mute_table = Table(
    "mute",
    METADATA,
    MuteColumns,
)


class NoticeColumns(TypedColumns):
    """Something to tell that is no change: to operators, or to all chats."""

    id: Named[int] = Column(Id, primary_key=True)
    at: Named[datetime] = Column(UtcDateTime)
    kind: Named[str] = Column(String(16))
    text: Named[str] = Column(Text)
    about: Named[int | None] = Column(BigInteger)


notice_table = Table(
    "notice",
    METADATA,
    NoticeColumns,
)


class SwitchColumns(TypedColumns):
    """Something an operator switched, for all processes and across restarts."""

    name: Named[str] = Column(String(16), primary_key=True)
    since: Named[datetime] = Column(UtcDateTime)
    by: Named[str] = Column(Text)


switch_table = Table(
    "switch",
    METADATA,
    SwitchColumns,
)


class HeartbeatColumns(TypedColumns):
    """That a loop of the daemon was working; the last time of each loop on a host."""

    loop: Named[str] = Column(String(16), primary_key=True)
    host: Named[str] = Column(String(255), primary_key=True)
    process_id: Named[int]
    version: Named[str] = Column(String(64))
    started_at: Named[datetime] = Column(UtcDateTime)
    at: Named[datetime] = Column(UtcDateTime)


heartbeat_table = Table(
    "heartbeat",
    METADATA,
    HeartbeatColumns,
)


class LeaseColumns(TypedColumns):
    """Who works on the database; ``renewals`` grows while the holder is alive."""

    name: Named[str] = Column(String(32), primary_key=True)
    holder: Named[str] = Column(String(32))
    host: Named[str] = Column(String(255))
    process_id: Named[int]
    machine: Named[str] = Column(String(128))
    process_started: Named[str] = Column(String(32))
    acquired_at: Named[datetime] = Column(UtcDateTime)
    renewed_at: Named[datetime] = Column(UtcDateTime)
    renewals: Named[int]


lease_table = Table(
    "lease",
    METADATA,
    LeaseColumns,
)


class AlertColumns(TypedColumns):
    """The outbox: one message on the way to a chat.

    It tells the matched changes of one snapshot, one source's turn, one notice, or, as a digest,
    what other alerts of the chat were bundled into it.
    """

    id: Named[int] = Column(Id, primary_key=True)
    recipient_id: Named[int] = Column(BigInteger)
    # AlertKind
    kind: Named[str] = Column(String(8), default="changes", server_default="changes")
    document_id: Named[int | None] = Column(Id, ForeignKey("document.id"))
    snapshot_id: Named[int | None] = Column(Id, ForeignKey("snapshot.id"))
    event_id: Named[int | None] = Column(Id, ForeignKey("source_health_event.id"))
    notice_id: Named[int | None] = Column(Id, ForeignKey("notice.id"))
    digest_id: Named[int | None] = Column(Id, ForeignKey("alert.id"), index=True)
    priority: Named[int] = Column(default=0, server_default="0")
    # AlertState
    state: Named[str] = Column(String(16))
    created_at: Named[datetime] = Column(UtcDateTime)
    not_before: Named[datetime] = Column(UtcDateTime)
    waiting_for: Named[str | None] = Column(String(16))  # WaitReason
    leased_by: Named[str | None] = Column(String(32))
    leased_until: Named[datetime | None] = Column(UtcDateTime)
    in_flight_since: Named[datetime | None] = Column(UtcDateTime)
    possibly_duplicate: Named[bool] = Column(default=False, server_default=false())
    attempts: Named[int] = Column(default=0, server_default="0")
    sent_at: Named[datetime | None] = Column(UtcDateTime)
    message_id: Named[int | None] = Column(BigInteger)
    error: Named[str | None] = Column(Text)
    text: Named[str | None] = Column(Text)  # what the recipient was sent, without its markup


alert_table = Table(
    "alert",
    METADATA,
    AlertColumns,
    UniqueConstraint("recipient_id", "snapshot_id"),
    UniqueConstraint("recipient_id", "event_id"),
    Index("uq_alert_notice", "recipient_id", "notice_id", unique=True),
    Index("ix_alert_due", "state", "not_before"),
    Index("ix_alert_recipient", "recipient_id", "state"),
    Index("ix_alert_document_id", "document_id"),
)

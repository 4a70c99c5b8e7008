"""Recipients: Telegram chats, forum topics and the channels of the settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, case, or_, select, update

from monitor.model.alerts import Access, Recipient, RecipientKind
from monitor.model.delivery_times import DEFAULT_ZONE, Digest, Quiet, parse_digest, parse_quiet
from monitor.storage.base import batches, get_row, insert_into, update_row
from monitor.storage.tables import recipient_table, subscription_table

_T = TypeVar("_T")

LANGUAGES = ("zh", "en")
"""Languages a chat may choose; the first is the default."""

OURS = 1 << 52
"""Where our own numbers begin: Telegram's have 52 bits at most (Bot API, ``Chat.id``)."""

_TITLE_LIMIT = 256
_OFF = "off"  # the stored form of no digest and no quiet hours; most recipients have it


@dataclass(frozen=True, slots=True)
class RecipientSettings:
    """A recipient and its settings.

    ``id`` is its key in every table; ``to`` is where messages go. ``access`` is the whole chat's,
    a topic has none of its own.
    """

    id: int
    to: Recipient
    title: str = ""
    kind: RecipientKind = RecipientKind.PRIVATE
    language: str = LANGUAGES[0]
    active: bool = True
    access: Access = Access.NONE
    digest: Digest | None = None
    quiet: Quiet | None = None
    timezone: str = DEFAULT_ZONE
    muted_until: datetime | None = None
    defer_until: datetime | None = None


def recipient_id_of(to: Recipient) -> int:
    """The number of a recipient in our tables: Telegram's own, or one made of its name."""
    if not to.channel and not to.thread_id:
        return to.chat_id
    name = f"way {to.channel}" if to.channel else f"thread {to.chat_id} {to.thread_id}"
    return OURS + (int.from_bytes(blake2s(name.encode(), digest_size=8).digest()) >> 12)


def find_recipient_id(connection: Connection, to: Recipient) -> int:
    """The number a recipient has, or would have; a forum that moved keeps its topics' numbers."""
    if to.channel or not to.thread_id:
        return recipient_id_of(to)
    known = select(recipient_table.c.id).where(
        recipient_table.c.telegram_id == to.chat_id, recipient_table.c.thread_id == to.thread_id
    )
    found = connection.scalar(known)
    return recipient_id_of(to) if found is None else found


def ensure_recipients(
    connection: Connection, recipients: Collection[Recipient], *, now: datetime
) -> dict[Recipient, int]:
    """The ids of recipients that files name; topics and channels get a row if they have none."""
    keys: dict[Recipient, int] = {}
    for to in sorted(set(recipients)):
        keys[to] = find_recipient_id(connection, to)
        if to.channel or to.thread_id:
            _insert(connection, keys[to], to, now=now)
    return keys


def get_recipient(connection: Connection, recipient_id: int) -> RecipientSettings:
    """What is known of a chat; the defaults for one that we do not know."""
    row = get_row(connection, recipient_table, recipient_id)
    return RecipientSettings(recipient_id, Recipient(recipient_id)) if row is None else _chat(row)


def recipients_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, RecipientSettings]:
    """The same for many at once; every number asked for has an answer."""
    wanted = set(ids)
    known = {
        row.id: _chat(row)
        for some in batches(wanted)
        for row in connection.execute(select(recipient_table).where(recipient_table.c.id.in_(some)))
    }
    return {
        recipient_id: known.get(recipient_id)
        or RecipientSettings(recipient_id, Recipient(recipient_id))
        for recipient_id in wanted
    }


def save_chat(
    connection: Connection,
    recipient_id: int,
    *,
    title: str,
    now: datetime,
    kind: RecipientKind = RecipientKind.PRIVATE,
    to: Recipient | None = None,
) -> None:
    """Keep a chat that speaks to the bot; one that was given up on is active again."""
    title = title[:_TITLE_LIMIT]
    _insert(
        connection, recipient_id, to or Recipient(recipient_id), now=now, title=title, kind=kind
    )
    # By what the row says when it is written: an operator may decide meanwhile.
    chat = recipient_table.c
    update_row(
        connection,
        recipient_table,
        recipient_id,
        title=title or chat.title,
        kind=case((chat.thread_id.is_(None), kind), else_=chat.kind),
        access=case((chat.access == Access.REVOKED, Access.NONE), else_=chat.access),
        active=chat.access != Access.DENIED,
    )


def is_known(connection: Connection, recipient_id: int) -> bool:
    """Whether anything is kept of a chat."""
    return get_row(connection, recipient_table, recipient_id) is not None


def language_of(connection: Connection, recipient_id: int) -> str:
    """The language a chat chose; Chinese for one we do not know."""
    return get_recipient(connection, recipient_id).language


def set_language(connection: Connection, recipient_id: int, language: str) -> None:
    """Keep the language of a remembered chat.

    Raises:
        ValueError: it is none of ``LANGUAGES``.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    update_row(connection, recipient_table, recipient_id, language=language)


def set_access(connection: Connection, recipient_id: int, access: Access) -> None:
    """Keep what operators decided about a remembered chat, its topics included.

    Requesting access does not activate the chat.
    """
    update_row(connection, recipient_table, recipient_id, access=access)
    if access == Access.PENDING:
        return
    connection.execute(
        update(recipient_table)
        .where(recipient_table.c.telegram_id == recipient_id)
        .values(active=access != Access.DENIED)
    )


def defer_until(
    connection: Connection, recipient_id: int, until: datetime, *, now: datetime
) -> None:
    """Send a chat nothing before ``until``: its service asked for patience.

    A chat that only a rule's file names is written down, so that this outlives a restart.
    """
    if recipient_id < OURS:
        _insert(connection, recipient_id, Recipient(recipient_id), now=now)
    chat = recipient_table.c
    connection.execute(
        update(recipient_table)
        .where(chat.id == recipient_id, or_(chat.defer_until.is_(None), chat.defer_until < until))
        .values(defer_until=until)
    )


def active_chats(connection: Connection) -> list[int]:
    """The Telegram chats and topics that get what is sent to all."""
    subscribed = select(subscription_table.c.recipient_id).where(
        subscription_table.c.recipient_id == recipient_table.c.id
    )
    query = select(recipient_table.c.id).where(
        recipient_table.c.active.is_(True), recipient_table.c.channel.is_(None), subscribed.exists()
    )
    return list(connection.scalars(query.order_by(recipient_table.c.id)))


def lock_chat(
    connection: Connection, recipient_id: int, *, now: datetime | None = None
) -> frozenset[int]:
    """Keep a chat and its topics from all others until the transaction ends.

    Whoever changes a chat and its alerts takes the chat first: two who began at either end would
    wait for each other. With ``now`` a chat that only a rule's file names is written down.

    Returns:
        The numbers of those that are active.
    """
    if now is not None:
        _insert(connection, recipient_id, Recipient(recipient_id), now=now)
    rows = connection.execute(
        select(recipient_table.c.id, recipient_table.c.active)
        .where(
            (recipient_table.c.id == recipient_id) | (recipient_table.c.telegram_id == recipient_id)
        )
        .order_by(recipient_table.c.id)
        .with_for_update()
    )
    return frozenset(key for key, active in rows if active)


def deactivate_chat(connection: Connection, recipient_id: int) -> list[int]:
    """Send a chat and its topics nothing more until it speaks to the bot again.

    Its choices are kept.

    Returns:
        The numbers of the chat and its topics.
    """
    lock_chat(connection, recipient_id)
    ended = connection.scalars(
        update(recipient_table)
        .where(
            (recipient_table.c.id == recipient_id) | (recipient_table.c.telegram_id == recipient_id)
        )
        .values(active=False)
        .returning(recipient_table.c.id)
    )
    return sorted({recipient_id, *ended})


def reactivate_chat(connection: Connection, recipient_id: int) -> None:
    """A chat took the bot in again: it and its topics hear again, unless it was refused."""
    connection.execute(
        update(recipient_table)
        .where(
            (recipient_table.c.id == recipient_id)
            | (recipient_table.c.telegram_id == recipient_id),
            recipient_table.c.access != Access.DENIED,
        )
        .values(active=True)
    )


def revoke_access(connection: Connection, *, keep: Collection[int], granted_too: bool) -> list[int]:
    """Send nothing more to Telegram chats that are none of ``keep``.

    Args:
        connection: a writing transaction.
        keep: Telegram's numbers of those that may stay, with their topics.
        granted_too: those that operators let in stay too.
    """
    granted = select(recipient_table.c.id).where(recipient_table.c.access == Access.GRANTED)
    stays = [recipient_table.c.telegram_id.in_(keep)]
    if granted_too:
        stays.append(recipient_table.c.telegram_id.in_(granted))
    unasked = case(
        (recipient_table.c.access == Access.NONE, Access.REVOKED), else_=recipient_table.c.access
    )
    shut = connection.scalars(
        update(recipient_table)
        .where(
            recipient_table.c.active.is_(True), recipient_table.c.channel.is_(None), ~or_(*stays)
        )
        .values(active=False, access=unasked)
        .returning(recipient_table.c.id)
    )
    return sorted(shut)


def restore_access(connection: Connection, keep: Collection[int] | None) -> list[int]:
    """Send again to chats that the settings had shut out and let in again; None: all of them."""
    mine = [recipient_table.c.access == Access.REVOKED]
    if keep is not None:
        mine.append(recipient_table.c.telegram_id.in_(keep))
    back = connection.scalars(
        update(recipient_table)
        .where(*mine)
        .values(active=True, access=Access.NONE)
        .returning(recipient_table.c.id)
    )
    return sorted(back)


def deactivate_recipient(connection: Connection, recipient_id: int) -> None:
    """Send one chat or topic nothing more until it speaks to the bot again."""
    update_row(connection, recipient_table, recipient_id, active=False)


def _insert(
    connection: Connection,
    recipient_id: int,
    to: Recipient,
    *,
    now: datetime,
    title: str = "",
    kind: RecipientKind = RecipientKind.PRIVATE,
) -> None:
    """A row unless there is one; of two processes that try at once one does."""
    if to.channel or to.thread_id:
        kind = RecipientKind.EXTERNAL if to.channel else RecipientKind.THREAD
    connection.execute(
        insert_into(connection, recipient_table)
        .values(
            id=recipient_id,
            title=title or to.channel,
            added_at=now,
            kind=kind,
            telegram_id=None if to.channel else to.chat_id,
            thread_id=to.thread_id or None,
            channel=to.channel or None,
        )
        .on_conflict_do_nothing()
    )


def _chat(row: Row[Any]) -> RecipientSettings:
    return RecipientSettings(
        id=row.id,
        to=Recipient(
            0 if row.channel else row.id if row.telegram_id is None else row.telegram_id,
            row.thread_id or 0,
            row.channel or "",
        ),
        title=row.title,
        kind=RecipientKind(row.kind),
        language=row.language if row.language in LANGUAGES else LANGUAGES[0],
        active=row.active,
        access=Access(row.access),
        digest=_parsed(parse_digest, row.digest),
        quiet=_parsed(parse_quiet, row.quiet_hours),
        timezone=row.timezone,
        muted_until=row.muted_until,
        defer_until=row.defer_until,
    )


def _parsed(parse: Callable[[str], _T | None], stored: str) -> _T | None:
    """A setting; one that was written by hand and cannot be parsed counts as ``off``."""
    try:
        return None if stored == _OFF else parse(stored)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """A channel of the settings; ``model/delivery_times.py`` reads digest and quiet hours."""

    name: str
    language: str = "zh"
    digest: str = "off"
    quiet: str = "off"
    timezone: str = DEFAULT_ZONE

    @property
    def to(self) -> Recipient:
        """Where its messages go."""
        return Recipient(0, 0, self.name)


def active_channels(connection: Connection) -> list[int]:
    """The ids of the channels beside Telegram that are in use."""
    found = select(recipient_table.c.id).where(
        recipient_table.c.channel.is_not(None), recipient_table.c.active
    )
    return list(connection.scalars(found.order_by(recipient_table.c.id)))


def sync_channels(
    connection: Connection, channels: Sequence[ChannelConfig], *, now: datetime
) -> None:
    """Write down the channels that there are; the others are sent nothing more.

    One that was given up on (its receiver answered *gone*) is active again: whoever starts the
    program with it means it.

    Args:
        connection: a writing transaction.
        channels: all that the settings name.
        now: when one that is new was added.
    """
    keys = ensure_recipients(connection, [channel.to for channel in channels], now=now)
    for channel in channels:
        update_row(
            connection,
            recipient_table,
            keys[channel.to],
            active=True,
            language=channel.language,
            digest=channel.digest,
            quiet_hours=channel.quiet,
            timezone=channel.timezone,
        )
    connection.execute(
        update(recipient_table)
        .where(
            recipient_table.c.channel.is_not(None),
            recipient_table.c.channel.not_in([channel.name for channel in channels]),
        )
        .values(active=False)
    )

"""Recipients: Telegram chats, forum topics and the channels of the settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s

from sqlalchemy import case, or_, select, update
from sqlalchemy.orm import Session

from monitor.model.alerts import Recipient
from monitor.model.schedule import DEFAULT_ZONE, Digest, Quiet, parse_digest, parse_quiet
from monitor.storage.base import batches, insert_into
from monitor.storage.tables import ChatRow, SubscriptionRow

LANGUAGES = ("zh", "en")
"""Languages a chat may choose; the first is the default."""

ASKED, GRANTED, REFUSED, SHUT = "asked", "granted", "refused", "shut"
"""What a chat's wish to use the bot came to; or the settings let it in no more."""

OURS = 1 << 52
"""Where our own numbers begin: Telegram's have 52 bits at most (Bot API, ``Chat.id``)."""

_TITLE_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Chat:
    """Somebody who is told, and what it chose.

    ``id`` is its key in every table; ``to`` is where messages go. ``access`` is the whole chat's,
    a topic has none of its own.
    """

    id: int
    to: Recipient
    title: str = ""
    kind: str = "private"
    language: str = LANGUAGES[0]
    active: bool = True
    access: str = ""
    digest: Digest | None = None
    quiet: Quiet | None = None
    timezone: str = DEFAULT_ZONE
    muted_until: datetime | None = None


def key_of(to: Recipient) -> int:
    """The number of a recipient in our tables: Telegram's own, or one made of its name."""
    if not to.channel and not to.thread_id:
        return to.chat_id
    name = f"way {to.channel}" if to.channel else f"thread {to.chat_id} {to.thread_id}"
    return OURS + (int.from_bytes(blake2s(name.encode(), digest_size=8).digest()) >> 12)


def find_key(session: Session, to: Recipient) -> int:
    """The number a recipient has, or would have; a forum that moved keeps its topics' numbers."""
    if to.channel or not to.thread_id:
        return key_of(to)
    known = select(ChatRow.id).where(
        ChatRow.telegram_id == to.chat_id, ChatRow.thread_id == to.thread_id
    )
    found = session.scalar(known)
    return key_of(to) if found is None else found


def ensure_recipients(
    session: Session, recipients: Collection[Recipient], *, now: datetime
) -> dict[Recipient, int]:
    """The ids of recipients that files name; topics and channels get a row if they have none."""
    keys: dict[Recipient, int] = {}
    for to in sorted(set(recipients)):
        keys[to] = find_key(session, to)
        if to.channel or to.thread_id:
            _insert(session, keys[to], to, now=now)
    return keys


def get_chat(session: Session, chat_id: int) -> Chat:
    """What is known of a chat; the defaults for one that we do not know."""
    row = session.get(ChatRow, chat_id)
    return Chat(chat_id, Recipient(chat_id)) if row is None else _chat(row)


def chats_by_id(session: Session, ids: Iterable[int]) -> dict[int, Chat]:
    """The same for many at once; every number asked for has an answer."""
    wanted = set(ids)
    known = {
        row.id: _chat(row)
        for some in batches(wanted)
        for row in session.scalars(select(ChatRow).where(ChatRow.id.in_(some)))
    }
    return {chat_id: known.get(chat_id) or Chat(chat_id, Recipient(chat_id)) for chat_id in wanted}


def remember_chat(
    session: Session,
    chat_id: int,
    *,
    title: str,
    now: datetime,
    kind: str = "private",
    to: Recipient | None = None,
) -> None:
    """Keep a chat that speaks to the bot; one that was given up on is active again."""
    title = title[:_TITLE_LIMIT]
    _insert(session, chat_id, to or Recipient(chat_id), now=now, title=title, kind=kind)
    row = session.get_one(ChatRow, chat_id)
    row.title = title or row.title
    row.kind = kind if row.thread_id is None else row.kind
    row.access = "" if row.access == SHUT else row.access
    row.active = row.access != REFUSED


def is_known(session: Session, chat_id: int) -> bool:
    """Whether anything is kept of a chat."""
    return session.get(ChatRow, chat_id) is not None


def language_of(session: Session, chat_id: int) -> str:
    """The language a chat chose; Chinese for one we do not know."""
    return get_chat(session, chat_id).language


def set_language(session: Session, chat_id: int, language: str) -> None:
    """Keep the language of a remembered chat.

    Raises:
        ValueError: it is none of ``LANGUAGES``.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    session.get_one(ChatRow, chat_id).language = language


def set_access(session: Session, chat_id: int, access: str) -> None:
    """Keep what operators decided about a remembered chat, its topics included.

    A wish decides nothing: who was sent nothing before is sent nothing for it.
    """
    session.get_one(ChatRow, chat_id).access = access
    if access == ASKED:
        return
    session.execute(
        update(ChatRow)
        .where(ChatRow.telegram_id == chat_id)
        .values(active=access != REFUSED)
        .execution_options(synchronize_session="fetch")
    )


def defer_until(session: Session, chat_id: int, until: datetime, *, now: datetime) -> None:
    """Send a chat nothing before ``until``: its service asked for patience.

    A chat that only a rule's file names is written down, so that this outlives a restart.
    """
    if chat_id < OURS:
        _insert(session, chat_id, Recipient(chat_id), now=now)
    row = session.get(ChatRow, chat_id)
    if row is not None and (row.held_until is None or row.held_until < until):
        row.held_until = until


def active_chats(session: Session) -> list[int]:
    """Telegram chats and topics that are told of something, for what goes to all of them."""
    subscribed = select(SubscriptionRow.chat_id).where(SubscriptionRow.chat_id == ChatRow.id)
    query = select(ChatRow.id).where(
        ChatRow.active.is_(True), ChatRow.way.is_(None), subscribed.exists()
    )
    return list(session.scalars(query.order_by(ChatRow.id)))


def lock_chat(session: Session, chat_id: int, *, now: datetime | None = None) -> frozenset[int]:
    """Keep a chat and its topics from all others until the transaction ends.

    Whoever changes a chat and its alerts takes the chat first: two who began at either end would
    wait for each other. With ``now`` a chat that only a rule's file names is written down.

    Returns:
        The numbers of those that are active.
    """
    if now is not None:
        _insert(session, chat_id, Recipient(chat_id), now=now)
    rows = session.execute(
        select(ChatRow.id, ChatRow.active)
        .where((ChatRow.id == chat_id) | (ChatRow.telegram_id == chat_id))
        .order_by(ChatRow.id)
        .with_for_update()
    )
    return frozenset(key for key, active in rows if active)


def deactivate_chat(session: Session, chat_id: int) -> list[int]:
    """Send a chat and its topics nothing more until it speaks to the bot again.

    Its choices are kept.

    Returns:
        The numbers of the chat and its topics.
    """
    lock_chat(session, chat_id)
    ended = session.scalars(
        update(ChatRow)
        .where((ChatRow.id == chat_id) | (ChatRow.telegram_id == chat_id))
        .values(active=False)
        .returning(ChatRow.id)
        .execution_options(synchronize_session="fetch")
    )
    return sorted({chat_id, *ended})


def reactivate_chat(session: Session, chat_id: int) -> None:
    """A chat took the bot in again: it and its topics hear again, unless it was refused."""
    session.execute(
        update(ChatRow)
        .where(
            (ChatRow.id == chat_id) | (ChatRow.telegram_id == chat_id), ChatRow.access != REFUSED
        )
        .values(active=True)
        .execution_options(synchronize_session="fetch")
    )


def shut_out(session: Session, *, keep: Collection[int], granted_too: bool) -> list[int]:
    """Send nothing more to Telegram chats that are none of ``keep``.

    Args:
        session: a writing transaction.
        keep: Telegram's numbers of those that may stay, with their topics.
        granted_too: those that operators let in stay too.
    """
    granted = select(ChatRow.id).where(ChatRow.access == GRANTED)
    stays = [ChatRow.telegram_id.in_(keep)]
    if granted_too:
        stays.append(ChatRow.telegram_id.in_(granted))
    unasked = case((ChatRow.access == "", SHUT), else_=ChatRow.access)
    shut = session.scalars(
        update(ChatRow)
        .where(ChatRow.active.is_(True), ChatRow.way.is_(None), ~or_(*stays))
        .values(active=False, access=unasked)
        .returning(ChatRow.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(shut)


def let_back(session: Session, keep: Collection[int] | None) -> list[int]:
    """Send again to chats that the settings had shut out and let in again; None: all of them."""
    mine = [ChatRow.access == SHUT]
    if keep is not None:
        mine.append(ChatRow.telegram_id.in_(keep))
    back = session.scalars(
        update(ChatRow)
        .where(*mine)
        .values(active=True, access="")
        .returning(ChatRow.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(back)


def silence_chat(session: Session, chat_id: int) -> None:
    """Send one chat or topic nothing more until it speaks to the bot again."""
    session.get_one(ChatRow, chat_id).active = False


def _insert(
    session: Session,
    chat_id: int,
    to: Recipient,
    *,
    now: datetime,
    title: str = "",
    kind: str = "private",
) -> None:
    """A row unless there is one; of two processes that try at once one does."""
    if to.channel or to.thread_id:
        kind = "way" if to.channel else "thread"
    session.execute(
        insert_into(session, ChatRow)
        .values(
            id=chat_id,
            title=title or to.channel,
            added_at=now,
            kind=kind,
            telegram_id=None if to.channel else to.chat_id,
            thread_id=to.thread_id or None,
            way=to.channel or None,
        )
        .on_conflict_do_nothing()
    )


def _chat(row: ChatRow) -> Chat:
    return Chat(
        id=row.id,
        to=Recipient(
            0 if row.way else row.id if row.telegram_id is None else row.telegram_id,
            row.thread_id or 0,
            row.way or "",
        ),
        title=row.title,
        kind=row.kind,
        language=row.language if row.language in LANGUAGES else LANGUAGES[0],
        active=row.active,
        access=row.access,
        digest=_digest(row.digest),
        quiet=_quiet(row.quiet),
        timezone=row.timezone,
        muted_until=row.muted_until,
    )


def _digest(kept: str) -> Digest | None:
    """What stands in the table may have been written by hand: nonsense is no digest."""
    try:
        return parse_digest(kept)
    except ValueError:
        return None


def _quiet(kept: str) -> Quiet | None:
    try:
        return parse_quiet(kept)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """What the settings say of a channel; digest and quiet hours as ``model/schedule.py`` reads."""

    name: str
    language: str = "zh"
    digest: str = "off"
    quiet: str = "off"
    timezone: str = DEFAULT_ZONE

    @property
    def to(self) -> Recipient:
        """Where its messages go."""
        return Recipient(0, 0, self.name)


def sync_channels(session: Session, channels: Sequence[ChannelConfig], *, now: datetime) -> None:
    """Write down the channels that there are; the others are sent nothing more.

    One that was given up on (its receiver answered *gone*) is active again: whoever starts the
    program with it means it.

    Args:
        session: a writing transaction.
        channels: all that the settings name.
        now: when one that is new was added.
    """
    keys = ensure_recipients(session, [channel.to for channel in channels], now=now)
    for channel in channels:
        row = session.get_one(ChatRow, keys[channel.to])
        row.active = True
        row.language = channel.language
        row.digest, row.quiet, row.timezone = channel.digest, channel.quiet, channel.timezone
    session.flush()
    session.execute(
        update(ChatRow)
        .where(ChatRow.way.is_not(None), ChatRow.way.not_in([channel.name for channel in channels]))
        .values(active=False)
        .execution_options(synchronize_session="fetch")
    )

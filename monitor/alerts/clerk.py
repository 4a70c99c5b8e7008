"""What delivery reads from the database and writes into it: one transaction for each thing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.storage import chats, due, moves, notices, outbox, readdress
from monitor.storage.database import Database
from monitor.storage.digests import bundle_due
from monitor.storage.parcel import OutboxAlert


@dataclass(frozen=True, slots=True)
class Clerk:
    """Writes down what became of alerts; every call may block and belongs into a thread."""

    database: Database
    now: Callable[[], datetime]
    operators: tuple[int, ...]
    lease_for: timedelta
    bot: bool | None = None

    def lease(
        self,
        holder: str,
        limit: int,
        per_chat: int,
        busy: Collection[int],
        closed: Collection[str],
    ) -> list[OutboxAlert]:
        """Make the digests whose time has come, and take what is due."""
        now = self.now()
        with self.database.write() as session:
            bundle_due(session, now=now)
            return outbox.lease(
                session,
                now=now,
                lease_for=self.lease_for,
                limit=limit,
                holder=holder,
                per_chat=per_chat,
                busy=busy,
                closed=closed,
                bot=self.bot,
            )

    def next_due(self) -> datetime | None:
        """When there may be something to do."""
        with self.database.read() as session:
            return due.next_due(session, bot=self.bot)

    def begin(self, alert: OutboxAlert, holder: str) -> bool:
        """Note that a message is about to go; False when the alert is not ours any more."""
        with self.database.write() as session:
            return outbox.mark_begun(
                session, alert.id, holder=holder, now=self.now(), lease_for=self.lease_for
            )

    def sent(self, alert: OutboxAlert, message_id: int) -> None:
        """Note that it was taken."""
        with self.database.write() as session:
            outbox.mark_sent(session, alert.id, now=self.now(), message_id=message_id)

    def put_back(
        self,
        alert: OutboxAlert,
        holder: str,
        when: datetime,
        reason: str,
        *,
        counted: bool,
        doubtful: bool,
    ) -> None:
        """Let it wait for another try."""
        with self.database.write() as session:
            outbox.mark_retry(
                session,
                alert.id,
                not_before=when,
                error=reason,
                counted=counted,
                holder=holder,
                doubtful=doubtful,
            )

    def hold(
        self, alert: OutboxAlert, holder: str, until: datetime, reason: str, doubtful: bool
    ) -> None:
        """The service asked for patience: neither this nor anything else goes there before."""
        with self.database.write() as session:
            chats.hold_chat(session, alert.chat_id, until, now=self.now())
            outbox.mark_retry(
                session,
                alert.id,
                not_before=until,
                error=reason,
                counted=False,
                holder=holder,
                doubtful=doubtful,
            )

    def give_up(self, alert: OutboxAlert, holder: str, reason: str) -> None:
        """It was refused too often."""
        with self.database.write() as session:
            outbox.mark_dead(session, alert.id, error=reason, holder=holder)

    def end_chat(self, alert: OutboxAlert, holder: str, reason: str) -> int:
        """The chat takes nothing any more: end its subscriptions, and tell the operators.

        Returns:
            How many alerts were given up with it.
        """
        now = self.now()
        with self.database.write() as session:
            whole = alert.chat_id if alert.to.way else alert.to.chat_id
            # Of two who find the chat gone at once, the other waits here and finds it ended.
            active = chats.lock_chat(session, whole, now=None if alert.to.way else now)
            outbox.mark_dead(session, alert.id, error=reason, holder=holder)
            there = chats.get_chat(session, alert.chat_id)
            ended = chats.deactivate_chat(session, whole)
            given_up = sum(
                readdress.withdraw_alerts(session, chat_id, reason=reason) for chat_id in ended
            )
            others = [chat for chat in self.operators if chat not in ended]
            notices.notify(
                session,
                notices.CHAT_GONE,
                f"{there.title or alert.to.way or alert.to.chat_id}: {reason}",
                others if active else (),
                now=now,
                about=alert.to.chat_id or None,
            )
        return 1 + given_up

    def move(self, alert: OutboxAlert, holder: str, chat_id: int) -> None:
        """The chat goes on elsewhere: its choices and what waits for it go with it."""
        now = self.now()
        with self.database.write() as session:
            chats.lock_chat(session, alert.to.chat_id)
            outbox.mark_retry(
                session,
                alert.id,
                not_before=now,
                error=f"moved to {chat_id}",
                counted=False,
                holder=holder,
            )
            # A forum that moved takes its topics along, whose numbers stay; a topic that is no
            # more goes alone.
            forum_moved = chat_id != alert.to.chat_id
            old_id = alert.to.chat_id if forum_moved else alert.chat_id
            moves.move_chat(session, old_id, chat_id, now=now)
            readdress.move_alerts(session, old_id, chat_id)

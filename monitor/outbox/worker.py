"""The delivery loop: takes alerts from the outbox, sends them, and writes down how it went.

One task a chat sends that chat's alerts in order; a slow one keeps none of the others waiting.
Database work runs in worker threads. An alert that is refused is tried again, later and later,
and given up after half a day of that; while its way is merely closed, nothing is given up.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from monitor.channels.base import Sender
from monitor.errors import ChatGone, ChatMoved, DeliveryError, RetryLater
from monitor.messages.alert_message import render_alert
from monitor.messages.richtext import Message
from monitor.model.alerts import NoticeKind, OutboxAlert
from monitor.outbox import chat_migration, notices, queue
from monitor.outbox.digest import bundle_due
from monitor.retry import Backoff
from monitor.storage import recipients
from monitor.storage.engine import Database


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
            return queue.lease(
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
            return queue.next_due(session, bot=self.bot)

    def begin(self, alert: OutboxAlert, holder: str) -> bool:
        """Note that a message is about to go; False when the alert is not ours any more."""
        with self.database.write() as session:
            return queue.mark_begun(
                session, alert.id, holder=holder, now=self.now(), lease_for=self.lease_for
            )

    def sent(self, alert: OutboxAlert, message_id: int) -> None:
        """Note that it was taken."""
        with self.database.write() as session:
            queue.mark_sent(session, alert.id, now=self.now(), message_id=message_id)

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
            queue.mark_retry(
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
            recipients.hold_chat(session, alert.chat_id, until, now=self.now())
            queue.mark_retry(
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
            queue.mark_dead(session, alert.id, error=reason, holder=holder)

    def end_chat(self, alert: OutboxAlert, holder: str, reason: str) -> int:
        """The chat takes nothing any more: end its subscriptions, and tell the operators.

        Returns:
            How many alerts were given up with it.
        """
        now = self.now()
        with self.database.write() as session:
            whole = alert.chat_id if alert.to.way else alert.to.chat_id
            # Of two who find the chat gone at once, the other waits here and finds it ended.
            active = recipients.lock_chat(session, whole, now=None if alert.to.way else now)
            queue.mark_dead(session, alert.id, error=reason, holder=holder)
            there = recipients.get_chat(session, alert.chat_id)
            ended = recipients.deactivate_chat(session, whole)
            given_up = sum(
                chat_migration.withdraw_alerts(session, chat_id, reason=reason) for chat_id in ended
            )
            others = [chat for chat in self.operators if chat not in ended]
            notices.notify(
                session,
                NoticeKind.CHAT_GONE,
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
            recipients.lock_chat(session, alert.to.chat_id)
            queue.mark_retry(
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
            chat_migration.move_chat(session, old_id, chat_id, now=now)
            chat_migration.move_alerts(session, old_id, chat_id)


log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12
LEASE = timedelta(minutes=5)
"""How long an alert is a sender's before another may take it."""

ON_THE_WAY = 8
"""Messages that are with a service at a time: as many may come twice after a crash."""

_CHATS = 64
_PER_CHAT = 5
DELIVERY_BACKOFF = Backoff(initial=10.0, maximum=24 * 3600.0, jitter=(0.5, 1.0))
_CLOSED_AFTER = 3
_LONGEST_SLEEP = 60.0
_LOOK_AGAIN = 1.0
_NOTE_PAUSES = (1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True)
class DeliveryReport:
    """How many alerts went which way."""

    sent: int = 0
    retried: int = 0
    dead: int = 0


@dataclass(slots=True)
class _Gate:
    """A way out as the last messages found it: several chats refused in a row close it.

    ``trying`` says that it was closed, and nothing was taken since.
    """

    refused: set[int] = field(default_factory=set)
    trying: bool = False
    until: datetime | None = None
    on_the_way: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ON_THE_WAY))


@dataclass(slots=True)
class Courier:
    """Carries what is due to the chats, until nothing is or it is told to stop.

    Args:
        database: holds the outbox.
        sender: the way to the chats.
        now: the clock of leases and retries.
        operators: chats that are told when a chat is gone.
        bot: whether there is one; see ``lease`` of the outbox.
        compose: makes the message of an alert.
        chance: for the jitter of retries, in [0, 1).
        sleep: waits some seconds, for a database that fails or for what is due later.
    """

    database: Database
    sender: Sender
    now: Callable[[], datetime]
    operators: tuple[int, ...] = ()
    bot: bool | None = None
    compose: Callable[[OutboxAlert], Message] = render_alert
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    report: DeliveryReport = field(default_factory=DeliveryReport)
    _gates: defaultdict[str, _Gate] = field(default_factory=lambda: defaultdict(_Gate))
    _chats: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def clerk(self) -> Clerk:
        """Who writes down what happens."""
        return Clerk(self.database, self.now, self.operators, LEASE, self.bot)

    async def deliver(self) -> bool:
        """Begin what is due and wait for a chat to be done, or a moment.

        A service may take its time with one chat: what comes meanwhile for others is looked for.

        Returns:
            False when nothing was to be done.
        """
        room = _CHATS - len(self._chats)
        if not self.stop.is_set() and 2 * room >= _CHATS:
            await self._begin(room)
        if not self._chats:
            return False
        await asyncio.wait(
            self._chats.values(), timeout=_LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
        )
        for chat_id in [key for key, task in self._chats.items() if task.done()]:
            self._chats.pop(chat_id).result()
        return True

    async def finish(self) -> None:
        """Wait for what is under way; the rest of it is given back."""
        self.stop.set()
        while await self.deliver():
            pass

    async def next_due(self) -> datetime | None:
        """When there may be something to do again."""
        due = await asyncio.to_thread(self.clerk.next_due)
        closed = [gate.until for gate in self._gates.values() if gate.until is not None]
        if due is not None and due <= self.now() and closed:
            # What is due by now waits behind a closed gate: all else was tried.
            return min(closed)
        return due

    async def _begin(self, room: int) -> None:
        holder = uuid4().hex
        now = self.now()
        for gate in self._gates.values():
            if gate.until is not None and gate.until <= now:
                # One is let through to try; a single refusal closes it again.
                gate.until, gate.trying = None, True
                gate.refused.clear()
        closed = [way for way, gate in self._gates.items() if gate.until is not None]
        alerts = await asyncio.to_thread(
            self.clerk.lease, holder, room * _PER_CHAT, _PER_CHAT, tuple(self._chats), closed
        )
        waiting: defaultdict[int, list[OutboxAlert]] = defaultdict(list)
        for alert in alerts:
            waiting[alert.chat_id].append(alert)
        for chat_id, mine in waiting.items():
            self._chats[chat_id] = asyncio.create_task(self._carry(mine, holder))

    async def _carry(self, alerts: list[OutboxAlert], holder: str) -> None:
        """One chat's alerts in order; after a refusal the rest waits with the refused one."""
        gate = self._gates[alerts[0].to.way]
        held: float | None = None
        try:
            for alert in alerts:
                if held is None and self._may_go(gate):
                    await self.sender.ready(alert.to)
                    async with gate.on_the_way:
                        if self._may_go(gate):
                            # What a kill leaves in doubt is what lies between the note that it
                            # begins and the note that it was taken.
                            if await asyncio.to_thread(self.clerk.begin, alert, holder):
                                held = await self._send(alert, holder, gate)
                            continue
                wait = held
                if wait is None:
                    until = gate.until
                    wait = 0.0 if until is None else (until - self.now()).total_seconds()
                await self._put_back(alert, holder, max(wait, 0.0), "waits for others")
        except Exception:
            # The database failed us. These alerts stay leased, and are taken up again when the
            # lease has run out.
            log.exception("delivery.failed", extra={"chat": alerts[0].chat_id})

    def _may_go(self, gate: _Gate) -> bool:
        return not self.stop.is_set() and gate.until is None

    async def _send(self, alert: OutboxAlert, holder: str, gate: _Gate) -> float | None:
        """Send one alert; the seconds its chat must wait, or None when it may go on."""
        if alert.maybe_sent:
            log.warning("alert.maybe_sent", extra={"alert": alert.id, "chat": alert.chat_id})
        handed_over = False
        try:
            message = self.compose(alert)
            handed_over = True
            message_id = await self.sender.send(alert.to, message)
        except RetryLater as error:
            return await self._wait(alert, holder, gate, error)
        except ChatMoved as error:
            await asyncio.to_thread(self.clerk.move, alert, holder, error.chat_id)
            log.info("chat.moved", extra={"chat": alert.chat_id, "to": error.chat_id})
            self.report.retried += 1
            return 0.0
        except ChatGone as error:
            ended = await asyncio.to_thread(self.clerk.end_chat, alert, holder, str(error))
            log.warning("chat.gone", extra={"chat": alert.chat_id, "reason": str(error)})
            self.report.dead += ended
            return 0.0
        except Exception as error:
            # A refusal; or a fault of ours, which must not hold up the other chats.
            fault = not isinstance(error, DeliveryError)
            if fault:
                log.exception("alert.failed", extra={"alert": alert.id})
            # A fault while it was handed over may be one of reading the answer.
            doubtful = fault and handed_over
            await self._refused(alert, holder, _reason(error), doubtful=doubtful)
            return None
        gate.refused.clear()
        gate.trying, gate.until = False, None
        self.report.sent += 1
        await self._remember_sent(alert, message_id)
        log.info(
            "alert.sent", extra={"alert": alert.id, "chat": alert.chat_id, "message_id": message_id}
        )
        return None

    async def _wait(self, alert: OutboxAlert, holder: str, gate: _Gate, error: RetryLater) -> float:
        gate.refused.add(alert.chat_id)
        until = self.now() + timedelta(seconds=error.seconds)
        if gate.trying or len(gate.refused) >= _CLOSED_AFTER:
            # Several chats in a row were asked for patience: it is the way, not the chats.
            gate.until = until if gate.until is None else max(gate.until, until)
        await asyncio.to_thread(self.clerk.hold, alert, holder, until, str(error), error.doubtful)
        self.report.retried += 1
        _log_retry(alert, str(error), until)
        return error.seconds

    async def _refused(
        self, alert: OutboxAlert, holder: str, reason: str, *, doubtful: bool
    ) -> None:
        if alert.attempts >= MAX_ATTEMPTS:
            await asyncio.to_thread(self.clerk.give_up, alert, holder, reason)
            log.warning("alert.dead", extra={"alert": alert.id, "reason": reason})
            self.report.dead += 1
        else:
            wait = DELIVERY_BACKOFF.delay(alert.attempts, self.chance())
            await self._put_back(alert, holder, wait, reason, counted=True, doubtful=doubtful)

    async def _put_back(
        self,
        alert: OutboxAlert,
        holder: str,
        wait: float,
        reason: str,
        *,
        counted: bool = False,
        doubtful: bool = False,
    ) -> None:
        self.report.retried += 1
        when = self.now() + timedelta(seconds=wait)

        def put_back() -> None:
            self.clerk.put_back(alert, holder, when, reason, counted=counted, doubtful=doubtful)

        await asyncio.to_thread(put_back)
        _log_retry(alert, reason, when)

    async def _remember_sent(self, alert: OutboxAlert, message_id: int) -> None:
        """Note what Telegram took, stubbornly: forgotten, it would be sent a second time."""
        for pause in _NOTE_PAUSES:
            try:
                await asyncio.to_thread(self.clerk.sent, alert, message_id)
            except Exception:
                # Whatever the database's driver calls its troubles: none unsends a message.
                log.warning("alert.unnoted", extra={"alert": alert.id}, exc_info=True)
                await self.sleep(pause)
            else:
                return
        await asyncio.to_thread(self.clerk.sent, alert, message_id)


async def deliver_due(courier: Courier) -> DeliveryReport:
    """Send everything that is due; what is refused waits for another time."""
    while await courier.deliver():
        pass
    return courier.report


async def delivery_loop(courier: Courier, *, wake: asyncio.Event) -> None:
    """Deliver until the courier is stopped: at once when ``wake`` is set, else when due."""
    while not courier.stop.is_set():
        wake.clear()
        pause = _LONGEST_SLEEP
        courier.report = DeliveryReport()
        try:
            await deliver_due(courier)
            due = await courier.next_due()
        except Exception:
            # The loop outlives a locked database or a fault of ours: alerts wait in the outbox.
            log.exception("delivery.failed")
        else:
            done = courier.report
            if done.sent or done.retried or done.dead:
                log.info(
                    "delivery.done",
                    extra={"sent": done.sent, "retried": done.retried, "dead": done.dead},
                )
            if due is not None:
                pause = min(max((due - courier.now()).total_seconds(), 1.0), _LONGEST_SLEEP)
        await _first_of(wake.wait(), courier.stop.wait(), courier.sleep(pause))
    await courier.finish()


async def _first_of(*things: Awaitable[object]) -> None:
    waiters = [asyncio.ensure_future(thing) for thing in things]
    try:
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)


def _log_retry(alert: OutboxAlert, reason: str, until: datetime) -> None:
    log.info("alert.retry", extra={"alert": alert.id, "reason": reason, "until": until.isoformat()})


def _reason(error: Exception) -> str:
    said = str(error)
    return said if isinstance(error, DeliveryError) else f"{type(error).__name__}: {said}"

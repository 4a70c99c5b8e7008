"""The outbox worker: leases due alerts, sends them, and stores the outcome.

One task a chat sends that chat's alerts in order, so that a slow chat does not delay others.
Database calls run in worker threads. A refused alert is retried with exponential backoff and is
dead after ``MAX_ATTEMPTS``; waiting for an open circuit breaker costs no attempt.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from monitor.channels.base import Channel
from monitor.errors import ChatGone, ChatMoved, DeliveryError, RetryLater
from monitor.model.alerts import NoticeKind, OutboxAlert, WaitReason
from monitor.outbox import chats, queue
from monitor.outbox.digest import make_digests
from monitor.outbox.future_times import LEASE, MAX_RETRY_WAIT, forget_future_times
from monitor.retry import CLOCK_SKEW, Backoff
from monitor.storage import recipients
from monitor.storage.base import storable
from monitor.storage.engine import Database

if TYPE_CHECKING:
    # Messages are loaded by what composes them.
    from monitor.messages.richtext import Message

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12
MAX_IN_FLIGHT = 8
"""Messages of a channel that are being sent at a time: as many may be sent twice after a crash."""

DELIVERY_BACKOFF = Backoff(initial=10.0, maximum=MAX_RETRY_WAIT.total_seconds(), jitter=(0.5, 1.0))

_MAX_CHATS = 64
_ALERTS_PER_CHAT = 5
_BREAKER_THRESHOLD = 3
_MAX_SLEEP = 60.0
_POLL_INTERVAL = 1.0
_CORRECTION = timedelta(minutes=1)
_MARK_SENT_PAUSES = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class WorkerQueries:
    """The transactions of a worker. Every call blocks; call it in a thread."""

    database: Database
    now: Callable[[], datetime]
    operators: tuple[int, ...]
    bot: bool | None = None

    def lease(
        self,
        leased_by: str,
        limit: int,
        per_chat: int,
        busy: Collection[int],
        stopped: Collection[str],
    ) -> list[OutboxAlert]:
        """Make the digests that are due, and lease due alerts; see ``queue.lease``."""
        now = self.now()
        with self.database.write() as connection:
            make_digests(connection, now=now)
            return queue.lease(
                connection,
                now=now,
                lease_for=LEASE,
                limit=limit,
                leased_by=leased_by,
                per_chat=per_chat,
                busy=busy,
                stopped=stopped,
                bot=self.bot,
            )

    def forget_future_times(self) -> None:
        """Make due what a wrong clock put off; see ``future_times``."""
        with self.database.write() as connection:
            forget_future_times(connection, now=self.now())

    def next_due(self) -> datetime | None:
        """When an alert may be due; None if none waits."""
        with self.database.read() as connection:
            return queue.next_due(connection, now=self.now(), bot=self.bot)

    def mark_in_flight(self, alert: OutboxAlert, leased_by: str) -> bool:
        """Store that a message is about to be sent; False if the lease is lost."""
        with self.database.write() as connection:
            return queue.mark_in_flight(
                connection, alert.id, leased_by=leased_by, now=self.now(), lease_for=LEASE
            )

    def mark_sent(self, alert: OutboxAlert, message_id: int, text: str) -> None:
        """Store that the service took the message, and its text."""
        with self.database.write() as connection:
            queue.mark_sent(
                connection, alert.id, now=self.now(), message_id=message_id, text=storable(text)
            )

    def mark_retry(
        self,
        alert: OutboxAlert,
        leased_by: str,
        not_before: datetime,
        error: str,
        *,
        waiting_for: WaitReason,
        counted: bool,
        possibly_delivered: bool,
    ) -> None:
        """Return an alert to the queue; see ``queue.mark_retry``."""
        with self.database.write() as connection:
            queue.mark_retry(
                connection,
                alert.id,
                not_before=not_before,
                error=error,
                waiting_for=waiting_for,
                counted=counted,
                leased_by=leased_by,
                possibly_delivered=possibly_delivered,
            )

    def defer_until(
        self,
        alert: OutboxAlert,
        leased_by: str,
        until: datetime,
        error: str,
        *,
        possibly_delivered: bool,
    ) -> None:
        """Send the chat nothing before ``until``: its service asks to wait."""
        with self.database.write() as connection:
            recipients.defer_until(connection, alert.recipient_id, until, now=self.now())
            queue.mark_retry(
                connection,
                alert.id,
                not_before=until,
                error=error,
                waiting_for=WaitReason.RATE_LIMIT,
                counted=False,
                leased_by=leased_by,
                possibly_delivered=possibly_delivered,
            )

    def mark_dead(self, alert: OutboxAlert, leased_by: str, error: str) -> None:
        """Give an alert up."""
        with self.database.write() as connection:
            queue.mark_dead(connection, alert.id, error=error, leased_by=leased_by)

    def end_chat(self, alert: OutboxAlert, leased_by: str, reason: str) -> int:
        """Deactivate a chat that accepts nothing any more, and notify the operators.

        Returns:
            How many of its alerts were given up.
        """
        now = self.now()
        with self.database.write() as connection:
            whole = alert.recipient_id if alert.to.channel else alert.to.chat_id
            # Two workers may find the chat gone at once: the second waits here for the first.
            active = recipients.lock_chat(connection, whole, now=None if alert.to.channel else now)
            queue.mark_dead(connection, alert.id, error=reason, leased_by=leased_by)
            chat = recipients.get_recipient(connection, alert.recipient_id)
            ended = recipients.deactivate_chat(connection, whole)
            given_up = sum(
                chats.withdraw_alerts(connection, recipient_id, reason=reason)
                for recipient_id in ended
            )
            others = [operator for operator in self.operators if operator not in ended]
            queue.enqueue_notice(
                connection,
                NoticeKind.CHAT_GONE,
                f"{chat.title or alert.to.channel or alert.to.chat_id}: {reason}",
                others if active else (),
                now=now,
                about=alert.to.chat_id or None,
            )
        return 1 + given_up

    def move_chat(self, alert: OutboxAlert, leased_by: str, recipient_id: int) -> None:
        """Move a chat's settings and waiting alerts to its new id."""
        now = self.now()
        with self.database.write() as connection:
            recipients.lock_chat(connection, alert.to.chat_id)
            queue.mark_retry(
                connection,
                alert.id,
                not_before=now,
                error=f"moved to {recipient_id}",
                waiting_for=WaitReason.RETRY,
                counted=False,
                leased_by=leased_by,
            )
            # A forum that moved keeps its topics and their ids; a topic that was closed moves
            # alone, to the forum.
            forum_moved = recipient_id != alert.to.chat_id
            old_id = alert.to.chat_id if forum_moved else alert.recipient_id
            chats.move_chat(connection, old_id, recipient_id, now=now)
            chats.move_alerts(connection, old_id, recipient_id)


@dataclass(slots=True)
class DeliveryReport:
    """How many alerts had which outcome."""

    sent: int = 0
    retried: int = 0
    dead: int = 0


@dataclass(slots=True)
class CircuitBreaker:
    """Stops a channel for a while after its service asked several chats in a row to wait.

    ``chats`` asked to wait since the last success. ``open_until`` is None while the channel is
    in use. ``half_open`` is set from the end of a stop until the next success: a single refusal
    then opens the breaker again.
    """

    chats: set[int] = field(default_factory=set)
    half_open: bool = False
    open_until: datetime | None = None
    in_flight: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_IN_FLIGHT))

    def tick(self, now: datetime) -> None:
        """Let a message try again if the stop is over, or ends when no service asked for it."""
        latest = now + MAX_RETRY_WAIT + CLOCK_SKEW
        if self.open_until is not None and not now < self.open_until <= latest:
            self.open_until, self.half_open = None, True
            self.chats.clear()

    def succeeded(self) -> None:
        """Close the breaker: the service took a message."""
        self.chats.clear()
        self.half_open, self.open_until = False, None

    def asked_to_wait(self, recipient_id: int, until: datetime) -> None:
        """Count a chat whose service asked to wait, and open the breaker if it is one too many."""
        self.chats.add(recipient_id)
        if self.half_open or len(self.chats) >= _BREAKER_THRESHOLD:
            self.open_until = until if self.open_until is None else max(self.open_until, until)


def _render(alert: OutboxAlert) -> Message:
    # Its texts are loaded for the first alert.
    from monitor.messages.alert_message import render_alert

    return render_alert(alert)


@dataclass(slots=True)
class OutboxWorker:
    """Delivers due alerts until none is due, or until ``stop`` is set.

    Args:
        database: holds the outbox.
        channel: sends the messages.
        now: the clock of leases and retries.
        operators: chats that are notified when a chat is gone.
        bot: whether there is a bot; see ``queue.lease``.
        compose: renders the message of an alert.
        chance: jitter of retries, in [0, 1).
        sleep: waits some seconds.
        beat: called after each look for due alerts; shows that the worker is alive.
    """

    database: Database
    channel: Channel
    now: Callable[[], datetime]
    operators: tuple[int, ...] = ()
    bot: bool | None = None
    compose: Callable[[OutboxAlert], Message] = _render
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    beat: Callable[[], Awaitable[None]] | None = None
    report: DeliveryReport = field(default_factory=DeliveryReport)
    _breakers: defaultdict[str, CircuitBreaker] = field(
        default_factory=lambda: defaultdict(CircuitBreaker)
    )
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _corrected_at: datetime | None = None

    @property
    def queries(self) -> WorkerQueries:
        """The worker's transactions."""
        return WorkerQueries(self.database, self.now, self.operators, self.bot)

    async def deliver(self) -> bool:
        """Start what is due, and wait until a chat is done or for a second.

        The wait is short so that new alerts of other chats are found while one chat is slow.

        Returns:
            False if there was nothing to do.
        """
        room = _MAX_CHATS - len(self._tasks)
        if not self.stop.is_set() and 2 * room >= _MAX_CHATS:
            await self._start_due(room)
        if self.beat is not None:
            await self.beat()
        if not self._tasks:
            return False
        await asyncio.wait(
            self._tasks.values(), timeout=_POLL_INTERVAL, return_when=asyncio.FIRST_COMPLETED
        )
        for recipient_id in [key for key, task in self._tasks.items() if task.done()]:
            self._tasks.pop(recipient_id).result()
        return True

    async def finish(self) -> None:
        """Stop: wait for messages in flight, and return the other leased alerts to the queue."""
        self.stop.set()
        while await self.deliver():
            pass

    async def abandon(self) -> None:
        """End at once: alerts in flight stay leased until the lease expires."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def next_due(self) -> datetime | None:
        """When an alert may be due again; None if none waits."""
        due = await asyncio.to_thread(self.queries.next_due)
        opened = [
            breaker.open_until
            for breaker in self._breakers.values()
            if breaker.open_until is not None
        ]
        if due is not None and due <= self.now() and opened:
            # All due alerts wait for an open breaker: everything else was tried.
            return min(opened)
        return due

    async def _start_due(self, room: int) -> None:
        leased_by = uuid4().hex
        now = self.now()
        if self._corrected_at is None or not now - _CORRECTION < self._corrected_at <= now:
            await asyncio.to_thread(self.queries.forget_future_times)
            self._corrected_at = now
        for breaker in self._breakers.values():
            breaker.tick(now)
        stopped = [name for name, breaker in self._breakers.items() if breaker.open_until]
        alerts = await asyncio.to_thread(
            self.queries.lease,
            leased_by,
            room * _ALERTS_PER_CHAT,
            _ALERTS_PER_CHAT,
            tuple(self._tasks),
            stopped,
        )
        by_chat: defaultdict[int, list[OutboxAlert]] = defaultdict(list)
        for alert in alerts:
            by_chat[alert.recipient_id].append(alert)
        for recipient_id, mine in by_chat.items():
            self._tasks[recipient_id] = asyncio.create_task(self.process_chat(mine, leased_by))

    async def process_chat(self, alerts: list[OutboxAlert], leased_by: str) -> None:
        """Send one chat's alerts in order; those after one that must wait are returned."""
        breaker = self._breakers[alerts[0].to.channel]
        deferred: float | None = None
        try:
            for alert in alerts:
                if deferred is None and self._may_send(breaker):
                    await self.channel.ready(alert.to)
                    async with breaker.in_flight:
                        if self._may_send(breaker):
                            # After a crash, exactly the alerts between this mark and mark_sent
                            # are possibly delivered.
                            if await asyncio.to_thread(
                                self.queries.mark_in_flight, alert, leased_by
                            ):
                                deferred = await self._send(alert, leased_by, breaker)
                            continue
                wait = deferred
                if wait is None:
                    until = breaker.open_until
                    wait = 0.0 if until is None else (until - self.now()).total_seconds()
                await self._retry(
                    alert, leased_by, max(wait, 0.0), "", waiting_for=WaitReason.EARLIER_ALERT
                )
        except Exception:
            # The database failed. These alerts stay leased until the lease expires.
            log.exception("delivery.failed", extra={"recipient": alerts[0].recipient_id})

    def _may_send(self, breaker: CircuitBreaker) -> bool:
        return not self.stop.is_set() and breaker.open_until is None

    async def _send(
        self, alert: OutboxAlert, leased_by: str, breaker: CircuitBreaker
    ) -> float | None:
        """Send one alert; the seconds that its chat must wait, or None."""
        if alert.possibly_delivered:
            log.warning(
                "alert.possibly_delivered",
                extra={"alert": alert.id, "recipient": alert.recipient_id},
            )
        handed_over = False
        try:
            message = self.compose(alert)
            handed_over = True
            message_id = await self.channel.send(alert.to, message)
        except RetryLater as error:
            return await self._defer(alert, leased_by, breaker, error)
        except ChatMoved as error:
            await asyncio.to_thread(self.queries.move_chat, alert, leased_by, error.chat_id)
            log.info("chat.moved", extra={"recipient": alert.recipient_id, "to": error.chat_id})
            self.report.retried += 1
            return 0.0
        except ChatGone as error:
            ended = await asyncio.to_thread(self.queries.end_chat, alert, leased_by, str(error))
            log.warning("chat.gone", extra={"recipient": alert.recipient_id, "reason": str(error)})
            self.report.dead += ended
            return 0.0
        except DeliveryError as error:
            await self._refused(alert, leased_by, str(error))
            return None
        except Exception as error:
            # A bug must not stop the other chats. Reading the answer may have failed after the
            # message was delivered.
            log.exception("alert.failed", extra={"alert": alert.id})
            reason = f"{type(error).__name__}: {error}"
            await self._refused(alert, leased_by, reason, possibly_delivered=handed_over)
            return None
        breaker.succeeded()
        self.report.sent += 1
        await self._mark_sent(alert, message_id, message.plain)
        log.info(
            "alert.sent",
            extra={"alert": alert.id, "recipient": alert.recipient_id, "message_id": message_id},
        )
        return None

    async def _defer(
        self, alert: OutboxAlert, leased_by: str, breaker: CircuitBreaker, error: RetryLater
    ) -> float:
        seconds = min(error.seconds, MAX_RETRY_WAIT.total_seconds())
        until = self.now() + timedelta(seconds=seconds)
        breaker.asked_to_wait(alert.recipient_id, until)
        reason = str(error)

        def defer() -> None:
            self.queries.defer_until(
                alert, leased_by, until, reason, possibly_delivered=error.possibly_delivered
            )

        await asyncio.to_thread(defer)
        self.report.retried += 1
        _log_retry(alert, reason, until)
        return seconds

    async def _refused(
        self, alert: OutboxAlert, leased_by: str, reason: str, *, possibly_delivered: bool = False
    ) -> None:
        if alert.attempts >= MAX_ATTEMPTS:
            await asyncio.to_thread(self.queries.mark_dead, alert, leased_by, reason)
            log.warning("alert.dead", extra={"alert": alert.id, "reason": reason})
            self.report.dead += 1
            return
        await self._retry(
            alert,
            leased_by,
            DELIVERY_BACKOFF.delay(alert.attempts, self.chance()),
            reason,
            counted=True,
            possibly_delivered=possibly_delivered,
        )

    async def _retry(
        self,
        alert: OutboxAlert,
        leased_by: str,
        wait: float,
        reason: str,
        *,
        waiting_for: WaitReason = WaitReason.RETRY,
        counted: bool = False,
        possibly_delivered: bool = False,
    ) -> None:
        self.report.retried += 1
        not_before = self.now() + timedelta(seconds=wait)

        def mark_retry() -> None:
            self.queries.mark_retry(
                alert,
                leased_by,
                not_before,
                reason,
                waiting_for=waiting_for,
                counted=counted,
                possibly_delivered=possibly_delivered,
            )

        await asyncio.to_thread(mark_retry)
        _log_retry(alert, reason, not_before)

    async def _mark_sent(self, alert: OutboxAlert, message_id: int, text: str) -> None:
        """Store that a message was sent, with retries: otherwise it would be sent again."""
        for pause in _MARK_SENT_PAUSES:
            try:
                await asyncio.to_thread(self.queries.mark_sent, alert, message_id, text)
            except Exception:
                # Any error of a database driver: the message was sent all the same.
                log.warning("alert.mark_sent_failed", extra={"alert": alert.id}, exc_info=True)
                await self.sleep(pause)
            else:
                return
        await asyncio.to_thread(self.queries.mark_sent, alert, message_id, text)


async def deliver_due(worker: OutboxWorker) -> DeliveryReport:
    """Send everything that is due."""
    while await worker.deliver():
        pass
    return worker.report


async def delivery_loop(worker: OutboxWorker, *, wake: asyncio.Event) -> None:
    """Deliver until the worker is stopped: when ``wake`` is set, or when an alert is due."""
    while not worker.stop.is_set():
        wake.clear()
        pause = _MAX_SLEEP
        worker.report = DeliveryReport()
        try:
            await deliver_due(worker)
            due = await worker.next_due()
        except Exception:
            # The loop survives a locked database and bugs: alerts wait in the outbox.
            log.exception("delivery.failed")
        else:
            done = worker.report
            if done.sent or done.retried or done.dead:
                log.info(
                    "delivery.done",
                    extra={"sent": done.sent, "retried": done.retried, "dead": done.dead},
                )
            if due is not None:
                pause = min(max((due - worker.now()).total_seconds(), 1.0), _MAX_SLEEP)
        await _first_of(wake.wait(), worker.stop.wait(), worker.sleep(pause))
    await worker.finish()


async def _first_of(*awaitables: Awaitable[object]) -> None:
    waiters = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)


def _log_retry(alert: OutboxAlert, reason: str, until: datetime) -> None:
    log.info("alert.retry", extra={"alert": alert.id, "reason": reason, "until": until.isoformat()})

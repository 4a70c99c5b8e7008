"""The delivery loop: takes alerts from the outbox, sends them, and writes down how it went.

One task a chat sends that chat's alerts in order. Database work runs in worker threads. An alert
that is refused is tried again, later and later, and given up after half a day of that; while
Telegram is merely away, nothing is given up.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.alerts.render import render
from monitor.alerts.sender import Sender
from monitor.errors import ChatGone, ChatMoved, DeliveryError, RetryLater
from monitor.storage import outbox, subscriptions
from monitor.storage.database import Database
from monitor.storage.outbox import OutboxAlert

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12
LEASE = timedelta(minutes=5)
_BATCH = 30
# A send takes up to two requests of half a minute; one that begins later might outlive the lease.
_LEASE_MARGIN = timedelta(minutes=2)
_FIRST_WAIT = 10.0
_LONGEST_WAIT = 24 * 3600.0
_GIVE_UP_IN_A_ROW = 3
_LONGEST_SLEEP = 60.0
_NOTE_PAUSES = (1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True)
class DeliveryReport:
    """How many alerts went which way."""

    sent: int = 0
    retried: int = 0
    dead: int = 0


@dataclass(slots=True)
class _Round:
    """One batch under way: its tools, and whether the way itself seems closed."""

    database: Database
    sender: Sender
    now: Callable[[], datetime]
    chance: Callable[[], float]
    stop: asyncio.Event
    leased_until: datetime
    report: DeliveryReport
    sleep: Callable[[float], Awaitable[None]]
    refusals: int = 0
    patience: float = field(default=0.0)

    @property
    def closed(self) -> bool:
        """Several chats in a row were asked for patience: it is the way, not the chats."""
        return self.refusals >= _GIVE_UP_IN_A_ROW


def backoff(attempts: int, chance: float) -> float:
    """Seconds to wait after the n-th refusal: 10 s, doubled each time, a day at most.

    Args:
        attempts: 1 after the first.
        chance: in [0, 1); spreads the wait over its upper half, so that many do not return at
            once.
    """
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempts - 1, 30))
    return wait * (0.5 + chance / 2)


async def deliver_due(
    database: Database,
    sender: Sender,
    *,
    now: Callable[[], datetime],
    limit: int = _BATCH,
    chance: Callable[[], float] = random.random,
    stop: asyncio.Event | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> DeliveryReport:
    """Send everything that is due.

    Args:
        database: holds the outbox.
        sender: the way to the chats.
        now: the clock of leases and retries.
        limit: alerts taken at a time.
        chance: for the jitter of retries, in [0, 1).
        stop: when set, what was not begun is given back and the call returns.
        sleep: waits some seconds for a database that fails.
    """
    stop = stop or asyncio.Event()
    report = DeliveryReport()
    while not stop.is_set():
        begun = now()
        alerts = await asyncio.to_thread(_lease, database, begun, limit)
        if not alerts:
            break
        round_ = _Round(database, sender, now, chance, stop, begun + LEASE, report, sleep)
        chats: defaultdict[int, list[OutboxAlert]] = defaultdict(list)
        for alert in alerts:
            chats[alert.chat_id].append(alert)
        async with asyncio.TaskGroup() as group:
            for waiting in chats.values():
                group.create_task(_deliver_chat(waiting, round_))
        if round_.closed:
            break
    return report


async def delivery_loop(
    database: Database,
    sender: Sender,
    *,
    now: Callable[[], datetime],
    wake: asyncio.Event,
    stop: asyncio.Event,
    chance: Callable[[], float] = random.random,
) -> None:
    """Deliver until ``stop``: at once when ``wake`` is set, else when the next alert is due."""
    while not stop.is_set():
        wake.clear()
        pause = _LONGEST_SLEEP
        try:
            report = await deliver_due(database, sender, now=now, chance=chance, stop=stop)
            due = await asyncio.to_thread(_next_due, database)
        except Exception:
            # The loop outlives a locked database or a fault of ours: alerts wait in the outbox.
            log.exception("delivery.failed")
        else:
            if report.sent or report.retried or report.dead:
                log.info(
                    "delivery.done",
                    extra={"sent": report.sent, "retried": report.retried, "dead": report.dead},
                )
            if due is not None:
                pause = min(max((due - now()).total_seconds(), 1.0), _LONGEST_SLEEP)
        await _first_of(wake, stop, timeout=pause)


async def _first_of(*events: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109
    waiters = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)


async def _deliver_chat(alerts: list[OutboxAlert], round_: _Round) -> None:
    """One chat's alerts in order; after a refusal the rest waits with the refused one."""
    held: float | None = None
    try:
        for alert in alerts:
            late = round_.now() + _LEASE_MARGIN > round_.leased_until
            if held is not None or round_.stop.is_set() or round_.closed or late:
                wait = held if held is not None else round_.patience if round_.closed else 0.0
                await _retry(alert, round_, wait, "waits for others", counted=False)
            else:
                held = await _deliver(alert, round_)
    except Exception:
        # The database failed us. To raise would cancel the other chats' messages on their way;
        # these alerts stay leased, and are taken up again when the lease has run out.
        log.exception("delivery.failed", extra={"chat": alerts[0].chat_id})


async def _deliver(alert: OutboxAlert, round_: _Round) -> float | None:
    """Send one alert; the seconds its chat must wait, or None when it may go on."""
    if alert.maybe_sent:
        log.warning("alert.maybe_sent", extra={"alert": alert.id, "chat": alert.chat_id})
    try:
        message_id = await round_.sender.send(alert.chat_id, render(alert))
    except RetryLater as error:
        round_.refusals += 1
        round_.patience = max(round_.patience, error.seconds)
        await _retry(alert, round_, error.seconds, str(error), counted=False)
        return error.seconds
    except ChatMoved as error:
        await asyncio.to_thread(_move, round_.database, alert, error.chat_id, round_.now())
        log.info("chat.moved", extra={"chat": alert.chat_id, "to": error.chat_id})
        round_.report.retried += 1
        return 0.0
    except ChatGone as error:
        await asyncio.to_thread(_end_chat, round_.database, alert, str(error))
        log.warning("chat.gone", extra={"chat": alert.chat_id, "reason": str(error)})
        round_.report.dead += 1
        return None
    except Exception as error:
        # A refusal; or a fault of ours, which must not hold up the other chats.
        if not isinstance(error, DeliveryError):
            log.exception("alert.failed", extra={"alert": alert.id})
        if alert.attempts >= MAX_ATTEMPTS:
            await asyncio.to_thread(_give_up, round_.database, alert, _reason(error))
            log.warning("alert.dead", extra={"alert": alert.id, "reason": _reason(error)})
            round_.report.dead += 1
        else:
            wait = backoff(alert.attempts, round_.chance())
            await _retry(alert, round_, wait, _reason(error), counted=True)
        return None
    round_.refusals = 0
    round_.report.sent += 1
    await _remember_sent(alert, message_id, round_)
    log.info(
        "alert.sent", extra={"alert": alert.id, "chat": alert.chat_id, "message_id": message_id}
    )
    return None


async def _remember_sent(alert: OutboxAlert, message_id: int, round_: _Round) -> None:
    """Note what Telegram took, stubbornly: forgotten, it would be sent a second time."""
    for pause in _NOTE_PAUSES:
        try:
            await asyncio.to_thread(_note_sent, round_.database, alert, message_id, round_.now())
        except Exception:
            # Whatever the database's driver calls its troubles: none of them unsends a message.
            log.warning("alert.unnoted", extra={"alert": alert.id}, exc_info=True)
            await round_.sleep(pause)
        else:
            return
    await asyncio.to_thread(_note_sent, round_.database, alert, message_id, round_.now())


async def _retry(
    alert: OutboxAlert, round_: _Round, seconds: float, reason: str, *, counted: bool
) -> None:
    round_.report.retried += 1
    when = round_.now() + timedelta(seconds=seconds)
    await asyncio.to_thread(_put_back, round_.database, alert, when, reason, counted)
    log.info("alert.retry", extra={"alert": alert.id, "reason": reason, "until": when.isoformat()})


def _reason(error: Exception) -> str:
    said = str(error)
    return said if isinstance(error, DeliveryError) else f"{type(error).__name__}: {said}"


def _lease(database: Database, now: datetime, limit: int) -> list[OutboxAlert]:
    with database.write() as session:
        return outbox.lease(session, now=now, lease_for=LEASE, limit=limit)


def _next_due(database: Database) -> datetime | None:
    with database.read() as session:
        return outbox.next_due(session)


def _note_sent(database: Database, alert: OutboxAlert, message_id: int, now: datetime) -> None:
    with database.write() as session:
        outbox.mark_sent(session, alert.id, now=now, message_id=message_id)


def _put_back(
    database: Database, alert: OutboxAlert, when: datetime, reason: str, counted: bool
) -> None:
    with database.write() as session:
        outbox.mark_retry(session, alert.id, not_before=when, error=reason, counted=counted)


def _give_up(database: Database, alert: OutboxAlert, reason: str) -> None:
    with database.write() as session:
        outbox.mark_dead(session, alert.id, error=reason)


def _end_chat(database: Database, alert: OutboxAlert, reason: str) -> None:
    with database.write() as session:
        outbox.mark_dead(session, alert.id, error=reason)
        subscriptions.deactivate_chat(session, alert.chat_id)


def _move(database: Database, alert: OutboxAlert, chat_id: int, now: datetime) -> None:
    with database.write() as session:
        outbox.mark_retry(
            session, alert.id, not_before=now, error=f"moved to {chat_id}", counted=False
        )
        subscriptions.move_chat(session, alert.chat_id, chat_id, now=now)
        outbox.move_alerts(session, alert.chat_id, chat_id)

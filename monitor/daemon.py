"""The daemon: schedule, crawl, delivery and the bot in one asyncio loop; signals end it cleanly.

A visit that is under way when the signal comes is finished up to its next request; what it has
not written yet it will see again at the next start, because pages, changes and alerts are only
ever written together.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from rich.console import Console

from monitor import app
from monitor.app import channel_configs, fetcher_settings, lookup_in
from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import Source
from monitor.channels.base import Channel
from monitor.channels.flood_control import FloodControl
from monitor.clock import utc_now
from monitor.config.settings import Settings
from monitor.extraction.topics import load_topics
from monitor.fetching.fetcher import Fetcher, HttpFetcher
from monitor.ingest.context import VisitContext, VisitReport
from monitor.ingest.list_pages import identify_addresses
from monitor.ingest.plan import SuspectPolicy
from monitor.ingest.robots_store import StoredRobots
from monitor.ingest.rule_vocabulary import rule_vocabulary
from monitor.ingest.schedule import next_list_visit
from monitor.ingest.source_health import Watch
from monitor.ingest.visit import visit
from monitor.logs import mask_in_logs
from monitor.memory import share_one_heap
from monitor.model.documents import Outcome
from monitor.outbox.queue import TERMINAL_ID
from monitor.outbox.worker import deliver_due, delivery_loop
from monitor.rules.provider import RuleFiles, RuleProvider
from monitor.storage.engine import Database
from monitor.storage.frontier import WatchedSource, next_visits, sync_sources
from monitor.storage.provenance import delete_raw_bytes
from monitor.storage.recipients import ChannelConfig, sync_channels
from monitor.storage.subscriptions import custom_rules_reader

log = logging.getLogger(__name__)

_JITTER = 0.1
_START_STEP = timedelta(seconds=0.5)
_RULES_EVERY = 15


@dataclass(frozen=True, slots=True)
class Daemon:
    """What a run is made of, opened by ``open_daemon`` and closed with it."""

    settings: Settings
    sources: tuple[Source, ...]
    tools: VisitContext
    rules: RuleProvider
    channel: Channel
    flood_control: FloodControl
    wake: asyncio.Event
    token: str | None


@asynccontextmanager
async def open_daemon(
    settings: Settings,
    *,
    console: Console,
    fetcher: Fetcher | None = None,
    channel: Channel | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Daemon]:
    """Open everything a run needs: database, catalogue, topics, rules, network, channel.

    Raises:
        UserError: settings, catalogue, topics or rules are wrong.
        StorageError: the database cannot be opened or upgraded.
    """
    share_one_heap()
    token = settings.token()
    catalogue = load_catalogue(settings.catalogue)
    sources = catalogue.enabled
    topics = load_topics(settings.topics)
    files = RuleFiles(settings.rules, rule_vocabulary(topics, catalogue, settings.channels))
    database = Database(settings.database)
    wake = asyncio.Event()
    async with AsyncExitStack() as stack:
        if token is not None:
            stack.callback(mask_in_logs(token))
        stack.callback(database.close)
        await asyncio.to_thread(database.upgrade)
        operators = settings.telegram.operators if token is not None else (TERMINAL_ID,)
        rules = RuleProvider(
            files,
            custom=custom_rules_reader(database),
            report=app.rules_reporter(database, operators, now),
        )
        flood_control = FloodControl()
        if fetcher is None:
            fetcher = await stack.enter_async_context(
                HttpFetcher(fetcher_settings(settings), robots_store=StoredRobots(database))
            )
        if channel is None:
            channel = await app.open_channel_router(
                settings, token, console, flood_control, stack, lookup=lookup_in(database), now=now
            )
        terminal = TERMINAL_ID if token is None else None
        suspects = settings.suspects
        tools = VisitContext(
            database=database,
            fetcher=fetcher,
            topics=topics,
            rules=rules.current,
            terminal_chat=terminal,
            now=now,
            suspects=SuspectPolicy(
                visits=suspects.visits,
                hours=suspects.hours,
                shrink=suspects.shrink,
                empty_confirm_hours=suspects.empty_confirm_hours,
            ),
            watch=Watch(
                failures=settings.health.failures,
                quiet=timedelta(days=settings.health.quiet_days),
                operators=operators,
            ),
            zone=ZoneInfo(settings.timezone),
            wake=wake.set,
        )
        await asyncio.to_thread(_sync, database, sources, channel_configs(settings), now())
        await asyncio.to_thread(app.revoke_access, settings, database, files.current())
        await asyncio.to_thread(identify_addresses, database)
        # What was loaded by now stays to the end: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        yield Daemon(settings, sources, tools, rules, channel, flood_control, wake, token)


async def run_once(
    daemon: Daemon, *, done: Callable[[VisitReport], None] = lambda _: None
) -> list[VisitReport]:
    """Visit every source that is due, send what came of it, and return.

    Args:
        daemon: an open daemon.
        done: told of each visit as it ends.
    """
    waiting = iter(await asyncio.to_thread(due_sources, daemon))
    reports: list[VisitReport] = []

    async def work() -> None:
        for source in waiting:
            report = await _visit_safely(source, daemon)
            done(report)
            reports.append(report)

    async with asyncio.TaskGroup() as group:
        for _ in range(daemon.settings.crawl.concurrency):
            group.create_task(work())
    await deliver_due(app.outbox_worker(daemon))
    return reports


def due_sources(daemon: Daemon) -> list[Source]:
    """The sources whose next visit has come."""
    with daemon.tools.database.read() as session:
        due = next_visits(session)
    now = daemon.tools.now()
    return [s for s in daemon.sources if (when := due.get(s.id)) is None or when <= now]


async def run_forever(daemon: Daemon, stop: asyncio.Event) -> None:
    """Visit each source on its schedule, deliver, and answer the bot's chats, until ``stop``."""
    scheduler = schedule(daemon)
    async with app.answering(daemon):
        delivery = asyncio.create_task(
            delivery_loop(app.outbox_worker(daemon, stop), wake=daemon.wake)
        )
        scheduler.start()
        log.info("daemon.started", extra={"sources": len(daemon.sources)})
        try:
            await stop.wait()
        finally:
            scheduler.shutdown(wait=False)
            daemon.wake.set()
            await delivery
            log.info("daemon.stopped")


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C set ``stop``; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        log.info("daemon.stopping", extra={"signal": number.name})
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _Due(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires when the lists or the pages of a source are due, and a little later."""

    def __init__(self, source: Source, zone: ZoneInfo) -> None:
        self._source = source
        self._zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """When to visit again after the visit that was due at ``previous_fire_time``."""
        last, source = previous_fire_time or now, self._source
        due = min(
            next_list_visit(
                last, list_interval=source.list_interval, season=source.season, zone=self._zone
            ),
            last + source.page_interval,
        )
        due = max(due, last + timedelta(seconds=1))
        later: datetime = self._apply_jitter(due, (due - last).total_seconds() * _JITTER, now)
        return later


def schedule(daemon: Daemon) -> AsyncIOScheduler:
    """A job for every source, not started yet."""
    scheduler = AsyncIOScheduler(
        timezone=daemon.settings.timezone,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    limit = asyncio.Semaphore(daemon.settings.crawl.concurrency)

    async def one(source: Source) -> None:
        async with limit:
            await _visit_safely(source, daemon)

    with daemon.tools.database.read() as session:
        due = next_visits(session)
    now = daemon.tools.now()
    for position, source in enumerate(daemon.sources):
        # Sources that are all due at the start begin one after the other, not all at once.
        first = now + _START_STEP * position
        scheduler.add_job(
            one,
            _Due(source, daemon.tools.zone),
            args=[source],
            id=source.id,
            next_run_time=max(due.get(source.id) or first, first),
        )
    scheduler.add_job(
        app.refresh_rules,
        IntervalTrigger(seconds=_RULES_EVERY, timezone=daemon.settings.timezone),
        args=[daemon],
        id="rules",
    )
    if daemon.settings.raw_retention_days is not None:
        scheduler.add_job(
            _forget_bytes,
            IntervalTrigger(days=1, timezone=daemon.settings.timezone),
            args=[daemon, timedelta(days=daemon.settings.raw_retention_days)],
            id="forget-bytes",
            next_run_time=now + _START_STEP * len(daemon.sources),
        )
    return scheduler


async def _forget_bytes(daemon: Daemon, age: timedelta) -> None:
    before = daemon.tools.now() - age

    def forget() -> int:
        with daemon.tools.database.write() as session:
            return delete_raw_bytes(session, before)

    log.info("bytes.forgotten", extra={"pages": await asyncio.to_thread(forget)})


async def _visit_safely(source: Source, daemon: Daemon) -> VisitReport:
    """A visit whose faults are logged and stay its own: the other sources go on."""
    try:
        return await visit(source, daemon.tools)
    except Exception as error:
        log.exception("visit.failed", extra={"source": source.id})
        reason = f"{type(error).__name__}: {error}"
        return VisitReport(source.id, Outcome.ERROR, reason)


def _sync(
    database: Database, sources: Sequence[Source], channels: Sequence[ChannelConfig], now: datetime
) -> None:
    with database.write() as session:
        sync_channels(session, channels, now=now)
        sync_sources(
            session,
            [
                WatchedSource(s.id, s.name, s.region, s.document_kind, ", ".join(s.exceptions))
                for s in sources
            ],
            now,
        )

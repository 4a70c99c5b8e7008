"""The wiring: opens what the settings ask for and hands each part what it needs.

Nothing here decides anything. The parts of the bot and of channels are loaded when the settings
name them: without a token there is no Telegram library in memory.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor import __version__
from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import Source
from monitor.channels.base import Channel
from monitor.channels.flood_control import FloodControl
from monitor.channels.router import ChannelRouter
from monitor.clock import utc_now
from monitor.config.channels import ChannelKind, ChannelSettings
from monitor.config.settings import Settings
from monitor.errors import StorageError, UserError
from monitor.extraction.topics import load_topics
from monitor.fetching.fetcher import Fetcher, HttpFetcher
from monitor.fetching.settings import FetcherSettings
from monitor.ingest.context import StoredPauses, StoredRobots, VisitContext
from monitor.ingest.list_pages import identify_addresses
from monitor.ingest.policy import HealthPolicy, RevalidationPolicy, SuspectPolicy
from monitor.ingest.rule_vocabulary import rule_vocabulary
from monitor.logs import mask_in_logs
from monitor.model.alerts import AccessMode, NoticeKind, OutboxAlert
from monitor.model.changes import LoggedChange
from monitor.model.processes import Loop, Role
from monitor.observer import ObservedChannel, Observer
from monitor.outbox.chats import revoke_access
from monitor.outbox.queue import TERMINAL_ID, enqueue_notice
from monitor.outbox.worker import OutboxWorker
from monitor.rules.matcher import RuleSet
from monitor.rules.provider import RuleFiles, RuleProvider
from monitor.storage.engine import Database, newest_revision
from monitor.storage.frontier import WatchedSource, add_sources, sync_sources
from monitor.storage.heartbeats import heartbeats
from monitor.storage.recipients import ChannelConfig, active_channels, sync_channels
from monitor.storage.subscriptions import custom_rules_reader

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.bot.context import AccessPolicy
    from monitor.channels.http_post import Post
    from monitor.channels.webhook import Lookup
    from monitor.messages.richtext import Message

log = logging.getLogger(__name__)

_SCHEMA_SECONDS = 60
_MAIN_ROLES = frozenset({None, Role.SCHEDULE})
_DELIVERING_ROLES = frozenset({None, Role.DELIVER})
_TELEGRAM_ROLES = frozenset({None, Role.DELIVER, Role.BOT})


@dataclass(frozen=True, slots=True)
class App:
    """Everything a run is made of, opened by ``open_app`` and closed with it.

    ``context`` has the database, the network and the clock; ``wake`` is set when something was
    put into the outbox; ``token`` is None without a bot. ``is_token_refused`` asks Telegram; None
    without it. ``observer`` hears what happens, and ``exposition`` gives it as metrics, if the
    settings name a port. ``channel`` is None in a process whose ``role`` delivers nothing.
    """

    settings: Settings
    sources: tuple[Source, ...]
    context: VisitContext
    rules: RuleProvider
    channel: Channel | None
    flood_control: FloodControl
    wake: asyncio.Event
    token: str | None
    is_token_refused: Callable[[], Awaitable[bool]] | None = None
    role: Role | None = None
    observer: Observer = field(default_factory=Observer)
    exposition: Callable[[], bytes] | None = None


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    console: Console | None = None,
    fetcher: Fetcher | None = None,
    channel: Channel | None = None,
    now: Callable[[], datetime] = utc_now,
    role: Role | None = None,
    only: Source | None = None,
) -> AsyncIterator[App]:
    """Open everything a run needs: database, catalogue, topics, rules, network, channels.

    A process with a role opens what the role needs: one that schedules or crawls reads no token
    and no secret of a channel, and upgrades of the schema are for the one that schedules.

    Args:
        settings: what the user configured.
        console: where alerts are printed without a bot; None: on standard output.
        fetcher: used instead of the network; it stays open.
        channel: used instead of the channels of the settings; it stays open.
        now: the clock.
        role: what this one of several processes does; None: everything.
        only: a source that is visited beside the daemon, by a command whose settings may be others:
            what the daemon's have put into the database stays (sources, channels, who may use
            the bot), and alerts wait for its bot, whether or not there is a token here.

    Raises:
        UserError: settings, catalogue, topics or rules are wrong.
        StorageError: the database cannot be opened or upgraded.
    """
    token = settings.token() if role in _TELEGRAM_ROLES else None
    catalogue = load_catalogue(settings.existing_paths("catalogue"))
    topics = load_topics(settings.existing_paths("topics"))
    files = RuleFiles(
        settings.existing_paths("rules"), rule_vocabulary(topics, catalogue, settings.channels)
    )
    database = Database(settings.database)
    wake = asyncio.Event()
    async with AsyncExitStack() as stack:
        if token is not None:
            stack.callback(mask_in_logs(token))
        stack.callback(database.close)
        await asyncio.to_thread(_upgrade, database, role)
        # With roles, Telegram's alerts wait for the process that delivers: no terminal takes them.
        has_bot = token is not None or role is not None
        if only is not None:
            has_bot = has_bot or await asyncio.to_thread(_answers_chats, database)
        terminal_chat = None if has_bot else TERMINAL_ID
        operators = settings.telegram.operators if terminal_chat is None else (terminal_chat,)
        rules = RuleProvider(
            files,
            custom=custom_rules_reader(database),
            report=rules_reporter(database, operators, now) if role in _MAIN_ROLES else None,
        )
        flood_control = FloodControl()
        is_token_refused = None if channel is not None else _token_check(settings, token)
        if fetcher is None:
            fetcher = await stack.enter_async_context(
                HttpFetcher(
                    fetcher_settings(settings),
                    robots_store=StoredRobots(database),
                    pause_store=StoredPauses(database),
                )
            )
        if channel is None and role in _DELIVERING_ROLES:
            channel = await stack.enter_async_context(
                _open_router(
                    settings,
                    token=token,
                    console=console,
                    flood_control=flood_control,
                    database=database,
                    now=now,
                )
            )
        context = VisitContext(
            database=database,
            fetcher=fetcher,
            topics=topics,
            rules=rules.current,
            terminal_chat=terminal_chat,
            now=now,
            suspects=suspect_policy(settings),
            health=HealthPolicy(
                failures=settings.health.failures,
                quiet=timedelta(days=settings.health.quiet_days),
                operators=operators,
            ),
            revalidation=RevalidationPolicy(
                lists=timedelta(days=settings.crawl.list_revalidation_days),
                pages=timedelta(days=settings.crawl.page_revalidation_days),
            ),
            zone=ZoneInfo(settings.timezone),
            wake=wake.set,
        )
        stack.callback(context.parser.close)
        if only is None:
            await asyncio.to_thread(
                _prepare, settings, database, catalogue.enabled, files, now=now(), role=role
            )
        else:
            await asyncio.to_thread(_add_source, database, only, now())
        yield App(
            settings,
            catalogue.enabled,
            context,
            rules,
            channel,
            flood_control,
            wake,
            token,
            is_token_refused,
            role,
        )


def _upgrade(database: Database, role: Role | None) -> None:
    """Bring the schema to this version's, or wait for the process that does so."""
    if role in _MAIN_ROLES:
        database.upgrade()
        return
    with database.faults_told():
        for second in range(_SCHEMA_SECONDS):
            wrong = schema_mismatch(database)
            if wrong is None:
                return
            if not second:
                log.warning("schema.waiting", extra={"what": wrong})
            time.sleep(1)
    raise StorageError(wrong)


def schema_mismatch(database: Database) -> str | None:
    """How the schema of the database is not this version's; None if it is."""
    found, expected = database.revision(), newest_revision()
    if found == expected:
        return None
    if found is None or found < expected:
        return (
            f"{database.shown} has schema {found or 'none'}, this version has {expected}: "
            "first start monitor run --role schedule of this version, or monitor db upgrade"
        )
    return (
        f"{database.shown} has schema {found}, this version, {__version__}, has {expected}: "
        "upgrade this one, too"
    )


def _token_check(settings: Settings, token: str | None) -> Callable[[], Awaitable[bool]] | None:
    if token is None:
        return None
    from monitor.channels.telegram import is_token_refused

    telegram = settings.telegram
    return partial(is_token_refused, token, base_url=telegram.base_url, proxy=telegram.proxy)


async def check_token(app: App) -> None:
    """Ask Telegram once whether it knows the bot; an outage of Telegram raises nothing.

    Raises:
        UserError: it does not.
    """
    if app.is_token_refused is not None and await app.is_token_refused():
        raise UserError(
            f"{token_setting(app.settings)}: Telegram does not know this token",
            hint="copy it again from @BotFather (/mybots, API Token)",
        )


def token_setting(settings: Settings) -> str:
    """Where the token comes from, as the user names it."""
    if settings.telegram.token is not None:
        return "telegram.token (MONITOR_TELEGRAM__TOKEN)"
    return f"telegram.token_file ({settings.telegram.token_file})"


def report_refused_token(app: App) -> None:
    """Tell the channels beside Telegram that it refuses the token."""
    with app.context.database.write() as connection:
        enqueue_notice(
            connection,
            NoticeKind.TOKEN_REFUSED,
            token_setting(app.settings),
            active_channels(connection),
            now=app.context.now(),
        )
    app.context.wake()


def report_failed_loop(app: App, reason: str) -> None:
    """Tell the operators that a loop of the daemon does not work."""
    with app.context.database.write() as connection:
        enqueue_notice(
            connection,
            NoticeKind.LOOP_FAILED,
            reason,
            app.context.health.operators,
            now=app.context.now(),
        )
    app.context.wake()


def outbox_worker(
    app: App,
    stop: asyncio.Event | None = None,
    *,
    beat: Callable[[], Awaitable[None]] | None = None,
) -> OutboxWorker:
    """The worker that delivers the alerts of a run, and calls ``beat`` while it works.

    Raises:
        ValueError: the process delivers nothing.
    """
    if app.channel is None:
        raise ValueError(f"the role {app.role} delivers nothing")

    def compose(alert: OutboxAlert) -> Message:
        # Texts and templates are loaded for the first alert.
        from monitor.messages.template import message_renderer

        return message_renderer(lambda: app.rules.files)(alert)

    return OutboxWorker(
        app.context.database,
        ObservedChannel(app.channel, app.observer),
        app.context.now,
        operators=app.context.health.operators,
        bot=app.token is not None,
        compose=compose,
        stop=stop or asyncio.Event(),
        beat=beat,
    )


@asynccontextmanager
async def serve_bot(
    app: App, *, beat: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[asyncio.Future[None]]:
    """Answer chats while the block runs, and call ``beat``; without a token nothing happens.

    Yields what is done when the bot ends before the block does.
    """
    if app.token is None:
        yield asyncio.get_running_loop().create_future()
        return
    from monitor.bot.app import build_application
    from monitor.bot.context import BotContext
    from monitor.bot.runner import polling
    from monitor.bot.webhook import webhook

    telegram = app.settings.telegram
    context = app.context
    application = build_application(
        app.token,
        context=BotContext(
            context.database,
            app.rules,
            context.now,
            access_policy(app.settings),
            context.now(),
            topics=lambda: context.topics,
        ),
        base_url=telegram.base_url,
        proxy=telegram.proxy,
        flood_control=app.flood_control,
        observe=app.observer.updated,
    )
    if telegram.webhook_url is None:
        async with polling(application, operators=telegram.operators, beat=beat) as ended:
            yield ended
        return
    async with webhook(
        application,
        url=telegram.webhook_url,
        secret=app.settings.webhook_secret(),
        address=telegram.webhook_listen,
        operators=telegram.operators,
        beat=beat,
    ) as (_port, ended):
        yield ended


async def refresh_rules(app: App) -> None:
    """Take new rules into force without waiting for a visit, and report mistakes."""
    if await asyncio.to_thread(app.rules.refresh):
        app.wake.set()


def rules_reporter(
    database: Database, operators: Sequence[int], now: Callable[[], datetime]
) -> Callable[[str], None]:
    """Reports a mistake in the rule files to operators."""

    def report(reason: str) -> None:
        with database.write() as connection:
            enqueue_notice(connection, NoticeKind.RULES_BROKEN, reason, operators, now=now())

    return report


@asynccontextmanager
async def open_channels(
    settings: Settings,
    *,
    lookup: Lookup,
    only: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Mapping[str, Channel]]:
    """The channels of the settings by name; connections are closed at the end.

    Args:
        settings: name the channels.
        lookup: gives webhooks the logged changes; see ``lookup_in``.
        only: open this channel and no other.
        now: the clock.

    Raises:
        UserError: a channel cannot be used as it is configured, or there is none of this name.
    """
    if only is not None and only not in settings.channels:
        names = ", ".join(settings.channels)
        raise UserError(
            f"the settings name no channel {only!r}",
            hint=f"there are: {names}" if names else "docs/how-to/other-channels.md",
        )
    async with AsyncExitStack() as stack:
        yield {
            name: await _open_channel(name, settings, stack, lookup=lookup, now=now)
            for name in settings.channels
            if only is None or name == only
        }


def lookup_in(database: Database) -> Lookup:
    """Reads logged changes by their numbers, in a worker thread."""

    def read(numbers: Sequence[int]) -> list[LoggedChange]:
        # The log is loaded for the first change.
        from monitor.storage.changes import find_change

        with database.read() as connection:
            found = [find_change(connection, number) for number in numbers]
        return [line for line in found if line is not None]

    async def lookup(numbers: Sequence[int]) -> Sequence[LoggedChange]:
        return await asyncio.to_thread(read, numbers) if numbers else ()

    return lookup


def fetcher_settings(settings: Settings) -> FetcherSettings:
    """The limits and the name with which pages are fetched."""
    crawl = settings.crawl
    return FetcherSettings(
        user_agent=f"policy-monitor/{__version__} (+{crawl.contact})",
        read_timeout=crawl.timeout,
        total_timeout=crawl.total_timeout,
        max_attempts=crawl.max_attempts,
        max_bytes=crawl.max_bytes,
        per_host=crawl.per_host,
        min_delay=crawl.min_delay,
        proxy=crawl.proxy,
        ca_file=None if crawl.ca_file is None else str(crawl.ca_file),
    )


def suspect_policy(settings: Settings) -> SuspectPolicy:
    """When a suspect text is believed."""
    suspects = settings.suspects
    return SuspectPolicy(
        visits=suspects.visits,
        hours=suspects.hours,
        shrink=suspects.shrink,
        empty_confirm_hours=suspects.empty_confirm_hours,
    )


def access_policy(settings: Settings) -> AccessPolicy:
    """Who may use the bot."""
    from monitor.bot.context import AccessPolicy

    telegram = settings.telegram
    return AccessPolicy(
        access=_access_mode(settings),
        allowed=frozenset(telegram.allowed_chats),
        operators=telegram.operators,
        max_custom_rules=telegram.max_custom_rules,
        timezone=settings.timezone,
    )


def _access_mode(settings: Settings) -> AccessMode:
    telegram = settings.telegram
    return telegram.access or (AccessMode.LISTED if telegram.allowed_chats else AccessMode.OPEN)


def channel_configs(settings: Settings) -> list[ChannelConfig]:
    """The channels of the settings, as ``sync_channels`` stores them."""
    return [
        ChannelConfig(
            name,
            channel.language,
            channel.digest,
            channel.quiet,
            channel.timezone or settings.timezone,
        )
        for name, channel in settings.channels.items()
    ]


@asynccontextmanager
async def _open_router(
    settings: Settings,
    *,
    token: str | None,
    console: Console | None,
    flood_control: FloodControl,
    database: Database,
    now: Callable[[], datetime],
) -> AsyncIterator[Channel]:
    """Telegram, or the terminal without a token, and the channels of the settings."""
    async with open_channels(settings, lookup=lookup_in(database), now=now) as others:
        if token is None:
            from monitor.channels.terminal import TerminalChannel

            yield ChannelRouter(TerminalChannel(console), others)
            return
        from monitor.channels.telegram import TelegramChannel

        telegram = settings.telegram
        async with TelegramChannel(
            token, base_url=telegram.base_url, proxy=telegram.proxy, flood_control=flood_control
        ) as channel:
            yield ChannelRouter(channel, others)


async def _open_channel(
    name: str,
    settings: Settings,
    stack: AsyncExitStack,
    *,
    lookup: Lookup,
    now: Callable[[], datetime],
) -> Channel:
    channel = settings.channels[name]
    if channel.atom is not None:
        from monitor.channels.atom import AtomChannel

        return AtomChannel(name, channel.atom, entries=channel.entries, now=now)
    address = channel.address(name)
    if channel.kind is ChannelKind.APPRISE:
        from monitor.channels.chat_webhooks import ChatWebhookChannel, parse_chat_webhook

        chat_webhook = parse_chat_webhook(address)
        if chat_webhook is not None:
            post = await _open_client(channel, settings, stack)
            return ChatWebhookChannel(address, chat_webhook, post=post, now=now)
        from monitor.channels.apprise import AppriseChannel

        return AppriseChannel(name, address, proxy=_proxy_of(channel))
    from monitor.channels.webhook import WebhookChannel

    secret = channel.signing_secret(name)
    post = await _open_client(channel, settings, stack)
    return WebhookChannel(name, address, secret, post=post, lookup=lookup, now=now)


async def _open_client(channel: ChannelSettings, settings: Settings, stack: AsyncExitStack) -> Post:
    """How messages are posted to a channel; the connections are closed with ``stack``."""
    from monitor.fetching.webhook_client import WebhookClient

    ca_file = settings.crawl.ca_file
    client = WebhookClient(
        allow_private=channel.allow_private,
        proxy=_proxy_of(channel),
        ca_file=None if ca_file is None else str(ca_file),
    )
    return (await stack.enter_async_context(client)).post


def _proxy_of(channel: ChannelSettings) -> str | None:
    return None if channel.proxy is None else channel.proxy.get_secret_value()


def _prepare(
    settings: Settings,
    database: Database,
    sources: Sequence[Source],
    files: RuleFiles,
    *,
    now: datetime,
    role: Role | None,
) -> None:
    """Store the sources and channels of the configuration, and apply its access policy."""
    if role in _MAIN_ROLES:
        with database.write() as connection:
            sync_channels(connection, channel_configs(settings), now=now)
            sync_sources(
                connection,
                map(watched_source, sources),
                now,
            )
        identify_addresses(database)
    if role in {None, Role.BOT}:
        _revoke_access(settings, database, files.current())


def _add_source(database: Database, source: Source, now: datetime) -> None:
    with database.write() as connection:
        add_sources(connection, [watched_source(source)], now)
    identify_addresses(database)


def watched_source(source: Source) -> WatchedSource:
    """What the database keeps of a source of the catalogue."""
    exceptions = ", ".join(source.exceptions)
    return WatchedSource(source.id, source.name, source.region, source.document_kind, exceptions)


def _answers_chats(database: Database) -> bool:
    """Whether a bot works on the database, or roles, which know no terminal; by heartbeats."""
    with database.read() as connection:
        return any(beat.loop in {Loop.BOT, Loop.CRAWL} for beat in heartbeats(connection))


def _revoke_access(settings: Settings, database: Database, rules: RuleSet) -> None:
    """Deactivate the chats that the settings no longer allow."""
    telegram = settings.telegram
    named = {to.chat_id for rule in rules.rules for to in rule.recipients if not to.channel}
    revoked = revoke_access(
        database,
        access=_access_mode(settings),
        allowed={*telegram.allowed_chats, *telegram.operators},
        named=named,
    )
    for chat_id in revoked:
        log.info("chat.access_revoked", extra={"chat": chat_id})

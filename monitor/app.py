"""The crawl's settings in the words of the fetcher."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Protocol

from rich.console import Console

from monitor import __version__
from monitor.bot import access
from monitor.bot.app import build_application
from monitor.bot.context import AccessPolicy, BotContext
from monitor.bot.runner import polling
from monitor.bot.webhook import webhook
from monitor.channels.apprise import AppriseChannel
from monitor.channels.atom import AtomChannel
from monitor.channels.base import Channel
from monitor.channels.chat_webhooks import ChatWebhookChannel, parse_chat_webhook
from monitor.channels.flood_control import FloodControl
from monitor.channels.router import ChannelRouter
from monitor.channels.telegram import TelegramChannel
from monitor.channels.terminal import TerminalChannel
from monitor.channels.webhook import Lookup, WebhookChannel
from monitor.clock import utc_now
from monitor.config.settings import Settings
from monitor.errors import UserError
from monitor.fetching.settings import FetcherSettings
from monitor.fetching.webhook_client import WebhookClient
from monitor.ingest.context import VisitContext
from monitor.messages.template import message_renderer
from monitor.model.alerts import NoticeKind
from monitor.model.changes import LoggedChange
from monitor.outbox.queue import enqueue_notice
from monitor.outbox.worker import OutboxWorker
from monitor.rules.matcher import RuleSet
from monitor.rules.provider import RuleProvider
from monitor.storage.changes import find_change
from monitor.storage.engine import Database
from monitor.storage.recipients import ChannelConfig

log = logging.getLogger(__name__)


class Run(Protocol):
    """What of a running daemon this room needs."""

    @property
    def settings(self) -> Settings:
        """What the user chose."""
        ...

    @property
    def tools(self) -> VisitContext:
        """The edges: database, clock, network."""
        ...

    @property
    def rules(self) -> RuleProvider:
        """The rules in force."""
        ...

    @property
    def channel(self) -> Channel:
        """Delivers messages."""
        ...

    @property
    def flood_control(self) -> FloodControl:
        """How fast Telegram may be spoken to."""
        ...

    @property
    def token(self) -> str | None:
        """The bot's token; None without a bot."""
        ...


async def open_channel_router(
    settings: Settings,
    token: str | None,
    console: Console,
    flood_control: FloodControl,
    stack: AsyncExitStack,
    *,
    lookup: Lookup,
    now: Callable[[], datetime],
) -> Channel:
    """Telegram, or the terminal where there is no bot, and other channels; closed with ``stack``.

    Raises:
        UserError: a channel cannot be used as it is configured.
    """
    others = await stack.enter_async_context(open_channels(settings, lookup=lookup, now=now))
    if token is None:
        return ChannelRouter(TerminalChannel(console), others)
    telegram = settings.telegram
    channel = TelegramChannel(
        token, base_url=telegram.base_url, proxy=telegram.proxy, flood_control=flood_control
    )
    return ChannelRouter(await stack.enter_async_context(channel), others)


def outbox_worker(run: Run, stop: asyncio.Event | None = None) -> OutboxWorker:
    """Who carries the alerts of a run to its chats."""
    return OutboxWorker(
        run.tools.database,
        run.channel,
        run.tools.now,
        operators=run.tools.watch.operators,
        bot=run.token is not None,
        compose=message_renderer(lambda: run.rules.files),
        stop=stop or asyncio.Event(),
    )


@asynccontextmanager
async def answering(run: Run) -> AsyncIterator[None]:
    """Answer the chats while the block runs, if there is a bot."""
    if run.token is None:
        yield
        return
    telegram = run.settings.telegram
    application = build_application(
        run.token,
        context=bot_context(run, started_at=run.tools.now()),
        base_url=telegram.base_url,
        proxy=telegram.proxy,
        flood_control=run.flood_control,
    )
    if telegram.webhook_url is None:
        async with polling(application, operators=telegram.operators):
            yield
        return
    async with webhook(
        application,
        url=telegram.webhook_url,
        secret=run.settings.webhook_secret(),
        address=telegram.webhook_listen,
        operators=telegram.operators,
    ):
        yield


def bot_context(run: Run, started_at: datetime) -> BotContext:
    """What the bot's handlers work with."""
    return BotContext(
        run.tools.database, run.rules, run.tools.now, access_policy(run.settings), started_at
    )


def access_policy(settings: Settings) -> AccessPolicy:
    """Who may use the bot, as the settings say."""
    telegram = settings.telegram
    return AccessPolicy(
        access=telegram.access or ("listed" if telegram.allowed_chats else "open"),
        allowed=frozenset(telegram.allowed_chats),
        operators=telegram.operators,
        max_custom_rules=telegram.max_custom_rules,
        timezone=settings.timezone,
    )


def revoke_access(settings: Settings, database: Database, rules: RuleSet) -> None:
    """Deactivate the chats that the settings no longer allow."""
    policy = access_policy(settings)
    named = {to.chat_id for rule in rules.rules for to in rule.recipients if not to.channel}
    revoked = access.revoke_access(
        database,
        access=policy.access,
        allowed={*policy.allowed, *policy.operators},
        named=named,
    )
    for chat_id in revoked:
        log.info("chat.access_revoked", extra={"chat": chat_id})


def rules_reporter(
    database: Database, operators: Sequence[int], now: Callable[[], datetime]
) -> Callable[[str], None]:
    """Tells operators of a mistake in the rule files."""

    def report(reason: str) -> None:
        with database.write() as session:
            enqueue_notice(session, NoticeKind.RULES_BROKEN, reason, operators, now=now())

    return report


async def refresh_rules(run: Run) -> None:
    """Take new rules into force without waiting for a visit, and report mistakes."""
    if await asyncio.to_thread(run.rules.refresh):
        run.tools.wake()


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
        lookup: gives webhooks the lines of the log; see ``lookup_in``.
        only: open this way and no other.
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
            name: await _open(name, settings, stack, lookup=lookup, now=now)
            for name in settings.channels
            if only is None or name == only
        }


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


def lookup_in(database: Database) -> Lookup:
    """Reads lines of the log, in a worker thread."""

    def read(numbers: Sequence[int]) -> list[LoggedChange]:
        with database.read() as session:
            found = [find_change(session, number) for number in numbers]
        return [line for line in found if line is not None]

    async def lookup(numbers: Sequence[int]) -> Sequence[LoggedChange]:
        return await asyncio.to_thread(read, numbers) if numbers else ()

    return lookup


async def _open(
    name: str,
    settings: Settings,
    stack: AsyncExitStack,
    *,
    lookup: Lookup,
    now: Callable[[], datetime],
) -> Channel:
    channel = settings.channels[name]
    proxy = None if channel.proxy is None else channel.proxy.get_secret_value()
    if channel.atom is not None:
        return AtomChannel(name, channel.atom, entries=channel.entries, now=now)
    address = channel.address(name)
    chat_webhook = parse_chat_webhook(address) if channel.kind == "apprise" else None
    if channel.kind == "apprise" and chat_webhook is None:
        return AppriseChannel(name, address, proxy=proxy)
    ca_file = settings.crawl.ca_file
    client = WebhookClient(
        allow_private=channel.allow_private,
        proxy=proxy,
        ca_file=None if ca_file is None else str(ca_file),
    )
    post = (await stack.enter_async_context(client)).post
    if chat_webhook is not None:
        return ChatWebhookChannel(address, chat_webhook, post=post, now=now)
    secret = channel.signing_secret(name)
    return WebhookChannel(name, address, secret, post=post, lookup=lookup, now=now)


def fetcher_settings(settings: Settings) -> FetcherSettings:
    """Limits, pace and name under which pages are fetched."""
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

"""What goes out of a run: the senders, the courier that feeds them, and the bot that answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rich.console import Console

from monitor.alerts import (
    Courier,
    Lookup,
    Office,
    Pace,
    Policy,
    Sender,
    TelegramSender,
    TerminalSender,
    Ways,
    build_application,
    composer,
    door,
    polling,
    webhook,
)
from monitor.pipeline import StandingRules, Tools
from monitor.rules import RuleSet
from monitor.settings import Settings
from monitor.storage import notices
from monitor.storage.database import Database
from monitor.ways import open_ways

log = logging.getLogger(__name__)


class Run(Protocol):
    """What of a running daemon this room needs."""

    @property
    def settings(self) -> Settings:
        """What the user chose."""
        ...

    @property
    def tools(self) -> Tools:
        """The edges: database, clock, network."""
        ...

    @property
    def rules(self) -> StandingRules:
        """The rules in force."""
        ...

    @property
    def sender(self) -> Sender:
        """The way to the chats."""
        ...

    @property
    def pace(self) -> Pace:
        """How fast Telegram may be spoken to."""
        ...

    @property
    def token(self) -> str | None:
        """The bot's token; None without a bot."""
        ...


async def open_sender(
    settings: Settings,
    token: str | None,
    console: Console,
    pace: Pace,
    stack: AsyncExitStack,
    *,
    lookup: Lookup,
    now: Callable[[], datetime],
) -> Sender:
    """Telegram, or the terminal where there is no bot, and other ways; closed with ``stack``.

    Raises:
        UserError: a way cannot be used as it is configured.
    """
    others = await stack.enter_async_context(open_ways(settings, lookup=lookup, now=now))
    if token is None:
        return Ways(TerminalSender(console), others)
    telegram = settings.telegram
    sender = TelegramSender(token, base_url=telegram.base_url, proxy=telegram.proxy, pace=pace)
    return Ways(await stack.enter_async_context(sender), others)


def courier(run: Run, stop: asyncio.Event | None = None) -> Courier:
    """Who carries the alerts of a run to its chats."""
    return Courier(
        run.tools.database,
        run.sender,
        run.tools.now,
        operators=run.tools.watch.operators,
        bot=run.token is not None,
        compose=composer(lambda: run.rules.files),
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
        office=office(run, run.tools.now()),
        base_url=telegram.base_url,
        proxy=telegram.proxy,
        pace=run.pace,
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


def office(run: Run, started: datetime) -> Office:
    """What the bot's answers are made with."""
    return Office(run.tools.database, run.rules, run.tools.now, policy(run.settings), started)


def policy(settings: Settings) -> Policy:
    """Who may use the bot, as the settings say."""
    telegram = settings.telegram
    return Policy(
        access=telegram.access or ("listed" if telegram.allowed_chats else "open"),
        allowed=frozenset(telegram.allowed_chats),
        operators=telegram.operators,
        own_rules=telegram.own_rules,
        zone=settings.timezone,
    )


def shut_out(settings: Settings, database: Database, rules: RuleSet) -> None:
    """Send nothing more to chats that the settings do not let in any more."""
    chosen = policy(settings)
    named = {to.chat_id for rule in rules.rules for to in rule.recipients if not to.way}
    shut = door.shut_out(
        database,
        access=chosen.access,
        allowed={*chosen.allowed, *chosen.operators},
        named=named,
    )
    for chat_id in shut:
        log.info("chat.shut_out", extra={"chat": chat_id})


@dataclass(slots=True)
class RuleWatch:
    """Takes new rules into force without waiting for a visit, and tells operators of mistakes."""

    run: Run
    told: str | None = None

    async def look(self) -> None:
        """Look at the files; a mistake is told once, and again when it is another."""
        if await asyncio.to_thread(self._look):
            self.run.tools.wake()

    def _look(self) -> bool:
        self.run.rules.current()
        broken = self.run.rules.broken
        reason = None if broken is None else str(broken)
        new = reason is not None and reason != self.told
        if new:
            with self.run.tools.database.write() as session:
                notices.notify(
                    session,
                    notices.RULES_BROKEN,
                    str(reason),
                    self.run.tools.watch.operators,
                    now=self.run.tools.now(),
                )
        self.told = reason
        return new

"""The bot against the fake Bot API, with rules read from a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from alert_story import Clock
from telegram_api import TOKEN, FakeBotApi

from monitor.bot.app import build_application
from monitor.bot.context import AccessPolicy, BotContext
from monitor.bot.runner import polling
from monitor.channels.flood_control import FloodControl
from monitor.errors import UserError
from monitor.rate_limiter import RateLimiter
from monitor.rules.loader import load_rules
from monitor.rules.matcher import RuleSet
from monitor.storage.engine import Database

RULES = """
rules:
  - {id: guizhou, name: 贵州算力, description: "贵州省 <算力> 目标的变化", regions: [贵州]}
  - {id: talent, name: 人才 & 培养, themes: [talent]}
  - {id: inner, name: 内部规则, then: {subscribable: false}}
"""


def rules_of(text: str) -> RuleSet:
    """Rules from the text of a rule file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        return load_rules([path])


@dataclass
class FixedRules:
    """The rules of the files."""

    files: RuleSet = field(default_factory=lambda: rules_of(RULES))
    broken: UserError | None = None


async def no_sleep(_: float) -> None:
    """Pace without waiting: a server without limits counts nothing."""


def bot_context(
    database: Database,
    *,
    rules: FixedRules | None = None,
    policy: AccessPolicy | None = None,
    clock: Clock | None = None,
) -> BotContext:
    """What answers are made with."""
    return BotContext(database, rules or FixedRules(), clock or Clock(), policy or AccessPolicy())


@asynccontextmanager
async def running(
    database: Database,
    *,
    rules: FixedRules | None = None,
    policy: AccessPolicy | None = None,
    clock: Clock | None = None,
    rate_limiter: RateLimiter | None = None,
) -> AsyncIterator[FakeBotApi]:
    """The fake server, with the bot polling it."""
    context = bot_context(database, rules=rules, policy=policy, clock=clock)
    async with FakeBotApi() as api:
        application = build_application(
            TOKEN,
            base_url=api.base_url,
            base_file_url=api.base_file_url,
            context=context,
            flood_control=FloodControl(sleep=no_sleep),
            rate_limiter=rate_limiter or RateLimiter(burst=10_000),
        )
        async with polling(application, operators=context.policy.operators):
            yield api

"""The system in one process: recorded changes, the outbox, the bot, the fake Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alert_story import Clock
from bot_app import FixedRules, no_sleep, running
from logged_changes import add_changes
from telegram_api import TOKEN, FakeBotApi

from monitor.bot.context import AccessPolicy
from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import TelegramChannel
from monitor.ingest.write import find_recipients
from monitor.messages.template import message_renderer
from monitor.model.changes import Change
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Speaker
from monitor.outbox.enqueue import enqueue
from monitor.outbox.worker import OutboxWorker, deliver_due
from monitor.rules.provider import RuleProvider
from monitor.storage.documents import add_document
from monitor.storage.engine import Database
from monitor.storage.snapshots import add_snapshot
from monitor.storage.subscriptions import custom_rules_reader

PERSON = 7


@dataclass
class FixedRuleFiles:
    """Rule files that do not change."""

    rules: FixedRules

    def current(self):
        return self.rules.files

    broken = None


@dataclass
class System:
    """A running system: its database, the fake Telegram, the clock."""

    database: Database
    api: FakeBotApi
    clock: Clock
    rules: RuleProvider
    channel: TelegramChannel

    def record(self, *changes: Change, title: str = "2026年贵州省政府工作报告") -> None:
        """Record changes as a visit does, match them, and enqueue the alerts."""
        rules = self.rules.current()
        now = self.clock()
        with self.database.write() as connection:
            document = add_document(
                connection,
                provenance=Provenance(
                    DocumentKind.REPORT, Speaker.GOVERNMENT, "贵州省", 2026, None, title
                ),
                source_id=None,
                url="https://www.example.gov.cn/report.html",
                baseline=False,
                now=now,
            )
            before, after = (
                add_snapshot(
                    connection,
                    document.id,
                    Document(text=f"{title} {side}"),
                    [s for change in changes if (s := getattr(change, side)) is not None],
                    fetch=FetchRecord(body=b"<html>", status=200, url="https://www.example.gov.cn"),
                    now=now,
                )
                for side in ("before", "after")
            )
            ids = add_changes(
                connection, changes, document_id=document.id, before=before, after=after, now=now
            )
            found = [
                (change_id, match)
                for change_id, change in zip(ids, changes, strict=True)
                for match in rules.match(change)
            ]
            wanted = find_recipients(connection, found, terminal_chat=None, now=now)
            enqueue(
                connection, snapshot_id=after.id, document_id=document.id, matches=wanted, now=now
            )

    async def deliver(self) -> None:
        """Deliver what is due."""
        worker = OutboxWorker(
            self.database,
            self.channel,
            self.clock,
            operators=(1,),
            compose=message_renderer(lambda: self.rules.files),
        )
        await deliver_due(worker)

    async def record_and_deliver(self, *changes: Change, **how: str) -> None:
        """Record changes and deliver their alerts."""
        await asyncio.to_thread(self.record, *changes, **how)
        await self.deliver()


@asynccontextmanager
async def running_system(
    database: Database, *, rules: FixedRules | None = None, policy: AccessPolicy | None = None
) -> AsyncIterator[System]:
    """Run the bot and the channel while the block runs."""
    clock = Clock()
    in_force = rules or FixedRules()
    async with (
        running(database, rules=in_force, clock=clock, policy=policy) as api,
        TelegramChannel(
            TOKEN, base_url=api.base_url, flood_control=FloodControl(sleep=no_sleep)
        ) as channel,
    ):
        provider = RuleProvider(
            FixedRuleFiles(in_force),  # type: ignore[arg-type]
            custom=custom_rules_reader(database),
        )
        yield System(database, api, clock, provider, channel)

"""From the outbox by channels: settings, rows, channels and the worker together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import feedparser
import pytest
from alert_story import NOW, Clock, plant
from receiver import Receiver, Reply

from monitor.app import channel_configs, lookup_in, open_channels
from monitor.channels.fake import FakeChannel
from monitor.channels.router import ChannelRouter
from monitor.config.settings import load_settings
from monitor.errors import UserError
from monitor.json_contract import logged_json
from monitor.model.alerts import Recipient
from monitor.outbox.admin import list_alerts
from monitor.outbox.worker import OutboxWorker, deliver_due
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.recipients import find_recipient_id, get_recipient, sync_channels

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@dataclass
class Run:
    """A run with these channels over a database."""

    database: object
    settings: object
    clock: Clock

    def key(self, name):
        with self.database.read() as connection:
            return find_recipient_id(connection, Recipient(0, 0, name))

    def states(self):
        with self.database.read() as connection:
            return {item.recipient_id: item.state for item in list_alerts(connection)}

    async def deliver(self):
        lookup = lookup_in(self.database)
        async with open_channels(self.settings, lookup=lookup, now=self.clock) as channels:
            worker = OutboxWorker(self.database, ChannelRouter(FakeChannel(), channels), self.clock)
            return await deliver_due(worker)


@pytest.fixture
def start(sqlite_database, tmp_path):
    def begin(text):
        file = tmp_path / "monitor.toml"
        file.write_text(text, encoding="utf-8")
        run = Run(sqlite_database, load_settings(file), Clock())
        with sqlite_database.write() as connection:
            sync_channels(connection, channel_configs(run.settings), now=NOW)
        return run

    return begin


async def test_an_alert_goes_to_every_channel_of_a_rule(start, tmp_path):
    with Receiver() as receiver:
        run = start(
            f'[channels.team]\napprise = "json://{receiver.address}/team"\n'
            f'[channels.hook]\nwebhook = "http://{receiver.address}/hook"\nsecret = "{SECRET}"\n'
            'allow_private = true\n[channels.feed]\natom = "alerts.xml"\n'
        )
        plant(run.database, chats=[run.key(name) for name in ("team", "hook", "feed")])
        report = await run.deliver()
    assert (report.sent, report.retried, report.dead) == (3, 0, 0)
    by_path = {got.path: got for got in receiver.received}
    assert set(by_path) == {"/team", "/hook"}
    said = by_path["/hook"].json
    with run.database.read() as connection:
        (line,) = list_changes(connection, ChangeConditions(label=None))
    (change,) = said["data"]["changes"]
    assert change == logged_json(line) | {"rules": ["guizhou"], "priority": 0}
    (entry,) = feedparser.parse((tmp_path / "alerts.xml").read_bytes()).entries
    assert entry.link == "https://www.example.gov.cn/report.html"


async def test_a_rate_limited_channel_delays_no_other(start, tmp_path):
    with Receiver(Reply(429, headers={"Retry-After": "600"}), Reply()) as receiver:
        run = start(
            f'[channels.team]\napprise = "json://{receiver.address}/team"\n'
            '[channels.feed]\natom = "alerts.xml"\n'
        )
        team, feed = run.key("team"), run.key("feed")
        plant(run.database, chats=[team, feed])
        await run.deliver()
        assert run.states() == {team: "pending", feed: "sent"}
        run.clock.time += timedelta(seconds=601)
        await run.deliver()
    assert run.states() == {team: "sent", feed: "sent"}


async def test_a_removed_receiver_gets_no_more_messages(start):
    with Receiver(Reply(410)) as receiver:
        run = start(
            f'[channels.hook]\nwebhook = "http://{receiver.address}/hook"\nsecret = "{SECRET}"\n'
            "allow_private = true\n"
        )
        key = run.key("hook")
        plant(run.database, chats=[key])
        await run.deliver()
    with run.database.read() as connection:
        assert not get_recipient(connection, key).active
    assert run.states() == {key: "dead"}


async def test_alerts_for_a_removed_channel_are_given_up(start):
    run = start('[channels.feed]\natom = "alerts.xml"\n')
    key = run.key("feed")
    plant(run.database, chats=[key])
    rest = start("")
    await rest.deliver()
    assert rest.states() == {key: "dead"}


async def test_an_unusable_channel_is_reported_at_start(start):
    run = start('[channels.team]\napprise = "feishu://"\n')
    with pytest.raises(UserError, match=r"channels\.team"):
        await run.deliver()

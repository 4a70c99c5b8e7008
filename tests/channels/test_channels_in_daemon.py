"""A daemon with channels: rows at its start, names in rules, alerts out, Telegram's calls in."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import socket

import feedparser
import pytest
from alert_story import Clock, plant
from rich.console import Console
from telegram_api import TOKEN, FakeBotApi

from monitor import app
from monitor.app import open_app
from monitor.config.settings import load_settings
from monitor.errors import UserError
from monitor.fetching.fake import FakeFetcher
from monitor.model.alerts import Recipient
from monitor.outbox.admin import list_alerts
from monitor.outbox.worker import deliver_due
from monitor.storage.recipients import find_recipient_id, get_recipient

RULES = "rules:\n  - {id: guizhou, name: 贵州, regions: [贵州], then: {channels: [feed]}}\n"
FEED = '[channels.feed]\natom = "alerts.xml"\nlanguage = "en"\n'


@pytest.fixture
def daemon(tmp_path, sqlite_database):
    def opened(text, rules=RULES):
        (tmp_path / "rules").mkdir(exist_ok=True)
        (tmp_path / "rules" / "mine.yaml").write_text(rules, encoding="utf-8")
        (tmp_path / "monitor.toml").write_text(text, encoding="utf-8")
        return open_app(
            load_settings(tmp_path / "monitor.toml"),
            console=Console(file=io.StringIO()),
            fetcher=FakeFetcher({}),
            now=Clock(),
        )

    return opened


async def test_alerts_go_to_channels_and_the_terminal(daemon, tmp_path):
    async with daemon(FEED) as run:
        with run.context.database.read() as connection:
            key = find_recipient_id(connection, Recipient(0, 0, "feed"))
            assert get_recipient(connection, key).language == "en"
        plant(run.context.database, chats=[key])
        await deliver_due(app.outbox_worker(run))
    (entry,) = feedparser.parse((tmp_path / "alerts.xml").read_bytes()).entries
    assert entry.id.endswith("alert-1")


async def test_a_rule_that_names_an_unknown_channel_is_an_error(daemon):
    with pytest.raises(UserError, match=r"mine\.yaml:2.*feed"):
        async with daemon('[channels.feeds]\natom = "alerts.xml"\n'):
            pass


async def test_an_unusable_channel_stops_the_start(daemon, tmp_path):
    (tmp_path / "alerts.xml").write_text("mine")
    with pytest.raises(UserError, match="not overwritten"):
        async with daemon(FEED):
            pass


async def test_telegram_calls_instead_of_being_asked(daemon):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secret = "0123456789abcdef"
    update = {
        "update_id": 1,
        "message": {
            "message_id": 1,
            "date": 1_770_000_000,
            "chat": {"id": 5, "type": "private", "first_name": "Ann"},
            "from": {"id": 5, "is_bot": False, "first_name": "Ann"},
            "text": "/help",
            "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
        },
    }

    def post():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        connection.request("POST", "/updates", json.dumps(update), headers)
        status = connection.getresponse().status
        connection.close()
        return status

    async with FakeBotApi() as api:
        api.add_chat(5)
        text = (
            f'{FEED}[telegram]\ntoken = "{TOKEN}"\nbase_url = "{api.base_url}"\n'
            f'webhook_url = "https://bot.example.org/updates"\nwebhook_secret = "{secret}"\n'
            f'webhook_listen = "127.0.0.1:{port}"\n'
        )
        async with daemon(text) as run, app.serve_bot(run):
            while await asyncio.to_thread(post) == 503:
                pass
            assert "/subscribe" in (await api.reply(5)).text
        assert api.sent(method="getUpdates") == []


async def test_what_waits_for_chats_outlasts_a_run_without_the_token(daemon):
    async with daemon(FEED) as run:
        plant(run.context.database, chats=[0, 7])
        worker = app.outbox_worker(run)
        await deliver_due(worker)
        assert await worker.next_due() is None
        with run.context.database.read() as connection:
            assert [(line.recipient_id, line.state) for line in list_alerts(connection)] == [
                (7, "pending"),
                (0, "sent"),
            ]


async def test_what_waits_for_the_terminal_is_none_of_telegrams(daemon):
    async with FakeBotApi() as api:
        api.add_chat(7)
        text = f'{FEED}[telegram]\ntoken = "{TOKEN}"\nbase_url = "{api.base_url}"\n'
        async with daemon(text) as run:
            plant(run.context.database, chats=[0, 7])
            worker = app.outbox_worker(run)
            await deliver_due(worker)
            assert await worker.next_due() is None
            with run.context.database.read() as connection:
                assert [(line.recipient_id, line.state) for line in list_alerts(connection)] == [
                    (7, "sent"),
                    (0, "pending"),
                ]
                # Chat 0 must not be taken for one that is gone: the terminal would stay silent.
                assert get_recipient(connection, 0).active

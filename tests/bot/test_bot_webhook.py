"""Updates by webhook: posted as Telegram posts them, and as somebody else would."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import signal
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from bot_app import bot_context, no_sleep
from telegram_api import TOKEN, WAIT, FakeBotApi, Refusal

from monitor.bot.app import build_application
from monitor.bot.runner import ALLOWED_UPDATES
from monitor.bot.webhook import MAX_BODY, MAX_SKIPPED_BODY, webhook
from monitor.channels.flood_control import FloodControl
from monitor.errors import UserError

SECRET = "s3cret_of-Telegram"
URL = "https://bot.example.org/telegram/updates"
PATH = "/telegram/updates"


def bot(database, api, token=TOKEN):
    return build_application(
        token,
        base_url=api.base_url,
        base_file_url=api.base_file_url,
        context=bot_context(database),
        flood_control=FloodControl(sleep=no_sleep),
    )


@dataclass
class Hook:
    api: FakeBotApi
    port: int
    application: object

    def post(self, body, *, path=PATH, secret=SECRET, method="POST", headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            said = {"Content-Type": "application/json", **dict(headers)}
            if secret is not None:
                said["X-Telegram-Bot-Api-Secret-Token"] = secret
            connection.request(method, path, body, said)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    async def deliver(self, update):
        """As Telegram does: again while it is not taken."""
        body = json.dumps(update).encode()
        while (await asyncio.to_thread(self.post, body))[0] == 503:
            pass


def message(number, text="/help", chat=5):
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "date": 1_770_000_000,
            "chat": {"id": chat, "type": "private", "first_name": "Ann"},
            "from": {"id": chat, "is_bot": False, "first_name": "Ann"},
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
        },
    }


@asynccontextmanager
async def running(database, *, started=True):
    async with FakeBotApi() as api:
        api.add_chat(5)
        application = bot(database, api)
        where = {"url": URL, "secret": SECRET, "address": "127.0.0.1:0", "pause": 0.01}
        async with webhook(application, **where) as (port, _):
            hook = Hook(api, port, application)
            if started:
                await hook.deliver({"update_id": 1})
            yield hook


async def test_a_command_is_answered(sqlite_database):
    async with running(sqlite_database) as hook:
        await hook.deliver(message(10))
        assert "/subscribe" in (await hook.api.reply(5)).text
    (call,) = hook.api.sent(method="setWebhook")
    assert call.params["url"] == URL
    assert call.params["secret_token"] == SECRET
    assert call.params["allowed_updates"] == list(ALLOWED_UPDATES)
    assert not call.params.get("drop_pending_updates")
    # Updates wait at Telegram until the next start.
    assert hook.api.sent(method="deleteWebhook") == []


async def test_an_unreadable_update_is_acknowledged_and_logged_once(sqlite_database, caplog):
    async with running(sqlite_database) as hook:
        broken = message(10) | {"message": {"chat": "x"}}
        await hook.deliver(broken)
        await hook.deliver(broken)
        await hook.deliver(message(11))
        await hook.api.reply(5)
    assert caplog.text.count("bot.update_skipped") == 1


async def test_a_repeated_update_is_handled_once(sqlite_database):
    async with running(sqlite_database) as hook:
        await hook.deliver(message(10))
        await hook.deliver(message(10))
        await hook.deliver(message(11, "/rules"))
        await hook.api.reply(5, 1)
    assert len(hook.api.sent(5)) == 2


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, {"secret": None}),
        (401, {"secret": ""}),
        (401, {"secret": SECRET[:-1]}),
        (401, {"secret": SECRET + "x"}),
        (404, {"path": "/"}),
        (404, {"path": PATH + "/"}),
        (404, {"path": "/../.." + PATH}),
        (405, {"method": "GET"}),
        (405, {"method": "PUT"}),
        # With the secret it is Telegram, which repeats what is not acknowledged.
        (200, {"body": b"no json"}),
        (200, {"body": b"[]"}),
        (200, {"body": b"{}"}),
        (200, {"body": b'{"update_id": "1"}'}),
        (200, {"body": b"[" * 100_000}),
        (200, {"body": b"\xff\xfe"}),
        (200, {"body": b" " * (MAX_BODY + 1)}),
        (200, {"body": b'{"update_id": 9, "message": {"broken": true}}'}),
        (200, {"body": b'{"update_id": 9, "of_a_later_api": {}}'}),
    ],
)
async def test_what_is_refused(sqlite_database, status, said):
    body = said.pop("body", json.dumps(message(10)).encode())
    async with running(sqlite_database) as hook:
        answered, headers, content = await asyncio.to_thread(hook.post, body, **said)
        assert answered == status
        assert content == b""
        assert set(map(str.lower, headers)) <= {"content-length", "connection", "allow"}
        assert hook.application.update_queue.empty()


def knock(port, *lines, body=b""):
    """The first line of the answer to a request of which only this is sent."""
    with socket.create_connection(("127.0.0.1", port), WAIT) as connection:
        head = "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: x", *lines, "", ""]).encode()
        connection.sendall(head + body)
        return connection.recv(100).splitlines()[0]


async def test_a_body_that_is_too_long_is_not_read(sqlite_database):
    secret = f"X-Telegram-Bot-Api-Secret-Token: {SECRET}"
    async with running(sqlite_database) as hook:
        declared = await asyncio.to_thread(
            knock, hook.port, secret, f"Content-Length: {MAX_SKIPPED_BODY + 1}"
        )
        chunk = b"400001\r\n" + b" " * 0x400001
        endless = await asyncio.to_thread(
            knock, hook.port, secret, "Transfer-Encoding: chunked", body=chunk
        )
    assert b"413" in declared
    assert b"413" in endless


async def test_the_secret_is_looked_at_before_the_body(sqlite_database):
    async with running(sqlite_database) as hook:
        answer = await asyncio.to_thread(knock, hook.port, "Content-Length: 1000")
    assert b"401" in answer


async def test_what_comes_before_telegram_was_greeted_stays_with_telegram(sqlite_database):
    async with FakeBotApi() as api:
        api.refuse(Refusal(502, "Bad Gateway"), times=1000)
        application = bot(sqlite_database, api)
        where = {"url": URL, "secret": SECRET, "address": "127.0.0.1:0"}
        async with webhook(application, **where) as (port, _):
            hook = Hook(api, port, application)
            status, _, _ = await asyncio.to_thread(hook.post, json.dumps(message(1)).encode())
            assert status == 503


async def test_a_token_that_is_refused_is_said_and_stops_nothing(sqlite_database, caplog):
    async with FakeBotApi() as api:
        application = bot(sqlite_database, api, "999999:wrong")
        async with webhook(application, url=URL, secret=SECRET, address="127.0.0.1:0"):
            async with asyncio.timeout(WAIT):
                while "bot.token_refused" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0)
    assert "wrong" not in caplog.text


async def test_it_takes_no_signals_and_logs_no_requests(sqlite_database, caplog):
    caplog.set_level(logging.DEBUG)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with running(sqlite_database) as hook:
        await hook.deliver(message(10))
        await hook.api.reply(5)
        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    assert not [r for r in caplog.records if r.name.startswith("uvicorn") and r.levelno >= 20]
    assert SECRET not in caplog.text


async def test_a_port_that_is_taken_is_the_users_mistake(sqlite_database):
    async with running(sqlite_database) as hook:
        application = bot(sqlite_database, hook.api)
        taken = f"127.0.0.1:{hook.port}"
        with pytest.raises(UserError, match="cannot listen on 127"):
            async with webhook(application, url=URL, secret=SECRET, address=taken):
                pass


async def test_telegram_carries_updates_itself(sqlite_database):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    async with FakeBotApi() as api:
        api.say(5, "/help")
        where = {"url": f"http://{address}{PATH}", "secret": SECRET, "address": address}
        async with webhook(bot(sqlite_database, api), **where):
            assert "/subscribe" in (await api.reply(5)).text

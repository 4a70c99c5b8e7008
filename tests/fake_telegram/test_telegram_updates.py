"""The fake Bot API: how updates reach the bot, by asking or at an address of its own."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from telegram.error import BadRequest, Conflict
from telegram_api import TOKEN, FakeBotApi
from telegram_bot import talking


@contextmanager
def listening(*answers: int) -> Iterator[tuple[str, list]]:
    """An address that answers so, 200 in the end, and what came to it."""
    came: list[tuple[str | None, dict]] = []
    left = list(answers)

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            came.append((self.headers["X-Telegram-Bot-Api-Secret-Token"], body))
            self.send_response(left.pop(0) if left else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_updates_are_posted_in_order_until_they_are_taken() -> None:
    with listening(500, 403) as (address, came):
        async with talking() as (api, bot):
            await bot.set_webhook(address, secret_token="s-3_T")
            api.say(7, "one")
            api.say(7, "two")
            await api.wait_for(lambda: len(came) == 4 and not api.waiting)
            texts = [body["message"]["text"] for _, body in came]
            assert texts == ["one", "one", "one", "two"]
            assert {secret for secret, _ in came} == {"s-3_T"}
            with pytest.raises(Conflict, match="while webhook is active"):
                await bot.get_updates()
            await bot.delete_webhook()
            api.say(7, "three")
            (update,) = await bot.get_updates()
            assert update.message.text == "three"
            assert (await bot.get_webhook_info()).url == ""


async def test_an_address_that_refuses_is_reported() -> None:
    with listening(*[503] * 1000) as (address, came):
        async with talking() as (api, bot):
            await bot.set_webhook(address, allowed_updates=["message"])
            api.say(7, "one")
            await api.wait_for(lambda: api.hook is not None and api.hook.tries)
            info = await bot.get_webhook_info()
            assert info.pending_update_count == 1
            assert "503" in info.last_error_message
            assert info.allowed_updates == ("message",)
            await bot.set_webhook("", drop_pending_updates=True)
            assert (await bot.get_webhook_info()).pending_update_count == 0
    assert came[0][0] is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.org/", "an https url must be provided"),
        ("https://example.org:9000/", "only on ports 80, 88, 443 or 8443"),
    ],
)
async def test_addresses_are_those_that_telegram_takes(url: str, reason: str) -> None:
    async with talking() as (_, bot):
        with pytest.raises(BadRequest, match=reason):
            await bot.set_webhook(url)


async def test_only_updates_that_were_asked_for_come() -> None:
    async with talking() as (api, bot):
        await bot.get_updates(allowed_updates=["callback_query"])
        api.say(7, "x")
        assert not await bot.get_updates()
        await bot.get_updates(allowed_updates=[])
        api.say(7, "y")
        assert len(await bot.get_updates()) == 1


async def test_the_last_client_that_polls_gets_the_updates() -> None:
    with FakeBotApi() as api:
        found: list = []

        def poll() -> None:
            found.append(api.answer("getUpdates", {"timeout": "60"}))

        thread = threading.Thread(target=poll)
        thread.start()
        await api.wait_for(lambda: api.polls == 1)
        assert api.answer("getUpdates", {})[0] == 200
        thread.join()
        assert found[0][0] == 409
        assert b"terminated by other getUpdates" in found[0][1]


async def test_a_killed_client_does_not_affect_others(capfd: pytest.CaptureFixture[str]) -> None:
    async with talking() as (api, bot):
        port = int(api.base_url.rsplit(":", 1)[1].partition("/")[0])
        poll = f"GET /bot{TOKEN}/getUpdates?timeout=60 HTTP/1.1\r\n\r\n".encode()
        # In the middle of a call, and while it waits for its answer.
        for said in (b"POST /bot", b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nx", poll):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(said)
                if said == poll:
                    await api.wait_for(lambda: api.polls == 1)
                # The kernel resets what a killed process leaves unread; so does this.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        api.say(7, "x")
        (update,) = await bot.get_updates()
        assert update.message.text == "x"
    assert capfd.readouterr().err == ""

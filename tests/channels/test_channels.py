"""Senders keep one contract; Telegram's refusals become our outcomes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from alert_story import NOW, Clock, plant
from rich.console import Console
from sqlalchemy import select
from telegram_api import TOKEN, FakeBotApi, Refusal

from monitor.channels.base import Channel
from monitor.channels.fake import FakeChannel
from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import TelegramChannel
from monitor.channels.terminal import TerminalChannel
from monitor.errors import ChatGone, ChatMoved, DeliveryError, RetryLater
from monitor.messages.richtext import Button, Message, Span
from monitor.model.alerts import Recipient
from monitor.outbox.worker import OutboxWorker, deliver_due
from monitor.storage.engine import Database
from monitor.storage.recipients import save_chat
from monitor.storage.subscriptions import rules_of, subscribe
from monitor.storage.tables import alert_table

HELLO = Message(
    (Span("算力 <160> & "), Span("160", strike=True), Span("190", bold=True)),
    ((Button("看", "look"),),),
)


async def no_sleep(_: float) -> None:
    """Pace without waiting: the fake server counts nothing."""


@asynccontextmanager
async def telegram(token: str = TOKEN) -> AsyncIterator[tuple[FakeBotApi, TelegramChannel]]:
    async with (
        FakeBotApi() as api,
        TelegramChannel(
            token, base_url=api.base_url, flood_control=FloodControl(sleep=no_sleep)
        ) as channel,
    ):
        api.add_chat(7)
        yield api, channel


async def keeps_the_contract(channel: Channel) -> None:
    first = await channel.send(Recipient(7), HELLO)
    second = await channel.send(Recipient(7), HELLO)
    assert second > first > 0


async def test_all_senders_give_each_message_its_id() -> None:
    await keeps_the_contract(FakeChannel())
    await keeps_the_contract(TerminalChannel(Console(file=io.StringIO())))
    async with telegram() as (_, channel):
        await keeps_the_contract(channel)


async def test_a_message_arrives_with_styles_and_buttons_and_no_preview() -> None:
    async with telegram() as (api, channel):
        message_id = await channel.send(Recipient(7), HELLO)
        (call,) = api.sent(7)
    assert call.result["message_id"] == message_id
    assert call.text == "算力 <160> & 160190"
    assert [e["type"] for e in call.result["entities"]] == ["strikethrough", "bold"]
    assert call.buttons == {"看": "look"}
    assert call.params["link_preview_options"] == {"is_disabled": True}


async def test_refused_markup_is_sent_once_more_as_plain_text() -> None:
    async with telegram() as (api, channel):
        api.refuse(Refusal(400, "Bad Request: can't parse entities: Unsupported start tag"))
        await channel.send(Recipient(7), HELLO)
        (call,) = api.sent(7)
        assert len(api.calls) == 2
    assert "parse_mode" not in call.params
    assert call.text == "算力 <160> & ~~160~~190"


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Refusal(403, "Forbidden: bot was blocked by the user"), ChatGone),
        (Refusal(400, "Bad Request: chat not found"), ChatGone),
        (Refusal(400, "Bad Request: not enough rights to send text messages"), ChatGone),
        (Refusal(400, "Bad Request: TOPIC_CLOSED"), DeliveryError),
        (Refusal(429, "Too Many Requests: retry after 7", retry_after=7), RetryLater),
        (Refusal(502, "Bad Gateway"), RetryLater),
        (Refusal(500, "Internal Server Error"), RetryLater),
        (Refusal(400, "Bad Request: group upgraded", migrate_to_chat_id=-1007), ChatMoved),
        ("drop", RetryLater),
        ("garbage", RetryLater),
    ],
)
async def test_a_refusal_says_what_to_do_next(
    refusal: Refusal | str, error: type[DeliveryError]
) -> None:
    async with telegram() as (api, channel):
        api.refuse(refusal)
        with pytest.raises(DeliveryError) as caught:
            await channel.send(Recipient(7), HELLO)
        assert type(caught.value) is error
        assert await channel.send(Recipient(7), HELLO) > 0


async def test_retry_after_is_passed_on() -> None:
    async with telegram() as (api, channel):
        api.flood(23)
        with pytest.raises(RetryLater) as caught:
            await channel.send(Recipient(7), HELLO)
    assert caught.value.seconds == 23


async def test_an_invalid_token_does_not_mark_the_chat_as_refused_and_is_not_reported() -> None:
    async with telegram("1:wrong-token-of-some-length") as (_, channel):
        with pytest.raises(RetryLater) as caught:
            await channel.send(Recipient(7), HELLO)
    assert "wrong-token" not in str(caught.value)


async def test_no_server_is_waited_out() -> None:
    async with FakeBotApi() as api:
        address = api.base_url
    async with TelegramChannel(TOKEN, base_url=address) as channel:
        with pytest.raises(RetryLater) as caught:
            await channel.send(Recipient(7), HELLO)
    assert TOKEN not in str(caught.value)


async def test_an_answer_that_cannot_be_read_leaves_it_in_doubt() -> None:
    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"ok": true, "resu')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(garble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, TelegramChannel(TOKEN, base_url=f"http://127.0.0.1:{port}/bot") as channel:
        with pytest.raises(RetryLater) as caught:
            await channel.send(Recipient(7), HELLO)
    assert caught.value.possibly_delivered


async def test_alerts_arrive_once_through_a_bad_day(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, -5, title="小组", now=NOW)
        subscribe(connection, -5, "guizhou", now=NOW)
    plant(database, chats=[7, 8, -5])
    plant(database, chats=[7, 8, -5], title="四川省政府工作报告")
    clock = Clock()
    async with telegram() as (api, channel):
        api.add_chat(8)
        api.move(-5, -1005)
        api.blocked.add(8)
        api.flood(30, chat_id=7)
        for _ in range(4):
            await deliver_due(OutboxWorker(database, channel, clock, chance=lambda: 0.0))
            with database.read() as connection:
                waiting = select(alert_table.c.not_before).where(alert_table.c.state == "pending")
                clock.time = max([clock.time, *connection.scalars(waiting)])
        assert len(api.sent(7)) == 2
        assert len(api.sent(-1005)) == 2
        assert api.sent(8) == []
    with database.read() as connection:
        assert rules_of(connection, -1005) == ("guizhou",)
        states = connection.execute(select(alert_table.c.recipient_id, alert_table.c.state)).all()
    assert sorted(tuple(row) for row in states) == [
        (-1005, "sent"),
        (-1005, "sent"),
        (7, "sent"),
        (7, "sent"),
        (8, "dead"),
        (8, "dead"),
    ]


def test_the_terminal_shows_what_telegram_would() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=60, color_system="truecolor")
    console.print("")
    from monitor.channels.terminal import as_text

    text = as_text(HELLO)
    assert text.plain == "算力 <160> & 160190"
    assert [str(span.style) for span in text.spans if str(span.style)] == ["strike", "bold"]


async def test_in_a_pipe_the_terminal_says_what_was_struck_out() -> None:
    shown = io.StringIO()
    await TerminalChannel(Console(file=shown, width=60)).send(Recipient(0), HELLO)
    assert "~~160~~190" in shown.getvalue()
    assert "[bold]" not in shown.getvalue()


async def test_markup_of_the_terminal_from_outside_stays_text() -> None:
    shown = io.StringIO()
    evil = Message((Span("[red]算力[/red] [link=https://evil.example]点[/link]"),))
    await TerminalChannel(Console(file=shown, width=80, force_terminal=True)).send(
        Recipient(0), evil
    )
    assert "[red]算力[/red]" in shown.getvalue()


async def test_telegram_has_a_proxy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake answers as a proxy would: the name it is asked for exists nowhere."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with FakeBotApi() as api:
        api.add_chat(7)
        proxy = api.base_url.removesuffix("/bot")
        nowhere = "http://api.telegram.invalid/bot"
        async with TelegramChannel(
            TOKEN, base_url=nowhere, proxy=proxy, flood_control=FloodControl(sleep=no_sleep)
        ) as channel:
            await channel.send(Recipient(7), HELLO)
        assert len(api.sent(7)) == 1
        async with TelegramChannel(
            TOKEN, base_url=nowhere, flood_control=FloodControl(sleep=no_sleep)
        ) as channel:
            with pytest.raises(RetryLater) as caught:
                await channel.send(Recipient(7), HELLO)
    # Nothing was connected, so nothing can have arrived.
    assert not caught.value.possibly_delivered


@pytest.mark.parametrize(
    ("fault", "possibly_delivered"),
    [("drop", True), ("lose", True), (Refusal(502, "Bad Gateway"), True), ("garbage", True)],
)
async def test_what_may_have_arrived_is_in_doubt(
    fault: Refusal | str, possibly_delivered: bool
) -> None:
    async with telegram() as (api, channel):
        api.refuse(fault)
        with pytest.raises(RetryLater) as caught:
            await channel.send(Recipient(7), HELLO)
    assert caught.value.possibly_delivered is possibly_delivered


async def test_what_telegram_puts_off_has_not_arrived() -> None:
    async with telegram() as (api, channel):
        api.flood(7)
        with pytest.raises(RetryLater) as caught:
            await channel.send(Recipient(7), HELLO)
    assert (caught.value.seconds, caught.value.possibly_delivered) == (7, False)

"""Group chats by their webhooks: a real server on loopback, what it got, what refusals mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from alert_story import NOW, Clock
from channel_samples import HOSTILE, TO, hostile, long_message, message_of
from receiver import Receiver, Reply

from monitor.channels import chat_webhooks
from monitor.channels.apprise import open_service
from monitor.channels.chat_webhooks import ChatWebhookChannel, parse_chat_webhook
from monitor.errors import ChatGone, DeliveryError, RetryLater
from monitor.fetching.webhook_client import WebhookClient

TOKEN = "a1b2c3d4e5f6g7h8"
KINDS = ["feishu", "lark", "dingtalk", "wecombot", "slack"]
TAKEN = Reply(body=b'{"code":0,"errcode":0}')


def address_of(kind):
    return f"slack://T1/B1/{TOKEN}" if kind == "slack" else f"{kind}://{TOKEN}"


@pytest.fixture
async def chat(monkeypatch):
    """Opens a chat whose service is a receiver."""
    client = WebhookClient(allow_private=True)

    def open_chat(kind, receiver, address=None, **options):
        service = chat_webhooks.SERVICES[kind]
        place = urlsplit(service.url)
        url = place._replace(scheme="http", netloc=receiver.address).geturl()
        monkeypatch.setitem(chat_webhooks.SERVICES, kind, replace(service, url=url))
        address = address or address_of(kind)
        options = {"post": client.post} | options
        return ChatWebhookChannel(address, parse_chat_webhook(address), **options)

    async with client:
        yield open_chat


@pytest.mark.parametrize("kind", KINDS)
async def test_group_robot_messages_mention_no_one(chat, kind):
    with Receiver(TAKEN) as receiver:
        await chat(kind, receiver).send(TO, hostile())
    said = receiver.received[0].json
    text = said.get("content", said.get("text"))
    text = text.get("text") or text.get("content") if isinstance(text, dict) else text
    assert "算力" in text or "Eflops" in text
    for call in ("@everyone", "<at ", "<!channel"):
        assert call in HOSTILE
        assert call not in text


@pytest.mark.parametrize("kind", ["feishu", "lark"])
async def test_a_robot_that_refuses_with_200_has_refused(chat, kind):
    refusal = Reply(body=b'{"code":19001,"msg":"param invalid: incoming webhook access token"}')
    with (
        Receiver(refusal) as receiver,
        pytest.raises(DeliveryError, match=r"19001.*param invalid") as caught,
    ):
        await chat(kind, receiver).send(TO, message_of())
    assert not isinstance(caught.value, RetryLater | ChatGone)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("feishu", '{"code":11232,"msg":"frequency limited psm"}'),
        ("dingtalk", '{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}'),
        ("wecombot", '{"errcode":45009,"errmsg":"api freq out of limit"}'),
    ],
)
async def test_a_rate_limited_group_robot_is_paused(chat, kind, said):
    with Receiver(Reply(body=said.encode())) as receiver, pytest.raises(RetryLater) as caught:
        await chat(kind, receiver).send(TO, message_of())
    assert (caught.value.seconds, caught.value.possibly_delivered) == (60.0, False)


async def test_a_text_that_is_too_long_for_a_robot_is_not_tried_for_ever(chat):
    said = Reply(body=b'{"errcode":40058,"errmsg":"text.content exceed max length 2048"}')
    with Receiver(said) as receiver:
        robot = chat("wecombot", receiver)
        with pytest.raises(DeliveryError, match="40058") as caught:
            await robot.send(TO, message_of())
    assert not isinstance(caught.value, RetryLater)


async def test_wecom_counts_bytes(chat):
    with Receiver(Reply(body=b'{"errcode":0}')) as receiver:
        await chat("wecombot", receiver).send(TO, long_message())
    (got,) = receiver.received
    text = got.json["text"]["content"]
    assert len(text.encode()) <= 2048
    assert text.endswith("Eflops。\n…")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("feishu", f"/open-apis/bot/v2/hook/{TOKEN}"),
        ("lark", f"/open-apis/bot/v2/hook/{TOKEN}"),
        ("dingtalk", f"/robot/send?access_token={TOKEN}"),
        ("wecombot", f"/cgi-bin/webhook/send?key={TOKEN}"),
        ("slack", f"/services/T1/B1/{TOKEN}"),
    ],
)
async def test_each_service_is_posted_to_where_it_says(chat, kind, path):
    with Receiver(TAKEN) as receiver:
        await chat(kind, receiver).send(TO, message_of())
    (got,) = receiver.received
    assert got.path == path
    assert got.headers["content-type"].startswith("application/json")
    assert "160 → 190" in got.body.decode()


async def test_slack_shows_signs_as_they_are(chat):
    with Receiver(Reply(body=b"ok")) as receiver:
        await chat("slack", receiver).send(TO, hostile())
    text = receiver.received[0].json["text"]
    assert "a?b=1&amp;c=2" in text
    assert not re.search(r"[<>]", text)


async def test_dingtalk_is_signed(chat):
    with Receiver(TAKEN) as receiver:
        address = f"dingtalk://SECabc@{TOKEN}"
        await chat("dingtalk", receiver, address, now=Clock()).send(TO, message_of())
    query = parse_qs(urlsplit(receiver.received[0].path).query)
    timestamp = str(round(NOW.timestamp() * 1000))
    digest = hmac.digest(b"SECabc", f"{timestamp}\nSECabc".encode(), hashlib.sha256)
    assert query == {
        "access_token": [TOKEN],
        "timestamp": [timestamp],
        "sign": [base64.b64encode(digest).decode()],
    }


@pytest.mark.parametrize(
    ("reply", "seconds", "possibly_delivered"),
    [
        (Reply(429, headers={"Retry-After": "17"}), 17.0, False),
        (Reply(429), 60.0, False),
        (Reply(503, headers={"Retry-After": "99999"}), 3600.0, False),
        (Reply(502), 60.0, True),
    ],
)
async def test_retry_after_is_kept(chat, reply, seconds, possibly_delivered):
    with Receiver(reply) as receiver, pytest.raises(RetryLater) as caught:
        await chat("slack", receiver).send(TO, message_of())
    assert (caught.value.seconds, caught.value.possibly_delivered) == (seconds, possibly_delivered)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_names_the_status_and_no_secret(chat, caplog, kind):
    caplog.set_level(logging.DEBUG)
    reply = Reply(404, f"no such hook: {TOKEN}".encode())
    with Receiver(reply) as receiver, pytest.raises(DeliveryError) as caught:
        await chat(kind, receiver).send(TO, message_of())
    assert str(caught.value) == "the service answered 404: no such hook: <hidden>"
    assert TOKEN not in caplog.text


async def test_a_service_that_is_away_got_nothing_and_is_tried_again(chat):
    with Receiver() as receiver:
        away = receiver
    with pytest.raises(RetryLater) as caught:
        await chat("feishu", away).send(TO, message_of())
    assert caught.value.possibly_delivered is False
    assert TOKEN not in str(caught.value)


async def test_redirects_are_not_followed(chat):
    reply = Reply(302, headers={"Location": "/elsewhere"})
    with Receiver(reply) as receiver, pytest.raises(DeliveryError, match="302"):
        await chat("slack", receiver).send(TO, message_of())
    assert len(receiver.received) == 1


async def test_a_channel_has_a_proxy_of_its_own(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    service = replace(chat_webhooks.SERVICES["feishu"], url="http://service.example/{key}")
    monkeypatch.setitem(chat_webhooks.SERVICES, "feishu", service)
    address = address_of("feishu")
    with Receiver(TAKEN) as proxy:
        async with WebhookClient(proxy=f"http://{proxy.address}") as client:
            channel = ChatWebhookChannel(address, parse_chat_webhook(address), post=client.post)
            await channel.send(TO, message_of())
    assert proxy.received[0].path == f"http://service.example/{TOKEN}"


async def test_messages_keep_the_interval_of_the_service(chat):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    with Receiver(TAKEN) as receiver:
        channel = chat("wecombot", receiver, clock=lambda: 100.0, sleep=sleep)
    for _ in range(3):
        await channel.ready(TO)
    assert waits == [3.0, 6.0]


@pytest.mark.parametrize(
    "address",
    [
        f"json://{TOKEN}",
        "feishu://",
        f"feishu://{TOKEN}?overflow=split",
        "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d",
        f"dingtalk://{TOKEN}/13800000000",
        TOKEN,
    ],
)
def test_other_addresses_are_left_to_apprise(address):
    assert parse_chat_webhook(address) is None


def documented():
    page = Path(__file__).parents[2] / "docs" / "how-to" / "other-channels.md"
    rows = re.findall(r"^\| .+ \| `(\w+://[^`]+)`", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [row.replace("TOKEN", "TIiajkdnlazkcOXrIdevi7FQ") for row in rows]


@pytest.mark.parametrize("address", documented())
def test_documented_addresses_are_addresses(address):
    if not address.startswith("mail"):
        assert parse_chat_webhook(address) is not None
    assert open_service("team", address).enabled


def test_every_service_is_documented():
    assert {*chat_webhooks.SERVICES} <= {address.partition(":")[0] for address in documented()}
    assert len(documented()) >= 6

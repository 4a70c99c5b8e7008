"""Signed webhooks: verified by the scheme's own library; what is refused, what answers mean."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alert_story import Clock
from channel_samples import TO, alert_of, hostile, line_of, message_of
from receiver import Receiver, Reply
from standardwebhooks import Webhook, WebhookVerificationError

from monitor.app import lookup_in
from monitor.channels.webhook import WebhookChannel
from monitor.errors import ChatGone, DeliveryError, RetryLater, UserError
from monitor.fetching.webhook_client import WebhookClient
from monitor.json_contract import logged_json
from monitor.model.documents import Health, Outcome, SourceHealthEvent

KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
SECRET = f"whsec_{KEY}"


async def lookup(_):
    return [line_of(alert_of())]


def channel(address, post, **options):
    options = {"lookup": lookup} | options
    return WebhookChannel("hook", address, SECRET, post=post, **options)


async def test_a_receiver_can_verify_what_it_gets():
    with Receiver() as receiver:
        async with WebhookClient(allow_private=True) as client:
            await channel(f"http://{receiver.address}/hook", client.post).send(TO, hostile(9))
    (got,) = receiver.received
    said = Webhook(SECRET).verify(got.body, got.headers)
    assert got.headers["webhook-id"] == "alert-9"
    assert got.headers["content-type"] == "application/json"
    assert said["type"] == "alert.changes"
    assert said["data"]["id"] == 9
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(got.body.replace(b"160", b"161"), got.headers)


async def test_changes_are_those_that_monitor_changes_prints():
    alert = alert_of()
    with Receiver() as receiver:
        async with WebhookClient(allow_private=True) as client:
            hook = channel(f"http://{receiver.address}/hook", client.post)
            await hook.send(TO, message_of(alert))
    data = receiver.received[0].json["data"]
    (change,) = data["changes"]
    wanted = json.loads(json.dumps(logged_json(line_of(alert))))
    assert change == {**wanted, "rules": ["guizhou"], "priority": 2}
    assert data["document"]["url"] == "https://www.guizhou.gov.cn/a?b=1&c=2"
    assert data["kind"] == "changes"
    assert "160" in data["text"]


async def test_a_failing_source_is_reported_as_failing():
    event = SourceHealthEvent(
        "gz",
        "贵州",
        datetime(2026, 2, 3, tzinfo=UTC),
        Health.FAILING,
        Health.OK,
        datetime(2026, 2, 1, tzinfo=UTC),
        Outcome.ERROR,
        "timed out",
    )
    from dataclasses import replace

    alert = replace(alert_of(), document=None, changes=(), event=event)
    with Receiver() as receiver:
        async with WebhookClient(allow_private=True) as client:
            hook = channel(f"http://{receiver.address}/", client.post)
            await hook.send(TO, message_of(alert))
    said = receiver.received[0].json
    assert said["type"] == "alert.source"
    assert said["data"]["source"]["health"] == "failing"
    assert said["data"]["document"] is None


@pytest.mark.parametrize(
    ("reply", "kind", "seconds", "possibly_delivered"),
    [
        (Reply(204, b""), None, None, None),
        (Reply(410), ChatGone, None, None),
        (Reply(400), DeliveryError, None, None),
        (Reply(302, headers={"Location": "/x"}), DeliveryError, None, None),
        (Reply(429, headers={"Retry-After": "12"}), RetryLater, 12.0, False),
        (
            Reply(503, headers={"Retry-After": "Tue, 03 Feb 2026 10:01:30 GMT"}),
            RetryLater,
            90.0,
            False,
        ),
        (Reply(503), RetryLater, 60.0, True),
        (Reply(500, b"x" * 1_000_000), RetryLater, 60.0, True),
    ],
)
async def test_what_an_answer_means(reply, kind, seconds, possibly_delivered):
    with Receiver(reply) as receiver:
        async with WebhookClient(allow_private=True) as client:
            hook = channel(f"http://{receiver.address}/hook", client.post, now=Clock())
            if kind is None:
                assert await hook.send(TO, message_of()) == 0
                return
            with pytest.raises(DeliveryError) as caught:
                await hook.send(TO, message_of())
    assert type(caught.value) is kind
    assert getattr(caught.value, "seconds", None) == seconds
    assert getattr(caught.value, "possibly_delivered", None) == possibly_delivered
    assert [got.path for got in receiver.received] == ["/hook"]


async def test_a_receiver_that_does_not_answer_may_have_it():
    with Receiver(Reply(hang=True)) as receiver:
        async with WebhookClient(allow_private=True, seconds=0.2) as client:
            with pytest.raises(RetryLater) as caught:
                await channel(f"http://{receiver.address}/hook", client.post).send(TO, message_of())
        receiver.release.set()
    assert caught.value.possibly_delivered is True


async def test_a_receiver_that_is_away_has_nothing_and_its_address_stays_secret():
    with Receiver() as receiver:
        address = receiver.address
    async with WebhookClient(allow_private=True, seconds=5) as client:
        with pytest.raises(RetryLater) as caught:
            await channel(f"http://{address}/secret-path?token=abc", client.post).send(
                TO, message_of()
            )
    assert caught.value.possibly_delivered is False
    assert "secret-path" not in str(caught.value)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/latest"],
)
async def test_private_addresses_need_leave(address):
    async with WebhookClient() as client:
        with pytest.raises(DeliveryError, match=r"private|local") as caught:
            await channel(address, client.post).send(TO, message_of())
    assert not isinstance(caught.value, RetryLater)


async def test_a_name_that_leads_inside_is_refused_when_it_is_connected():
    async def rebinding(host, port):
        return ["127.0.0.1"]

    with Receiver() as receiver:
        port = receiver.address.partition(":")[2]
        async with WebhookClient(resolver=rebinding) as client:
            with pytest.raises(DeliveryError, match="private address"):
                await channel(f"http://example.org:{port}/", client.post).send(TO, message_of())
    assert receiver.received == []


async def test_a_message_without_an_alert_is_no_webhook():
    from monitor.messages.richtext import Message, Span

    async with WebhookClient() as client:
        with pytest.raises(DeliveryError, match="no alert"):
            await channel("https://example.org/", client.post).send(TO, Message((Span("x"),)))


@pytest.mark.parametrize(
    "secret", ["", "short", "whsec_", "whsec_c2hvcnQ=", KEY, "whsec_!!!", "whsec_" + "A" * 200]
)
def test_a_secret_that_is_none_is_a_mistake_and_is_not_repeated(secret):
    with pytest.raises(UserError, match="24 to 64 bytes in base64") as caught:
        WebhookChannel("hook", "https://example.org/", secret, post=None, lookup=lookup)
    assert not secret.removeprefix("whsec_") or secret not in str(caught.value)


async def test_lines_of_the_log_come_from_the_database(sqlite_database):
    assert await lookup_in(sqlite_database)([]) == ()
    assert await lookup_in(sqlite_database)([404]) == []


async def test_the_documented_receiver_tells_ours_from_others():
    page = Path(__file__).parents[2] / "docs" / "how-to" / "other-channels.md"
    (code,) = re.findall(r"```python\n(import base64.*?)```", page.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(code, names)  # noqa: S102 - the code of our own document
    with Receiver() as receiver:
        async with WebhookClient(allow_private=True) as client:
            await channel(f"http://{receiver.address}/", client.post).send(TO, message_of())
    (got,) = receiver.received
    assert names["verify"](SECRET, got.headers, got.body)
    assert not names["verify"](SECRET, got.headers, got.body + b" ")
    old = got.headers | {"webhook-timestamp": "1000000000"}
    assert not names["verify"](SECRET, old, got.body)

"""Messages by Apprise: real servers on loopback, what they got, and what their refusals mean."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from channel_samples import HOSTILE, TO, hostile, long_message, message_of
from receiver import Receiver, Reply

from monitor.channels.apprise import AppriseChannel, open_service
from monitor.errors import ChatGone, DeliveryError, RetryLater, UserError
from monitor.messages.richtext import Message, Span

TOKEN = "a1b2c3d4e5f6g7h8"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Apprise's own pace between two messages of a service waits for seconds."""
    from apprise.plugins.base import NotifyBase

    monkeypatch.setattr(NotifyBase, "throttle", lambda *_, **__: None)


def group_robot(monkeypatch, kind, receiver):
    """A robot of a chat service whose address is the receiver's."""
    from apprise.plugins import dingtalk, feishu, lark, wecombot

    base = f"http://{receiver.address}/"
    place = {
        "feishu": (feishu.NotifyFeishu, "notify_url", base + "{token}/"),
        "lark": (lark.NotifyLark, "notify_url", base),
        "dingtalk": (dingtalk.NotifyDingTalk, "notify_url", base + "?access_token={token}"),
        "wecombot": (wecombot.NotifyWeComBot, "notify_url", base + "?key={key}"),
    }[kind]
    monkeypatch.setattr(*place)
    return AppriseChannel("team", f"{kind}://{TOKEN}")


async def test_a_service_gets_title_and_text(monkeypatch):
    with Receiver() as receiver:
        await AppriseChannel("team", f"json://{receiver.address}/in?format=text").send(
            TO, message_of()
        )
    got = receiver.received[0].json
    assert got["title"] == "贵州 算力规模 160 → 190 Eflops ▲18.75%"
    assert got["title"] not in got["message"]
    assert "https://www.guizhou.gov.cn/a?b=1&c=2" in got["message"]
    assert "<" not in got["message"]


async def test_outside_text_is_escaped_where_html_is_shown():
    with Receiver() as receiver:
        await AppriseChannel("team", f"json://{receiver.address}/in").send(TO, hostile())
    got = receiver.received[0].json["message"]
    assert "<br/>" in got
    assert "<script" not in got
    assert "&lt;script&gt;alert(1)" in got
    assert 'href="https://www.guizhou.gov.cn/a?b=1&amp;c=2"' in got


@pytest.mark.parametrize("kind", ["feishu", "lark", "dingtalk", "wecombot"])
async def test_group_robots_call_nobody(monkeypatch, kind):
    with Receiver(Reply(body=b'{"code":0,"errcode":0}')) as receiver:
        await group_robot(monkeypatch, kind, receiver).send(TO, hostile())
    said = receiver.received[0].json
    text = said.get("content", said.get("text"))
    text = text.get("text") or text.get("content") if isinstance(text, dict) else text
    assert "算力" in text or "Eflops" in text
    for call in ("@everyone", "<at ", "<!channel"):
        assert call in HOSTILE
        assert call not in text


@pytest.mark.parametrize("kind", ["feishu", "lark"])
async def test_a_robot_that_refuses_with_200_has_refused(monkeypatch, kind):
    refusal = Reply(body=b'{"code":19001,"msg":"param invalid: incoming webhook access token"}')
    with (
        Receiver(refusal) as receiver,
        pytest.raises(DeliveryError, match=r"19001.*param invalid") as caught,
    ):
        await group_robot(monkeypatch, kind, receiver).send(TO, message_of())
    assert not isinstance(caught.value, RetryLater | ChatGone)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("feishu", '{"code":11232,"msg":"frequency limited psm"}'),
        ("dingtalk", '{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}'),
        ("wecombot", '{"errcode":45009,"errmsg":"api freq out of limit"}'),
    ],
)
async def test_a_robot_that_was_told_too_much_is_left_alone_for_a_while(monkeypatch, kind, said):
    with Receiver(Reply(body=said.encode())) as receiver, pytest.raises(RetryLater) as caught:
        await group_robot(monkeypatch, kind, receiver).send(TO, message_of())
    assert (caught.value.seconds, caught.value.possibly_delivered) == (60.0, False)


async def test_a_text_that_is_too_long_for_a_robot_is_not_tried_for_ever(monkeypatch):
    said = Reply(body=b'{"errcode":40058,"errmsg":"text.content exceed max length 2048"}')
    with Receiver(said) as receiver:
        robot = group_robot(monkeypatch, "wecombot", receiver)
        with pytest.raises(DeliveryError, match="40058") as caught:
            await robot.send(TO, message_of())
    assert not isinstance(caught.value, RetryLater)


async def test_wecom_counts_bytes(monkeypatch):
    with Receiver(Reply(body=b'{"errcode":0}')) as receiver:
        await group_robot(monkeypatch, "wecombot", receiver).send(TO, long_message())
    (got,) = receiver.received
    text = got.json["text"]["content"]
    assert len(text.encode()) <= 2048
    assert text.endswith("Eflops。\n…")


@pytest.mark.parametrize(
    ("reply", "seconds", "possibly_delivered"),
    [
        (Reply(429, headers={"Retry-After": "17"}), 17.0, False),
        (Reply(429), 60.0, False),
        (Reply(503, headers={"Retry-After": "99999"}), 3600.0, False),
        (Reply(502), 60.0, True),
    ],
)
async def test_patience_is_asked_for_and_given(reply, seconds, possibly_delivered):
    with Receiver(reply) as receiver, pytest.raises(RetryLater) as caught:
        await AppriseChannel("team", f"json://{receiver.address}/in").send(TO, message_of())
    assert (caught.value.seconds, caught.value.possibly_delivered) == (seconds, possibly_delivered)


async def test_a_refusal_names_the_status_and_no_secret(caplog):
    caplog.set_level(logging.DEBUG)
    body = b'{"error":"no such hook: ' + TOKEN.encode() + b'"}'
    with Receiver(Reply(404, body)) as receiver:
        channel = AppriseChannel("team", f"json://user:{TOKEN}@{receiver.address}/{TOKEN}")
        with pytest.raises(DeliveryError) as caught:
            await channel.send(TO, message_of())
    assert str(caught.value) == "the service answered 404: error no such hook: <hidden>"
    assert TOKEN not in caplog.text


async def test_a_service_that_is_away_got_nothing_and_is_tried_again():
    with Receiver() as receiver:
        address = receiver.address
    with pytest.raises(RetryLater, match="no way to the service: ConnectionError") as caught:
        await AppriseChannel("team", f"json://{address}/{TOKEN}").send(TO, message_of())
    assert caught.value.possibly_delivered is False


async def test_redirects_are_not_followed():
    with Receiver(Reply(302, headers={"Location": "/elsewhere"})) as receiver:
        channel = AppriseChannel("team", f"json://{receiver.address}/in")
        with pytest.raises(DeliveryError, match="302"):
            await channel.send(TO, message_of())
    assert [got.path for got in receiver.received] == ["/in"]


async def test_a_service_that_hangs_holds_up_neither_the_loop_nor_the_next_message():
    with Receiver(Reply(hang=True)) as receiver:
        channel = AppriseChannel("team", f"json://{receiver.address}/in", seconds=0.2)
        with pytest.raises(RetryLater, match="no answer within") as caught:
            await channel.send(TO, message_of())
        assert caught.value.possibly_delivered is True
        with pytest.raises(RetryLater, match="hangs still") as caught:
            await channel.send(TO, message_of())
        assert caught.value.possibly_delivered is False
        assert len(receiver.received) == 1
        thread = channel._thread
        receiver.release.set()
        await asyncio.to_thread(thread.join)


async def test_a_way_has_a_proxy_of_its_own(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Receiver() as proxy:
        channel = AppriseChannel(
            "team", "json://service.example/in", proxy=f"http://{proxy.address}"
        )
        await channel.send(TO, message_of())
    assert proxy.received[0].path == "http://service.example/in"


class _Port(Controller):
    """On a free port: the library knocks at the one it was given."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Mailbox:
    def __init__(self, answer="250 OK"):
        self.letters = []
        self.answer = answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the library's name
        self.letters.append(
            (envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default))
        )
        return self.answer


@pytest.fixture
def mail_server():
    started = []

    def start(answer="250 OK", **options):
        mailbox = _Mailbox(answer)
        controller = _Port(mailbox, hostname="127.0.0.1", port=0, **options)
        controller.start()
        started.append(controller)
        return mailbox, controller.port

    yield start
    for controller in started:
        controller.stop()


def mail(port, user=""):
    return f"mailto://{user}127.0.0.1:{port}?from=monitor@example.org&to=team@example.org&mode=insecure"


async def test_a_letter_is_html_with_text_beside_it(mail_server):
    mailbox, port = mail_server()
    await AppriseChannel("team", mail(port)).send(TO, hostile())
    ((to, letter),) = mailbox.letters
    assert to == ["team@example.org"]
    assert "Eflops" in letter["Subject"]
    rich = letter.get_body(("html",)).get_content()
    assert "<script" not in rich
    assert "&lt;script&gt;" in rich


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 later please", RetryLater), ("554 no spam here", DeliveryError)]
)
async def test_what_a_mail_server_refuses(mail_server, answer, kind):
    _, port = mail_server(answer)
    with pytest.raises(DeliveryError) as caught:
        await AppriseChannel("team", mail(port)).send(TO, message_of())
    assert type(caught.value) is kind
    assert "mail" in str(caught.value).lower()


async def test_a_mail_password_stands_in_no_reason(mail_server, caplog):
    caplog.set_level(logging.DEBUG)
    _, port = mail_server(
        authenticator=lambda *_: AuthResult(success=False, handled=False),
        auth_require_tls=False,
    )
    with pytest.raises(DeliveryError) as caught:
        await AppriseChannel("team", mail(port, f"user:{TOKEN}@")).send(TO, message_of())
    assert TOKEN not in str(caught.value)
    assert TOKEN not in caplog.text


async def test_a_mail_server_that_is_away_is_waited_for(mail_server):
    with Receiver() as receiver:
        port = receiver.address.partition(":")[2]
    with pytest.raises(RetryLater):
        await AppriseChannel("team", mail(port)).send(TO, message_of())


@pytest.mark.parametrize(
    "address",
    [
        "syslog://",
        "dbus://",
        "kde://",
        "gnome://",
        "macosx://",
        "windows://",
        "blink1://",
        "glib://",
    ],
)
def test_services_of_this_machine_are_refused(address):
    with pytest.raises(UserError, match="reaches this machine and no network"):
        open_service("team", address)


@pytest.mark.parametrize(
    "address",
    [f"nothing://{TOKEN}", TOKEN, "file:///etc/passwd", "discord://short", "exec://ls", ""],
)
def test_an_address_that_is_none_is_a_mistake_and_is_not_repeated(address, caplog):
    with pytest.raises(
        UserError, match=r"channels\.team: Apprise cannot use this address"
    ) as caught:
        open_service("team", address)
    for text in (str(caught.value), caplog.text):
        assert TOKEN not in text
        assert "passwd" not in text


def test_without_apprise_the_mistake_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UserError, match=r"pip install 'policy-monitor\[channels\]'"):
        AppriseChannel("team", "json://127.0.0.1/in")


@pytest.mark.parametrize(
    ("address", "proxy"),
    [("json://localhost/x", "socks5://h:1"), ("mailto://u:p@example.org", "http://h:1")],
)
def test_a_proxy_that_would_not_be_used_is_a_mistake(address, proxy):
    with pytest.raises(UserError, match=r"channels\.team\.proxy"):
        open_service("team", address, proxy=proxy)


async def test_a_message_without_a_headline_keeps_its_text():
    with Receiver() as receiver:
        channel = AppriseChannel("team", f"json://{receiver.address}/in?format=text")
        await channel.send(TO, Message((Span("第一行\n第二行"),)))
    assert receiver.received[0].json["title"] == "第一行"
    assert receiver.received[0].json["message"] == "第一行\n第二行"


def test_apprise_is_not_loaded_before_it_is_needed():
    import subprocess

    code = "import sys, monitor.cli, monitor.app; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def documented():
    page = Path(__file__).parents[2] / "docs" / "how-to" / "other-channels.md"
    rows = re.findall(r"^\| .+ \| `(\w+://[^`]+)`", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [row.replace("TOKEN", "TIiajkdnlazkcOXrIdevi7FQ") for row in rows]


@pytest.mark.parametrize("address", documented())
def test_documented_addresses_are_addresses(address):
    assert open_service("team", address).enabled


def test_every_service_is_documented():
    assert len(documented()) >= 6

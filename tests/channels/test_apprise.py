"""Messages by Apprise: real servers on loopback, what they got, and what their refusals mean."""

from __future__ import annotations

import asyncio
import logging
import sys
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from channel_samples import TO, hostile, message_of
from receiver import Receiver, Reply

from monitor.channels.apprise import AppriseChannel, open_service
from monitor.errors import DeliveryError, RetryLater, UserError
from monitor.messages.richtext import Message, Span

TOKEN = "a1b2c3d4e5f6g7h8"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Apprise's own pace between two messages of a service waits for seconds."""
    from apprise.plugins.base import NotifyBase

    monkeypatch.setattr(NotifyBase, "throttle", lambda *_, **__: None)


async def test_a_service_gets_title_and_text():
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


@pytest.mark.parametrize(
    ("reply", "seconds", "possibly_delivered"),
    [
        (Reply(429), 60.0, False),
        (Reply(502), 60.0, True),
    ],
)
async def test_retry_after_is_kept(reply, seconds, possibly_delivered):
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
    assert str(caught.value) == (
        """the service answered 404: b'{"error":"no such hook: <hidden>"}'"""
    )
    assert TOKEN not in caplog.text


async def test_a_service_that_is_away_got_nothing_and_is_tried_again():
    with Receiver() as receiver:
        address = receiver.address
    with pytest.raises(RetryLater, match="no connection to the service") as caught:
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
        channel = AppriseChannel("team", f"json://{receiver.address}/in", timeout=0.2)
        with pytest.raises(RetryLater, match="no answer within") as caught:
            await channel.send(TO, message_of())
        assert caught.value.possibly_delivered is True
        with pytest.raises(RetryLater, match="still hangs") as caught:
            await channel.send(TO, message_of())
        assert caught.value.possibly_delivered is False
        receiver.release.set()
        await asyncio.wait([channel._sending])
        # Counted at the end: the thread of a busy machine may send after the time is over.
        assert len(receiver.received) == 1


class _Port(Controller):
    """On a free port: the library knocks at the one it was given."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Mailbox:
    def __init__(self, answer="250 OK"):
        self.letters = []
        self.answer = answer

    async def handle_DATA(self, server, connection, envelope):  # noqa: N802 - the library's name
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
    [
        ("json://localhost/x", "http://h:1"),
        ("json://localhost/x", "socks5://h:1"),
        ("mailto://u:p@example.org", "http://h:1"),
    ],
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


async def test_messages_that_are_sent_at_once_keep_their_reasons_apart():
    with Receiver(Reply(404, b"first")) as first, Receiver(Reply(403, b"second")) as second:
        channels = [AppriseChannel("team", f"json://{r.address}/in") for r in (first, second)]
        done = await asyncio.gather(
            *(channel.send(TO, message_of()) for channel in channels), return_exceptions=True
        )
    assert [str(error) for error in done] == [
        "the service answered 404: b'first'",
        "the service answered 403: b'second'",
    ]


def test_requests_are_not_patched():
    import requests

    open_service("team", "json://127.0.0.1/in")
    assert requests.Session.send.__module__ == "requests.sessions"

"""``monitor channels list|test|secret``."""

from __future__ import annotations

import base64
import json

import feedparser
import pytest
from receiver import Receiver, Reply
from standardwebhooks import Webhook
from telegram_api import bot_api
from telegram_calls import Refusal

from monitor.cli.app import main

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("MONITOR_DATABASE", "MONITOR_CONFIG", "MONITOR_TELEGRAM__TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, channels, code=0):
        (tmp_path / "monitor.toml").write_text(channels, encoding="utf-8")
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, out + err
        return out, err

    return run


def test_channels_are_listed_without_their_secrets(monitor):
    channels = '[channels.team]\napprise = "mailto://u:passw0rd@x.org"\ndigest = "weekly"\n'
    out, err = monitor("channels", "list", "--format", "jsonl", channels=channels)
    assert json.loads(out) == {
        "name": "team",
        "kind": "apprise",
        "language": "zh",
        "digest": "weekly mon 09:00",
        "quiet": "off",
        "timezone": "Asia/Shanghai",
    }
    assert "passw0rd" not in out + err


def test_a_sample_goes_by_a_service(monitor):
    with Receiver() as receiver:
        channels = f'[channels.team]\napprise = "json://{receiver.address}/in?format=text"\n'
        _, err = monitor("channels", "test", "team", channels=channels)
    assert "team: the sample was accepted" in err
    assert "160 → 190 Eflops" in receiver.received[0].json["title"]
    assert "测试" in receiver.received[0].json["message"]


def test_a_sample_goes_by_a_webhook_and_can_be_verified(monitor):
    with Receiver() as receiver:
        channels = (
            f'[channels.hook]\nwebhook = "http://{receiver.address}/"\nallow_private = true\n'
            f'secret = "{SECRET}"\n'
        )
        monitor("channels", "test", "hook", channels=channels)
    (got,) = receiver.received
    said = Webhook(SECRET).verify(got.body, got.headers)
    assert said["data"]["changes"][0]["kind"] == "strengthened"


def test_a_sample_goes_into_a_feed(monitor, tmp_path):
    monitor("channels", "test", "feed", channels='[channels.feed]\natom = "alerts.xml"\n')
    monitor("channels", "test", "feed", channels='[channels.feed]\natom = "alerts.xml"\n')
    assert len(feedparser.parse((tmp_path / "alerts.xml").read_bytes()).entries) == 1


def test_a_failure_says_how_it_went(monitor):
    with Receiver(Reply(403)) as receiver:
        channels = f'[channels.team]\napprise = "json://u:passw0rd@{receiver.address}/in"\n'
        _, err = monitor("channels", "test", "team", channels=channels, code=1)
    assert "team: the service answered 403" in err
    assert "passw0rd" not in err


def by_bot(api):
    return f'[telegram]\ntoken = "{api.token}"\nbase_url = "{api.base_url}"\n'


def test_one_sample_goes_to_a_chat(monitor):
    with bot_api() as api:
        api.add_chat(-5)
        _, err = monitor("channels", "test", "telegram", "--chat", "-5", channels=by_bot(api))
        (call,) = api.calls
        assert call in api.sent(-5)
    assert "telegram, chat -5: the sample was accepted" in err
    assert "160 → 190 Eflops" in call.text
    assert not call.buttons


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (Refusal(401, "Unauthorized"), "copy it again from @BotFather"),
        (Refusal(403, "Forbidden: bot was blocked by the user"), "must unblock the bot"),
        (Refusal(403, "Forbidden: bot was kicked from the group chat"), "add the bot to this chat"),
        (Refusal(400, "Bad Request: chat not found"), "check the id; a person sends the bot"),
        (Refusal(429, "Too Many Requests", retry_after=7), "asks to wait 7 s – try again then"),
        (Refusal(400, "Bad Request: upgraded", migrate_to_chat_id=-1007), "use --chat -1007"),
    ],
)
def test_a_refusal_of_telegram_says_what_to_do(monitor, refusal, said):
    with bot_api() as api:
        api.add_chat(7)
        api.refuse(refusal, times=9)
        arguments = ("channels", "test", "telegram", "--chat", "7")
        _, err = monitor(*arguments, channels=by_bot(api), code=1)
        assert len(api.calls) == 1
    assert said in err
    assert len(err.splitlines()) == 1
    assert api.token not in err


@pytest.mark.parametrize(
    ("arguments", "channels", "said"),
    [
        (("telegram",), "", "--chat: name the chat to write to"),
        (("telegram", "--chat", "7"), "", "telegram.token: there is no token"),
        (("feed", "--chat", "7"), '[channels.feed]\natom = "a.xml"\n', "--chat is for telegram"),
    ],
)
def test_a_test_by_the_bot_needs_a_token_and_a_chat(monitor, arguments, channels, said):
    assert said in monitor("channels", "test", *arguments, channels=channels, code=2)[1]


@pytest.mark.parametrize(
    ("name", "channels", "said"),
    [
        (
            "tem",
            '[channels.team]\natom = "a.xml"\n',
            "name no channel 'tem' – there are: team",
        ),
        ("team", '[channels.team]\napprise = "syslog://"\n', "reaches this machine and no network"),
        (
            "hook",
            f'[channels.hook]\nwebhook = "ftp://x/"\nsecret = "{SECRET}"\n',
            "channels.hook.webhook: this is no address – write https://…",
        ),
    ],
)
def test_mistakes_are_the_users(monitor, name, channels, said):
    _, err = monitor("channels", "test", name, channels=channels, code=2)
    assert said in " ".join(err.split())


def test_a_secret_is_made(monitor):
    out, _ = monitor("channels", "secret", channels="")
    assert len(base64.b64decode(out.strip().removeprefix("whsec_"))) == 32

"""The channels of the settings: what a section may say, where mistakes stand, what stays secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app import channel_configs
from monitor.config.settings import load_settings
from monitor.errors import UserError

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
CHANNELS = f"""
timezone = "Europe/Berlin"

[channels.team]
apprise_file = "team.url"
digest = "daily 9:00"
language = "en"
quiet = "22:00-08:00"
timezone = "Asia/Shanghai"

[channels.hook]
webhook = "https://example.org/hook?token=abcdef"
secret = "{SECRET}"

[channels.feed]
atom = "public/alerts.xml"
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def write(tmp_path, text):
    path = tmp_path / "conf" / "monitor.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_channels_are_loaded_with_their_options(tmp_path):
    settings = load_settings(write(tmp_path, CHANNELS))
    assert [channel.kind for channel in settings.channels.values()] == [
        "apprise",
        "webhook",
        "atom",
    ]
    folder = tmp_path / "conf"
    assert settings.channels["team"].apprise_file == folder / "team.url"
    assert settings.channels["feed"].atom == folder / "public" / "alerts.xml"
    assert settings.channels["feed"].entries == 200
    team, hook, _ = channel_configs(settings)
    assert (team.digest, team.quiet, team.language, team.timezone) == (
        "daily 09:00",
        "22:00-08:00",
        "en",
        "Asia/Shanghai",
    )
    assert (hook.digest, hook.quiet, hook.language, hook.timezone) == (
        "off",
        "off",
        "zh",
        "Europe/Berlin",
    )


def test_addresses_lie_in_files_or_in_the_environment(tmp_path, monkeypatch):
    path = write(tmp_path, CHANNELS)
    with pytest.raises(
        UserError, match=r"team\.url: the apprise file cannot be read.*channels\.team"
    ):
        load_settings(path).channels["team"].address("team")
    (path.parent / "team.url").write_text("feishu://abcdefgh\n")
    assert load_settings(path).channels["team"].address("team") == "feishu://abcdefgh"
    monkeypatch.setenv("MONITOR_CHANNELS__TEAM__APPRISE", "lark://from-the-environment")
    monkeypatch.setenv("MONITOR_CHANNELS__OTHER__ATOM", "other.xml")
    settings = load_settings(path)
    assert settings.channels["team"].address("team") == "lark://from-the-environment"
    assert settings.channels["other"].atom == Path("other.xml")


def test_secrets_are_not_shown(tmp_path):
    path = write(
        tmp_path, CHANNELS + '[channels.mail]\napprise = "mailto://u:passw0rd@example.org"\n'
    )
    shown = repr(load_settings(path)) + str(load_settings(path).model_dump())
    for secret in (SECRET, "passw0rd", "token=abcdef"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[channels.team]\nlanguage = 'en'",
            "monitor.toml:1: channels.team: a channel is one thing – say one",
        ),
        (
            "[channels.team]\natom = 'a.xml'\nwebhook = 'https://x/'",
            "monitor.toml:1: channels.team: a channel is one thing – say one of apprise, webhook",
        ),
        (
            "[channels.team]\napprise = 'json://x'\nlanguge = 'en'",
            "monitor.toml:3: unknown setting channels.team.languge – did you mean language?",
        ),
        (
            "[channels.team]\nwebhook = 'https://x/'",
            "monitor.toml:1: channels.team: a webhook is signed – say secret or secret_file",
        ),
        (
            "[channels.feed]\natom = 'a.xml'\nsecret = 'x'",
            "monitor.toml:1: channels.feed: secret means nothing for atom – it belongs to webhook",
        ),
        (
            "[channels.team]\napprise = 'json://x'\ndigest = 'hourly'",
            "monitor.toml:3: channels.team.digest: this is no digest – off, daily 09:00 or weekly",
        ),
        (
            "[channels.team]\napprise = 'json://x'\nquiet = 'night'",
            "monitor.toml:3: channels.team.quiet: these are no quiet hours – off, or 22:00-08:00",
        ),
        (
            "[channels.team]\napprise = 'json://x'\ntimezone = 'Mars'",
            "monitor.toml:3: channels.team.timezone: there is no such time zone – one such as",
        ),
        (
            "[channels.feed]\natom = 'a.xml'\nentries = 0",
            "monitor.toml:3: channels.feed.entries: ",
        ),
        (
            "[channels.Team]\natom = 'a.xml'",
            "monitor.toml:1: channels.Team: this is no name of a channel – small letters",
        ),
        ("[telegram]\nwebhook_url = 'http://x/y'", "monitor.toml:2: telegram.webhook_url: "),
        ("[telegram]\nwebhook_listen = 'here'", "monitor.toml:2: telegram.webhook_listen: "),
    ],
)
def test_errors_name_their_line_and_the_fix(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        load_settings(write(tmp_path, text))
    assert message in str(caught.value)


def test_a_mistake_does_not_repeat_a_secret(tmp_path):
    text = f"[channels.hook]\nwebhook = 'https://x/{SECRET}'\natom = 'a.xml'\nsecret = '{SECRET}'\n"
    with pytest.raises(UserError) as caught:
        load_settings(write(tmp_path, text))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("found", ["", "short", "with spaces in it and long enough", "ü" * 20])
def test_telegrams_webhook_needs_a_secret_it_would_take(tmp_path, found):
    path = write(
        tmp_path,
        '[telegram]\nwebhook_url = "https://x.org/y"\nwebhook_secret_file = "secret.txt"\n',
    )
    (path.parent / "secret.txt").write_text(found, encoding="utf-8")
    with pytest.raises(UserError, match=r"telegram\.webhook_secret: .*16 to 256") as caught:
        load_settings(path).webhook_secret()
    assert not found or found not in str(caught.value)


def test_telegrams_webhook_secret_lies_in_a_file_beside_the_settings(tmp_path):
    path = write(tmp_path, '[telegram]\nwebhook_secret_file = "secret.txt"\n')
    (path.parent / "secret.txt").write_text("0123456789abcdef\n")
    assert load_settings(path).webhook_secret() == "0123456789abcdef"

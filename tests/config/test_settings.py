"""Settings: the file, the environment over it, and mistakes that say where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app import fetcher_settings
from monitor.config.settings import load_settings
from monitor.errors import UserError, UserErrors
from monitor.fetching.fetcher import HttpFetcher


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in (
        "DATABASE",
        "RULES",
        "TELEGRAM__TOKEN",
        "CRAWL__MIN_DELAY",
        "TELEGRAM__ALLOWED_CHATS",
    ):
        monkeypatch.delenv(f"MONITOR_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def write(tmp_path, text):
    path = tmp_path / "conf" / "monitor.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_there_are_defaults():
    settings = load_settings()
    assert settings.database == "sqlite:///monitor.db"
    assert settings.rules == (Path("rules"),)
    assert settings.token() is None


def test_paths_in_the_file_are_relative_to_the_file(tmp_path):
    path = write(tmp_path, 'rules = ["mine"]\ncatalogue = ["c.yaml"]\n')
    settings = load_settings(path)
    assert settings.rules == (path.parent / "mine",)
    assert settings.catalogue == (path.parent / "c.yaml",)
    assert settings.database == f"sqlite:///{path.parent / 'monitor.db'}"


def test_the_file_of_authorities_is_beside_the_settings_and_must_be_one(tmp_path):
    settings = load_settings(write(tmp_path, '[crawl]\nca_file = "ca.pem"\n'))
    assert settings.crawl.ca_file == tmp_path / "conf" / "ca.pem"
    with pytest.raises(UserError, match=r"ca\.pem: .*crawl\.ca_file"):
        HttpFetcher(fetcher_settings(settings))


def test_the_environment_goes_before_the_file(tmp_path, monkeypatch):
    path = write(tmp_path, 'rules = ["mine"]\n[crawl]\nmin_delay = 5\nper_host = 2\n')
    monkeypatch.setenv("MONITOR_CRAWL__MIN_DELAY", "0.5")
    monkeypatch.setenv("MONITOR_RULES", "a, b")
    monkeypatch.setenv("MONITOR_TELEGRAM__ALLOWED_CHATS", "12,-100")
    settings = load_settings(path)
    assert settings.crawl.min_delay == 0.5
    assert settings.crawl.per_host == 2
    assert settings.rules == (Path("a"), Path("b"))
    assert settings.telegram.allowed_chats == (12, -100)


def test_the_command_line_goes_before_all(tmp_path, monkeypatch):
    monkeypatch.setenv("MONITOR_DATABASE", "sqlite:///env.db")
    path = write(tmp_path, 'database = "sqlite:///file.db"\n')
    assert load_settings(path).database == "sqlite:///env.db"
    assert load_settings(path, database="sqlite:///cli.db").database == "sqlite:///cli.db"


def test_the_token_may_lie_in_a_file_and_is_not_shown(tmp_path, monkeypatch):
    path = write(tmp_path, '[telegram]\ntoken_file = "token.txt"\n')
    (path.parent / "token.txt").write_text("123:abc\n")
    assert load_settings(path).token() == "123:abc"
    monkeypatch.setenv("MONITOR_TELEGRAM__TOKEN", "456:hush")
    settings = load_settings(path)
    assert settings.token() == "456:hush"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rulez = []", "monitor.toml:1: unknown setting rulez – did you mean rules?"),
        (
            "\n[crawl]\n\nmin_dealy = 1",
            "monitor.toml:4: unknown setting crawl.min_dealy – did you mean min_delay?",
        ),
        ("[crawl]\nmin_delay = -1", "monitor.toml:2: crawl.min_delay: "),
        ("database = [", "monitor.toml:1: this is not TOML"),
        (
            "database = demo.db",
            "monitor.toml:1:12: this is not TOML: Invalid value – put a text in",
        ),
        ("database：1", "with half-width marks"),
        ("rules = ['a'\ncatalogue = []", "a ] or a comma is missing"),
        ("[web]\n[web]", "– keep one"),
        ('database = "a', "a quote is not closed"),
        (
            "[telegram]\naccess = 'approval'",
            "monitor.toml:1: telegram: access = 'approval' needs operators, who approve",
        ),
        ("[telegram]\nallowed_chats = ['x']", "monitor.toml:2: telegram.allowed_chats.0: "),
    ],
)
def test_errors_name_their_line_and_the_fix(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        load_settings(write(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'timezone = "Peking"',
            "toml:1: timezone: there is no such time zone – write Asia",
        ),
        ('timezone = "UTC+8"', "write Asia/Shanghai"),
        ('timezone = "东八区"', "write Asia/Shanghai"),
        ('timezone = "asia/tokio"', "did you mean Asia/Tokyo?"),
        ('timezone = "Paris"', "did you mean Europe/Paris?"),
        ('timezone = "../../up"', "one such as Asia/Shanghai"),
        ("[telegram]\ntoken = 'bot12:hush'", "toml:2: telegram.token: this is no token"),
        ("[telegram]\ntoken = 'bot12:hush'", "leave out the word bot"),
        ("[telegram]\ntoken = '12: hush'", "leave out the blanks"),
        ("[telegram]\ntoken = '\"12:hush\"'", "leave out the quotes"),
        ("[telegram]\ntoken = 'TOKEN=12:hush'", "the token alone, in one line"),
        ("[telegram]\ntoken = 'hush'", "@BotFather gives one"),
        (f"[telegram]\noperators = [{2**70}]", "operators.0: this is too large – at most 450359"),
        ("[crawl]\nconcurrency = 0", "crawl.concurrency: this is too small – at least 1"),
        ("[telegram]\naccess = 'all'", "telegram.access: this is none of 'open', 'listed', "),
    ],
)
def test_a_setting_that_is_none_is_named_with_the_fix(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        load_settings(write(tmp_path, text))
    assert message in str(caught.value)
    assert "hush" not in str(caught.value)


def test_all_mistakes_of_a_file_are_told_and_of_the_environment_its_own(tmp_path, monkeypatch):
    path = write(tmp_path, 'timezone = "Peking"\n[crawl]\ntimeout = 0\n')
    monkeypatch.setenv("MONITOR_CRAWL__PER_HOST", "99")
    with pytest.raises(UserErrors) as caught:
        load_settings(path)
    said = sorted(str(one).replace(f"{path}:", "") for one in caught.value.errors)
    assert said == [
        "1: timezone: there is no such time zone – write Asia/Shanghai",
        "3: crawl.timeout: this is too small – more than 0.0",
        "MONITOR_CRAWL__PER_HOST: crawl.per_host: this is too large – at most 8",
    ]


def test_a_token_file_that_holds_something_else_is_a_mistake(tmp_path):
    path = write(tmp_path, "[telegram]\ntoken_file = 'token.txt'\n")
    (path.parent / "token.txt").write_text("TOKEN=12:hush\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"token\.txt: telegram\.token: .*alone") as caught:
        load_settings(path).token()
    assert "hush" not in str(caught.value)


def test_a_wrong_environment_value_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MONITOR_CRAWL__MIN_DELAY", "fast")
    with pytest.raises(UserError, match="MONITOR_CRAWL__MIN_DELAY"):
        load_settings(write(tmp_path, ""))


def test_a_missing_file_is_a_mistake(tmp_path):
    with pytest.raises(UserError, match="no such file – monitor init writes one"):
        load_settings(tmp_path / "none.toml")


def test_a_name_where_a_number_is_wanted_has_its_fix(tmp_path):
    path = write(tmp_path, '[telegram]\noperators = ["@me"]\n[health]\nfailuers = 2\nx = 1\n')
    with pytest.raises(UserErrors) as caught:
        load_settings(path)
    hints = [str(one.hint) for one in caught.value.errors]
    assert hints[0].startswith("did you mean failures?")
    assert hints[1] == "one of failures, quiet_days"
    assert hints[2].startswith("a chat is a number")


def test_a_path_that_is_missing_has_its_line(tmp_path, monkeypatch):
    path = write(
        tmp_path, 'topics = [\n  "conf.yaml",\n  "my/none.yaml",\n]\ncatalogue = "x.yaml"\n'
    )
    (path.parent / "conf.yaml").touch()
    settings = load_settings(path)
    with pytest.raises(UserError, match=r"monitor.toml:3: topics: there is no file or .*none.yaml"):
        settings.existing_paths("topics")
    with pytest.raises(UserError, match=r"monitor.toml:5: catalogue: there is no"):
        settings.existing_paths("catalogue")
    assert settings.existing_paths("rules") == (path.parent / "rules",)
    monkeypatch.setenv("MONITOR_TOPICS", "none.yaml")
    with pytest.raises(UserError, match=r"MONITOR_TOPICS: topics: there is no .*none.yaml"):
        load_settings(path).existing_paths("topics")


def test_a_token_file_that_cannot_be_read_is_a_mistake(tmp_path):
    path = write(tmp_path, '[telegram]\ntoken_file = "none.txt"\n')
    with pytest.raises(UserError, match="token file cannot be read"):
        load_settings(path).token()

"""Settings: ``monitor.toml``, then environment names ``MONITOR_…``, then the command line.

Every key of the file has an environment name: ``[crawl] min_delay`` is
``MONITOR_CRAWL__MIN_DELAY``. Lists in the environment are separated by commas. Relative paths in
the file are relative to the file. Keep the token out of it (``MONITOR_TELEGRAM__TOKEN``, or
``token_file``).
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from monitor.config.base import Section, read_secret, split
from monitor.config.channels import ChannelName, ChannelSettings
from monitor.config.errors import PREFIX, explain, explain_variable, missing_paths, read_toml
from monitor.config.zones import zone_name
from monitor.errors import UserError, UserErrors
from monitor.model.alerts import AccessMode
from monitor.model.log import LogFormat, LogLevel

__all__ = [
    "FILE_NAME",
    "ChannelSettings",
    "CrawlSettings",
    "HealthSettings",
    "HttpSettings",
    "LogSettings",
    "PingSettings",
    "Settings",
    "SuspectSettings",
    "TelegramSettings",
    "WebSettings",
    "load_settings",
]

FILE_NAME = "monitor.toml"
WEB_PORT = 8765
"""Of ``monitor web``, if none is set."""
_MIN_TOKEN = 16
# Chats are numbered in 52 bits.
_MAX_CHAT = 1 << 52
_ChatId = Annotated[int, Field(ge=-_MAX_CHAT, le=_MAX_CHAT)]


@cache
def _token_pattern() -> re.Pattern[str]:
    # The Bot API has no other form; how long the second part is it does not promise.
    return re.compile(r"\d+:[A-Za-z0-9_-]+")


@cache
def _address_pattern() -> re.Pattern[str]:
    return re.compile(r"https?://[^\s/?#]+[^\s#]*")


@cache
def _secret_token_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9_-]{16,256}")


def wrong_token(token: str) -> str | None:
    """What is wrong with a bot's token, and after a dash how to correct it; None if it is one.

    The text does not repeat the token.
    """
    if not token or _token_pattern().fullmatch(token):
        return None
    if "bot" in token.lower().partition(":")[0]:
        hint = "leave out the word bot, which belongs to the address"
    elif token[0] in "\"'“‘<「":
        hint = "leave out the quotes"
    elif len(token.splitlines()) > 1 or "=" in token:
        hint = "the token alone, in one line"
    elif re.search(r"\s", token):
        hint = "leave out the blanks"
    elif "：" in token:
        hint = "write the colon as : and not as ："
    else:
        hint = "@BotFather gives one: a number, a colon, letters and digits"
    return f"this is no token of a bot – {hint}"


class CrawlSettings(Section):
    """How pages are fetched."""

    contact: str = Field(
        default="https://example.org/policy-monitor",
        description="Part of the User-Agent: an address where a site's operator reaches you.",
    )
    concurrency: int = Field(
        default=8,
        ge=1,
        le=256,
        description="Sources visited at the same time; those whose host did not answer when it was "
        "asked last are half of them at most.",
    )
    per_host: int = Field(
        default=1, ge=1, le=8, description="Requests to one host at the same time."
    )
    min_delay: float = Field(
        default=2.0,
        ge=0,
        description="Seconds between two requests to the same host; more while the host is slow or "
        "overloaded.",
    )
    timeout: float = Field(
        default=30.0, gt=0, description="Seconds without data after which a request times out."
    )
    total_timeout: float = Field(
        default=120.0, gt=0, description="Seconds that a request may take in total."
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=5,
        description="Attempts for a page in one visit after transient errors.",
    )
    max_bytes: int = Field(
        default=20_000_000, ge=1000, description="Maximum size of a decompressed body in bytes."
    )
    list_revalidation_days: float = Field(
        default=7.0,
        gt=0,
        description="Days that a server's answer that a list is unchanged (304) is believed; then "
        "the list is requested without ETag and Last-Modified.",
    )
    page_revalidation_days: float = Field(
        default=30.0, gt=0, description="The same for articles and other pages."
    )
    proxy: str | None = Field(
        default=None, description="http://, https:// or socks5:// proxy of the crawl.", repr=False
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of certificate authorities that replace the default ones, for a "
        "network whose proxy intercepts TLS.",
    )


class SuspectSettings(Section):
    """When a suspect text, one that is much shorter or very different, is believed."""

    visits: int = Field(
        default=3,
        ge=1,
        description="Visits that must see the same suspect text until it is believed.",
    )
    hours: float = Field(
        default=24.0,
        ge=0,
        description="Minimum hours between the first and the last of these visits.",
    )
    shrink: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="A text is suspect if it is shorter than this share of the last good one.",
    )
    empty_confirm_hours: float = Field(
        default=168.0,
        ge=0,
        description="Minimum hours for a suspect text without any of the earlier commitments.",
    )


class HealthSettings(Section):
    """When operators get a notice about a source."""

    failures: int = Field(
        default=3, ge=1, description="Failing visits in a row after which operators get a notice."
    )
    quiet_days: float = Field(
        default=30.0,
        gt=0,
        description="Days without anything new, while most sources of its kind had something, "
        "after which operators get a notice.",
    )


class RetentionSettings(Section):
    """How long things are kept beside the log, which is kept for ever; 0 days: for ever, too."""

    address_days: int = Field(
        default=180,
        ge=0,
        le=36_500,
        description="Days after which an address is forgotten that no list shows any more and "
        "where no document was ever found, or only what another address of the same page shows; "
        "0: never.",
    )
    alert_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which the texts of sent alerts are deleted, and operators' "
        "notices; the alerts keep their buttons. 0: never.",
    )


class HttpSettings(Section):
    """Where ``/healthz``, ``/readyz`` and ``/metrics`` are answered; nowhere without a port."""

    port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port of `/healthz`, `/readyz` and `/metrics` (extra webhook); none if not "
        "given.",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address that this port is opened on."
    )


class WebSettings(Section):
    """The site for looking at what changed; ``monitor run`` has none without a port."""

    port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port that `monitor run` serves the site on (extra web); none if not given. "
        "`monitor web` takes 8765 then.",
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address that this port is opened on; beyond loopback readers need a token, or "
        "a proxy that lets them in.",
    )
    hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names the site is called by, beside localhost, such as monitor.example.org.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="What readers give as the password, or as bearer token; or use `token_file`.",
    )
    token_file: Path | None = Field(default=None, description="File with the token of readers.")
    user_header: str = Field(
        default="",
        description="Header in which a proxy names the user it has let in, such as "
        "X-Forwarded-User.",
    )
    proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses of proxies whose `user_header` is believed.",
    )

    _lists = field_validator("hosts", "proxies", mode="before")(split)


class LogSettings(Section):
    """What ``monitor run`` writes to standard error."""

    format: LogFormat = Field(
        default=LogFormat.CONSOLE,
        description="console: lines for people; json: an object a line, for log collectors.",
    )
    level: LogLevel = Field(
        default=LogLevel.INFO,
        description="Least level: debug, info, warning or error; `--verbose` is debug.",
    )


class PingSettings(Section):
    """The address that is requested while all is well; none without ``url``."""

    url: SecretStr | None = Field(
        default=None,
        description="http(s) address that is requested while all loops of the daemon work "
        "(healthchecks.io, Uptime Kuma).",
    )
    minutes: float = Field(default=5.0, gt=0, le=1_440, description="Minutes between two requests.")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _address_pattern().fullmatch(url.get_secret_value().strip()):
            raise ValueError("is no address: http:// or https://, a host, and a path")
        return url


class TelegramSettings(Section):
    """The bot; without a token alerts go to the terminal."""

    token: SecretStr | None = Field(default=None, description="The bot's token, from @BotFather.")
    token_file: Path | None = Field(default=None, description="A file that holds the token.")
    base_url: str = Field(
        default="https://api.telegram.org/bot", description="Address of the Bot API."
    )
    proxy: str | None = Field(default=None, description="Proxy for Telegram alone.")
    access: AccessMode | None = Field(
        default=None,
        description="Who may use the bot. open: all chats; listed: allowed_chats; approval: chats "
        "that operators approve. The default is listed if allowed_chats has any, else open.",
    )
    allowed_chats: Annotated[tuple[_ChatId, ...], NoDecode] = Field(
        default=(), description="Chat ids that may use the bot."
    )
    operators: Annotated[tuple[_ChatId, ...], NoDecode] = Field(
        default=(),
        description="Chat ids that get notices and may use the operators' commands.",
    )
    max_custom_rules: int = Field(
        default=20, ge=0, le=1_000, description="Maximum number of custom rules of a chat."
    )

    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https://[^\s/?#]+/[^\s?#]+$",
        description="Public URL of the webhook (https://host/path); updates are polled without it.",
    )
    webhook_listen: str = Field(
        default="127.0.0.1:8443",
        pattern=r"^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$",
        description="Address on which the webhook listens, behind a proxy that terminates TLS.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Secret that Telegram sends with each update; choose one."
    )
    webhook_secret_file: Path | None = Field(
        default=None, description="A file that holds this secret."
    )

    _lists = field_validator("allowed_chats", "operators", mode="before")(split)

    @field_validator("token")
    @classmethod
    def _is_a_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and (wrong := wrong_token(token.get_secret_value().strip())):
            raise ValueError(wrong)
        return token

    @model_validator(mode="after")
    def _approval_needs_operators(self) -> Self:
        if self.access is AccessMode.APPROVAL and not self.operators:
            raise ValueError("access = 'approval' needs operators, who approve")
        return self


class Settings(BaseSettings):
    """All settings of the product."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    database: str = Field(
        default="sqlite:///monitor.db",
        description="SQLAlchemy address of the database (sqlite:///… or postgresql://…).",
    )
    rules: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(Path("rules"),), description="Rule files, or folders of them."
    )
    catalogue: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="Catalogue files that add to, override or disable built-in sources."
    )
    topics: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="Topic files beside the built-in ai_computing."
    )
    raw_retention_days: int | None = Field(
        default=None,
        ge=1,
        description="Days after which the raw bytes of pages are deleted; never if not given. "
        "The log and its texts are always kept, and a page that later ones of its site are packed "
        "against up to 90 days longer.",
    )
    timezone: Annotated[str, AfterValidator(zone_name)] = Field(
        default="Asia/Shanghai", description="Time zone of the schedule."
    )
    # Defaults are valid: without this each section would build a validator of its own for them.
    crawl: CrawlSettings = CrawlSettings.model_construct()
    suspects: SuspectSettings = SuspectSettings.model_construct()
    health: HealthSettings = HealthSettings.model_construct()
    retention: RetentionSettings = RetentionSettings.model_construct()
    http: HttpSettings = HttpSettings.model_construct()
    web: WebSettings = WebSettings.model_construct()
    log: LogSettings = LogSettings.model_construct()
    ping: PingSettings = PingSettings.model_construct()
    telegram: TelegramSettings = TelegramSettings.model_construct()
    channels: dict[ChannelName, ChannelSettings] = Field(
        default={}, description="Other channels by name; rules name them in `then.channels`."
    )

    _lists = field_validator("rules", "catalogue", "topics", mode="before")(split)
    # The settings file with its text, for naming the line of a path that is missing.
    _file: tuple[Path, str] | None = PrivateAttr(default=None)

    def existing_paths(self, name: Literal["rules", "catalogue", "topics"]) -> tuple[Path, ...]:
        """The paths of a setting.

        Raises:
            UserError: the settings file or the environment names some that do not exist, each with
                its line. A default path is left to its reader.
        """
        paths: tuple[Path, ...] = getattr(self, name)
        missing = [path for path in paths if not path.exists()]
        mistakes = missing_paths(name, missing, self._file) if missing else []
        if mistakes:
            raise mistakes[0] if len(mistakes) == 1 else UserErrors(mistakes)
        return paths

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment has priority over the file (the init arguments)."""
        return env_settings, init_settings

    def retention_days(self) -> dict[str, int | None]:
        """The days that raw bytes, addresses and alerts are kept; None: for ever."""
        return {
            "raw_bytes": self.raw_retention_days,
            "addresses": self.retention.address_days or None,
            "alerts": self.retention.alert_days or None,
        }

    def token(self) -> str | None:
        """The bot's token, from the setting or the file it names; None without one.

        Raises:
            UserError: the file cannot be read, or holds something else.
        """
        telegram = self.telegram
        found = read_secret(telegram.token, telegram.token_file, "telegram.token_file")
        wrong = None if found is None else wrong_token(found)
        if wrong:
            message, _, hint = wrong.partition(" – ")
            raise UserError(f"telegram.token: {message}", file=telegram.token_file, hint=hint)
        return found

    def web_token(self) -> str | None:
        """What readers of the site have to give; None where anybody on this machine may read.

        Raises:
            UserError: the file cannot be read, or the site is open to others without a check.
        """
        web = self.web
        found = read_secret(web.token, web.token_file, "web.token_file")
        if found is not None and len(found) < _MIN_TOKEN:
            raise UserError(
                f"web.token: at least {_MIN_TOKEN} characters, since it can be guessed at",
                hint="openssl rand -hex 32 makes one",
            )
        return found

    def webhook_secret(self) -> str:
        """The secret that Telegram sends with each update, which authenticates it.

        Raises:
            UserError: there is none, or its file cannot be read, or Telegram would refuse it.
        """
        telegram = self.telegram
        key = "telegram.webhook_secret_file"
        found = read_secret(telegram.webhook_secret, telegram.webhook_secret_file, key)
        if found is None or not _secret_token_pattern().fullmatch(found):
            # Bot API, setWebhook: 1-256 characters of A-Z, a-z, 0-9, _ and -.
            raise UserError(
                "telegram.webhook_secret: Telegram takes 16 to 256 letters, digits, - and _ here",
                hint="openssl rand -hex 32 makes one",
            )
        return found


def load_settings(path: Path | None = None, *, database: str | None = None) -> Settings:
    """Settings from ``path`` (or ``monitor.toml`` here, if there is one) and the environment.

    Args:
        path: the settings file; None looks for ``monitor.toml`` in the working folder.
        database: of the command line; it has priority over everything else.

    Raises:
        UserError: the file is missing or wrong, or an environment value does not fit.
    """
    if path is None and Path(FILE_NAME).is_file():
        path = Path(FILE_NAME)
    text, values = ("", {}) if path is None else read_toml(path)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise explain(error, Settings, path, text) from None
    except SettingsError as error:
        raise explain_variable(error) from None
    if path is not None:
        settings = _relative_to(settings, path.parent, values)
        settings._file = (path, text)
    return settings if database is None else settings.model_copy(update={"database": database})


def _relative_to(settings: Settings, folder: Path, values: dict[str, Any]) -> Settings:
    """Make the paths in the file relative to it; those of the environment stay unchanged."""
    update: dict[str, Any] = {}
    for name in ("rules", "catalogue", "topics"):
        if name in values and PREFIX + name.upper() not in os.environ:
            update[name] = tuple(folder / item for item in getattr(settings, name))
    if "rules" not in values and PREFIX + "RULES" not in os.environ:
        update["rules"] = tuple(folder / item for item in settings.rules)
    prefix = "sqlite:///"
    if (
        PREFIX + "DATABASE" not in os.environ
        and settings.database.startswith(prefix)
        and not settings.database.startswith(prefix + "/")
    ):
        name = settings.database.removeprefix(prefix)
        if name and name != ":memory:":
            update["database"] = prefix + str(folder / name)
    ca_file = settings.crawl.ca_file
    if ca_file is not None and PREFIX + "CRAWL__CA_FILE" not in os.environ:
        update["crawl"] = settings.crawl.model_copy(update={"ca_file": folder / ca_file})
    said = values.get("telegram", {})
    secrets = {
        name: folder / path
        for name in ("token_file", "webhook_secret_file")
        if (path := getattr(settings.telegram, name)) is not None and name in said
    }
    if secrets:
        update["telegram"] = settings.telegram.model_copy(update=secrets)
    update["channels"] = {
        name: channel.model_copy(update=_paths_of(name, channel, values, folder))
        for name, channel in settings.channels.items()
    }
    return settings.model_copy(update=update)


def _paths_of(
    name: str, channel: ChannelSettings, values: dict[str, Any], folder: Path
) -> dict[str, Path]:
    said = values.get("channels", {}).get(name, {})
    environment = {variable.upper() for variable in os.environ}
    return {
        key: folder / path
        for key in ("apprise_file", "secret_file", "atom")
        if (path := getattr(channel, key)) is not None
        and key in said
        and f"{PREFIX}CHANNELS__{name}__{key}".upper() not in environment
    }

"""Settings: ``monitor.toml``, then environment names ``MONITOR_…``, then the command line.

Every key of the file has an environment name: ``[crawl] pace`` is ``MONITOR_CRAWL__PACE``.
Lists in the environment are separated by commas. Relative paths in the file are relative to the
file; the token is best kept out of it (``MONITOR_TELEGRAM__TOKEN``, or ``token_file``).
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from monitor.errors import UserError
from monitor.yamlfile import did_you_mean

FILE_NAME = "monitor.toml"
_PREFIX = "MONITOR_"


def _split(value: Any) -> Any:
    """An environment variable's commas; a file's list passes through."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CrawlSettings(_Section):
    """How pages are fetched."""

    contact: str = Field(
        default="https://example.org/policy-monitor",
        description="Stands in the User-Agent: where a site's operator can complain.",
    )
    concurrency: int = Field(default=8, ge=1, le=256, description="Sources visited at a time.")
    per_host: int = Field(default=1, ge=1, le=8, description="Requests to one host at a time.")
    pace: float = Field(
        default=2.0,
        ge=0,
        description="Seconds between two requests to the same host; more while it is slow or "
        "strained.",
    )
    timeout: float = Field(
        default=30.0, gt=0, description="Seconds without an answer before a request is given up."
    )
    deadline: float = Field(
        default=120.0, gt=0, description="Seconds a request may take in all, however it drips."
    )
    tries: int = Field(
        default=3,
        ge=1,
        le=5,
        description="Times a page is asked for in one visit when the fault is a passing one.",
    )
    max_bytes: int = Field(
        default=20_000_000, ge=1000, description="Bytes of an unpacked body that are read at most."
    )
    proxy: str | None = Field(
        default=None, description="http://, https:// or socks5:// proxy of the crawl.", repr=False
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of authorities trusted instead of the usual ones, for a network "
        "whose proxy opens TLS.",
    )


class SuspectSettings(_Section):
    """When a page that lost its text, or changed beyond recognition, is believed."""

    visits: int = Field(
        default=3, ge=1, description="Visits that must see the same suspect text before it counts."
    )
    hours: float = Field(
        default=24.0,
        ge=0,
        description="Hours that must lie between the first and the last of them.",
    )
    shrink: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="A text shorter than this share of the last good one is suspect.",
    )
    emptied_hours: float = Field(
        default=168.0,
        ge=0,
        description="The same hours for a suspect text with nothing left of what was promised.",
    )


class HealthSettings(_Section):
    """When operators are told how a source is."""

    failures: int = Field(
        default=3, ge=1, description="Failing visits in a row after which operators are told."
    )
    quiet_days: float = Field(
        default=30.0,
        gt=0,
        description="Days without anything new, while most sources of its kind had something, "
        "after which operators are told.",
    )


class TelegramSettings(_Section):
    """The bot; without a token alerts go to the terminal."""

    token: SecretStr | None = Field(default=None, description="The bot's token, from @BotFather.")
    token_file: Path | None = Field(default=None, description="A file that holds the token.")
    base_url: str = Field(
        default="https://api.telegram.org/bot", description="Address of the Bot API."
    )
    proxy: str | None = Field(default=None, description="Proxy for Telegram alone.")
    access: Literal["open", "listed", "approval"] | None = Field(
        default=None,
        description="Who may use the bot: everybody, allowed_chats only, or whom operators let "
        "in; listed if allowed_chats names any, else open.",
    )
    allowed_chats: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(), description="Chat ids that may use the bot."
    )
    operators: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(),
        description="Chat ids that are told what needs somebody, and may write the operators' "
        "commands.",
    )
    own_rules: int = Field(
        default=20, ge=0, le=1_000, description="Rules of its own a chat may have at most."
    )

    _lists = field_validator("allowed_chats", "operators", mode="before")(_split)


class Settings(BaseSettings):
    """All settings of the product."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
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
    keep_bytes_days: int | None = Field(
        default=None,
        ge=1,
        description="Days the raw bytes of pages are kept; for ever if not given. "
        "The log and its texts always are.",
    )
    timezone: str = Field(default="Asia/Shanghai", description="Time zone of the schedule.")
    crawl: CrawlSettings = CrawlSettings()
    suspects: SuspectSettings = SuspectSettings()
    health: HealthSettings = HealthSettings()
    telegram: TelegramSettings = TelegramSettings()

    _lists = field_validator("rules", "catalogue", "topics", mode="before")(_split)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file (which comes in as init arguments)."""
        return env_settings, init_settings

    def token(self) -> str | None:
        """The bot's token, from the setting or the file it names; None without one.

        Raises:
            UserError: the file cannot be read.
        """
        if self.telegram.token is not None:
            return self.telegram.token.get_secret_value().strip() or None
        if self.telegram.token_file is None:
            return None
        try:
            return self.telegram.token_file.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"the token file cannot be read: {error.__class__.__name__}",
                file=self.telegram.token_file,
                hint="telegram.token_file names a file that holds the token and nothing else",
            ) from None


def load_settings(path: Path | None = None, *, database: str | None = None) -> Settings:
    """Settings from ``path`` (or ``monitor.toml`` here, if there is one) and the environment.

    Args:
        path: the settings file; None looks for ``monitor.toml`` in the working folder.
        database: what the command line says; it goes before all else.

    Raises:
        UserError: the file is missing or wrong, or an environment value does not fit.
    """
    if path is None and Path(FILE_NAME).is_file():
        path = Path(FILE_NAME)
    text, values = ("", {}) if path is None else _read(path)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise _explain(error, path, text) from None
    except SettingsError as error:
        raise UserError(f"environment: {error}") from None
    if path is not None:
        settings = _relative_to(settings, path.parent, values)
    return settings if database is None else settings.model_copy(update={"database": database})


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        raise UserError("no such file", file=path, hint="monitor init writes one") from None
    except tomllib.TOMLDecodeError as error:
        # The other form is "(at end of document)".
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        last = text.count("\n") + 1
        raise UserError(
            f"this is not TOML: {str(error).split(' (at ')[0]}",
            file=path,
            line=int(place[1]) if place else last,
            column=int(place[2]) if place else None,
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", file=path) from None


def _relative_to(settings: Settings, folder: Path, values: dict[str, Any]) -> Settings:
    """Make what the file itself says relative to the file; the environment's stays as it is."""
    update: dict[str, Any] = {}
    for name in ("rules", "catalogue", "topics"):
        if name in values and _PREFIX + name.upper() not in os.environ:
            update[name] = tuple(folder / item for item in getattr(settings, name))
    if "rules" not in values and _PREFIX + "RULES" not in os.environ:
        update["rules"] = tuple(folder / item for item in settings.rules)
    prefix = "sqlite:///"
    if (
        _PREFIX + "DATABASE" not in os.environ
        and settings.database.startswith(prefix)
        and not settings.database.startswith(prefix + "/")
    ):
        name = settings.database.removeprefix(prefix)
        if name and name != ":memory:":
            update["database"] = prefix + str(folder / name)
    ca_file = settings.crawl.ca_file
    if ca_file is not None and _PREFIX + "CRAWL__CA_FILE" not in os.environ:
        update["crawl"] = settings.crawl.model_copy(update={"ca_file": folder / ca_file})
    token_file = settings.telegram.token_file
    if token_file is not None and "token_file" in values.get("telegram", {}):
        update["telegram"] = settings.telegram.model_copy(
            update={"token_file": folder / token_file}
        )
    return settings.model_copy(update=update)


def _explain(error: ValidationError, path: Path | None, text: str) -> UserError:
    first = error.errors()[0]
    loc = [str(part) for part in first["loc"]]
    name = ".".join(loc)
    variable = _PREFIX + "__".join(loc).upper()
    in_environment = any(key.upper().startswith(_PREFIX + loc[0].upper()) for key in os.environ)
    line = None if in_environment else _line_of(loc, text)
    if first["type"] == "extra_forbidden":
        message = f"unknown setting {name}"
        hint = did_you_mean(loc[-1], _known(loc[:-1]))
    else:
        message = f"{name}: {first['msg'].removeprefix('Value error, ')}"
        hint = None
    if line is None and in_environment:
        return UserError(f"{variable}: {message}", hint=hint)
    return UserError(message, file=path, line=line, hint=hint)


def _known(loc: list[str]) -> list[str]:
    model: Any = Settings
    for part in loc:
        model = model.model_fields[part].annotation if part in model.model_fields else model
    return list(getattr(model, "model_fields", {}))


def _line_of(loc: list[str], text: str) -> int | None:
    """The line of a key in a TOML text; tomllib keeps no places."""
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([\w.\"-]+)\s*\]", line)
        if header:
            section = header[1].replace('"', "").split(".")
            if section == loc:
                return number
            continue
        key = re.match(r"\s*([\w.\"-]+)\s*=", line)
        if key:
            here = section + key[1].replace('"', "").split(".")
            if here == loc or (len(here) < len(loc) and loc[: len(here)] == here):
                return number
    return None

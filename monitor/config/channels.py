"""Channels beside Telegram: ``[channels.NAME]`` is a service, a signed webhook or an Atom feed."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from monitor.config.base import Section, read_secret
from monitor.config.zones import zone_name
from monitor.errors import UserError
from monitor.model.delivery_times import DAYS, parse_digest, parse_quiet

_NAME = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_NAME_LIMIT = 40


class ChannelKind(StrEnum):
    """How a channel sends."""

    APPRISE = "apprise"
    WEBHOOK = "webhook"
    ATOM = "atom"


_KEYS_OF_KIND = {
    ChannelKind.APPRISE: ("apprise", "apprise_file"),
    ChannelKind.WEBHOOK: ("webhook",),
    ChannelKind.ATOM: ("atom",),
}
# Settings that apply to some kinds only.
_ONLY_FOR = {
    "secret": (ChannelKind.WEBHOOK,),
    "secret_file": (ChannelKind.WEBHOOK,),
    "allow_private": (ChannelKind.WEBHOOK,),
    "proxy": (ChannelKind.APPRISE, ChannelKind.WEBHOOK),
    "entries": (ChannelKind.ATOM,),
}


def _channel_name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
        raise ValueError(
            "this is no name of a channel – small letters, digits and single - or _ between them, "
            f"{_NAME_LIMIT} at most"
        )
    return name


def _digest(text: str) -> str:
    try:
        return str(parse_digest(text) or "off")
    except ValueError:
        raise ValueError(
            f"this is no digest – off, daily {time(9):%H:%M} or weekly {DAYS[0]} {time(9):%H:%M}"
        ) from None


def _quiet(text: str) -> str:
    try:
        return str(parse_quiet(text) or "off")
    except ValueError:
        raise ValueError("these are no quiet hours – off, or 22:00-08:00") from None


ChannelName = Annotated[str, AfterValidator(_channel_name)]
"""A name that a table, an environment name and a rule can hold."""


class ChannelSettings(Section):
    """One channel: an Apprise service, a signed webhook or an Atom feed."""

    apprise: SecretStr | None = Field(
        default=None, description="Address of a service as Apprise writes it; it holds secrets."
    )
    apprise_file: Path | None = Field(
        default=None, description="A file that holds the address of the service."
    )
    webhook: SecretStr | None = Field(
        default=None, description="http(s):// address that is sent signed JSON."
    )
    secret: SecretStr | None = Field(
        default=None, description="Secret of the webhook's signature, `whsec_…`."
    )
    secret_file: Path | None = Field(default=None, description="A file that holds the secret.")
    allow_private: bool = Field(
        default=False, description="Whether the webhook may lie in a private network."
    )
    proxy: SecretStr | None = Field(
        default=None, description="Proxy of this channel only; none for Apprise."
    )
    atom: Path | None = Field(default=None, description="File of an Atom feed.")
    entries: int = Field(default=200, ge=1, le=5000, description="Entries the feed keeps.")
    language: Literal["zh", "en"] = Field(default="zh", description="Language: zh or en.")
    digest: Annotated[str, AfterValidator(_digest)] = Field(
        default="off", description="`daily 09:00` or `weekly mon 09:00`; `off`: each alert alone."
    )
    quiet: Annotated[str, AfterValidator(_quiet)] = Field(
        default="off", description="Hours in which nothing is sent, as `22:00-08:00`."
    )
    timezone: Annotated[str, AfterValidator(zone_name)] | None = Field(
        default=None, description="Time zone of digest and quiet hours; else the schedule's."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        said = {name for name in self.model_fields_set if getattr(self, name) is not None}
        kinds = [kind for kind, keys in _KEYS_OF_KIND.items() if said.intersection(keys)]
        if len(kinds) != 1:
            raise ValueError("a channel is one thing – say one of apprise, webhook and atom")
        kind = kinds[0]
        for name, kinds_of_it in _ONLY_FOR.items():
            if name in said and kind not in kinds_of_it:
                raise ValueError(
                    f"{name} means nothing for {kind} – it belongs to {' or '.join(kinds_of_it)}"
                )
        if kind is ChannelKind.WEBHOOK and not said & {"secret", "secret_file"}:
            raise ValueError(
                "a webhook is signed – say secret or secret_file; monitor channels secret makes one"
            )
        return self

    @property
    def kind(self) -> ChannelKind:
        """Which of the three it is."""
        if self.webhook is not None:
            return ChannelKind.WEBHOOK
        return ChannelKind.APPRISE if self.atom is None else ChannelKind.ATOM

    def address(self, name: str) -> str:
        """The address of the service, or of the webhook. It is a secret.

        Raises:
            UserError: the file that should hold it cannot be read, or is empty.
        """
        if self.webhook is not None:
            return self.webhook.get_secret_value().strip()
        key = f"channels.{name}.apprise_file"
        found = read_secret(self.apprise, self.apprise_file, key)
        if found is None:
            raise UserError(f"channels.{name}: no address of a service", file=self.apprise_file)
        return found

    def signing_secret(self, name: str) -> str:
        """The secret of the webhook's signature.

        Raises:
            UserError: the file that should hold it cannot be read, or is empty.
        """
        found = read_secret(self.secret, self.secret_file, f"channels.{name}.secret_file")
        if found is None:
            raise UserError(f"channels.{name}: no secret to sign with", file=self.secret_file)
        return found

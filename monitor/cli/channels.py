"""``monitor channels``: the channels beside Telegram, and a test message for them."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ConfigOption, FormatOption
from monitor.cli.output import Format, print_status, write_rows, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings, load_settings
from monitor.errors import DeliveryError, MonitorError

if TYPE_CHECKING:
    # The list needs the settings only; `test` loads the messages and the senders.
    from monitor.model.changes import LoggedChange

channels_app = typer.Typer(help="Channels beside Telegram.", no_args_is_help=True)

_TITLE = "测试：政策监测的示例提醒（不是新闻）"
_URL = "https://example.org/policy-monitor/test"


@channels_app.command("list")
def list_(form: FormatOption = Format.TABLE, config: ConfigOption = None) -> None:
    """Print the channels of the settings. Addresses stay hidden: they hold secrets."""
    settings = load_settings(config)
    write_rows(
        form,
        ("name", "kind", "language", "digest", "quiet", "timezone"),
        (
            (
                name,
                channel.kind,
                channel.language,
                channel.digest,
                channel.quiet,
                channel.timezone or settings.timezone,
            )
            for name, channel in settings.channels.items()
        ),
        empty="the settings name no channel beside Telegram: see docs/how-to/other-channels.md",
    )


@channels_app.command("test")
def try_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the settings name it.")],
    config: ConfigOption = None,
) -> None:
    """Send a sample alert by one channel, and say how it went."""
    settings = load_settings(config)
    try:
        asyncio.run(_send(settings, name))
    except DeliveryError as error:
        raise MonitorError(f"{name}: {error}") from None
    print_status(f"{name}: the sample was accepted")


@channels_app.command()
def secret() -> None:
    """Print a new secret for a webhook's signature."""
    from monitor.channels.webhook import SECRET_PREFIX

    key = base64.b64encode(secrets.token_bytes(32)).decode()
    write_text(f"{SECRET_PREFIX}{key}")


async def _send(settings: Settings, name: str) -> None:
    from monitor.app import open_channels
    from monitor.messages.alert_message import render_alert
    from monitor.model.alerts import AlertChange, AlertDocument, OutboxAlert, Recipient
    from monitor.model.documents import DocumentKind

    line = _sample(utc_now())

    async def lookup(_: Sequence[int]) -> Sequence[LoggedChange]:
        return [line]

    async with open_channels(settings, lookup=lookup, only=name) as senders:
        to = Recipient(0, 0, name)
        channel = settings.channels[name]
        document = AlertDocument(
            line.document_title, line.url, DocumentKind.PAGE, "贵州省", line.published, None
        )
        alert = OutboxAlert(
            id=0,
            recipient_id=0,
            attempts=1,
            created_at=line.detected_at,
            possibly_delivered=False,
            document=document,
            changes=(AlertChange(line.id, line.change, ("sample",), line.summary, 0, document),),
            language=channel.language,
            to=to,
            timezone=channel.timezone or settings.timezone,
        )
        await senders[name].send(to, replace(render_alert(alert), alert=alert))


def _sample(now: datetime) -> LoggedChange:
    """An invented change: 160 to 190 Eflops."""
    from monitor.messages.template_samples import sample_change
    from monitor.model.changes import Kind, LoggedChange

    return LoggedChange(
        id=0,
        detected_at=now,
        change=sample_change(Kind.STRENGTHENED),
        summary="算力规模 160 → 190 Eflops",
        document_id=0,
        document_title=_TITLE,
        url=_URL,
        published=now.date(),
        source_id=None,
    )

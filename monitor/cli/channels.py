"""``monitor channels``: the channels beside Telegram, and a test message for all."""

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
from monitor.errors import ChatMoved, DeliveryError, MonitorError, UserError

if TYPE_CHECKING:
    # The list needs the settings only; `test` loads the messages and the senders.
    from monitor.model.alerts import OutboxAlert, Recipient
    from monitor.model.changes import LoggedChange

channels_app = typer.Typer(help="Channels beside Telegram, and tests of all.", no_args_is_help=True)

_TITLE = "测试：政策监测的示例提醒（不是新闻）"
_URL = "https://example.org/policy-monitor/test"
_TELEGRAM = "telegram"
# Bot API: ids of chats have at most 52 significant bits.
_MAX_CHAT = (1 << 52) - 1


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
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As the settings name it; telegram: the bot.")
    ],
    chat: Annotated[
        int | None,
        typer.Option(
            min=-_MAX_CHAT,
            max=_MAX_CHAT,
            help="The chat that the bot writes to: its id; of a group -100123456.",
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Send one sample alert by a channel or by the bot, and say how it went."""
    settings = load_settings(config)
    by_bot = name == _TELEGRAM and (chat is not None or name not in settings.channels)
    if by_bot and chat is None:
        operators = settings.telegram.operators
        hint = f"such as --chat {operators[0]}" if operators else "/start in the bot tells a chat's"
        raise UserError("--chat: name the chat to write to", hint=hint)
    if chat is not None and not by_bot:
        raise UserError(f"--chat is for {_TELEGRAM}, not for {name}")
    sent = _send_by_bot(settings, chat) if chat is not None else _send(settings, name)
    shown = name if chat is None else f"{name}, chat {chat}"
    try:
        asyncio.run(sent)
    except DeliveryError as error:
        advice = _advice(error) if by_bot else ""
        raise MonitorError(f"{shown}: {error}" + (f" – {advice}" if advice else "")) from None
    print_status(f"{shown}: the sample was accepted")


@channels_app.command()
def secret() -> None:
    """Print a new secret for a webhook's signature."""
    from monitor.channels.webhook import SECRET_PREFIX

    key = base64.b64encode(secrets.token_bytes(32)).decode()
    write_text(f"{SECRET_PREFIX}{key}")


async def _send(settings: Settings, name: str) -> None:
    from monitor.app import open_channels
    from monitor.messages.alert_message import render_alert
    from monitor.model.alerts import Recipient

    line = _sample(utc_now())

    async def lookup(_: Sequence[int]) -> Sequence[LoggedChange]:
        return [line]

    async with open_channels(settings, lookup=lookup, only=name) as senders:
        channel = settings.channels[name]
        to, zone = Recipient(0, 0, name), channel.timezone or settings.timezone
        alert = _sample_alert(line, to, zone, channel.language)
        await senders[name].send(to, replace(render_alert(alert), alert=alert))


async def _send_by_bot(settings: Settings, chat: int) -> None:
    from monitor.channels.telegram import TelegramChannel
    from monitor.messages.alert_message import render_alert
    from monitor.model.alerts import Recipient

    token, telegram = settings.token(), settings.telegram
    if token is None:
        raise UserError(
            "telegram.token: there is no token", hint="set MONITOR_TELEGRAM__TOKEN, from @BotFather"
        )
    to = Recipient(chat)
    alert = _sample_alert(_sample(utc_now()), to, settings.timezone)
    # Its buttons would ask the bot about a change that is in no log.
    message = replace(render_alert(alert), buttons=())
    async with TelegramChannel(token, base_url=telegram.base_url, proxy=telegram.proxy) as channel:
        await channel.send(to, message)


def _advice(error: DeliveryError) -> str:
    """What to do about a refusal of Telegram; empty if there is nothing to be said."""
    if isinstance(error, ChatMoved):
        return f"use --chat {error.chat_id}, and in the settings and rules"
    said = str(error).casefold()
    return next((advice for words, advice in _ADVICE if words in said), "")


# What Telegram says, in the order in which it is looked for.
_ADVICE = (
    ("refuses the token", "copy it again from @BotFather (/mybots, API Token)"),
    ("blocked by the user", "this person must unblock the bot and send it /start"),
    ("initiate conversation", "this person must send the bot /start first"),
    ("user is deactivated", "this account was deleted"),
    ("kicked from", "add the bot to this chat again"),
    ("not a member", "add the bot to this chat"),
    ("chat not found", "check the id; a person sends the bot /start first, a group adds the bot"),
    ("rights", "let the bot send messages there: make it an administrator"),
    ("chat_write_forbidden", "let the bot send messages there: make it an administrator"),
    ("asks to wait", "try again then"),
    ("no way to telegram", "check telegram.base_url, telegram.proxy and the network"),
    ("did not answer", "look into the chat: the message may have arrived"),
)


def _sample_alert(
    line: LoggedChange, to: Recipient, timezone: str, language: str = "zh"
) -> OutboxAlert:
    """An alert of a change that is in no log."""
    from monitor.model.alerts import AlertChange, AlertDocument, OutboxAlert
    from monitor.model.documents import DocumentKind

    document = AlertDocument(
        line.document_title, line.url, DocumentKind.PAGE, "贵州省", line.published, None
    )
    return OutboxAlert(
        id=0,
        recipient_id=0,
        attempts=1,
        created_at=line.detected_at,
        possibly_delivered=False,
        document=document,
        changes=(AlertChange(line.id, line.change, ("sample",), line.summary, 0, document),),
        language=language,
        to=to,
        timezone=timezone,
    )


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

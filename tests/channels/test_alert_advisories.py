"""Faults other monitors had with what they send, named after their advisories."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from alert_story import NOW, added, goal, raised
from telegram_api import TOKEN, parse_html

from monitor.channels.telegram import TelegramChannel
from monitor.errors import DeliveryError
from monitor.messages.alert_message import render_alert
from monitor.messages.richtext import Message, Span
from monitor.model.alerts import AlertChange, AlertDocument, OutboxAlert, Recipient
from monitor.model.documents import DocumentKind

TEMPLATES = ("{{7*7}}", "{% raw %}x{% endraw %}", "{0.__class__}", "%(name)s", "${7*7}", "{rule}")


@pytest.mark.parametrize("said", TEMPLATES)
def test_cve_2024_32651_text_of_a_page_is_not_a_template(said: str) -> None:
    change = replace(added(), after=goal(190, said))
    document = AlertDocument(said, None, DocumentKind.NEWS, None, None, said)
    changes = (AlertChange(1, change, ("rule",)), AlertChange(2, raised(), ("rule",)))
    message = render_alert(OutboxAlert(1, 7, 1, NOW, False, document, changes))
    text, _ = parse_html(message.html)
    assert text.count(said) >= 2
    assert "49" not in text


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_ghsa_jrxm_qjfh_g54f_the_token_follows_no_redirect(status: int) -> None:
    stolen: list[bytes] = []

    async def thief(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stolen.append(await reader.read(4096))
        writer.close()

    async def api(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:{port_of(elsewhere)}{path}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    def port_of(server: asyncio.Server) -> int:
        port: int = server.sockets[0].getsockname()[1]
        return port

    elsewhere = await asyncio.start_server(thief, "127.0.0.1", 0)
    here = await asyncio.start_server(api, "127.0.0.1", 0)
    async with elsewhere, here:
        base = f"http://127.0.0.1:{port_of(here)}/bot"
        async with TelegramChannel(TOKEN, base_url=base) as channel:
            with pytest.raises(DeliveryError) as caught:
                await channel.send(Recipient(7), Message((Span("x"),)))
    assert stolen == []
    assert TOKEN not in str(caught.value)

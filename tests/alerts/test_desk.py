"""What the bot says fits into a message, whatever the rules and the chats are called."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from alert_story import Clock, plant, raised
from telegram_api import parse_html, utf16

from monitor.alerts.desk import Desk
from monitor.alerts.message import TEXT_LIMIT, Message
from monitor.storage.database import Database

CHAT = 7


@dataclass(frozen=True)
class Rule:
    id: str
    name: str
    description: str
    subscribable: bool = True


@dataclass(frozen=True)
class Rules:
    rules: tuple[Rule, ...]


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    long = [Rule(f"{n:02}" + "𠀀" * 62, "<b>𠀀&" * 100, "\u202e" + "𠀀" * 900) for n in range(60)]
    rules = Rules(tuple(long))
    return Desk(sqlite_database, lambda: rules, Clock())


def fits(message: Message) -> None:
    text, _ = parse_html(message.html)
    assert 0 < utf16(text.strip()) <= TEXT_LIMIT
    for row in message.buttons:
        for button in row:
            assert 1 <= len(button.press.encode()) <= 64
            assert button.text
    assert sum(map(len, message.buttons)) <= 100


def test_every_answer_fits_into_a_message(desk: Desk) -> None:
    for rule in desk.rules().rules:
        fits(desk.subscribe(CHAT, "聊天", rule.id))
    for message in (
        desk.start(CHAT, "𠀀" * 5000),
        desk.help(CHAT),
        desk.list_mine(CHAT),
        desk.subscribe(CHAT, "", ""),
        desk.subscribe(CHAT, "", "\x00<&>" * 5000),
        desk.unsubscribe(CHAT, ""),
        desk.unsubscribe(CHAT, "😀" * 5000),
        desk.language(CHAT, "", "{rule}" * 99),
        desk.latest(CHAT, "-1"),
        desk.private(CHAT),
        desk.trouble(CHAT),
        *(desk.list_rules(CHAT, page) for page in (-5, 0, 7, 10**9)),
    ):
        fits(message)


def test_braces_in_what_people_write_are_no_placeholders(desk: Desk) -> None:
    assert "{rule}{0}" in desk.subscribe(CHAT, "", "{rule}{0}").text


def test_ten_long_changes_are_still_one_message(desk: Desk) -> None:
    wide = [raised(n, n + 1) for n in range(1, 12)]
    plant(desk.database, wide, title="题" * 900)
    fits(desk.latest(CHAT, "10"))

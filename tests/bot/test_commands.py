"""The registry: commands and callbacks are complete, described in the menu, and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.bot.commands import CALLBACKS, COMMANDS, Audience, menu
from monitor.messages.i18n import bot_texts
from monitor.messages.richtext import (
    CallbackPrefix,
    callback_data,
    fits_callback_data,
    parse_callback_data,
)

SUBSCRIBE = Path(__file__).parents[2] / "docs" / "how-to" / "subscribe.md"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_menu_describes_every_command_and_no_other(language: str) -> None:
    texts = bot_texts(language)
    everyone, operators = menu(Audience.EVERYONE, texts), menu(Audience.OPERATORS, texts)
    assert dict(everyone) == texts.commands
    assert dict(operators) == texts.operator_commands
    assert {name for name, _ in (*everyone, *operators)} == set(COMMANDS)
    # Telegram's limits for a menu.
    for name, description in (*everyone, *operators):
        assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
        assert 1 <= len(description) <= 256


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert re.search(rf"`/{name}\b", SUBSCRIBE.read_text(encoding="utf-8"))


def test_every_documented_command_exists() -> None:
    documented = set(re.findall(r"`/([a-z_]+)", SUBSCRIBE.read_text(encoding="utf-8")))
    assert documented - {"newbot", "revoke"} <= set(COMMANDS)  # @BotFather's


def test_every_callback_prefix_has_a_handler() -> None:
    assert set(CALLBACKS) == {prefix.value for prefix in CallbackPrefix}


@pytest.mark.parametrize("prefix", CallbackPrefix)
def test_callback_data_is_parsed_into_what_it_was_built_from(prefix: CallbackPrefix) -> None:
    assert parse_callback_data(callback_data(prefix)) == (prefix, "")
    assert parse_callback_data(callback_data(prefix, 7, "a:b")) == (prefix, "7:a:b")
    assert fits_callback_data(prefix, "算" * 18)
    assert not fits_callback_data(prefix, "算" * 22)


def test_callback_data_is_built_in_one_place() -> None:
    """No other module writes the data of a button by hand."""
    root = Path(__file__).parents[2] / "monitor"
    by_hand = [
        f"{file.relative_to(root)}: {line.strip()}"
        for file in root.rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bButton\([^)]*, f?\"", line)
    ]
    assert not by_hand

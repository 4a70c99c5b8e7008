"""Chats and their subscriptions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alert_story import NOW

from monitor.outbox.chats import forget_chat, move_chat
from monitor.storage.base import get_row
from monitor.storage.engine import Database
from monitor.storage.recipients import deactivate_chat, language_of, save_chat, set_language
from monitor.storage.subscriptions import rules_of, subscribe, subscribers_of_rules, unsubscribe
from monitor.storage.tables import recipient_table


@pytest.fixture
def two_chats(database: Database) -> Database:
    with database.write() as connection:
        for number, chat in enumerate((-5, 7)):
            save_chat(connection, chat, title=f"聊天{number}", now=NOW)
            subscribe(connection, chat, "a", now=NOW + timedelta(minutes=number))
        subscribe(connection, 7, "b", now=NOW)
    return database


def test_rules_know_their_chats_and_chats_their_rules(two_chats: Database) -> None:
    with two_chats.read() as connection:
        assert subscribers_of_rules(connection, ["a", "b", "c"]) == {"a": (-5, 7), "b": (7,)}
        assert rules_of(connection, 7) == ("b", "a")
        assert subscribers_of_rules(connection, []) == {}
        assert subscribers_of_rules(connection, [f"r{n}" for n in range(2000)] + ["b"]) == {
            "b": (7,)
        }


def test_to_subscribe_twice_is_once(two_chats: Database) -> None:
    with two_chats.write() as connection:
        assert not subscribe(connection, 7, "a", now=NOW)
        assert unsubscribe(connection, 7, "a")
        assert not unsubscribe(connection, 7, "a")
        assert rules_of(connection, 7) == ("b",)


def test_a_chat_that_is_gone_gets_nothing_until_it_speaks_again(two_chats: Database) -> None:
    with two_chats.write() as connection:
        deactivate_chat(connection, 7)
        assert subscribers_of_rules(connection, ["a", "b"]) == {"a": (-5,)}
        save_chat(connection, 7, title="", now=NOW)
        assert subscribers_of_rules(connection, ["b"]) == {"b": (7,)}
        assert get_row(connection, recipient_table, 7).title == "聊天1"
        deactivate_chat(connection, 999)


def test_a_forgotten_chat_leaves_nothing(two_chats: Database) -> None:
    with two_chats.write() as connection:
        forget_chat(connection, 7)
    with two_chats.read() as connection:
        assert get_row(connection, recipient_table, 7) is None
        assert rules_of(connection, 7) == ()


def test_a_moved_chat_takes_its_choices_along(two_chats: Database) -> None:
    with two_chats.write() as connection:
        set_language(connection, -5, "en")
        move_chat(connection, -5, -1005, now=NOW)
        move_chat(connection, 999, 1000, now=NOW)
    with two_chats.read() as connection:
        assert rules_of(connection, -1005) == ("a",)
        assert rules_of(connection, -5) == ()
        assert language_of(connection, -1005) == "en"
        assert get_row(connection, recipient_table, 1000) is None


def test_only_known_languages_are_kept(two_chats: Database) -> None:
    with two_chats.write() as connection:
        with pytest.raises(ValueError, match="no such language"):
            set_language(connection, 7, "xx")
        assert language_of(connection, 7) == "zh"
        assert language_of(connection, 12345) == "zh"

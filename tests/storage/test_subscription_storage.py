"""Chats and their subscriptions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alert_story import NOW

from monitor.outbox.chats import forget_chat, move_chat
from monitor.storage.engine import Database
from monitor.storage.recipients import deactivate_chat, language_of, save_chat, set_language
from monitor.storage.subscriptions import rules_of, subscribe, subscribers_of_rules, unsubscribe
from monitor.storage.tables import RecipientRow


@pytest.fixture
def two_chats(database: Database) -> Database:
    with database.write() as session:
        for number, chat in enumerate((-5, 7)):
            save_chat(session, chat, title=f"聊天{number}", now=NOW)
            subscribe(session, chat, "a", now=NOW + timedelta(minutes=number))
        subscribe(session, 7, "b", now=NOW)
    return database


def test_rules_know_their_chats_and_chats_their_rules(two_chats: Database) -> None:
    with two_chats.read() as session:
        assert subscribers_of_rules(session, ["a", "b", "c"]) == {"a": (-5, 7), "b": (7,)}
        assert rules_of(session, 7) == ("b", "a")
        assert subscribers_of_rules(session, []) == {}
        assert subscribers_of_rules(session, [f"r{n}" for n in range(2000)] + ["b"]) == {"b": (7,)}


def test_to_subscribe_twice_is_once(two_chats: Database) -> None:
    with two_chats.write() as session:
        assert not subscribe(session, 7, "a", now=NOW)
        assert unsubscribe(session, 7, "a")
        assert not unsubscribe(session, 7, "a")
        assert rules_of(session, 7) == ("b",)


def test_a_chat_that_is_gone_gets_nothing_until_it_speaks_again(two_chats: Database) -> None:
    with two_chats.write() as session:
        deactivate_chat(session, 7)
        assert subscribers_of_rules(session, ["a", "b"]) == {"a": (-5,)}
        save_chat(session, 7, title="", now=NOW)
        assert subscribers_of_rules(session, ["b"]) == {"b": (7,)}
        assert session.get_one(RecipientRow, 7).title == "聊天1"
        deactivate_chat(session, 999)


def test_a_forgotten_chat_leaves_nothing(two_chats: Database) -> None:
    with two_chats.write() as session:
        forget_chat(session, 7)
    with two_chats.read() as session:
        assert session.get(RecipientRow, 7) is None
        assert rules_of(session, 7) == ()


def test_a_moved_chat_takes_its_choices_along(two_chats: Database) -> None:
    with two_chats.write() as session:
        set_language(session, -5, "en")
        move_chat(session, -5, -1005, now=NOW)
        move_chat(session, 999, 1000, now=NOW)
    with two_chats.read() as session:
        assert rules_of(session, -1005) == ("a",)
        assert rules_of(session, -5) == ()
        assert language_of(session, -1005) == "en"
        assert session.get(RecipientRow, 1000) is None


def test_only_known_languages_are_kept(two_chats: Database) -> None:
    with two_chats.write() as session:
        with pytest.raises(ValueError, match="no such language"):
            set_language(session, 7, "xx")
        assert language_of(session, 7) == "zh"
        assert language_of(session, 12345) == "zh"

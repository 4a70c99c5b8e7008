"""Chats and their subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from alert_story import NOW
from sqlalchemy import Connection, event

from monitor.model.alerts import Access
from monitor.outbox.chats import forget_chat, move_chat
from monitor.storage.base import get_row
from monitor.storage.engine import Database
from monitor.storage.recipients import (
    deactivate_chat,
    get_recipient,
    language_of,
    save_chat,
    set_access,
    set_language,
)
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


@contextmanager
def meanwhile(database: Database, change: Callable[[Connection], object]) -> Iterator[Connection]:
    """A writing transaction; another one ends right before it says whether a chat is active."""
    with database.write() as connection:
        changes = [change]

        @event.listens_for(connection, "before_cursor_execute")
        def interfere(_1: object, _2: object, statement: str, *_: Any) -> None:
            if statement.startswith("UPDATE recipient") and "active=" in statement and changes:
                with database.write() as other:
                    changes.pop()(other)

        yield connection
        assert not changes


def test_a_chat_that_writes_undoes_no_decision_that_was_made_meanwhile(
    postgres_database: Database,
) -> None:
    def deny(connection: Connection) -> None:
        set_access(connection, 7, Access.DENIED)

    with postgres_database.write() as connection:
        save_chat(connection, 7, title="聊天", now=NOW)
    with meanwhile(postgres_database, deny) as connection:
        save_chat(connection, 7, title="聊天", now=NOW)
    with postgres_database.read() as connection:
        chat = get_recipient(connection, 7)
    assert (chat.access, chat.active) == (Access.DENIED, False)


def test_a_move_undoes_no_decision_that_was_made_meanwhile(postgres_database: Database) -> None:
    def deny(connection: Connection) -> None:
        set_access(connection, -105, Access.DENIED)

    with postgres_database.write() as connection:
        for chat in (-5, -105):
            save_chat(connection, chat, title="小组", now=NOW)
    with postgres_database.write() as connection:
        set_access(connection, -105, Access.GRANTED)
    with meanwhile(postgres_database, deny) as connection:
        move_chat(connection, -5, -105, now=NOW)
    with postgres_database.read() as connection:
        chat = get_recipient(connection, -105)
    assert (chat.access, chat.active) == (Access.DENIED, False)

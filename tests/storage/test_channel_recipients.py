"""Channels of the settings become rows, and those that are gone receive nothing more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.model.alerts import Recipient
from monitor.storage.recipients import (
    ChannelConfig,
    deactivate_chat,
    find_recipient_id,
    get_recipient,
    sync_channels,
)

NOW = datetime(2026, 2, 3, tzinfo=UTC)
TEAM = ChannelConfig("team", "en", "daily 09:00", "22:00-08:00", "Europe/Berlin")


def way(connection, name):
    return get_recipient(connection, find_recipient_id(connection, Recipient(0, 0, name)))


@pytest.mark.parametrize("fixture", ["sqlite_database", "postgres_database"])
def test_a_channel_is_stored_with_its_options(fixture, request):
    database = request.getfixturevalue(fixture)
    with database.write() as connection:
        sync_channels(connection, [TEAM, ChannelConfig("feed")], now=NOW)
    with database.read() as connection:
        team, feed = way(connection, "team"), way(connection, "feed")
    assert (team.kind, team.language, team.active) == ("external", "en", True)
    assert (str(team.digest), str(team.quiet), team.timezone) == (
        "daily 09:00",
        "22:00-08:00",
        "Europe/Berlin",
    )
    assert (feed.digest, feed.quiet, feed.language) == (None, None, "zh")
    with database.write() as connection:
        sync_channels(connection, [ChannelConfig("feed", digest="weekly mon 08:00")], now=NOW)
    with database.read() as connection:
        assert not way(connection, "team").active
        assert str(way(connection, "feed").digest) == "weekly mon 08:00"


def test_a_deactivated_channel_is_active_again_after_a_start(sqlite_database):
    with sqlite_database.write() as connection:
        sync_channels(connection, [TEAM], now=NOW)
        deactivate_chat(connection, find_recipient_id(connection, TEAM.to))
    with sqlite_database.write() as connection:
        assert not way(connection, "team").active
        sync_channels(connection, [TEAM], now=NOW)
    with sqlite_database.read() as connection:
        assert way(connection, "team").active


def test_chats_of_telegram_are_left_alone(sqlite_database):
    from monitor.storage.recipients import save_chat

    with sqlite_database.write() as connection:
        save_chat(connection, 12, title="Ann", now=NOW)
        sync_channels(connection, [], now=NOW)
    with sqlite_database.read() as connection:
        assert get_recipient(connection, 12).active

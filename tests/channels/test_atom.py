"""The Atom feed: read by an independent parser, replaced whole, never over a stranger's file."""

from __future__ import annotations

from datetime import timedelta

import feedparser
import pytest
from alert_story import NOW, Clock
from channel_samples import TO, alert_of, hostile, long_message, message_of
from lxml import etree

from monitor.channels.atom import AtomChannel
from monitor.errors import DeliveryError, RetryLater, UserError
from monitor.messages.richtext import Message, Span


def feed(tmp_path, **options):
    return AtomChannel("feed", tmp_path / "alerts.xml", now=Clock(), **options)


def read(tmp_path):
    found = feedparser.parse((tmp_path / "alerts.xml").read_bytes())
    assert not found.bozo
    assert found.version == "atom10"
    return found


async def test_a_reader_finds_the_alert(tmp_path):
    await feed(tmp_path).send(TO, message_of())
    found = read(tmp_path)
    assert found.feed.id == "tag:policy-monitor,2026:feed"
    assert found.feed.author == "policy-monitor"
    (entry,) = found.entries
    assert entry.id == "tag:policy-monitor,2026:feed:alert-7"
    assert entry.title == "贵州 算力规模 160 → 190 Eflops ▲18.75%"
    assert entry.link == "https://www.guizhou.gov.cn/a?b=1&c=2"
    assert entry.updated == "2026-02-03T10:00:00Z"
    assert "<s>160</s>" in entry.content[0].value


async def test_the_newest_come_first_and_only_so_many_are_kept(tmp_path):
    channel = feed(tmp_path, entries=3)
    for number in range(1, 6):
        await channel.send(TO, message_of(alert_of(number=number)))
    assert [e.id.rpartition("-")[2] for e in read(tmp_path).entries] == ["5", "4", "3"]


async def test_an_alert_that_is_sent_again_replaces_itself_after_a_restart_too(tmp_path):
    await feed(tmp_path).send(TO, message_of(alert_of(number=1)))
    await feed(tmp_path).send(TO, message_of(alert_of(number=2)))
    later = AtomChannel("feed", tmp_path / "alerts.xml", now=Clock(NOW + timedelta(hours=1)))
    await later.send(TO, message_of(alert_of(number=1)))
    entries = read(tmp_path).entries
    assert [e.id.rpartition("-")[2] for e in entries] == ["1", "2"]
    assert entries[0].updated == "2026-02-03T11:00:00Z"


async def test_cve_2026_27645_and_cve_2026_29038_text_of_sources_stays_text_in_the_feed(tmp_path):
    await feed(tmp_path).send(TO, hostile())
    (entry,) = read(tmp_path).entries
    raw = (tmp_path / "alerts.xml").read_bytes()
    assert b"<script" not in raw
    root = etree.fromstring(raw)
    content = root.findtext(".//{*}content")
    assert "&lt;script&gt;alert(1)" in content
    assert "<script" not in content
    assert "\u202e" not in content
    assert entry.id.endswith("alert-8")


async def test_the_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    channel = feed(tmp_path)
    await channel.send(TO, message_of(alert_of(number=1)))
    before = (tmp_path / "alerts.xml").stat().st_ino
    with (tmp_path / "alerts.xml").open("rb") as old:
        await channel.send(TO, long_message())
        assert old.read().endswith(b"</feed>")
    assert (tmp_path / "alerts.xml").stat().st_ino != before
    assert [file.name for file in tmp_path.iterdir()] == ["alerts.xml"]
    assert (tmp_path / "alerts.xml").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "found",
    [
        b"",
        b"my notes",
        b"<feed",
        b"<html/>",
        b'<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:other</id></feed>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><feed>&a;</feed>',
    ],
)
def test_a_foreign_file_is_not_overwritten(tmp_path, found):
    (tmp_path / "alerts.xml").write_bytes(found)
    with pytest.raises(UserError, match=r"alerts\.xml: this is no feed of channels\.feed"):
        feed(tmp_path)
    assert (tmp_path / "alerts.xml").read_bytes() == found


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(UserError, match="there is no such folder"):
        AtomChannel("feed", tmp_path / "none" / "alerts.xml")


async def test_a_file_that_became_a_strangers_is_left_alone(tmp_path):
    channel = feed(tmp_path)
    (tmp_path / "alerts.xml").write_text("mine now")
    with pytest.raises(DeliveryError, match="not overwritten"):
        await channel.send(TO, message_of())


async def test_a_folder_that_goes_away_is_waited_for(tmp_path):
    folder = tmp_path / "public"
    folder.mkdir()
    channel = AtomChannel("feed", folder / "alerts.xml")
    folder.rmdir()
    with pytest.raises(RetryLater, match="cannot be written"):
        await channel.send(TO, message_of())


async def test_a_message_without_an_alert_has_no_entry(tmp_path):
    with pytest.raises(DeliveryError, match="no alert"):
        await feed(tmp_path).send(TO, Message((Span("x"),)))

"""Alerts as an Atom feed (RFC 4287) in a file, for feed readers and web servers.

The file stores the entries: they are read from it and written again, so that they survive a
restart. Libraries that only write feeds cannot do that; lxml does both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.atomic_file import replace_bytes
from monitor.clock import utc_now
from monitor.errors import DeliveryError, RetryLater, UserError
from monitor.messages.escaping import split_headline, to_html
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient

if TYPE_CHECKING:
    from lxml import etree

_NS = "http://www.w3.org/2005/Atom"
_GENERATOR = "policy-monitor"
AUTHORITY = "policy-monitor,2026"
"""Of the tag URIs (RFC 4151)."""

_WAIT = 60.0
_MAX_BYTES = 64_000_000


class AtomChannel:
    """Adds each alert to the top of a feed, and replaces the file atomically."""

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        entries: int = 200,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Read the file; nothing is written yet.

        Args:
            name: of the channel, and of the feed.
            path: of the file; its folder must exist.
            entries: how many are kept.
            now: when an entry is written.

        Raises:
            UserError: the folder does not exist, or the file is not a feed of this channel.
        """
        self._name = name
        self._path = path
        self._max_entries = entries
        self._now = now
        self._id = f"tag:{AUTHORITY}:{name}"
        if not path.parent.is_dir():
            raise UserError(
                "there is no such folder", file=path.parent, hint=f"channels.{name}.atom"
            )
        self._read()

    async def ready(self, to: Recipient) -> None:
        """There is no rate limit."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Add an alert to the feed; an entry of the same alert is replaced.

        Raises:
            RetryLater: the file cannot be written now.
            DeliveryError: there is no alert behind the message.
        """
        if message.alert is None:
            raise DeliveryError("there is no alert behind this message")
        try:
            await asyncio.to_thread(self._add, message, message.alert.id)
        except OSError as error:
            raise RetryLater(
                f"the feed cannot be written: {error.strerror}", seconds=_WAIT
            ) from None
        except UserError as error:
            raise DeliveryError(str(error)) from None
        return 0

    def _add(self, message: Message, alert_id: int) -> None:
        entry_id = f"{self._id}:alert-{alert_id}"
        kept = [entry for entry in self._read() if entry.findtext(f"{{{_NS}}}id") != entry_id]
        at = self._now()
        feed = _feed(self._id, f"{_GENERATOR}: {self._name}", at)
        feed.append(_element(_entry(entry_id, message, at)))
        feed.extend(kept[: self._max_entries - 1])
        body = _etree().tostring(feed, encoding="utf-8", xml_declaration=True)
        # Web servers read it, whatever the permissions were.
        replace_bytes(self._path, body, mode=0o644)

    def _read(self) -> list[etree._Element]:
        """The entries of the file; none if it does not exist yet.

        Raises:
            UserError: it is not a feed of this channel.
        """
        try:
            with self._path.open("rb") as file:
                body = file.read(_MAX_BYTES)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UserError(f"cannot be read: {error.strerror}", file=self._path) from None
        parser = _etree().XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True
        )
        root = None
        with suppress(_etree().XMLSyntaxError):
            root = _etree().fromstring(body, parser)
        if (
            root is None
            or root.tag != f"{{{_NS}}}feed"
            or root.findtext(f"{{{_NS}}}id") != self._id
        ):
            raise UserError(
                f"this is no feed of channels.{self._name}, so it is not overwritten",
                file=self._path,
                hint="move the file away, or name another",
            )
        return list(root.findall(f"{{{_NS}}}entry"))


def _etree() -> Any:
    # It takes several megabytes, and only feeds need it.
    from lxml import etree

    return etree


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry; ``links`` are pairs of relation and address, ``html`` a fragment."""

    id: str
    title: str
    updated: datetime
    published: datetime | None
    links: tuple[tuple[str, str], ...]
    html: str


def feed_bytes(
    feed_id: str,
    title: str,
    updated: datetime,
    entries: Iterable[FeedEntry],
    *,
    links: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A feed with its entries as XML.

    Args:
        feed_id: an IRI that stays.
        title: for people.
        updated: when something in it changed last.
        entries: newest first.
        links: pairs of relation and address.
    """
    feed = _feed(feed_id, title, updated)
    _add_links(feed, links)
    feed.extend(map(_element, entries))
    return bytes(_etree().tostring(feed, encoding="utf-8", xml_declaration=True))


def _feed(feed_id: str, title: str, updated: datetime) -> etree._Element:
    feed = _etree().Element(f"{{{_NS}}}feed", nsmap={None: _NS})
    _text(feed, "title", title)
    _text(feed, "id", feed_id)
    _text(feed, "updated", _stamp(updated))
    _text(feed, "generator", _GENERATOR)
    _text(_etree().SubElement(feed, f"{{{_NS}}}author"), "name", _GENERATOR)
    return feed


def _entry(entry_id: str, message: Message, at: datetime) -> FeedEntry:
    title, _ = split_headline(message)
    links = dict.fromkeys(span.link for span in message.spans if span.link is not None)
    return FeedEntry(
        id=entry_id,
        title=title,
        updated=at,
        published=None if message.alert is None else message.alert.created_at,
        # An entry has one alternate of a type and language at most (RFC 4287, 4.1.2).
        links=tuple(
            ("related" if position else "alternate", link) for position, link in enumerate(links)
        ),
        html=to_html(message),
    )


def _element(entry: FeedEntry) -> etree._Element:
    element = _etree().Element(f"{{{_NS}}}entry", nsmap={None: _NS})
    _text(element, "title", entry.title or "–")
    _text(element, "id", entry.id)
    _text(element, "updated", _stamp(entry.updated))
    if entry.published is not None:
        _text(element, "published", _stamp(entry.published))
    _add_links(element, entry.links)
    _text(element, "content", entry.html or "–").set("type", "html")
    return element


def _add_links(parent: etree._Element, links: Iterable[tuple[str, str]]) -> None:
    for relation, address in links:
        _etree().SubElement(parent, f"{{{_NS}}}link", rel=relation, href=address)


def _text(parent: etree._Element, name: str, text: str) -> etree._Element:
    """An element with a text; spans carry no character that XML forbids (``Span``)."""
    element = _etree().SubElement(parent, f"{{{_NS}}}{name}")
    element.text = text
    return element


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

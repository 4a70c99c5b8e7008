"""A source, that is a place that is watched, as a frozen value."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from monitor.model.documents import DocumentKind, Selectors
from monitor.model.statements import Speaker


class Pattern(Protocol):
    """A compiled linear-time expression (google-re2)."""

    @property
    def pattern(self) -> str:
        """The expression as written."""

    def search(self, text: str) -> Any:
        """A match anywhere in ``text``, or None."""


class Tls(StrEnum):
    """What a server is granted that cannot speak TLS as it is spoken today."""

    STRICT = "strict"
    LEGACY = "legacy"  # renegotiation as before RFC 5746, short keys
    TLS1 = "tls1"  # these, and TLS 1.0


@dataclass(frozen=True, slots=True)
class FetchRoute:
    """How the addresses of a source are fetched: all that a request needs besides its address.

    ``allow_private`` permits private and loopback hosts. ``hosts`` are further hosts that links
    and redirects may lead to. ``robots``: its robots.txt is obeyed. ``ca_file``: certificates
    that are trusted besides the usual ones. ``proxy``: its own, ``direct`` for none, None for the
    crawl's; it may hold a password and is never shown.
    """

    allow_private: bool = False
    hosts: tuple[str, ...] = ()
    robots: bool = True
    tls: Tls = Tls.STRICT
    ca_file: Path | None = None
    proxy: str | None = field(default=None, repr=False)

    @property
    def connection_key(self) -> Hashable:
        """Equal for routes that may share connections."""
        return self.allow_private, self.tls, self.ca_file, self.proxy


DEFAULT_ROUTE = FetchRoute()
"""The route of a source whose entry says nothing of it."""


@dataclass(frozen=True, slots=True)
class Season:
    """Months (1 to 12) in which the lists of a source are visited at another pace."""

    months: frozenset[int]
    list_interval: timedelta


@dataclass(frozen=True, slots=True)
class Source:
    """A report column, a news list, an e-paper or some fixed pages, of one speaker.

    ``region`` is a full official name, None for the press; ``code`` its GB/T 2260 code.
    ``lists`` are addresses whose links are followed, ``pages`` addresses that are read
    themselves. A link passes if its absolute address has ``link_pattern``, its title has
    ``title_pattern`` and has not ``title_skip``, each if given. ``list_pages`` is how many
    pages of a list are walked; the address of the next one comes of ``paging``, where ``{n}``
    counts from ``paging_from``. ``max_backfill_pages`` is how far a visit goes back for what was
    missed: further pages of a list, days of an e-paper. ``list_interval`` is the time between
    visits of a list, ``page_interval`` between visits of a known document while it is new; in
    its ``season`` the lists have another interval. ``seen`` says what somebody saw (list
    addresses, family, …) and the evidence for it. ``topics`` are the topics looked for in its
    texts, all of them if it is empty. With ``baseline`` what stands there at the first
    visit is history and alerts nobody. ``route`` is how its addresses are fetched.
    """

    id: str
    name: str
    region: str | None
    code: str | None
    speaker: Speaker
    document_kind: DocumentKind
    lists: tuple[str, ...]
    pages: tuple[str, ...]
    family: str
    link_pattern: Pattern | None
    title_pattern: Pattern | None
    title_skip: Pattern | None
    selectors: Selectors
    list_interval: timedelta
    season: Season | None
    page_interval: timedelta
    max_links: int
    list_pages: int
    paging: str | None
    paging_from: int
    max_backfill_pages: int
    enabled: bool
    baseline: bool
    topics: tuple[str, ...]
    encoding: str | None
    confidence: str
    seen: Mapping[str, tuple[str, ...]]
    notes: str
    route: FetchRoute = DEFAULT_ROUTE

    @property
    def exceptions(self) -> tuple[str, ...]:
        """The measures of safety and politeness this source is exempt from, as in its file."""
        route = self.route
        found = {
            "allow_private": route.allow_private,
            "robots: ignore": not route.robots,
            f"tls: {route.tls.value}": route.tls is not Tls.STRICT,
            f"ca_file: {route.ca_file and route.ca_file.name}": route.ca_file is not None,
        }
        return tuple(name for name, there in found.items() if there)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All sources, in the order of their files; disabled ones included."""

    sources: tuple[Source, ...]
    _by_id: dict[str, Source] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the sources once."""
        object.__setattr__(self, "_by_id", {source.id: source for source in self.sources})

    def get(self, source_id: str) -> Source | None:
        """The source of that id, or None."""
        return self._by_id.get(source_id)

    @property
    def enabled(self) -> tuple[Source, ...]:
        """The sources that are to be visited."""
        return tuple(source for source in self.sources if source.enabled)

    def __getitem__(self, source_id: str) -> Source:
        """The source of that id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[source_id]

    def __contains__(self, source_id: object) -> bool:
        """Whether there is a source of that id."""
        return source_id in self._by_id

    def __iter__(self) -> Iterator[Source]:
        """The sources in order."""
        return iter(self.sources)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.sources)

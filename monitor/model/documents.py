"""What is read: documents, where they come from, and how a visit ended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from monitor.model.statements import Speaker, Statement


class Outcome(StrEnum):
    """How a visit ended. Only ``OK`` and ``PARTIAL`` give a text to store.

    ``PARTIAL``: the text is right as far as it goes, but something that belongs to it was seen and
    not read. What is missing in it was not dropped.
    """

    OK = "ok"
    PARTIAL = "partial"
    NOT_MODIFIED = "not_modified"
    BLOCKED = "blocked"
    EMPTY = "empty"
    SHRUNK = "shrunk"
    GONE = "gone"
    MOVED = "moved"
    ERROR = "error"


class Origin(StrEnum):
    """How a statement or change came into the log."""

    LIVE = "live"  # a visit found it when it was new
    BASELINE = "baseline"  # it stood there when its source was first visited
    INGESTED = "ingested"  # a person imported it from a file
    BACKFILL = "backfill"  # an older report that a column lists, read on request


class Health(StrEnum):
    """How a source has been of late."""

    OK = "ok"
    FAILING = "failing"  # several visits in a row went wrong
    QUIET = "quiet"  # nothing new for long, although most others of its kind had


class DocumentKind(StrEnum):
    """What a document is."""

    REPORT = "report"  # a government work report: one a year, member of a series
    PLAN = "plan"  # what a government or ministry issued to lay down what is to be done
    NEWS = "news"  # an article of the press
    PAGE = "page"  # anything else that is watched at one address


@dataclass(frozen=True, slots=True)
class Selectors:
    """CSS selectors of a page family; None leaves the search to the general reader."""

    title: str | None = None
    published: str | None = None
    source_line: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or viewer that a page offers; ``read``: its text is part of the document's.

    ``is_shown``: in the page itself, by a viewer.
    """

    name: str
    url: str
    read: bool = False
    is_shown: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A page as read: clean text, and what the page says of itself.

    ``text`` has one line a paragraph, no markup, no navigation; ``outcome`` is ``OK``,
    ``PARTIAL``, ``EMPTY``, ``BLOCKED`` or ``GONE`` and says whether the text may be believed.
    ``published_from`` names what gave the day. ``prose`` counts the letters of prose that the page
    shows, ``taken`` is the share (0 to 1) of it in the text. ``steady_links`` are the texts of the
    links, in order, that may have other words without anything else being read. ``further_pages``
    are pages of the article that were seen and not read; ``unread`` says in words what else was.
    ``target`` is where a page without a text
    of its own sends its readers. ``evidence`` says, for people, why this text and this day were
    chosen.
    """

    text: str
    title: str = ""
    published: date | None = None
    source_line: str | None = None
    charset: str = "utf-8"
    outcome: Outcome = Outcome.OK
    reason: str = ""
    published_from: str = ""
    taken: float = 1.0
    prose: int = 0
    steady_links: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    further_pages: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    target: str | None = None
    evidence: tuple[str, ...] = ()

    @property
    def has_text(self) -> bool:
        """Whether the text may be used."""
        return self.outcome in {Outcome.OK, Outcome.PARTIAL}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of a document before its text is read: who publishes it, for where, when."""

    kind: DocumentKind
    speaker: Speaker
    region: str | None
    year: int | None = None
    published: date | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An address found on a list page, with the title and date the list gives it."""

    url: str
    title: str = ""
    published: date | None = None


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What is known of a page since it was fetched last; what is None is not known.

    Attributes:
        etag: its validator; one that no header can carry is not sent.
        last_modified: likewise.
        body_hash: of its bytes (``sha256_hex``).
        fingerprint: of what it shows (``page_fingerprint``).
    """

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    fingerprint: str | None = None


UNKNOWN_PAGE = KnownPage()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back for one address.

    ``body`` is empty unless ``outcome`` is ``OK``, or the body is the evidence of a block.
    ``etag`` and ``last_modified`` are kept only if the page they came with was read and stored.
    ``headers`` came with the answer, ``sent`` went with the request, names in lower case.
    ``unreachable``: no connection to the host was made, or its name does not resolve.
    """

    url: str
    final_url: str
    outcome: Outcome
    status: int | None
    fetched_at: datetime
    body: bytes = b""
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    retry_after: float | None = None
    sent: Mapping[str, str] = field(default_factory=dict)
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class SourceHealthEvent:
    """A health transition of a source: the new state, the old one and its start, and the reason."""

    source_id: str
    name: str
    at: datetime
    health: Health
    was: Health
    since: datetime
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """The fetch a snapshot was read from. All None for a text that came from a file.

    ``fetched`` is the HTTP exchange; of a document in several parts, the first one's.
    """

    frontier_entry_id: int | None = None
    url: str | None = None
    status: int | None = None
    content_type: str | None = None
    body: bytes | None = None
    fetched: Fetched | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the database has it.

    One that an operator removed (``removed_at``) has no snapshot; ``removed_snapshot_id`` is the
    one it gets back when it is restored.
    """

    id: int
    source_id: str | None
    kind: DocumentKind
    region: str | None
    year: int | None
    title: str
    published: date | None
    url: str | None
    baseline: bool
    snapshot_id: int | None
    successor_id: int | None
    withdrawn_at: datetime | None = None
    removed_at: datetime | None = None
    removed_snapshot_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot's text and its statements in the order of the text.

    ``statement_ids`` runs parallel to ``statements``; ``outcome`` is ``OK`` or ``PARTIAL``.
    """

    id: int
    text: str
    statements: tuple[Statement, ...]
    statement_ids: tuple[int, ...]
    outcome: Outcome = Outcome.OK


def sha256_hex(content: bytes | str) -> str:
    """SHA-256 in hexadecimal, of bytes or of a text's UTF-8."""
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()

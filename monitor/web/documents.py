"""A document with its versions and statements, and the text of a version with a sentence marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.errors import UserError
from monitor.messages.change_text import target_text
from monitor.messages.i18n import alert_texts, speaker_name
from monitor.model.documents import StoredSnapshot
from monitor.model.statements import Label
from monitor.storage.document_list import (
    DocumentVersion,
    document_addresses,
    document_versions,
    find_document,
)
from monitor.storage.provenance import snapshot_record
from monitor.storage.snapshots import load_snapshot
from monitor.storage.sources import source_names
from monitor.web.preferences import preferences_of
from monitor.web.site import render, site_of

_RANK = {Label.COMMITMENT: 0, Label.ACHIEVEMENT: 1, Label.PROPOSAL: 2, Label.OPINION: 3}
_MAX_STATEMENTS = 300


@dataclass(frozen=True, slots=True)
class Line:
    """A statement of a document as it is listed."""

    id: int
    text: str
    label: str
    said_by: str
    section: str
    targets: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a paragraph: plain, a statement (``id``), and whether it is the one looked for."""

    text: str
    statement_id: int | None = None
    is_wanted: bool = False
    is_first: bool = False


def document(request: Request) -> Response:
    """A document: what it is, its versions, and the statements of the newest one."""
    site, language = site_of(request), preferences_of(request).language
    document_id = request.path_params["id"]
    with site.database.read() as connection:
        found = find_document(connection, document_id)
        if found is None:
            raise HTTPException(404, f"there is no document {document_id}")
        versions = document_versions(connection, document_id)
        addresses = document_addresses(connection, document_id)
        believed = [one for one in versions if one.characters]
        newest = load_snapshot(connection, believed[-1].snapshot_id) if believed else None
        sources = source_names(connection)
    lines = [] if newest is None else statement_lines(newest, language)
    values = {
        "document": found,
        "sources": sources,
        "versions": [(one, _counted(one)) for one in reversed(versions)],
        "addresses": addresses,
        "lines": lines[:_MAX_STATEMENTS],
        "left_out": max(0, len(lines) - _MAX_STATEMENTS),
        "snapshot_id": None if newest is None else newest.id,
        "words": alert_texts(language),
    }
    return render(request, "document", values)


def _counted(version: DocumentVersion) -> list[tuple[str, int]]:
    return sorted(version.statements.items(), key=lambda one: (-one[1], one[0]))


def statement_lines(snapshot: StoredSnapshot, language: str) -> list[Line]:
    """The statements of a snapshot, commitments first, then in the order of the text."""
    texts = alert_texts(language)
    found = sorted(
        zip(snapshot.statement_ids, snapshot.statements, strict=True),
        key=lambda one: (_RANK.get(one[1].label, len(_RANK)), one[1].start),
    )
    return [
        Line(
            number,
            one.text.strip(),
            texts.labels[one.label],
            speaker_name(one, one.region, language),
            one.section,
            tuple(target_text(target, texts) for target in one.targets),
            one.start,
            one.end,
        )
        for number, one in found
    ]


def snapshot(request: Request) -> Response:
    """The text of a version as text, its statements underlined, the wanted place marked."""
    site, language = site_of(request), preferences_of(request).language
    snapshot_id = request.path_params["id"]
    with site.database.read() as connection:
        record = snapshot_record(connection, snapshot_id)
        if record is None:
            raise HTTPException(404, f"there is no version {snapshot_id}")
        kept = load_snapshot(connection, snapshot_id)
        versions = (
            []
            if record.document_id is None
            else [one.snapshot_id for one in document_versions(connection, record.document_id)]
        )
    start, end = _offsets(request, len(kept.text))
    at = versions.index(snapshot_id) if snapshot_id in versions else None
    values = {
        "record": record,
        "paragraphs": paragraphs(kept.text, _spans(kept), start, end),
        "characters": len(kept.text),
        "start": start,
        "end": end,
        "previous": versions[at - 1] if at else None,
        "following": versions[at + 1] if at is not None and at + 1 < len(versions) else None,
        "lines": {one.id: one for one in statement_lines(kept, language)},
        "words": alert_texts(language),
    }
    return render(request, "snapshot", values)


def _offsets(request: Request, length: int) -> tuple[int, int]:
    """The place that the address names; an empty one at the end of the text where it names none.

    Raises:
        UserError: it is no place of this text.
    """
    given = request.query_params
    if "start" not in given and "end" not in given:
        return length, length
    try:
        start, end = (int(given.get(name, "")[:12]) for name in ("start", "end"))
    except ValueError:
        raise UserError("start and end: two numbers are needed") from None
    if not 0 <= start <= end <= length:
        raise UserError(f"start and end: the text has {length} characters")
    return start, end


def _spans(kept: StoredSnapshot) -> list[tuple[int, int, int]]:
    return [
        (one.start, one.end, number)
        for number, one in zip(kept.statement_ids, kept.statements, strict=True)
    ]


def paragraphs(
    text: str, statements: Sequence[tuple[int, int, int]], start: int, end: int
) -> list[list[Piece]]:
    """A text in paragraphs, cut where a statement or the wanted place begins and ends.

    Args:
        text: of the snapshot.
        statements: start, end and id of each, by start; of those that overlap the first counts.
        start: of the wanted place.
        end: of it; equal to ``start`` if nothing is wanted.
    """
    cuts = {0, len(text), start, end}
    owner: list[tuple[int, int, int]] = []
    for one in statements:
        if one[1] > one[0] and (not owner or one[0] >= owner[-1][1]):
            owner.append(one)
            cuts |= {one[0], one[1]}
    bounds = sorted(cuts)
    found: list[list[Piece]] = [[]]
    first = True
    for left, right, number in _owned(bounds, owner):
        wanted = start <= left and right <= end and start < end
        for index, part in enumerate(text[left:right].split("\n")):
            if index:
                found.append([])
            if part:
                found[-1].append(Piece(part, number, wanted, wanted and first))
                first = first and not wanted
    return [one for one in found if one]


def _owned(
    bounds: Sequence[int], owner: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[int, int, int | None]]:
    """The stretches between bounds, each with the statement it lies in."""
    position = 0
    for left, right in pairwise(bounds):
        while position < len(owner) and owner[position][1] <= left:
            position += 1
        inside = position < len(owner) and owner[position][0] <= left
        yield left, right, owner[position][2] if inside else None


routes = (
    Route("/documents/{id:int}", document),
    Route("/snapshots/{id:int}", snapshot),
)

"""``monitor documents``: the reports and articles of the history, listed, shown and removed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer

from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    RegionOption,
    open_database,
    region_of,
)
from monitor.cli.output import Format, print_status, write_rows, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings
from monitor.errors import UserError
from monitor.model.documents import DocumentKind, Origin
from monitor.storage.document_list import (
    DocumentFilter,
    DocumentLine,
    count_documents,
    document_addresses,
    document_origin,
    document_versions,
    find_document,
    list_documents,
    removals,
)
from monitor.storage.engine import Database
from monitor.suggestion import did_you_mean

documents_app = typer.Typer(
    no_args_is_help=True, help="The reports and articles of the history: list, show, remove."
)

_LARGEST_ID = 2**63 - 1

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="Its number in documents list.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why; kept in the table document_removal.")
]


@documents_app.command("list")
def list_stored(
    region: RegionOption = None,
    year: Annotated[
        int | None, typer.Option(min=1949, max=2100, help="The plan year of a report.")
    ] = None,
    kind: Annotated[DocumentKind | None, typer.Option(help="Only this kind.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="ID", help="Only what this source lists.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Only with this in the title.")] = None,
    removed: Annotated[
        bool, typer.Option("--removed", help="Those that were removed instead.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most.")] = 50,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print the documents, the newest year and day first."""
    wanted = DocumentFilter(region_of(region), year, kind, source, text, removed)
    with (
        open_database(config, database, existing=True) as (settings, store),
        store.read() as connection,
    ):
        found = list_documents(connection, wanted, limit=limit)
        total = len(found) if len(found) < limit else count_documents(connection, wanted)
    if not found:
        if source is not None:
            _check_source(source, settings)
        print_status("no document was removed" if removed else "no such document")
        return
    columns = ("id", "kind", "region", "year", "published", "commitments", "title", "source")
    write_rows(
        form,
        columns,
        (
            (
                one.id,
                one.kind,
                one.region,
                one.year,
                one.published,
                one.commitments,
                one.title,
                one.source_id,
            )
            for one in found
        ),
        objects=map(_object, found),
        leave_out=() if any(one.source_id for one in found) else ("source",),
        spare=("source",),
    )
    if total > len(found):
        print_status(f"{len(found)} of {total} documents; --limit {total} shows all")


def _check_source(source: str, settings: Settings) -> None:
    """Raise a UserError for a source that lists nothing because the catalogue has no such one."""
    from monitor.catalogue.loader import load_catalogue

    known = [one.id for one in load_catalogue(settings.existing_paths("catalogue")).sources]
    if source not in known:
        hint = did_you_mean(source, known) or "see monitor sources list"
        raise UserError(f"--source: unknown source {source!r}", hint=hint)


@documents_app.command()
def show(
    document_id: IdArgument,
    form: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of lines.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print one document: where it is from, its versions, and what was found in each."""
    with open_database(config, database, existing=True) as (_, store), store.read() as connection:
        one = _known(find_document(connection, _checked(document_id)), document_id)
        versions = document_versions(connection, document_id)
        addresses = document_addresses(connection, document_id)
        events = removals(connection, document_id)
        origin = document_origin(connection, document_id)
    if form:
        value = {
            **_object(one),
            "origin": origin,
            "addresses": addresses,
            "versions": [_plain(asdict(version)) for version in versions],
            "removals": [_plain(asdict(event)) for event in events],
        }
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        return
    lines = [
        ("document", f"{one.id} {one.title}"),
        ("kind", " ".join(str(part) for part in (one.kind, one.region, one.year) if part)),
        ("published", one.published or "–"),
        ("address", one.url or "–"),
        *(("also at", url) for url in addresses if url != one.url),
        ("source", one.source_id or "–"),
        ("origin", _origin(origin, one)),
        ("first seen", _time(one.first_seen_at)),
        *((("succeeded", f"by document {one.successor_id}"),) if one.successor_id else ()),
        *((("withdrawn", _time(one.withdrawn_at)),) if one.withdrawn_at else ()),
    ]
    for version in versions:
        found = sorted(version.statements.items())
        counts = ", ".join(f"{label} {number}" for label, number in found)
        outcome = version.outcome + (f" ({version.reason})" if version.reason else "")
        lines.append(
            (
                "version",
                f"{_time(version.visited_at)}, {outcome}, {version.characters} characters, "
                f"{counts or 'no statements'}",
            )
        )
    lines += [
        (event.action.value, _time(event.at) + (f": {event.reason}" if event.reason else ""))
        for event in events
    ]
    write_text("\n".join(f"{name:<11}{value}" for name, value in lines))


@documents_app.command()
def remove(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="Numbers in documents list.")],
    reason: ReasonOption = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Remove documents from the history: their statements no longer stand.

    Nothing is compared with them any more, and no visit and no import brings them back, unless
    they are restored. What was seen of them and the change log stay.
    """
    from monitor.ingest.removal import remove as remove_document

    with open_database(config, database, existing=True) as (_, store):
        for one in _all_known(store, ids):
            if one.removed_at is not None:
                print_status(f"{one.id} {one.title}: removed already")
                continue
            if not yes:
                _confirm(one)
            with store.write() as connection:
                remove_document(connection, one.id, reason=reason, now=utc_now())
            print_status(
                f"{one.id} {one.title}: removed; monitor documents restore {one.id} brings it back"
            )


@documents_app.command()
def restore(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="Numbers of documents.")],
    reason: ReasonOption = "",
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Put removed documents back, with the text they had; their pages are visited again."""
    from monitor.ingest.removal import restore as restore_document

    with open_database(config, database, existing=True) as (_, store):
        for one in _all_known(store, ids):
            with store.write() as connection:
                done = restore_document(connection, one.id, reason=reason, now=utc_now())
            print_status(f"{one.id} {one.title}: {'restored' if done else 'was not removed'}")


def _confirm(one: DocumentLine) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UserError(f"document {one.id} is not removed without asking", hint="add --yes")
    typer.confirm(
        f"Remove {one.id} {one.title} ({one.commitments} commitments)?", abort=True, err=True
    )


def _all_known(store: Database, ids: list[int]) -> list[DocumentLine]:
    """The documents with these ids, before anything is done to one of them."""
    with store.read() as connection:
        return [_known(find_document(connection, _checked(one)), one) for one in dict.fromkeys(ids)]


def _checked(document_id: int) -> int:
    """An id that a database can look for."""
    return document_id if 0 < document_id <= _LARGEST_ID else 0


def _known(one: DocumentLine | None, document_id: int) -> DocumentLine:
    if one is None:
        raise UserError(
            f"there is no document {document_id}", hint="monitor documents list names them"
        )
    return one


def _object(one: DocumentLine) -> dict[str, Any]:
    return _plain(asdict(one))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in values.items()
    }


def _origin(origin: str | None, one: DocumentLine) -> str:
    """How it came into the log, and whether it could raise alerts."""
    known = origin or ("history" if one.baseline else Origin.LIVE.value)
    return f"{known}, without alerts" if one.baseline else known


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

"""``monitor ingest``: imports reports of earlier years into the history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.documents import load_document
from monitor.cli.options import ConfigOption, DatabaseOption, RegionOption, open_database, region_of
from monitor.cli.output import print_status, progress
from monitor.clock import utc_now
from monitor.errors import UserError
from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest as ingest_document
from monitor.ingest.plan import MIRROR, NO_COMMITMENT, IngestRequest
from monitor.model.documents import DocumentKind, FetchRecord
from monitor.model.statements import Label
from monitor.rules.matcher import RuleSet

_SUFFIXES = {".txt", ".html", ".htm", ".shtml"}


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of them.")
    ],
    region: RegionOption = None,
    year: Annotated[
        int | None, typer.Option(min=1949, max=2100, help="The plan year, when the text hides it.")
    ] = None,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Import reports of earlier years into the history, without alerts.

    The reports of a region form a series; each is compared with the one of the year before, in
    any order of import.
    """
    name = region_of(region)
    files = _files(paths)
    taken = 0
    with open_database(config, database) as (settings, store):
        topics = load_topics(settings.topics)
        with progress() as bar:
            for path in bar.track(files, description="reading"):
                document = load_document(str(path), settings)
                title = document.title or _first_line(document.text) or path.stem
                guess = infer_provenance(
                    document.text, title=title, published=document.published, region=name
                )
                provenance = replace(guess, year=year or guess.year, title=title)
                if provenance.kind is not DocumentKind.REPORT:
                    print_status(
                        f"{path}: this is not a government work report; stored as "
                        f"{'a plan' if provenance.kind is DocumentKind.PLAN else 'an article'}"
                    )
                elif provenance.region is None or provenance.year is None:
                    lacking = "region" if provenance.region is None else "year"
                    raise UserError(
                        f"the {lacking} of this report is unknown",
                        file=path,
                        hint=f"name it with --{lacking}",
                    )
                request = IngestRequest(
                    document=replace(document, title=title),
                    provenance=provenance,
                    statements=extract(document.text, provenance, topics),
                    fetch=FetchRecord(body=path.read_bytes()),
                    baseline=True,
                )
                with store.write() as session:
                    result = ingest_document(session, request, rules=RuleSet(()), now=utc_now())
                if result.reason == MIRROR:
                    print_status(f"{path}: already in the history")
                elif result.reason == NO_COMMITMENT:
                    taken += 1
                    print_status(
                        f"{path}: imported, but {result.reason}; see monitor extract --explain"
                    )
                else:
                    taken += 1
                    found = sum(1 for item in request.statements if item.label is Label.COMMITMENT)
                    print_status(
                        f"{path}: {provenance.region or '–'} {provenance.year or '–'}, "
                        f"{found} commitments"
                    )
    print_status(f"{taken} of {len(files)} documents imported")


def _files(paths: list[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES)
            if not inside:
                raise UserError(
                    "no text or HTML files in this folder",
                    file=path,
                    hint="files end in " + ", ".join(sorted(_SUFFIXES)),
                )
            files.extend(inside)
        elif path.exists():
            files.append(path)
        else:
            raise UserError("no such file", file=path)
    return files


def _first_line(text: str) -> str:
    """The first line, unless it only says when and where the report was delivered."""
    line = next((line.strip()[:80] for line in text.splitlines() if line.strip()), "")
    return "" if line.startswith("（") else line

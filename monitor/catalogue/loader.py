"""Catalogue files to a catalogue: the built-in ones, then the user's over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import re2

from monitor.catalogue.model import DEFAULT_ROUTE, Catalogue, FetchRoute, Pattern, Season, Source
from monitor.catalogue.schema import (
    EvidenceFile,
    FamiliesFile,
    FamilyEntry,
    SourceEntry,
    SourcesFile,
)
from monitor.errors import UserError
from monitor.model.documents import DocumentKind, Selectors
from monitor.yaml import YamlFile, did_you_mean, parse_yaml, read_yaml, validate

BUILTIN = Path(__file__).with_name("builtin")
_FAMILIES = "families.yaml"
_EVIDENCE = "evidence.yaml"


def load_catalogue(user_files: Sequence[Path] = (), *, builtin: bool = True) -> Catalogue:
    """The built-in sources with the user's additions and changes.

    A source of a user's file whose id exists changes the fields it names and leaves the others;
    ``enabled: false`` switches one off; ``builtin: false`` at the top of a file drops all
    built-in ones. Later files come over earlier ones.

    Raises:
        UserError: anything wrong in a file, with its line and how to fix it.
    """
    read = [_read(path) for path in user_files]
    merged: dict[str, tuple[dict[str, Any], YamlFile, tuple[str | int, ...]]] = {}
    if builtin and all(entries.builtin for _, entries in read):
        for path in _builtin_files():
            _merge(merged, *_read(path))
    for file, entries in read:
        _merge(merged, file, entries)
    return Catalogue(tuple(_source(*found) for found in merged.values()))


def check_text(text: str, path: Path) -> tuple[SourceEntry, ...]:
    """The entries of a catalogue file's text, checked as if it stood at ``path``.

    Raises:
        UserError: anything wrong in it, with its line and how to fix it.
    """
    file = parse_yaml(text, path)
    entries = validate(file, SourcesFile, value={} if file.value is None else file.value)
    merged: dict[str, tuple[dict[str, Any], YamlFile, tuple[str | int, ...]]] = {}
    _merge(merged, file, entries)
    return entries.sources


def source_of(values: Mapping[str, Any]) -> Source:
    """A source out of what a catalogue file would say of it, to try out before it is written.

    Raises:
        UserError: a value does not fit.
    """
    file = YamlFile(Path("<new source>"), {"sources": [dict(values)]})
    entry = validate(file, SourcesFile).sources[0]
    said = {name: getattr(entry, name) for name in entry.model_fields_set}
    return _source(said, file, ("sources", 0))


def families() -> Mapping[str, FamilyEntry]:
    """The page families a source may name."""
    return _families().families


def evidence() -> Mapping[str, str]:
    """What the words stand for that the built-in sources name under ``seen``."""
    return validate(read_yaml(BUILTIN / _EVIDENCE), EvidenceFile).evidence


def _builtin_files() -> list[Path]:
    tables = {_FAMILIES, _EVIDENCE}
    return [path for path in sorted(BUILTIN.glob("*.yaml")) if path.name not in tables]


def _read(path: Path) -> tuple[YamlFile, SourcesFile]:
    file = read_yaml(path)
    value = {} if file.value is None else file.value
    listed = value.get("sources") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        return file, validate(file, SourcesFile, value=value)
    head = validate(file, SourcesFile, value={**value, "sources": []})
    # One by one: thousands of sources at once would weigh more than all the rest.
    entries = tuple(
        validate(file, SourceEntry, at=("sources", index), value=entry)
        for index, entry in enumerate(listed)
    )
    return file, head.model_copy(update={"sources": entries})


def _merge(
    merged: dict[str, tuple[dict[str, Any], YamlFile, tuple[str | int, ...]]],
    file: YamlFile,
    entries: SourcesFile,
) -> None:
    here: set[str] = set()
    for index, entry in enumerate(entries.sources):
        place = ("sources", index)
        if entry.id in here:
            raise file.error((*place, "id"), f"a second source {entry.id!r}", "give it another id")
        here.add(entry.id)
        if entry.family not in families():
            raise file.error(
                (*place, "family"),
                f"unknown page family {entry.family!r}",
                did_you_mean(entry.family, list(families())) or f"one of {', '.join(families())}",
            )
        said = {name: getattr(entry, name) for name in entry.model_fields_set}
        if entry.ca_file is not None:
            said["ca_file"] = _certificates(file, place, entry.ca_file)
        before = merged[entry.id][0] if entry.id in merged else {}
        merged[entry.id] = ({**before, **said}, file, place)


def _source(said: dict[str, Any], file: YamlFile, place: tuple[str | int, ...]) -> Source:
    entry = SourceEntry.model_construct(**said)
    if not entry.name:
        raise _incomplete(file, place, entry.id, "name")
    if entry.enabled and not entry.lists and not entry.pages:
        raise _incomplete(file, place, entry.id, "lists or pages")
    family = families()[entry.family]
    own, shared = entry.selectors, family.selectors
    return Source(
        id=entry.id,
        name=entry.name,
        region=entry.region,
        code=entry.code,
        speaker=entry.speaker,
        document_kind=entry.document_kind,
        lists=tuple(entry.lists),
        pages=tuple(entry.pages),
        family=entry.family,
        link_pattern=_pattern(entry.link_pattern or family.link_pattern),
        title_pattern=_pattern(entry.title_pattern),
        title_skip=_pattern(entry.title_skip or family.title_skip),
        selectors=Selectors(
            title=own.title or shared.title,
            published=own.published or shared.published,
            source_line=own.source_line or shared.source_line,
            body=own.body or shared.body,
        ),
        list_interval=entry.list_interval,
        season=_season(entry, family),
        page_interval=entry.page_interval,
        max_links=entry.max_links,
        list_pages=entry.list_pages,
        paging=entry.paging or family.paging,
        paging_from=family.paging_from if entry.paging_from is None else entry.paging_from,
        max_backfill_pages=entry.max_backfill_pages,
        enabled=entry.enabled,
        baseline=entry.baseline,
        topics=tuple(entry.topics),
        encoding=entry.encoding,
        confidence=entry.confidence,
        seen={str(fact): tuple(found) for fact, found in entry.seen.items()},
        notes=entry.notes,
        route=_route(entry),
    )


def _route(entry: SourceEntry) -> FetchRoute:
    route = FetchRoute(
        allow_private=entry.allow_private,
        hosts=tuple(entry.hosts),
        robots=entry.robots == "obey",
        tls=entry.tls,
        ca_file=entry.ca_file,
        proxy=entry.proxy,
    )
    # One value for the thousands that say nothing of it.
    return DEFAULT_ROUTE if route == DEFAULT_ROUTE else route


def _certificates(file: YamlFile, place: tuple[str | int, ...], said: Path) -> Path:
    """The file of certificates, found beside the catalogue file that names it."""
    path = (file.path.parent / said).absolute()
    try:
        there = b"-----BEGIN CERTIFICATE-----" in path.read_bytes()
    except OSError as error:
        raise file.error(
            (*place, "ca_file"), f"{said} cannot be read: {error.strerror}", "name a file in PEM"
        ) from None
    if not there:
        raise file.error((*place, "ca_file"), f"{said} holds no certificate", "name a file in PEM")
    return path


def _season(entry: SourceEntry, family: FamilyEntry) -> Season | None:
    """The source's own season, which may be none, else that of report columns of its family."""
    if "season" in entry.model_fields_set or entry.document_kind is not DocumentKind.REPORT:
        own = entry.season
        return None if own is None else Season(frozenset(own.months), own.list_interval)
    shared = family.season
    # A source that is visited more often than that all the year keeps its pace.
    if shared is None:
        return None
    return Season(frozenset(shared.months), min(shared.list_interval, entry.list_interval))


def _incomplete(
    file: YamlFile, place: tuple[str | int, ...], source_id: str, what: str
) -> UserError:
    near = did_you_mean(source_id, _builtin_ids())
    hint = f"add {what}" + (f", or {near}" if near and source_id not in _builtin_ids() else "")
    return file.error((*place, "id"), f"the source {source_id!r} has no {what}", hint)


@cache
def _pattern(expression: str | None) -> Pattern | None:
    """Compiled once, however many sources of a family have it."""
    if expression is None:
        return None
    compiled: Pattern = re2.compile(expression)
    return compiled


@cache
def _families() -> FamiliesFile:
    return validate(read_yaml(BUILTIN / _FAMILIES), FamiliesFile)


@cache
def _builtin_ids() -> tuple[str, ...]:
    return tuple(entry.id for path in _builtin_files() for entry in _read(path)[1].sources)

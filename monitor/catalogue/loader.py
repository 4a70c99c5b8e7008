"""Catalogue files to a catalogue: the built-in ones, then the user's over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import re2
from pydantic import ValidationError

from monitor.catalogue.mistakes import mistakes_of
from monitor.catalogue.model import DEFAULT_ROUTE, Catalogue, FetchRoute, Pattern, Season, Source
from monitor.catalogue.schema import (
    EvidenceFile,
    FamiliesFile,
    FamilyEntry,
    SourceEntry,
    SourcesFile,
)
from monitor.errors import RefusedAddress, UserError, UserErrors
from monitor.model.documents import DocumentKind, Selectors
from monitor.public_hosts import check_name, is_plainly_public
from monitor.urls import parse_url
from monitor.yaml import Path_, YamlFile, did_you_mean, parse_yaml, read_yaml, validate
from monitor.yaml_mistakes import tell_odd_numbers

BUILTIN = Path(__file__).with_name("builtin")
_FAMILIES = "families.yaml"
_EVIDENCE = "evidence.yaml"
_NAMED = (
    "catalogue in monitor.toml (or MONITOR_CATALOGUE) names it; correct that, or write the file"
)


@dataclass(slots=True)
class _Reading:
    """Files as they are read one over the other, and what is wrong in any of them."""

    merged: dict[str, tuple[dict[str, Any], YamlFile, Path_]] = field(default_factory=dict)
    mistakes: list[UserError] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """The ids of entries with a mistake: what such a source lacks is not told beside it."""

    def refuse(self, entry: object, mistakes: Iterable[UserError]) -> None:
        source_id = entry.get("id") if isinstance(entry, dict) else getattr(entry, "id", None)
        self.refused.add(str(source_id))
        self.mistakes += mistakes

    def sources(self) -> tuple[Source, ...]:
        """The sources.

        Raises:
            UserError: all mistakes, in the order of the lines of each file.
        """
        found: list[Source] = []
        for source_id, one in self.merged.items():
            if source_id in self.refused:
                continue
            try:
                source = _source(*one)
                _check_hosts(source, *one[1:])
            except UserError as error:
                self.mistakes.append(error)
            else:
                found.append(source)
        self.stop_if_wrong()
        return tuple(found)

    def stop_if_wrong(self) -> None:
        if not self.mistakes:
            return
        files = list(dict.fromkeys(one.file for one in self.mistakes))
        told = sorted(self.mistakes, key=lambda one: (files.index(one.file), one.line or 0))
        raise told[0] if len(told) == 1 else UserErrors(told)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file whose entries fit the schema: of each its number in the list, and what it names.

    Only that: thousands of entries with all their defaults, or as they stand in the file, would
    weigh more than the sources.
    """

    file: YamlFile
    builtin: bool
    entries: tuple[tuple[int, dict[str, Any]], ...]


def load_catalogue(user_files: Sequence[Path] = (), *, builtin: bool = True) -> Catalogue:
    """The built-in sources with the user's additions and changes.

    A source of a user's file whose id exists changes the fields it names and leaves the others;
    ``enabled: false`` switches one off; ``builtin: false`` at the top of a file drops all
    built-in ones. Later files come over earlier ones.

    Raises:
        UserError: all that is wrong in the files, each with its line and how to fix it.
    """
    reading = _Reading()
    read: list[_Read] = []
    for path in user_files:
        try:
            read.append(_read(read_yaml(path), reading))
        except UserError as error:
            missing = isinstance(error.__context__, FileNotFoundError)
            reading.mistakes.append(
                UserError("no such file", file=path, hint=_NAMED) if missing else error
            )
    if builtin and all(one.builtin for one in read):
        for path in _builtin_files():
            _merge(reading, _read(read_yaml(path), reading))
    for one in read:
        _merge(reading, one)
    return Catalogue(reading.sources())


def check_text(text: str, path: Path) -> tuple[SourceEntry, ...]:
    """The entries of a catalogue file's text, checked as if it stood at ``path``.

    Raises:
        UserError: all that is wrong in it, with its line and how to fix it.
    """
    reading = _Reading()
    read = _read(parse_yaml(text, path), reading)
    _merge(reading, read)
    reading.stop_if_wrong()
    return tuple(SourceEntry.model_construct(**said) for _, said in read.entries)


def source_of(values: Mapping[str, Any]) -> Source:
    """A source out of what a catalogue file would say of it, to try out before it is written.

    Raises:
        UserError: a value does not fit.
    """
    file = YamlFile(Path("<new source>"), {"sources": [dict(values)]})
    try:
        entry = SourceEntry.model_validate(dict(values))
    except ValidationError as error:
        wrong = mistakes_of(file, SourceEntry, ("sources", 0), error)
        raise wrong[0] if len(wrong) == 1 else UserErrors(wrong) from None
    return _source(_named_by(entry), file, ("sources", 0))


def families() -> Mapping[str, FamilyEntry]:
    """The page families a source may name."""
    return _families().families


def evidence() -> Mapping[str, str]:
    """What the words stand for that the built-in sources name under ``seen``."""
    return validate(read_yaml(BUILTIN / _EVIDENCE), EvidenceFile).evidence


def _builtin_files() -> list[Path]:
    tables = {_FAMILIES, _EVIDENCE}
    return [path for path in sorted(BUILTIN.glob("*.yaml")) if path.name not in tables]


def _read(file: YamlFile, reading: _Reading) -> _Read:
    value = {} if file.value is None else file.value
    listed = value.get("sources") if isinstance(value, dict) else None
    # One by one: thousands of sources at once would weigh more than all the rest.
    head = {**value, "sources": []} if isinstance(listed, list) else value
    builtin = True
    try:
        builtin = SourcesFile.model_validate(head).builtin
    except ValidationError as error:
        reading.mistakes += mistakes_of(file, SourcesFile, (), error)
    entries: list[tuple[int, dict[str, Any]]] = []
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        try:
            entries.append((index, _named_by(SourceEntry.model_validate(entry))))
        except ValidationError as error:
            wrong = mistakes_of(file, SourceEntry, ("sources", index), error)
            reading.refuse(entry, wrong)
    tell_odd_numbers(file, reading.mistakes)
    return _Read(replace(file, value=None), builtin, tuple(entries))


def _named_by(entry: SourceEntry) -> dict[str, Any]:
    """What an entry names, without the defaults of the rest."""
    return {name: getattr(entry, name) for name in entry.model_fields_set}


def _merge(reading: _Reading, read: _Read) -> None:
    here: set[str] = set()
    merged = reading.merged
    for index, entry in read.entries:
        place = ("sources", index)
        try:
            said = _checked(read.file, place, entry, here)
        except UserError as error:
            reading.refuse(entry, [error])
            continue
        source_id = said["id"]
        if source_id in merged:
            said = {**merged[source_id][0], **said}
        merged[source_id] = (said, read.file, place)


def _checked(file: YamlFile, place: Path_, said: dict[str, Any], here: set[str]) -> dict[str, Any]:
    """What an entry says, if its id is new in its file and what it names is there."""
    source_id, family = said["id"], said.get("family")
    if source_id in here:
        raise file.error((*place, "id"), f"a second source {source_id!r}", "give it another id")
    here.add(source_id)
    if family is not None and family not in families():
        raise file.error(
            (*place, "family"),
            f"unknown page family {family!r}",
            did_you_mean(family, list(families())) or f"one of {', '.join(families())}",
        )
    checked: dict[str, Any] = {}
    # The names of the built-in sources are official, and most commands read no other.
    if said.get("region") is not None and file.path.parent != BUILTIN:
        region = _region(file, place, said["region"])
        if region != said["region"]:
            checked["region"] = region
    if said.get("ca_file") is not None:
        checked["ca_file"] = _certificates(file, place, said["ca_file"])
    return {**said, **checked} if checked else said


def _region(file: YamlFile, place: Path_, said: str) -> str:
    """The official name of a region; rules would never match a name that nobody knows."""
    # The tables of names are read by need.
    from monitor.extraction.regions import find_region, suggest_region

    region = find_region(said)
    if region is None:
        raise file.error(
            (*place, "region"),
            f"unknown region {said!r}",
            suggest_region(said) or "write an official name such as 贵州省, or 全国",
        )
    return region.name


def _source(said: dict[str, Any], file: YamlFile, place: Path_) -> Source:
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
        selectors=_one_of_equal(
            Selectors(
                title=own.title or shared.title,
                published=own.published or shared.published,
                source_line=own.source_line or shared.source_line,
                body=own.body or shared.body,
            )
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
    return DEFAULT_ROUTE if route == DEFAULT_ROUTE else _one_of_equal(route)


_PartT = TypeVar("_PartT", FetchRoute, Selectors)


@lru_cache(maxsize=256)
def _one_of_equal(part: _PartT) -> _PartT:
    """The first value that equals this one: thousands of sources say the same of their pages."""
    return part


def _certificates(file: YamlFile, place: Path_, said: Path) -> Path:
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


def _check_hosts(source: Source, file: YamlFile, place: Path_) -> None:
    """Refuse addresses in a private network, to which a source is led by ``allow_private`` alone.

    Those of the built-in sources are public, and most commands read no others.
    """
    if file.path.parent == BUILTIN or source.route.allow_private or not source.enabled:
        return
    for key, addresses in (("lists", source.lists), ("pages", source.pages)):
        for index, address in enumerate(addresses):
            if is_plainly_public(address):
                continue
            try:
                check_name(parse_url(address).host, address)
            except RefusedAddress as error:
                raise file.error(
                    (*place, key, index),
                    f"{key}: {address}: {error.reason}, to which no request is sent",
                    "add allow_private: true if the site is in your own network",
                ) from None


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


def _incomplete(file: YamlFile, place: Path_, source_id: str, what: str) -> UserError:
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
    return tuple(
        said["id"]
        for path in _builtin_files()
        for _, said in _read(read_yaml(path), _Reading()).entries
    )

"""What is wrong in a catalogue file, in the words of the file: one line, and how to correct it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.catalogue.schema import SeasonEntry, SelectorsEntry, SourceEntry, SourcesFile
from monitor.errors import UserError
from monitor.yaml import Path_, YamlFile, did_you_mean
from monitor.yaml_mistakes import (
    key_hint,
    no_entry,
    no_list_of,
    no_text,
    other_file_hint,
    shown,
    stands,
)

_SECTIONS: Mapping[str, type[BaseModel]] = {"selectors": SelectorsEntry, "season": SeasonEntry}
_LONGEST_NAME = 64
_UNSHOWN = "proxy"
"""Its value may hold a password, and is never repeated."""


@dataclass(frozen=True, slots=True)
class _InvalidValue:
    """A value that the schema refuses; ``written`` is how it stands in the file, if one word."""

    model: type[BaseModel]
    loc: Path_
    value: Any
    reason: str
    limits: Mapping[str, Any]
    written: str | None

    @property
    def name(self) -> str:
        return ".".join(str(part) for part in self.loc if isinstance(part, str) and part != "[key]")

    @property
    def shown(self) -> str:
        if self.name == _UNSHOWN:
            return "this"
        return shown(self.value)


_Explained = tuple[str, str | None]


def mistakes_of(
    file: YamlFile, model: type[BaseModel], at: Path_, error: ValidationError
) -> list[UserError]:
    """All mistakes of one entry, or of the head of a file, each at its place.

    Args:
        file: the catalogue file.
        model: what the value was checked with.
        at: where the value stands.
        error: what the schema says of it.
    """
    found: dict[Path_, UserError] = {}
    for one in error.errors(include_url=False):
        loc = tuple(one["loc"])
        scalar = file.scalar((*at, *loc))
        written = None if scalar is None else scalar[0]
        wrong = _InvalidValue(model, loc, one["input"], one["msg"], one.get("ctx", {}), written)
        explain = next((e for kind, e in _REASONS.items() if one["type"].startswith(kind)), _other)
        found.setdefault(loc, file.error(file.known_place(at, loc), *explain(wrong)))
    return list(found.values())


def _other(wrong: _InvalidValue) -> _Explained:
    return f"{wrong.name}: {wrong.shown} cannot stand here", None


def _unknown_key(wrong: _InvalidValue) -> _Explained:
    key, section = str(wrong.loc[-1]), next(iter(wrong.loc[:-1]), None)
    message = f"unknown key {key!r}"
    known = list(_SECTIONS.get(str(section), wrong.model).model_fields)
    if wrong.model is SourcesFile and (other := other_file_hint(key, wrong.value)) is not None:
        return message, other
    if (hint := key_hint(key)) is not None:
        return message, hint
    if wrong.model is SourcesFile and key in SourceEntry.model_fields:
        return message, "it stands in a source: write sources:, and - id: … below it"
    for other, model in _SECTIONS.items():
        if other != section and key in model.model_fields and wrong.model is SourceEntry:
            return message, f"it stands under {other}: {other}: {{{key}: …}}"
    return message, did_you_mean(key, known) or f"one of {', '.join(known)}"


def _as_told(wrong: _InvalidValue) -> _Explained:
    if wrong.value is None:
        return f"{wrong.name}: nothing is written here", "write it, or leave it out"
    told = wrong.reason.removeprefix("Value error, ")
    if told.startswith("write "):
        return f"{wrong.name}: {wrong.shown} cannot stand here", told
    message, _, hint = told.partition("; ")
    return f"{wrong.name}: {message}", hint or None


def _no_mapping(wrong: _InvalidValue) -> _Explained:
    if wrong.name:
        fields = list(_SECTIONS[wrong.name].model_fields) if wrong.name in _SECTIONS else ["lists"]
        if wrong.value is None:
            return f"{wrong.name}: nothing stands below it", "leave it out"
        return (
            f"{wrong.name}: {stands(wrong.value)} where {', '.join(fields)} are wanted",
            f"write {wrong.name}: {{{fields[-1]}: …}}",
        )
    if wrong.model is SourcesFile:
        hint = "write sources: in the first line, and the list below it"
        return "a catalogue file has the keys sources and builtin", hint
    return no_entry(wrong.value, "source", "a source begins with - id: and its keys below it")


def _no_list(wrong: _InvalidValue) -> _Explained:
    if wrong.value is None:
        return f"{wrong.name}: nothing stands below it", "leave it out"
    if wrong.name == "sources":
        return no_list_of("source", wrong.value)
    return f"{wrong.name}: {stands(wrong.value)} where a list is wanted", f"write {wrong.name}: […]"


def _no_choice(wrong: _InvalidValue) -> _Explained:
    expected = str(wrong.limits.get("expected", ""))
    near = did_you_mean(str(wrong.value), re.findall(r"'([^']*)'", expected))
    return f"{wrong.name}: {wrong.shown} is unknown", near or f"write {expected}"


def _other_characters(wrong: _InvalidValue) -> _Explained:
    key = next((part for part in reversed(wrong.loc) if isinstance(part, str)), "")
    if key == "paging":
        return f"paging: {wrong.shown} has no {{n}}", "write {n} where the page's number stands"
    if key == "hosts":
        hint = "the host alone, in small letters, such as www.example.cn"
        return f"hosts: {wrong.shown} is no host", hint
    if len(str(wrong.value)) > _LONGEST_NAME:
        return f"{wrong.name}: the text is too long", f"at most {_LONGEST_NAME} characters"
    marks = "-" if key == "id" else "_ and -"
    name = re.sub(r"[^a-z0-9]+", "-", str(wrong.value).lower()).strip("-")
    return (
        f"{wrong.name}: {wrong.shown} has other characters than a-z, 0-9 and {marks}",
        f"write {name or 'guizhou-plans, for instance'}",
    )


# By the beginning of the schema's name for what is wrong.
_REASONS: Mapping[str, Callable[[_InvalidValue], _Explained]] = {
    "extra_forbidden": _unknown_key,
    "invalid_key": _unknown_key,
    "missing": lambda w: (f"{w.name} is missing", f"add {w.name}: …"),
    "value_error": _as_told,
    "model": _no_mapping,
    "dict_type": _no_mapping,
    "string_type": lambda w: no_text(w.name, w.value, w.written),
    "path_type": lambda w: no_text(w.name, w.value, w.written),
    "tuple_type": _no_list,
    "enum": _no_choice,
    "literal_error": _no_choice,
    "int": lambda w: (f"{w.name}: {w.shown} is no whole number", "write digits only, such as 14"),
    "bool": lambda w: (f"{w.name}: {w.shown} is neither", "write true or false"),
    "greater_than": lambda w: (f"{w.name}: {w.shown} is too small", f"{w.limits['ge']} or more"),
    "less_than": lambda w: (f"{w.name}: {w.shown} is too large", f"{w.limits['le']} or less"),
    "string_too_long": lambda w: (
        f"{w.name}: the text is too long",
        f"at most {w.limits['max_length']} characters",
    ),
    "string_too_short": lambda w: (f"{w.name}: an empty text", "write a word, or leave it out"),
    "string_pattern_mismatch": _other_characters,
}

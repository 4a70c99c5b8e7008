"""Reads a topics file; what is wrong in it is told in the words of the file, with the fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.errors import UserError, UserErrors
from monitor.extraction.text import normalize_characters
from monitor.extraction.topic_schema import Entry, Theme, Topic, TopicsFile
from monitor.extraction.word_mistakes import word_mistake
from monitor.suggestion import did_you_mean
from monitor.yaml import Path_, YamlFile
from monitor.yaml_mistakes import (
    key_hint,
    no_entry,
    no_list_of,
    no_text,
    other_file_hint,
    shown,
    stands,
)

_KEY = "[key]"
_ENTRY = Entry.__name__
_WORD = "constrained-str"
_Mistake = tuple[Path_, str, str]


def read_topics(file: YamlFile) -> tuple[Topic, ...]:
    """The topics of a file, their words normalised as the texts are in which they are looked for.

    Raises:
        UserError: all that is wrong in it, each mistake with its place and how to correct it.
    """
    try:
        topics = TopicsFile.model_validate(file.value).topics
    except ValidationError as error:
        raise _together(_refused(file, error)) from None
    mistakes = [
        file.error(file.known_place((), ("topics", index, *path)), message, hint)
        for index, topic in enumerate(topics)
        for path, message, hint in _mistakes_of(file, topic, ("topics", index))
    ]
    if mistakes:
        raise _together(mistakes)
    return TopicsFile.model_validate(_normalized(file.value)).topics


def _together(mistakes: list[UserError]) -> UserError:
    mistakes.sort(key=lambda one: (one.line or 0, one.column or 0))
    return mistakes[0] if len(mistakes) == 1 else UserErrors(mistakes)


def _normalized(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: one if k == "with_themes" else _normalized(one) for k, one in value.items()}
    if isinstance(value, list):
        return [normalize_characters(o) if isinstance(o, str) else _normalized(o) for o in value]
    return value


def _refused(file: YamlFile, error: ValidationError) -> list[UserError]:
    found: dict[Path_, UserError] = {}
    for one in error.errors(include_url=False):
        loc, value = one["loc"], one["input"]
        if _is_other_reading(file.value, loc) or (one["type"] == "too_short" and value):
            continue
        if loc == ("topics",) and one["type"] == "missing" and file.value:
            # The key that stands in its place is told.
            continue
        path = tuple(part for part in loc if part not in {_KEY, _ENTRY, _WORD})
        explain = next((e for kind, e in _REASONS.items() if one["type"].startswith(kind)), _other)
        scalar = file.scalar(path)
        written = None if scalar is None else scalar[0]
        message, hint = explain(path, value, {**one.get("ctx", {}), "written": written})
        found.setdefault(path, file.error(file.known_place((), path), message, hint))
    return list(found.values())


def _is_other_reading(value: Any, loc: Path_) -> bool:
    """Whether an error is of a word where keys are written, or the reverse: a list holds both."""
    for part in loc:
        if part in {_ENTRY, _WORD}:
            return (part == _ENTRY) != isinstance(value, dict)
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return False
    return False


_Explained = tuple[str, str | None]


def _name(path: Path_) -> str:
    return ".".join(str(part) for part in path[2:] if isinstance(part, str)) or "topics"


def _other(path: Path_, value: Any, _limits: Mapping[str, Any]) -> _Explained:
    return f"{_name(path)}: {shown(value)} cannot stand here", None


def _unknown_key(path: Path_, value: Any, _limits: Mapping[str, Any]) -> _Explained:
    key, message = str(path[-1]), f"unknown key {str(path[-1])!r}"
    if (hint := key_hint(key)) is not None:
        return message, hint
    if len(path) == 1:
        if key in Topic.model_fields:
            return message, "it stands in a topic: write topics:, and - id: … below it"
        hint = other_file_hint(key, value) or did_you_mean(key, ["topics"])
        return message, hint or "the only key is topics"
    model: type[BaseModel] = Entry if isinstance(path[-2], int) and len(path) > 3 else Topic
    model = Theme if len(path) > 3 and path[-3] == "themes" else model
    known = [info.alias or name for name, info in model.model_fields.items()]
    return message, did_you_mean(key, known) or f"one of {', '.join(known)}"


def _no_mapping(path: Path_, value: Any, _limits: Mapping[str, Any]) -> _Explained:
    if not path:
        hint = "write topics: in the first line, and the list below it"
        return "a topics file has one key, topics", hint
    if len(path) == 2:
        return no_entry(value, "topic", "a topic begins with - id: and its words: below it")
    if value is None:
        return f"{_name(path)}: nothing stands below it", "name words, or leave it out"
    fix = f"{path[-1]}: {{words: […]}}" if len(path) > 3 else "themes: {compute: {words: […]}}"
    return f"{_name(path)}: {shown(value)} where keys with values are wanted", f"write {fix}"


def _no_text(path: Path_, value: Any, limits: Mapping[str, Any]) -> _Explained:
    return no_text(_name(path), value, limits["written"])


def _no_list(path: Path_, value: Any, _limits: Mapping[str, Any]) -> _Explained:
    if path == ("topics",):
        return no_list_of("topic", value)
    if value is None:
        return f"{_name(path)}: nothing stands below it", "name a word, or leave it out"
    example = value if isinstance(value, str) else "…"
    return (
        f"{_name(path)}: {stands(value)} where a list is wanted",
        f"write {path[-1]}: [{example}]",
    )


def _no_name(path: Path_, value: Any, _limits: Mapping[str, Any]) -> _Explained:
    name = re.sub(r"[^\w-]+", "_", str(value)).strip("_-") or "low_altitude, for instance"
    return f"{_name(path)}: {shown(value)} has other characters than letters, digits, _ and -", (
        f"write {name}"
    )


def _empty(path: Path_, _value: Any, _limits: Mapping[str, Any]) -> _Explained:
    hint = "write - id: … and words: below it" if path == ("topics",) else "name a word in it"
    return f"{_name(path)}: nothing stands in it", hint


# By the beginning of the schema's name for what is wrong.
_REASONS: Mapping[str, Callable[[Path_, Any, Mapping[str, Any]], _Explained]] = {
    "extra_forbidden": _unknown_key,
    "invalid_key": _unknown_key,
    "missing": lambda path, _value, _limits: (
        f"{path[-1]} is missing",
        f"add {path[-1]}: …",
    ),
    "model": _no_mapping,
    "dict_type": _no_mapping,
    "string_type": _no_text,
    "tuple_type": _no_list,
    "bool": lambda path, value, _limits: (
        f"{_name(path)}: {shown(value)} is neither",
        "write true or false",
    ),
    "too_short": _empty,
    "string_too_short": lambda path, _value, _limits: (
        f"{_name(path)}: an empty text",
        "write a word, or leave it out",
    ),
    "string_too_long": lambda path, _value, limits: (
        f"{_name(path)}: the text is too long",
        f"at most {limits['max_length']} characters",
    ),
    "string_pattern_mismatch": _no_name,
}


def _mistakes_of(file: YamlFile, topic: Topic, at: Path_) -> Iterator[_Mistake]:
    """What the schema takes but would never be found."""
    yield from _words(file, topic.words, at, ("words",))
    for name, theme in topic.themes.items():
        for key in ("words", "same_clause", "same_sentence"):
            yield from _words(file, getattr(theme, key), at, ("themes", name, key))
        if not topic.extends:
            known = [*topic.themes, "general"]
            yield from (
                (
                    ("themes", name, "with_themes", index),
                    f"themes.{name}.with_themes: the topic has no theme {other!r}",
                    did_you_mean(other, known) or f"one of {', '.join(known)}",
                )
                for index, other in enumerate(theme.with_themes)
                if other not in known
            )
    if topic.extends and topic.default_theme is not None:
        yield ("default_theme",), "default_theme: an extension does not change it", "leave it out"


def _words(
    file: YamlFile, items: tuple[str | Entry, ...], at: Path_, path: Path_
) -> Iterator[_Mistake]:
    for index, item in enumerate(items):
        here = (*path, index)
        if isinstance(item, str):
            yield from _unfindable(file, item, at, here)
            continue
        for key, words in (
            ("words", item.words),
            ("except", item.unless),
            ("needs", item.needs),
            ("figurative_with", item.figurative_with),
        ):
            for number, word in enumerate(words):
                yield from _unfindable(file, word, at, (*here, key, number))
        for number, phrase in enumerate(item.unless):
            if not any(word.lower() in phrase.lower() for word in item.words):
                yield (
                    (*here, "except", number),
                    f"except: {shown(phrase)} holds none of the words, and excepts nothing",
                    "write the longer phrase in which the word means something else",
                )


def _unfindable(file: YamlFile, word: str, at: Path_, path: Path_) -> Iterator[_Mistake]:
    scalar = file.scalar((*at, *path))
    found = word_mistake(word, is_plain=scalar is not None and scalar[1])
    if found is not None:
        key = next(part for part in reversed(path) if isinstance(part, str))
        yield path, f"{key}: {found[0]}", found[1]

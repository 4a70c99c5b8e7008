"""Reads YAML with the positions of its values, for errors that name file, line and column.

The catalogue, rules, topics and tables are all read here, so that every error in them has the form
``file:line:column: message – hint``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from monitor.errors import UserError
from monitor.suggestion import did_you_mean

Path_ = tuple[str | int, ...]

# Nested aliases can expand a few lines to gigabytes.
_MAX_VALUES = 200_000
# Files written by hand are not nested deeper.
_MAX_DEPTH = 40
_MAX_BITS = 1_024
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = {None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_STANDARD_TAG = "tag:yaml.org,2002:"
_NO_KEY = object()


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    value: list[Any] | dict[Any, Any]
    path: Path_
    anchor: str | None
    size: int = 1
    key: Any = _NO_KEY
    merged: list[dict[Any, Any]] = field(default_factory=list)


def load(
    text: str,
    file: Path,
    places: dict[Path_, tuple[int, int]] | None = None,
    scalars: dict[Path_, tuple[str, bool]] | None = None,
    odd_numbers: list[OddNumber] | None = None,
) -> Any:
    """The value of a YAML text; None of an empty one.

    Args:
        text: the whole file.
        file: named in errors.
        places: filled with the 1-based line and column of each key and item, if given.
        scalars: filled with each value as it is written, and whether it has no quotes, if given.
        odd_numbers: filled with the numbers that YAML reads as others than people do, if given.

    Raises:
        UserError: it is not YAML, has a key twice, a tag, or unfolds to too much.
    """
    loader = _LOADER(text)
    try:
        return _Reader(loader, file, places, scalars, odd_numbers).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UserError(
            f"this is not YAML: {error.problem or error.context}",
            file=file,
            line=None if mark is None else mark.line + 1,
            column=None if mark is None else mark.column + 1,
            hint=_syntax_hint(text, error),
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise UserError(
            f"this is not YAML: a control character (U+{code:04X})",
            file=file,
            line=line,
            hint="take it out",
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"this is not YAML: {error or 'nested too deeply'}", file=file) from None
    finally:
        loader.dispose()


# What the parser says, and what people did.
_SYNTAX_HINTS = {
    "cannot start any token": "put the text in quotes, and indent with spaces, not with tabs",
    "mapping values are not allowed": "a colon too many, or a line not indented like its "
    "neighbours; put a text that has ': ' in quotes",
    "expected ',' or": "a bracket is not closed, or a comma is missing",
    "could not find expected ':'": "a key is followed by a colon and a space",
    "did not find expected key": "indent the lines of one entry alike",
    "did not find expected '-'": "indent the items of one list alike",
    "did not find expected node content": "a bracket or a value is missing",
    "unknown escape character": "write an expression in single quotes: '\\d+'",
    "unexpected end of stream": "a quote is not closed",
    "alphabetic or numeric character": "put * and & in quotes; a field that is left out accepts "
    "everything",
    "found undefined": "put the text in quotes",
}


def _syntax_hint(text: str, error: yaml.MarkedYAMLError) -> str | None:
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, not with tabs"
    wide = next((mark for mark in "：，［］｛｝" if mark in line), None)
    if wide is not None:
        return f"{wide} is full-width: YAML wants : , [ ] {{ }}, with a space behind the colon"
    # A key without its colon is noticed one line further down.
    before = 0 if mark is None else min(mark.line, len(lines))
    above = next((one for one in range(before - 1, -1, -1) if lines[one].strip()), None)
    if above is not None and (wrong := _misread_key(lines[above])) is not None:
        return f"{wrong} in line {above + 1}"
    said = f"{error.problem} {error.context}"
    return next((hint for part, hint in _SYNTAX_HINTS.items() if part in said), None)


_WIDE_COLON_KEY = re.compile(r"\s*(?:-\s+)?[A-Za-z_]+\s*：")
_DASH_KEY = re.compile(r"\s*-[A-Za-z_]+:(?:\s|$)")


def _misread_key(line: str) -> str | None:
    """Why YAML takes a line for a text that its author takes for a key; None if it does not."""
    if _WIDE_COLON_KEY.match(line):
        return "the colon is full-width: write : and a space"
    if _DASH_KEY.match(line):
        return "a space is missing behind the -"
    return None


@dataclass(frozen=True, slots=True)
class OddNumber:
    """A number that YAML reads as another: 0123 is octal, 1:30 is 90, 1_000 is 1000."""

    written: str
    value: float
    line: int
    column: int


_INTEGER = "tag:yaml.org,2002:int"
_PLAIN_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")


class _Reader:
    """Builds values out of events, with the open lists and mappings on a stack."""

    def __init__(
        self,
        loader: Any,
        file: Path,
        places: dict[Path_, tuple[int, int]] | None,
        scalars: dict[Path_, tuple[str, bool]] | None,
        odd_numbers: list[OddNumber] | None,
    ) -> None:
        self._loader = loader
        self._scalars = scalars
        self._odd_numbers = odd_numbers
        self._file = file
        self._places = places
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: list[_Open] = []
        self._result: Any = None
        self._count = 0
        # Thousands of entries have the same keys, and many of the same values.
        self._texts: dict[str, str] = {}

    def read(self) -> Any:
        documents = 0
        while True:
            event = self._loader.get_event()
            if event is None or isinstance(event, StreamEndEvent):
                return self._result
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._wrong("a second document", event.start_mark, "keep one")
            elif isinstance(event, ScalarEvent):
                self._add(self._scalar(event), event, event.anchor, 1)
            elif isinstance(event, AliasEvent):
                if event.anchor not in self._anchors:
                    raise self._wrong(
                        f"*{event.anchor} stands for nothing yet",
                        event.start_mark,
                        "put a text that begins with * in quotes",
                    )
                value, size = self._anchors[event.anchor]
                self._add(value, event, None, size)
            elif isinstance(event, SequenceStartEvent | MappingStartEvent):
                self._begin(event)
            elif isinstance(event, SequenceEndEvent | MappingEndEvent):
                self._end(event)

    def _begin(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        if event.tag not in _PLAIN:
            raise self._unknown_tag(event.tag, event.start_mark)
        if len(self._open) >= _MAX_DEPTH:
            raise UserError("this file unfolds to too many values", file=self._file)
        at = self._next_path()
        self._record_place(at, event.start_mark)
        empty: list[Any] | dict[Any, Any] = [] if isinstance(event, SequenceStartEvent) else {}
        self._open.append(_Open(empty, at, event.anchor))

    def _end(self, event: SequenceEndEvent | MappingEndEvent) -> None:
        done = self._open.pop()
        if isinstance(done.value, dict):
            for more in done.merged:
                for key, value in more.items():
                    done.value.setdefault(key, value)
        self._add(done.value, event, done.anchor, done.size, noted=True)

    def _add(
        self, value: Any, event: Any, anchor: str | None, size: int, *, noted: bool = False
    ) -> None:
        """Add a finished value to its parent: as an item, a key, or the value of the last key."""
        self._count += 1 if noted else size
        if self._count > _MAX_VALUES:
            raise UserError("this file unfolds to too many values", file=self._file)
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._open:
            if not noted:
                self._record_place((), event.start_mark)
            self._result = value
            return
        inside = self._open[-1]
        if not noted and (isinstance(inside.value, list) or inside.key is not _NO_KEY):
            self._record_place(self._next_path(), event.start_mark)
            if self._scalars is not None and isinstance(event, ScalarEvent):
                self._scalars.setdefault(self._next_path(), (event.value, event.implicit[0]))
        inside.size += size
        if isinstance(inside.value, list):
            inside.value.append(value)
        elif inside.key is _NO_KEY:
            self._take_key(inside, value, event)
        elif inside.key is _MERGE:
            found = value if isinstance(value, list) else [value]
            if not all(isinstance(one, dict) for one in found):
                raise self._wrong("<< takes mappings only", event.start_mark)
            inside.merged += found
            inside.key = _NO_KEY
        else:
            inside.value[inside.key] = value
            inside.key = _NO_KEY

    def _take_key(self, inside: _Open, key: Any, event: Any) -> None:
        if isinstance(key, list | dict):
            raise self._wrong(
                "a list or a mapping cannot be a key",
                event.start_mark,
                "put a text with { } or [ ] in quotes",
            )
        if isinstance(event, ScalarEvent) and event.value == "<<" and event.implicit[0]:
            inside.key = _MERGE
            return
        if key in inside.value:
            raise self._wrong(
                f"the key {str(getattr(event, 'value', key))!r} stands here twice",
                event.start_mark,
                "keep one",
            )
        inside.key = key
        self._record_place((*inside.path, str(key)), event.start_mark)

    def _next_path(self) -> Path_:
        if not self._open:
            return ()
        inside = self._open[-1]
        if isinstance(inside.value, list):
            return (*inside.path, len(inside.value))
        return inside.path if inside.key is _NO_KEY else (*inside.path, str(inside.key))

    def _scalar(self, event: ScalarEvent) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == _MERGE:
            return event.value
        node = yaml.ScalarNode(tag, event.value, event.start_mark)  # type: ignore[arg-type]
        build = self._loader.yaml_constructors.get(tag)
        if build is None:
            raise self._unknown_tag(tag, event.start_mark)
        value = build(self._loader, node)
        if isinstance(value, str):
            return self._texts.setdefault(value, value)
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            # Python does not write such a number out, as messages do.
            raise self._wrong("this number is too long", event.start_mark)
        odd = tag.endswith((":int", ":float")) and ":" in event.value
        odd = odd or (tag == _INTEGER and _PLAIN_INTEGER.fullmatch(event.value) is None)
        if odd and self._odd_numbers is not None:
            mark: Any = event.start_mark
            self._odd_numbers.append(OddNumber(event.value, value, mark.line + 1, mark.column + 1))
        return value

    def _record_place(self, path: Path_, mark: Any) -> None:
        if self._places is not None:
            self._places.setdefault(path, (mark.line + 1, mark.column + 1))

    def _unknown_tag(self, tag: str | None, mark: Any) -> UserError:
        written = str(tag).replace(_STANDARD_TAG, "!!", 1)
        return self._wrong(
            f"this is not YAML: the tag {written!r} means nothing here",
            mark,
            "leave it out, or put a text that begins with ! in quotes",
        )

    def _wrong(self, what: str, mark: Any, hint: str | None = None) -> UserError:
        return UserError(
            what, file=self._file, line=mark.line + 1, column=mark.column + 1, hint=hint
        )


__all__ = ["OddNumber", "Path_", "YamlFile", "did_you_mean", "parse_yaml", "read_yaml", "validate"]

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed YAML file: plain values, and the text to find their places in.

    A path such as ``("rules", 0, "regions")`` stands for a key or an item.
    """

    path: Path
    value: Any
    text: str = field(default="", repr=False)
    odd_numbers: tuple[OddNumber, ...] = field(default=(), repr=False, compare=False)
    _places: dict[Path_, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)
    _scalars: dict[Path_, tuple[str, bool]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def places(self) -> dict[Path_, tuple[int, int]]:
        """The 1-based line and column of each key and item; read when first used."""
        if not self._places and self.text:
            load(self.text, self.path, self._places, self._scalars)
        return self._places

    def scalar(self, path: Path_) -> tuple[str, bool] | None:
        """A value as it is written, and whether without quotes; None for lists and mappings."""
        return self._scalars.get(path) if self.places else None

    def place(self, path: Path_) -> tuple[int | None, int | None]:
        """Line and column of ``path``, or of its nearest parent that has one."""
        places = self.places
        while path not in places:
            if not path:
                return None, None
            path = path[:-1]
        return places[path]

    def known_place(self, at: Path_, loc: Sequence[str | int]) -> Path_:
        """The path of what an error of pydantic is about, below ``at``.

        Discriminated unions put their tags into ``loc``; parts without a place are skipped.
        """
        path = at
        for part in loc:
            # A key that YAML reads as a number has its place by its text.
            step = next((one for one in (part, str(part)) if (*path, one) in self.places), None)
            if step is not None:
                path = (*path, step)
        return path

    def error(self, path: Path_, message: str, hint: str | None = None) -> UserError:
        """An error of the user at ``path``."""
        line, column = self.place(path)
        return UserError(message, file=self.path, line=line, column=column, hint=hint)


def read_yaml(path: Path, *, max_bytes: int | None = None) -> YamlFile:
    """Read one YAML file with its places.

    Args:
        path: the file.
        max_bytes: a larger file is refused unread; None reads files of any size.

    Raises:
        UserError: the file is missing, unreadable, not UTF-8, not YAML, or has a key twice.
    """
    try:
        if max_bytes is not None and path.stat().st_size > max_bytes:
            hint = "split it into several"
            raise UserError(f"larger than {max_bytes // 10**6} MB", file=path, hint=hint)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError("no such file", file=path) from None
    except IsADirectoryError:
        raise UserError("this is a folder", file=path, hint="name a .yaml file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(
            "this is not UTF-8", file=path, line=line, hint="save it as UTF-8"
        ) from None
    except OSError as error:
        raise UserError(error.strerror or str(error), file=path) from None
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> YamlFile:
    """Parse YAML text; ``path`` is only named in errors."""
    odd_numbers: list[OddNumber] = []
    value = load(text, path, odd_numbers=odd_numbers)
    return YamlFile(path, value, text, tuple(odd_numbers))


def validate(file: YamlFile, model: type[ModelT], *, at: Path_ = (), value: Any = None) -> ModelT:
    """Validate a parsed file (or the ``value`` at ``at``) with a pydantic model.

    Raises:
        UserError: the first error, with its place; the hint for an unknown key is the most
            similar known one.
    """
    try:
        return model.model_validate(file.value if value is None else value)
    except ValidationError as error:
        first = error.errors()[0]
        raise _explain(file, model, at, first) from None


def _explain(file: YamlFile, model: type[BaseModel], at: Path_, first: Any) -> UserError:
    where = file.known_place(at, first["loc"])
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        unknown = str(first["loc"][-1])
        hint = did_you_mean(unknown, _known_keys(model, first["loc"][:-1]))
        return file.error(where, f"unknown key {unknown!r}", hint)
    if first["type"] == "missing":
        return file.error(where, f"{name} is missing", "add it")
    message = first["msg"].removeprefix("Value error, ")
    return file.error(where, f"{name}: {message}" if name else message)


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The keys that a mapping at ``loc`` may have."""
    current: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        fields = getattr(current, "model_fields", {})
        if part not in fields:
            continue
        annotation = fields[part].annotation
        for candidate in (annotation, *_arguments(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                current = candidate
                break
    fields = getattr(current, "model_fields", {})
    return [info.alias or name for name, info in fields.items()]


def _arguments(annotation: Any) -> list[Any]:
    found: list[Any] = []
    stack = list(getattr(annotation, "__args__", ()))
    while stack:
        argument = stack.pop()
        found.append(argument)
        stack.extend(getattr(argument, "__args__", ()))
    return found

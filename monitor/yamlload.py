"""YAML text to plain values in one pass, without a tree of nodes between.

A catalogue of thousands of sources makes nodes of many times its own size; here each value is
built from the parser's events as they come. Only plain YAML is taken: no tag can name a Python
object, a key stands once, aliases do not unfold to gigabytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
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

Path_ = tuple[str | int, ...]

# An alias that is expanded again and again makes gigabytes of a few lines.
_MAX_VALUES = 200_000
# Nobody writes deeper by hand.
_MAX_DEPTH = 40
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = {None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
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


def load(text: str, file: Path, places: dict[Path_, tuple[int, int]] | None = None) -> Any:
    """The value of a YAML text; None of an empty one.

    Args:
        text: the whole file.
        file: the name errors carry.
        places: filled with the 1-based line and column of each key and item, if given.

    Raises:
        UserError: it is not YAML, has a key twice, a tag, or unfolds to too much.
    """
    loader = _LOADER(text)
    try:
        return _Reader(loader, file, places).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UserError(
            f"this is not YAML: {error.problem or error.context}",
            file=file,
            line=None if mark is None else mark.line + 1,
            column=None if mark is None else mark.column + 1,
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"this is not YAML: {error or 'nested too deeply'}", file=file) from None
    finally:
        loader.dispose()


class _Reader:
    """Builds values out of events, with the open lists and mappings on a stack."""

    def __init__(
        self, loader: Any, file: Path, places: dict[Path_, tuple[int, int]] | None
    ) -> None:
        self._loader = loader
        self._file = file
        self._places = places
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: list[_Open] = []
        self._result: Any = None
        self._count = 0

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
                    raise self._wrong(f"*{event.anchor} stands for nothing yet", event.start_mark)
                value, size = self._anchors[event.anchor]
                self._add(value, event, None, size)
            elif isinstance(event, SequenceStartEvent | MappingStartEvent):
                self._begin(event)
            elif isinstance(event, SequenceEndEvent | MappingEndEvent):
                self._end(event)

    def _begin(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        if event.tag not in _PLAIN:
            raise self._wrong(
                f"this is not YAML: the tag {event.tag!r} means nothing here", event.start_mark
            )
        if len(self._open) >= _MAX_DEPTH:
            raise UserError("this file unfolds to too many values", file=self._file)
        at = self._next_path()
        self._note(at, event.start_mark)
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
        """Put a finished value where it belongs: an item, a key, the value of the last key."""
        self._count += 1 if noted else size
        if self._count > _MAX_VALUES:
            raise UserError("this file unfolds to too many values", file=self._file)
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._open:
            if not noted:
                self._note((), event.start_mark)
            self._result = value
            return
        inside = self._open[-1]
        if not noted and (isinstance(inside.value, list) or inside.key is not _NO_KEY):
            self._note(self._next_path(), event.start_mark)
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
            raise self._wrong("a list or a mapping cannot be a key", event.start_mark)
        if isinstance(event, ScalarEvent) and event.value == "<<" and event.implicit[0]:
            inside.key = _MERGE
            return
        if key in inside.value:
            raise self._wrong(
                f"the key {str(key)!r} stands here twice", event.start_mark, "keep one"
            )
        inside.key = key
        self._note((*inside.path, str(key)), event.start_mark)

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
            raise self._wrong(
                f"this is not YAML: the tag {tag!r} means nothing here", event.start_mark
            )
        return build(self._loader, node)

    def _note(self, path: Path_, mark: Any) -> None:
        if self._places is not None:
            self._places.setdefault(path, (mark.line + 1, mark.column + 1))

    def _wrong(self, what: str, mark: Any, hint: str | None = None) -> UserError:
        return UserError(
            what, file=self._file, line=mark.line + 1, column=mark.column + 1, hint=hint
        )

"""YAML written by people: values that remember where they stand, and errors that say so.

The catalogue, the rules, the topics and the product's own tables are all read here, so that
every mistake in any of them reads ``file:line:column: what – how to mend it``.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from monitor.errors import UserError
from monitor.yamlload import Path_, load

__all__ = ["Path_", "YamlFile", "did_you_mean", "parse_yaml", "read_yaml", "validate"]

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed YAML file: plain values, and the text to find their places in.

    A path such as ``("rules", 0, "regions")`` stands for a key or an item.
    """

    path: Path
    value: Any
    text: str = field(default="", repr=False)
    _places: dict[Path_, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def places(self) -> dict[Path_, tuple[int, int]]:
        """The 1-based line and column of each key and item, sought when first asked for."""
        if not self._places and self.text:
            load(self.text, self.path, self._places)
        return self._places

    def place(self, path: Path_) -> tuple[int | None, int | None]:
        """Line and column of ``path``, or of its nearest parent that has one."""
        places = self.places
        while path not in places:
            if not path:
                return None, None
            path = path[:-1]
        return places[path]

    def error(self, path: Path_, message: str, hint: str | None = None) -> UserError:
        """The error a user sees for what stands at ``path``."""
        line, column = self.place(path)
        return UserError(message, file=self.path, line=line, column=column, hint=hint)


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML file with its places.

    Raises:
        UserError: the file is missing, unreadable, not UTF-8, not YAML, or has a key twice.
    """
    try:
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
    """Parse YAML text; ``path`` is only the name errors carry."""
    return YamlFile(path, load(text, path), text)


def validate(file: YamlFile, model: type[ModelT], *, at: Path_ = (), value: Any = None) -> ModelT:
    """Check a parsed file (or the ``value`` that stands at ``at``) against a pydantic model.

    Raises:
        UserError: for the first thing that does not fit, with its place; an unknown key gets
            the nearest known one as a hint.
    """
    try:
        return model.model_validate(file.value if value is None else value)
    except ValidationError as error:
        first = error.errors()[0]
        raise _explain(file, model, at, first) from None


def did_you_mean(word: str, known: Sequence[str]) -> str | None:
    """A hint that names the known word nearest to ``word``, or None."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else None


def _explain(file: YamlFile, model: type[BaseModel], at: Path_, first: Any) -> UserError:
    # Discriminated unions put their tags into loc; a part that is no place in the file is left out.
    where = at
    for part in first["loc"]:
        if (*where, part) in file.places:
            where = (*where, part)
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
    """Names a mapping at ``loc`` may have, following nested models as far as they are plain."""
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

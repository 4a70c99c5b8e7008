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

import yaml
from pydantic import BaseModel, ValidationError

from monitor.errors import UserError

ModelT = TypeVar("ModelT", bound=BaseModel)
Path_ = tuple[str | int, ...]

# An alias that is expanded again and again makes gigabytes of a few lines.
_MAX_NODES = 200_000
# Nobody writes deeper by hand; an alias of itself is endlessly deep.
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed YAML file: plain values, and the place of each key and item.

    ``places`` maps a path such as ``("rules", 0, "regions")`` to its 1-based line and column.
    """

    path: Path
    value: Any
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: Path_) -> tuple[int | None, int | None]:
        """Line and column of ``path``, or of its nearest parent that has one."""
        while path not in self.places:
            if not path:
                return None, None
            path = path[:-1]
        return self.places[path]

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
    try:
        root = yaml.compose(text, Loader=_LOADER)
        places: dict[Path_, tuple[int, int]] = {}
        value = None
        if root is not None:
            _note_places(root, (), places, path)
            # Composed and built by the safe loader: no tag can name a Python object.
            value = yaml.load(text, Loader=_LOADER)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UserError(
            f"this is not YAML: {error.problem or error.context}",
            file=path,
            line=None if mark is None else mark.line + 1,
            column=None if mark is None else mark.column + 1,
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"this is not YAML: {error or 'nested too deeply'}", file=path) from None
    return YamlFile(path, value, places)


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


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _note_places(
    root: yaml.Node, at: Path_, places: dict[Path_, tuple[int, int]], file: Path
) -> None:
    """Walk the nodes once, without recursion, and note where each key and item stands."""
    stack: list[tuple[yaml.Node, Path_]] = [(root, at)]
    while stack:
        node, here = stack.pop()
        places.setdefault(here, (node.start_mark.line + 1, node.start_mark.column + 1))
        if len(places) > _MAX_NODES or len(here) > _MAX_DEPTH:
            raise UserError("this file unfolds to too many values", file=file)
        if isinstance(node, yaml.MappingNode):
            for key, child in node.value:
                name = (*here, key.value if isinstance(key.value, str) else str(key.value))
                mark = key.start_mark
                if name in places:
                    raise UserError(
                        f"the key {name[-1]!r} stands here twice",
                        file=file,
                        line=mark.line + 1,
                        column=mark.column + 1,
                        hint="keep one",
                    )
                places[name] = (mark.line + 1, mark.column + 1)
                stack.append((child, name))
        elif isinstance(node, yaml.SequenceNode):
            stack.extend((child, (*here, index)) for index, child in enumerate(node.value))


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

"""Writes tests/support/bot_api.json: what the Bot API takes and gives, as aiogram describes it.

aiogram's types and methods are generated from Telegram's documentation at every release of the
Bot API. It is read in an environment of its own and is no dependency, because it holds pydantic
below the release that the monitor runs on:

    python tools/bot_api.py 3.31.0
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import inspect
import json
import subprocess
import tempfile
import types
import typing
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
TARGET = HERE.parents[1] / "tests" / "support" / "bot_api.json"
_PLAIN = {
    int: "int",
    str: "str",
    bool: "bool",
    float: "float",
    dt.datetime: "int",
    dt.timedelta: "int",
}


def main(version: str) -> None:
    """Install that release of aiogram into a folder that is thrown away, and read it there."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        install = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", f"aiogram=={version}"]
        subprocess.run([python, *install], check=True)  # noqa: S603 - our own arguments
        subprocess.run([python, HERE, "--inside"], check=True)  # noqa: S603


def describe() -> dict[str, Any]:
    """All methods, and every type that one of them takes or gives."""
    import aiogram
    from aiogram import methods
    from aiogram.methods.base import TelegramMethod
    from aiogram.types import ResponseParameters

    seen: dict[str, dict[str, Any]] = {}
    found = {}
    method: Any
    for _, method in inspect.getmembers(methods, inspect.isclass):
        if issubclass(method, TelegramMethod) and method is not TelegramMethod:
            found[method.__api_method__] = {
                "gives": _type(method.__returning__, seen),
                "takes": _fields(method, seen),
            }
    # What a refusal says beside its reason is named by no method.
    _type(ResponseParameters, seen)
    body = {"methods": dict(sorted(found.items())), "types": dict(sorted(seen.items()))}
    return {
        "source": f"aiogram {aiogram.__version__} (MIT), Bot API {aiogram.__api_version__}",
        "digest": hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
        **body,
    }


def _fields(model: Any, seen: dict[str, dict[str, Any]]) -> dict[str, Any]:
    model.model_rebuild()
    fields = {}
    for name, field in model.model_fields.items():
        # What Telegram no longer documents, aiogram keeps and marks.
        if (field.json_schema_extra or {}).get("deprecated"):
            continue
        kind = _type(field.annotation, seen)
        # A constant that tells types apart has a default for the caller's comfort only.
        needed = field.is_required() or (isinstance(kind, list) and kind[0] == "is")
        fields[(field.alias or name) + ("" if needed else "?")] = kind
    return fields


def _type(kind: Any, seen: dict[str, dict[str, Any]]) -> Any:  # noqa: PLR0911 - one for each kind
    from aiogram.types import InputFile
    from pydantic import BaseModel

    if kind in _PLAIN:
        return _PLAIN[kind]
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _type(typing.get_args(kind)[0], seen)
    if origin is list:
        return ["list", _type(typing.get_args(kind)[0], seen)]
    if origin is typing.Literal:
        (value,) = typing.get_args(kind)
        return ["is", getattr(value, "value", value)]
    if origin in {typing.Union, types.UnionType}:
        options: list[Any] = []
        for choice in typing.get_args(kind):
            if choice is type(None) or getattr(choice, "__name__", "") == "Default":
                continue
            option = _type(choice, seen)
            if option not in options:
                options.append(option)
        return options[0] if len(options) == 1 else ["or", *options]
    if inspect.isclass(kind) and issubclass(kind, InputFile):
        return "file"
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        if kind.__name__ not in seen:
            seen[kind.__name__] = {}
            seen[kind.__name__].update(_fields(kind, seen))
        return kind.__name__
    # Rich text nests without end; nothing here speaks it.
    return "any"


def _lines(described: dict[str, Any]) -> str:
    """One line for each method and type, so that a new release reads as a difference."""
    parts = []
    for key, value in described.items():
        if isinstance(value, str):
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
            continue
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in value.items())
        parts.append(f"{json.dumps(key)}: {{\n{rows}\n}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("version", nargs="?", help="a release of aiogram: 3.31.0")
    asked.add_argument("--inside", action="store_true", help="read the release that is installed")
    arguments = parser.parse_args()
    if arguments.inside:
        TARGET.write_text(_lines(describe()), encoding="utf-8")
    else:
        main(arguments.version)

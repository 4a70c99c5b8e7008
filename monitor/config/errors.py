"""Errors in the settings: one line that names the wrong key and its place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from monitor.errors import UserError, UserErrors
from monitor.suggestion import did_you_mean

_BOUNDS = {
    "greater_than": "this is too small – more than {gt}",
    "greater_than_equal": "this is too small – at least {ge}",
    "less_than": "this is too large – less than {lt}",
    "less_than_equal": "this is too large – at most {le}",
    "string_pattern_mismatch": "this has another form – it fits {pattern}",
}
_REASONS = (
    ("int", "this is no whole number – digits only, such as 2"),
    ("float", "this is no number – digits only, such as 2 or 0.5"),
    ("bool", "this is neither true nor false"),
    ("string", "this is no text – put it in quotes"),
    ("path", "this is no path – put it in quotes"),
    ("tuple", "this is no list – write [one, another]"),
    ("dict", "this is no table – write [section] and its keys below"),
    ("model", "this is no table – write [section] and its keys below"),
)

_MAX_LISTED = 16
PREFIX = "MONITOR_"
"""Prefix of all environment names."""


# What the parser says, and what people did.
_TOML_HINTS = {
    "Invalid value": 'put a text in straight quotes: "…"; true and false are written small',
    "Expected '='": "a line is a key, = and a value, with half-width marks",
    "Expected newline": 'put a text in straight quotes: "…"; each key has its own line',
    "Expected ']'": "a ] is missing",
    "Unclosed array": "a ] or a comma is missing",
    "Unterminated string": "a quote is not closed",
    "Illegal character": "a quote is not closed",
    "Unescaped '\\'": "write a path with / or in single quotes",
    "twice": "keep one",
    "Cannot overwrite": "a key stands there twice: keep one",
}


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a settings file, and its values.

    Raises:
        UserError: it does not exist, or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        raise UserError("no such file", file=path, hint="monitor init writes one") from None
    except tomllib.TOMLDecodeError as error:
        # The other form is "(at end of document)".
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        last = text.count("\n") + 1
        reason = str(error).split(" (at ")[0]
        raise UserError(
            f"this is not TOML: {reason}",
            file=path,
            line=int(place[1]) if place else last,
            column=int(place[2]) if place else None,
            hint=next((hint for part, hint in _TOML_HINTS.items() if part in reason), None),
        ) from None
    except UnicodeDecodeError:
        raise UserError("this is not UTF-8", file=path, hint="save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", file=path) from None


def explain(
    error: ValidationError, model: type[BaseModel], path: Path | None, text: str
) -> UserError:
    """All validation errors, a line each for the user. No value is shown: it may be a secret.

    Args:
        error: as the model raised it.
        model: of all settings, for suggesting a similar name.
        path: the settings file, if there is one.
        text: its text.
    """
    found = [_explain_one(one, model, path, text) for one in error.errors(include_input=False)]
    return found[0] if len(found) == 1 else UserErrors(found)


def explain_variable(error: SettingsError) -> UserError:
    """A variable of the environment that stands for a whole table, and is none."""
    field = re.search(r'field "(\w+)"', str(error))
    name = PREFIX + field[1].upper() if field else "environment"
    return UserError(
        f"{name}: a table cannot be read from one variable", hint=f"set {name}__KEY for each key"
    )


def missing_paths(
    name: str, missing: Sequence[Path], file: tuple[Path, str] | None
) -> list[UserError]:
    """An error for each path that is missing, at the line that names it; none for a default.

    Args:
        name: of the setting.
        missing: the paths.
        file: the settings file with its text, if there is one.
    """
    variable = _variable_of([name])
    message = f"{name}: there is no file or folder"
    if variable is not None:
        hint = "correct the variable, or make the file"
        return [UserError(f"{variable}: {message} {path}", hint=hint) for path in missing]
    line = None if file is None else line_of([name], file[1])
    if file is None or line is None:
        return []
    hint = "correct the name; it is relative to this file"
    lines = file[1].splitlines()
    return [
        UserError(
            f"{message} {path}",
            file=file[0],
            # A list may go over several lines.
            line=next((n for n in range(line, len(lines) + 1) if path.name in lines[n - 1]), line),
            hint=hint,
        )
        for path in missing
    ]


def _explain_one(error: Any, model: type[BaseModel], path: Path | None, text: str) -> UserError:
    # What pydantic calls the key of a table rather than its value.
    loc = [str(part) for part in error["loc"] if part != "[key]"]
    keys = [part for part in loc if not part.isdecimal()]
    name = ".".join(loc)
    variable = _variable_of(keys)
    hint = None
    if error["type"] == "extra_forbidden":
        message = f"unknown setting {name}"
        known = _known(model, loc[:-1])
        listed = f"one of {', '.join(known)}" if 0 < len(known) <= _MAX_LISTED else None
        hint = did_you_mean(loc[-1], known) or listed
    else:
        reason, _, correction = _reason(error).partition(" – ")
        message, hint = f"{name}: {reason}", correction or None
        if keys[-1] in {"operators", "allowed_chats"} and error["type"].startswith("int"):
            hint = "a chat is a number, such as 123456789: monitor alerts list shows those of chats"
    if variable is not None and error["type"].startswith("model"):
        hint = f"set {variable}__KEY for each key"
    if variable is not None:
        return UserError(f"{variable}: {message}", hint=hint)
    return UserError(message, file=path, line=line_of(keys, text), hint=hint)


def _variable_of(keys: list[str]) -> str | None:
    """The environment name that gave the value of a setting; None if the file did."""
    there = {name.upper() for name in os.environ}
    for length in range(len(keys), 0, -1):
        name = PREFIX + "__".join(keys[:length]).upper()
        if name in there:
            return name
    whole = PREFIX + "__".join(keys).upper()
    # An error of a whole table, which its keys in the environment gave.
    return f"{whole}__*" if any(name.startswith(f"{whole}__") for name in there) else None


def _reason(error: Any) -> str:
    """What is wrong, in the user's words instead of the validator's."""
    bounds = error.get("ctx", {})
    for kind, words in _BOUNDS.items():
        if error["type"] == kind:
            return words.format(**bounds)
    plain = next((said for kind, said in _REASONS if error["type"].startswith(kind)), None)
    if plain is not None:
        return plain
    if error["type"] in {"enum", "literal_error"}:
        return f"this is none of {bounds['expected'].replace(' or ', ', ')}"
    return str(error["msg"]).removeprefix("Value error, ")


def _known(model: Any, loc: list[str]) -> list[str]:
    for part in loc:
        fields = getattr(model, "model_fields", {})
        if part in fields:
            model = fields[part].annotation
        elif get_args(model):
            # A table of sections, each by the name the user gives it.
            model = get_args(model)[-1]
    return list(getattr(model, "model_fields", {}))


def line_of(loc: list[str], text: str) -> int | None:
    """The line of a key in a TOML text; tomllib does not keep positions."""
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([\w.\"-]+)\s*\]", line)
        if header:
            section = header[1].replace('"', "").split(".")
            if section == loc:
                return number
            continue
        key = re.match(r"\s*([\w.\"-]+)\s*=", line)
        if key:
            here = section + key[1].replace('"', "").split(".")
            if here == loc or (len(here) < len(loc) and loc[: len(here)] == here):
                return number
    return None

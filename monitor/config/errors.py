"""Errors in the settings: one line that names the wrong key and its place."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from monitor.errors import UserError
from monitor.yaml import did_you_mean

PREFIX = "MONITOR_"
"""Prefix of all environment names."""


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
        raise UserError(
            f"this is not TOML: {str(error).split(' (at ')[0]}",
            file=path,
            line=int(place[1]) if place else last,
            column=int(place[2]) if place else None,
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", file=path) from None


def explain(
    error: ValidationError, model: type[BaseModel], path: Path | None, text: str
) -> UserError:
    """The first validation error as a line for the user. No value is shown: it may be a secret.

    Args:
        error: as the model raised it.
        model: of all settings, for suggesting a similar name.
        path: the settings file, if there is one.
        text: its text.
    """
    first = error.errors(include_input=False)[0]
    # What pydantic calls the key of a table rather than its value.
    loc = [str(part) for part in first["loc"] if part != "[key]"]
    name = ".".join(loc)
    variable = PREFIX + "__".join(loc).upper()
    in_environment = any(key.upper().startswith(PREFIX + loc[0].upper()) for key in os.environ)
    line = None if in_environment else line_of(loc, text)
    hint = None
    if first["type"] == "extra_forbidden":
        message = f"unknown setting {name}"
        hint = did_you_mean(loc[-1], _known(model, loc[:-1]))
    else:
        reason, _, correction = first["msg"].removeprefix("Value error, ").partition(" – ")
        message, hint = f"{name}: {reason}", correction or None
    if line is None and in_environment:
        return UserError(f"{variable}: {message}", hint=hint)
    return UserError(message, file=path, line=line, hint=hint)


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

"""Mistakes in a command line in one line: what is wrong, and what was meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.exceptions import TyperException

from monitor.suggestion import nearest
from monitor.synonyms import synonym

_UNKNOWN_COMMAND = re.compile(r"No such command '(.*?)'\.", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d\d?-\d\d?")
_NEGATIVE = re.compile(r"-\d+")
_MAX_SHOWN = 40
# Of the libraries, for those the user's words are better.
_REASONS = {
    "int_parsing": "is no whole number",
    "int_parsing_size": "is too large",
    "int_from_float": "is no whole number",
    "int_type": "is no whole number",
    "float_parsing": "is no number",
    "string_unicode": "is not UTF-8",
    "bool_parsing": "is neither true nor false",
}
_OPTION_SYNONYMS = {
    "--db": "--database",
    "--fmt": "--format",
    "--json": "--format jsonl",
    "--csv": "--format csv",
    "--from": "--since",
    "--to": "--until",
    "--query": "--text",
    "--search": "--text",
    "--max": "--limit",
    "--province": "--region",
}
_DATABASE_SUFFIXES = {".db", ".sqlite", ".sqlite3"}
_LIMITS = {
    "greater_than_equal": ("too small", "at least", "ge"),
    "less_than_equal": ("too large", "at most", "le"),
}


def explain_usage(error: TyperException) -> str:
    """An error of the command line as one line with a hint."""
    context: Any = getattr(error, "ctx", None)
    see = f"see {context.command_path if context else 'monitor'} --help"
    message, hint = _explain(error, context)
    return f"{' '.join(message.split())} – {hint or see}"


def _explain(error: TyperException, context: Any) -> tuple[str, str | None]:
    text = error.format_message()
    unknown = _UNKNOWN_COMMAND.match(text)
    if unknown and context is not None:
        return _unknown_command(unknown[1], context)
    option = getattr(error, "option_name", None)
    if option is not None:
        if text.startswith("No such option"):
            return _unknown_option(option, context)
        return (f"{option} needs a value" if "requires" in text else text), None
    parameter: Any = getattr(error, "param", None)
    if parameter is not None:
        return _explain_parameter(error, parameter, text)
    if text.startswith("Got unexpected extra argument"):
        return _extra_word(text.partition(" (")[2].rstrip(")"), context)
    return text, None


def _extra_word(extra: str, context: Any) -> tuple[str, str | None]:
    options = [name for one in context.command.params for name in one.opts] if context else []
    hint = None
    if _DAY.fullmatch(extra) and "--until" in options:
        hint = f"write --until {extra}"
    elif Path(extra).suffix in _DATABASE_SUFFIXES:
        hint = f"a database is named by --database sqlite:///{extra}"
    return f"one word too many: {extra}", hint


def _explain_parameter(error: TyperException, parameter: Any, text: str) -> tuple[str, str | None]:
    name = _name(parameter)
    if text.startswith("Missing"):
        return f"{name} is missing", _choices_hint(parameter)
    errors = getattr(error.__cause__, "errors", None)
    if errors is not None:
        return _wrong_value(name, parameter, errors()[0])
    return text, None


def _unknown_command(name: str, context: Any) -> tuple[str, str | None]:
    known: list[str] = context.command.list_commands(context)
    path = context.command_path
    message = f"unknown command {_shown(name)}"
    if name in {"help", "version"}:
        return message, f"write monitor --{name}"
    near = nearest(name, known)
    return message, None if near is None else f"did you mean {path} {near}?"


def _unknown_option(option: str, context: Any) -> tuple[str, str | None]:
    if _NEGATIVE.fullmatch(option):
        return f"{option} is no id", "ids are whole numbers from 1"
    known = [name for one in context.command.params for name in one.opts if name.startswith("--")]
    meant = _OPTION_SYNONYMS.get(option, "")
    if meant.partition(" ")[0] in known:
        return f"unknown option {_shown(option)}", f"did you mean {meant}?"
    near = nearest(option, [*known, "--help"])
    return f"unknown option {_shown(option)}", None if near is None else f"did you mean {near}?"


def _wrong_value(name: str, parameter: Any, first: Any) -> tuple[str, str | None]:
    value, kind = first["input"], first["type"]
    choices = _choices(parameter)
    if choices:
        return _unknown_choice(name, str(value), choices)
    if kind in _LIMITS:
        reason, bound, key = _LIMITS[kind]
        return f"{name}: {_shown(value)} is {reason}", f"{bound} {first['ctx'][key]}"
    if kind in _REASONS:
        return f"{name}: {_shown(value)} {_REASONS[kind]}", None
    return f"{name}: {first['msg'].removeprefix('Value error, ')}", None


def _unknown_choice(name: str, value: str, choices: Sequence[str]) -> tuple[str, str | None]:
    message = f"{name}: unknown {_shown(value)}"
    near = synonym(value, choices) or nearest(value, choices)
    parts = [part.strip() for part in re.split("[,，、]", value)]
    if len(parts) > 1 and all(part in choices for part in parts):
        return message, f"one at a time: {' or '.join(parts)}"
    return message, f"did you mean {near}?" if near else f"one of {', '.join(choices)}"


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name).strip("[]…")
    return str(max(parameter.opts, key=len))


def _choices(parameter: Any) -> list[str]:
    found: Sequence[object] | None = parameter.type_descriptor.choices
    return [] if found is None else [str(getattr(one, "value", one)) for one in found]


def _choices_hint(parameter: Any) -> str | None:
    choices = _choices(parameter)
    return f"one of {', '.join(choices)}" if choices else None


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…")

"""Mistakes that people make in any YAML file, in one wording for catalogue, rules and topics. Pure.

Each of these files has its own schema and its own words; a text without quotes, a full-width colon
or a list in the wrong place is the same mistake in all.
"""

from __future__ import annotations

import re
from typing import Any

from monitor.errors import UserError
from monitor.model.statements import number
from monitor.yaml import YamlFile

_SHOWN = 40
_WIDE_COLON = "the colon is full-width: write : and a space"
_ODD_SPACES = "the spaces before it are not those of the space bar: indent with these"
# A key and its value without the space between: id:a.
_TIGHT_COLON = re.compile(r"([a-z_]+):(?=[^\s:/])")
_OTHER_FILES = {
    "rules": "this is a rule file: monitor rules check reads it",
    "sources": "this is a catalogue file: monitor sources list -c … reads it by the settings",
    "topics": "this is a file of topics: monitor topics check reads it",
}


def shown(value: Any) -> str:
    """A value as a message names it, in a few words."""
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "keys with values"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def stands(value: Any) -> str:
    """A value as the subject of a message: ``5 stands``, ``keys with values stand``."""
    return f"{shown(value)} {'stand' if isinstance(value, dict) else 'stands'}"


def key_hint(key: str) -> str | None:
    """The fix for a key with a full-width colon or with spaces that YAML takes for letters."""
    if "：" in key:
        return _WIDE_COLON
    return _ODD_SPACES if key[:1].isspace() else None


def other_file_hint(key: str, value: Any) -> str | None:
    """What a file is that begins with the key of another kind of file; None for any other key."""
    return _OTHER_FILES.get(key) if isinstance(value, list) else None


def no_entry(value: Any, kind: str, hint: str) -> tuple[str, str]:
    """The message and the fix for an item of the list that has no keys.

    Args:
        value: the item.
        kind: what it should be: rule, source, topic.
        hint: how one begins.
    """
    what = "an empty item" if value is None else shown(value)
    if isinstance(value, str) and "：" in value:
        hint = _WIDE_COLON
    elif isinstance(value, str) and (tight := _TIGHT_COLON.match(value)) is not None:
        hint = f"a space is missing behind the colon: {tight[1]}: {value[tight.end() :][:20]}"
    return f"{what} is no {kind}", hint


def no_text(name: str, value: Any, written: str | None) -> tuple[str, str]:
    """The message and the fix for something else where a text is wanted.

    Args:
        name: the key.
        value: what YAML read.
        written: how it stands in the file; None if that is not one word.
    """
    if value is None:
        return f"{name}: nothing is written here", "write a word, or leave it out"
    if isinstance(value, list):
        return f"{name}: a list where one word is wanted", "write one word"
    if isinstance(value, dict):
        hint = "one word an item, without a colon in it"
        return f"{name}: keys with values where one word is wanted", hint
    raw = str(value) if written is None else written
    if isinstance(value, bool):
        what = "yes or no"
    else:
        what = "a number" if isinstance(value, int | float) else "a day or time"
    return f"{name}: YAML reads {raw} as {what}", f'put it in quotes: "{raw}"'


def no_list_of(kind: str, value: Any) -> tuple[str, str]:
    """The message and the fix for something else where the list of a file is wanted."""
    what = "nothing stands below it" if value is None else f"{stands(value)} where a list is wanted"
    return f"{kind}s: {what}", f"write - id: … for each {kind}, one below the other"


def tell_odd_numbers(file: YamlFile, mistakes: list[UserError]) -> None:
    """Append the numbers that YAML reads as others than people do, unless told already."""
    places = {(one.line, one.column) for one in mistakes}
    told = {(one.line, str(one).partition(" as ")[0].rpartition(" reads ")[2]) for one in mistakes}
    mistakes += [
        UserError(
            f"YAML reads {odd.written} as {number(odd.value)}",
            file=file.path,
            line=odd.line,
            column=odd.column,
            hint="write the digits alone: no 0 before them, no colon, no underscore",
        )
        for odd in file.odd_numbers
        if (odd.line, odd.column) not in places and (odd.line, odd.written) not in told
    ]

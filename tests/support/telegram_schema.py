"""Holds calls, answers and updates to a published description of the Bot API.

``bot_api.json`` is read out of aiogram by ``tools/bot_api.py``; nobody here wrote what it says. It
is compiled once into functions. What the fake gives is also read by python-telegram-bot, which the
product uses.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import telegram
from telegram_calls import Upload

DESCRIPTION = Path(__file__).parent / "bot_api.json"
#: Documented since the last release of python-telegram-bot, which keeps them aside unread.
NEWER_THAN_PTB = frozenset({"can_send_welcome_messages"})

#: Takes a value and where it stands, and says what is wrong with it.
Check = Callable[[Any, str], Iterator[str]]
_PLAIN: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "str": str,
    "bool": bool,
    "float": (int, float),
    "file": Upload,
}


class Description:
    """Every method and type of the Bot API."""

    def __init__(self, path: Path = DESCRIPTION) -> None:
        described = json.loads(path.read_text(encoding="utf-8"))
        body = {key: described[key] for key in ("methods", "types")}
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        assert digest == described["digest"], f"{path.name} was changed by hand"
        self.source: str = described["source"]
        self.methods: dict[str, Any] = described["methods"]
        self.types: dict[str, Any] = described["types"]
        self._checks: dict[str, Check] = {}

    # --- calls ----------------------------------------------------------------------------

    def read(self, method: str, raw: dict[str, Any]) -> dict[str, Any]:
        """Parameters as the method means them; a form sends all of them as text."""
        takes = self.methods.get(method, {}).get("takes", {})
        return {
            name: _meant(takes.get(name, takes.get(f"{name}?")), value)
            if isinstance(value, str)
            else value
            for name, value in raw.items()
        }

    def of_call(self, method: str, params: dict[str, Any]) -> list[str]:
        """What is wrong with a call."""
        if method not in self.methods:
            return [f"{method}: there is no such method"]
        # A file may lie beside the parameters, and one of them name it.
        attached = {
            value.removeprefix("attach://")
            for value in params.values()
            if isinstance(value, str) and value.startswith("attach://")
        }
        named = {name: value for name, value in params.items() if name not in attached}
        return list(self._object(self.methods[method]["takes"], f"{method}(", ")")(named, ""))

    # --- answers --------------------------------------------------------------------------

    def of_answer(self, method: str, answer: dict[str, Any]) -> list[str]:
        """What is wrong with a whole answer."""
        where = f"answer to {method}"
        if not answer["ok"]:
            wrong = [] if isinstance(answer.get("description"), str) else [f"{where}: no reason"]
            parameters = answer.get("parameters", {})
            return wrong + list(self._check("ResponseParameters")(parameters, where))
        if method not in self.methods:
            return [f"{where}: there is no such method"]
        gives = self.methods[method]["gives"]
        return list(self._check(gives)(answer["result"], where)) + unread(
            gives, answer["result"], where
        )

    def of_update(self, update: dict[str, Any]) -> list[str]:
        """What is wrong with an update."""
        wrong = list(self._check("Update")(update, "update"))
        if len(update) != 2:
            wrong.append(f"update: one thing at a time, not {sorted(update)}")
        return wrong + unread("Update", update, "update")

    # --- the compiler ---------------------------------------------------------------------

    def _check(self, kind: Any) -> Check:
        key = json.dumps(kind)
        if key not in self._checks:
            self._checks[key] = self._compiled(kind)
        return self._checks[key]

    def _compiled(self, kind: Any) -> Check:
        if kind == "any":
            return lambda _value, _where: iter(())
        if isinstance(kind, str):
            if kind in _PLAIN:
                return _plain(kind)
            # Types name each other in circles: the check of one is looked up when it is needed.
            return self._object(self.types[kind], f"{kind}.", "")
        if kind[0] == "is":
            return _constant(kind[1])
        if kind[0] == "list":
            return self._list(kind[1])
        return self._choice(kind[1:])

    def _list(self, kind: Any) -> Check:
        def check(value: Any, where: str) -> Iterator[str]:
            if not isinstance(value, list):
                yield f"{where}: {value!r} is no list"
                return
            inner = self._check(kind)
            for number, item in enumerate(value):
                yield from inner(item, f"{where}[{number}]")

        return check

    def _choice(self, kinds: list[Any]) -> Check:
        def check(value: Any, where: str) -> Iterator[str]:
            tried = []
            for kind in kinds:
                wrong = list(self._check(kind)(value, where))
                if not wrong:
                    return
                tried.append(wrong)
            # The alternative that was meant is the one with the least against it.
            yield from min(tried, key=len)

        return check

    def _object(self, fields: dict[str, Any], name: str, end: str) -> Check:
        kinds = {field.rstrip("?"): kind for field, kind in fields.items()}
        needed = [field for field in fields if not field.endswith("?")]

        def check(value: Any, where: str) -> Iterator[str]:
            if not isinstance(value, dict):
                yield f"{where}: {value!r} is no {name.rstrip('.')}"
                return
            for field in needed:
                if field not in value:
                    yield f"{where} {name}{field}{end} is missing".strip()
            for field, item in value.items():
                if field in kinds:
                    yield from self._check(kinds[field])(
                        item, f"{where} {name}{field}{end}".strip()
                    )
                else:
                    yield f"{where} {name}{field}{end} is not described".strip()

        return check


@cache
def description() -> Description:
    """The one description, compiled once for all tests."""
    return Description()


def _plain(kind: str) -> Check:
    types = _PLAIN[kind]

    def check(value: Any, where: str) -> Iterator[str]:
        # For Python a truth value is a number.
        if not isinstance(value, types) or (isinstance(value, bool) and kind != "bool"):
            yield f"{where}: {value!r} is no {kind}"

    return check


def _constant(wanted: Any) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if value != wanted or type(value) is not type(wanted):
            yield f"{where}: {value!r} is not {wanted!r}"

    return check


def _meant(kind: Any, value: str) -> Any:
    """A form's text as its parameter's kind; what does not fit stays text, and is complained of."""
    kinds = kind[1:] if isinstance(kind, list) and kind[0] == "or" else [kind]
    if "int" in kinds and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    if "str" in kinds:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# --- python-telegram-bot ------------------------------------------------------------------


def unread(kind: Any, value: Any, where: str) -> list[str]:
    """What python-telegram-bot cannot read in what the fake gives, or reads past."""
    if isinstance(kind, list) and kind[0] == "list":
        return [line for item in value for line in unread(kind[1], item, where)]
    if isinstance(kind, list):
        if not isinstance(value, dict):
            return []
        kind = "ChatMember" if "ChatMemberOwner" in kind else kind[1]
    reader = getattr(telegram, kind, None)
    if reader is None:
        return []
    try:
        read = reader.de_json(value, None)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        return [f"{where}: python-telegram-bot cannot read it: {error!r}"]
    return [f"{where}: python-telegram-bot does not know {path}" for path in _aside(read)]


def _aside(read: Any) -> Iterator[str]:
    """Where there is something that python-telegram-bot put aside because it does not know it."""
    if isinstance(read, tuple | list):
        for item in read:
            yield from _aside(item)
    if not isinstance(read, telegram.TelegramObject):
        return
    for name in read.api_kwargs:
        if name not in NEWER_THAN_PTB:
            yield f"{type(read).__name__}.{name}"
    # To mypy the class of an object with a hash of its own has none itself.
    kind: type = type(read)
    for name in _slots(kind):
        inner = getattr(read, name, None)
        if isinstance(inner, tuple | telegram.TelegramObject):
            yield from _aside(inner)


@cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(
        name
        for base in kind.__mro__
        for name in getattr(base, "__slots__", ())
        if name not in {"_bot", "_id_attrs", "api_kwargs", "_frozen", "__dict__"}
    )

"""The parameters of the API: how each is described, and read by that description."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from monitor.errors import UserError
from monitor.extraction.regions import gazetteer
from monitor.suggestion import nearest
from monitor.web.filters import region_of

MAX_NUMBER = (1 << 63) - 1
MAX_SEVERAL = 50
_DIGITS = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an address.

    Attributes:
        name: as it stands in the address.
        place: where it stands.
        minimum: of a number; a parameter with one is a number.
        maximum: of a number.
        choices: the values there are, or what gives them when they are asked for.
        pattern: that the whole value has.
        max_length: in characters.
        several: it may be given several times.
        required: it must be given.
        default: where it is not given.
        example: for people.
        read: makes a value of a text that fits.
    """

    name: str
    place: Literal["query", "path"] = "query"
    minimum: int | None = None
    maximum: int | None = None
    choices: Sequence[str] | Callable[[], Sequence[str]] = ()
    pattern: str | None = None
    max_length: int | None = None
    several: bool = False
    required: bool = False
    default: int | None = None
    example: str | int | None = None
    read: Callable[[str], Any] = field(default=str)

    @property
    def is_in_path(self) -> bool:
        """Whether it is a part of the path."""
        return self.place == "path"

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The values there are; empty where any is."""
        return tuple(self.choices() if callable(self.choices) else self.choices)

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        one: dict[str, Any] = {"type": "string" if self.minimum is None else "integer"}
        for name, value in (
            ("minimum", self.minimum),
            ("maximum", self.maximum),
            ("default", self.default),
            ("enum", list(self.known) or None),
            ("pattern", self.pattern and f"^{self.pattern}$"),
            ("maxLength", self.max_length),
            ("minLength", 1 if self.max_length else None),
        ):
            if value is not None:
                one[name] = value
        return {"type": "array", "items": one, "maxItems": MAX_SEVERAL} if self.several else one

    def value_of(self, text: str) -> Any:
        """The value of a text.

        Raises:
            UserError: it does not fit the description.
        """
        if self.minimum is not None:
            return self._number(text)
        if self.max_length is not None and not 0 < len(text) <= self.max_length:
            raise UserError(f"{self.name}: 1 to {self.max_length} characters")
        if self.pattern is not None and re.fullmatch(self.pattern, text) is None:
            hint = None if self.example is None else f"such as {self.example}"
            raise UserError(f"{self.name}: {text[:40]!r} is not understood", hint=hint)
        if self.known and self.read is str and text not in self.known:
            near = nearest(text, self.known)
            few = ", ".join(self.known[:12]) + (" …" if len(self.known) > 12 else "")
            hint = f"did you mean {near}?" if near else f"one of {few}"
            raise UserError(f"{self.name}: {text[:40]!r} is unknown", hint=hint)
        return self.read(text)

    def _number(self, text: str) -> int:
        least, most = self.minimum or 0, MAX_NUMBER if self.maximum is None else self.maximum
        if _DIGITS.fullmatch(text) is None or not least <= int(text) <= most:
            raise UserError(f"{self.name}: {text[:40]!r} is no number from {least} to {most}")
        return int(text)


def read_parameters(
    parameters: Sequence[Parameter], query: QueryParams, path: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of an address by the names of its parameters; None, or () for what is not given.

    Raises:
        UserError: a value does not fit, is missing or given twice, or there is no such parameter.
        HTTPException: 404, as for every path that leads nowhere.
    """
    found = {one.name: _of_path(one, str(path[one.name])) for one in parameters if one.is_in_path}
    known = {one.name: one for one in parameters if not one.is_in_path}
    for name in query:
        if name not in known:
            near = nearest(name, list(known))
            names = ", ".join(known) or "there is none"
            hint = f"did you mean {near}?" if near else names
            raise UserError(f"{name[:40]!r}: there is no such parameter", hint=hint)
    for one in known.values():
        given = query.getlist(one.name)
        if one.several:
            if len(given) > MAX_SEVERAL:
                raise UserError(f"{one.name}: at most {MAX_SEVERAL}")
            found[one.name] = tuple(dict.fromkeys(map(one.value_of, given)))
            continue
        if len(given) > 1:
            raise UserError(f"{one.name}: it is given {len(given)} times")
        if one.required and not given:
            raise UserError(f"{one.name}: it is missing", hint=f"such as {one.example}")
        found[one.name] = one.value_of(given[0]) if given else one.default
    return found


def _of_path(parameter: Parameter, text: str) -> Any:
    try:
        return parameter.value_of(text)
    except UserError as error:
        raise HTTPException(404, str(error)) from None


def official_name(text: str) -> str:
    """The official name of a region that is named, however short.

    Raises:
        UserError: it is none, or several have this name.
    """
    found = region_of(" ".join(text.split()) or None)
    if found is None:
        raise UserError("region: it is empty", hint="such as 贵州省")
    return found


def searchable(text: str) -> str:
    """A text to look for, without characters that no text has."""
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _official_names() -> list[str]:
    return [region.name for region in gazetteer().regions]


def region_parameter(*, several: bool = False) -> Parameter:
    """A region by its official name; a short name or its pinyin is understood, too."""
    return Parameter(
        "region", choices=_official_names, several=several, example="贵州省", read=official_name
    )


def text_parameter(name: str, example: str | None = None, *, required: bool = False) -> Parameter:
    """Any text."""
    return Parameter(name, max_length=200, example=example, required=required, read=searchable)


def id_parameter(name: str = "id") -> Parameter:
    """The number of something in a path."""
    return Parameter(name, "path", minimum=1, maximum=MAX_NUMBER, example=1, required=True)

"""Functions of a page that open an address put together of their arguments: detail('12'). Pure.

Of the scripts only assignments to the address of the window and calls that open one are read,
where all parts are strings or parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from selectolax.lexbor import LexborHTMLParser

_MAX_SCRIPT, _MAX_BODY, _MAX_FUNCTIONS, _MAX_CALL = 300_000, 800, 300, 500
_QUOTES = "\"'"


@dataclass(frozen=True, slots=True)
class Opener:
    """A function: its parameters, and the parts of the address it opens.

    A part is a string (in quotes) or the name of a parameter.
    """

    parameters: tuple[str, ...]
    parts: tuple[str, ...]


@cache
def _function_pattern() -> re.Pattern[str]:
    return re.compile(
        r"function\s+([\w$]{1,40})\s*\(([\w$,\s]{1,120})\)\s*\{"
        r"|([\w$]{1,40})\s*[=:]\s*function\s*\(([\w$,\s]{1,120})\)\s*\{"
    )


@cache
def _opened_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:location(?:\.href)?\s*=(?!=)|\b(?:open|assign|replace)\s*\()\s*([^;\n]{1,300})"
    )


@cache
def _part_pattern() -> re.Pattern[str]:
    return re.compile(r"""\s*("[^"\n]{0,300}"|'[^'\n]{0,300}'|[A-Za-z_$][\w$]{0,40})\s*""")


@cache
def _call_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:javascript:|return\b|\s)*([A-Za-z_$][\w$]{0,40})\s*\(([^()]{1,300})\)", re.IGNORECASE
    )


@cache
def _argument_pattern() -> re.Pattern[str]:
    return re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*(?:,|$)""")


def script_call(attributes: Mapping[str, str | None]) -> str:
    """The script of a link that is a call with arguments; empty if there is none."""
    for name in ("onclick", "href"):
        written = (attributes.get(name) or "")[:_MAX_CALL]
        if _call_pattern().match(written) and (name == "onclick" or ":" in written):
            return written
    return ""


def openers_in(tree: LexborHTMLParser) -> dict[str, Opener]:
    """The functions of a page's scripts that open an address, by name."""
    text = "\n".join(node.text(deep=True) for node in tree.css("script:not([src])"))[:_MAX_SCRIPT]
    found: dict[str, Opener] = {}
    for match in list(_function_pattern().finditer(text))[:_MAX_FUNCTIONS]:
        parameters = tuple(one.strip() for one in (match[2] or match[4]).split(","))
        body = text[match.end() : match.end() + _MAX_BODY]
        end = _function_pattern().search(body)
        parts = _opened(body[: end.start()] if end is not None else body, parameters)
        if parts:
            found.setdefault(match[1] or match[3], Opener(parameters, parts))
    return found


def called_address(call: str, openers: Mapping[str, Opener]) -> str:
    """The address that a call opens; empty if it calls no function that opens one."""
    match = _call_pattern().match(call)
    opener = openers.get(match[1]) if match is not None else None
    if match is None or opener is None:
        return ""
    values = [one or other or bare for one, other, bare in _argument_pattern().findall(match[2])]
    given = dict(zip(opener.parameters, values, strict=False))
    parts = [one[1:-1] if one[0] in _QUOTES else given.get(one) for one in opener.parts]
    return "" if None in parts else "".join(part or "" for part in parts)


def _opened(body: str, parameters: tuple[str, ...]) -> tuple[str, ...]:
    """The parts of the address that the body of a function opens; none without a parameter."""
    for match in _opened_pattern().finditer(body):
        parts = _parts(match[1])
        if len(parts) == 1 and parts[0] not in parameters and parts[0][0] not in _QUOTES:
            # A variable that was set before.
            held = re.search(
                rf"\b{re.escape(parts[0])}\s*=(?!=)\s*([^;\n]{{1,300}})", body[: match.start()]
            )
            parts = _parts(held[1]) if held is not None else ()
        names = {one for one in parts if one[0] not in _QUOTES}
        if names and names <= set(parameters):
            return parts
    return ()


def _parts(expression: str) -> tuple[str, ...]:
    """The strings and names of a sum."""
    parts: list[str] = []
    at = 0
    while (match := _part_pattern().match(expression, at)) is not None:
        parts.append(match[1])
        at = match.end()
        if expression[at : at + 1] != "+":
            break
        at += 1
    return tuple(parts)

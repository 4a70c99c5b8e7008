"""What a reader got wrong, in the language of the page.

The messages are those of the whole program, which speaks English to operators. ``mistakes.yaml``
has what readers of the site can cause; another message gets a word before it that says so.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from monitor.yaml import read_yaml

_FILE = Path(__file__).with_name("mistakes.yaml")


def in_language(message: str, language: str) -> str:
    """A message of a mistake as a page of a language tells it; an empty one stays empty."""
    rest, parts = _table(language)
    told = message
    for pattern, said in parts:
        told = pattern.sub(said, told)
    return rest + message if told == message and message else told


@cache
def _table(language: str) -> tuple[str, tuple[tuple[re.Pattern[str], str], ...]]:
    found = read_yaml(_FILE).value.get(language)
    if found is None:
        return "", ()
    return found["rest"], tuple((re.compile(one), said) for one, said in found["parts"])

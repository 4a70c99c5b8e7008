"""What a reader got wrong, in the language of the page.

The messages are those of the whole program, which speaks English to operators. ``mistakes.yaml``
has what readers of the site can cause; another message gets a word before it that says so.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from monitor.yaml import read_yaml

# Patterns with open ends take long over long texts, and a reader writes a part of the message.
_MAX_TOLD = 600
_ENGLISH = re.compile("[A-Za-z]+ [a-z]+")
_FILE = Path(__file__).with_name("mistakes.yaml")


def in_language(message: str, language: str) -> str:
    """A message of a mistake as a page of a language tells it; an empty one stays empty."""
    rest, parts = _table(language)
    told = message
    if len(message) <= _MAX_TOLD:
        for pattern, said in parts:
            told = pattern.sub(said, told)
    # Some messages are in the reader's language from the first.
    return rest + message if told == message and _ENGLISH.search(message) else told


@cache
def _table(language: str) -> tuple[str, tuple[tuple[re.Pattern[str], str], ...]]:
    found = read_yaml(_FILE).value.get(language)
    if found is None:
        return "", ()
    return found["rest"], tuple((re.compile(one), said) for one, said in found["parts"])

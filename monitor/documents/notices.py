"""Notices a site shows in place of a page while all seems well: gone, log in, being mended."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.model import Outcome
from monitor.yamlfile import read_yaml, validate

_MOST_WORDS = 220
_HEAD = 20_000
_WRITTEN = re.compile("[，。；！]")
_WORD = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


class _Notices(BaseModel):
    """The table notices.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gone: tuple[str, ...]
    closed: tuple[str, ...]


def notice_of(text: str) -> tuple[Outcome, str] | None:
    """What a page's text says about itself instead of being one.

    Args:
        text: the main text of a page.

    Returns:
        GONE for a soft 404, BLOCKED for a login or a site being mended, each with the words that
        said so; None for a page that says anything more.
    """
    # Menus and lists have no punctuation; what is written does.
    prose = "".join(line for line in text[:_HEAD].split("\n") if _WRITTEN.search(line))
    if len(_WORD.findall(prose)) > _MOST_WORDS:
        return None
    for outcome, pattern, what in _patterns():
        found = pattern.search(text[:_HEAD])
        if found is not None:
            return outcome, f"{what} ({found[0][:40]})"
    return None


@cache
def _patterns() -> tuple[tuple[Outcome, re.Pattern[str], str], ...]:
    notices = validate(read_yaml(Path(__file__).with_name("notices.yaml")), _Notices)
    return (
        (Outcome.GONE, re.compile("|".join(notices.gone), re.IGNORECASE), "a soft 404"),
        (
            Outcome.BLOCKED,
            re.compile("|".join(notices.closed), re.IGNORECASE),
            "a notice instead of the page",
        ),
    )

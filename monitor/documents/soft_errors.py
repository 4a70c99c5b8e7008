"""Notices a site shows in place of a page while all seems well: gone, log in, being mended."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.model.documents import Outcome
from monitor.yaml import read_yaml, validate

_HEAD = 20_000
# Letters of anything else a page may say beside its notice.
_MOST_REST = 12
# A sentence longer than that is no notice.
_LONGEST = 160
_SENTENCES = re.compile(r"[^。！？!?\n]+[。！？!?]?")
_WRITTEN = re.compile("[，。；！]")
_WORD = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


class _Notices(BaseModel):
    """The table notices.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opening: str
    gone: tuple[str, ...]
    closed: tuple[str, ...]
    filler: tuple[str, ...]


def notice_of(text: str) -> tuple[Outcome, str] | None:
    """What a page's text says about itself instead of being one.

    Args:
        text: what can be read on a page; menus and lists may stand around.

    Returns:
        GONE for a soft 404, BLOCKED for a login or a site being mended, each with the words that
        said so; None for a page that says anything more.
    """
    found: tuple[Outcome, str] | None = None
    rest = 0
    for sentence in _SENTENCES.findall(text[:_HEAD]):
        notice = _notice_in(sentence.strip())
        if notice is not None:
            found = found or notice
        # Menus and lists have no punctuation; what is written does.
        elif _WRITTEN.search(sentence) and _filler().search(sentence) is None:
            rest += len(_WORD.findall(sentence))
            if rest > _MOST_REST:
                return None
    return found


def _notice_in(sentence: str) -> tuple[Outcome, str] | None:
    if len(sentence) > _LONGEST:
        return None
    for outcome, pattern, what in _patterns():
        found = pattern.match(sentence)
        if found is not None:
            return outcome, f"{what} ({found[0][:40]})"
    return None


@cache
def _patterns() -> tuple[tuple[Outcome, re.Pattern[str], str], ...]:
    table = _table()
    return tuple(
        (outcome, re.compile(f"(?:{table.opening})(?:{'|'.join(listed)})", re.IGNORECASE), what)
        for outcome, listed, what in (
            (Outcome.GONE, table.gone, "a soft 404"),
            (Outcome.BLOCKED, table.closed, "a notice instead of the page"),
        )
    )


@cache
def _filler() -> re.Pattern[str]:
    return re.compile("|".join(_table().filler), re.IGNORECASE)


@cache
def _table() -> _Notices:
    return validate(read_yaml(Path(__file__).with_name("soft_errors.yaml")), _Notices)

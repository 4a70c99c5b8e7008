"""Soft errors: notices with status 200 instead of a page (deleted, login, maintenance)."""

from __future__ import annotations

import re
from functools import cache

from monitor.model.documents import Outcome

_HEAD = 20_000
# Letters of other prose that a page may have besides its notice.
_MAX_OTHER_LETTERS = 12
# A longer sentence is no notice.
_MAX_SENTENCE = 160


@cache
def _sentence_pattern() -> re.Pattern[str]:
    return re.compile(r"[^。！？!?\n]+[。！？!?]?")


@cache
def _punctuation_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！]")


@cache
def _letter_pattern() -> re.Pattern[str]:
    return re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


def find_soft_error(text: str) -> tuple[Outcome, str] | None:
    """The soft error that a page shows instead of its content.

    Args:
        text: visible text of a page, with or without menus and lists.

    Returns:
        GONE for a soft 404, BLOCKED for a login or maintenance, with the words of the notice;
        None for a page with more prose than a notice.
    """
    found: tuple[Outcome, str] | None = None
    other_letters = 0
    for sentence in _sentence_pattern().findall(text[:_HEAD]):
        error = _soft_error_in(sentence.strip())
        if error is not None:
            found = found or error
        # Prose has punctuation; menus and lists have none.
        elif _punctuation_pattern().search(sentence) and _filler().search(sentence) is None:
            other_letters += len(_letter_pattern().findall(sentence))
            if other_letters > _MAX_OTHER_LETTERS:
                return None
    return found


def _soft_error_in(sentence: str) -> tuple[Outcome, str] | None:
    if len(sentence) > _MAX_SENTENCE:
        return None
    for outcome, pattern, what in _patterns():
        found = pattern.match(sentence)
        if found is not None:
            return outcome, f"{what} ({found[0][:40]})"
    return None


@cache
def _patterns() -> tuple[tuple[Outcome, re.Pattern[str], str], ...]:
    # Importing the tables loads pydantic.
    from monitor.documents.tables import soft_errors

    table = soft_errors()
    return tuple(
        (outcome, re.compile(f"(?:{table.opening})(?:{'|'.join(listed)})", re.IGNORECASE), what)
        for outcome, listed, what in (
            (Outcome.GONE, table.gone, "a soft 404"),
            (Outcome.BLOCKED, table.closed, "a notice instead of the page"),
        )
    )


@cache
def _filler() -> re.Pattern[str]:
    from monitor.documents.tables import soft_errors

    return re.compile("|".join(soft_errors().filler), re.IGNORECASE)

"""Words in a file of rules or topics that would never be found as they are written."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from monitor.folding import fold, simplify

_CLOSING = {
    "“": "”",
    "‘": "’",
    "「": "」",
    "『": "』",
    "［": "］",
    "【": "】",
    "（": "）",
    '"': '"',
}
_SHOWN = 40


def _shown(word: str) -> str:
    return repr(word) if len(word) < _SHOWN else repr(word[: _SHOWN - 2])[:-1] + "…"


def word_mistake(word: str, *, is_plain: bool) -> tuple[str, str] | None:
    """What is wrong with a keyword that would never be found as it stands, and how to write it.

    Args:
        word: as YAML reads it.
        is_plain: written without quotes of YAML; in quotes marks and spaces are meant.
    """
    if not fold(word):
        return "there is nothing to look for", "spaces and invisible characters do not count"
    if "*" in fold(word)[:1] + fold(word)[-1:] and fold(word).strip("*"):
        return (
            f"the * of {_shown(word)} is a part of the word, and no sentence has it",
            f"write {word.strip('*＊ ')}: a word is found anywhere in a sentence",
        )
    if not is_plain or word.isalnum():
        return None
    return _hidden_character(word) or _list_or_quote(word)


def _hidden_character(word: str) -> tuple[str, str] | None:
    hidden = next((one for one in word if unicodedata.category(one) == "Cf"), None)
    if hidden is None:
        return None
    return (
        f"{simplify(word)!r} holds a character that nobody sees (U+{ord(hidden):04X})",
        "type the word again, or put it in quotes: there it does not count",
    )


def _list_or_quote(word: str) -> tuple[str, str] | None:
    inner = word[1:-1] if _CLOSING.get(word[0]) == word[-1] and len(word) > 2 else word
    parts = _parts(_list_pattern(), inner)
    if len(parts) > 1:
        return (
            f"{_shown(word)} is one word here, not a list",
            f'write [{", ".join(parts)}], or "{word}" in quotes to find all of it together',
        )
    for opening, closing in _CLOSING.items():
        if word.count(opening) != word.count(closing):
            return (
                f"{word} has only one of {opening} and {closing}",
                "take it out; YAML's quotes are straight ones",
            )
    if inner != word:
        return (
            f"the quotes or brackets of {word} are a part of the word",
            f"write {inner}, or '{word}' to find it in quotes only",
        )
    return None


def _parts(separators: re.Pattern[str], text: str) -> list[str]:
    parts = (part.strip("“”‘’「」『』［］[]\"' ") for part in separators.split(text))
    return [part for part in parts if part]


@cache
def _list_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[，、；,;｜|]|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])"
        # 元/千瓦时 is a unit.
        r"|(?<=[\u4e00-\u9fff]{2})/(?=[\u4e00-\u9fff]{2})"
    )


@cache
def _name_list_pattern() -> re.Pattern[str]:
    return re.compile(r"[，、；,;｜|/\s]+")


def words_in(text: str) -> list[str]:
    """The words of a list in one text: 液冷、风冷."""
    return _parts(_list_pattern(), text) or [text]


def list_hint(name: str) -> str | None:
    """How to write a name that holds several, 贵州、甘肃; None if it does not."""
    parts = _parts(_name_list_pattern(), name)
    return f"write [{', '.join(parts)}]" if len(parts) > 1 else None

"""Folding: the one form in which words are compared, the same on both sides and everywhere.

Rules, ``/search``, ``changes --text`` and ``/subscribe`` compare ``fold(word)`` with
``fold(text)``; expressions are folded by ``fold_expression``. Width, case, traditional and
simplified characters, and the forms of one punctuation mark do not count; spaces, line breaks and
invisible characters are left out. Each character is folded by itself, to one or none.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache
from pathlib import Path

_FIRST, _LAST = 0x4E00, 0x9FFF
_SIMPLIFIED = Path(__file__).with_name("simplified.txt")

# Other forms of a mark than its wide and narrow ones, which Unicode joins by itself.
_FORMS = {
    '"': "“”„‟「」『』〝〞〟",
    "'": "‘’‚‛´′",
    "-": "‐‑‒–—―−─━",
    "~": "〜∼",
    "·": "•・‧∙⋅",
    ".": "。",
    ":": "∶",
    "[": "【〔〖",
    "]": "】〕〗",
    "…": "⋯",
    "〇": "○◯",
}
# Spaces, control characters (line breaks too), and characters that are not seen.
_LEFT_OUT = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
_SAME_FORMS = frozenset({"<wide>", "<narrow>", "<small>", "<vertical>", "<super>", "<sub>"})
_MAX_KEPT = 0xFFFF


@cache
def simplification_table() -> dict[int, str]:
    """For ``str.translate``: each traditional character with its simplified form (OpenCC, t2s).

    Characters only: regional vocabulary (資訊 for 信息) is not converted. Every form is one
    character, so offsets do not move. ``tools/simplified.py`` writes the file.
    """
    lines = _SIMPLIFIED.read_text(encoding="utf-8").splitlines()
    return {ord(line[0]): line[1] for line in lines if not line.startswith("#")}


@cache
def _mark_table() -> dict[str, str]:
    return {form: mark for mark, forms in _FORMS.items() for form in forms}


class _FoldTable(dict[int, str]):
    """For ``str.translate``: characters are folded when a text has them for the first time."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if code <= _MAX_KEPT:
            self[code] = folded
        return folded


_TABLE = _FoldTable()


def _fold_character(character: str) -> str:
    if unicodedata.category(character) in _LEFT_OUT:
        return ""
    plain = _plain_form(character)
    plain = _mark_table().get(plain, plain)
    if len(plain.casefold()) == 1:
        plain = plain.casefold()
    return _simplified(plain)


def _simplified(character: str) -> str:
    # Twice: 薴 is 苧 in OpenCC's table, and 苧 is 苎.
    simple = simplification_table().get(ord(character), character)
    return simplification_table().get(ord(simple), simple)


def _plain_form(character: str) -> str:
    """A character for another form of it: of width, height or place in the code.

    ① and ㎡ are signs of their own. Kangxi radicals, which PDF files have for characters, are not.
    """
    form = unicodedata.decomposition(character).partition(" ")[0]
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) != 1:
        return character
    same = not form.startswith("<") or form in _SAME_FORMS or _FIRST <= ord(plain) <= _LAST
    return plain if same else character


def fold(text: str) -> str:
    """A text in the form in which words are compared; see the module."""
    return text.translate(_TABLE)


def simplify(text: str) -> str:
    """A text in half width and simplified characters, for names that are shown and looked up.

    Unlike ``fold`` it keeps case, spaces and the form of marks; invisible characters go.
    """
    plain = unicodedata.normalize("NFKC", text)
    seen = (_simplified(one) for one in plain if unicodedata.category(one) != "Cf")
    return "".join(seen).strip()


_SPECIAL = frozenset("\\.+*?()|[]{}^$-")
_NOTHING = "(?:)"


@cache
def _token_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\\Q(?P<literal>.*?)(?:\\E|\Z)"
        r"|(?P<kept>\\[pP](?:\{[^}]*\}|.)|\\x(?:\{[^}]*\}|..)|\(\?P?<\w*>|\{[0-9,]*\})"
        r"|\\(?P<escaped>.)"
        r"|\[(?P<not>\^?)(?P<set>\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*)\]"
        r"|(?P<one>.)",
        re.DOTALL,
    )


@cache
def _set_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?P<kept>\[:\^?\w+:\]|\\[pP](?:\{[^}]*\}|.)|\\x(?:\{[^}]*\}|..))"
        r"|\\(?P<escaped>.)"
        r"|(?P<from>[^\\\]])-(?P<to>[^\\\]])"
        r"|(?P<one>.)",
        re.DOTALL,
    )


def fold_expression(expression: str) -> str:
    r"""A regular expression (RE2) that finds in a folded text what it was written to find.

    Literal characters are folded, also in sets; what is syntax stays. A full-width mark is a
    literal: （ becomes an escaped bracket. Folded texts have no spaces, so a space, or ``\s``,
    stands for nothing. Letters keep their case: compile the result without regard to case.
    """
    return _token_pattern().sub(_fold_token, expression)


def _fold_token(token: re.Match[str]) -> str:
    if token["literal"] is not None:
        return "".join(_literal(one) for one in fold(token["literal"]))
    if token["kept"]:
        return token["kept"]
    if token["set"] is not None:
        return f"[{token['not']}{_set_pattern().sub(_fold_in_set, token['set'])}]"
    escaped, one = token["escaped"], token["one"]
    if (escaped or one).isspace() or (escaped or "-") in "sntrfv":
        return _NOTHING
    if escaped is not None:
        return _fold_escaped(escaped)
    return one if one.isascii() and one.isprintable() else _literals(one)


def _fold_in_set(item: re.Match[str]) -> str:
    if item["kept"]:
        return item["kept"]
    if item["escaped"] is not None:
        return _fold_escaped(item["escaped"])
    if item["from"] is not None:
        ends = fold(item["from"]), fold(item["to"])
        alike = all(len(end) == 1 for end in ends) and not item[0].isascii()
        if alike and ord(ends[1]) - ord(ends[0]) == ord(item["to"]) - ord(item["from"]):
            return f"{_literal(ends[0])}-{_literal(ends[1])}"
        return item[0]
    return item["one"] if item["one"].isascii() else _literals(item["one"])


def _fold_escaped(character: str) -> str:
    is_syntax = character.isascii() and character.isprintable()
    folded = character if is_syntax else fold(character)
    return f"\\{folded}" if folded.isascii() and folded else folded


def _literals(text: str) -> str:
    return "".join(map(_literal, fold(text)))


def _literal(character: str) -> str:
    return f"\\{character}" if character in _SPECIAL else character


@cache
def _spellings() -> dict[str, str]:
    """Each folded character with all characters of the basic plane that fold to it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    # Between these are syllables and extensions, which fold to themselves.
    for first, last in ((0x21, 0x3400), (_FIRST, 0xAC00), (0xF900, 0x10000)):
        for code in range(first, last):
            found[_TABLE[code]].append(chr(code))
    # What lies between may be a form too: 噚 is 㖊.
    return {
        folded: "".join(dict.fromkeys((folded, *forms)))
        for folded, forms in found.items()
        if folded
    }


def spellings(word: str) -> tuple[str, ...]:
    """For each character of ``fold(word)`` all characters that fold to it, in their order.

    A search that cannot fold its texts (SQL) asks for texts in which one of each stands in this
    order, and then compares the folded ones.
    """
    return tuple(_spellings().get(one, one) for one in fold(word))

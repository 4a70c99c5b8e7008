"""Traditional characters to simplified ones, one for one."""

from __future__ import annotations

from functools import cache

_FIRST, _LAST = 0x4E00, 0x9FFF
# OpenCC maps 乾 to 干, which is right only for "dry"; in names (乾坤, 乾县) the character stays.
_UNCHANGED = frozenset("乾")


@cache
def simplification_table() -> dict[int, str]:
    """For ``str.translate``: each traditional character with its simplified form (OpenCC, t2s).

    Characters only: regional vocabulary (資訊 for 信息) is not converted. Every form is one
    character, so offsets do not move.
    """
    from opencc import OpenCC

    characters = [chr(code) for code in range(_FIRST, _LAST + 1)]
    # One character a line, so that OpenCC does not match phrases across two of them.
    converted = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {
        ord(one): other
        for one, other in zip(characters, converted, strict=True)
        if one != other and len(other) == 1 and one not in _UNCHANGED
    }

"""One script: traditional characters read like simplified ones, one for one."""

from __future__ import annotations

from functools import cache

from opencc import OpenCC

_FIRST, _LAST = 0x4E00, 0x9FFF
# 乾 is 干 only when it means dry; in names (乾坤, 乾县) it stays.
_BOTH = frozenset("乾")


@cache
def simplified_of() -> dict[int, str]:
    """For ``str.translate``: each traditional character with its simplified form (OpenCC, t2s).

    Characters only: what other regions call by other words (資訊 for 信息) stays. Offsets do not
    move, because every form is one character.
    """
    characters = [chr(code) for code in range(_FIRST, _LAST + 1)]
    # A line each, so that no phrase is recognised across two.
    converted = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {
        ord(one): other
        for one, other in zip(characters, converted, strict=True)
        if one != other and len(other) == 1 and one not in _BOTH
    }

"""Numbers as written in Chinese texts: 1.3万, 三千, 1,200, 百亿."""

from __future__ import annotations

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_DIGITS |= {"六": 6, "七": 7, "八": 8, "九": 9}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}

ARABIC = r"(?:[0-9]{1,3}(?:[,，][0-9]{3})++(?![0-9])|[0-9]{1,15})(?:\.[0-9]{1,6})?"
CHINESE = "[一二两三四五六七八九十百千零〇]{1,9}"
MULTIPLIER = "(?!(?:百亿|千万|亿)亿次)(?:[十百千]?万?亿|[十百千]?万|千|百)"


def multiplier(text: str) -> float:
    """万亿 is 10^12, 百亿 10^10; the empty text is 1."""
    value = 1
    for character in text:
        value *= _SMALL.get(character) or _LARGE[character]
    return value


def chinese(text: str) -> float | None:
    """三千二百 is 3200, 二〇三〇 is 2030; None for anything that is not a number (十百, 百)."""
    if all(character in _DIGITS for character in text):
        if len(text) > 1 and not any(character in "零〇" for character in text):
            return None  # 三四 is "three or four"
        return float("".join(str(_DIGITS[character]) for character in text))
    total = 0
    pending: int | None = None
    limit = 10**4
    for character in text:
        if character in _DIGITS:
            if pending:
                return None
            pending = _DIGITS[character]
            continue
        unit = _SMALL[character]
        if unit >= limit or (pending is None and (unit != 10 or total)):
            return None
        total += (1 if pending is None else pending) * unit
        pending, limit = None, unit
    return float(total + (pending or 0))


def value(digits: str, scale: str) -> float | None:
    """The number written as ``digits`` times ``scale`` (万, 亿 …), or None."""
    plain = digits.replace(",", "").replace("，", "")
    number = float(plain) if plain[0].isascii() else chinese(plain)
    return None if number is None else round(number * multiplier(scale), 6)

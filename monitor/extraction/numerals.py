"""Numbers as they are written in Chinese texts: 1.3万, 三千, 1,200, 百亿."""

from __future__ import annotations

from decimal import Decimal

DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
DIGITS |= {"六": 6, "七": 7, "八": 8, "九": 9}
SMALL_UNITS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}

ARABIC = r"(?:[0-9]{1,3}(?:[,，][0-9]{3})++(?![0-9])|[0-9]{1,15})(?:\.[0-9]{1,6})?"
CHINESE = "[一二两三四五六七八九十百千零〇]{1,9}"
MULTIPLIER = "(?!(?:百亿|千万|亿)亿次)(?:[十百千]?万?亿|[十百千]?万|千|百)"


def multiplier(text: str) -> float:
    """万亿 is 10^12, 百亿 10^10; the empty text is 1."""
    value = 1
    for character in text:
        value *= SMALL_UNITS.get(character) or _LARGE[character]
    return value


def chinese_number(text: str) -> float | None:
    """三千二百 is 3200, 二〇三〇 is 2030; None for anything that is not a number (十百, 百)."""
    if all(character in DIGITS for character in text):
        if len(text) > 1 and not any(character in "零〇" for character in text):
            return None  # 三四 is "three or four"
        return float("".join(str(DIGITS[character]) for character in text))
    total = 0
    pending: int | None = None
    limit = 10**4
    for character in text:
        if character in DIGITS:
            if pending:
                return None
            pending = DIGITS[character]
            continue
        unit = SMALL_UNITS[character]
        if unit >= limit or (pending is None and (unit != 10 or total)):
            return None
        total += (1 if pending is None else pending) * unit
        pending, limit = None, unit
    return float(total + (pending or 0))


def number_value(digits: str, scale: str) -> float | None:
    """The number written as ``digits`` times ``scale`` (万, 亿 …), or None."""
    plain = digits.replace(",", "").replace("，", "")
    if plain[0].isascii():
        # In binary fractions 559.8亿 is 55979999999.99999.
        return float(Decimal(plain) * int(multiplier(scale)))
    number = chinese_number(plain)
    return None if number is None else number * multiplier(scale)

"""Numbers as people write them: 2,000亿元, 20万张, 12,000P, 160 → 190 Eflops ▲18.75%."""

from __future__ import annotations

import math
import re

from monitor.messages.i18n import AlertTexts
from monitor.messages.richtext import one_line

_UNIT_LIMIT = 12
# What is counted in 万 and 亿 is written in Chinese; P, MW and Eflops have their own prefixes.
_LATIN = re.compile(r"[\x21-\x7e]")
_EXACT = 1e15


def format_amount(value: float, unit: str, words: AlertTexts) -> str:
    """A number with its unit.

    Args:
        value: in ``unit``, 万 and 亿 multiplied out.
        unit: as targets carry it; empty for a ratio.
        words: the reader's language.
    """
    number, scale = _scaled(value, unit, words)
    return number + scale + _unit(unit, words)


def format_change(before: float, after: float, unit: str, words: AlertTexts) -> str:
    """From one number to another; the unit is said once when both are written in the same."""
    old, old_scale = _scaled(before, unit, words)
    new, new_scale = _scaled(after, unit, words)
    left = old if old_scale == new_scale else old + old_scale
    return f"{left} → {new}{new_scale}{_unit(unit, words)}"


def format_growth(before: float, after: float, unit: str, words: AlertTexts) -> str:
    """▲18.75% or ▼5%; shares grow by points; empty where a percentage says nothing."""
    step = after - before
    if not math.isfinite(step) or step == 0:
        return ""
    sign = "▲" if step > 0 else "▼"
    if unit == "%":
        return f"{sign}{_plain(round(abs(step), 2), words)}{words.points}"
    if before <= 0:
        return sign
    percent = abs(step) / before * 100
    return f"{sign}{_plain(round(percent, 2), words)}%" if math.isfinite(percent) else sign


def format_short(value: float, words: AlertTexts) -> str:
    """A number in three significant digits or whole, for narrow places: 190, 1,250, 12.3万."""
    for name, size in words.short_scales.items():
        if abs(value) >= max(size, 1e4):
            return _three_digits(value / size) + name
    return f"{value:,.0f}" if abs(value) >= 1000 else _three_digits(value)


def _three_digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "0"
    decimals = min(max(0, 2 - math.floor(math.log10(abs(value)))), 4)
    digits = f"{value:.{decimals}f}"
    shown = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if shown == "-0" else shown


def _scaled(value: float, unit: str, words: AlertTexts) -> tuple[str, str]:
    """The digits, and the 万 or 亿 after them where that leaves two decimals at most."""
    if unit and not _LATIN.match(unit) and math.isfinite(value):
        for name, size in words.scales.items():
            part = value / size
            if 1 <= abs(part) < _EXACT and math.isclose(part, round(part, 2), rel_tol=1e-12):
                return _plain(round(part, 2), words), name
    return _plain(value, words), ""


def _plain(value: float, words: AlertTexts) -> str:
    if not math.isfinite(value):
        return "?"
    if abs(value) >= _EXACT or 0 < abs(value) < 1e-4:
        return f"{value:.4g}"
    digits = f"{value:,.4f}" if abs(value) >= words.comma_from else f"{value:.4f}"
    return digits.rstrip("0").rstrip(".")


def _unit(unit: str, words: AlertTexts) -> str:
    known = words.units.get(unit)
    name = one_line(known or unit, _UNIT_LIMIT)
    apart = known is not None or (len(name) > 1 and _LATIN.match(name) is not None)
    return f" {name}" if apart else name

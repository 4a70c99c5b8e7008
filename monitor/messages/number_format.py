"""Numbers in the reader's notation: 2,000亿元, 20万张, 12,000P, 160 → 190 Eflops ▲18.75%."""

from __future__ import annotations

import math

from monitor.messages.i18n import AlertTexts
from monitor.messages.richtext import one_line

_UNIT_LIMIT = 12
_EXACT = 1e15


def format_amount(value: float, unit: str, texts: AlertTexts) -> str:
    """A number with its unit.

    Args:
        value: in ``unit``, 万 and 亿 multiplied out.
        unit: as targets carry it; empty for a ratio.
        texts: in the reader's language.
    """
    number, scale = _scaled(value, unit, texts)
    return number + scale + _unit(unit, texts)


def format_change(before: float, after: float, unit: str, texts: AlertTexts) -> str:
    """From one number to another; a unit that both have is written once."""
    old, old_scale = _scaled(before, unit, texts)
    new, new_scale = _scaled(after, unit, texts)
    left = old if old_scale == new_scale else old + old_scale
    return f"{left} → {new}{new_scale}{_unit(unit, texts)}"


def format_growth(before: float, after: float, unit: str, texts: AlertTexts) -> str:
    """▲18.75% or ▼5%, in points for shares; empty where a percentage is meaningless."""
    step = after - before
    if not math.isfinite(step) or step == 0:
        return ""
    sign = "▲" if step > 0 else "▼"
    if unit == "%":
        return f"{sign}{_plain(round(abs(step), 2), texts)}{texts.points}"
    if before <= 0:
        return sign
    percent = abs(step) / before * 100
    return f"{sign}{_plain(round(percent, 2), texts)}%" if math.isfinite(percent) else sign


def format_short(value: float, texts: AlertTexts) -> str:
    """A number in three significant digits or whole, for narrow places: 190, 1,250, 12.3万."""
    for name, size in texts.short_scales.items():
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


def _scaled(value: float, unit: str, texts: AlertTexts) -> tuple[str, str]:
    """The digits, and 万 or 亿 where that leaves at most two decimals."""
    if unit and not _is_latin(unit) and math.isfinite(value):
        for name, size in texts.scales.items():
            part = value / size
            if 1 <= abs(part) < _EXACT and math.isclose(part, round(part, 2), rel_tol=1e-12):
                return _plain(round(part, 2), texts), name
    return _plain(value, texts), ""


def _plain(value: float, texts: AlertTexts) -> str:
    if not math.isfinite(value):
        return "?"
    if abs(value) >= _EXACT or 0 < abs(value) < 1e-4:
        return f"{value:.4g}"
    digits = f"{value:,.4f}" if abs(value) >= texts.comma_from else f"{value:.4f}"
    return digits.rstrip("0").rstrip(".")


def _unit(unit: str, texts: AlertTexts) -> str:
    known = texts.units.get(unit)
    name = one_line(known or unit, _UNIT_LIMIT)
    apart = known is not None or (len(name) > 1 and _is_latin(name))
    return f" {name}" if apart else name


def _is_latin(unit: str) -> bool:
    # Numbers with Chinese units are written with 万 and 亿; P, MW and Eflops have prefixes.
    return "!" <= unit[:1] <= "~"

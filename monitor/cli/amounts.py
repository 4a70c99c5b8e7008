"""Numbers in the output of commands: as people write them in tables, plain for programs."""

from __future__ import annotations

from monitor.cli.output import Format
from monitor.model.changes import Delta
from monitor.model.statements import number

_SIGNS = {"at_least": "≥", "at_most": "≤", "about": "≈", "increase_by": "+"}


def amount_cell(form: Format, value: float | None, unit: str | None, op: str | None = None) -> str:
    """``≥15万P`` in a table, ``≥150,000P`` in CSV and JSON lines; empty without a value.

    Args:
        form: what ``--format`` said.
        value: in ``unit``, 万 and 亿 multiplied out.
        unit: as targets carry it.
        op: an ``Op``; that of a later version has no sign.
    """
    if value is None:
        return ""
    sign = _SIGNS.get(op or "", "")
    if form is not Format.TABLE:
        return f"{sign}{number(value):,}{unit or ''}"
    from monitor.messages.change_text import format_amount
    from monitor.messages.i18n import alert_texts

    # Units are Chinese, so numbers are too.
    return sign + format_amount(value, unit or "", alert_texts("zh"))


def deltas_cell(deltas: tuple[Delta, ...]) -> str:
    """``算力规模 15万P → 18万P``, as tables show the numbers of a change."""
    from monitor.messages.change_text import format_deltas
    from monitor.messages.i18n import alert_texts

    return format_deltas(deltas, alert_texts("zh"))

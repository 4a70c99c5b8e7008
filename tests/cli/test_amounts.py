"""Numbers in cells: as people write them in tables, plain for programs."""

from __future__ import annotations

import pytest

from monitor.cli.amounts import amount_cell, deltas_cell
from monitor.cli.output import Format
from monitor.model.changes import Delta


@pytest.mark.parametrize(
    ("value", "unit", "op", "table", "plain"),
    [
        (2e11, "元", None, "2000亿元", "200,000,000,000元"),
        (150_000, "P", "at_least", "≥15万P", "≥150,000P"),
        (12_000, "个", "about", "≈1.2万个", "≈12,000个"),
        (190, "Eflops", "increase_by", "+190 Eflops", "+190Eflops"),
        (1.25, "", "at_most", "≤1.25", "≤1.25"),
        (5, "P", "of_a_later_version", "5P", "5P"),
        (None, None, "at_least", "", ""),
    ],
)
def test_an_amount_in_a_cell(
    value: float | None, unit: str | None, op: str | None, table: str, plain: str
) -> None:
    assert amount_cell(Format.TABLE, value, unit, op) == table
    assert amount_cell(Format.CSV, value, unit, op) == plain


def test_the_numbers_of_a_change_in_a_cell() -> None:
    deltas = (
        Delta("算力规模", "P", 150_000, 180_000),
        Delta("企业", "家", None, 9_000),
        Delta("PUE", "", 1.3, None),
    )
    assert deltas_cell(deltas) == "算力规模 15万P → 18万P; 企业 – → 9000家; PUE 1.3 → –"

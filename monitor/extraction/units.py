"""Units of measurement: how they are written, and their conversion to base units.

The table is ``data/units.csv``.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "data" / "units.csv"


_SIZES = frozenset(
    {
        *("ratio", "times", "compute", "bytes", "power", "energy", "area", "money", "latency"),
        "card_hours",
    }
)
_MEASURED = _SIZES | {
    *("duration", "duration_minutes", "length", "mass", "coal", "bandwidth"),
    *("token", "visits", "dollars", "euros", "hk_dollars"),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One way of writing a unit; see the head of ``data/units.csv`` for the columns.

    A unit without ``target`` is listed only so that its number is ignored (8英寸, E级).
    """

    unit: str
    target: str
    factor: float
    base: str
    base_factor: float
    dimension: str
    weak: bool

    @property
    def counts_things(self) -> bool:
        """Whether it counts things (个, 家)."""
        return self.dimension not in _MEASURED

    @property
    def takes_noun(self) -> bool:
        """Whether a noun may follow it (100个场景); a size follows its noun."""
        return self.dimension not in _SIZES


@cache
def units() -> dict[str, Unit]:
    """All units by the way they are written, Latin letters small."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return {
        row["unit"].lower(): Unit(
            row["unit"],
            row["target"],
            float(row["factor"] or 1),
            row["base"],
            float(row["base_factor"] or 1),
            row["dimension"],
            row["weak"] == "weak",
        )
        for row in rows
    }


@cache
def _carried() -> dict[str, Unit]:
    """Units by the name a target carries."""
    found: dict[str, Unit] = {}
    for unit in units().values():
        if unit.target:
            found.setdefault(unit.target, unit)
    return found


@cache
def unit_pattern() -> str:
    """An alternation of all ways of writing a unit, longest first."""
    names = sorted(units(), key=lambda name: (-len(name), name))
    return "|".join(
        # A Latin unit ends where the letters end: 5P is computing, 5PUE is not.
        re.escape(name) + ("(?![a-z0-9])" if name[-1].isascii() and name[-1].isalpha() else "")
        for name in names
    )


def to_base(value: float, unit: str) -> tuple[float, str]:
    """``value`` in the base unit of its dimension: (10.36, Eflops) is (10360, P).

    An unknown unit is its own base.
    """
    known = _carried().get(unit) or units().get(unit.lower())
    if known is None or not known.base:
        return value, unit
    scale = known.base_factor if unit == known.target else known.base_factor * known.factor
    return value * scale, known.base


def comparable(first: str, second: str) -> bool:
    """Whether numbers in these units have the same dimension."""
    return to_base(1, first)[1] == to_base(1, second)[1]


def counts_things(unit: str) -> bool:
    """Whether a unit counts things (个, 家), so that a noun may follow it."""
    known = _carried().get(unit) or units().get(unit.lower())
    return known is not None and known.counts_things


GROWTH_UNITS = frozenset({"%", "倍", "个百分点"})
"""Units of a growth. A growth in them is no level of its metric."""

"""Three days of benchmarks/soak.py: nothing is left open, and the site's news is found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fresh_database import fresh_sqlite

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


async def test_a_few_days_leave_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    import soak

    fresh_sqlite(tmp_path / "m.db")
    days = await soak.soak(tmp_path, sources=4, days=3, edits=1)
    assert soak.leaks(days) == []
    assert [day.visits for day in days] == [4, 4, 4]
    assert days[0].changes == 0 < days[2].changes

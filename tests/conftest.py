"""Fixtures every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real texts and labels beside the checkout; absent for most people."""
    if not (SHARED / "corpus").is_dir():
        pytest.skip("../shared (real texts and labels) is not beside this checkout")
    return SHARED

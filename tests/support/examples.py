"""How many examples a test asks Hypothesis for."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 100


def examples(count: int) -> int:
    """``count``, or the share of it that the profile asks of every test."""
    return max(1, count * settings().max_examples // _USUAL)

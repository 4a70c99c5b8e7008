"""Delays grow up to a maximum; a Retry-After is read in both of its forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.retry import Backoff, parse_http_date, parse_retry_after

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)


def test_a_delay_doubles_up_to_the_maximum() -> None:
    backoff = Backoff(initial=10.0, maximum=60.0)
    assert [backoff.delay(n) for n in (1, 2, 3, 4, 10_000)] == [10.0, 20.0, 40.0, 60.0, 60.0]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_jitter_keeps_a_delay_within_its_range(attempt: int, chance: float) -> None:
    plain = Backoff(initial=1.0, maximum=300.0).delay(attempt)
    spread = Backoff(initial=1.0, maximum=300.0, jitter=(0.5, 1.5)).delay(attempt, chance)
    assert 0.5 * plain <= spread <= 1.5 * plain


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 1.0),
        ("99999999999", 3600.0),
        ("Sun, 01 Feb 2026 08:01:00 GMT", 60.0),
        ("Sun, 01 Feb 2026 08:01:00", 60.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1.0),
        ("-5; soon", None),
        ("", None),
        ("２０", None),
        (None, None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW, minimum=1.0, maximum=3600.0) == seconds


def test_a_date_without_a_zone_is_utc() -> None:
    assert parse_http_date("Sun, 01 Feb 2026 08:00:00") == NOW
    assert parse_http_date("soon") is None

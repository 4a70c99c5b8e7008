"""Tests of the bot log at the most verbose level."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture(autouse=True)
def every_event_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An event with a field that logging refuses fails the test that causes it."""
    caplog.set_level(logging.DEBUG, "monitor")

"""A command sets up logging for its process; here many commands share one."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture(autouse=True)
def logging_as_before():
    root, own = logging.getLogger(), logging.getLogger("monitor")
    handlers, level, own_level = root.handlers[:], root.level, own.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)

"""How log lines are written."""

from __future__ import annotations

from enum import StrEnum


class LogFormat(StrEnum):
    """The form of a log line."""

    CONSOLE = "console"  # for people
    JSON = "json"  # for log collectors: one object a line


class LogLevel(StrEnum):
    """The least level of our own events that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

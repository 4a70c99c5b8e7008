"""Log lines: ``time level event key=value …``. Event names are stable; fields are not prose."""

from __future__ import annotations

import logging
import sys

_OWN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class EventFormatter(logging.Formatter):
    """Adds the fields of ``extra`` to the event's name."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, tracebacks after it."""
        line = super().format(record)
        fields = [
            f"{key}={_shown(value)}"
            for key, value in record.__dict__.items()
            if key not in _OWN and value not in (None, "")
        ]
        first, newline, rest = line.partition("\n")
        return " ".join([first, *fields]) + newline + rest


def start_logging(*, verbose: bool = False) -> None:
    """Send the product's events, and others' warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("monitor").setLevel(logging.DEBUG if verbose else logging.INFO)


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return f'"{text}"' if " " in text else text

"""Log lines: ``time level event key=value …``. Event names are stable; fields are not prose."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from monitor.printable import printable
from monitor.secret_mask import SecretMask

_OWN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class EventFormatter(logging.Formatter):
    """Adds the fields of ``extra`` to the event's name."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, tracebacks after it; control characters of what a site sent are replaced."""
        line = super().format(record)
        fields = [
            f"{key}={_shown(value)}"
            for key, value in record.__dict__.items()
            if key not in _OWN and value not in (None, "")
        ]
        first, newline, rest = line.partition("\n")
        return printable(" ".join([first, *fields]) + newline + rest)


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


# They log every request at INFO, with its URL.
_REQUEST_LOGGERS = ("httpx", "httpcore", "hpack")
_MASKED_APART = {"msg", "args", "exc_info", "exc_text", "stack_info"}


class SecretFilter(logging.Filter):
    """Masks a secret in log records: message, arguments, fields, traceback."""

    def __init__(self, mask: SecretMask) -> None:
        """Keep the mask."""
        super().__init__()
        self.mask = mask

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the secret in a record; every record passes."""
        message = _message(record)
        if self.mask.found_in(message):
            record.msg, record.args = self.mask(message), None
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            shown = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            if self.mask.found_in(shown):
                # Formatters use this text instead of the exception.
                record.exc_text = self.mask(shown)
                record.exc_info = None
        elif record.exc_text:
            record.exc_text = self.mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self.mask(record.stack_info)
        for name, value in list(record.__dict__.items()):
            if name not in _MASKED_APART and self.mask.found_in(str(value)):
                setattr(record, name, self.mask(str(value)))
        return True


# Logging is global to the process, and so is this: a token is installed once, not once a daemon.
_installed: dict[str, SecretFilter] = {}


def mask_in_logs(token: str) -> Callable[[], None]:
    """Mask a token in all logs and uncaught tracebacks of this process.

    Telegram's URLs contain the token, and HTTP clients log every URL. So the token is masked when
    a record is made, before any handler of any library sees it.

    Returns:
        A function that ends the masking, for tests.
    """
    known = _installed.get(token)
    secret_filter = known or SecretFilter(SecretMask.of_token(token))
    # Fields of ``extra`` join a record after it was made: handlers filter once more.
    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(secret_filter)
    restore = _nothing if known is not None else _mask_new_records(token, secret_filter)

    def undo() -> None:
        restore()
        for handler in handlers:
            handler.removeFilter(secret_filter)

    return undo


def _mask_new_records(token: str, secret_filter: SecretFilter) -> Callable[[], None]:
    _installed[token] = secret_filter
    make = logging.getLogRecordFactory()
    report = sys.excepthook
    levels = {name: logging.getLogger(name).level for name in _REQUEST_LOGGERS}

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        secret_filter.filter(record)
        return record

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        shown = "".join(traceback.format_exception(kind, error, trace))
        if secret_filter.mask.found_in(shown):
            sys.stderr.write(secret_filter.mask(shown))
        else:
            report(kind, error, trace)

    logging.setLogRecordFactory(factory)
    sys.excepthook = hook
    for name in _REQUEST_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)

    def restore() -> None:
        del _installed[token]
        logging.setLogRecordFactory(make)
        sys.excepthook = report
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)

    return restore


def _nothing() -> None:
    """Restore nothing: the token was masked before."""


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # logging reports a wrong format itself; the arguments that it prints are masked too.
        record.args = tuple(str(argument) for argument in record.args or ())
        return f"{record.msg} {record.args}"

"""Log lines of ``monitor run``: stdlib's ``logging``, as lines for people or as JSON.

Our modules, and libraries, log by ``logging.getLogger(…)``; event names are stable, and fields are
in ``extra``.
"""

from __future__ import annotations

import json
import logging
import sys
import textwrap
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from monitor.model.log import LogFormat, LogLevel
from monitor.printable import escape_json, printable
from monitor.secret_mask import SecretMask

# What a record has besides the fields of ``extra``; formatters of other handlers leave the last
# ones in it.
_NO_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_UTC_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_QUOTED = frozenset(" \t=\"'")


def start_logging(*, form: LogFormat = LogFormat.CONSOLE, level: LogLevel = LogLevel.INFO) -> None:
    """Send the product's events from ``level`` on, and others' warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(log_formatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("monitor").setLevel(level.upper())


def log_formatter(form: LogFormat) -> logging.Formatter:
    """Renders a record and the fields of its ``extra``.

    What a site sent can neither command a terminal nor begin a line: control characters are
    replaced or escaped, line feeds too, and the lines of a traceback are indented (console) or one
    string (JSON).
    """
    return _JsonFormatter() if form is LogFormat.JSON else _ConsoleFormatter()


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": record.getMessage(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).strftime(_UTC_TIME),
            "logger": record.name,
            "level": record.levelname.lower(),
            **_fields(record),
            **_prose(self, record),
        }
        return escape_json(json.dumps(line, ensure_ascii=False, default=str))


class _ConsoleFormatter(logging.Formatter):
    default_time_format = "%Y-%m-%d %H:%M:%S"
    default_msec_format = ""

    def format(self, record: logging.LogRecord) -> str:
        line = [
            self.formatTime(record),
            f"[{record.levelname.lower()}]",
            _one_line(record.getMessage()),
            *(f"{name}={_shown(value)}" for name, value in _fields(record).items()),
        ]
        below = [
            textwrap.indent(printable(text), "    ", lambda _line: True)
            for text in _prose(self, record).values()
        ]
        return "\n".join([" ".join(line), *below])


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """The fields of ``extra`` that say something."""
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _NO_FIELDS and value is not None and value != ""
    }


def _prose(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, str]:
    """The stack and the traceback of a record; a traceback that was masked is taken as it is."""
    found = {"stack": record.stack_info or "", "exception": record.exc_text or ""}
    if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
        found["exception"] = formatter.formatException(record.exc_info)
    return {name: text for name, text in found.items() if text}


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _shown(value: object) -> str:
    """A value on one line, in quotes where its end could not be seen otherwise."""
    if isinstance(value, bool | int | float):
        return repr(value)
    text = _one_line(str(value))
    return repr(text) if _QUOTED.intersection(text) else text


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

"""The bot's token never reaches a log.

Telegram's addresses contain the token, and the HTTP client logs every address; errors and
tracebacks carry it too. So it is taken out of every log record when the record is made, before
any handler, of whatever library, can see it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import quote

_MASK = "<token>"
_SECRET_LENGTH = 16
# These speak of every request; at WARNING they still speak of trouble.
_TALKATIVE = ("httpx", "httpcore", "hpack")


class Redaction(logging.Filter):
    """Takes a token out of log records: message, arguments, fields, traceback."""

    def __init__(self, token: str) -> None:
        """Remember the token in each form in which it may be written."""
        super().__init__()
        secret = token.partition(":")[2]
        forms = {token, quote(token, safe="")}
        if len(secret) >= _SECRET_LENGTH:
            forms.add(secret)
        self._forms = sorted((form for form in forms if form), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text with the token masked."""
        for form in self._forms:
            text = text.replace(form, _MASK)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the token in a record; every record passes."""
        message = _message(record)
        if self._has(message):
            record.msg, record.args = self.text(message), None
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            shown = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            if self._has(shown):
                # Formatters use this rather than build the traceback themselves.
                record.exc_text = self.text(shown)
                record.exc_info = None
        elif record.exc_text:
            record.exc_text = self.text(record.exc_text)
        if record.stack_info:
            record.stack_info = self.text(record.stack_info)
        for name, value in list(record.__dict__.items()):
            if name not in _KEPT and self._has(str(value)):
                setattr(record, name, self.text(str(value)))
        return True

    def _has(self, text: str) -> bool:
        return any(form in text for form in self._forms)


_KEPT = {"msg", "args", "exc_info", "exc_text", "stack_info"}
# Logging is the process's own, and so is this: a token is taken out once, not once a daemon.
_installed: dict[str, Redaction] = {}


def install_redaction(token: str) -> Callable[[], None]:
    """Keep the token out of all logs and uncaught tracebacks of this process from now on.

    Returns:
        A function that takes the measure back, for tests.
    """
    known = _installed.get(token)
    redaction = known or Redaction(token)
    # Fields given as ``extra`` join a record after it was made: a handler is the last gate.
    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(redaction)
    restore = _nothing if known is not None else _redact_at_the_source(token, redaction)

    def undo() -> None:
        restore()
        for handler in handlers:
            handler.removeFilter(redaction)

    return undo


def _redact_at_the_source(token: str, redaction: Redaction) -> Callable[[], None]:
    _installed[token] = redaction
    make = logging.getLogRecordFactory()
    report = sys.excepthook
    levels = {name: logging.getLogger(name).level for name in _TALKATIVE}

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        redaction.filter(record)
        return record

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        shown = "".join(traceback.format_exception(kind, error, trace))
        if redaction.text(shown) == shown:
            report(kind, error, trace)
        else:
            sys.stderr.write(redaction.text(shown))

    logging.setLogRecordFactory(factory)
    sys.excepthook = hook
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)

    def restore() -> None:
        del _installed[token]
        logging.setLogRecordFactory(make)
        sys.excepthook = report
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)

    return restore


def _nothing() -> None:
    """Undo what was not done."""


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # A caller's wrong format is logging's to report; what it would print is masked anyway.
        record.args = tuple(str(argument) for argument in record.args or ())
        return f"{record.msg} {record.args}"

"""Log lines of ``monitor run``: stdlib's ``logging``, rendered by structlog.

Our modules, and libraries, log by ``logging.getLogger(…)``; event names are stable, and fields are
in ``extra``. structlog is loaded with the first line: a quiet round writes none.
"""

from __future__ import annotations

import importlib
import logging
import sys
import textwrap
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from monitor.model.log import LogFormat, LogLevel
from monitor.printable import escape_json, printable
from monitor.secret_mask import SecretMask

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

_PROSE = ("exception", "stack")
# Attributes that the formatter of another handler leaves in a record.
_LEFT_BEHIND = ("message", "asctime")


def start_logging(*, form: LogFormat = LogFormat.CONSOLE, level: LogLevel = LogLevel.INFO) -> None:
    """Send the product's events from ``level`` on, and others' warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LazyFormatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("monitor").setLevel(level.upper())


class _LazyFormatter(logging.Formatter):
    """``log_formatter``, made when there is a record; a plain line where it cannot be loaded."""

    def __init__(self, form: LogFormat) -> None:
        super().__init__()
        self._form = form
        self._formatter: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        if self._formatter is None:
            try:
                self._formatter = log_formatter(self._form)
            except (ImportError, OSError):  # for example no file may be opened any more
                return super().format(record)
        return self._formatter.format(record)


def log_formatter(form: LogFormat) -> logging.Formatter:
    """Renders a record and the fields of its ``extra``.

    What a site sent can neither command a terminal nor begin a line: control characters are
    replaced or escaped, line feeds too, and the lines of a traceback are indented (console) or one
    string (JSON).
    """
    _import_without_rich("structlog")
    import structlog

    shared: tuple[Processor, ...] = (
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        _add_traceback,
        structlog.processors.format_exc_info,
        _drop_empty,
    )
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form is LogFormat.JSON:
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.stdlib.add_logger_name,
                *shared,
            ],
            processors=[
                remove_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
                lambda _logger, _name, line: escape_json(str(line)),
            ],
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            *shared,
        ],
        processors=[
            remove_meta,
            _one_line,
            structlog.dev.ConsoleRenderer(
                colors=False,
                sort_keys=False,
                pad_event_to=0,
                pad_level=False,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ],
    )


def _import_without_rich(name: str) -> None:
    """Import a module as if rich were not installed.

    structlog takes rich, and rich pygments, for tracebacks in colour, which no line of ours has:
    4 MB in a daemon that loads them for nothing else.
    """
    if "rich" in sys.modules:
        return
    # What Python says of ``None`` here: an import of it finds no module.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        importlib.import_module(name)
    finally:
        del sys.modules["rich"]


def _add_traceback(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Take the traceback that was masked, and the stack, as the record has them."""
    record: logging.LogRecord = event["_record"]
    if record.exc_text and not record.exc_info:
        event["exception"] = record.exc_text
    if record.stack_info:
        event["stack"] = event.pop("stack_info")
    return event


def _drop_empty(_logger: object, _name: str, event: EventDict) -> EventDict:
    return {
        key: value
        for key, value in event.items()
        if value is not None and value != "" and key not in _LEFT_BEHIND
    }


def _one_line(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Prepare all texts for people and terminals; tracebacks are indented below the line."""
    return {key: _shown(key, value) for key, value in event.items()}


def _shown(key: str, value: object) -> object:
    if isinstance(value, bool | int | float):
        return value
    if key in _PROSE:
        return textwrap.indent(printable(str(value)), "    ", lambda _line: True)
    return " ".join(printable(str(value)).split())


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

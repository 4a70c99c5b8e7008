"""The command tree. A command's module is loaded when the command is called.

``main`` is what the console script calls. Exit codes: 0 done, 1 something failed, 2 the user's
mistake (one line that says how to correct it).
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, TyperException
from typer.main import get_command

from monitor import __version__
from monitor.errors import MonitorError, UserErrors

_ENDING_SIGNALS = (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
_TOO_LONG = os.strerror(errno.ENAMETOOLONG)
_MAX_SHOWN = 40
_OUTPUT_FAILURES = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.EFBIG}
_TRACEBACK = "MONITOR_TRACEBACK"
_HELP = "NoArgsIsHelpError"

# Name of the command, "module:attribute", its line in `monitor --help`: the help of a command
# stands here so that the list of commands loads none of them.
_COMMANDS = (
    ("init", "init:init", "Write monitor.toml, catalogue.yaml and example rules."),
    ("demo", "init:demo", "Run the whole pipeline on a bundled sample site."),
    ("run", "run:run", "Watch all sources, log what changes, and alert."),
    ("web", "web:web", "Serve the site: what changed, a map, charts, reports side by side."),
    ("status", "status:status", "Print how the monitor is; exit code 1 if something is wrong."),
    ("read", "reading:read", "Print the clean text of a page or file."),
    (
        "links",
        "reading:links",
        "Print the articles that a list page names, and the list pages after it.",
    ),
    ("extract", "documents:extract", "Print the commitments in a text."),
    ("diff", "documents:diff", "Print what changed between two texts."),
    ("ingest", "ingest:ingest", "Import reports of earlier years into the history."),
    (
        "backfill",
        "backfill:backfill_command",
        "Read the older reports that the report columns list into the history.",
    ),
    (
        "documents",
        "stored_documents:documents_app",
        "The reports and articles of the history: list, show, remove.",
    ),
    ("changes", "changes:changes", "Print the change log, newest first."),
    ("show", "changes:show", "Print one change of the log."),
    (
        "commitment",
        "commitment:commitment",
        "Print what the report of each year said of a commitment.",
    ),
    ("fulfilment", "fulfilment:fulfilment", "Print what became of the targets."),
    (
        "history",
        "history:history",
        "Print what a region's reports promised and reached of a metric.",
    ),
    ("export", "export:export", "Write one of the public views into a file."),
    ("verify", "verify:verify", "Recompute a day from the stored bytes."),
    ("sources", "sources:sources_app", "Sources: the places that are watched."),
    ("rules", "rules:rules_app", "Rules: which changes are sent to whom."),
    ("alerts", "alerts:alerts_app", "Alerts in the outbox."),
    ("feedback", "feedback:feedback_app", "Changes that people call wrong."),
    ("channels", "channels:channels_app", "Channels beside Telegram."),
    ("topics", "topics:topics_app", "Topics: what is in scope, as lexicons in YAML."),
    ("db", "db:db_app", "The database: its place, schema, copies and size."),
)


class LazyCommand(TyperCommand):
    """The name and the help line of a command whose module is not loaded yet."""

    def __init__(self, name: str, target: str, help_line: str) -> None:
        """Keep where the command is.

        Args:
            name: of the command.
            target: "module:attribute"; a function, or a Typer application for a group.
            help_line: shown in the list of commands.
        """
        super().__init__(name, help=help_line)
        self._target = target

    def load(self) -> TyperCommand | TyperGroup:
        """Import the module and build the command."""
        module, _, attribute = self._target.partition(":")
        # What a module defines stays: the collector would walk it again and again for nothing,
        # the first time as soon as it is back, unless all is put beyond its reach.
        gc.disable()
        try:
            loaded = import_module(f"monitor.cli.{module}")
        finally:
            gc.freeze()
            gc.enable()
        found: Callable[..., Any] | typer.Typer = getattr(loaded, attribute)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            single.command(self.name)(found)
            found = single
        command = cast("TyperCommand | TyperGroup", get_command(found))
        command.name = self.name
        return command


class LazyGroup(TyperGroup):
    """The root: lists commands from the table and loads the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        """Put the placeholders in."""
        super().__init__(**attributes)
        self.commands = {line[0]: LazyCommand(*line) for line in _COMMANDS}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that ``args`` call, with its module loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest


app = typer.Typer(
    name="monitor",
    cls=LazyGroup,
    help="Watches what China's governments promise about AI and computing, and says so the "
    "moment a promise appears, grows, shrinks or disappears.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"monitor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Watches what China's governments promise about AI and computing."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: what follows the program's name; None takes it from the process.
    """
    if arguments is None:
        # What a command has begun is undone before it ends (half a file, a transaction).
        for number in _ENDING_SIGNALS:
            signal.signal(number, _end)
        # pydantic looks for its plugins in the metadata of every installed package.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    sys.exit(_run(arguments))


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _run(arguments: list[str] | None) -> int:
    if any(stream is None or not _is_utf8(stream.encoding) for stream in (sys.stdout, sys.stderr)):
        from monitor.cli.streams import prepare_streams

        # A daemon may have no output; whoever asks for a list wants to see it.
        is_daemon = (sys.argv[1:] if arguments is None else arguments)[:1] == ["run"]
        prepare_streams(may_be_closed=is_daemon)
    try:
        code = int(app(arguments, standalone_mode=False, prog_name="monitor") or 0)
        sys.stdout.flush()
    except SystemExit as left:
        # Typer leaves so when the reader has closed the pipe.
        if not isinstance(left.__context__, BrokenPipeError):
            raise
        return _closed_pipe()
    except BrokenPipeError:
        return _closed_pipe()
    except Abort:
        return 130
    except TyperException as error:
        message = error.format_message()
        if message:
            from monitor.cli.usage_errors import explain_usage

            _print_error(message if type(error).__name__ == _HELP else explain_usage(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a person gets a line, whatever happened
        return _failed(error)
    _tell_replaced()
    return code


def _is_utf8(encoding: str | None) -> bool:
    return (encoding or "utf-8").lower() in {"utf-8", "utf8"}


def _failed(error: Exception) -> int:
    """Print an error in one line; a defect of the program can be seen whole."""
    if isinstance(error, MonitorError):
        for one in error.errors if isinstance(error, UserErrors) else (error,):
            text = str(one)
            _print_error(_too_long(text) if _TOO_LONG in text else text)
        return error.exit_code
    if os.environ.get(_TRACEBACK):
        raise error
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        _print_error(_too_long(str(error.filename or "")))
        return 2
    if isinstance(error, OSError):
        output = error.filename is None and error.errno in _OUTPUT_FAILURES
        place = f"{'standard output' if output else error.filename}: "
        _print_error(f"{place if output or error.filename else ''}{error.strerror or error}")
        if output:
            _discard_output()
    else:
        _print_error(
            f"a defect of this program: {type(error).__name__}: {error} – please report it; "
            f"{_TRACEBACK}=1 shows where it is"
        )
    return 1


def _too_long(text: str) -> str:
    """A file name that no file system takes, in one line: its beginning, and what fits."""
    return (
        f"{text[:_MAX_SHOWN]}…: the file name is too long – 255 bytes at most, of Chinese 85 signs"
    )


def _closed_pipe() -> int:
    """The reader has what it wanted (``monitor changes | head``): that is no error."""
    _discard_output()
    return 0


def _discard_output() -> None:
    from monitor.cli.streams import discard_output

    discard_output()


def _tell_replaced() -> None:
    if _is_utf8(sys.stdout.encoding):
        return
    from monitor.cli.streams import replaced_characters

    if replaced_characters():
        from monitor.cli.output import print_status

        print_status(
            f"characters that {sys.stdout.encoding} does not have were printed as ?: "
            "set PYTHONUTF8=1, or write a file with -o"
        )


def _print_error(message: str) -> None:
    # Loaded when there is an error: it needs rich.
    from monitor.cli.output import print_error

    print_error(message)

"""The command line. ``main`` is the console script; commands live in this room's modules.

Exit codes: 0 done, 1 something failed, 2 the user's mistake (one line that says the mend).
"""

from __future__ import annotations

import os
import sys

from typer.exceptions import Abort, TyperException

from monitor.cli.app import app
from monitor.cli.output import complain
from monitor.errors import MonitorError

__all__ = ["app", "main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: what follows the program's name; None takes it from the process.
    """
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        return int(app(arguments, standalone_mode=False, prog_name="monitor") or 0)
    except MonitorError as error:
        complain(str(error))
        return error.exit_code
    except TyperException as error:
        # Typer's own box takes five lines; one is enough for a person and for a script.
        message = error.format_message()
        if message:
            complain(f"{' '.join(message.split())} – see monitor --help")
        return error.exit_code
    except Abort:
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough (``monitor changes | head``); Python would complain
        # once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0

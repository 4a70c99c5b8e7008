"""Standard output and error as they are given: closed, a broken pipe, no UTF-8."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from pathlib import Path

_HANDLER = "monitor.replace"
_replaced = 0


class ClosedOutput(io.StringIO):
    """A standard output that was closed before the start: what is printed is not lost silently."""

    def write(self, text: str, /) -> int:
        """Refuse it.

        Raises:
            OSError: always, but for an empty text.
        """
        if text:
            raise OSError(errno.EBADF, "it is closed, and nothing was printed – name a file")
        return 0


def prepare_streams(*, may_be_closed: bool = False) -> None:
    """Let no output fail for its encoding, nor be lost in a stream closed before the start.

    Args:
        may_be_closed: the standard output may be closed: it is not what the command is for.
    """
    global _replaced  # noqa: PLW0603 - an error handler of a codec has no other place to count
    _replaced = 0
    codecs.register_error(_HANDLER, _replace)
    if sys.stdout is None:
        if may_be_closed:
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        else:
            # The next file that is opened, such as the database, would have the number 1.
            if not _is_open(1):
                os.open(os.devnull, os.O_WRONLY)
            sys.stdout = ClosedOutput()
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and not writes_all(sys.stdout):
        sys.stdout.reconfigure(errors=_HANDLER)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def writes_all(stream: object) -> bool:
    """Whether a stream's encoding has every character; JSON is escaped for the others."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-16", "gb18030"}


def replaced_characters() -> int:
    """How many characters the standard output could not write."""
    return _replaced


def discard_output() -> None:
    """Send to nowhere what is still to be written, which would fail again at the exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        # No file of the system, as in a test.
        return


def _replace(error: UnicodeError) -> tuple[str, int]:
    global _replaced  # noqa: PLW0603
    if not isinstance(error, UnicodeEncodeError):
        raise error
    _replaced += error.end - error.start
    return "?" * (error.end - error.start), error.end

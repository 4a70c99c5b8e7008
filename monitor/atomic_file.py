"""Files that are read as they are, and replaced atomically."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from monitor.errors import UserError


def read_if_there(path: Path) -> str:
    """The file's text with its own line ends; empty if there is no such file.

    Raises:
        UserError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise UserError("this is not UTF-8", file=path, hint="save it as UTF-8") from None
    except OSError as error:
        raise UserError(error.strerror or str(error), file=path) from None


def replace_text(path: Path, text: str) -> None:
    """Replace a file's text atomically.

    Raises:
        UserError: it cannot be written.
    """
    try:
        replace_bytes(path, text.encode("utf-8"))
    except OSError as error:
        raise UserError(error.strerror or str(error), file=path) from None


def replace_bytes(path: Path, body: bytes, *, mode: int | None = None) -> None:
    """Replace a file atomically: a reader sees the old content or the new, also after a crash.

    Args:
        path: of the file; a symbolic link is followed.
        body: the new content.
        mode: the permissions; those of the old file if not given, 0644 for a new one.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    there = path.resolve()
    if mode is None:
        mode = there.stat().st_mode & 0o777 if there.exists() else 0o644
    number, name = tempfile.mkstemp(dir=there.parent, prefix=f".{there.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(there)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

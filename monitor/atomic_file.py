"""A text file of the user's, read as it is and replaced in one step."""

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
    """Put ``text`` into the file's place at once: whoever reads it sees the old or the new.

    Raises:
        UserError: it cannot be written.
    """
    there = path.resolve()
    try:
        mode = there.stat().st_mode & 0o777 if there.exists() else 0o644
        number, name = tempfile.mkstemp(dir=there.parent, prefix=f".{there.name}.")
        with os.fdopen(number, "wb") as file:
            file.write(text.encode("utf-8"))
        Path(name).chmod(mode)
        Path(name).replace(there)
    except OSError as error:
        raise UserError(error.strerror or str(error), file=path) from None

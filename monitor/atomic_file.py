"""Files that are read as they are, and replaced atomically."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Replace a file's content atomically; see ``replacement_of``.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    with replacement_of(path, mode=mode) as new:
        new.write_bytes(body)


@contextmanager
def replacement_of(path: Path, *, mode: int | None = None) -> Iterator[Path]:
    """A new file that takes the place of ``path`` when the block ends without an error.

    A reader sees the old content or the new, also after a crash. A device or a pipe is not
    replaced but written to.

    Args:
        path: of the file; a symbolic link is followed.
        mode: the permissions; those of the old file if not given, 0644 for a new one.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        yield target
        return
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    new = Path(name)
    try:
        yield new
        new.chmod(mode)
        os.fsync(number)
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    finally:
        os.close(number)

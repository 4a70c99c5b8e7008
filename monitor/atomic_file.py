"""Files that are read as they are, and replaced atomically."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import MonitorError, UserError

_FAILURES = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
_OPEN_FILES = ("/dev/fd/", "/dev/stdout", "/dev/stderr", "/proc/")
# A name has 255 bytes on most file systems, of which the temporary name needs some.
_NAME_KEPT = 40


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


def write_error(error: OSError, path: Path) -> MonitorError:
    """What is told of a file that could not be written: the user's mistake, or a failure.

    A full disk, a read-only one or one that fails is none of the user's mistakes.
    """
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FAILURES:
        return MonitorError(f"{path}: cannot be written: {reason}")
    hint = "its folder does not exist" if error.errno == errno.ENOENT else None
    return UserError(f"cannot be written: {reason}", file=path, hint=hint)


def replace_text(path: Path, text: str) -> None:
    """Replace a file's text atomically.

    Raises:
        UserError: it cannot be written there.
        MonitorError: the disk is full or read-only.
    """
    try:
        replace_bytes(path, text.encode("utf-8"))
    except OSError as error:
        raise write_error(error, path) from None


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
    replaced but written to, and so is what ``/dev/fd`` and ``/proc`` name: an open file.

    Args:
        path: of the file; a symbolic link is followed.
        mode: the permissions; those of the old file if not given, 0644 for a new one.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    if str(path.absolute()).startswith(_OPEN_FILES) and path.exists():
        yield path
        return
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if target.exists() and not target.is_file():
        yield target
        return
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:_NAME_KEPT]}.")
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

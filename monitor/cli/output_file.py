"""The file a command writes its result to: beside it and moved, and never over something else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.atomic_file import replacement_of, write_error
from monitor.errors import UserError
from monitor.table_files import FileFormat

STANDARD_OUTPUT = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
"""Names of the standard output: it stays open, so it is written to and not replaced."""

_SUFFIXES = {
    FileFormat.CSV: (".csv", ".txt"),
    FileFormat.JSONL: (".jsonl", ".ndjson", ".json", ".txt"),
    FileFormat.PARQUET: (".parquet", ".pq"),
}
# What is opened by other programs, or read by this one, as something else.
_DATA_SUFFIXES = (".db", ".sqlite", ".sqlite3", ".toml", ".yaml", ".yml", ".xls", ".xlsx", ".ods")
_TEXT_SUFFIXES = (".tsv", ".html", ".htm", ".xml", ".md", ".py", ".pdf", ".docx")
_PACKED_SUFFIXES = (".gz", ".zip", ".zst", ".bz2")
_OTHER_SUFFIXES = frozenset((*_DATA_SUFFIXES, *_TEXT_SUFFIXES, *_PACKED_SUFFIXES))
_HEAD = 65_536
_CSV_HEADER = re.compile(r'[\w"]+(?:,[\w"]+)+')


def format_of(path: Path | None, chosen: FileFormat | None) -> FileFormat:
    """The format to write: the chosen one, or that of the file's name, or CSV."""
    if chosen is not None or path is None:
        return chosen or FileFormat.CSV
    suffix = path.suffix.lower()
    return next((form for form, names in _SUFFIXES.items() if suffix in names), FileFormat.CSV)


def refuse_other_file(
    path: Path, form: FileFormat, *, force: bool, never: Collection[Path] = ()
) -> None:
    """Refuse to write where something else is, or under a name that promises something else.

    Args:
        path: of the file to write.
        form: what will be in it.
        force: only what is in ``never`` is refused.
        never: files that are in use.

    Raises:
        UserError: it is in use, a folder, or another kind of file.
    """
    try:
        folder, there = path.is_dir(), path.is_file()
    except OSError as error:
        raise write_error(error, path) from None
    if folder:
        raise UserError("this is a folder", file=path, hint="name a file in it")
    if there and any(one.exists() and path.samefile(one) for one in never):
        raise UserError("this is the database itself", file=path, hint="name another file")
    if force:
        return
    suffix = path.suffix.lower()
    known = {one for names in _SUFFIXES.values() for one in names} | _OTHER_SUFFIXES
    if suffix in known and suffix not in _SUFFIXES[form]:
        raise UserError(
            f"{form.value} would be written, which {suffix} is not",
            file=path,
            hint=f"name it {path.name.partition('.')[0]}{_SUFFIXES[form][0]}, or add --force",
        )
    if there and not _holds(path, form):
        raise UserError(
            f"there is another file already, which is no {form.value}",
            file=path,
            hint="name another file, or add --force",
        )


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """A new file that takes the place of ``path`` at the end; see ``replacement_of``.

    Raises:
        UserError: it cannot be written there.
        MonitorError: the disk is full or read-only.
    """
    try:
        with replacement_of(path) as new:
            yield new
    except BrokenPipeError:
        raise
    except OSError as error:
        raise write_error(error, path) from None


def _holds(path: Path, form: FileFormat) -> bool:
    """Whether a file is empty, or begins as files of this format do."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise write_error(error, path) from None
    if not head or form is FileFormat.PARQUET:
        return not head or head.startswith(b"PAR1")
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").rstrip("\r")
    if form is FileFormat.JSONL:
        return line.startswith("{")
    return _CSV_HEADER.fullmatch(line) is not None

"""The index of an import: a CSV file or JSON lines that say what each file is."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from monitor.cli.options import region_of
from monitor.clock import utc_now
from monitor.errors import UserError, UserErrors
from monitor.urls import resolve_url
from monitor.yaml import did_you_mean

_KEYS = ("file", "title", "published", "url", "region", "year")
_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson"})
_MAX_HEADER = 4096
_YEARS = range(1949, 2101)
_FIRST_DAY = date(1949, 10, 1)


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """A file to import, and what a person says of it; None: the text is to say it."""

    path: Path
    title: str | None = None
    published: date | None = None
    url: str | None = None
    region: str | None = None
    year: int | None = None


def read_index(path: Path) -> list[ImportEntry]:
    """The files an index names, paths relative to it.

    Raises:
        UserErrors: what is wrong in it, one a line, all of it.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"this index cannot be read: {error.strerror}", file=path) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A spreadsheet writes CSV in the encoding of its system.
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            raise UserError("this index is no text", file=path, hint="save it as UTF-8") from None
    rows = _json_rows(text, path) if _is_json(path, text) else _csv_rows(text, path)
    entries: list[ImportEntry] = []
    errors: list[UserError] = []
    for line, row in rows:
        if isinstance(row, UserError):
            errors.append(row)
            continue
        try:
            entries.append(_entry(row, path, line))
        except UserError as error:
            errors.append(error)
    if errors:
        raise UserErrors(errors)
    if not entries:
        raise UserError(
            "this index names no file", file=path, hint="its columns are " + ", ".join(_KEYS)
        )
    return entries


def is_index(path: Path) -> bool:
    """Whether a file is an index rather than a document: a table with a column ``file``."""
    if path.suffix.lower() not in _SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            start = file.read(_MAX_HEADER)
    except OSError:
        return False
    first = start.decode("utf-8-sig", "replace").lstrip().partition("\n")[0]
    return re.search(r"(?<!\w)file(?!\w)", first, re.IGNORECASE) is not None


def entry_of(
    path: Path,
    *,
    title: str | None,
    published: str | None,
    url: str | None,
    region: str | None,
    year: int | str | None = None,
) -> ImportEntry:
    """An entry of what a person typed.

    Raises:
        UserError: one of the values is none; its hint says how to write it.
    """
    return ImportEntry(
        path,
        title=(title or "").strip() or None,
        published=_day(published),
        url=_address(url),
        region=region_of(region or None),
        year=_year(year),
    )


def _is_json(path: Path, text: str) -> bool:
    return path.suffix.lower() in {".jsonl", ".json", ".ndjson"} or text.lstrip().startswith("{")


_Rows = Iterator[tuple[int, Mapping[str, object] | UserError]]


def _json_rows(text: str, path: Path) -> _Rows:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield number, row
            continue
        yield (
            number,
            UserError(
                "this line is no JSON object",
                file=path,
                line=number,
                hint='write {"file": "report.pdf", "region": "贵州"} on one line',
            ),
        )


def _csv_rows(text: str, path: Path) -> _Rows:
    header, _, _ = text.partition("\n")
    delimiter = max(",;\t，", key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    names: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [cell.strip().lower() for cell in cells]
                _check_header(names, path, reader.line_num)
            elif len(cells) > len(names):
                error = UserError(
                    f"this line has {len(cells)} cells, the header {len(names)}",
                    file=path,
                    line=reader.line_num,
                    hint="put a cell that holds a comma in quotes",
                )
                yield reader.line_num, error
            else:
                yield reader.line_num, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        yield (
            reader.line_num,
            UserError(f"this line is no CSV: {error}", file=path, line=reader.line_num),
        )


def _check_header(names: list[str], path: Path, line: int) -> None:
    for name in names:
        _check_key(name, path, line)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        message = f"the column {twice!r} stands here twice"
        raise UserError(message, file=path, line=line, hint="keep one")
    if "file" not in names:
        raise UserError(
            "the header has no column file",
            file=path,
            line=line,
            hint="begin with a line like file,title,published,url,region",
        )


def _check_key(name: str, path: Path, line: int) -> None:
    if name not in _KEYS:
        raise UserError(
            f"unknown column {name!r}",
            file=path,
            line=line,
            hint=did_you_mean(name, list(_KEYS)) or "the columns are " + ", ".join(_KEYS),
        )


def _entry(row: Mapping[str, object], index: Path, line: int) -> ImportEntry:
    values: dict[str, str] = {}
    for name, value in row.items():
        _check_key(name, index, line)
        if value is not None and not isinstance(value, str | int):
            raise UserError(f"{name}: {value!r} is no text", file=index, line=line)
        values[name] = "" if value is None else str(value).strip()
    name = values.pop("file", "")
    if not name:
        raise UserError("no file is named", file=index, line=line, hint="fill the column file")
    path = index.parent / name
    if not path.is_file():
        raise UserError(
            f"there is no file {name}",
            file=index,
            line=line,
            hint="paths are relative to the index",
        )
    given = {key: values.get(key) or None for key in _KEYS if key != "file"}
    try:
        return entry_of(path, **given)
    except UserError as error:
        raise UserError(
            str(error).removesuffix(f" – {error.hint}") if error.hint else str(error),
            file=index,
            line=line,
            hint=error.hint,
        ) from None


def _day(value: str | None) -> date | None:
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise UserError(f"published: {value!r} is no date", hint="write YYYY-MM-DD") from None
    if not _FIRST_DAY <= day <= utc_now().date() + timedelta(days=1):
        raise UserError(
            f"published: {value} is before 1949 or in the future", hint="write the day it came out"
        )
    return day


def _address(value: str | None) -> str | None:
    if not value:
        return None
    address = resolve_url(value, value)
    if address is None:
        raise UserError(
            f"url: {value!r} is no address", hint="write one that begins with http(s)://"
        )
    return address


def _year(value: int | str | None) -> int | None:
    if value is None:
        return None
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text) in _YEARS):
        raise UserError(f"year: {value!r} is no year", hint="write one like 2026")
    return int(text)

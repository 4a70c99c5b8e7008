"""A source written into a catalogue file as text: what stands there stays as it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from monitor.catalogue.loader import check_text
from monitor.errors import UserError


def with_source(text: str, path: Path, values: Mapping[str, Any], comment: str = "") -> str:
    """The file's text with one more source behind its others.

    Args:
        text: what stands in the file; empty for a new one.
        path: the name that errors carry.
        values: the source, key by key, in the order they are to be written.
        comment: lines to stand above it.

    Raises:
        UserError: the file is wrong already, or its sources are not one to a block.
    """
    before = check_text(text, path)
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    at, indent, has_key = _end_of_sources(text, lines, path)
    new = [] if has_key else ["sources:"]
    new += [f"{' ' * indent}# {line}" for line in comment.splitlines()]
    new += [f"{' ' * indent}{line}" for line in _entry(values)]
    after = newline.join([*lines[:at], *new, *lines[at:]]) + newline
    if check_text(after, path)[:-1] != before:
        raise UserError("the file cannot be added to", file=path, hint="write the entry by hand")
    return after


def _entry(values: Mapping[str, Any]) -> list[str]:
    """The entry as lines, ``- `` before the first."""
    written = yaml.safe_dump(
        dict(values), allow_unicode=True, sort_keys=False, default_flow_style=False, width=1_000
    )
    lines = written.rstrip().splitlines()
    return [("- " if number == 0 else "  ") + line for number, line in enumerate(lines)]


def _end_of_sources(text: str, lines: list[str], path: Path) -> tuple[int, int, bool]:
    """Before which line the entry goes, how far indented, and whether ``sources`` is there."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        raise _in_one_line(path, 1)
    for number, (key, value) in enumerate(pairs):
        if key.value != "sources":
            continue
        end = pairs[number + 1][0].start_mark.line if number + 1 < len(pairs) else len(lines)
        # What is said before the next key belongs to that key.
        while end < len(lines) and end > 0 and _is_remark(lines[end - 1]):
            end -= 1
        if isinstance(value, yaml.SequenceNode) and value.value:
            if value.flow_style:
                raise _in_one_line(path, value.start_mark.line + 1)
            return end, value.start_mark.column, True
        if value.value:
            raise _in_one_line(path, value.start_mark.line + 1)
        if value.start_mark.line < len(lines) and "[" in lines[value.start_mark.line]:
            raise _in_one_line(path, value.start_mark.line + 1)
        return end, 2, True
    return len(lines), 2, False


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _in_one_line(path: Path, line: int) -> UserError:
    return UserError(
        "these sources stand in one line", file=path, line=line, hint="write one to a block"
    )

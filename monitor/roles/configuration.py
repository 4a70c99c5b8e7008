"""Whether the files of two machines say the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from monitor.config.settings import Settings


def configuration_mark(settings: Settings) -> str:
    """A mark of the files that visits depend on: catalogue, topics, rules.

    A file that cannot be read counts as empty: whoever needs it says so.
    """
    digest = hashlib.sha256()
    for paths in (settings.catalogue, settings.topics, settings.rules):
        for path in paths:
            for name, content in _files(path):
                digest.update(f"{name} {len(content)} ".encode())
                digest.update(content)
        digest.update(b";")
    return digest.hexdigest()[:12]


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files with their names below ``path``: machines may keep them in other folders."""
    found = sorted(path.glob("**/*.y*ml")) if path.is_dir() else [path]
    for file in found:
        try:
            content = file.read_bytes()
        except OSError:
            content = b""
        yield (file.relative_to(path).as_posix() if file != path else ""), content

"""The demo's catalogue and rules, written where the pipeline can read them like a user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.demo.pages import FOLDER


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the demo's files were written."""

    catalogue: Path
    rules: Path


def write_files(folder: Path, base_url: str) -> DemoFiles:
    """Write the demo's catalogue and rules into ``folder``.

    Args:
        folder: an existing folder; files of the same name are replaced.
        base_url: the sample site's address, without a slash at the end.
    """
    written = []
    for name in ("sources.yaml", "rules.yaml"):
        text = (FOLDER / name).read_text(encoding="utf-8").replace("{base}", base_url)
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return DemoFiles(*written)

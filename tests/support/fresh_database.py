"""A new SQLite database without its migrations, which take longer than most tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.storage.engine import Database


def fresh_sqlite(path: Path) -> str:
    """Put an empty database with the schema in it at ``path``, if none is there; give its URL."""
    if not path.exists():
        path.write_bytes(_empty())
    return f"sqlite:///{path}"


@cache
def _empty() -> bytes:
    with TemporaryDirectory(prefix="monitor-empty-") as folder:
        path = Path(folder) / "empty.db"
        database = Database(f"sqlite:///{path}")
        database.upgrade()
        database.close()
        return path.read_bytes()

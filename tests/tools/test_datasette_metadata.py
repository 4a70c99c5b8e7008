"""What Datasette shows: every public view, and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import yaml
from fresh_database import fresh_sqlite
from sqlalchemy import create_engine, inspect

from monitor.storage.views import PRIVATE_VIEWS, View

ROOT = Path(__file__).resolve().parents[2]


def test_every_table_is_closed_and_every_public_view_described(tmp_path):
    spec = importlib.util.spec_from_file_location("metadata", ROOT / "tools/datasette_metadata.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    written = (ROOT / "deploy" / "datasette.yaml").read_text(encoding="utf-8")
    assert written == tool.metadata_file()
    metadata = yaml.safe_load(written)
    shown = metadata["databases"]["monitor"]
    assert (metadata["allow"], shown["allow_sql"]) == (False, False)
    engine = create_engine(fresh_sqlite(tmp_path / "history.db"))
    known = inspect(engine)
    with engine.connect() as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = {*connection.exec_driver_sql(query).scalars(), *PRIVATE_VIEWS}
    for view in set(View) - PRIVATE_VIEWS:
        columns = {column["name"] for column in known.get_columns(view)}
        assert set(shown["tables"][view]["columns"]) == columns, view
    engine.dispose()
    for name in names:
        assert shown["tables"][name] == {"hidden": True, "allow": False}, name
    assert len(shown["queries"]) >= 30

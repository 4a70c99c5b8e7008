"""``monitor web`` reads a database and does not upgrade it."""

from __future__ import annotations

import pytest
from sqlalchemy import text


@pytest.mark.parametrize(
    ("revision", "hint"), [("0001", "monitor db upgrade"), ("9999", "pip install --upgrade")]
)
def test_another_schema_is_told_and_left_as_it_is(monitor, sqlite_database, revision, hint):
    with sqlite_database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :one"), {"one": revision})
    said = monitor("web", "--port", "0", code=2)
    assert f"has schema {revision}, this version has" in said
    assert hint in said
    assert len(said.splitlines()) == 1
    assert sqlite_database.revision() == revision


def test_no_database_is_made(monitor, tmp_path):
    said = monitor("web", "--port", "0", "-d", "sqlite:///none.db", code=2)
    assert "there is no database here yet" in said
    assert not (tmp_path / "none.db").exists()

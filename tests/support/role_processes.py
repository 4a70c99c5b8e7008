"""Processes with roles on one PostgreSQL: started, killed, and what they left in the database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from telegram_api import TOKEN

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


@dataclass
class RoleProcesses:
    """The processes of one folder, which holds ``monitor.toml``; a log file for each."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, role: str, name: str | None = None, **environment: str) -> None:
        """Start a process; ``name`` tells two of a role apart."""
        name = name or role
        token = {"MONITOR_TELEGRAM__TOKEN": TOKEN} if role in {"deliver", "bot"} else {}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "monitor", "run", "--role", role],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | token | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """``kill -9``, with its children: a container that is ended has none either."""
        process = self.running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> int:
        """SIGTERM; the exit code."""
        process = self.running.pop(name)
        process.terminate()
        return process.wait(PATIENCE)

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that the processes do; one that ends by itself is a failure."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            for name, process in self.running.items():
                assert process.poll() is None, f"{name} ended:\n{self.log(name)}"
            logs = "\n".join(f"{name}:\n{self.log(name)}" for name in self.running)
            assert time.monotonic() < deadline, f"{what} did not happen\n{logs}"
            time.sleep(0.05)


@contextmanager
def role_processes(folder: Path) -> Iterator[RoleProcesses]:
    """No process is left behind."""
    processes = RoleProcesses(folder)
    try:
        yield processes
    finally:
        for name in list(processes.running):
            processes.kill(name)

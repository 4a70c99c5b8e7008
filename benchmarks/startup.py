"""CPU time from the start of a command to its end, and as ratios to importing two libraries.

    python benchmarks/startup.py

The ratios say more than the seconds: they do not depend on the machine, nor much on its load.
The limits are those of issues 12 and 17, in seconds on a machine where the two imports take 0.05
and 0.18 s; a command passes when it keeps its limit against either import.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7
# What the imports take on the machine that the limits are meant for.
REFERENCES = {"import typer, rich": 0.05, "import sqlalchemy": 0.18}
REPORT = ROOT / "monitor" / "demo" / "texts" / "guizhou-2026.txt"


def cpu_seconds(arguments: list[str], byte_code: str) -> tuple[float, int]:
    """The least CPU time of a process in several rounds, and its peak memory in KB."""
    best, peak = float("inf"), 0
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        # An installed program has its byte code; a work tree need not have any.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": byte_code,
    }
    for _ in range(ROUNDS + 1):  # the first round writes the byte code
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=ROOT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{arguments}: exit code {process.returncode}")
        best = min(best, usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss)
    return best, peak


def main() -> int:
    """Print a line for each command; 1 if one is over its limit."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        references = {code: cpu_seconds(["-c", code], folder)[0] for code in REFERENCES}
        for code, seconds in references.items():
            sys.stdout.write(f"{code:42} {seconds:6.3f} s\n")
        database = f"sqlite:///{folder}/monitor.db"
        cpu_seconds(["-m", "monitor", "db", "upgrade", "--database", database], folder)
        settings = Path(folder, "monitor.toml")
        settings.write_text(f'catalogue = ["none.yaml"]\nrules = ["{ROOT}/rules"]\n')
        Path(folder, "none.yaml").write_text("builtin: false\nsources: []\n")
        commands: dict[tuple[str, ...], float] = {
            ("--version",): 0.2,
            ("--help",): 0.2,
            ("rules", "check"): 0.5,
            ("sources", "list"): 0.5,
            ("changes", "--database", database): 0.5,
            ("run", "--once", "--config", str(settings), "--database", database): 0.6,
            ("extract", str(REPORT.relative_to(ROOT))): 0.5,
        }
        for command, limit in commands.items():
            seconds, peak = cpu_seconds(["-m", "monitor", *command], folder)
            ratios = {code: seconds / references[code] for code in REFERENCES}
            normal = min(ratios[code] * usual for code, usual in REFERENCES.items())
            failed |= normal > limit
            shown = "  ".join(f"{ratio:4.1f} x {code}" for code, ratio in ratios.items())
            name = " ".join(word for word in command if folder not in word)
            sys.stdout.write(
                f"monitor {name:34} {seconds:6.3f} s  {peak // 1024:3} MB  {shown}"
                f"  = {normal:.2f} s, limit {limit} s{'  OVER' if normal > limit else ''}\n"
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Ask for known vulnerabilities of the pins, by pip-audit in an environment of its own.

    python tools/audit.py                 # PyPI's advisories
    python tools/audit.py --service osv   # those of osv.dev

The exit code is 0 if none is known, 1 if some are, and 3 if nobody could be asked: a package index
that is a mirror has no advisories, and pip-audit alone says then that it found nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# All that runs, builds and tests.
PINS = ROOT / "requirements-dev.txt"
TOOL = "pip-audit==2.10.1"
VULNERABLE, NOT_ASKED = 1, 3


@dataclass(frozen=True)
class Audit:
    """What is known: pins that were asked for, those that were not, and a line a vulnerability."""

    asked: int
    skipped: Sequence[str]
    vulnerable: Sequence[str]

    @property
    def exit_code(self) -> int:
        """What the program ends with; a vulnerability counts more than a gap."""
        if self.vulnerable:
            return VULNERABLE
        return NOT_ASKED if self.skipped or not self.asked else 0


def read_report(report: Mapping[str, Any]) -> Audit:
    """What pip-audit's JSON says."""
    skipped, vulnerable, asked = [], [], 0
    for one in report["dependencies"]:
        if "skip_reason" in one:
            skipped.append(str(one["name"]))
            continue
        asked += 1
        for found in one["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version"
            vulnerable.append(f"{one['name']} {one['version']}: {found['id']}, fixed in {fixed}")
    return Audit(asked, skipped, vulnerable)


def summary(audit: Audit) -> list[str]:
    """The lines that are printed."""
    lines = [*audit.vulnerable]
    if audit.skipped:
        few = ", ".join(audit.skipped[:3])
        total = audit.asked + len(audit.skipped)
        lines.append(
            f"{len(audit.skipped)} of {total} packages could not be asked for ({few} …): this "
            "index has no advisories of them"
        )
    if audit.asked:
        lines.append(f"{audit.asked} packages, {len(audit.vulnerable)} known vulnerabilities")
    return lines


def run_tool(work: Path, service: str) -> tuple[Mapping[str, Any] | None, str]:
    """The report of pip-audit, or None and why there is none."""
    venv.create(work / "venv", with_pip=True)
    bin_folder, report = work / "venv" / "bin", work / "report.json"
    pins = work / "pins.txt"
    # Without hashes: pip-audit would ask for an environment to check them in.
    names = [line.split()[0] for line in PINS.read_text().splitlines() if "==" in line]
    pins.write_text("\n".join(names))
    for command in (
        ["python", "-m", "pip", "install", "--quiet", "--only-binary=:all:", TOOL],
        [
            *("pip-audit", "--requirement", str(pins), "--no-deps", "--disable-pip"),
            *("--progress-spinner", "off", "--vulnerability-service", service),
            *("--format", "json", "--output", str(report)),
        ],
    ):
        done = subprocess.run(  # noqa: S603 - the commands are above
            [str(bin_folder / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and not report.exists():
            said = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
            return None, f"{command[0]}: {said[-1]}"
    return json.loads(report.read_text()), ""


def main(arguments: list[str] | None = None) -> int:
    """Audit; see the exit codes above."""
    parser = argparse.ArgumentParser(description="Look for known vulnerabilities")
    parser.add_argument("--service", choices=("pypi", "osv"), default="pypi")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        report, reason = run_tool(Path(name), options.service)
    if report is None:
        sys.stderr.write(f"nobody could be asked: {reason}\n")
        return NOT_ASKED
    audit = read_report(report)
    sys.stdout.write("".join(f"{line}\n" for line in summary(audit)))
    return audit.exit_code


if __name__ == "__main__":
    sys.exit(main())

"""The audit of dependencies: what nobody was asked for is not reported as safe."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAFE = {"name": "a", "version": "1.0", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited"}
FOUND = {
    "name": "c",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("dependencies", "code", "lines"),
    [
        ([SAFE], 0, ["1 packages, 0 known vulnerabilities"]),
        ([SAFE, SKIPPED], 3, ["1 of 2 packages could not be asked for", "1 packages, 0 known"]),
        ([SKIPPED], 3, ["1 of 1 packages could not be asked for"]),
        ([], 3, []),
        (
            [SKIPPED, FOUND],
            1,
            [
                "c 2.0: PYSEC-1, fixed in 2.1",
                "c 2.0: PYSEC-2, fixed in no version",
                "1 of 2 packages could not be asked for",
                "1 packages, 2 known vulnerabilities",
            ],
        ),
    ],
)
def test_the_report_is_told(tool, dependencies, code, lines):
    audit = tool.read_report({"dependencies": dependencies})
    said = tool.summary(audit)
    assert audit.exit_code == code
    assert len(said) == len(lines)
    assert all(line.startswith(start) for line, start in zip(said, lines, strict=True))


def test_without_a_report_nobody_was_asked(tool, monkeypatch, capsys):
    monkeypatch.setattr(tool, "run_tool", lambda *_: (None, "pip-audit: no route to host"))
    assert tool.main([]) == 3
    assert capsys.readouterr().err == "nobody could be asked: pip-audit: no route to host\n"

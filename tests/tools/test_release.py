"""The release script: versions, the changelog's section, and what a wheel must hold."""

from __future__ import annotations

import importlib.util
import subprocess
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- A thing.

## [0.1.0] - 2026-01-01

- The first.
"""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "tools" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A committed tree with a version and a changelog."""
    (tmp_path / "monitor").mkdir()
    (tmp_path / "monitor" / "__init__.py").write_text('__version__ = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "--quiet", "-m", "a"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_what_is_unreleased_gets_the_versions_heading(tool):
    text = tool.with_section(CHANGELOG, "0.2.0", "2026-02-01")
    assert "## [Unreleased]\n\n## [0.2.0] - 2026-02-01\n\n### Added\n\n- A thing.\n" in text
    assert text.endswith("## [0.1.0] - 2026-01-01\n\n- The first.\n")


def test_a_section_is_written_once_and_not_without_entries(tool):
    once = tool.with_section(CHANGELOG, "0.2.0", "2026-02-01")
    with pytest.raises(tool.ReleaseError, match="already has a section"):
        tool.with_section(once, "0.2.0", "2026-02-01")
    with pytest.raises(tool.ReleaseError, match="has nothing under"):
        tool.with_section(once, "0.3.0", "2026-02-01")


@pytest.mark.parametrize("version", ["1", "1.2", "v1.2.3", "1.2.3rc1", "01.2.3", ""])
def test_a_version_has_three_numbers(tool, version):
    with pytest.raises(tool.ReleaseError, match="is not a version"):
        tool.parse(version)


def test_the_version_and_the_section_are_written(tool, tree):
    tool.write(tree, "0.2.0", "2026-02-01")
    assert (tree / "monitor" / "__init__.py").read_text() == '__version__ = "0.2.0"\n'
    assert "## [0.2.0] - 2026-02-01" in (tree / "CHANGELOG.md").read_text()
    with pytest.raises(tool.ReleaseError, match=r"0\.1\.9 is older than 0\.2\.0"):
        tool.write(tree, "0.1.9", "2026-02-01")


def test_only_a_clean_tree_without_the_tag_is_released(tool, tree):
    tool.check_tree(tree, "0.2.0")
    subprocess.run(["git", "tag", "v0.2.0"], cwd=tree, check=True)
    with pytest.raises(tool.ReleaseError, match=r"the tag v0\.2\.0 is there"):
        tool.check_tree(tree, "0.2.0")
    (tree / "new").touch()
    with pytest.raises(tool.ReleaseError, match="uncommitted changes"):
        tool.check_tree(tree, "0.3.0")


@pytest.mark.parametrize(
    ("version", "names", "reason"),
    [
        ("0.2.0", ["monitor/py.typed", "monitor/_rules/a", "monitor/_migrations/a"], "lacks"),
        (
            "0.2.0",
            [
                "monitor/py.typed",
                "monitor/_rules/a",
                "monitor/_migrations/a",
                "monitor/cli/a",
                "tests/a",
            ],
            "holds",
        ),
    ],
)
def test_a_wheel_that_lacks_or_holds_too_much_is_refused(tool, tmp_path, version, names, reason):
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in names:
            archive.writestr(name, "")
        archive.writestr(f"policy_monitor-{version}.dist-info/METADATA", f"\nVersion: {version}\n")
    with pytest.raises(tool.ReleaseError, match=reason):
        tool.check_wheel(wheel, version)


def test_the_reason_is_printed(tool, capsys):
    assert tool.main(["1.2"]) == 1
    assert capsys.readouterr().err == "1.2 is not a version like 1.2.3\n"

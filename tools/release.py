"""Make a release: write the version, date the changelog's section, check the wheel, commit and tag.

    python tools/release.py 1.2.0            # on a clean main whose tests have passed
    python tools/release.py 1.2.0 --check    # the same in a copy that is thrown away

Nothing is pushed or uploaded. The commit and the tag are made last, when the wheel has been
installed into an empty environment and says its version there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION_FILE = Path("monitor/__init__.py")
CHANGELOG = Path("CHANGELOG.md")
UNRELEASED = "## [Unreleased]"
IN_THE_WHEEL = ("monitor/py.typed", "monitor/_rules/", "monitor/_migrations/", "monitor/cli/")
NOT_IN_THE_WHEEL = ("tests/", "benchmarks/", "docs/", "tools/")


class ReleaseError(Exception):
    """The release cannot be made; the message says why."""


def parse(version: str) -> tuple[int, ...]:
    """The parts of a version ``1.2.3``.

    Raises:
        ReleaseError: it is no such version.
    """
    if not re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", version):
        raise ReleaseError(f"{version} is not a version like 1.2.3")
    return tuple(int(part) for part in version.split("."))


def with_version(text: str, version: str) -> str:
    """The text of the package's ``__init__`` with another version."""
    changed, count = re.subn(r'__version__ = "[^"]+"', f'__version__ = "{version}"', text)
    if count != 1:
        raise ReleaseError(f"{VERSION_FILE} has {count} lines with __version__, not one")
    return changed


def version_in(text: str) -> str:
    """The version that the text of the package's ``__init__`` states."""
    found = re.search(r'__version__ = "([^"]+)"', text)
    if found is None:
        raise ReleaseError(f"{VERSION_FILE} has no __version__")
    return found[1]


def with_section(changelog: str, version: str, day: str) -> str:
    """The changelog with what is unreleased under the version's heading.

    Raises:
        ReleaseError: nothing is unreleased, or the version has a section already.
    """
    if f"## [{version}]" in changelog:
        raise ReleaseError(f"{CHANGELOG} already has a section for {version}")
    before, heading, after = changelog.partition(f"{UNRELEASED}\n")
    section = after.partition("\n## [")[0]
    if not heading or not re.search(r"^- ", section, re.MULTILINE):
        raise ReleaseError(f"{CHANGELOG} has nothing under {UNRELEASED}")
    return f"{before}{heading}\n## [{version}] - {day}\n{after}"


def check_wheel(wheel: Path, version: str) -> None:
    """The wheel holds what it must and nothing else; its metadata name the version.

    Raises:
        ReleaseError: it does not.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f"policy_monitor-{version}.dist-info/METADATA").decode()
    missing = [part for part in IN_THE_WHEEL if not any(name.startswith(part) for name in names)]
    extra = [name for name in names if name.startswith(NOT_IN_THE_WHEEL)]
    if missing or extra:
        raise ReleaseError(f"the wheel lacks {missing} and holds {extra}")
    if f"\nVersion: {version}\n" not in metadata:
        raise ReleaseError(f"the wheel's metadata do not name version {version}")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints.

    Raises:
        ReleaseError: it fails.
    """
    done = subprocess.run(  # noqa: S603 - the commands are below
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ReleaseError(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def check_tree(root: Path, version: str) -> None:
    """Only a clean tree is released, and each version once.

    Raises:
        ReleaseError: there are uncommitted changes, or the tag is there.
    """
    if changes := run("git", "status", "--porcelain", cwd=root):
        raise ReleaseError(f"uncommitted changes:\n{changes}")
    if run("git", "tag", "--list", f"v{version}", cwd=root):
        raise ReleaseError(f"the tag v{version} is there already")


def write(root: Path, version: str, day: str) -> None:
    """Write the version and the changelog's section into the tree."""
    source, changelog = root / VERSION_FILE, root / CHANGELOG
    text, old = source.read_text(encoding="utf-8"), changelog.read_text(encoding="utf-8")
    # The first release may be of the version that the tree states already.
    if parse(version) < parse(version_in(text)):
        raise ReleaseError(f"{version} is older than {version_in(text)}")
    new = with_section(old, version, day)
    source.write_text(with_version(text, version), encoding="utf-8")
    changelog.write_text(new, encoding="utf-8")


def build(root: Path, work: Path, version: str) -> Path:
    """Build the wheel, check it, install it into an empty environment and ask it its version."""
    tool = root / "tools" / "install-wheel.sh"
    run(tool, "build", sys.executable, work / "dist", cwd=root)
    (wheel,) = (work / "dist").glob("*.whl")
    check_wheel(wheel, version)
    run(tool, "install", sys.executable, work / "venv", work / "dist", cwd=root)
    said = run(work / "venv" / "bin" / "monitor", "--version", cwd=work)
    if version not in said.split():
        raise ReleaseError(f"the installed wheel says {said!r}")
    return wheel


def release(root: Path, version: str, *, check: bool) -> None:
    """Make the release, or with ``check`` try it in a copy of the tree."""
    parse(version)
    check_tree(root, version)
    day = datetime.now(UTC).date().isoformat()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        copy = work / "copy"
        run("git", "clone", "--quiet", root, copy, cwd=work)
        write(copy, version, day)
        wheel = build(copy, work, version)
        if check:
            sys.stdout.write(f"{wheel.name} is fit to be released; nothing was written\n")
            return
        write(root, version, day)
        run("git", "add", VERSION_FILE, CHANGELOG, cwd=root)
        run("git", "commit", "--quiet", "-m", f"Release {version}", cwd=root)
        run("git", "tag", "--annotate", f"v{version}", "-m", f"Version {version}", cwd=root)
        (root / "dist").mkdir(exist_ok=True)
        shutil.copy(wheel, root / "dist")
    sys.stdout.write(f"tagged v{version}; dist/{wheel.name} is the wheel. Push the tag.\n")


def main(arguments: list[str] | None = None) -> int:
    """Release or check; 1 with the reason when it cannot be done."""
    parser = argparse.ArgumentParser(description="Make a release")
    parser.add_argument("version", help="such as 1.2.0")
    parser.add_argument("--check", action="store_true", help="try it in a copy of the tree")
    options = parser.parse_args(arguments)
    try:
        release(ROOT, options.version, check=options.check)
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

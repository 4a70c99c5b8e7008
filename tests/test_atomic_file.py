"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from monitor.atomic_file import read_if_there, replace_bytes, replace_text, replacement_of
from monitor.errors import UserError


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old", encoding="utf-8")

    def write_half() -> None:
        with replacement_of(path) as new:
            new.write_text("half", encoding="utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_permissions_of_the_old_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    replace_text(path, "1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o600)
    replace_text(path, "2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    replace_bytes(path, b"3", mode=0o640)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.yaml", tmp_path / "link.yaml"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    replace_text(link, "new\r\n")
    assert link.is_symlink()
    assert read_if_there(target) == "new\r\n"


def test_a_device_is_written_to() -> None:
    replace_bytes(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()


def test_no_folder_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        replace_text(tmp_path / "none" / "a.txt", "1")

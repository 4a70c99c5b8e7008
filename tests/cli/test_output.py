"""Lines on standard error: styled on a terminal, plain and without rich elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from monitor.cli.output import print_error, print_status, progress_of


@pytest.fixture(autouse=True)
def no_style(monkeypatch):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_a_line_is_plain_where_nothing_styles_it(capsys):
    print_status("甲\t[b]乙[/b] \x1b[2m" + "丙" * 200)
    assert (
        capsys.readouterr().err == f"甲       [b]乙[/b] \N{REPLACEMENT CHARACTER}[2m{'丙' * 200}\n"
    )


def test_colours_that_are_asked_for_are_there(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    print_error("no such file")
    assert capsys.readouterr().err == "\x1b[31mno such file\x1b[0m\n"


def test_a_line_that_nobody_reads_ends_nothing(monkeypatch):
    class Closed(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    print_status("done")


def test_progress_is_counted_without_a_terminal(capsys):
    with progress_of("visiting", 2) as advance:
        advance()
        advance()
    assert capsys.readouterr().err == ""

"""Text from outside in terminals, log lines and cells, where some characters are commands. Pure."""

from __future__ import annotations

import re
from functools import cache

_PLACEHOLDER = "\ufffd"


@cache
def _command_pattern() -> re.Pattern[str]:
    # C0 without tab and line feed, DEL, C1 (its CSI begins a sequence like ESC), line separators,
    # bidirectional controls (Unicode TR 36), and halves of characters, which cannot be printed.
    return re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
    )


def printable(text: str) -> str:
    """The text with U+FFFD for each control or bidirectional character: offsets into it hold."""
    return _command_pattern().sub(_PLACEHOLDER, text)


def escape_json(line: str) -> str:
    r"""A line of JSON with such characters written as ``\u009b``: the same value for a parser."""
    return _command_pattern().sub(lambda found: f"\\u{ord(found[0]):04x}", line)

"""Tells from the bytes of a page, without parsing, whether its text is the same as last time.

Counters, clocks and tokens change the bytes of a page between two visits. The text lies between
the first line and the last: if those bytes are equal and the bytes around them differ in digits
only, the text is the same. The number of the article's further pages is the one number around
the text that counts. Any other page is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256


@cache
def _chinese_run_pattern() -> re.Pattern[str]:
    return re.compile(r"[\u3400-\u9fff]{6,24}")


_DIGITS = b"0123456789"
_ANCHOR = 6


@cache
def _digit_pattern() -> re.Pattern[str]:
    return re.compile(r"\d")


_MAX_LINES = 2000
# Only this call gives the number of pages of an article (multipart.py).
_PAGER = b"createPageHTML("
_MAX_PAGERS = 10


def page_fingerprint(body: bytes, text: str, charset: str) -> str:
    """The fingerprint of a page for the next visit; empty if its text is not found in its bytes.

    Args:
        body: the page as it was received.
        text: the text of its document.
        charset: the codec it was decoded with.
    """
    lines = text.split("\n")
    if len(lines) > _MAX_LINES:
        return ""
    runs = [run for line in lines if (run := _anchor(line, charset))]
    if len(runs) < 2:
        return ""
    first, last = runs[0], runs[-1]
    start, end = _span(body, first, last)
    # If a line lies elsewhere, the text was put together from several places.
    if start < 0 or not _are_all_in(body[start:end], runs):
        return ""
    before = _bytes_beyond(body, start, _text_beyond(lines, back=True), charset, back=True)
    after = _bytes_beyond(body, end, _text_beyond(lines[::-1], back=False), charset, back=False)
    if before is None or after is None:
        return ""
    known = _hash(body, start - before, end + after)
    return f"{known}:{first.hex()}:{last.hex()}:{before}:{after}"


def matches_fingerprint(fingerprint: str, body: bytes) -> bool:
    """Whether a page shows the text that ``fingerprint`` was computed from."""
    known, first, last, before, after = fingerprint.split(":")
    start, end = _span(body, bytes.fromhex(first), bytes.fromhex(last))
    start, end = start - int(before), end + int(after)
    return 0 <= start < end <= len(body) and _hash(body, start, end) == known


def _text_beyond(lines: list[str], *, back: bool) -> str:
    """The text before its first anchor, or after its last one (``lines`` reversed)."""
    aside = ""
    for line in lines:
        found = _chinese_run_pattern().search(line)
        if found is not None:
            rest = line[: found.start()] if back else line[found.start() + _ANCHOR :]
            return aside + rest if back else rest + aside
        aside = f"{aside}{line}\n" if back else f"\n{line}{aside}"
    return aside


def _bytes_beyond(body: bytes, at: int, rest: str, charset: str, *, back: bool) -> int | None:
    """How many bytes beyond an anchor belong to the text.

    Changed letters beyond it are noticed anyway; digits have to be inside. None if they are not
    next to the anchor.
    """
    written = rest.encode(charset, "replace")
    beside = body[max(0, at - len(written)) : at] if back else body[at : at + len(written)]
    if beside == written:
        return len(written)
    return None if _digit_pattern().search(rest) else 0


def _anchor(line: str, charset: str) -> bytes:
    """A run of Chinese characters without markup, as the page encodes it."""
    found = _chinese_run_pattern().search(line)
    if found is None:
        return b""
    try:
        return found[0][:_ANCHOR].encode(charset)
    except (UnicodeEncodeError, LookupError):
        return b""


def _span(body: bytes, first: bytes, last: bytes) -> tuple[int, int]:
    """The widest span that may hold the text; (-1, -1) if there is none."""
    start = body.find(first, max(0, body.find(b"<body")))
    end = body.rfind(last) + len(last)
    return (start, end) if 0 <= start < end else (-1, -1)


def _are_all_in(span: bytes, runs: list[bytes]) -> bool:
    """Whether a part of a page holds all of these bytes, which mostly follow one another."""
    at = 0
    for run in runs:
        found = span.find(run, at)
        if found < 0 and run not in span[: at + len(run)]:
            return False
        at = max(at, found)
    return True


def _hash(body: bytes, start: int, end: int) -> str:
    view = memoryview(body)
    digest = sha256(view[start:end])
    digest.update(body[:start].translate(None, _DIGITS))
    digest.update(b"|")
    digest.update(body[end:].translate(None, _DIGITS))
    for call in _pagers(body):
        digest.update(call)
    return digest.hexdigest()


def _pagers(body: bytes) -> Iterator[bytes]:
    at = -1
    for _ in range(_MAX_PAGERS):
        at = body.find(_PAGER, at + 1)
        if at < 0:
            return
        yield body[at : at + 100].partition(b")")[0]

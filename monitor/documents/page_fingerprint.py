"""Whether a page shows the same text as last time, seen in its bytes without reading it.

Between two visits a page's counters, clocks and tokens change, and its bytes with them. Its text
stands between its first line and its last: if those bytes are the very same, and those around
them differ in nothing but digits, the text is the same. The one number around it that counts is
that of the article's further pages. Anything else is read in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

_RUN = re.compile(r"[\u3400-\u9fff]{6,24}")
_DIGITS = b"0123456789"
_ANCHOR = 6
_DIGIT = re.compile(r"\d")
_MOST_LINES = 2000
# In how many pages an article is cut is said here alone (documents/parts.py).
_PAGER = b"createPageHTML("
_MOST_PAGERS = 10


def frame_of(body: bytes, text: str, charset: str) -> str:
    """What to know a page by at the next visit; empty when its text cannot be found in its bytes.

    Args:
        body: the page as it came.
        text: what was read out of it.
        charset: the codec it was read with.
    """
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        return ""
    runs = [run for line in lines if (run := _run(line, charset))]
    if len(runs) < 2:
        return ""
    first, last = runs[0], runs[-1]
    start, end = _region(body, first, last)
    # Every line has to stand between the two, or the text is put together from elsewhere.
    if start < 0 or any(body.find(run, start, end) < 0 for run in runs):
        return ""
    before = _reach(body, start, _beside(lines, back=True), charset, back=True)
    after = _reach(body, end, _beside(lines[::-1], back=False), charset, back=False)
    if before is None or after is None:
        return ""
    known = _hash(body, start - before, end + after)
    return f"{known}:{first.hex()}:{last.hex()}:{before}:{after}"


def same_frame(frame: str, body: bytes) -> bool:
    """Whether a page shows the text that ``frame`` was made of."""
    known, first, last, before, after = frame.split(":")
    start, end = _region(body, bytes.fromhex(first), bytes.fromhex(last))
    start, end = start - int(before), end + int(after)
    return 0 <= start < end <= len(body) and _hash(body, start, end) == known


def _beside(lines: list[str], *, back: bool) -> str:
    """What the text has before its first anchor, or after its last one (``lines`` backwards)."""
    aside = ""
    for line in lines:
        found = _RUN.search(line)
        if found is not None:
            rest = line[: found.start()] if back else line[found.start() + _ANCHOR :]
            return aside + rest if back else rest + aside
        aside = f"{aside}{line}\n" if back else f"\n{line}{aside}"
    return aside


def _reach(body: bytes, at: int, rest: str, charset: str, *, back: bool) -> int | None:
    """How many bytes beyond an anchor belong to the text.

    Letters beyond are seen wherever they stand; digits have to be inside. None when they are
    not next to the anchor.
    """
    written = rest.encode(charset, "replace")
    beside = body[max(0, at - len(written)) : at] if back else body[at : at + len(written)]
    if beside == written:
        return len(written)
    return None if _DIGIT.search(rest) else 0


def _run(line: str, charset: str) -> bytes:
    """A piece of a line that markup does not break, as the page writes it."""
    found = _RUN.search(line)
    if found is None:
        return b""
    try:
        return found[0][:_ANCHOR].encode(charset)
    except (UnicodeEncodeError, LookupError):
        return b""


def _region(body: bytes, first: bytes, last: bytes) -> tuple[int, int]:
    """From the first place the text may begin at to the last one it may end at; -1 if nowhere."""
    start = body.find(first, max(0, body.find(b"<body")))
    end = body.rfind(last) + len(last)
    return (start, end) if 0 <= start < end else (-1, -1)


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
    for _ in range(_MOST_PAGERS):
        at = body.find(_PAGER, at + 1)
        if at < 0:
            return
        yield body[at : at + 100].partition(b")")[0]

"""Compression of stored texts and pages: by zlib, and as what a page has beyond another one.

The pages of a site differ in their article, which is stored as text beside them. A page is
therefore kept as what it has in common with another page of its site and with its own text, and the
rest; without the two it is only compressed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import Dialect, LargeBinary, TypeDecorator

_COMPRESSION = 6
_GBK, _UTF_8 = b"g", b"u"
_SHORTEST = 8  # bytes; a shorter copy costs more than it saves
_HEAD = 1024
_BINARY = (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# What is looked for and not found costs a search of everything.
_MAX_PAGE = 500_000
_MAX_MISSES = 500
# GBK and not GB18030, whose table is another one in newer versions of Python.
_CHARSETS = ("utf-8", "gbk")
_LINE = 6  # characters by which the charset is told


class PackedText(TypeDecorator[str]):
    """A text that no view shows, compressed."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Compress it."""
        return None if value is None else pack_text(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Decompress it."""
        return None if value is None else unpack_text(value)


def pack_text(text: str) -> bytes:
    """A text as it is stored: the first byte says how it is encoded, the rest is zlib's.

    In GBK a Chinese text packs by a seventh better than in UTF-8.
    """
    try:
        encoded, mark = text.encode("gbk"), _GBK
        if encoded.decode("gbk") != text:
            encoded, mark = text.encode(), _UTF_8
    except UnicodeEncodeError:
        encoded, mark = text.encode(errors="replace"), _UTF_8
    return mark + zlib.compress(encoded, _COMPRESSION)


def unpack_text(packed: bytes) -> str:
    """A text that was packed.

    Raises:
        zlib.error: it is damaged.
    """
    charset = "gbk" if packed[:1] == _GBK else "utf-8"
    return zlib.decompress(packed[1:]).decode(charset, "replace")


def pack_page(body: bytes, base: bytes, text: str) -> bytes | None:
    """What a page has beyond another page of its site and its own text, compressed.

    Args:
        body: the page.
        base: another page.
        text: what was read from the page; it may be empty or stand nowhere in it.

    Returns:
        None if that saves little, or the page is no markup.
    """
    if max(len(body), len(base)) > _MAX_PAGE or body.startswith(_BINARY):
        return None
    if b"<" not in body[:_HEAD]:
        return None
    charset, encoded = _encoded(text, body)
    difference = _Difference((_Source(base), _Source(encoded)))
    at, pattern = 0, _token_pattern()
    while match := pattern.match(body, at):
        at, is_copy = match.end(), False
        for token in _without_spaces(match[0]):
            is_copy = difference.add(token)
        if is_copy:
            at += difference.follow(body, at)
        if difference.misses > _MAX_MISSES:
            return None
    packed = zlib.compress(difference.packed(charset), 9)
    if len(packed) * 20 < len(body):
        return packed
    return packed if len(packed) * 2 < len(zlib.compress(body, _COMPRESSION)) else None


def unpack_page(packed: bytes, base: bytes, text: str) -> bytes:
    """A page that ``pack_page`` packed with the same page and text.

    Raises:
        zlib.error: it is damaged.
    """
    data = zlib.decompress(packed)
    numbers = _numbers(data)
    charset = _CHARSETS[next(numbers) % len(_CHARSETS)]
    sources = (base, text.encode(charset, "replace"))
    ends, parts = [0, 0], []
    at = next(numbers)
    for _ in range(next(numbers)):
        before, place, length = next(numbers), next(numbers), next(numbers)
        parts.append(data[at : at + before])
        at += before
        step, which = place >> 1, place & 1
        start = ends[which] + (-(step >> 1) - 1 if step & 1 else step >> 1)
        parts.append(sources[which][max(start, 0) : start + length])
        ends[which] = start + length
    return b"".join((*parts, data[at:]))


@dataclass(slots=True)
class _Source:
    """Bytes to copy from, and where the last copy stood in them."""

    body: bytes
    start: int = 0
    end: int = 0

    def find(self, token: bytes) -> int:
        """Where it stands: where the last copy began, else next after that, else anywhere."""
        if self.body.startswith(token, self.start):
            return self.start
        found = self.body.find(token, self.end)
        return found if found >= 0 else self.body.find(token)


@dataclass(slots=True)
class _Difference:
    """A page as pieces of its own and copies, put together token by token."""

    sources: tuple[_Source, _Source]  # the other page, the text
    misses: int = 0
    _pieces: list[bytes] = field(default_factory=list)
    _copies: list[int] = field(default_factory=list)
    _waiting: int = 0  # bytes of pieces since the last copy
    _open: int | None = None  # the source of the copy that the next token may go on

    def add(self, token: bytes) -> bool:
        """Take the next token of the page; whether a new copy begins with it."""
        if self._open is not None:
            source = self.sources[self._open]
            if source.body.startswith(token, source.end):
                source.end += len(token)
                self._copies[-1] += len(token)
                return False
            self._open = None
        if len(token) >= _SHORTEST:
            # Words are looked for in the text first, markup only in the other page.
            for which in (0,) if token.startswith(b"<") else (1, 0):
                source = self.sources[which]
                start = source.find(token)
                if start >= 0:
                    self._copy(which, start, len(token))
                    return True
            self.misses += 1
        self._pieces.append(token)
        self._waiting += len(token)
        return False

    def follow(self, body: bytes, at: int) -> int:
        """Let the copy that just began go on up to the end of a tag; how many bytes that takes.

        Pages of a site share long runs: these need not be taken token by token.
        """
        source = self.sources[self._open or 0]
        same = _common_length(body, at, source.body, source.end)
        more = max(body.rfind(b">", at, at + same) + 1 - at, 0)
        source.end += more
        self._copies[-1] += more
        return more

    def _copy(self, which: int, start: int, length: int) -> None:
        source = self.sources[which]
        step = start - source.end
        step = -step * 2 - 1 if step < 0 else step * 2
        self._copies += (self._waiting, step << 1 | which, length)
        source.start, source.end = start, start + length
        self._waiting, self._open = 0, which

    def packed(self, charset: int) -> bytes:
        """The copies and the pieces; how long the copies are written comes first."""
        copies = b"".join(map(_varint, (len(self._copies) // 3, *self._copies)))
        for size in range(1, 9):
            head = _varint(charset) + _varint(1 + size + len(copies))
            if len(head) == 1 + size:
                break
        return head + copies + b"".join(self._pieces)


def _numbers(data: bytes) -> Iterator[int]:
    """The numbers of seven bits a byte, the low ones first, at the beginning of some bytes."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0
    raise zlib.error("the page is cut off")


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _encoded(text: str, body: bytes) -> tuple[int, bytes]:
    """The number of the page's charset, and the text in it."""
    line = next((line for line in text.split("\n") if len(line) >= _LINE), text)[:_LINE]
    for number, charset in enumerate(_CHARSETS):
        if line.encode(charset, "replace") in body:
            return number, text.encode(charset, "replace")
    return 0, text.encode(errors="replace")


@cache
def _token_pattern() -> re.Pattern[bytes]:
    # Tags, references, blanks, and what stands between them: the lines of the text.
    return re.compile(rb"<[^<>]*>?|&[#\w]{1,10};|\s+|[^<&\s]+|&")


def _without_spaces(token: bytes) -> tuple[bytes, ...]:
    """A token; where ideographic spaces stand before a line, these and the line by themselves."""
    if token[:1] not in b"\xe3\xa1":
        return (token,)
    line = token.lstrip(b"\xe3\x80") if token.startswith(b"\xe3\x80\x80") else token
    line = token.lstrip(b"\xa1") if token.startswith(b"\xa1\xa1") else line
    return tuple(filter(None, (token[: len(token) - len(line)], line)))


def _common_length(body: bytes, at: int, other: bytes, start: int) -> int:
    """How many bytes are the same in both from there on; up to 32 fewer than there are."""
    length, step = 0, 64
    while length < min(len(body) - at, len(other) - start):
        here, there = at + length, start + length
        if body[here : here + step] == other[there : there + step]:
            length += step
            step *= 2
        elif step > 32:
            step //= 4
        else:
            break
    return min(length, len(body) - at, len(other) - start)

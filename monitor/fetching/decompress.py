"""Unpacking while the bytes come, with a cap on what they become.

Only gzip and deflate are asked for, since Python unpacks them in measured pieces; a bomb stops
at the cap and not at the memory's end.
"""

from __future__ import annotations

import zlib

from monitor.errors import CutShort, DecodeError, TooLarge

ACCEPTED = "gzip, deflate"
_PIECE = 256 * 1024
# A body may be packed piece by piece; nobody makes thousands of them, least of all empty ones.
_MAX_MEMBERS = 1_000
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Unpacker:
    """Collects a body that arrives in pieces; ``encoding`` is the Content-Encoding header."""

    def __init__(self, encoding: str, *, limit: int, url: str) -> None:
        """Prepare for one body.

        Raises:
            DecodeError: the encoding was not asked for and is not known.
        """
        names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
        names = [name for name in names if name != "identity"]
        if len(names) > 1 or not set(names) <= {"gzip", "x-gzip", "deflate"}:
            raise DecodeError(f"the body is packed as {encoding[:60]!r}, which was not asked for")
        self._packed = bool(names)
        self._may_be_raw = names == ["deflate"]
        self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._limit = limit
        self._url = url
        self._size = 0
        self._packed_size = 0
        self._members = 1
        self._fed = False
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        """Take some bytes as they came.

        Raises:
            TooLarge: the body passed the limit.
            DecodeError: the bytes are not packed as declared.
        """
        if not self._packed:
            self._keep(piece)
            return
        self._fed = self._fed or bool(piece)
        self._packed_size += len(piece)
        if self._packed_size > self._limit:
            raise TooLarge(f"more than {self._limit} bytes, packed", url=self._url)
        waiting = piece
        while waiting:
            out = self._inflate(waiting)
            self._keep(out)
            waiting = self._inflater.unconsumed_tail
            if self._inflater.eof:
                waiting = self._inflater.unused_data
                if not waiting.strip(b"\x00"):
                    return
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise DecodeError("the body is packed in too many members")
                self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)

    def body(self) -> bytes:
        """All of it.

        Raises:
            CutShort: the end of a packed body is missing.
        """
        if self._fed and not self._inflater.eof:
            raise CutShort("the packed body is cut short")
        return b"".join(self._pieces)

    def beginning(self) -> bytes:
        """What came before the limit was passed."""
        return b"".join(self._pieces)

    def _inflate(self, packed: bytes) -> bytes:
        try:
            return self._inflater.decompress(packed, _PIECE)
        except zlib.error as error:
            if self._may_be_raw and not self._pieces:
                self._may_be_raw = False
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                return self._inflate(packed)
            raise DecodeError(f"the body is not packed as declared: {error}") from None

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            self._pieces.append(piece[: self._limit - self._size])
            raise TooLarge(f"more than {self._limit} bytes", url=self._url)
        if piece:
            self._pieces.append(piece)

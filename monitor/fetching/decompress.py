"""Decompression of a body while it arrives, with a limit on its size.

Only gzip and deflate are accepted, because zlib inflates them in chunks of a given size: a bomb
stops at the limit.
"""

from __future__ import annotations

import io
import zlib

from monitor.errors import DecodeError, TooLarge, TruncatedBody

ACCEPT_ENCODING = "gzip, deflate"
_CHUNK = 256 * 1024
# A body may have several gzip members; thousands of them, mostly empty, are an attack.
_MAX_MEMBERS = 1_000
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Decompressor:
    """Collects a body that arrives in chunks."""

    def __init__(self, encoding: str, *, limit: int, url: str) -> None:
        """Prepare for one body.

        Args:
            encoding: the Content-Encoding header.
            limit: bytes that the body may have, compressed and decompressed.
            url: of the body, for errors.

        Raises:
            DecodeError: the encoding is not one that we accept.
        """
        names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
        names = [name for name in names if name != "identity"]
        if len(names) > 1 or not set(names) <= {"gzip", "x-gzip", "deflate"}:
            raise DecodeError(f"the body is packed as {encoding[:60]!r}, which was not asked for")
        self._compressed = bool(names)
        self._may_be_raw = names == ["deflate"]
        self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._limit = limit
        self._url = url
        self._size = 0
        self._compressed_size = 0
        self._members = 1
        self._has_input = False
        # It hands its bytes over without a copy; a body may be large.
        self._body = io.BytesIO()

    def feed(self, chunk: bytes) -> None:
        """Add bytes as they arrived.

        Raises:
            TooLarge: the body exceeds the limit.
            DecodeError: the bytes are not compressed as declared.
        """
        if not self._compressed:
            self._append(chunk)
            return
        self._has_input = self._has_input or bool(chunk)
        self._compressed_size += len(chunk)
        if self._compressed_size > self._limit:
            raise TooLarge(f"more than {self._limit} bytes, packed", url=self._url)
        remaining = chunk
        while remaining:
            out = self._inflate(remaining)
            self._append(out)
            remaining = self._inflater.unconsumed_tail
            if self._inflater.eof:
                remaining = self._inflater.unused_data
                if not remaining.strip(b"\x00"):
                    return
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise DecodeError("the body is packed in too many members")
                self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)

    def body(self) -> bytes:
        """The whole body.

        Raises:
            TruncatedBody: the end of a compressed body is missing.
        """
        if self._has_input and not self._inflater.eof:
            raise TruncatedBody("the packed body is cut short")
        return self._body.getvalue()

    def partial_body(self) -> bytes:
        """What arrived before the limit was exceeded."""
        return self._body.getvalue()

    def _inflate(self, compressed: bytes) -> bytes:
        try:
            return self._inflater.decompress(compressed, _CHUNK)
        except zlib.error as error:
            if self._may_be_raw and not self._size:
                self._may_be_raw = False
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                return self._inflate(compressed)
            raise DecodeError(f"the body is not packed as declared: {error}") from None

    def _append(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            self._body.write(chunk[: self._limit - self._size])
            raise TooLarge(f"more than {self._limit} bytes", url=self._url)
        self._body.write(chunk)

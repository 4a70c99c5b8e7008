"""HTTP/1.1 over one connection: a request is written, its answer parsed by llhttp as it comes.

llhttp (in httptools) is strict. It is told to take what other clients take too and old servers
send: folded headers, lines that end in LF alone, spaces after the size of a chunk, a length beside
chunks. Where a lax reading may be a wrong one, the connection is not used again.
"""

from __future__ import annotations

import re
import select
from collections.abc import AsyncIterable, Sequence
from contextlib import suppress
from functools import cache

import httpcore
import httpx
from httptools import HttpParserError, HttpResponseParser

Headers = Sequence[tuple[bytes, bytes]]

MAX_OVERHEAD = 100 * 1024
"""Bytes without any of the body that a server may send in a row: head, trailers and the like."""

_READ_BYTES = 64 * 1024
_LENIENT = {
    "lenient_headers": True,
    "lenient_chunked_length": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
}


@cache
def _tokens_pattern() -> re.Pattern[bytes]:
    return re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


@cache
def _target_pattern() -> re.Pattern[bytes]:
    return re.compile(rb"[\x21-\x7e]+")


@cache
def _no_value_pattern() -> re.Pattern[bytes]:
    return re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def request_head(method: bytes, target: bytes, headers: Headers) -> bytes:
    """The bytes of a request up to its body.

    Raises:
        httpcore.LocalProtocolError: a part of it has characters that would end it.
    """
    names = [name for name, _ in headers]
    values = b"".join(value for _, value in headers)
    if (
        not _target_pattern().fullmatch(target)
        or not all(names)
        or not _tokens_pattern().fullmatch(method + b"".join(names))
        or _no_value_pattern().search(values)
    ):
        raise httpcore.LocalProtocolError("the request has a character that none can have")
    lines = [b"%b %b HTTP/1.1" % (method, target), *(b"%b: %b" % pair for pair in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Answer:
    """The answer to one request, parsed as its bytes come.

    ``status`` is 0 until the head is complete; ``headers`` are the head's, without trailers.
    """

    def __init__(self) -> None:
        """Begin without any bytes."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False
        self.is_reusable = False
        self._framing: list[bytes] = []
        self._pieces: list[bytes] = []
        self._overhead = 0
        self._fault = ""
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**_LENIENT)

    def feed(self, data: bytes) -> None:
        """Take what the server sent; nothing is the end of the connection.

        Raises:
            httpcore.RemoteProtocolError: this is no answer, or it ends too early.
        """
        if not data:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not self.is_complete:
                raise httpcore.RemoteProtocolError(self._fault or str(error)) from None
            self.is_reusable = False  # there is something after it
        self._overhead = 0 if self._pieces else self._overhead + len(data)
        if self._overhead > MAX_OVERHEAD and not self.is_complete:
            raise httpcore.RemoteProtocolError("the answer has too much besides its body")

    def take(self) -> bytes:
        """The part of the body that came since the last call."""
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        return taken

    def _end(self) -> None:
        if not self.status:
            raise httpcore.RemoteProtocolError("Server disconnected without sending a response.")
        if self._framing and not self.is_complete:
            raise httpcore.RemoteProtocolError(
                "peer closed connection without sending complete message body"
            )
        self.is_complete = True

    def _refuse(self, fault: str) -> None:
        self._fault = fault
        raise ValueError(fault)  # the parser stops, and reports an error of its own

    # --- called by the parser, in the order of the bytes -----------------------------------------

    def on_message_begin(self) -> None:
        """Stop where another answer begins: nobody asked for it."""
        if self.is_complete:
            self._refuse("another answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those after the body are not read by anybody."""
        if self.status:
            return
        if b"\0" in value:
            self._refuse("a header with a zero byte")
        key = name.lower()
        if key in {b"content-length", b"transfer-encoding"}:
            self._framing.append(key)
            if key == b"transfer-encoding" and value.strip().lower() != b"chunked":
                self._refuse("only Transfer-Encoding: chunked is supported")
        self.headers.append((name, value.rstrip()))

    def on_headers_complete(self) -> None:
        """The head is there; an interim one (103 Early Hints) is followed by another."""
        status = self._parser.get_status_code()
        if status == httpx.codes.SWITCHING_PROTOCOLS:
            self._refuse("the server changes the protocol, which nobody asked for")
        if status < httpx.codes.OK:
            self.headers.clear()
            self._framing.clear()
        else:
            self.status = status

    def on_body(self, piece: bytes) -> None:
        """Keep a part of the body until it is taken."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was an interim one."""
        if self.status:
            self.is_complete = True
            self.is_reusable = (
                self._parser.should_keep_alive()
                and self._parser.get_http_version() == "1.1"
                and len(self._framing) <= 1
            )


class Http1Connection:
    """A connection that sends one request at a time."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        """Take over a stream to the server; it is closed with the connection."""
        self._stream = stream
        self._answer = Answer()
        self._read_seconds: float | None = None
        self._socket = stream.get_extra_info("socket")
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)

    async def send(self, request: httpcore.Request) -> tuple[int, Headers]:
        """Send a request; the status and the headers of its answer.

        Raises:
            httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError: it failed.
                The connection is of no use any more.
        """
        limits = request.extensions.get("timeout", {})
        sent = request_head(request.method, request.url.target, request.headers)
        if isinstance(request.stream, AsyncIterable):
            sent += b"".join([piece async for piece in request.stream])
        self._answer = answer = Answer()
        # A server may answer a request before it has read it to its end, and close.
        with suppress(httpcore.WriteError):
            await self._stream.write(sent, limits.get("write"))
        while not answer.status:
            answer.feed(await self._stream.read(_READ_BYTES, limits.get("read")))
        self._read_seconds = limits.get("read")
        return answer.status, answer.headers

    async def read(self) -> bytes:
        """The next part of the answer's body; nothing at its end.

        Raises:
            httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError: it failed.
        """
        answer = self._answer
        while not (piece := answer.take()) and not answer.is_complete:
            answer.feed(await self._stream.read(_READ_BYTES, self._read_seconds))
        return piece

    async def finish(self) -> bool:
        """Whether the answer was read to its end, and another request can be sent."""
        return self._answer.is_complete and self._answer.is_reusable

    def is_alive(self) -> bool:
        """Whether the server has neither closed the idle connection nor sent anything unasked."""
        # The stream's own "is_readable" asks for the addresses of both ends, too.
        return self._socket.fileno() >= 0 and not self._readable.poll(0)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

"""A connection of the HTTP server that waits for no client for ever (extra ``webhook``).

uvicorn gives an idle connection five seconds, but one that has sent the first byte of a request all
the time in the world, and it counts connections whoever has them: a hundred half-sent requests of
one client would keep everybody else away.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.http_limits import Limits, client_network


class Connection(H11Protocol):
    """uvicorn's connection with ``Limits``."""

    def __init__(self, *arguments: Any, limits: Limits, **named: Any) -> None:
        """Take what uvicorn gives, and the limits."""
        super().__init__(*arguments, **named)
        self._limits = limits
        # The request (by the cycle before it, or its own) and the part of it that is awaited.
        self._awaited: tuple[object, object] | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one too many, else wait for the head of a request."""
        super().connection_made(transport)
        network = self._network()
        alike = sum(
            isinstance(one, Connection) and one._network() == network for one in self.connections
        )
        limits = self._limits
        if alike > limits.connections_of_a_client or len(self.connections) > limits.connections:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._watch_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._awaited = None
        _cancel(self._reading)
        _cancel(self._writing)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Read what came; what is missing now has a deadline of its own."""
        super().handle_events()
        self._watch_reading()

    def pause_writing(self) -> None:
        """The client does not take its answer as fast as it is written."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._watch_writing()

    def on_response_complete(self) -> None:
        """The answer is written, which is not to say that the client has it."""
        super().on_response_complete()
        self._watch_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, whose client may not have taken the last answer."""
        super().timeout_keep_alive_handler()
        self._watch_writing()

    def shutdown(self) -> None:
        """Close when what is under way is answered."""
        super().shutdown()
        self._watch_writing()

    def _network(self) -> str | None:
        return client_network(self.client[0]) if self.client else None

    def _watch_reading(self) -> None:
        """Start a deadline for what the client has to send next; bytes do not put it off."""
        part = self.conn.their_state
        is_awaited = part in {h11.IDLE, h11.SEND_BODY} and not self.transport.is_closing()
        awaited = (self.cycle, part) if is_awaited else None
        if awaited == self._awaited:
            return
        self._awaited = awaited
        _cancel(self._reading)
        if awaited is not None:
            limits = self._limits
            seconds = limits.head_seconds if part is h11.IDLE else limits.body_seconds
            self._reading = self.loop.call_later(seconds, self._end_reading)

    def _end_reading(self) -> None:
        """The client was too slow: say so, if it has begun a request that has no answer yet."""
        if self.transport.is_closing():
            return
        has_begun = bool(self.conn.trailing_data[0])
        if self.conn.our_state is h11.SEND_RESPONSE or (
            self.conn.our_state is h11.IDLE and has_begun
        ):
            self._answer(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._close()

    def _answer(self, status: HTTPStatus) -> None:
        """Answer instead of the application, and close."""
        text = status.phrase.encode()
        head = h11.Response(
            status_code=status,
            reason=text,
            headers=[
                ("content-type", "text/plain"),
                ("content-length", str(len(text))),
                ("connection", "close"),
            ],
        )
        for event in (head, h11.Data(text), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self._close()

    def _close(self) -> None:
        self.transport.close()
        if self.cycle is not None and not self.cycle.response_complete:
            # What the application waits for will not come, and what it sends goes nowhere.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._watch_writing()

    def _watch_writing(self) -> None:
        """Start a deadline for what the client has not taken, if something waits for that."""
        _cancel(self._writing)
        if self.flow.write_paused or self.transport.is_closing():
            self._writing = self.loop.call_later(
                self._limits.write_seconds, self._end_writing, self._unwritten()
            )

    def _end_writing(self, before: int) -> None:
        """Go on waiting for a client that takes its answer slowly; cut off one that does not."""
        if before - self._unwritten() < self._limits.write_bytes:
            self.transport.abort()
        else:
            self._watch_writing()

    def _unwritten(self) -> int:
        return self.transport.get_write_buffer_size()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()

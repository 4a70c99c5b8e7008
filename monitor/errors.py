"""The exceptions of this product.

MonitorError                    something went wrong; one line says what       (exit code 1)
├── UserError                   an error of the user; file, line and hint      (exit code 2)
│   └── UserErrors              several at once, a line each
├── FetchError                  a page could not be fetched
│   ├── RefusedAddress          the SSRF guard refuses to connect
│   ├── NoConnection            no connection was established, nothing was sent
│   ├── TooLarge                the body exceeds the size limit
│   └── TimedOut                the total timeout passed
├── DecodeError                 the bytes cannot be decoded
│   └── TruncatedBody           the body ends too early
├── StorageError                the database could not be opened, upgraded or locked
│   └── LeaseLost               another process may write to it now
├── LoopFailed                  a loop of the daemon does not work, and restarts do not help
├── VisitLost                   another process has taken over the visit of a source
└── DeliveryError               a chat could not be reached
    ├── ChatGone                it never will be: blocked, kicked, deleted
    ├── ChatMoved               it goes on elsewhere: a new id, or a topic that is no more
    └── RetryLater              the service asks for patience

An expected result is data, not an exception: a visit that ends blocked or empty has an ``Outcome``.
These exceptions stay within a package or carry an error of the user to the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class MonitorError(Exception):
    """Something went wrong. ``str(error)`` is one line for a person."""

    exit_code = 1


class UserError(MonitorError):
    """An error of the user. The line names the file, the place in it and a hint."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        """Keep the parts and build the one line ``file:line:column: message – hint``.

        Args:
            message: what is wrong, in one line.
            file: where it is wrong.
            line: 1-based.
            column: 1-based.
            hint: how to correct it.
        """
        self.file = None if file is None else Path(file)
        self.line = line
        self.column = column
        self.hint = hint
        place = ":".join(str(p) for p in (file, line, column) if p is not None)
        text = f"{place}: {message}" if place else message
        super().__init__(" ".join(f"{text} – {hint}".split()) if hint else " ".join(text.split()))


class UserErrors(UserError):
    """Several errors of the user. ``str(error)`` is the first one and how many more there are."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        """Keep them in their order; there is at least one."""
        first = errors[0]
        more = len(errors) - 1
        super().__init__(str(first) + (f" (and {more} more)" if more else ""))
        self.file, self.line, self.column, self.hint = (
            first.file,
            first.line,
            first.column,
            first.hint,
        )
        self.errors = tuple(errors)


class FetchError(MonitorError):
    """A page could not be fetched."""

    def __init__(self, message: str, *, url: str) -> None:
        """Keep the address beside the reason."""
        self.reason = message
        self.url = url
        super().__init__(f"{message} ({url})")


class RefusedAddress(FetchError):
    """The SSRF guard refuses to connect."""


class NoConnection(FetchError):
    """No connection was established; nothing was sent."""


class TooLarge(FetchError):
    """The body exceeds the size limit."""


class TimedOut(FetchError):
    """The total timeout passed."""


class DecodeError(MonitorError):
    """The bytes cannot be decoded."""


class TruncatedBody(DecodeError):
    """The body ends too early."""


class StorageError(MonitorError):
    """The database could not be opened, upgraded or locked."""


class LeaseLost(StorageError):
    """Another process may write to the database now."""


class LoopFailed(MonitorError):
    """A loop of the daemon does not work, and restarts do not help."""


class VisitLost(MonitorError):
    """Another process has taken over the visit of a source; this one may write nothing more."""


class DeliveryError(MonitorError):
    """A chat could not be reached; trying again later may help."""


class ChatGone(DeliveryError):
    """The chat will never take a message again: blocked, kicked, deleted."""


class ChatMoved(DeliveryError):
    """The chat goes on elsewhere: a group became a supergroup, or a forum lost the topic."""

    def __init__(self, message: str, *, chat_id: int) -> None:
        """Keep the chat to use from now on, outside of any topic."""
        self.chat_id = chat_id
        super().__init__(message)


class RetryLater(DeliveryError):
    """The service asks for patience, or cannot be reached."""

    def __init__(self, message: str, *, seconds: float, possibly_delivered: bool = False) -> None:
        """Keep how long to wait, and what is known of the message.

        Args:
            message: the reason.
            seconds: how long the service wants us to wait.
            possibly_delivered: the message may have arrived all the same; only the answer was lost.
        """
        self.seconds = seconds
        self.possibly_delivered = possibly_delivered
        super().__init__(message)

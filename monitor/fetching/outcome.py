"""The outcome of a response, from status, headers and body. Pure, shared with the fake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.documents.block_pages import block_reason_of
from monitor.documents.page_fingerprint import matches_fingerprint
from monitor.model.documents import Outcome, sha256_hex
from monitor.retry import LONGEST_SITE_PAUSE, parse_http_date, parse_retry_after

MAX_EVIDENCE_BYTES = 64 * 1024
"""Bytes of a refusal that are kept as evidence."""

_BLOCKED = {
    401: "the site wants us to log in",
    403: "the site refuses us",
    405: "a firewall refuses the request",
    412: "a firewall wants its script to be run",
    418: "a firewall refuses the request",
    429: "the site asks for fewer visits",
    451: "refused for legal reasons",
    503: "the site is closed to us or overloaded",
    521: "a firewall wants its script to be run",
}
_GONE = frozenset({404, 410})
_WITH_BODY = frozenset({200, 202, 203})
_WITHOUT_BODY = frozenset({204, 205})
_HEAD = 4096
_BEGINS = (b"<html", b"<body")
_ENDS = (b"</html", b"</body")
_BLOCKS = (b"div", b"table", b"article", b"section")
_MAX_VALIDATOR = 1_000


def classify(
    status: int, body: bytes, content_type: str | None, *, conditional: bool
) -> tuple[Outcome, str]:
    """The outcome of a complete response, and a reason of one line unless it is OK.

    Args:
        status: the HTTP status.
        body: decompressed.
        content_type: the header.
        conditional: whether the request carried validators; without them a 304 is an error.
    """
    if status in _WITH_BODY:
        return _classify_body(status, body, content_type)
    if status in _WITHOUT_BODY:
        return Outcome.EMPTY, f"HTTP {status}, which has no body"
    if status == 304 and conditional:
        return Outcome.NOT_MODIFIED, ""
    if status in _BLOCKED:
        return Outcome.BLOCKED, f"HTTP {status}: {_BLOCKED[status]}"
    return (Outcome.GONE if status in _GONE else Outcome.ERROR), f"HTTP {status}"


def _classify_body(status: int, body: bytes, content_type: str | None) -> tuple[Outcome, str]:
    blocked = block_reason_of(body, content_type)
    if blocked:
        return Outcome.BLOCKED, f"HTTP {status}: {blocked}"
    if not body:
        return Outcome.EMPTY, f"HTTP {status} without a body"
    if status == 202:
        return Outcome.ERROR, "HTTP 202: the page is not ready"
    if _is_truncated(body):
        return Outcome.ERROR, f"the page is cut short after {len(body)} bytes"
    return Outcome.OK, ""


def _is_truncated(body: bytes) -> bool:
    """Whether a page ends within its text although the transfer was complete.

    Careless pages lack end tags too, but they end with a tag or have closed their blocks.
    """
    end = body[-200:].rstrip()
    if end.endswith(b">") or b"\x00" in end or b"<" not in body[:_HEAD]:
        return False
    markup = body.lower()
    if not any(tag in markup[:_HEAD] for tag in _BEGINS) or any(tag in markup for tag in _ENDS):
        return False
    return any(markup.count(b"<" + tag) > markup.count(b"</" + tag) for tag in _BLOCKS)


def validator_of(value: str | None) -> str | None:
    """A validator as it can be sent back, or None.

    A header takes printable ASCII (RFC 9110, 5.5). Anything else would make every later request
    fail, and a value that was cut matches nothing.
    """
    value = (value or "").strip(" \t")
    is_sendable = value.isascii() and value.isprintable() and len(value) <= _MAX_VALIDATOR
    return value if value and is_sendable else None


def last_modified_of(headers: Mapping[str, str], now: datetime) -> str | None:
    """The Last-Modified validator, unless it lies in the future.

    With a date in the future a server would report every change until then as unmodified.

    Args:
        headers: with lower-case names.
        now: aware.
    """
    value = headers.get("last-modified", "").strip()
    when = parse_http_date(value)
    return validator_of(value) if when is not None and when <= now else None


def retry_after_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the site asks us to wait, at most a week, or None.

    Args:
        headers: with lower-case names.
        now: aware; what an HTTP date is counted from.
    """
    longest = LONGEST_SITE_PAUSE.total_seconds()
    return parse_retry_after(headers.get("retry-after"), now, maximum=longest)


def is_known(body: bytes, body_hash: str | None, fingerprint: str | None) -> bool:
    """Whether a page has the bytes or shows the text of our copy; see ``Fetcher.fetch``."""
    # The hash first: it takes half as long, and most pages come as they were.
    if body_hash is not None and sha256_hex(body) == body_hash:
        return True
    return matches_fingerprint(fingerprint, body) if fingerprint else False

"""What an answer means: status, headers and body to an outcome. Pure, shared with the fake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.documents.block_pages import block_reason_of
from monitor.model.documents import Outcome
from monitor.retry import parse_http_date, parse_retry_after

EVIDENCE = 64 * 1024
"""Bytes of a refusal that are kept."""

_BLOCKED = {
    401: "the site wants us to log in",
    403: "the site refuses us",
    405: "a guard refuses the request",
    412: "a guard wants its script to be run",
    418: "a guard refuses the request",
    429: "the site asks for fewer visits",
    451: "refused for legal reasons",
    503: "the site is closed to us or overloaded",
    521: "a guard wants its script to be run",
}
_GONE = frozenset({404, 410})
_WITH_BODY = frozenset({200, 202, 203})
_WITHOUT_BODY = frozenset({204, 205})
_HEAD = 4096
_BEGINS = (b"<html", b"<body")
_ENDS = (b"</html", b"</body")
_BLOCKS = (b"div", b"table", b"article", b"section")
_MAX_RETRY_AFTER = 7 * 86_400.0


def judge(
    status: int, body: bytes, content_type: str | None, *, conditional: bool
) -> tuple[Outcome, str]:
    """The outcome of an answer that came in whole, and one line of reason unless it is well.

    Args:
        status: the HTTP status.
        body: unpacked.
        content_type: the header.
        conditional: whether the request carried validators, without which a 304 means nothing.
    """
    if status in _WITH_BODY:
        return _judge_body(status, body, content_type)
    if status in _WITHOUT_BODY:
        return Outcome.EMPTY, f"HTTP {status}, which has no body"
    if status == 304 and conditional:
        return Outcome.NOT_MODIFIED, ""
    if status in _BLOCKED:
        return Outcome.BLOCKED, f"HTTP {status}: {_BLOCKED[status]}"
    return (Outcome.GONE if status in _GONE else Outcome.ERROR), f"HTTP {status}"


def _judge_body(status: int, body: bytes, content_type: str | None) -> tuple[Outcome, str]:
    blocked = block_reason_of(body, content_type)
    if blocked:
        return Outcome.BLOCKED, f"HTTP {status}: {blocked}"
    if not body:
        return Outcome.EMPTY, f"HTTP {status} without a body"
    if status == 202:
        return Outcome.ERROR, "HTTP 202: the page is not ready"
    if _is_cut(body):
        return Outcome.ERROR, f"the page is cut short after {len(body)} bytes"
    return Outcome.OK, ""


def _is_cut(body: bytes) -> bool:
    """Whether a page ends in the middle of a word, which no length or last chunk has told us.

    Sloppy pages lack their end tags too, but end in a tag, or have closed what they opened.
    """
    end = body[-200:].rstrip()
    if end.endswith(b">") or b"\x00" in end or b"<" not in body[:_HEAD]:
        return False
    markup = body.lower()
    if not any(tag in markup[:_HEAD] for tag in _BEGINS) or any(tag in markup for tag in _ENDS):
        return False
    return any(markup.count(b"<" + tag) > markup.count(b"</" + tag) for tag in _BLOCKS)


def last_modified_of(headers: Mapping[str, str], now: datetime) -> str | None:
    """The validator of that name, unless it lies in the future.

    A server that compares times would call everything it publishes until then unmodified.

    Args:
        headers: with lower-case names.
        now: aware.
    """
    value = headers.get("last-modified", "").strip()
    when = parse_http_date(value)
    return value if when is not None and when <= now else None


def retry_after_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the site asks us to wait, at most a week, or None.

    Args:
        headers: with lower-case names.
        now: aware; what an HTTP date is counted from.
    """
    return parse_retry_after(headers.get("retry-after"), now, maximum=_MAX_RETRY_AFTER)

"""Which faults pass by themselves, and how long to wait before another try. Pure.

A refusal is no fault: to ask again at once is what the site does not want. Blocks are left to the
schedule, which visits ever more rarely.
"""

from __future__ import annotations

import httpx

from monitor.errors import CutShort

PASSING_STATUSES = frozenset({502, 504})
_PASSING = (httpx.TimeoutException, httpx.ReadError, httpx.WriteError, CutShort)
# Of an answer that breaks off; one that is malformed will be so the next time too.
_BROKEN_OFF = ("peer closed", "disconnected", "StreamReset", "ConnectionTerminated")
# A connection fails for good when the other side proves to be somebody else, or speaks otherwise.
_FINAL = ("SSL", "TLS", "certificate")
_FACTOR = 4.0
_LONGEST = 30.0


def passes(error: BaseException) -> bool:
    """Whether a request that failed so may well succeed a moment later."""
    if isinstance(error, httpx.ConnectError):
        return not any(word in str(error) for word in _FINAL)
    if isinstance(error, httpx.RemoteProtocolError):
        return any(word in str(error) for word in _BROKEN_OFF)
    return isinstance(error, _PASSING)


def backoff(tries: int, chance: float, first: float) -> float:
    """Seconds before the next try.

    Args:
        tries: how many there were.
        chance: 0 to 1; half of the wait is left to it, so that clients do not come back as one.
        first: seconds, on average, before the second try; each later wait is four times as long,
            half a minute at most.
    """
    return min(first * _FACTOR ** (tries - 1), _LONGEST) * (0.5 + chance)

"""How fast a host may be asked: slower when it is slow or strained, slowly faster again. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from statistics import median

from monitor.retry import Backoff

_REMEMBERED = 9
_ENOUGH = 5
# Seconds to the first byte: nothing below this is slow, everything above that is.
_NEVER_SLOW, _ALWAYS_SLOW = 2.0, 10.0
_SLOWER_THAN_USUAL = 3.0
_STRAIN, _SLOW, _WELL = 2.0, 1.5, 0.9
_FIRST_STEP = 1.0
_TOO_OFTEN = 6
_REST_BACKOFF = Backoff(initial=300.0, maximum=3_600.0)


class Sign(Enum):
    """What a request told of its host."""

    WELL = "an answer"
    STRAINED = "429 or 503: it answers, and is asked too much"
    SILENT = "no answer, none to its end, or a gateway's that says so (502, 504)"


@dataclass(frozen=True, slots=True)
class Tempo:
    """Seconds between two requests now and at least, latencies of late, troubles in a row."""

    pause: float
    floor: float
    recent: tuple[float, ...] = ()
    troubles: int = 0

    @property
    def alone(self) -> bool:
        """Whether only one request at a time is in place, whatever the settings allow."""
        return self.pause > self.floor


def adapt(tempo: Tempo, sign: Sign, seconds: float | None, longest: float) -> Tempo:
    """The tempo after one more request.

    Args:
        tempo: before it.
        sign: how it went.
        seconds: to the first byte of the answer; None without one.
        longest: the pause does not grow beyond this, nor beyond the floor if that is longer.
    """
    troubles = 0 if sign is Sign.WELL else tempo.troubles + 1
    recent = tempo.recent if seconds is None else (*tempo.recent[1 - _REMEMBERED :], seconds)
    if sign is not Sign.WELL:
        pause = max(tempo.pause, _FIRST_STEP) * _STRAIN
    elif seconds is not None and _slow(seconds, tempo.recent):
        pause = max(tempo.pause, _FIRST_STEP) * _SLOW
    else:
        narrower = tempo.pause * _WELL
        # The last step is whole, or the floor would never be reached.
        pause = narrower if narrower > tempo.floor * 1.05 + 0.05 else tempo.floor
    pause = min(max(pause, tempo.floor), max(longest, tempo.floor))
    return Tempo(pause, tempo.floor, recent, troubles)


def with_floor(tempo: Tempo, floor: float) -> Tempo:
    """The tempo of a host that wants at least so many seconds between two requests."""
    return replace(tempo, floor=floor, pause=max(tempo.pause, floor))


def rest(tempo: Tempo) -> float:
    """Seconds for which a host that long gave no good answer is left alone; 0 for any other."""
    if tempo.troubles < _TOO_OFTEN:
        return 0.0
    return _REST_BACKOFF.delay(1 + (tempo.troubles - _TOO_OFTEN) // 3)


def _slow(seconds: float, recent: tuple[float, ...]) -> bool:
    if seconds <= _NEVER_SLOW:
        return False
    if seconds > _ALWAYS_SLOW:
        return True
    return len(recent) >= _ENOUGH and seconds > _SLOWER_THAN_USUAL * median(recent)

"""How the process takes memory from the C library."""

from __future__ import annotations

import ctypes
import os

_M_ARENA_MAX = -8
"""The number of glibc's option, from malloc.h."""
_ARENAS = 1


def share_memory_of_threads() -> None:
    """Have all threads take memory from one arena, where the C library is glibc.

    By itself glibc gives each thread one of its own, up to eight for each core, and what one has
    freed no other can use: a tenth of the daemon's memory. Where ``MALLOC_ARENA_MAX`` is set, as in
    the image and the unit, that number holds.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_ARENA_MAX, _ARENAS)

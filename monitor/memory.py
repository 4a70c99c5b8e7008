"""Keep the process small: one heap for all threads."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8


def share_one_heap() -> None:
    """Let the worker threads share one heap; call it before they start.

    glibc gives each thread a heap of its own, and what one has freed no other can use: eleven
    megabytes for a handful of workers. Elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    except (OSError, AttributeError):  # another C library
        return

"""Keeps threads from making the same tables and patterns at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WarmUp(Generic[P, T]):
    """A function whose first call ends before any other begins; from then on it is just called.

    What the first call needs is made on the way, and kept by ``functools.cache``, which has no
    lock: of several calls that begin together each would make all of it.
    """

    def __init__(self, function: Callable[P, T]) -> None:
        self._function = function
        self._lock = threading.RLock()
        self._is_warm = False

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the function; what it raises leaves the next call to be the first."""
        if self._is_warm:
            return self._function(*args, **kwargs)
        with self._lock:
            result = self._function(*args, **kwargs)
            self._is_warm = True
        return result

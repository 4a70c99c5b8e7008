"""A process of its own for bytes that may kill or fill the one that parses them.

A PDF of two kilobytes can end its process, and a page can take minutes or gigabytes: no check
before parsing finds all of them. So what is not plainly cheap (``documents.cost``) is parsed in a
worker process with limits of memory and time. It is started when first needed and ended when idle
for a while; ordinary pages never start it.
"""

from __future__ import annotations

import logging
import pickle
import resource
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from selectolax.lexbor import SelectolaxError

from monitor.documents.cost import needs_process
from monitor.warm_up import WarmUp

if TYPE_CHECKING:
    from pebble import ProcessExpired, ProcessFuture, ProcessPool

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_MAX_TASKS = 50
"""A worker is replaced after so many calls, so that what parsers leak does not add up."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one call may take: ``memory`` in bytes, and ``seconds``.

    ``idle_seconds`` is how long a worker without work is kept.
    """

    memory: int = 200_000_000
    seconds: float = 60.0
    idle_seconds: float = 30.0


@cache
def _warmed(function: Callable[P, T]) -> WarmUp[P, T]:
    return WarmUp(function)


class ParserError(Exception):
    """The worker did not answer; the message says why, in words for an operator."""


class ParserProcess:
    """Calls functions in the worker process, one at a time; safe in several threads."""

    def __init__(self, limits: ParserLimits | None = None) -> None:
        self._limits = limits or ParserLimits()
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._idle: threading.Timer | None = None
        self._tasks: set[ProcessFuture[Any]] = set()
        self._closed = False

    def call(
        self,
        bodies: Iterable[bytes],
        function: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The result of a function that parses ``bodies``: of the worker if one of them needs it.

        Args:
            bodies: the bytes that decide where the function runs.
            function: a function of a module; it, its arguments and its result are pickled.
            args: its arguments.
            kwargs: its arguments by name.

        Raises:
            ParserError: the worker died or met its limits.
            CancelledError: the process was closed meanwhile.
        """
        if not any(map(needs_process, bodies)):
            return cast("WarmUp[P, T]", _warmed(function))(*args, **kwargs)
        with _written(function, args, kwargs) as path:
            task: ProcessFuture[T] = self._schedule(_call_written, path)
            return self._result(task)

    def _result(self, task: ProcessFuture[T]) -> T:
        from pebble import ProcessExpired

        try:
            return task.result()
        except FutureTimeoutError:
            raise ParserError(f"not read within {self._limits.seconds:g} s") from None
        except (MemoryError, SelectolaxError):
            raise ParserError(self._too_much_memory()) from None
        except ProcessExpired as error:
            log.info("parser.died", extra={"exit": error.exitcode})
            raise ParserError(self._describe(error)) from None
        finally:
            self._forget(task)

    def close(self) -> None:
        """End the worker at once; what it is at is cancelled."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
            if self._idle is not None:
                self._idle.cancel()
            for task in self._tasks:
                task.cancel()  # type: ignore[no-untyped-call]
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _schedule(self, function: Callable[[Path], T], path: Path) -> ProcessFuture[T]:
        with self._lock:
            if self._closed:
                raise CancelledError
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            if self._pool is None:
                import multiprocessing

                from pebble import ProcessPool  # seldom needed, and large

                # Not forked: the daemon has threads, and its memory is not the worker's.
                self._pool = ProcessPool(
                    max_workers=1,
                    max_tasks=_MAX_TASKS,
                    initializer=_limit_worker,
                    initargs=(self._limits.memory,),
                    context=multiprocessing.get_context("spawn"),
                )
            task = self._pool.schedule(function, (path,), timeout=self._limits.seconds)
            self._tasks.add(task)
            return task

    def _forget(self, task: ProcessFuture[Any]) -> None:
        with self._lock:
            self._tasks.discard(task)
            if not self._tasks and self._pool is not None:
                self._idle = threading.Timer(self._limits.idle_seconds, self._end_if_idle)
                self._idle.daemon = True
                self._idle.start()

    def _end_if_idle(self) -> None:
        with self._lock:
            if self._tasks:
                return
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()  # type: ignore[no-untyped-call]
            pool.join()

    def _describe(self, error: ProcessExpired) -> str:
        number = -(error.exitcode or 0)
        if number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL):
            return f"{self._too_much_memory()}, or it breaks the program that reads it"
        return f"reading it ended the reader (exit code {error.exitcode})"

    def _too_much_memory(self) -> str:
        return f"it takes more than {self._limits.memory // 1_000_000} MB to read"


@contextmanager
def _written(function: Callable[..., T], args: object, kwargs: object) -> Iterator[Path]:
    """A file with a call: through a pipe, the daemon would hold what may be 20 MB once more."""
    with tempfile.NamedTemporaryFile(prefix="monitor-") as file:
        pickle.dump((function, args, kwargs), file, protocol=pickle.HIGHEST_PROTOCOL)
        file.flush()
        yield Path(file.name)


def _call_written(path: Path) -> Any:
    with path.open("rb") as file:
        function, args, kwargs = pickle.load(file)  # noqa: S301  # written by this program
    return function(*args, **kwargs)


def _limit_worker(memory: int) -> None:
    """Limit the worker's memory; Ctrl-C in a terminal is for the parent alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

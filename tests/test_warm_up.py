"""The first call of a function ends before any other begins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from monitor.warm_up import WarmUp

_LIMIT = 30.0


def test_other_calls_wait_for_the_first() -> None:
    steps: list[str] = []
    begun, going_on = Event(), Event()

    def read(name: str) -> str:
        steps.append(f"{name} begins")
        if name == "first":
            begun.set()
            assert going_on.wait(_LIMIT)
        steps.append(f"{name} ends")
        return name

    warmed = WarmUp(read)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(warmed, "first")
        assert begun.wait(_LIMIT)
        second = threads.submit(warmed, "second")
        going_on.set()
        assert [first.result(_LIMIT), second.result(_LIMIT)] == ["first", "second"]
    assert steps == ["first begins", "first ends", "second begins", "second ends"]


def test_later_calls_run_side_by_side() -> None:
    together = Barrier(2)

    def read(*, wait: bool) -> None:
        if wait:
            together.wait(_LIMIT)

    warmed = WarmUp(read)
    warmed(wait=False)
    with ThreadPoolExecutor(2) as threads:
        for call in [threads.submit(warmed, wait=True) for _ in range(2)]:
            call.result(_LIMIT)


def test_a_first_call_that_fails_leaves_the_next_to_be_the_first() -> None:
    answers = iter([None, "read"])

    def read() -> str:
        answer = next(answers)
        if answer is None:
            raise ValueError("nothing to read")
        return answer

    warmed = WarmUp(read)
    with pytest.raises(ValueError, match="nothing to read"):
        warmed()
    assert warmed() == "read"

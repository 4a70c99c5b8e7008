"""What parses costly bytes may die, hang or eat memory; whoever asked gets a reason."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from monitor.parser_process import ParserError, ParserLimits, ParserProcess

ORDINARY = b"<html><body><p>text</p></body></html>"
COSTLY = b"%PDF-1.7"


@pytest.fixture
def parser() -> Iterator[ParserProcess]:
    process = ParserProcess()
    yield process
    process.close()


def test_an_ordinary_page_is_parsed_in_the_process_that_asks(parser: ParserProcess) -> None:
    assert parser.call([ORDINARY], os.getpid) == os.getpid()


def test_after_a_death_or_too_much_memory_the_next_call_is_answered(parser: ParserProcess) -> None:
    worker = parser.call([ORDINARY, COSTLY], os.getpid)
    assert worker != os.getpid()
    with pytest.raises(ParserError, match="200 MB"):
        parser.call([COSTLY], bytearray, 300_000_000)
    with pytest.raises(ParserError, match="breaks the program"):
        parser.call([COSTLY], os.abort)
    assert parser.call([COSTLY], os.getpid) not in {worker, os.getpid()}


def test_a_call_without_end_is_given_up() -> None:
    parser = ParserProcess(ParserLimits(seconds=0.1))
    with pytest.raises(ParserError, match=r"not read within 0\.1 s"):
        parser.call([COSTLY], time.sleep, 3_600)
    parser.close()


def test_closing_ends_a_call_at_once(parser: ParserProcess) -> None:
    raised: list[CancelledError] = []

    def ask() -> None:
        try:
            parser.call([COSTLY], time.sleep, 3_600)
        except CancelledError as error:
            raised.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    parser.close()
    asking.join()
    assert len(raised) == 1


def test_a_worker_without_work_ends() -> None:
    parser = ParserProcess(ParserLimits(idle_seconds=0))
    first = parser.call([COSTLY], os.getpid)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert parser.call([COSTLY], os.getpid) != first
    parser.close()

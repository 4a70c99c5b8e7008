"""Questions the command line and the bot ask of the history. They only read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, Select, case, func, select, union
from sqlalchemy.orm import Session, contains_eager, joinedload

from monitor.folding import fold
from monitor.model.changes import Basis, Kind, LoggedChange
from monitor.model.statements import Label
from monitor.storage.mappers import change_of
from monitor.storage.tables import ChangeRow, DocumentRow, StatementRow
from monitor.storage.word_index import may_have, statements_with

_PAGE = 500


def list_changes(
    session: Session,
    *,
    since: datetime | None = None,
    before: int | None = None,
    region: str | None = None,
    regions: Collection[str] | None = None,
    theme: str | None = None,
    kind: Kind | None = None,
    basis: Basis | None = None,
    without: Collection[Kind] = (),
    label: Label | None = Label.COMMITMENT,
    text: str | None = None,
    words: Collection[str] = (),
    limit: int = 50,
) -> list[LoggedChange]:
    """The newest lines of the change log that fit, newest first.

    Args:
        session: a reading transaction.
        since: only what was detected at this time or later.
        before: only lines with a smaller number.
        region: an official name.
        regions: official names, one of which it must be.
        theme: one theme the statement must have.
        kind: one kind.
        basis: one basis.
        without: kinds that are left out.
        label: the label of the statement; None for all.
        text: words that stand in the statement, however short and wherever a column broke them;
            both are folded (``monitor.folding``).
        words: the same, each of which has to stand somewhere.
        limit: how many at most.
    """
    after = StatementRow.__table__.alias("later")
    statement = StatementRow.__table__.alias("shown")
    # As Change.statement has it.
    shown = case(
        (ChangeRow.basis == Basis.FULFILMENT, ChangeRow.before_id),
        (after.c.in_scope, ChangeRow.after_id),
        else_=ChangeRow.before_id,
    )
    query = (
        select(ChangeRow)
        .join(ChangeRow.document)
        .outerjoin(after, after.c.id == ChangeRow.after_id)
        .join(statement, statement.c.id == shown)
        .options(
            contains_eager(ChangeRow.document),
            joinedload(ChangeRow.before),
            joinedload(ChangeRow.after),
        )
        .order_by(ChangeRow.id.desc())
    )
    if since is not None:
        query = query.where(ChangeRow.detected_at >= since)
    if before is not None:
        query = query.where(ChangeRow.id < before)
    if region is not None:
        query = query.where(ChangeRow.region == region)
    if regions is not None:
        query = query.where(ChangeRow.region.in_(regions))
    if kind is not None:
        query = query.where(ChangeRow.kind == kind)
    if basis is not None:
        query = query.where(ChangeRow.basis == basis)
    if without:
        query = query.where(ChangeRow.kind.not_in(without))
    if label is not None:
        query = query.where(statement.c.label == label)
    if theme is not None:
        # Themes are comma-joined; autoescape keeps a user's % and _ from being patterns.
        padded = "," + statement.c.themes + ","
        query = query.where(padded.contains(f",{theme},", autoescape=True))
    said = [*words, *(() if text is None else (text,))]
    if not said:
        return [_logged(row) for row in session.scalars(query.limit(limit))]
    found = _found_ids(session, query, statement.c.text, said, limit)
    return [_logged(row) for row in session.scalars(query.where(ChangeRow.id.in_(found)))]


def _found_ids(
    session: Session,
    query: Select[ChangeRow],
    text: ColumnElement[str],
    words: Collection[str],
    limit: int,
) -> list[int]:
    """The first changes of a query in whose statement each of some words stands.

    The index of words names those that may have them, unless they are many: then the newest are
    read until enough is found. SQL cannot fold texts, but it gives those that have a form of each
    character in the order of the word; what they are is seen here.
    """
    folded = [word for word in map(fold, words) if word]
    narrowed = query.options().with_only_columns(ChangeRow.id, text)
    few = statements_with(session, folded)
    if few is not None:
        narrowed = narrowed.where(
            ChangeRow.id.in_(
                union(
                    *(
                        select(ChangeRow.id).where(side.in_(few))
                        for side in (ChangeRow.before_id, ChangeRow.after_id)
                    )
                )
            )
        )
    for word in folded:
        narrowed = narrowed.where(may_have(session, text, word))
    with session.execute(narrowed.execution_options(yield_per=_PAGE)) as rows:
        sentences = ((change_id, fold(said)) for change_id, said in rows)
        fits = (change_id for change_id, said in sentences if all(word in said for word in folded))
        return list(islice(fits, limit))


def walk_changes(session: Session, since: datetime) -> Iterator[LoggedChange]:
    """The log since a time, newest first, all labels; a page of it is held at a time."""
    before: int | None = None
    while page := list_changes(session, since=since, before=before, label=None, limit=_PAGE):
        yield from page
        before = page[-1].id
        session.expunge_all()


def find_change(session: Session, change_id: int) -> LoggedChange | None:
    """A line of the log by its number, or None."""
    if not 0 < change_id < 1 << 63:
        return None
    row = session.get(ChangeRow, change_id)
    return None if row is None else _logged(row)


def count_changes(session: Session) -> int:
    """How many lines the change log has."""
    return session.scalar(select(func.count()).select_from(ChangeRow)) or 0


def _logged(row: ChangeRow) -> LoggedChange:
    document: DocumentRow = row.document
    return LoggedChange(
        id=row.id,
        detected_at=row.detected_at,
        change=change_of(row),
        summary=row.summary,
        document_id=document.id,
        document_title=document.title,
        url=document.url,
        published=document.published,
        source_id=document.source_id,
    )

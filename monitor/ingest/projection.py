"""The projection that the views read: current statements and targets, and metric years.

It holds nothing that the other tables do not say. It is made anew for the documents that a
transaction changes, in that transaction, by searches in indexes alone; ``rebuild`` makes all of it.
How long a statement holds is decided by ``monitor.comparison.in_force``.

Columns are named one by one, because a migration calls ``rebuild`` on a schema that may be older
than the tables as they are declared now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, delete, null, or_, select, update

from monitor.comparison.in_force import (
    NO_END,
    IssuedDocument,
    next_issue,
    plan_key,
    plan_last_year,
    statement_term,
    supersedes_on,
)
from monitor.extraction.metric_history import metric_core
from monitor.extraction.units import to_base
from monitor.ingest.metric_years import build_metric_years, metric_numbers, update_metric_years
from monitor.model.changes import Verdict
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label
from monitor.storage.base import batches, insert_rows, is_in
from monitor.storage.statement_tables import (
    corroboration_table,
    current_statement_table,
    current_target_table,
    fulfilment_table,
    metric_year_table,
    statement_table,
    target_table,
)
from monitor.storage.tables import document_table, snapshot_table

_document = document_table.c
_statement = statement_table.c
_target = target_table.c
_current = current_statement_table.c
_number = current_target_table.c
_commitment = statement_table.alias("commitment")
_repeated_document = document_table.alias("repeated")
_repeated = _repeated_document.c

_PAGE = 500
_ARTICLES = (DocumentKind.NEWS, DocumentKind.PAGE)


@dataclass(frozen=True, slots=True)
class _Document:
    """A document with its place in its series, and the rows of its current snapshot."""

    issued: IssuedDocument
    snapshot_id: int | None
    statements: tuple[Row[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class _Series:
    """The documents that supersede one another."""

    reports: Mapping[str, Sequence[IssuedDocument]] = field(default_factory=dict)
    plans: Mapping[str, Sequence[IssuedDocument]] = field(default_factory=dict)

    def of(self, document: IssuedDocument) -> Sequence[IssuedDocument]:
        """The issues of the series a document belongs to."""
        if document.kind is DocumentKind.REPORT:
            return self.reports.get(document.region or "", ())
        return self.plans.get(document.plan_key or "", ())


def project_documents(
    connection: Connection, document_ids: Collection[int], *, new: bool = False
) -> None:
    """Make the projection anew for documents that changed, and for what they supersede.

    Args:
        connection: the writing transaction that changed them.
        document_ids: documents that are new, have another current snapshot, were linked with a
            commitment they repeat, or have a snapshot no more.
        new: all of them were added in this transaction, so that nothing is projected of them yet.
    """
    for some in batches(document_ids):
        before = [] if new else metric_numbers(connection, _number.document_id, some)
        documents = _write_documents(connection, some, new=new)
        for one in documents.values():
            _supersede_older(connection, one)
        reports = [one for one in documents.values() if one.issued.kind is DocumentKind.REPORT]
        if reports:
            _write_verdicts(connection, reports)
        after = metric_numbers(connection, _number.document_id, some)
        update_metric_years(connection, before, after)
        gone = [one.issued for one in documents.values() if one.snapshot_id is None]
        restored = set(_superseded_by(connection, gone)) - set(some)
        if restored:
            project_documents(connection, restored)


def rebuild(connection: Connection) -> None:
    """Make the whole projection from the other tables.

    Args:
        connection: a writing transaction.
    """
    for table in (metric_year_table, current_target_table, current_statement_table):
        connection.execute(delete(table))
    read = select(_document.id, _document.kind).where(_document.snapshot_id.is_not(None))
    every = connection.execute(read.order_by(_document.id)).all()
    # The plans' keys first, so that each document finds all issues of its series.
    for some in batches(one.id for one in every if one.kind == DocumentKind.PLAN):
        _note_plan_keys(connection, _load_documents(connection, some).values())
    for some in batches((one.id for one in every), _PAGE):
        _write_documents(connection, some)
    for some in batches(one.id for one in every if one.kind == DocumentKind.REPORT):
        _write_verdicts(connection, list(_load_documents(connection, some).values()))
    regions = connection.scalars(select(_number.region).distinct())
    for region in [one for one in regions if one]:
        build_metric_years(connection, region)


def projection_fault(connection: Connection, document_id: int) -> str:
    """What is wrong with the projection of a document; empty if nothing is.

    Args:
        connection: a reading transaction.
        document_id: a document that has a current snapshot.
    """
    document = _load_documents(connection, [document_id])[document_id]
    series = _load_series(connection, [document])
    targets = _load_targets(connection, [row.id for row in document.statements])
    names = ("statement_id", "superseded_by_id", "repeats_id", "holds_until")
    wanted = {
        tuple(values[name] for name in names)
        for values in _statement_values(document, series, targets)
    }
    shown = select(*(_current[name] for name in names)).where(_current.document_id == document_id)
    have = {tuple(row) for row in connection.execute(shown)}
    if wanted == have:
        return ""
    return f"{len(wanted - have)} statements are not shown, {len(have - wanted)} do not follow"


# Each page that is written needs these, and to build a statement takes longer than to run it.
@cache
def _documents_query() -> Select[Any]:
    names = ("id", "kind", "region", "year", "title", "published", "snapshot_id", "plan_key")
    return select(*(_document[name] for name in names)).where(is_in(_document.id, "ids"))


def _load_documents(connection: Connection, document_ids: Collection[int]) -> dict[int, _Document]:
    """Documents with the statements of their current snapshots."""
    ids = {"ids": list(document_ids)}
    found = {row.id: row for row in connection.execute(_documents_query(), ids)}
    statements = _load_statements(connection, document_ids)
    plans = [row.id for row in found.values() if row.kind == DocumentKind.PLAN]
    years = _target_years(connection, [row.id for one in plans for row in statements.get(one, ())])
    documents: dict[int, _Document] = {}
    for row in found.values():
        mine = tuple(statements.get(row.id, ()))
        issued = _issued(row)
        if issued.kind is DocumentKind.PLAN:
            named = [year for one in mine for year in years.get(one.id, ())]
            issuers = [one.source_name for one in mine if one.label == Label.COMMITMENT]
            key = plan_key(row.title, row.region, issuers)
            issued = replace(
                issued, plan_key=key, last_year=plan_last_year(row.title, issued.year, named)
            )
        documents[row.id] = _Document(issued, row.snapshot_id, mine)
    return documents


def _note_plan_keys(connection: Connection, documents: Iterable[_Document]) -> None:
    """Keep the keys of plans, by which their other issues find them."""
    for one in documents:
        key = one.issued.plan_key
        if one.issued.kind is DocumentKind.PLAN:
            connection.execute(
                update(document_table)
                .where(_document.id == one.issued.id, _document.plan_key.is_distinct_from(key))
                .values(plan_key=key)
            )


def _issued(row: Row[Any]) -> IssuedDocument:
    year = row.year
    if year is None and row.published is not None and row.kind != DocumentKind.REPORT:
        year = row.published.year
    kind = DocumentKind(row.kind)
    return IssuedDocument(row.id, kind, row.region, year, row.published, row.plan_key)


def _load_statements(
    connection: Connection, document_ids: Collection[int]
) -> defaultdict[int, list[Row[Any]]]:
    """The statements of the current snapshots of some documents, with what they repeat."""
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    rows: Iterable[Any] = connection.execute(_statements_query(), {"ids": list(document_ids)})
    for row in rows:
        found[row.document_id].append(row)
    return found


@cache
def _statements_query() -> Select[Any]:
    names = ("id", "region", "year", "label", "speaker", "topic", "themes", "source_name")
    repeats = corroboration_table.c
    return (
        select(
            _document.id.label("document_id"),
            *(_statement[name] for name in names),
            # What repeats a commitment of a document that was removed stands for itself.
            case((_repeated.snapshot_id.is_not(None), repeats.commitment_id)).label("repeats_id"),
        )
        .join(statement_table, _statement.snapshot_id == _document.snapshot_id)
        .outerjoin(corroboration_table, repeats.statement_id == _statement.id)
        .outerjoin(_commitment, _commitment.c.id == repeats.commitment_id)
        .outerjoin(_repeated_document, _repeated.id == _commitment.c.document_id)
        .where(is_in(_document.id, "ids"), _statement.in_scope)
        .order_by(_statement.id)
    )


def _target_years(connection: Connection, statement_ids: Collection[int]) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for some in batches(statement_ids):
        query = select(_target.statement_id, _target.year).where(
            _target.statement_id.in_(some), _target.year.is_not(None)
        )
        for row in connection.execute(query):
            found[row.statement_id].append(row.year)
    return found


def _load_series(connection: Connection, documents: Iterable[_Document]) -> _Series:
    """The reports of all regions that some documents speak of, and the issues of their plans."""
    regions: set[str] = set()
    keys: set[str] = set()
    for one in documents:
        regions |= {row.region for row in one.statements if row.region}
        if one.issued.region and one.issued.kind is DocumentKind.REPORT:
            regions.add(one.issued.region)
        if one.issued.plan_key:
            keys.add(one.issued.plan_key)
    return _Series(
        _load_issues(connection, _document.region, regions, kind=DocumentKind.REPORT),
        _load_issues(connection, _document.plan_key, keys, kind=DocumentKind.PLAN),
    )


def _load_issues(
    connection: Connection, column: Any, values: Collection[str], *, kind: DocumentKind
) -> dict[str, list[IssuedDocument]]:
    """The documents of a kind that have a current snapshot, by region or by key."""
    found: defaultdict[str, list[IssuedDocument]] = defaultdict(list)
    for some in batches(values):
        given = {"kind": kind.value, "values": some}
        for row in connection.execute(_issues_query(column.name), given):
            found[row._mapping[column.name]].append(_issued(row))
    return found


@cache
def _issues_query(column: str) -> Select[Any]:
    names = ("id", "kind", "region", "year", "published", "plan_key")
    return select(*(_document[name] for name in names)).where(
        _document.kind == bindparam("kind"),
        is_in(_document[column], "values"),
        _document.snapshot_id.is_not(None),
    )


def _write_documents(
    connection: Connection, document_ids: Collection[int], *, new: bool = False
) -> dict[int, _Document]:
    """Replace the rows of some documents; ``new`` ones have none."""
    documents = _load_documents(connection, document_ids)
    _note_plan_keys(connection, documents.values())
    for own in () if new else (current_target_table, current_statement_table):
        connection.execute(delete(own).where(own.c.document_id.in_(document_ids)))
    series = _load_series(connection, documents.values())
    targets = _load_targets(
        connection, [row.id for one in documents.values() for row in one.statements]
    )
    rows = {
        values["statement_id"]: values
        for one in documents.values()
        for values in _statement_values(one, series, targets)
    }
    insert_rows(connection, current_statement_table, list(rows.values()), wanted=False)
    years = {key: one.issued.year for key, one in documents.items()}
    numbers = [
        values
        for statement_id, some in targets.items()
        for values in _target_values(rows[statement_id], some, years)
    ]
    insert_rows(connection, current_target_table, numbers, wanted=False)
    return documents


def _load_targets(connection: Connection, statement_ids: Collection[int]) -> dict[int, list[Any]]:
    """The targets of some statements, in order."""
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for some in batches(statement_ids):
        rows: Iterable[Any] = connection.execute(_targets_query(), {"ids": some})
        for row in rows:
            found[row.statement_id].append(row)
    return found


@cache
def _targets_query() -> Select[Any]:
    names = ("statement_id", "position", "metric", "op", "value", "unit", "year")
    return (
        select(*(_target[name] for name in names))
        .where(is_in(_target.statement_id, "ids"))
        .order_by(_target.statement_id, _target.position)
    )


def _statement_values(
    document: _Document, series: _Series, targets: Mapping[int, Sequence[Any]]
) -> Iterator[dict[str, Any]]:
    issued = document.issued
    for row in document.statements:
        mine = targets.get(row.id, ())
        first = mine[0] if mine else None
        region = issued.region if issued.kind is DocumentKind.REPORT else row.region
        term = statement_term(
            issued,
            year=row.year,
            target_years=[one.year for one in mine if one.year is not None],
            reports=series.reports.get(region or "", ()),
            plans=series.plans.get(issued.plan_key or "", ()),
        )
        holds = term.superseded_by is None and row.repeats_id is None
        yield {
            "statement_id": row.id,
            "document_id": issued.id,
            "document_kind": issued.kind.value,
            "label": row.label,
            "speaker": row.speaker,
            "region": row.region,
            "year": row.year,
            "topic": row.topic,
            "themes": row.themes,
            "source_name": row.source_name,
            "metric": None if first is None else first.metric,
            "op": None if first is None else first.op,
            "value": None if first is None else first.value,
            "unit": None if first is None else first.unit,
            "target_year": None if first is None else first.year,
            "in_force_until": term.until,
            "superseded_by_id": term.superseded_by,
            "repeats_id": row.repeats_id,
            "holds_until": (term.until or NO_END) if holds else None,
        }


_COPIED = (
    *("document_id", "document_kind", "label", "speaker", "region", "year", "topic", "themes"),
    *("source_name", "in_force_until", "holds_until"),
)


def _target_values(
    statement: Mapping[str, Any], targets: Iterable[Any], years: Mapping[int, int | None]
) -> Iterator[dict[str, object]]:
    judged = (statement["document_kind"], statement["label"]) == (
        DocumentKind.REPORT,
        Label.COMMITMENT,
    )
    for row in targets:
        value, unit = to_base(row.value, row.unit)
        yield {
            **{name: statement[name] for name in _COPIED},
            "statement_id": row.statement_id,
            "position": row.position,
            "due": row.year or statement["year"],
            "metric": row.metric,
            "op": row.op,
            "value": row.value,
            "unit": row.unit,
            "target_year": row.year,
            "canonical_metric": metric_core(row.metric),
            "canonical_value": value,
            "canonical_unit": unit,
            "plan_year": (years[statement["document_id"]] or 0) if judged else None,
            "verdict": Verdict.PENDING.value if judged else None,
        }


def _supersede_older(connection: Connection, document: _Document) -> None:
    """End what a report or plan supersedes: the issue before it, and articles on earlier years."""
    issued = document.issued
    if document.snapshot_id is None or issued.year is None:
        return
    if issued.kind not in {DocumentKind.REPORT, DocumentKind.PLAN}:
        return
    every = _load_series(connection, [replace(document, statements=())])
    peers = every.of(issued)
    for older in peers:
        successor = next_issue(older, peers)
        if successor is not None and successor.id == issued.id:
            whole = older.kind is DocumentKind.REPORT
            changed = [_current.superseded_by_id.is_distinct_from(issued.id)]
            if whole:
                day = supersedes_on(issued)
                changed.append(_current.in_force_until.is_distinct_from(day))
            query = select(_current.statement_id).where(
                _current.document_id == older.id, or_(*changed)
            )
            _supersede(connection, connection.scalars(query).all(), issued, whole=whole)
    if issued.kind is DocumentKind.REPORT and issued.region:
        later = [one.id for one in peers if (one.year or 0) > issued.year]
        for ended in (_current.superseded_by_id.is_(None), _current.superseded_by_id.in_(later)):
            query = select(_current.statement_id).where(
                _current.region == issued.region,
                ended,
                _current.year < issued.year,
                _current.document_kind.in_(_ARTICLES),
            )
            _supersede(connection, connection.scalars(query).all(), issued)


def _supersede(
    connection: Connection, statement_ids: Iterable[int], by: IssuedDocument, *, whole: bool = False
) -> None:
    """Note that statements are superseded; ``whole``: they have no end of their own."""
    day = supersedes_on(by)
    for some in batches(statement_ids):
        for columns in (_current, _number):
            ended: dict[str, Any] = {"holds_until": null()}
            if columns is _current:
                ended["superseded_by_id"] = by.id
            if day is not None:
                until = columns.in_force_until
                ended["in_force_until"] = day if whole else case((until < day, until), else_=day)
            own = columns.statement_id
            connection.execute(update(own.table).where(own.in_(some)).values(ended))


def _superseded_by(connection: Connection, documents: Iterable[IssuedDocument]) -> Iterator[int]:
    """The documents that some superseded."""
    for one in documents:
        query = select(_current.document_id).where(
            _current.region == one.region, _current.superseded_by_id == one.id
        )
        yield from connection.scalars(query.distinct())


def _write_verdicts(connection: Connection, reports: Sequence[_Document]) -> None:
    """Note what became of the targets of some reports, and of those that they judge."""
    ids = [one.issued.id for one in reports]
    snapshots = [one.snapshot_id for one in reports if one.snapshot_id is not None]
    touched: set[int] = set()
    for query in (
        select(_number.statement_id).where(_number.document_id.in_(ids), _is_judged()),
        select(_number.statement_id).where(_number.review_id.in_(ids)),
        select(fulfilment_table.c.commitment_id).where(
            fulfilment_table.c.snapshot_id.in_(snapshots)
        ),
    ):
        touched.update(connection.scalars(query))
    given = _given_verdicts(connection, touched)
    for some in batches(touched):
        connection.execute(
            update(current_target_table)
            .where(_number.statement_id.in_(some), _number.review_id.is_not(None))
            .values({**dict.fromkeys(_VERDICT), "verdict": Verdict.PENDING.value})
        )
    if given:
        connection.execute(
            update(current_target_table)
            .where(
                _number.statement_id == bindparam("of"),
                _number.position == bindparam("at"),
                _is_judged(),
            )
            .values({name: bindparam(f"new_{name}") for name in _VERDICT}),
            given,
        )


_VERDICT = ("verdict", "achieved", "achieved_unit", "achievement_id", "assessed_at", "review_id")


def _is_judged() -> Any:
    return _number.plan_year.is_not(None)


def _given_verdicts(
    connection: Connection, commitments: Collection[int]
) -> list[dict[str, object]]:
    """The verdicts on some commitments that current snapshots give."""
    names = (
        *("id", "commitment_id", "position", "snapshot_id", "verdict", "achieved", "unit"),
        *("achievement_id", "assessed_at"),
    )
    columns = fulfilment_table.c
    rows = [
        row
        for some in batches(commitments)
        for row in connection.execute(
            select(*(columns[name] for name in names))
            .where(columns.commitment_id.in_(some))
            .order_by(columns.id)
        )
    ]
    current: dict[int, int] = {}
    for some in batches({row.snapshot_id for row in rows}):
        query = (
            select(snapshot_table.c.id, _document.id.label("document_id"))
            .join(document_table, _document.id == snapshot_table.c.document_id)
            .where(snapshot_table.c.id.in_(some), _document.snapshot_id == snapshot_table.c.id)
        )
        current |= {row.id: row.document_id for row in connection.execute(query)}
    return [
        {
            "of": row.commitment_id,
            "at": row.position,
            "new_verdict": row.verdict,
            "new_achieved": row.achieved,
            "new_achieved_unit": row.unit,
            "new_achievement_id": row.achievement_id,
            "new_assessed_at": row.assessed_at,
            "new_review_id": current[row.snapshot_id],
        }
        for row in rows
        if row.snapshot_id in current
    ]

"""What it costs to enqueue the alerts of one snapshot: milliseconds and statements a recipient.

    python benchmarks/enqueue.py [--recipients 500] [--changes 3] [--rounds 9]

Half of the recipients have a row of their own, a quarter wants a daily digest. The recipients are
enqueued in one call, and, for the ratio, in one call each. The least CPU time on SQLite; every
round is rolled back.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, event

from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Label, Speaker, Statement
from monitor.outbox.enqueue import AlertRequest, enqueue
from monitor.storage.base import update_row
from monitor.storage.change_log import log_changes
from monitor.storage.documents import add_document
from monitor.storage.engine import Database
from monitor.storage.recipients import save_chat
from monitor.storage.snapshots import add_snapshot
from monitor.storage.tables import recipient_table

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
LIMIT = 0.1  # ms a recipient in one call; a row each is written, nothing is asked for each


def _statement(number: int) -> Statement:
    text = f"今年建成智算中心{number}个。"
    return Statement(
        text=text,
        start=0,
        end=len(text),
        label=Label.COMMITMENT,
        speaker=Speaker.GOVERNMENT,
        region="贵州省",
        year=2026,
        themes=("compute",),
        targets=(),
    )


def _fill(database: Database, recipients: int, changes: int) -> tuple[int, int, list[int]]:
    """A document with its changes, and the recipients; the ids of document, snapshot, changes."""
    statements = [_statement(number) for number in range(1, changes + 1)]
    provenance = Provenance(
        DocumentKind.REPORT, Speaker.GOVERNMENT, "贵州省", 2026, date(2026, 1, 28), "报告"
    )
    with database.write() as connection:
        for number in range(1, recipients + 1, 2):
            save_chat(connection, number, title="", now=NOW)
            if number % 4 == 1:
                update_row(connection, recipient_table, number, digest="daily 09:00")
        document = add_document(
            connection, provenance=provenance, source_id=None, url=None, baseline=False, now=NOW
        )
        after = add_snapshot(
            connection, document.id, Document(text="报告"), statements, fetch=FetchRecord(), now=NOW
        )
        logged = [
            (Change(Kind.ADDED, Basis.REVISION, "贵州省", None, statement), None, row_id)
            for statement, row_id in zip(statements, after.statement_ids, strict=True)
        ]
        ids = log_changes(
            connection, logged, document_id=document.id, snapshot_id=after.id, now=NOW
        )
    return document.id, after.id, ids


def _measure(
    database: Database, run: Callable[[Connection], None], rounds: int
) -> tuple[float, int]:
    """The least seconds of CPU of a round, and its statements."""
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    seconds = []
    for _ in range(rounds):
        statements = 0
        with database.write() as connection:
            event.listen(connection, "before_cursor_execute", count)
            start = time.process_time()
            run(connection)
            seconds.append(time.process_time() - start)
            event.remove(connection, "before_cursor_execute", count)
            connection.rollback()
    return min(seconds), statements


def main() -> int:
    """Print the figures; 1 if they are over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=500)
    parser.add_argument("--changes", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'monitor.db'}")
        database.upgrade()
        try:
            return int(_report(database, options.recipients, options.changes, options.rounds))
        finally:
            database.close()


def _report(database: Database, recipients: int, changes: int, rounds: int) -> bool:
    """Print the figures; whether they are over the limit."""
    document, snapshot, ids = _fill(database, recipients, changes)
    wanted = [
        [AlertRequest(change, "guizhou", recipient) for change in ids]
        for recipient in range(1, recipients + 1)
    ]

    def put(connection: Connection, matches: list[AlertRequest]) -> None:
        enqueue(connection, snapshot_id=snapshot, document_id=document, matches=matches, now=NOW)

    def in_one_call(connection: Connection) -> None:
        put(connection, [match for matches in wanted for match in matches])

    def one_by_one(connection: Connection) -> None:
        for matches in wanted:
            put(connection, matches)

    bulk, few = _measure(database, in_one_call, rounds)
    single, many = _measure(database, one_by_one, rounds)
    print(f"{recipients} recipients, {changes} changes each")
    print(f"in one call:  {bulk / recipients * 1e3:.3f} ms a recipient, {few} statements")
    print(f"one by one:   {single / recipients * 1e3:.3f} ms a recipient, {many} statements")
    print(f"ratio: {single / bulk:.1f} of the time, {many / few:.0f} of the statements")
    return bulk / recipients * 1e3 > LIMIT


if __name__ == "__main__":
    sys.exit(main())

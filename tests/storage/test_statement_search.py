"""Commitments in force are found by the metric of a target, with a region and without."""

from __future__ import annotations

from small_history import GUIZHOU, write_history
from sqlalchemy import event, select, text

from monitor.model.statements import Label
from monitor.storage.engine import Database
from monitor.storage.statement_search import find_in_force
from monitor.storage.statement_tables import current_target_table
from monitor.storage.tables import reference_day_table


def test_a_metric_finds_all_that_holds_of_every_region_and_of_none(database: Database) -> None:
    write_history(database)
    target = current_target_table.c
    with database.write() as connection:
        # Articles may say of what is nowhere.
        some = connection.scalar(select(target.statement_id).where(target.holds_until.is_not(None)))
        for table in ("current_target", "current_statement"):
            connection.execute(
                text(f"UPDATE {table} SET region = NULL WHERE statement_id = :id"),
                {"id": some},
            )
    with database.read() as connection:
        day = select(reference_day_table.c.day).scalar_subquery()
        query = select(target.canonical_metric, target.region, target.statement_id)
        holding = connection.execute(
            query.where(target.label == Label.COMMITMENT, target.holds_until >= day)
        ).all()
        assert {None, GUIZHOU} < {region for _, region, _ in holding}
        for metric in {metric for metric, _, _ in holding}:
            of_all = {number for one, _, number in holding if one == metric}
            of_one = {number for one, at, number in holding if (one, at) == (metric, GUIZHOU)}
            assert find_in_force(connection, metric=metric) == sorted(of_all, reverse=True)
            found = find_in_force(connection, metric=metric, region=GUIZHOU)
            assert found == sorted(of_one, reverse=True)
        assert find_in_force(connection, metric="没有这个指标") == []


def test_a_metric_is_found_without_its_history(sqlite_database: Database) -> None:
    write_history(sqlite_database)
    asked: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    with sqlite_database.read() as connection:
        event.listen(sqlite_database.engine, "before_cursor_execute", note)
        find_in_force(connection, metric="算力")
        event.remove(sqlite_database.engine, "before_cursor_execute", note)
        query, values = asked[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
    steps = [row[3] for row in plan if "current_target" in row[3]]
    assert steps
    assert all("ix_current_target_in_force" in step for step in steps)

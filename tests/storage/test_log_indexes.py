"""The log is read by index, newest first, also where SQLite's index has only what is rare."""

from __future__ import annotations

from typing import Any

import pytest
from alert_story import plant, unsure
from small_history import GUIZHOU, write_history
from sqlalchemy import event

from monitor.model.changes import Basis, Certainty, Kind
from monitor.model.statements import Speaker
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.engine import Database
from monitor.storage.speakers import WantedSpeakers


def plans_of(database: Database, **conditions: Any) -> list[list[str]]:
    """The steps of SQLite for each query of a list of changes."""
    asked: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", note)
        list_changes(connection, ChangeConditions(**conditions))
        event.remove(connection, "before_cursor_execute", note)
        return [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]
            for query, values in asked
            if query.startswith("SELECT")
        ]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('history') / 'm.db'}")
    database.upgrade()
    write_history(database)
    yield database
    database.close()


@pytest.mark.parametrize(
    ("conditions", "index"),
    [
        ({"kinds": (Kind.STRENGTHENED,)}, "ix_change_kind_row (kind=?)"),
        ({"kinds": (Kind.DROPPED,), "before": 9}, "ix_change_kind_row (kind=? AND rowid<?)"),
        ({"basis": Basis.WITHDRAWAL}, "ix_change_basis_row (basis=?)"),
        ({"region": GUIZHOU}, "ix_change_region_row (region=?)"),
        ({"certainty": Certainty.UNSURE}, "ix_change_certainty_id (certainty=?)"),
    ],
)
def test_a_part_of_the_log_is_found_in_its_order(history, conditions, index):
    plans = plans_of(history, label=None, **conditions)
    found = [plan for plan in plans if any(step.endswith(f"INDEX {index}") for step in plan)]
    assert found, plans
    assert not any("ORDER BY" in step for plan in found for step in plan)


@pytest.mark.parametrize("kind", [Speaker.MINISTRY, Speaker.DELEGATE, Speaker.ENTERPRISE])
def test_the_changes_of_rare_speakers_are_found_by_index(history, kind):
    plans = plans_of(history, speakers=WantedSpeakers(frozenset({kind})))
    wanted = "INDEX ix_statement_speaker (speaker=? AND label=?)"
    assert any(step.endswith(wanted) for plan in plans for step in plan), plans
    assert not any(step == "SCAN statement" for plan in plans for step in plan), plans


@pytest.mark.parametrize("kind", [one for one in Speaker if one is not Speaker.GOVERNMENT])
@pytest.mark.parametrize("as_parameter", [True, False])
def test_who_asks_the_view_for_one_speaker_need_not_exclude_governments(
    history, kind, as_parameter
):
    query = "EXPLAIN QUERY PLAN SELECT * FROM statements WHERE speaker = "
    with history.read() as connection:
        if as_parameter:
            steps = connection.exec_driver_sql(f"{query}?", (kind.value,)).fetchall()
        else:
            steps = connection.exec_driver_sql(f"{query}'{kind.value}'").fetchall()
    assert any("ix_statement_speaker (speaker=?)" in step[-1] for step in steps), steps


def test_every_kind_of_speaker_has_its_changes_and_each_certainty_its_own(database):
    write_history(database)
    plant(database, [unsure(1), unsure(2)])
    with database.read() as connection:
        every = list_changes(connection, ChangeConditions(label=None), limit=1000)
        for kind in Speaker:
            speakers = WantedSpeakers(frozenset({kind}))
            found = list_changes(
                connection, ChangeConditions(label=None, speakers=speakers), limit=1000
            )
            said = [one.id for one in every if one.change.statement.speaker is kind]
            assert [one.id for one in found] == said
        both = WantedSpeakers(frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY}))
        found = list_changes(connection, ChangeConditions(label=None, speakers=both), limit=1000)
        assert {one.change.statement.speaker for one in found} == both.kinds
        for certainty in Certainty:
            found = list_changes(
                connection, ChangeConditions(label=None, certainty=certainty), limit=1000
            )
            assert [one.id for one in found] == [
                one.id for one in every if one.change.certainty is certainty
            ]
            assert found

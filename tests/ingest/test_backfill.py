"""Backfill: the older reports of a column are read as history, from a real server."""

from __future__ import annotations

import pytest
from fresh_database import fresh_sqlite
from sqlalchemy import text
from web import Page, Web

from monitor.cli.app import main
from monitor.clock import utc_now
from monitor.storage.engine import Database

YEAR = utc_now().year
CATALOGUE = """
builtin: false
sources:
  - {{id: qinghai, name: 青海省政府工作报告, region: 青海省, document_kind: report, family: trs,
     lists: '{base}/gzbg/', paging: 'index_{{n}}.html', paging_from: 1, allow_private: true}}
"""


class History:
    """A site with a report a year on list pages of one row, and the command that reads it."""

    def __init__(self, web, database, run):
        self.web, self.database, self.run = web, database, run

    def sql(self, query):
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def history(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MONITOR_TELEGRAM__TOKEN", "MONITOR_DATABASE", "MONITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    database = Database(fresh_sqlite(tmp_path / "monitor.db"))

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main(["backfill", *map(str, arguments)])
        said = "".join(capsys.readouterr())
        assert left.value.code == code, said
        return said

    with Web() as web:
        (tmp_path / "catalogue.yaml").write_text(CATALOGUE.format(base=web.base), encoding="utf-8")
        (tmp_path / "monitor.toml").write_text(
            'catalogue = ["catalogue.yaml"]\ncrawl.min_delay = 0\n', encoding="utf-8"
        )
        for number in range(6):
            year = YEAR - number
            page = "/gzbg/" if number == 0 else f"/gzbg/index_{number}.html"
            address = f"/gzbg/{year}01/t{year}0120_{1000 + number}.html"
            title = f"{year}年青海省政府工作报告"
            web.links(page, [(address, title, f"{year}-01-20")])
            web.html(address, title, report(year, 90 - 10 * number))
        yield History(web, database, run)
    database.close()


def report(year, size):
    return [
        f"——{year}年1月18日在青海省第九届人民代表大会第二次会议上",
        "各位代表：",
        "现在，我代表省人民政府，向大会报告工作，请予审议，并请各位委员提出意见。",
        f"一、{year - 1}年工作回顾",
        "过去一年，全省经济运行总体平稳，稳中有进，新建智算中心2座，数字经济增加值增长一成以上。",
        f"二、{year}年工作安排",
        f"今年要加快算力设施建设，全省算力规模达到{size}Eflops，推动人工智能大模型落地应用。",
        "各位代表！让我们同心同德，奋力开创新局面。",
    ]


def test_older_reports_become_history_oldest_first(history):
    said = history.run()
    assert "qinghai: 3 listed, 3 read" in said
    assert "3 documents added from 1 of 1 sources" in said
    years = [year for (year,) in history.sql("SELECT year FROM document ORDER BY id")]
    assert years == [YEAR - 2, YEAR - 1, YEAR]
    assert history.sql("SELECT DISTINCT origin FROM statements") == [("backfill",)]
    assert history.sql("SELECT COUNT(*) FROM document WHERE NOT baseline") == [(0,)]
    assert history.sql("SELECT COUNT(*) FROM document WHERE successor_id IS NOT NULL") == [(2,)]
    log = history.sql("SELECT kind, origin FROM change_log WHERE kind = 'strengthened'")
    assert log == [("strengthened", "backfill")] * 2
    assert history.sql("SELECT COUNT(*) FROM alert") == [(0,)]
    # A list page that is older as a whole is the last one that is requested.
    lists = [path for path in history.web.asked if path.startswith("/gzbg/index")]
    assert lists == [f"/gzbg/index_{number}.html" for number in (1, 2, 3)]


def test_a_second_run_reads_only_what_is_missing(history):
    missing = f"/gzbg/{YEAR - 1}01/t{YEAR - 1}0120_1001.html"
    page = history.web.pages[missing]
    history.web.pages[missing] = Page(b"down", 404)
    assert "1 failed" in history.run(code=1)
    history.web.pages[missing] = page
    history.web.asked.clear()
    said = history.run("qinghai")
    assert "1 documents added" not in said
    assert "1 document added" in said
    assert "2 already there" in said
    assert [path for path in history.web.asked if "/t" in path] == [missing]
    assert "5 listed" in history.run("--years", "5")


def test_mistakes_are_one_line(history):
    assert "unknown source 'qinhai' – did you mean qinghai?" in history.run("qinhai", code=2)
    history.web.pages["/gzbg/"] = Page(b"", 500)
    assert "a list failed" in history.run(code=1)

"""``ingest`` and ``documents``: an archive of files becomes a history."""

from __future__ import annotations

import json
import os
import shlex
import signal

import pytest

from monitor.cli import ingest as ingest_module
from monitor.documents.cost import MAX_BYTES

REPORT = """打印
收藏
{year}年{region}政府工作报告
——{year}年1月18日在{region}第九届人民代表大会第二次会议上
来源：某报
时间：{year}-01-25
{region}省长 王某
各位代表：
现在，我代表省人民政府，向大会报告工作，请予审议，并请各位委员提出意见。
一、{before}年工作回顾
过去一年，全省经济运行总体平稳，稳中有进，新建智算中心2座，数字经济增加值增长一成以上。
二、{year}年工作安排
今年要加快算力设施建设，全省算力规模达到{size}Eflops，推动人工智能大模型在制造业落地应用。
扎实推进智算中心建设，新增智能算力卡{size}万张，培育人工智能企业{size}家以上。
各位代表！让我们同心同德，奋力开创新局面。
"""
ARTICLE = """算力新城建设提速
本报记者 李某 2025-06-03
六月三日，记者从青海省数据局获悉，全省今年将新建智算中心三座，算力规模达到五百P。
相关负责人表示，下一步要加快推进绿色算力基地建设，推动人工智能大模型应用落地。
"""
MENU = "\n".join(f"栏目{n}\n下一页\n更多内容" for n in range(30))


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def report(region="青海省", year=2026, size=20):
    return REPORT.format(region=region, year=year, before=year - 1, size=size)


def documents(monitor, *options):
    lines = monitor("documents", "list", "--format", "jsonl", *options).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_a_folder_becomes_a_history_and_bad_files_are_reported(monitor, tmp_path):
    folder = tmp_path / "in"
    write(folder / "a.txt", report(year=2026, size=30))
    write(folder / "b.txt", report(year=2025, size=20))
    write(folder / "c.txt", ARTICLE)
    write(folder / "d.txt", MENU)
    write(folder / "e.txt", "")
    (folder / "f.pdf").write_bytes(b"%PDF-1.7 broken")
    write(folder / "g.xlsx", "")
    write(folder / "h.txt", "This page is about computing, not in Chinese at all. " * 9)
    said = monitor("ingest", folder, code=1)
    assert "1 other file is left out (.xlsx)" in said
    assert said.index("b.txt: report 青海省 2025") < said.index("a.txt: report 青海省 2026")
    assert "a.txt: report 青海省 2026, 2026-01-25, 2 commitments: 2026年青海省政府工作报告" in said
    assert "c.txt: news – 2025, 2025-06-03" in said
    assert "like a list or a menu" in said
    assert "not written in Chinese" in said
    assert "3 of 7 documents imported: 4 refused" in said
    assert "no alerts" in said
    assert "already in the history" in monitor("ingest", folder / "a.txt")
    found = documents(monitor, "--region", "青海", "--kind", "report")
    assert [one["year"] for one in found] == [2026, 2025]
    assert found[1]["successor_id"] == found[0]["id"]
    assert monitor("changes", "--kind", "strengthened", "--format", "jsonl")
    shown = monitor("documents", "show", found[0]["id"])
    assert "ingested, without alerts" in shown
    assert "commitment 2" in shown


def test_what_is_said_of_a_file_counts_and_what_it_denies_is_doubted(monitor, tmp_path):
    file = write(tmp_path / "a.txt", report())
    for option, value, denial in (
        ("--region", "甘肃", "of 青海省, not of 甘肃省"),
        ("--year", "2024", "for 2026, not for 2024"),
        ("--published", "2023-02-01", "not published on 2023-02-01"),
    ):
        said = monitor("ingest", file, option, value, code=1)
        assert denial in said
        assert "0 of 1 documents imported: 1 refused" in said
    assert "would be imported" in monitor("ingest", file, "--dry-run")
    assert documents(monitor) == []
    address = "https://example.org/report.html"
    monitor(
        *("ingest", file, "--title", "政府工作报告（青海）", "--url", address),
        *("--published", "2026-01-30", "--region", "甘肃", "--force"),
    )
    (one,) = documents(monitor)
    assert (one["title"], one["url"], one["published"], one["region"], one["year"]) == (
        *("政府工作报告（青海）", address, "2026-01-30", "甘肃省", 2026),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "index.csv",
            "file,title,published,url,region\n{a},报告甲,2026-02-01,https://example.org/1,青海\n{b},,,,\n",
        ),
        (
            "index.jsonl",
            '{{"file": "{a}", "title": "报告甲", "published": "2026-02-01", '
            '"url": "https://example.org/1", "region": "青海"}}\n\n{{"file": "{b}"}}\n',
        ),
    ],
)
def test_an_index_describes_the_files(monitor, tmp_path, name, text):
    write(tmp_path / "in" / "a.txt", report())
    write(tmp_path / "in" / "b.txt", report(year=2025))
    index = write(tmp_path / "in" / name, text.format(a="a.txt", b="b.txt"))
    assert "2 of 2 documents imported" in monitor("ingest", "--index", index)
    first, second = documents(monitor)
    assert (first["title"], first["published"]) == ("报告甲", "2026-02-01")
    assert (second["title"], second["published"]) == ("2025年青海省政府工作报告", "2025-01-25")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b.txt,,,", "index.csv:2: there is no file b.txt – paths are relative to the index"),
        ("a.txt,2026/2/30,,", "index.csv:2: published: '2026/2/30' is no date – write YYYY-MM-DD"),
        (
            "a.txt,2199-01-01,,",
            "index.csv:2: published: 2199-01-01 is before 1949 or in the future",
        ),
        ("a.txt,,example.org/1,", "index.csv:2: url: 'example.org/1' is no address"),
        ("a.txt,,,贵洲", "index.csv:2: unknown region '贵洲' – did you mean"),
        ("a.txt,,,青海,x", "index.csv:2: this line has 5 cells, the header 4"),
        (",2026-01-01,,", "index.csv:2: no file is named"),
    ],
)
def test_a_mistake_in_an_index_is_one_line(monitor, tmp_path, line, said):
    write(tmp_path / "a.txt", report())
    header = "file,published,url,region\n"
    index = write(tmp_path / "index.csv", header + line)
    assert said in monitor("ingest", "--index", index, code=2)
    index.write_text(header.replace("region", "url"), encoding="utf-8")
    assert "index.csv:1: the column 'url' stands here twice – keep one" in monitor(
        "ingest", "--index", index, code=2
    )
    index.write_text(header.replace("region", "regoin"), encoding="utf-8")
    assert "index.csv:1: unknown column 'regoin' – did you mean region?" in monitor(
        "ingest", "--index", index, code=2
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("my index.csv", "File,region\na.txt,青海\n"),
        ("index.jsonl", '{"file": "a.txt", "region": "青海"}\n'),
    ],
)
def test_an_index_in_place_of_a_file_is_told_where_it_goes(monitor, tmp_path, name, text):
    write(tmp_path / "a.txt", report())
    index = write(tmp_path / name, text)
    said = monitor("ingest", index, code=2)
    assert "this is an index of files, not a document – monitor ingest --index" in said
    assert shlex.quote(str(index)) in said
    assert "1 of 1 documents imported" in monitor("ingest", "--index", index)


def test_mistakes_of_the_command_are_one_line(monitor, tmp_path):
    file = write(tmp_path / "a.txt", report())
    write(tmp_path / "empty" / "a.xlsx", "")
    for arguments, said in (
        ((), "no file is named"),
        (("missing.txt",), "missing.txt: no such file"),
        (("empty",), "no file to import in this folder"),
        (("--index", "missing.csv"), "this index cannot be read"),
        ((file, "--index", "x.csv"), "--index goes with no file"),
        ((file, file, "--title", "题"), "describe several in an index"),
        ((file, "--url", "ftp://x"), "is no address"),
        ((file, "--region", "贵洲"), "unknown region"),
    ):
        assert said in monitor("ingest", *arguments, code=2)
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as out:
        out.truncate(MAX_BYTES + 1)
    assert "more than the 20 MB" in monitor("ingest", huge, code=1)


def test_ctrl_c_ends_between_two_files(monitor, tmp_path, monkeypatch):
    for year in (2024, 2025, 2026):
        write(tmp_path / "in" / f"{year}.txt", report(year=year))
    real = ingest_module.ingest_document

    def interrupted(*arguments, **options):
        os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments, **options)

    monkeypatch.setattr(ingest_module, "ingest_document", interrupted)
    said = monitor("ingest", tmp_path / "in", code=130)
    assert "1 of 3 documents imported: stopped with 2 left" in said
    assert [one["year"] for one in documents(monitor)] == [2024]


def test_a_removed_document_stands_no_more_and_does_not_come_back(monitor, tmp_path):
    folder = tmp_path / "in"
    for year in (2024, 2025, 2026):
        write(folder / f"{year}.txt", report(year=year, size=year - 2000))
    monitor("ingest", folder)
    ids = {one["year"]: one["id"] for one in documents(monitor)}
    before = monitor("changes", "--format", "jsonl")
    assert f"document {ids[2026]} is not removed without asking" in monitor(
        "documents", "remove", ids[2026], code=2
    )
    monitor("documents", "remove", ids[2026], "--yes", "--reason", "a draft")
    assert [one["year"] for one in documents(monitor)] == [2025, 2024]
    assert [one["year"] for one in documents(monitor, "--removed")] == [2026]
    assert monitor("changes", "--format", "jsonl") == before
    monitor("export", "commitments_current", "--format", "jsonl", "-o", tmp_path / "out.jsonl")
    standing = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["document_id"] for line in standing} == {ids[2025]}
    assert "was removed" in monitor("ingest", folder / "2026.txt", code=1)
    monitor("documents", "restore", ids[2026])
    assert len(documents(monitor)) == 3
    shown = monitor("documents", "show", ids[2026])
    assert "a draft" in shown
    assert "restored" in shown
    for command in ("show", "remove", "restore"):
        assert "there is no document 999" in monitor("documents", command, 999, code=2)

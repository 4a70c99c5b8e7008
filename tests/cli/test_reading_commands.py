"""``monitor read`` and ``monitor links``: the contract of their JSON. Invented pages."""

from __future__ import annotations

import json

import pytest

from monitor.cli.app import main

ARTICLE = (
    "<html><head><meta charset=utf-8><title>算力建设安排</title>"
    '<meta name=PubDate content="2026-01-05"></head><body><h1>算力建设安排</h1><div class=text>'
    "<p>今年，建设智算中心3座，支持企业用好算力。</p><p>到2028年，算力规模达到30Eflops。</p>"
    '<a href="/f/a.doc">附件：算力实施方案.doc</a></div></body></html>'
)


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, err
        return out, err

    return run


def test_read_prints_what_was_read(monitor, tmp_path):
    (tmp_path / "a.html").write_text(ARTICLE, encoding="utf-8")
    address = "https://www.example.gov.cn/a/1.html"
    out, _ = monitor("read", "a.html", "--url", address, "--format", "json")
    printed = json.loads(out)
    assert printed.pop("taken") > 0.95
    assert printed == {
        "title": "算力建设安排",
        "published": "2026-01-05",
        "published_from": "meta pubdate",
        "outcome": "partial",
        "reason": "attachments are not read: 算力实施方案.doc (.doc cannot be read)",
        "text": "今年，建设智算中心3座，支持企业用好算力。\n到2028年，算力规模达到30Eflops。",
        "attachments": [
            {
                "name": "算力实施方案.doc",
                "url": "https://www.example.gov.cn/f/a.doc",
                "read": False,
            }
        ],
        "further_pages": [],
    }
    out, err = monitor("read", "a.html", "--explain")
    assert out == "今年，建设智算中心3座，支持企业用好算力。\n到2028年，算力规模达到30Eflops。\n"
    assert "body: div.text" in err
    assert "day: 2026-01-05 of meta pubdate" in err
    assert "partial: attachments are not read" in err


def test_read_prints_the_reason_where_there_is_no_text(monitor, tmp_path):
    (tmp_path / "a.html").write_text("<html><div id=app></div></html>", encoding="utf-8")
    out, _ = monitor("read", "a.html", "--format", "json", code=1)
    assert json.loads(out)["outcome"] == "empty"


def test_links_prints_the_rows_and_the_next_page(monitor, tmp_path):
    rows = "".join(
        f"<li><a href=t{n}.html>临江市第{n}批算力项目开工</a>2026-01-0{n}</li>" for n in (1, 2, 3)
    )
    page = f"<html><meta charset=utf-8><ul>{rows}</ul><a href=index_1.html>下一页</a></html>"
    (tmp_path / "l.html").write_text(page, encoding="utf-8")
    base = "https://www.example.gov.cn/a/"
    out, _ = monitor("links", "l.html", "--url", base, "--format", "json")
    printed = json.loads(out)
    assert printed["links"][0] == {
        "url": f"{base}t1.html",
        "title": "临江市第1批算力项目开工",
        "published": "2026-01-01",
    }
    assert printed["next"] == [f"{base}index_1.html"]
    _, err = monitor("links", "l.html", code=2)
    assert "--url" in err

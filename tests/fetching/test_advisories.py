"""Faults other monitors had: each class that can apply here has a test named after its advisory.

Tests of other rooms stand there; docs/reference/advisories.md lists them all.
"""

import ast
import importlib
import json
import pkgutil
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from loopback import PRIVATE, answer, at_loopback, fetcher, site
from pydantic import BaseModel

import monitor
from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import FetchRoute
from monitor.discovery.list_pages import discover
from monitor.documents.reader import read_document
from monitor.errors import UserError
from monitor.extraction.topics import load_topics
from monitor.model.documents import Fetched, Outcome
from monitor.rules.loader import load_rules

ROOT = Path(__file__).resolve().parents[2]
PAGE = "<p>今年，智能算力要达到90Eflops。</p>".encode()
LIST = "https://www.beijing.gov.cn/x/"
ODD_FILES = (
    "file:///etc/passwd",
    "file:/etc/passwd",
    "FILE:///etc/passwd",
    "source:file:///etc/passwd",
    " file:///etc/passwd",
    "fi\tle:///etc/passwd",
    "view-source:file:///etc/passwd",
    "jar:file:///x.jar!/a.html",
    "\\\\host\\share\\a.html",
)


def listed(body, content_type="text/html; charset=utf-8"):
    source = replace(load_catalogue()["beijing"], link_pattern=None, family="generic")
    now = datetime(2026, 2, 1, tzinfo=UTC)
    found = discover(source, Fetched(LIST, LIST, Outcome.OK, 200, now, body.encode(), content_type))
    return [*(link.url for link in found.links), *found.next_pages]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_ghsa_3c45_4pj5_ch7m_a_name_that_resolves_inside_is_refused_on_every_route(address):
    async def inside(_host, _port):
        return [address]

    async with fetcher(resolver=inside) as net:
        for route in (FetchRoute(), FetchRoute(robots=False)):
            fetched = await net.fetch("http://www.example.com/latest/meta-data", route=route)
            assert fetched.outcome is Outcome.ERROR
            assert "private address" in fetched.reason
            assert "tries" not in fetched.reason


async def test_ghsa_3c45_4pj5_ch7m_a_redirect_down_to_http_is_refused(tmp_path):
    trustme = pytest.importorskip("trustme")
    import ssl

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("www.example.gov.cn").configure_cert(context)
    async with (
        site(context) as here,
        site() as plain,
        fetcher(ca_file=str(tmp_path / "ca.pem"), resolver=at_loopback) as net,
    ):
        here.scripts["/a"] = answer(
            status=302, headers={"Location": plain.url("/a", "www.example.gov.cn")}
        )
        fetched = await net.fetch(here.url("/a", "www.example.gov.cn"), route=PRIVATE)
        assert fetched.outcome is Outcome.ERROR
        assert "https to http" in fetched.reason
        assert plain.asked == []


@pytest.mark.parametrize(
    "reference",
    [
        "http://www.beijing.gov.cn\\@127.0.0.1/a.html",
        "http://127.0.0.1\\.beijing.gov.cn/a.html",
        "http://www.beijing.gov.cn@127.0.0.1/a.html",
        "http://127.0.0.1\t.beijing.gov.cn/a.html",
        "//127.0.0.1\\www.beijing.gov.cn/a.html",
        "http://www.beijing.gov.cn%00.evil.cn/a.html",
        "http://www。evil。cn/a.html",
    ],
)
def test_ghsa_rph4_96w6_q594_no_link_means_two_hosts(reference):
    assert listed(f"<a href='{reference}'>省里发布算力规划</a>") == []


@pytest.mark.parametrize("address", ODD_FILES)
def test_cve_2024_51483_and_cve_2024_56509_nothing_a_list_names_leads_off_the_web(address):
    link = f"<a href='{address}'>省里发布算力规划</a>"
    bodies = [
        (link, "text/html"),
        (f"<head><base href='{address}'></head><a href='a.html'>省里发布算力规划</a>", "text/html"),
        (f"<li onclick=\"window.open('{address}')\">省里发布算力规划</li>", "text/html"),
        (f"<datastore><record><![CDATA[{link}]]></record></datastore>", "text/xml"),
        (json.dumps([{"title": "算力规划", "url": address}]), "application/json"),
        (f"<rss><channel><item><link>{address}</link></item></channel></rss>", "text/xml"),
        (f"<urlset><url><loc>{address}</loc></url></urlset>", "application/xml"),
    ]
    for body, content_type in bodies:
        for url in listed(body, content_type):
            assert re.match(r"https?://(www\.)?beijing\.gov\.cn/", url), (body, url)


@pytest.mark.parametrize("address", ODD_FILES)
async def test_cve_2024_51998_no_redirect_leads_off_the_web(address):
    async with site() as here, fetcher() as net:
        here.scripts["/a.html"] = answer(status=302, headers={"Location": address})
        fetched = await net.fetch(here.url("/a.html"), route=PRIVATE)
        # A space before a scheme makes a path of it; the site's own 404 answers that.
        assert fetched.outcome in {Outcome.ERROR, Outcome.GONE}
        assert fetched.final_url.startswith(here.url(""))


@pytest.mark.parametrize(
    "said", ["\x1b[2J\x1b[31mred", "<b>bold</b>\r\nSecond: line", "[bold]x[/]"]
)
async def test_cve_2025_52558_the_error_text_of_a_site_is_one_plain_line(said):
    async def greet(_headers, writer):
        writer.write(b"HTTP/1.1 200 " + said.encode() + b"\r\nBad header\r\n\r\n")

    async with site() as here, fetcher() as net:
        here.scripts["/"] = greet
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        here.scripts["/"] = answer(status=302, headers={"Location": f"javascript:{said[:9]!r}"})
        away = await net.fetch(here.url("/"), route=PRIVATE)
    for one in (fetched, away):
        assert one.outcome is Outcome.ERROR
        assert one.reason.isprintable()


@pytest.mark.parametrize(
    "selector",
    [
        "//div",
        "document('file:///etc/passwd')",
        "unparsed-text('file:///etc/passwd')",
        "json-doc()",
    ],
)
def test_cve_2026_29039_selectors_are_css_and_open_nothing(tmp_path, selector):
    file = tmp_path / "c.yaml"
    file.write_text(
        "sources:\n  - id: a\n    name: b\n    pages: [http://c.cn/]\n"
        f'    selectors: {{body: "{selector}"}}\n',
        encoding="utf-8",
    )
    with pytest.raises(UserError, match="CSS selector"):
        load_catalogue([file])


def test_cve_2026_29039_no_entity_of_a_page_or_list_is_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("密钥在此", encoding="utf-8")
    doctype = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    page = f"{doctype}<html><body><p>今年，智能算力要达到90Eflops。&x;</p></body></html>"
    assert "密钥" not in read_document(page.encode(), content_type="application/xhtml+xml").text
    item = "<item><title>算力&x;</title><link>https://www.beijing.gov.cn/&x;.html</link></item>"
    feed = f"{doctype}<rss version='2.0'><channel>{item}</channel></rss>"
    sitemap = f"{doctype}<urlset><url><loc>https://www.beijing.gov.cn/&x;</loc></url></urlset>"
    for body in (feed, sitemap):
        for content_type in ("text/html", "application/xml", "application/rss+xml"):
            found = str(listed(body, content_type))
            assert "密钥" not in found
            assert "%E5%AF%86" not in found.upper()
    many = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE a [<!ENTITY a0 "哈">{many}]><html><p>&a11;</p></html>'
    assert len(read_document(bomb.encode()).text) < 2_000


@pytest.mark.parametrize("load", [load_catalogue, load_rules, load_topics])
@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.getenv [HOME]", "!!python/name:os.environ ''", "!env HOME"]
)
def test_cve_2026_33981_a_file_of_the_user_cannot_call_anything(tmp_path, load, tag):
    file = tmp_path / "x.yaml"
    file.write_text(f"sources: {tag}\n", encoding="utf-8")
    with pytest.raises(UserError, match="not YAML"):
        load([file])


def test_cve_2026_33981_no_word_of_a_rule_is_an_expression(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "w0rd")
    file = tmp_path / "r.yaml"
    words = "'$SECRET {{env.SECRET}} {0.__class__} %(SECRET)s ${SECRET}'"
    file.write_text(f"rules:\n  - {{id: a, name: {words}, keywords: {{any: [{words}]}}}}\n")
    (rule,) = load_rules([file]).rules
    assert rule.name == words.strip("'")
    assert "w0rd" not in repr(rule)


@pytest.mark.parametrize("word", ["../x", "..", "a/b", "a\\b", "/etc/passwd", "a.b", "a\x00b", ""])
@pytest.mark.parametrize(
    ("load", "text"),
    [
        (load_catalogue, "sources:\n  - {{id: {word}, name: x, pages: [http://c.cn/]}}\n"),
        (load_catalogue, "sources:\n  - {{id: a, family: {word}}}\n"),
        (load_catalogue, "sources:\n  - {{id: a, topics: {word}}}\n"),
        (load_rules, "rules:\n  - {{id: {word}, name: x}}\n"),
    ],
    ids=["source", "family", "topic", "rule"],
)
def test_ghsa_mh42_m7cg_49fr_and_cve_2026_25527_names_are_words_never_paths(
    tmp_path, load, text, word
):
    file = tmp_path / "x.yaml"
    file.write_text(text.format(word=json.dumps(word)), encoding="utf-8")
    with pytest.raises(UserError):
        load([file])


def test_ghsa_h3x5_5j56_hm2j_no_model_takes_a_key_it_does_not_know():
    for module in pkgutil.walk_packages(monitor.__path__, "monitor."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    models, waiting = [], [BaseModel]
    while waiting:
        for model in waiting.pop().__subclasses__():
            waiting.append(model)
            if model.__module__.startswith("monitor."):
                models.append(model)
    assert len(models) > 10
    assert [m.__qualname__ for m in models if m.model_config.get("extra") != "forbid"] == []


def test_every_advisory_of_the_table_has_its_tests_and_every_test_its_line():
    table = (ROOT / "docs" / "reference" / "advisories.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", table))
    there, after_one = set(), set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                there.add(node.name)
                if re.match(r"test_(ghsa|cve)_", node.name):
                    after_one.add(node.name)
    assert named - there == set(), "the table names tests that are not there"
    assert after_one - named == set(), "tests the table does not name"

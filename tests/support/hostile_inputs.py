"""Inputs made to be slow, by name, as functions of a size.

The tests read each of them; ``benchmarks/growth.py`` measures how the time grows with the size.
``*_SIZE`` is the size that the tests use: near the limit of what is accepted.
"""

from __future__ import annotations

from collections.abc import Callable

HostileInputs = dict[str, Callable[[int], str]]

ROBOTS_SIZE = 30_000
ROBOTS: HostileInputs = {
    "agents": lambda n: (
        "".join(f"User-agent: a{i}\n" for i in range(n // 2)) + "Disallow: /x\n" * (2 * n // 3)
    ),
    "wildcards": lambda n: "User-agent: *\n" + "Disallow: /*a*a*a*a*a*a*a*a*b\n" * (n // 2),
    "one wildcard": lambda n: "User-agent: *\nDisallow: /" + "*a" * (8 * n),
    "repeated": lambda n: "User-agent: *\n" * n,
    "words": lambda n: "user agent " * (3 * n // 2),
}

MARKUP_SIZE = 100_000
MARKUP: HostileInputs = {
    "deep": lambda n: "<div>" * (3 * n),
    "formatting": lambda n: "".join(f"<b a={i}>" for i in range(n // 5)) + "<p>x" * (n // 5),
    "false ends": lambda n: "<div></x>" * (2 * n),
    "comments": lambda n: "<!--" * (3 * n),
    "ends in comments": lambda n: "<div><!--</div>-->" * (2 * n),
    "ends in attributes": lambda n: '<div a="</div>">' * (2 * n),
    "tags": lambda n: "<a " * (3 * n),
    "angles": lambda n: "来源：" + "<" * (5 * n),
    "scripts": lambda n: "<script" * (2 * n),
    "labels": lambda n: "<p>" + "时间：<b>" * n,
}

LISTS_SIZE = 100_000
LISTS: HostileInputs = {
    "same": lambda n: "<div>" + "<a href='/a/1.html'>同一个链接，</a>" * (2 * n // 5) + "</div>",
    "nested": lambda n: "<div onclick=\"go('/a/1.html')\">" * (n // 20) + "字" * (5 * n),
    "long": lambda n: "<a href='/a/1.html" + "1" * (10 * n) + "'>",
    "records": lambda n: "<datastore>" + "<record><![CDATA[" * n,
    "pagers": lambda n: "<script>" + "createPageHTML(" * n,
    "arrays": lambda n: "[" * (5 * n),
    "objects": lambda n: '{"url":' * n,
    "deep": lambda n: "<b>" * (3 * n) + "<a href=1.html>",
}

FEEDS_SIZE = 100_000
FEEDS: HostileInputs = {
    "deep": lambda n: "<rss>" + "<a>" * (10 * n),
    "nested": lambda n: "<rss>" + "<item><title>x</title>" * (2 * n),
    "attributes": lambda n: "<rss" + " a='1'" * (5 * n) + ">",
    "long": lambda n: "<rss><item><title>" + "字" * (30 * n),
    "dtd": lambda n: "<!DOCTYPE rss [" + "<!ENTITY a 'x'>" * (3 * n) + "]><rss>",
    "space": lambda n: "<?xml" + " " * (30 * n),
    "open": lambda n: "<!--" * (5 * n),
    "urls": lambda n: "<urlset>" + "<url><loc>/a/1.html</loc></url>" * n,
    "maps": lambda n: "<sitemapindex>" + "<sitemap><loc>/a.xml</loc></sitemap>" * n,
    "bases": lambda n: "<feed>" + "<entry xml:base='a/'>" * n,
}

_PARAGRAPH = """一、2025年工作回顾
智能算力规模达到8万P，城镇新增就业60万人。
我们也清醒地认识到，算力利用率不高等问题依然存在。
二、2026年重点工作
新增智能算力2万P以上，培育大模型企业20家。
"""
TEXTS_SIZE = 16_000
TEXTS: HostileInputs = {
    "one sentence": lambda n: "算力1万P" * n,
    "one report after another": lambda n: _PARAGRAPH * (n // 64),
}

SENTENCES_SIZE = 3_000


def alike_sentences(count: int, step: int) -> list[str]:
    """Sentences that differ in their numbers only, so that every pair of them looks alike."""
    return [f"建设第{i + step}批智算中心，培育{i * 3 + step}家企业。" for i in range(count)]

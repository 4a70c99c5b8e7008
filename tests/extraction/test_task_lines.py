"""Short lines of a plan: what is done, and what only heads the lines below."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker

LINES = [
    line.split("\t")
    for line in Path(__file__).with_name("task_lines.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
FRONT = "江苏省2026年人工智能工作要点\n一、总体要求\n做好工作。\n二、2026年重点工作\n"
FORMS = ["{line}", "{number}.{line}", "（{chinese}）{line}"]


def label_of(line: str, text: str, kind: DocumentKind) -> Label:
    provenance = Provenance(kind, Speaker.GOVERNMENT, "江苏省", 2026)
    return next(one.label for one in extract(text, provenance, load_topics()) if line in one.text)


def listed(lines: list[str], form: str) -> str:
    numbered = (
        form.format(line=line, number=number + 1, chinese="一二三四"[number])
        for number, line in enumerate(lines)
    )
    return FRONT + "\n".join(numbered) + "\n"


@pytest.mark.parametrize("kind", [DocumentKind.REPORT, DocumentKind.PLAN])
@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_a_list_is_a_task_if_it_says_what_is_done(kind, form):
    for wanted, line in LINES:
        lines = ["加快发展人工智能", line, "推进大模型开源", "培育智能体企业"]
        label = label_of(line, listed(lines, form) + "三、其他\n", kind)
        assert (line, label) == (line, Label.COMMITMENT if wanted == "task" else Label.OTHER)


@pytest.mark.parametrize("kind", [DocumentKind.REPORT, DocumentKind.PLAN])
@pytest.mark.parametrize("form", FORMS)
def test_a_line_above_its_text_promises_nothing_without_an_action_of_its_own(kind, form):
    for wanted, line in LINES:
        if wanted == "heading":
            text = listed([line], form) + "新建智算中心3座，推动开放共享。\n"
            assert (line, label_of(line, text, kind)) == (line, Label.OTHER)


def test_the_last_line_of_a_list_stands_before_a_chapter_or_the_end():
    lines = ["搭建大模型测评平台", "省级算力平台年底前上线"]
    for end in ("", "三、保障措施\n加强领导。\n"):
        text = listed(lines, "{line}") + end
        assert label_of(lines[1], text, DocumentKind.PLAN) is Label.COMMITMENT
    below = listed(lines, "{line}") + "1.抓好测试。\n"
    assert label_of(lines[1], below, DocumentKind.PLAN) is Label.OTHER

"""Sentences of the press that belong to a topic without a word of it."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.extraction.attribution import Attribution
from monitor.extraction.context_scope import ContextArticle, TopicWords, count_words
from monitor.extraction.extract import CONTEXT, WORDS, explain, extract
from monitor.extraction.press_model import ScopeModel
from monitor.extraction.speaker_words import Manner
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker

TOPIC = "ai_computing"
ARTICLE = """某省发布人工智能产业行动方案
本报讯 近日，某省政府印发《人工智能产业发展行动方案》，提出到2027年建成智算中心6座。
方案明确，加快人工智能技术攻关，推动智能体在制造业落地。
要完善标准体系，推动关键核心技术攻关和成果转化，构建开放协同的产业生态。
推进人工智能与实体经济深度融合，建设开源社区。
与此同时，当地小麦收割进入尾声。
"""
REFERRING = "要完善标准体系，推动关键核心技术攻关和成果转化，构建开放协同的产业生态。"
NEWS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026, date(2026, 7, 3))


def article(*told: int, sentences: int = 8) -> ContextArticle:
    """An article of one paragraph; the sentences ``told`` have a word of the topic."""
    said = Attribution(Speaker.MEDIA, None, Manner.NONE, "")
    words = [TopicWords(int(at in told), 0, candidate=at not in told) for at in range(sentences)]
    return ContextArticle([["一句。"] * sentences], [[said] * sentences], [words])


def test_a_sentence_may_belong_to_the_topic_of_those_beside_it():
    found = {item.text: item for item in explain(ARTICLE, NEWS, load_topics())}
    item = found[REFERRING]
    assert item.in_scope_by == CONTEXT
    assert item.statement is not None
    assert item.statement.themes
    assert ARTICLE[item.start : item.end] == REFERRING
    assert not any("小麦" in text for text in found)
    assert {one.in_scope_by for text, one in found.items() if text != REFERRING} == {WORDS}


@pytest.mark.parametrize("kind", [k for k in DocumentKind if k is not DocumentKind.NEWS])
def test_other_documents_go_by_their_words(kind):
    provenance = Provenance(kind, Speaker.GOVERNMENT, "贵州省", 2026)
    assert REFERRING not in {one.text for one in extract(ARTICLE, provenance, load_topics())}


def test_only_sentences_near_one_with_a_word_are_looked_at():
    assert article(3).candidates == [1, 2, 4, 5]
    assert article().candidates == []


def test_a_sentence_refers_to_the_nearest_one_with_a_word():
    one = article(0, 4)
    assert one.nearest(1) == (0, 0)
    assert one.nearest(3) == (0, 4)
    assert one.nearest(2) == (0, 0)


def test_words_are_counted_by_sentence():
    text = "算力和大模型。名称一样。小麦丰收。"
    spans = [[(0, 7), (7, 12), (12, 17)]]
    first, *others = count_words(text, spans, load_topics().hits(text), TOPIC)[0]
    assert first.scope == 2
    assert not first.candidate
    assert others == [TopicWords(0, 0, candidate=True)] * 2


@pytest.mark.parametrize(
    ("score", "label", "told"),
    [(0.0, Label.OPINION, True), (0.0, Label.COMMITMENT, False), (1.0, Label.COMMITMENT, True)],
)
def test_a_commitment_needs_more(score, label, told):
    model = ScopeModel(TOPIC, {}, 0.0, limit=-0.5, commitment_limit=0.5, margin=0.2)
    assert model.is_in_scope(score, label) is told

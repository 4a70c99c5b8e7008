"""What the clauses of a sentence do, and who does it."""

from __future__ import annotations

import pytest

from monitor.extraction.press_cues import cue_flags, lists_of_proposals, verbs_of, word_flags
from monitor.extraction.press_model import grams
from monitor.extraction.speakers import attribute_sentences
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker


@pytest.mark.parametrize(
    ("sentence", "verb"),
    [
        ("某市智算中心已建成。", ("build", "done")),
        ("某市将建成智算中心。", ("build", "ahead")),
        ("平台上线了。", ("launch", "done")),
        ("企业应当推进模型落地。", ("push", "should")),
        ("模型可识别病虫害。", ("function", "can")),
    ],
)
def test_a_verb_has_a_kind_and_a_mark_of_tense(sentence, verb):
    assert verb in {(kind, one.mark) for one in verbs_of(sentence) for kind in one.kinds}


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("无锡市建成智算中心。", "place"),
        ("省数据局推进算力调度。", "authority"),
        ("该公司推出新模型。", "firm"),
        ("机器人完成巡检。", "thing"),
        ("推进算力调度。", "opens with verb"),
    ],
)
def test_a_verb_has_a_kind_of_subject(sentence, subject):
    assert f"first subject {subject}" in cue_flags(sentence, "media")


def test_words_tell_a_judgement_from_a_fact():
    judgement = word_flags(grams("算力是转型的关键引擎，前景广阔。"), "media")
    assert {"word metaphor", "word praise"} <= judgement
    assert "word count" in word_flags(grams("首批三个平台投用。"), "media")


def test_a_list_of_proposals_lasts_while_one_speaks():
    text = [
        ["全国人大代表晏明说，算力要共享。"],
        ["他提出三点建议：一是加强合作。", "二是弥合鸿沟。"],
        ["某大学教授逯远认为，模型会更便宜。"],
    ]
    news = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)
    found = lists_of_proposals(text, attribute_sentences(text, news))
    assert [[bool(one) for one in row] for row in found] == [[False], [True, True], [False]]

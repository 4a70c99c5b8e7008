"""What the clauses of a sentence do, and who does it."""

from __future__ import annotations

import pytest

from monitor.extraction.pattern_prefilter import grams, without_numbers
from monitor.extraction.press_cues import cue_flags, lists_of_proposals, verbs_of, word_flags
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
    found = verbs_of(sentence, grams(sentence))
    assert verb in {(kind, one.mark) for one in found for kind in one.kinds}


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
    flags = frozenset().union(*cue_flags(sentence, "media", grams(sentence)))
    assert f"first subject {subject}" in flags


def test_words_tell_a_judgement_from_a_fact():
    judgement = word_flags(grams("算力是转型的关键引擎，前景广阔。"), "media")
    assert {"word metaphor", "word praise"} <= frozenset().union(*judgement)
    assert "word count" in frozenset().union(*word_flags(grams("首批三个平台投用。"), "media"))


@pytest.mark.parametrize("speaker", ["media", "government"])
def test_no_two_parts_of_the_flags_share_one(speaker):
    sentence = "某市已建成智算中心，将建成模型平台，要打造一批关键引擎，平台已上线了。"
    parts = [
        *cue_flags(sentence, speaker, grams(sentence)),
        *word_flags(grams(sentence), speaker),
    ]
    assert len(frozenset().union(*parts)) == sum(map(len, parts))


def test_a_verb_with_a_number_is_found():
    sentence = "到2027年建成。"
    told = grams(without_numbers(sentence))
    assert [one.start for one in verbs_of(sentence, told)] == [0, 6]


def test_a_list_of_proposals_lasts_while_one_speaks():
    text = [
        ["全国人大代表晏明说，算力要共享。"],
        ["他提出三点建议：一是加强合作。", "二是弥合鸿沟。"],
        ["某大学教授逯远认为，模型会更便宜。"],
    ]
    news = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)
    found = lists_of_proposals(text, attribute_sentences(text, news))
    assert [[bool(one) for one in row] for row in found] == [[False], [True, True], [False]]

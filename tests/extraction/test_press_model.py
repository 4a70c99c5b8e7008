"""The learned model of the press: its arithmetic, its file, its reasons."""

from __future__ import annotations

import json
from datetime import date

import pytest

from monitor.extraction.extract import explain, extract
from monitor.extraction.pattern_prefilter import grams
from monitor.extraction.press_features import CONTEXT, CUES, FLAGS, GENRE, SentenceFeatures
from monitor.extraction.press_model import (
    CLASSES,
    LABELS,
    MAX_WEIGHT,
    SPEAKERS,
    Answer,
    ArticleScorer,
    PressModel,
    Zone,
    is_possible,
    model_of,
    pack_weights,
    press_model,
    unpack_weights,
)
from monitor.extraction.topics import load_topics
from monitor.extraction.vocabulary import DATA
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker

ARTICLE = """某市算力规划发布会召开
某市数据局局长周敏7月3日在发布会上介绍，全市已建成智算中心4座。
“下一步，我们将再建两座智算中心，2027年算力规模达到20EFLOPS。”周敏说。
某科技公司总经理高远表示，大模型的价值在于应用。
"""
NEWS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026, date(2026, 7, 3))


def row(**weights: int) -> list[int]:
    """The weights of a feature, by label or speaker."""
    return [weights.get(name.value, 0) for name in (*LABELS, *SPEAKERS)]


def tiny_model(commitment: float = 0.0) -> PressModel:
    rows = {
        "ahead": row(commitment=90, government=40),
        "done": row(achievement=80),
        "paper": row(media=70, government=-20),
    }
    zone = Zone(dict(zip(rows, unpack_weights(pack_weights(rows.values())), strict=True)), 0.01)
    return PressModel({FLAGS: zone}, (0.0,) * CLASSES, commitment, sure_commitment=0.0)


def test_lanes_do_not_borrow_from_each_other():
    rows = [row(commitment=-MAX_WEIGHT, media=MAX_WEIGHT), row(other=-3), row(commitment=5)]
    names = ("a", "b", "c")
    zone = Zone(dict(zip(names, unpack_weights(pack_weights(rows)), strict=True)), 1.0)
    assert zone.sums({"a", "b", "c", "unknown"}) == tuple(map(sum, zip(*rows, strict=True)))
    assert zone.sums(frozenset()) == (0,) * CLASSES


def test_the_least_weight_counts_in_a_model_of_one_class():
    zone = Zone({"a": unpack_weights(pack_weights([[-MAX_WEIGHT]]), 1)[0]}, 1.0, classes=1)
    assert zone.sums({"a"}) == (-MAX_WEIGHT,)


@pytest.mark.parametrize("weight", [-MAX_WEIGHT, MAX_WEIGHT])
def test_no_number_of_features_is_too_large_for_a_lane(weight):
    names = [f"feature {number}" for number in range(700)]
    weights = unpack_weights(pack_weights([[weight, 1]] * len(names)), 2)
    zone = Zone(dict(zip(names, weights, strict=True)), 1.0, classes=2)
    assert zone.sums(frozenset(names)) == (700 * weight, 700)


@pytest.mark.parametrize("speaker", [Speaker.MEDIA, Speaker.ENTERPRISE, Speaker.EXPERT])
def test_only_authorities_commit(speaker):
    assert not is_possible(Label.COMMITMENT, speaker)
    assert is_possible(Label.COMMITMENT, Speaker.GOVERNMENT)
    assert is_possible(Label.COMMITMENT, Speaker.MINISTRY)


def test_label_and_speaker_are_decided_together():
    model = tiny_model()
    assert model.best(model.scores({FLAGS: {"ahead"}}))[0] == (
        Label.COMMITMENT,
        Speaker.GOVERNMENT,
    )
    # The paper commits to nothing: one of the two readings gives way.
    best, second = model.best(model.scores({FLAGS: {"ahead", "paper", "done"}}))
    assert best == (Label.ACHIEVEMENT, Speaker.MEDIA)
    assert second == (Label.COMMITMENT, Speaker.GOVERNMENT)


def test_a_limit_asks_more_of_commitments():
    scores = tiny_model().scores({FLAGS: {"ahead", "done"}})
    assert tiny_model().best(scores)[0].label is Label.COMMITMENT
    assert tiny_model(commitment=0.2).best(scores)[0].label is Label.ACHIEVEMENT
    assert tiny_model(commitment=0.2).best(scores, sure=True)[0].label is Label.COMMITMENT


def test_reasons_are_the_features_that_made_the_difference():
    model = tiny_model()
    best = Answer(Label.COMMITMENT, Speaker.GOVERNMENT)
    second = Answer(Label.ACHIEVEMENT, Speaker.MEDIA)
    features = {FLAGS: {"ahead", "done", "paper"}}
    assert model.deciding_features(features, best, second) == ("ahead",)
    assert model.deciding_features(features, second, best) == ("paper", "done")


def test_scores_can_start_from_those_of_the_article():
    model = press_model()
    title, sentence = {"title": grams("方案发布")}, {"sentence": grams("将建设智算中心。")}
    together = model.scores({**title, **sentence})
    assert model.scores(sentence, model.scores(title)) == pytest.approx(together)


def test_the_file_is_small_and_tells_how_it_was_made():
    path = DATA / "press_model.json"
    assert path.stat().st_size < 1_000_000
    data = json.loads(path.read_text(encoding="utf-8"))
    assert {"trained", "by", "library", "data", "articles"} <= set(data["record"])
    assert model_of(data) == press_model()


def test_an_article_is_read_the_same_every_time():
    first = extract(ARTICLE, NEWS, load_topics())
    assert first == extract(ARTICLE, NEWS, load_topics())
    assert [(one.label, one.speaker) for one in first if one.targets] == [
        (Label.ACHIEVEMENT, Speaker.GOVERNMENT),
        (Label.COMMITMENT, Speaker.GOVERNMENT),
    ]


def test_the_reason_names_features_and_what_the_rules_said():
    found = {one.text: one.label_reason for one in explain(ARTICLE, NEWS, load_topics())}
    reason = next(reason for text, reason in found.items() if text.startswith("“下一步"))
    assert reason.startswith("model: commitment of government rather than ")
    assert ", by " in reason
    assert "; rules: commitment of government" in reason


def test_the_scores_of_an_article_are_those_of_each_zone():
    model = press_model()
    article = {"title": grams("方案发布"), "end": grams("（记者某某）")}
    one, other = grams("将建设智算中心。"), grams("已投用。")
    parts = {
        FLAGS: [frozenset({"first of paragraph"}), frozenset({"label other", "speaker media"})],
        CUES: [frozenset({"verb build", "verb build, ahead"})],
        GENRE: [frozenset({"headline plan", "unknown"})],
    }
    scorer = ArticleScorer(model, article)
    for characters in ({"sentence": one, "before": other}, {"sentence": other, "after": one}):
        features = SentenceFeatures(characters, parts)
        expected = model.scores(features.by_zone(), model.scores(article))
        assert scorer.scores(features) == pytest.approx(expected, abs=1e-10)
    assert model.scope is not None
    around = frozenset({"title 1"})
    weighed = {"title": article["title"], "sentence": one, CONTEXT: around}
    assert scorer.scope(one, around) == pytest.approx(model.scope.score(weighed))

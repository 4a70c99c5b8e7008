"""Which patterns of a table can match in a sentence, by its runs of characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from monitor.extraction.labels import label_words
from monitor.extraction.pattern_prefilter import (
    PatternPrefilter,
    grams,
    required_gram,
    without_numbers,
)
from monitor.extraction.press_cues import press_cues
from monitor.extraction.press_features import press_wording


def grams_of(text: str) -> frozenset[str]:
    return grams(without_numbers(text))


def test_grams_are_runs_of_one_to_three_characters():
    assert grams("算力网") == {"算", "力", "网", "算力", "力网", "算力网"}
    assert grams("") == frozenset()


def test_every_number_counts_as_0():
    assert without_numbers("2026年达到3.5万P") == "0年达到0万P"


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("计划(?:于|在)", {"计划于", "计划在"}),
        ("(?<!主)要(?!求)", {"要"}),
        ("^(?:同时，)?[他她]", {"他", "她"}),
        ("从[^，]{1,14}(?:缩短|压缩)至", {"缩短至", "压缩至"}),
        ("20[0-9]{2}年底前", {"年底前"}),
        ("[0-9]+日", {"日"}),
        ("构建(?:起了?)+", {"构建"}),
        ("(?P<who>局长)说", {"局长说"}),
        ("合同：", {"合同："}),
    ],
)
def test_what_every_match_contains_is_read_from_the_pattern(pattern, needed):
    assert PatternPrefilter.of([pattern]).grams == needed


@pytest.mark.parametrize(
    "pattern", ["[^，]+", "了?", "(?:建成)*", r"\w", "", "(?:了|.)", "了?|要?"]
)
def test_a_pattern_that_needs_nothing_is_always_searched(pattern):
    assert list(PatternPrefilter.of([pattern]).candidates(frozenset())) == [0]


@pytest.mark.parametrize("pattern", ["(?i)ai", "(?>ab)c", "a(?#note)", r"[\]]"])
def test_syntax_that_is_not_known_is_an_error(pattern):
    with pytest.raises(ValueError, match="syntax"):
        PatternPrefilter.of([pattern])


def test_a_plain_choice_matches_without_a_search():
    prefilter = PatternPrefilter.of(["已|建成|了(?!解)"])
    assert list(prefilter.matching("某市建成中心。", grams_of("某市建成中心。"))) == [0]
    assert list(prefilter.matching("了解。", grams_of("了解。"))) == []
    assert list(prefilter.matching("成了。", grams_of("成了。"))) == [0]


def test_a_word_is_told_by_a_gram_without_its_number():
    assert required_gram("到20") == "到"
    assert required_gram("投入使用") == "投入使"
    assert required_gram("31") == "0"


def tables() -> Iterator[list[str]]:
    words = label_words()
    cues = (*words.future, *words.past, *words.result, *words.state)
    yield [cue.pattern.replace("{verb}", words.verb) for cue in cues]
    yield list(press_wording().wording.values())
    yield list(press_cues().genres.values())
    yield [press_cues().asks_others, press_cues().other_states]


SENTENCES = (
    "“下一步，我们将再建两座智算中心，2027年算力规模达到20EFLOPS。”周敏说。",
    "某公司获悉，36氪提出3点建议：各国携手，愿与各方共建。",
    "正在筹建的平台年内投用，成本从3.5万元降至2万元，增长12.5%。",
    "并推进改造，计划于明年3月12日前建成5个项目；要加快布局，不少于30家。",
    "第一，围绕算力实施8项行动；取得了明显成效，居全国第3。",
    "过去五年已累计培育企业60余家，已成为新引擎，意味着机遇与挑战并存？",
    "某地今年新增算力1.2万P",
    "",
)


def test_the_tables_match_with_the_gate_as_without_it():
    for patterns in tables():
        prefilter = PatternPrefilter.of(patterns)
        for sentence in SENTENCES:
            for start in range(0, len(sentence) + 1, 3):
                text = sentence[start:]
                found = [n for n, one in enumerate(patterns) if re.search(one, text)]
                told = grams_of(text) & prefilter.grams
                assert list(prefilter.matching(text, told)) == found
                assert set(found) <= set(prefilter.candidates(told))


def test_the_tables_need_no_search_of_a_sentence_without_their_words():
    assert all(not PatternPrefilter.of(patterns).candidates(frozenset()) for patterns in tables())

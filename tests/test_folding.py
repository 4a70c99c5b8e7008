"""One form for both sides of every comparison of words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from monitor.folding import fold, fold_expression, simplification_table, simplify, spellings


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＩ＋，２０２６", "ai+,2026"),
        ("數據 中\n心\u3000", "数据中心"),
        ("算\u200b力\ufeff\u00ad", "算力"),
        ("“东数西算”「东数西算」", '"东数西算""东数西算"'),
        ("二○二六—二〇三〇", "二〇二六-二〇三〇"),
        ("〔2026〕５号。", "[2026]5号."),
        ("㎡½①é", "㎡½①é"),
        ("CO₂，算⼒", "co2,算力"),
    ],
)
def test_width_case_script_marks_and_what_is_not_seen_do_not_count(text, folded):
    assert fold(text) == folded


def test_the_table_of_simplified_characters_is_that_of_opencc():
    converter = OpenCC("t2s")
    unlike = [
        chr(code)
        for code in range(0x4E00, 0xA000)
        if len(simple := converter.convert(chr(code))) == 1
        and simple != simplification_table().get(code, chr(code))
    ]
    assert unlike == ["乾"]  # 干 is right only for "dry", and names (乾坤, 乾县) keep it


def test_every_traditional_character_is_folded_like_its_simplified_one():
    unlike = [one for one in simplification_table().items() if fold(chr(one[0])) != fold(one[1])]
    assert unlike == []


def test_names_keep_their_case_and_marks():
    assert simplify(" ＡＩ （數\u200b據） ") == "AI (数据)"


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("算力。", r"算力\."),
        ("（算力|智算）", r"\(算力|智算\)"),
        ("[，－。]", r"[,\-\.]"),
        ("[０-９][一-龥]", "[0-9][一-龥]"),
        (r"\S+\s*數\p{Han}\pN", r"\S+(?:)*数\p{Han}\pN"),
        (r"\Q。\E\，\.", r"\.\,\."),
        ("a b{2,3}", "a(?:)b{2,3}"),
        ("(?P<數>數)", "(?P<數>数)"),
    ],
)
def test_expressions_keep_their_syntax(written, folded):
    assert fold_expression(written) == folded


@given(st.text(st.characters(max_codepoint=0xFFFF), max_size=30))
def test_a_text_folds_once_and_is_found_by_its_own_expression(text):
    folded = fold(text)
    assert fold(folded) == folded
    assert re.fullmatch(fold_expression(re.escape(text)), folded, re.IGNORECASE)
    # A search that asks for a form of each character misses nothing.
    forms = spellings(text)
    kept = iter(text)
    assert all(any(one in form for one in kept) for form in forms)

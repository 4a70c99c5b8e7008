"""A suggestion is the word that was meant, or there is none."""

from __future__ import annotations

import pytest

from monitor.suggestion import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("chnages", ["channels", "changes"], "changes"),
        ("Change Log", ["change_log"], "change_log"),
        ("cena", ["henan", "cena-epaper"], "cena-epaper"),
        ("fulfilment", ["targets_current", "target_fulfilment"], "target_fulfilment"),
        ("computng", ["vouchers", "computing-jumps"], "computing-jumps"),
        ("lst", ["list", "check"], "list"),
        ("贵洲", ["贵阳", "贵州"], "贵州"),
        ("贵洲省", ["贵阳市", "贵州省"], "贵州省"),
        ("内蒙", ["内江", "内蒙古"], "内蒙古"),
        ("国家数居局", ["国家铁路局", "国家数据局"], "国家数据局"),
        # Far-fetched.
        ("exit", ["export", "extract"], None),
        ("version", ["verify"], None),
        ("nothing", ["vouchers", "notice"], None),
        ("cena", ["henan"], None),
        ("火星", ["新星", "火炬"], None),
        ("月亮", ["贵州"], None),
        ("a", ["b", "ab"], None),
        ("", ["a"], None),
    ],
)
def test_the_word_that_was_meant(word, known, meant):
    assert nearest(word, known) == meant
    assert did_you_mean(word, known) == (None if meant is None else f"did you mean {meant}?")
